import { createHmac, randomBytes } from 'node:crypto';
import type { Auth, AuthDeps, Verdict } from '../auth.ts';
import { because, type Fields, type Log } from '../log.ts';
import type { Account } from '../store.ts';
import { networkOf } from '../wire/ip.ts';
import { isPassword, nobodysHash } from './local.ts';
import { loginAddress } from './names.ts';
import { createNotes } from './notes.ts';
import { createRecall } from './recall.ts';
import type { Throttle } from './throttle.ts';

const minute = 60_000;
const goodFor = 5 * minute;
/** As long as the throttle's longest window: a mail program with an old password tries all day. */
const wrongFor = 24 * 60 * minute;
const mostRemembered = 20_000;
/** RFC 5321 §4.5.3.1 with room to spare: a longer name is nobody's. */
const longestLogin = 400;

/** `hash`: that of nobody where there is no account, or what stands for it at a provider; `peer`: its network. */
type Attempt = { account: Account | null; address: string; password: string; hash: string; peer: string };

export function createCheck(deps: AuthDeps, throttle: Throttle): Auth['check'] {
  const { now, log } = deps;
  const failed = (error: unknown) => log.warn('sign-in not noted', because(error));
  const note = createNotes({ signIns: deps.store.signIns, now, failed });
  const nobody = nobodysHash();
  const key = randomBytes(32);
  const good = createRecall(goodFor, mostRemembered);
  const wrong = createRecall(wrongFor, mostRemembered);
  const underWay = new Map<string, Promise<Verdict>>();

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

  const verify = async (a: Attempt, mark: string, mine: string): Promise<Verdict> => {
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
  const judged = async (a: Attempt): Promise<Verdict> => {
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
  return async (typed, password, { peer, protocol, local = '' }) => {
    try {
      const attempt = await lookUp(deps, nobody, { typed, local }, password, peer);
      const verdict = await judged(attempt);
      const account = verdict.kind === 'known' ? verdict.account : attempt.account;
      const isClear = verdict.kind === 'known' || verdict.kind === 'refused';
      if (account && isClear) note(account.id, { peer, protocol }, verdict.kind === 'known');
      if (verdict.kind === 'known') throttle.welcome(peer, attempt.address);
      else report(log, verdict.kind, { name: attempt.address, peer, protocol });
      return verdict;
    } catch (error) {
      log.error('sign-in unavailable', { peer, protocol, ...because(error) });
      return { kind: 'unavailable' };
    }
  };
}

const throttled = (ms: number): Verdict => ({ kind: 'throttled', seconds: Math.ceil(ms / 1000) });

const admitted = ({ account }: Attempt): Verdict =>
  account === null || account.disabled ? { kind: 'refused' } : { kind: 'known', account };

async function lookUp(
  { store, settings, atProvider }: AuthDeps,
  nobody: string,
  { typed, local }: { typed: string; local: string },
  password: string,
  peer: string,
): Promise<Attempt> {
  /** Of a provider's what was right last: gone when it is refused there, so that nothing is remembered of it. */
  const secretOf = async ({ id }: Account) =>
    atProvider ? (await store.providerLogins.of(id))?.sealed : await store.accounts.passwordHash(id);
  const address = loginAddress(typed.slice(0, longestLogin), settings, local);
  const account = await store.accounts.byAddress(address);
  const hash = account && (await secretOf(account));
  return { account, address, password, hash: hash ?? nobody, peer: networkOf(peer) };
}

/** Operators search for the word Rejected. What the throttle stops is no news: a flood must not fill the log. */
function report(log: Log, kind: Exclude<Verdict['kind'], 'known'>, fields: Fields): void {
  if (kind === 'refused') log.info('Rejected: wrong name or password', fields);
  else if (kind === 'throttled') log.debug('Rejected: too many failed sign-ins', fields);
  else log.warn('sign-in unavailable', fields);
}
