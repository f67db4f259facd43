/**
 * Who may sign in. Passwords are checked here and nowhere else, under one throttle for SMTP, POP3 and web.
 * `check` costs the same for unknown and known names; it never says which of the two was wrong.
 * It does not know protocols: whether an account may use POP3, and what a verdict is called there, is theirs to say.
 */
import { createChallenge } from './auth/challenge.ts';
import { createCheck } from './auth/check.ts';
import { hashPassword } from './auth/local.ts';
import type { IsProvidersPassword } from './auth/provider.ts';
import { createSignup } from './auth/signup.ts';
import { createThrottle } from './auth/throttle.ts';
import type { Settings } from './config.ts';
import type { Log } from './log.ts';
import type { Account, Store } from './store.ts';

export { nameProblem, passwordProblem } from './auth/names.ts';
export { type AskProvider, createProviderCheck } from './auth/provider.ts';
export { hashPassword };

export type Protocol = 'smtp' | 'pop3' | 'web';

export type Verdict =
  | { kind: 'known'; account: Account }
  | { kind: 'refused' }
  /** Too many failures; `seconds` until another try is worth making. */
  | { kind: 'throttled'; seconds: number }
  /** The user store cannot answer now: a temporary answer, never a refusal. */
  | { kind: 'unavailable' };

export type SignupAnswer =
  | { ok: true; accountId: number; address: string }
  | { ok: false; field: 'name' | 'username' | 'password' | 'form' /** Key of views/words. */; reason: string };

export type Auth = {
  /**
   * `address` as typed; a name without a domain belongs to the vdomain of `local`, the address of ours that was
   * dialled, else to the first of host_domain.
   */
  check(
    address: string,
    password: string,
    from: { peer: string; protocol: Protocol; local?: string },
  ): Promise<Verdict>;
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
  /** Judges passwords where the mailboxes are a provider's (`webmail_for`); none: they are ours. */
  atProvider?: IsProvidersPassword;
};

export function createAuth(deps: AuthDeps): Auth {
  const throttle = createThrottle(deps.now);
  const { signup, available } = createSignup({ ...deps, throttle });
  return {
    check: createCheck(deps, throttle),
    challenge: createChallenge(deps, throttle),
    signup,
    available,
    setPassword: async (accountId, password) =>
      deps.store.accounts.setPassword(accountId, await hashPassword(password)),
    snapshot: throttle.snapshot,
    restore: throttle.restore,
  };
}
