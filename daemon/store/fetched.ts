import type { Fetched } from './shapes.ts';

export type FetchedLedger = {
  /** What is known of an upstream account (its name is stable: user@host:port). */
  known(upstream: string): Promise<Fetched[]>;
  /** The message was taken over by our own door. */
  remember(upstream: string, uidl: string, at: number): Promise<void>;
  /** The upstream said yes to its deletion (after QUIT). */
  deleted(upstream: string, uidls: string[], at: number): Promise<void>;
  /** Drops what is no longer upstream and was last needed before `before`. */
  forget(upstream: string, uidls: string[]): Promise<void>;
};
