import { createHash } from 'node:crypto';
import type { Seal } from '../wire/seal.ts';

/** Long enough to look for the phone. */
const lastsMs = 10 * 60_000;

/**
 * What a browser holds between the right password and the code: proof of the password, and no session. A new password
 * makes it worthless; a code is still asked for, so one that was seen opens nothing.
 */
export type Tickets = {
  /** `passwordHash` null: the account has no password here. */
  issue(accountId: number, passwordHash: string | null): string;
  /** The account it was issued for, and whether that has this password still; null: it is none, or too old. */
  open(ticket: string): { accountId: number; isFor(passwordHash: string | null): boolean } | null;
};

export function createTickets(seal: Seal, now: () => number): Tickets {
  const owner = 'half a sign-in';
  const mark = (hash: string | null) =>
    createHash('sha256')
      .update(hash ?? '')
      .digest('base64');
  return {
    issue: (accountId, hash) => seal.close(JSON.stringify([accountId, now() + lastsMs, mark(hash)]), owner),
    open(ticket) {
      const text = ticket.length > 1000 ? null : seal.open(ticket, owner);
      if (text === null) return null;
      const [accountId, until, of] = JSON.parse(text) as [number, number, string];
      return until < now() ? null : { accountId, isFor: hash => mark(hash) === of };
    },
  };
}
