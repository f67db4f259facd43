import { mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

export type SavedSearch = { id: number; name: string; query: string };

/** Searches a person gave a name, to have them beside the folders. */
export type SavedSearches = {
  /** By name. */
  list(accountId: number): Promise<SavedSearch[]>;
  /** In place of one of that name, letter case aside. Null: there are as many as there may be. */
  save(accountId: number, name: string, query: string): Promise<SavedSearch | null>;
  /** `taken`: another has this name; `missing`: there is none of this id. */
  rename(accountId: number, id: number, name: string): Promise<'done' | 'taken' | 'missing'>;
  /** False: there is none of this id. */
  remove(accountId: number, id: number): Promise<boolean>;
};

const mostSaved = 50;

export const savedSearchVerbs = {
  *saveSearch({
    accountId,
    name,
    query,
  }: {
    accountId: number;
    name: string;
    query: string;
  }): Work<SavedSearch | null> {
    const key = name.toLowerCase();
    const known = yield* row('select id from saved_search where account_id = ? and name_key = ?', accountId, key);
    const count = 'select count(*) as n from saved_search where account_id = ?';
    if (!known && (yield* mustRow<{ n: number }>(count, accountId)).n >= mostSaved) return null;
    return yield* mustRow<SavedSearch>(
      `insert into saved_search (account_id, name, name_key, query) values (?,?,?,?)
        on conflict (account_id, name_key) do update set name = excluded.name, query = excluded.query
        returning id, name, query`,
      accountId,
      name,
      key,
      query,
    );
  },
  *renameSearch({
    accountId,
    id,
    name,
  }: {
    accountId: number;
    id: number;
    name: string;
  }): Work<'done' | 'taken' | 'missing'> {
    const key = name.toLowerCase();
    const named = 'select id from saved_search where account_id = ? and name_key = ? and id <> ?';
    if (yield* row(named, accountId, key, id)) return 'taken';
    const sql = 'update saved_search set name = ?, name_key = ? where account_id = ? and id = ?';
    return (yield* run(sql, name, key, accountId, id)) > 0 ? 'done' : 'missing';
  },
  *removeSearch({ accountId, id }: { accountId: number; id: number }): Work<boolean> {
    return (yield* run('delete from saved_search where account_id = ? and id = ?', accountId, id)) > 0;
  },
};

export function createSavedSearches(read: Read, write: Write): SavedSearches {
  return {
    list: accountId =>
      read(
        rows<SavedSearch>('select id, name, query from saved_search where account_id = ? order by name_key', accountId),
      ),
    save: (accountId, name, query) => write('saveSearch', { accountId, name, query }),
    rename: (accountId, id, name) => write('renameSearch', { accountId, id, name }),
    remove: (accountId, id) => write('removeSearch', { accountId, id }),
  };
}
