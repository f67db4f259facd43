/**
 * Who may sign in. Passwords are checked here and nowhere else, under one throttle for SMTP, POP3 and web.
 * `check` costs the same for unknown and known names; it never says which of the two was wrong.
 */
import type { Account } from './store.ts';

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
  /** `address` as typed; a name without a domain belongs to the first of host_domain. */
  check(address: string, password: string, from: { peer: string; protocol: Protocol }): Promise<Verdict>;
  signup(
    form: { username: string; domain: string; name: string; password: string },
    peer: string,
  ): Promise<SignupAnswer>;
  /** Why this name cannot be had, as a key of views/words; null: it is free. */
  available(username: string, domain: string): Promise<string | null>;
  setPassword(accountId: number, password: string): Promise<void>;
};
