/**
 * One visit to one upstream account: what is new there goes through our own door, what may go there is deleted.
 *
 * It promises this order for each message: our door's 250, then the ledger, then DELE; and for the deletions QUIT,
 * its +OK, then the ledger. So a crash at any point loses nothing and, with the key at the door, doubles nothing.
 * One message that cannot be had never keeps the others from coming. It decides nothing about when.
 */
import type { FetchAccount } from '../daemon/config.ts';
import type { Log } from '../daemon/log.ts';
import type { Store } from '../daemon/store.ts';
import type { Feed } from './feed.ts';
import { type Pop3Client, Pop3Failure, type Pop3FailureKind } from './pop3-client.ts';
import { runSession } from './popfetch/session.ts';

export type FetchResult = {
  /** Messages our door took over, and their octets. */
  fetched: number;
  bytes: number;
  /** Messages the upstream has deleted for good. */
  deleted: number;
  /** Messages that stay upstream: kept there, or not had yet. */
  left: number;
  /** Of these, larger than max_message_size. */
  skipped: number;
  /** Of these, refused by our own door for good, now or earlier. */
  refused: number;
  /** What went wrong, for a person; null: nothing. */
  error: string | null;
  /** `door`: our own daemon did not take it. */
  failure: Pop3FailureKind | 'door' | 'broken' | null;
};

/** An account whose mail lies in a mailbox until we fetch it. */
export type MailboxAccount = FetchAccount & { to: Exclude<FetchAccount['to'], { kind: 'odmr' }> };

export type FetchDeps = {
  account: MailboxAccount;
  /** Opens a session, signed in. */
  connect: () => Promise<Pop3Client>;
  fetched: Store['fetched'];
  feed: Feed;
  /** Octets of the largest message we take. */
  maxSize: number;
  now: () => number;
  log: Log;
  /** Aborted: finish the message under way, QUIT, and come home. */
  signal?: AbortSignal | undefined;
  /** Messages taken in one session, where they are deleted behind it: what a dropped line undoes. */
  batch?: number;
};

/** What the sessions of one visit share. */
export type Visit = FetchResult & {
  /** Messages whose transfer broke a session of this visit; they wait for the next. */
  avoided: Set<string>;
  /** How many messages the last whole session found; an upstream where they never get fewer is not asked again. */
  listed: number;
};

/** Sessions that one bad message each may cost a visit. */
const mostBroken = 3;

export async function fetchAccount(deps: FetchDeps): Promise<FetchResult> {
  const visit: Visit = { ...nothing(), avoided: new Set(), listed: Infinity };
  let more = true;
  while (more && !deps.signal?.aborted) {
    const avoided = visit.avoided.size;
    try {
      more = await runSession(visit, deps);
    } catch (error) {
      blame(visit, error, deps.log);
      more = visit.avoided.size > avoided && visit.avoided.size < mostBroken;
    }
  }
  const { avoided: _, listed: __, ...result } = visit;
  return result;
}

export const nothing = (): FetchResult => ({
  fetched: 0,
  bytes: 0,
  deleted: 0,
  left: 0,
  skipped: 0,
  refused: 0,
  error: null,
  failure: null,
});

function blame(visit: Visit, error: unknown, log: Log): void {
  const { kind, message } = error instanceof Pop3Failure ? error : { kind: 'broken' as const, message: String(error) };
  if (kind === 'broken') log.error('fetch broke', { error: error instanceof Error ? error.stack : message });
  visit.error = message;
  visit.failure = kind;
}
