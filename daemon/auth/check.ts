import { createHmac, randomBytes } from 'node:crypto';
import type { Auth, AuthDeps, Verdict } from '../auth.ts';
import { because, type Fields, type Log } from '../log.ts';
import type { Account, SignInResult } from '../store.ts';
import { networkOf } from '../wire/ip.ts';
import { createAppPasswordCheck } from './app-passwords.ts';
import { isPassword, nobodysHash } from './local.ts';
import { loginAddress } from './names.ts';
import type { NoteSignIn } from './notes.ts';
import { createRecall } from './recall.ts';
import type { Throttle } from './throttle.ts';
import type { Tickets } from './tickets.ts';

const minute = 60_000;
const goodFor = 5 * minute;
/** As long as the throttle's longest window: a mail program with an old password tries all day. */
const wrongFor = 24 * 60 * minute;
const mostRemembered = 20_000;
/** RFC 5321 §4.5.3.1 with room to spare: a longer name is nobody's. */
const longestLogin = 400;

type Attempt = {
  account: Account | null;
  address: string;
  password: string;
  /** That of nobody where there is no account, or what stands for it at a provider. */
  hash: string;
  secondFactor: boolean;
  /** Its network. */
  peer: string;
};

/** Is this the account's own password, whatever else it takes to sign in? Known: it is. */
export type CheckOwner = (
  accountId: number,
  password: string,
  peer: string,
) => Promise<Extract<Verdict, { kind: 'known' | 'refused' | 'throttled' | 'unavailable' }>>;
type Owned = Awaited<ReturnType<CheckOwner>>;

type Helpers = { throttle: Throttle; tickets: Tickets; note: NoteSignIn };

export function createCheck(deps: AuthDeps, helpers: Helpers): { check: Auth['check']; checkOwner: CheckOwner } {
  const { now, log, store } = deps;
  const { throttle, tickets, note } = helpers;
  const findAppPassword = createAppPasswordCheck(deps);
  const nobody = nobodysHash();
  const key = randomBytes(32);
  const good = createRecall(goodFor, mostRemembered);
  const wrong = createRecall(wrongFor, mostRemembered);
  const underWay = new Map<string, Promise<Owned>>();

  /** The stored hash is part of it, so that a new password forgets all that was known of the old one. */
  const fingerprint = (a: Attempt) =>
    createHmac('sha256', key)
      .update(JSON.stringify([a.address, a.password, a.hash]))
      .digest('base64');

  const { atProvider } = deps;
  const isRight = (a: Attempt) => (atProvider ? atProvider(a.address, a.password) : isPassword(a.password, a.hash));
  /** The first sign-in at a provider's makes the account. */
  const asItIs = async (a: Attempt): Promise<Attempt> =>
    a.account === null && atProvider ? { ...a, account: await deps.store.accounts.byAddress(a.address) } : a;

  const verify = async (a: Attempt, mark: string, mine: string): Promise<Owned> => {
    const entry = await throttle.enter(a.peer, a.address);
    if (entry.kind === 'busy') return { kind: 'unavailable' };
    if (entry.kind === 'throttled') return throttled(entry.ms);
    let failed = false;
    try {
      const right = await isRight(a);
      failed = right !== true;
      // Told as what it is, and counted: whoever waits for the provider to be away could guess for nothing else.
      if (right === 'unproven') return { kind: 'unavailable' };
      // A provider's may become right at any moment.
      if (failed && !atProvider) wrong.remember(mine, now());
      // What nothing is kept of yet, nothing could make forgotten.
      if (!failed && a.hash !== nobody) good.remember(mark, now());
      return failed ? { kind: 'refused' } : admitted(await asItIs(a));
    } finally {
      entry.done(failed);
    }
  };
  const judged = async (a: Attempt): Promise<Owned> => {
    const mark = fingerprint(a);
    const mine = `${a.peer} ${mark}`;
    const wait = throttle.wait(a.peer, a.address);
    if (wait > 0) return throttled(wait);
    // The same wrong password again is a mail program nobody told, not a guess: it costs no budget and no hash.
    if (wrong.has(mine, now())) return { kind: 'refused' };
    if (good.has(mark, now())) return admitted(a);
    // A program that opens five connections at once is hashed for once.
    const running = underWay.get(mine) ?? verify(a, mark, mine).finally(() => underWay.delete(mine));
    underWay.set(mine, running);
    return running;
  };
  /** Before the password, which costs a hash: nothing of what a guess costs tells whether there are any. */
  const byAppPassword = async (a: Attempt, from: From): Promise<Verdict | null> => {
    if (from.protocol === 'web' || atProvider || throttle.wait(a.peer, a.address) > 0) return null;
    const isIts = await findAppPassword(a.account?.id ?? 0, a.password, { way: from.protocol, peer: from.peer });
    return isIts && a.account && !a.account.disabled ? { kind: 'known', account: a.account } : null;
  };
  /** What is asked for behind a right password. */
  const behind = async (a: Attempt, from: From, verdict: Owned): Promise<Verdict> => {
    if (verdict.kind !== 'known' || !a.secondFactor) return verdict;
    if (from.protocol !== 'web') return { kind: atProvider ? 'site-only' : 'app-password' };
    const { id } = verdict.account;
    const trusted = from.trusted?.length ? await store.trustedBrowsers.find(id, from.trusted, now()) : null;
    return trusted === null ? { kind: 'code', ticket: tickets.issue(id, atProvider ? null : a.hash) } : verdict;
  };
  const check: Auth['check'] = async (typed, password, from) => {
    const { peer, protocol, local = '' } = from;
    try {
      const attempt = await lookUp(deps, nobody, { typed, local }, password, peer);
      const verdict = (await byAppPassword(attempt, from)) ?? (await behind(attempt, from, await judged(attempt)));
      const account = verdict.kind === 'known' ? verdict.account : attempt.account;
      const result = results[verdict.kind];
      if (account && result) note(account.id, { peer, protocol }, result);
      // On the site where a code is asked for, it was a browser that had given one.
      const by = attempt.secondFactor && protocol === 'web' ? 'code' : 'password';
      if (verdict.kind === 'known') throttle.welcome(peer, attempt.address, by);
      else report(log, verdict.kind, { name: attempt.address, peer, protocol });
      return verdict;
    } catch (error) {
      log.error('sign-in unavailable', { peer, protocol, ...because(error) });
      return { kind: 'unavailable' };
    }
  };
  const checkOwner: CheckOwner = async (accountId, password, peer) => {
    try {
      const account = await store.accounts.byId(accountId);
      if (!account) return { kind: 'refused' };
      return await judged(await attemptAt(deps, nobody, account, { address: account.address, password, peer }));
    } catch (error) {
      log.error('password cannot be checked', { peer, ...because(error) });
      return { kind: 'unavailable' };
    }
  };
  return { check, checkOwner };
}

type From = Parameters<Auth['check']>[2];

/** As its owner is told of it; what was not looked at is not. */
const results: Partial<Record<Verdict['kind'], SignInResult>> = {
  known: 'in',
  refused: 'wrong',
  code: 'half',
  'app-password': 'half',
  'site-only': 'half',
};

const throttled = (ms: number): Owned => ({ kind: 'throttled', seconds: Math.ceil(ms / 1000) });

const admitted = ({ account }: Attempt): Owned =>
  account === null || account.disabled ? { kind: 'refused' } : { kind: 'known', account };

async function lookUp(
  deps: AuthDeps,
  nobody: string,
  { typed, local }: { typed: string; local: string },
  password: string,
  peer: string,
): Promise<Attempt> {
  const address = loginAddress(typed.slice(0, longestLogin), deps.settings, local);
  const account = await deps.store.accounts.byAddress(address);
  return attemptAt(deps, nobody, account, { address, password, peer });
}

async function attemptAt(
  { store, atProvider }: AuthDeps,
  nobody: string,
  account: Account | null,
  { address, password, peer }: { address: string; password: string; peer: string },
): Promise<Attempt> {
  const known = account && (await store.accounts.credentials(account.id));
  // Of a provider's what was right last: gone when it is refused there, so that nothing is remembered of it.
  const kept = account && atProvider ? (await store.providerLogins.of(account.id))?.sealed : known?.passwordHash;
  return {
    ...{ account, address, password, peer: networkOf(peer) },
    hash: kept ?? nobody,
    secondFactor: known?.secondFactor ?? false,
  };
}

/** Operators search for the word Rejected. What the throttle stops is no news: a flood must not fill the log. */
function report(log: Log, kind: Exclude<Verdict['kind'], 'known'>, fields: Fields): void {
  if (kind === 'code') return;
  if (kind === 'refused') log.info('Rejected: wrong name or password', fields);
  else if (kind === 'app-password' || kind === 'site-only') log.info('Rejected: a second factor is asked for', fields);
  else if (kind === 'throttled') log.debug('Rejected: too many failed sign-ins', fields);
  else log.warn('sign-in unavailable', fields);
}
