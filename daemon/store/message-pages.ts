import { type MessageRow, message } from './message-row.ts';
import type { Page, PageKey } from './shapes.ts';
import { row, rows, type Work } from './sql.ts';

/** A folder's messages in the order of its list, newest first, from one key to the next. */
export function* page(accountId: number, folderId: number, limit: number, before: PageKey | null): Work<Page> {
  const found = yield* rows<MessageRow>(
    `select * from message where folder_id = ? and account_id = ? ${before ? 'and (listed_at, id) < (?, ?)' : ''}
      order by listed_at desc, id desc limit ?`,
    folderId,
    accountId,
    ...(before ? [before.listedAt, before.id] : []),
    limit + 1,
  );
  const messages = found.slice(0, limit).map(message);
  const last = messages.at(-1);
  return { messages, next: found.length > limit && last ? { listedAt: last.listedAt, id: last.id } : null };
}

export function* idsOf(accountId: number, folderId: number, limit: number, before: PageKey | null): Work<PageKey[]> {
  return yield* rows<PageKey>(
    `select m.listed_at as "listedAt", m.id from folder f join message m on m.folder_id = f.id
      where f.id = ? and f.account_id = ? ${before ? 'and (m.listed_at, m.id) < (?, ?)' : ''}
      order by m.listed_at desc, m.id desc limit ?`,
    folderId,
    accountId,
    ...(before ? [before.listedAt, before.id] : []),
    limit,
  );
}

export function* neighbours(accountId: number, id: number): Work<{ newer: number | null; older: number | null }> {
  const self = yield* row<MessageRow>(
    'select folder_id, listed_at from message where id = ? and account_id = ?',
    id,
    accountId,
  );
  if (!self) return { newer: null, older: null };
  const next = (comparison: '<' | '>', order: 'asc' | 'desc') =>
    row<{ id: number }>(
      `select id from message where folder_id = ? and (listed_at, id) ${comparison} (?, ?)
        order by listed_at ${order}, id ${order} limit 1`,
      self.folder_id,
      self.listed_at,
      id,
    );
  return { newer: (yield* next('>', 'asc'))?.id ?? null, older: (yield* next('<', 'desc'))?.id ?? null };
}
