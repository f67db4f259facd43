import { mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** A device that asked to be told of new mail (RFC 8030); it is told as long as its session lasts. */
export type PushSubscription = NewPushSubscription & {
  id: number;
  /** The newest message it was told of. */
  told: number;
  /** Since when its service does not take what it is told, and how often in a row it was asked; null and 0: it takes it. */
  failingSince: number | null;
  failures: number;
};

export type NewPushSubscription = {
  accountId: number;
  sessionId: number;
  /** Where its push service takes what it is told. */
  endpoint: string;
  /** Its key and secret (RFC 8291 §3.1), base64url. */
  p256dh: string;
  auth: string;
  /** sender: who wrote, and the subject; arrival: only that there is mail. */
  shows: 'sender' | 'arrival';
  /** In which what it is told is written. */
  language: string;
  at: number;
};

/** What came unread into the Inbox. */
export type Fresh = { count: number; newest: { id: number; fromName: string; fromAddress: string; subject: string } };

export type PushSubscriptions = {
  /** Those whose session lasts, the newest first. */
  list(accountId: number, now: number): Promise<PushSubscription[]>;
  /** The accounts that have one. */
  accounts(): Promise<number[]>;
  /** In place of what that device had; of many the oldest makes room. From now on: it is told of nothing older. */
  save(subscription: NewPushSubscription): Promise<void>;
  /** False: the account has none of this id. */
  remove(accountId: number, id: number): Promise<boolean>;
  /** What came after the message `after`; null: nothing. */
  fresh(accountId: number, after: number): Promise<Fresh | null>;
  /** Marks it as told of all up to that message; false: it was already, by somebody else. */
  claim(id: number, told: number): Promise<boolean>;
  /** Its service took nothing at this time; null: it takes what it is told again. */
  failed(id: number, at: number | null): Promise<void>;
};

const most = 20;

type Row = {
  id: number;
  account_id: number;
  session_id: number;
  endpoint: string;
  p256dh: string;
  auth: string;
  shows: PushSubscription['shows'];
  language: string;
  at: number;
  told: number;
  failing_since: number | null;
  failures: number;
};

const subscription = ({ account_id, session_id, failing_since, ...r }: Row): PushSubscription => ({
  ...r,
  failingSince: failing_since,
  accountId: account_id,
  sessionId: session_id,
});

export const pushVerbs = {
  *savePush(s: NewPushSubscription): Work<void> {
    yield* run('delete from push_subscription where endpoint = ?', s.endpoint);
    yield* run('delete from push_subscription where session_id not in (select id from session)');
    yield* run(
      `delete from push_subscription where account_id = ? and id not in
        (select id from push_subscription where account_id = ? order by id desc limit ?)`,
      s.accountId,
      s.accountId,
      most - 1,
    );
    const { told } = yield* mustRow<{ told: number }>(
      'select coalesce(max(id), 0) as told from message where account_id = ?',
      s.accountId,
    );
    yield* run(
      `insert into push_subscription (account_id, session_id, endpoint, p256dh, auth, shows, language, at, told)
        values (?,?,?,?,?,?,?,?,?)`,
      ...[s.accountId, s.sessionId, s.endpoint, s.p256dh, s.auth, s.shows, s.language, s.at, told],
    );
  },
  *removePush({ accountId, id }: { accountId: number; id: number }): Work<boolean> {
    return (yield* run('delete from push_subscription where account_id = ? and id = ?', accountId, id)) > 0;
  },
  *claimPush({ id, told }: { id: number; told: number }): Work<boolean> {
    return (yield* run('update push_subscription set told = ? where id = ? and told < ?', told, id, told)) > 0;
  },
  *pushFailed({ id, at }: { id: number; at: number | null }): Work<void> {
    if (at === null) yield* run('update push_subscription set failing_since = null, failures = 0 where id = ?', id);
    else
      yield* run(
        'update push_subscription set failing_since = coalesce(failing_since, ?), failures = failures + 1 where id = ?',
        at,
        id,
      );
  },
};

const freshRows = `from message m join folder f on f.id = m.folder_id
  where m.account_id = ? and m.id > ? and (m.flags & 1) = 0 and f.role = 'inbox'`;

function* fresh(accountId: number, after: number): Work<Fresh | null> {
  const newest = yield* row<{ id: number; from_name: string; from_address: string; subject: string }>(
    `select m.id, m.from_name, m.from_address, m.subject ${freshRows} order by m.id desc limit 1`,
    accountId,
    after,
  );
  if (!newest) return null;
  const { n } = yield* mustRow<{ n: number }>(`select count(*) as n ${freshRows}`, accountId, after);
  const { id, subject, from_name, from_address } = newest;
  return { count: n, newest: { id, subject, fromName: from_name, fromAddress: from_address } };
}

export function createPushSubscriptions(read: Read, write: Write): PushSubscriptions {
  return {
    async list(accountId, now) {
      const found = await read(
        rows<Row>(
          `select p.* from push_subscription p join session s on s.id = p.session_id
            where p.account_id = ? and s.expires_at > ? order by p.id desc`,
          accountId,
          now,
        ),
      );
      return found.map(subscription);
    },
    async accounts() {
      const found = await read(rows<{ account_id: number }>('select distinct account_id from push_subscription'));
      return found.map(r => r.account_id);
    },
    save: s => write('savePush', s),
    remove: (accountId, id) => write('removePush', { accountId, id }),
    fresh: (accountId, after) => read(fresh(accountId, after)),
    claim: (id, told) => write('claimPush', { id, told }),
    failed: (id, at) => write('pushFailed', { id, at }),
  };
}
