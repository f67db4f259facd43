import { recountLabels } from './label-marks.ts';
import type { Account } from './shapes.ts';
import { mustRow, row, rows, run, type Work } from './sql.ts';

/**
 * `account.used` is what its messages (prefixes included), drafts and their uploads come to, in octets. It is kept
 * in the transaction of each change; `recount` makes it true again whatever happened.
 */
const draftColumns = ['to_text', 'cc_text', 'bcc_text', 'subject', 'body'];
/** Octets of a draft's own fields, as an SQL expression. */
export const draftOctets = [
  ...draftColumns.map(column => `octet_length(${column})`),
  `coalesce(octet_length(html), 0)`,
].join(' + ');

/** False, and nothing done: they would go over the quota. Giving back is always possible. */
export function* takeRoom(accountId: number, octets: number): Work<boolean> {
  const sql = 'update account set used = used + ? where id = ? and (? <= 0 or quota = 0 or used + ? <= quota)';
  return (yield* run(sql, octets, accountId, octets, octets)) > 0;
}

export function* giveRoom(accountId: number, octets: number): Work<void> {
  yield* run('update account set used = used - ? where id = ?', octets, accountId);
}

/** A write that would take the account over its quota, and was not done. */
export type NoRoom = 'no-room';

/** Octets of a draft with its uploads. */
export function* octetsOfDraft(id: number): Work<number> {
  const own = yield* row<{ octets: number }>(`select ${draftOctets} as octets from draft where id = ?`, id);
  const sql = 'select coalesce(sum(size), 0) as octets from upload where draft_id = ?';
  return (own?.octets ?? 0) + (yield* mustRow<{ octets: number }>(sql, id)).octets;
}

/** Drafts are no messages, but their folder counts them: those that are being written. */
export function* countDrafts(accountId: number): Work<void> {
  yield* run(
    `update folder set total = (select count(*) from draft where account_id = ? and held_as is null
        and discarded_at is null)
      where account_id = ? and role = 'drafts'`,
    accountId,
    accountId,
  );
}

/** What the counts of an account were, and are now. */
export type Recount = { before: number; used: number };

type FolderCount = { folder: number; total: number; unread: number; octets: number };

export const quotaVerbs = {
  /** Counts anew what is used, and what is in each folder. Null: there is no such account. */
  *recount({ id }: { id: number }): Work<Recount | null> {
    const account = yield* row<Pick<Account, 'used'>>('select used from account where id = ?', id);
    if (!account) return null;
    const counts = yield* rows<FolderCount>(
      `select f.id as folder, count(m.id) as total, coalesce(sum(m.size), 0) as octets,
        coalesce(sum(case when m.flags & 1 = 0 then 1 else 0 end), 0) as unread
        from folder f left join message m on m.folder_id = f.id where f.account_id = ? group by f.id`,
      id,
    );
    for (const c of counts)
      yield* run(
        `update folder set total = ?, unread = ? where id = ? and (role is null or role <> 'drafts')`,
        c.total,
        c.unread,
        c.folder,
      );
    yield* recountLabels(id);
    const drafts = yield* rows<{ id: number }>(
      'select id from draft where account_id = ? and discarded_at is null',
      id,
    );
    yield* countDrafts(id);
    let used = counts.reduce((sum, c) => sum + c.octets, 0);
    for (const draft of drafts) used += yield* octetsOfDraft(draft.id);
    yield* run('update account set used = ? where id = ?', used, id);
    return { before: account.used, used };
  },
};
