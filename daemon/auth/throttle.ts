import { networkOf } from '../wire/ip.ts';
import { type Budget, createBudget } from './budget.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Failed sign-ins from one peer (IPv6: one /64), whatever the protocol and the names. */
const byPeer = [
  { count: 10, ms: minute },
  { count: 50, ms: day },
];
/** Failed sign-ins to one account, from wherever; a peer that has signed in to it before is not held up by them. */
const byAccount = [{ count: 20, ms: minute }];
/**
 * Wrong codes behind a right password to one account: of a million codes three are right at a time. To have been let in
 * by the password alone frees no peer from it: who has the password may have been everywhere before there was a code.
 */
const byCode = [
  { count: 10, ms: hour },
  { count: 30, ms: day },
];
/** Accounts made from one peer. */
const bySignup = [{ count: 10, ms: hour }];

const mostKeys = 20_000;
const knownFor = 30 * day;
/** Sign-ins that wait for others of their peer to end. More is an attack, and is told to come back. */
const mostWaiting = 500;

/** `done` says how it ended; it must be called. */
export type Entry =
  | { kind: 'entered'; done(failed: boolean): void }
  | { kind: 'throttled'; ms: number }
  | { kind: 'busy' };

export type Throttle = {
  /** Milliseconds until this peer may try this account again; 0: now. */
  wait(peer: string, account: string): number;
  /** Waits while what is already under way could use the budget up, so that no parallel guess gets past it. */
  enter(peer: string, account: string): Promise<Entry>;
  /** The same for a code behind the password, which has a budget of its own. */
  enterCode(peer: string, account: string): Promise<Entry>;
  /** False: this peer has made enough accounts for now. */
  enterSignup(peer: string): { done(failed: boolean): void } | null;
  /** The account's owner has been seen there, by all that is asked for or by the password alone. */
  welcome(peer: string, account: string, by: 'code' | 'password'): void;
  /** The state that outlives a restart, as text; `restore` passes over what it cannot read. */
  snapshot(): string;
  restore(saved: string): void;
};

/** One budget for all protocols. Success spends nothing, and gives nothing back of what others' failures spent. */
export function createThrottle(now: () => number): Throttle {
  const peers = createBudget(byPeer, mostKeys);
  const accounts = createBudget(byAccount, mostKeys);
  const codes = createBudget(byCode, mostKeys);
  const signups = createBudget(bySignup, mostKeys);
  const welcomed = createBudget([{ count: 1, ms: knownFor }], mostKeys);
  const pending = createPending();
  const known = (net: string, account: string, by: 'code' | 'password') =>
    by === 'code' ? `${net} ${account} code` : `${net} ${account}`;
  const isWelcome = (net: string, account: string, guessed: Budget) =>
    welcomed.wait(known(net, account, guessed === codes ? 'code' : 'password'), now()) > 0;

  const waitOf = (net: string, account: string, underWay: boolean, guessed: Budget = accounts) => {
    const extra = (key: string) => (underWay ? pending.of(key) : 0);
    const peer = peers.wait(net, now(), extra(`peer ${net}`));
    if (isWelcome(net, account, guessed)) return peer;
    return Math.max(peer, guessed.wait(account, now(), extra(`account ${account}`)));
  };
  const entered = (net: string, account: string, guessed: Budget): Entry => {
    const leave = pending.enter([`peer ${net}`, `account ${account}`]);
    return {
      kind: 'entered',
      done(failed) {
        if (failed) {
          peers.count(net, now());
          guessed.count(account, now());
        }
        leave();
      },
    };
  };
  const enter = async (net: string, account: string, guessed: Budget): Promise<Entry> => {
    while (waitOf(net, account, true, guessed) > 0) {
      const ms = waitOf(net, account, false, guessed);
      if (ms > 0) return { kind: 'throttled', ms };
      if (pending.waiting() >= mostWaiting) return { kind: 'busy' };
      await pending.change();
    }
    return entered(net, account, guessed);
  };
  return {
    wait: (peer, account) => waitOf(networkOf(peer), account, false),
    enter: (peer, account) => enter(networkOf(peer), account, accounts),
    enterCode: (peer, account) => enter(networkOf(peer), account, codes),
    enterSignup(peer) {
      const net = networkOf(peer);
      if (signups.wait(net, now(), pending.of(`signup ${net}`)) > 0) return null;
      const leave = pending.enter([`signup ${net}`]);
      return {
        done(failed) {
          if (!failed) signups.count(net, now());
          leave();
        },
      };
    },
    welcome(peer, account, by) {
      const net = networkOf(peer);
      welcomed.count(known(net, account, 'password'), now());
      if (by === 'code') welcomed.count(known(net, account, 'code'), now());
    },
    snapshot: () =>
      JSON.stringify({
        peers: peers.save(now()),
        accounts: accounts.save(now()),
        codes: codes.save(now()),
        signups: signups.save(now()),
        welcomed: welcomed.save(now()),
      }),
    restore(saved) {
      const state = readSnapshot(saved);
      peers.load(state.peers);
      accounts.load(state.accounts);
      codes.load(state.codes);
      signups.load(state.signups);
      welcomed.load(state.welcomed);
    },
  };
}

/** How many are under way by key, and who waits for one of them to end. */
function createPending() {
  const counts = new Map<string, number>();
  let waiters: (() => void)[] = [];
  const add = (key: string, n: number) => {
    const count = (counts.get(key) ?? 0) + n;
    if (count > 0) counts.set(key, count);
    else counts.delete(key);
  };
  return {
    of: (key: string) => counts.get(key) ?? 0,
    waiting: () => waiters.length,
    change: () => new Promise<void>(resolve => waiters.push(resolve)),
    enter(keys: string[]): () => void {
      for (const key of keys) add(key, 1);
      return () => {
        for (const key of keys) add(key, -1);
        const woken = waiters;
        waiters = [];
        for (const wake of woken) wake();
      };
    },
  };
}

type Saved = [string, number[]][];

function readSnapshot(text: string): Record<'peers' | 'accounts' | 'codes' | 'signups' | 'welcomed', Saved> {
  let value: Record<string, unknown> = {};
  try {
    value = Object(JSON.parse(text));
  } catch {
    // A snapshot that cannot be read is worth no more than none: the budgets begin anew.
  }
  const part = (name: string): Saved => {
    const list = value[name];
    return Array.isArray(list) ? list.filter(isSaved) : [];
  };
  return {
    ...{ peers: part('peers'), accounts: part('accounts'), codes: part('codes') },
    ...{ signups: part('signups'), welcomed: part('welcomed') },
  };
}

function isSaved(entry: unknown): entry is [string, number[]] {
  return (
    Array.isArray(entry) &&
    typeof entry[0] === 'string' &&
    Array.isArray(entry[1]) &&
    entry[1].every(t => typeof t === 'number')
  );
}
