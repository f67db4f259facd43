import { createHash } from 'node:crypto';
import { list, mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

export type Session = {
  id: number;
  accountId: number;
  createdAt: number;
  seenAt: number;
  address: string;
  agent: string;
};

export type NewSession = { accountId: number; at: number; expiresAt: number; address: string; agent: string };

export type Sessions = {
  /** `secret` is the random value of the cookie; only its SHA-256 is kept. Answers the id. */
  create(secret: string, session: NewSession): Promise<number>;
  /**
   * By the password alone, or in a browser that holds a secret of trust. Null: a second factor is asked for by now,
   * which may have been switched on since the password was looked at.
   */
  createByPassword(secret: string, session: NewSession, trusted: string[]): Promise<number | null>;
  /** Null: unknown, expired at `now`, or its account is disabled or gone. */
  find(secret: string, now: number): Promise<Session | null>;
  /** Moves the expiry of a session in use. */
  touch(id: number, at: number, expiresAt: number): Promise<void>;
  remove(secret: string): Promise<void>;
  /** Of the account, the one used last first; without those that ran out. */
  list(accountId: number, now: number): Promise<Session[]>;
  /** And the trust in its browser. False: the account has none of this id. */
  end(accountId: number, id: number): Promise<boolean>;
  /** All but this one, and the trust in all browsers but its own. */
  endOthers(accountId: number, id: number): Promise<void>;
  removeAll(accountId: number): Promise<void>;
};

type SessionRow = {
  id: number;
  account_id: number;
  created_at: number;
  seen_at: number;
  address: string;
  agent: string;
};

type Fresh = { hash: string; session: NewSession };

function* isGuarded({ accountId, at }: NewSession, trusted: string[]): Work<boolean> {
  if ((yield* row('select 1 from second_factor where account_id = ?', accountId)) === undefined) return false;
  const sql = `select 1 from trusted_browser where account_id = ? and expires_at > ? and hash in ${list(trusted)}`;
  return (yield* row(sql, accountId, at, ...trusted)) === undefined;
}

export const sessionVerbs = {
  *createSession({ hash, session: s }: Fresh): Work<number> {
    yield* run('delete from session where expires_at < ?', s.at);
    const { id } = yield* mustRow<{ id: number }>(
      `insert into session (hash, account_id, created_at, seen_at, expires_at, address, agent) values (?,?,?,?,?,?,?)
        returning id`,
      hash,
      s.accountId,
      s.at,
      s.at,
      s.expiresAt,
      s.address,
      s.agent,
    );
    return id;
  },
  *createSessionByPassword({ trusted, ...fresh }: Fresh & { trusted: string[] }): Work<number | null> {
    return (yield* isGuarded(fresh.session, trusted)) ? null : yield* sessionVerbs.createSession(fresh);
  },
  *touchSession({ id, at, expiresAt }: { id: number; at: number; expiresAt: number }): Work<void> {
    yield* run('update session set seen_at = ?, expires_at = ? where id = ?', at, expiresAt, id);
  },
  *removeSession({ hash }: { hash: string }): Work<void> {
    yield* run('delete from push_subscription where session_id in (select id from session where hash = ?)', hash);
    yield* run('delete from session where hash = ?', hash);
  },
  *endSession({ accountId, id }: { accountId: number; id: number }): Work<boolean> {
    yield* run('delete from push_subscription where account_id = ? and session_id = ?', accountId, id);
    yield* run('delete from trusted_browser where account_id = ? and session_id = ?', accountId, id);
    return (yield* run('delete from session where account_id = ? and id = ?', accountId, id)) > 0;
  },
  *endOtherSessions({ accountId, id }: { accountId: number; id: number }): Work<void> {
    yield* run('delete from push_subscription where account_id = ? and session_id <> ?', accountId, id);
    yield* run('delete from trusted_browser where account_id = ? and session_id <> ?', accountId, id);
    yield* run('delete from session where account_id = ? and id <> ?', accountId, id);
  },
  *removeSessions({ accountId }: { accountId: number }): Work<void> {
    yield* run('delete from push_subscription where account_id = ?', accountId);
    yield* run('delete from trusted_browser where account_id = ?', accountId);
    yield* run('delete from session where account_id = ?', accountId);
  },
};

const sessionOf = (r: SessionRow): Session => ({
  id: r.id,
  accountId: r.account_id,
  createdAt: r.created_at,
  seenAt: r.seen_at,
  address: r.address,
  agent: r.agent,
});

const hashed = (secret: string): string => createHash('sha256').update(secret).digest('hex');

export function createSessions(read: Read, write: Write): Sessions {
  return {
    create: (secret, session) => write('createSession', { hash: hashed(secret), session }),
    createByPassword: (secret, session, trusted) =>
      write('createSessionByPassword', { hash: hashed(secret), session, trusted: trusted.map(hashed) }),
    async find(secret, now) {
      const r = await read(
        row<SessionRow>(
          `select s.id, s.account_id, s.created_at, s.seen_at, s.address, s.agent from session s
            join account a on a.id = s.account_id where s.hash = ? and s.expires_at > ? and a.disabled = 0`,
          hashed(secret),
          now,
        ),
      );
      return r ? sessionOf(r) : null;
    },
    list: async (accountId, now) =>
      (
        await read(
          rows<SessionRow>(
            `select id, account_id, created_at, seen_at, address, agent from session
              where account_id = ? and expires_at > ? order by seen_at desc, id desc limit 200`,
            accountId,
            now,
          ),
        )
      ).map(sessionOf),
    end: (accountId, id) => write('endSession', { accountId, id }),
    endOthers: (accountId, id) => write('endOtherSessions', { accountId, id }),
    touch: (id, at, expiresAt) => write('touchSession', { id, at, expiresAt }),
    remove: secret => write('removeSession', { hash: hashed(secret) }),
    removeAll: accountId => write('removeSessions', { accountId }),
  };
}
