/**
 * Who may sign in. Passwords are checked here and nowhere else, under one throttle for SMTP, POP3 and web.
 * `check` costs the same for unknown and known names; it never says which of the two was wrong.
 * Where a second factor is on, the password is half of a sign-in on the site, and opens no mail program.
 * It does not know protocols: whether an account may use POP3, and what a verdict is called there, is theirs to say.
 */
import { createAppPasswordMaker } from './auth/app-passwords.ts';
import { createChallenge } from './auth/challenge.ts';
import { type CheckOwner, createCheck } from './auth/check.ts';
import { createCodeCheck } from './auth/code-check.ts';
import { createFactor } from './auth/factor.ts';
import { createFinish } from './auth/finish.ts';
import { hashPassword } from './auth/local.ts';
import { createNotes } from './auth/notes.ts';
import type { IsProvidersPassword } from './auth/provider.ts';
import { createSignup } from './auth/signup.ts';
import { createStanding } from './auth/standing.ts';
import { createThrottle } from './auth/throttle.ts';
import { createTickets } from './auth/tickets.ts';
import type { Settings } from './config.ts';
import { because, type Log } from './log.ts';
import type { Account, Store } from './store.ts';
import type { Asked, Changed, CodeVerdict, Offer } from './tell.ts';
import type { Seal } from './wire/seal.ts';

export { nameProblem, passwordProblem } from './auth/names.ts';
export { type AskProvider, createProviderCheck } from './auth/provider.ts';
export type { Asked, Changed, CodeVerdict, Offer };
export { hashPassword };

export type Protocol = 'smtp' | 'pop3' | 'web';

export type Verdict =
  | { kind: 'known'; account: Account }
  | { kind: 'refused' }
  /** On the site: the password is right, and a code is asked for; `ticket` is what `finish` wants besides it. */
  | { kind: 'code'; ticket: string }
  /** Of a mail program: the password is right, and it is the account's own, which is no longer enough. */
  | { kind: 'app-password' }
  /** The same where the mailboxes are a provider's: a mail program is to sign in there. */
  | { kind: 'site-only' }
  /** Too many failures; `seconds` until another try is worth making. */
  | { kind: 'throttled'; seconds: number }
  /** The user store cannot answer now: a temporary answer, never a refusal. */
  | { kind: 'unavailable' };

export type FactorChanges = {
  offer(asked: Asked): Promise<Changed<{ offer: Offer }>>;
  /** A wrong code gives the offer back, to try again. */
  switchOn(confirmed: {
    accountId: number;
    token: string;
    code: string;
  }): Promise<Changed<{ recovery: string[] }> & { offer?: Offer }>;
  /** `code`: of the clock, or for recovery. */
  switchOff(asked: Asked, code: string): Promise<Changed<unknown>>;
  renewRecovery(asked: Asked, code: string): Promise<Changed<{ recovery: string[] }>>;
};

export type SignupAnswer =
  | { ok: true; accountId: number; address: string }
  | { ok: false; field: 'name' | 'username' | 'password' | 'form' /** Key of views/words. */; reason: string };

/** What opens an account to mail programs at a time: its own password and factor, as a mark, and app passwords by id. */
export type Standing = { accountId: number; own: string; apps: number[] };

export type Auth = {
  /**
   * `address` as typed; a name without a domain belongs to the vdomain of `local`, the address of ours that was
   * dialled, else to the first of host_domain.
   */
  check(
    address: string,
    password: string,
    from: {
      peer: string;
      protocol: Protocol;
      local?: string;
      /** What the browser holds to not be asked for a code. */
      trusted?: string[];
    },
  ): Promise<Verdict>;
  standing(accountId: number): Promise<Standing>;
  /** Does all of it hold? Then whoever was let in by some of it is still. */
  stands(before: Standing): Promise<boolean>;
  /** The code behind the password. */
  finish(ticket: string, code: string, peer: string): Promise<CodeVerdict>;
  /** Is it the account's own password? For changes that ask for it again; nobody is signed in by it. */
  checkOwner: CheckOwner;
  factor: FactorChanges;
  /** A password for one mail program, told this once. `key`: of the form it is asked for by. */
  makeAppPassword(form: Asked & { name: string; key: string }): Promise<Changed<{ secret: string }>>;
  /** An answer to a challenge; `isRight` judges it for the full address, once, when the throttle lets it. */
  challenge(
    address: string,
    isRight: (address: string) => boolean,
    from: { peer: string; local?: string },
  ): Promise<Verdict>;
  signup(
    form: { username: string; domain: string; name: string; password: string },
    peer: string,
  ): Promise<SignupAnswer>;
  /** Why this name cannot be had, as a key of views/words; null: it is free. */
  available(username: string, domain: string): Promise<string | null>;
  setPassword(accountId: number, password: string): Promise<void>;
  /** The throttle's state as text, to be kept over a restart; `restore` passes over what it cannot read. */
  snapshot(): string;
  restore(saved: string): void;
};

export type AuthDeps = {
  store: Store;
  settings: Settings;
  now: () => number;
  log: Log;
  /** Of the keys of second factors. */
  seal: Seal;
  /** Judges passwords where the mailboxes are a provider's (`webmail_for`); none: they are ours. */
  atProvider?: IsProvidersPassword;
};

export function createAuth(deps: AuthDeps): Auth {
  const throttle = createThrottle(deps.now);
  const failed = (error: unknown) => deps.log.warn('sign-in not noted', because(error));
  const note = createNotes({ signIns: deps.store.signIns, now: deps.now, failed });
  const tickets = createTickets(deps.seal, deps.now);
  const { check, checkOwner } = createCheck(deps, { throttle, tickets, note });
  const takeCode = createCodeCheck(deps, throttle);
  const { signup, available } = createSignup({ ...deps, throttle });
  return {
    check,
    checkOwner,
    ...createStanding(deps),
    finish: createFinish(deps, { throttle, tickets, note, takeCode }),
    factor: createFactor(deps, checkOwner, takeCode),
    makeAppPassword: createAppPasswordMaker(deps, checkOwner),
    challenge: createChallenge(deps, throttle),
    signup,
    available,
    setPassword: async (accountId, password) =>
      deps.store.accounts.setPassword(accountId, await hashPassword(password)),
    snapshot: throttle.snapshot,
    restore: throttle.restore,
  };
}
