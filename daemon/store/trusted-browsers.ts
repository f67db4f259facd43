import { createHash } from 'node:crypto';
import { list, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** A browser that is not asked for the second factor for a while. */
export type TrustedBrowser = {
  id: number;
  at: number;
  expiresAt: number;
  /** IP address it was trusted from. */
  address: string;
  /** Its User-Agent header. */
  agent: string;
};

export type NewTrust = {
  accountId: number;
  /** The session it is signed in by; when that is ended from elsewhere, the trust ends too. */
  sessionId: number;
  at: number;
  expiresAt: number;
  address: string;
  agent: string;
};

export type TrustedBrowsers = {
  /** `secret` is the random value of the cookie; only its SHA-256 is kept. */
  trust(secret: string, trust: NewTrust): Promise<void>;
  /** Is one of these trusted with this account? Its id; null: none is. */
  find(accountId: number, secrets: string[], now: number): Promise<number | null>;
  /** It is signed in by another session now. */
  signedIn(accountId: number, secrets: string[], sessionId: number): Promise<void>;
  /** The newest first. */
  list(accountId: number, now: number): Promise<TrustedBrowser[]>;
  forgetAll(accountId: number): Promise<void>;
};

export const trustedBrowserVerbs = {
  *trustBrowser({ hash, trust: t }: { hash: string; trust: NewTrust }): Work<void> {
    yield* run('delete from trusted_browser where expires_at < ?', t.at);
    yield* run(
      `insert into trusted_browser (hash, account_id, session_id, at, expires_at, address, agent)
        values (?,?,?,?,?,?,?)`,
      ...[hash, t.accountId, t.sessionId, t.at, t.expiresAt, t.address, t.agent],
    );
  },
  *moveTrust({ accountId, hashes, sessionId }: { accountId: number; hashes: string[]; sessionId: number }): Work<void> {
    yield* run(
      `update trusted_browser set session_id = ? where account_id = ? and hash in ${list(hashes)}`,
      ...[sessionId, accountId, ...hashes],
    );
  },
  *forgetTrust({ accountId }: { accountId: number }): Work<void> {
    yield* run('delete from trusted_browser where account_id = ?', accountId);
  },
};

const hashed = (secret: string): string => createHash('sha256').update(secret).digest('hex');

export function createTrustedBrowsers(read: Read, write: Write): TrustedBrowsers {
  return {
    trust: (secret, trust) => write('trustBrowser', { hash: hashed(secret), trust }),
    async find(accountId, secrets, now) {
      const found = await read(
        row<{ id: number }>(
          `select id from trusted_browser where account_id = ? and expires_at > ? and hash in ${list(secrets)}`,
          ...[accountId, now, ...secrets.map(hashed)],
        ),
      );
      return found?.id ?? null;
    },
    signedIn: (accountId, secrets, sessionId) =>
      write('moveTrust', { accountId, hashes: secrets.map(hashed), sessionId }),
    list: (accountId, now) =>
      read(
        rows<TrustedBrowser>(
          `select id, at, expires_at as "expiresAt", address, agent from trusted_browser
            where account_id = ? and expires_at > ? order by at desc, id desc`,
          ...[accountId, now],
        ),
      ),
    forgetAll: accountId => write('forgetTrust', { accountId }),
  };
}
