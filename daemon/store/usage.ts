import { list, rows, type Work } from './sql.ts';
import type { Read } from './verbs.ts';

/** What one message takes, in the order of the index of lists. */
export type Weight = { folderId: number; listedAt: number; id: number; size: number };
/** A message by what it takes and whom it is from. */
export type Heavy = { id: number; folderId: number; size: number; subject: string; from: string; receivedAt: number };

export type Usage = {
  /** A slice of what the account's messages take, from behind `after` on; nothing but an index is read. */
  weights(accountId: number, limit: number, after?: Weight | null): Promise<Weight[]>;
  /** These messages, the largest first. */
  heavy(accountId: number, ids: number[]): Promise<Heavy[]>;
};

function* weights(accountId: number, limit: number, after: Weight | null): Work<Weight[]> {
  const key = after ? [after.folderId, after.listedAt, after.id] : [];
  return yield* rows<Weight>(
    `select m.folder_id as "folderId", m.listed_at as "listedAt", m.id, m.size
      from folder f join message m on m.folder_id = f.id
      where f.account_id = ?${after ? ' and f.id >= ? and (m.folder_id, m.listed_at, m.id) > (?, ?, ?)' : ''}
      order by f.id, m.listed_at, m.id limit ?`,
    accountId,
    ...(after ? [after.folderId] : []),
    ...key,
    limit,
  );
}

export const createUsage = (read: Read): Usage => ({
  weights: (accountId, limit, after) => read(weights(accountId, limit, after ?? null)),
  heavy: (accountId, ids) =>
    read(
      rows<Heavy>(
        `select id, folder_id as "folderId", size, subject, received_at as "receivedAt",
          case when from_name = '' then from_address else from_name end as "from"
          from message where account_id = ? and id in ${list(ids)} order by size desc, id desc`,
        accountId,
        ...ids,
      ),
    ),
});
