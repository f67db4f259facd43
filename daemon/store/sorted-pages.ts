import { type Conversation, conversationsOf } from './conversation-pages.ts';
import { type MessageRow, message } from './message-row.ts';
import type { Message } from './shapes.ts';
import { rows, type Work } from './sql.ts';
import type { Read } from './verbs.ts';

/** What else a folder can be sorted by; `to`: whom it went to. */
export type SortColumn = 'from' | 'to' | 'subject' | 'size' | 'date';
/** The key of the last row asks for the next page. */
export type SortedKey = { value: string | number; id: number };
export type Sorted = {
  messages: Message[];
  /** What each stands for; null: each for itself. */
  conversations: Conversation[] | null;
  next: SortedKey | null;
};
export type SortWish = {
  by: SortColumn;
  /** From the end of the alphabet, or the largest first. */
  descending: boolean;
  /** One row for a conversation, by its newest message in the folder. */
  whole: boolean;
  limit: number;
  after?: SortedKey | null;
};

export type SortedPages = {
  /** A page of a folder's newest `mostSorted` messages in another order than that of their arrival; by date, of all of them. */
  sorted(accountId: number, folderId: number, wish: SortWish): Promise<Sorted>;
};

/**
 * No index has these orders: each would cost every delivery more than sorting costs who asks for it. So many are read
 * and sorted for a page, and what is older is left to search.
 */
export const mostSorted = 10_000;
/** Texts are compared by their first characters, which also travel in the address of the next page. */
const compared = 40;

/** Answers stand with what they answer. */
const bare = `case when lower(substr(subject, 1, 4)) in ('re: ', 'aw: ', 'sv: ', 'fw: ', 'wg: ') then substr(subject, 5)
  when lower(substr(subject, 1, 5)) = 'fwd: ' then substr(subject, 6) else subject end`;

const values: Record<SortColumn, string> = {
  from: `substr(lower(case when from_name = '' then from_address else from_name end), 1, ${compared})`,
  to: `substr(lower(to_text), 1, ${compared})`,
  subject: `substr(lower(${bare}), 1, ${compared})`,
  size: 'size',
  date: 'listed_at',
};

type SortedRow = MessageRow & { sort_value: string | number };

function* sorted(accountId: number, folderId: number, w: SortWish): Work<Sorted> {
  const found = yield* w.by === 'date' ? byDate(accountId, folderId, w) : byValue(accountId, folderId, w);
  const some = found.slice(0, w.limit);
  const last = some.at(-1);
  return {
    messages: some.map(message),
    conversations: w.whole ? yield* conversationsOf(accountId, some) : null,
    next: found.length > w.limit && last ? { value: last.sort_value, id: last.id } : null,
  };
}

function* byValue(accountId: number, folderId: number, w: SortWish): Work<SortedRow[]> {
  const { after = null } = w;
  const order = w.descending ? 'desc' : 'asc';
  return yield* rows<SortedRow>(
    `select m.*, s.value as sort_value from (
      select id, value from (
        select id, ${values[w.by]} as value from message
          where folder_id = ? and account_id = ?${w.whole ? ' and newest = 1' : ''}
          order by listed_at desc, id desc limit ?
      ) as newest_ones ${after ? `where (value, id) ${w.descending ? '<' : '>'} (?, ?)` : ''}
      order by value ${order}, id ${order} limit ?
    ) as s join message m on m.id = s.id order by s.value ${order}, s.id ${order}`,
    folderId,
    accountId,
    mostSorted,
    ...(after ? [after.value, after.id] : []),
    w.limit + 1,
  );
}

/** The index of lists has it, from either end. */
function* byDate(accountId: number, folderId: number, w: SortWish): Work<SortedRow[]> {
  const { after = null } = w;
  const order = w.descending ? 'desc' : 'asc';
  return yield* rows<SortedRow>(
    `select m.*, m.listed_at as sort_value from message m
      where m.folder_id = ? and m.account_id = ?${w.whole ? ' and m.newest = 1' : ''}
        ${after ? `and (m.listed_at, m.id) ${w.descending ? '<' : '>'} (?, ?)` : ''}
      order by m.listed_at ${order}, m.id ${order} limit ?`,
    folderId,
    accountId,
    ...(after ? [after.value, after.id] : []),
    w.limit + 1,
  );
}

export const createSortedPages = (read: Read): SortedPages => ({
  sorted: (accountId, folderId, wish) => read(sorted(accountId, folderId, wish)),
});
