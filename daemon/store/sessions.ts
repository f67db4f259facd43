import type { Session } from './shapes.ts';

export type Sessions = {
  /** `secret` is the random value of the cookie; only its SHA-256 is kept. */
  create(
    secret: string,
    s: { accountId: number; at: number; expiresAt: number; address: string; agent: string },
  ): Promise<void>;
  /** Null: unknown, expired at `now`, or its account is disabled or gone. */
  find(secret: string, now: number): Promise<Session | null>;
  /** Moves the expiry of a session in use. */
  touch(id: number, at: number, expiresAt: number): Promise<void>;
  remove(secret: string): Promise<void>;
  removeAll(accountId: number): Promise<void>;
};
