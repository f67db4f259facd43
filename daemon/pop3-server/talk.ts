import type { SecureContext } from 'node:tls';
import type { Auth, Standing } from '../auth.ts';
import type { Log } from '../log.ts';
import type { Account, Change, Store } from '../store.ts';
import type { Maildrop } from './maildrop.ts';
import type { MessageReader } from './read.ts';

/** What a session has to do with, besides its socket. */
export type House = {
  store: Store;
  auth: Auth;
  log: Log;
  now(): number;
  /** Takes the maildrop of an account for one session; null: another has it. */
  lock(accountId: number): (() => void) | null;
  context(): SecureContext;
  changed(changes: Change[]): void;
};

/**
 * Where a session stands (RFC 1939 §3). authorization: `user` is the name USER gave, null before it;
 * challenge: AUTH PLAIN waits for its response; UPDATE is no state one can be in: QUIT passes through it.
 */
export type Phase = { kind: 'authorization'; user: string | null } | { kind: 'challenge' } | Transaction;

export type Transaction = {
  kind: 'transaction';
  account: Account;
  drop: Maildrop;
  reader: MessageReader;
  /** What opened the account then, and when it was last seen to open it still. */
  standing: Standing;
  seenAt: number;
  unlock(): void;
};

/** One session as its verbs see it. */
export type Talk = {
  readonly house: House;
  readonly peer: string;
  /** The address of ours that was dialled. */
  readonly local: string;
  readonly log: Log;
  readonly startedAt: number;
  phase: Phase;
  /** TLS is in use. */
  secure: boolean;
  /** Lines that are no command, until we hang up. */
  patience: number;
  failedLogins: number;
  /** For the log line at the end. */
  retrieved: number;
  deleted: number;
};

export const newTalk = (house: House, peer: string, local: string, patience: number): Talk => ({
  house,
  peer,
  local,
  log: house.log.child({ peer }),
  startedAt: house.now(),
  phase: { kind: 'authorization', user: null },
  secure: false,
  patience,
  failedLogins: 0,
  retrieved: 0,
  deleted: 0,
});

/** The maildrop is free again, and what was marked is not removed. */
export function leave(talk: Talk): void {
  if (talk.phase.kind === 'transaction') talk.phase.unlock();
  talk.phase = { kind: 'authorization', user: null };
}
