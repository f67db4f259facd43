import { type MessageRow, message } from './messages.ts';
import { Flag, type Message, type Search } from './shapes.ts';
import { mustRow, rows, type Value, type Work } from './sql.ts';
import { sqliteDialect } from './sqlite.ts';
import type { Read } from './verbs.ts';

export type Searches = {
  /** Messages that match, newest arrival first; `beforeId` is the id of the last row of the page above. */
  find(accountId: number, search: Search, limit: number, beforeId?: number | null): Promise<Message[]>;
  /** Messages of all accounts that are filed and whose words are not yet found. */
  behind(): Promise<number>;
};

export function createSearches(read: Read): Searches {
  return {
    async find(accountId, search, limit, beforeId = null) {
      return (await read(find(accountId, search, limit, beforeId))).map(message);
    },
    behind: async () => (await read(mustRow<{ n: number }>('select count(*) as n from to_index'))).n,
  };
}

/** Ids rise with arrival, so the newest matches come first without sorting them all. */
function* find(accountId: number, s: Search, limit: number, beforeId: number | null): Work<MessageRow[]> {
  const conditions: string[] = ['m.account_id = ?'];
  const params: Value[] = [accountId];
  const where = (text: string, ...values: Value[]) => {
    conditions.push(text);
    params.push(...values);
  };
  const source = sqliteDialect.match(accountId, s.terms);
  const key = s.terms.length ? 'message_words.rowid' : 'm.id';
  if (s.terms.length) where(source.where, ...source.params);
  if (beforeId !== null) where(`${key} < ?`, beforeId);
  if (s.folderId !== null) where('m.folder_id = ?', s.folderId);
  if (s.unread !== null) where(`(m.flags & ${Flag.seen}) ${s.unread ? '=' : '<>'} 0`);
  if (s.flagged !== null) where(`(m.flags & ${Flag.flagged}) ${s.flagged ? '<>' : '='} 0`);
  if (s.attachments !== null) where(`m.attachments ${s.attachments ? '>' : '='} 0`);
  if (s.after !== null) where('m.received_at >= ?', s.after);
  if (s.before !== null) where('m.received_at < ?', s.before);
  return yield* rows<MessageRow>(
    `select m.* from ${s.terms.length ? source.from : 'message m'} where ${conditions.join(' and ')}
      order by ${key} desc limit ?`,
    ...params,
    limit,
  );
}
