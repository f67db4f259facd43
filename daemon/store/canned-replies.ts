import { mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** A text that is written often, kept by a name. */
export type CannedReply = {
  id: number;
  name: string;
  /** What a plain letter is given; what `html` says, where there is one. */
  text: string;
  /** Markup, safe; null: the text is all there is. */
  html: string | null;
};

export type CannedReplyFields = Omit<CannedReply, 'id'>;

export type CannedReplies = {
  /** By name. */
  list(accountId: number): Promise<CannedReply[]>;
  /** By name, without what they say: every page that writes offers them. */
  names(accountId: number): Promise<Pick<CannedReply, 'id' | 'name'>[]>;
  get(accountId: number, id: number): Promise<CannedReply | null>;
  /** A new one (id null) or that one changed. A name is there once, letter case aside. */
  save(accountId: number, id: number | null, fields: CannedReplyFields): Promise<CannedReplySaved>;
  remove(accountId: number, id: number): Promise<boolean>;
};

export type CannedReplySaved =
  | { kind: 'saved'; reply: CannedReply }
  | { kind: 'name taken' }
  | { kind: 'too many' }
  | { kind: 'gone' };

/** Of one account. */
export const mostCannedReplies = 100;

type Save = { accountId: number; id: number | null; fields: CannedReplyFields };

const columns = 'id, name, body as text, html';

export const cannedReplyVerbs = {
  *saveCannedReply({ accountId, id, fields: f }: Save): Work<CannedReplySaved> {
    const key = f.name.toLowerCase();
    const sql = 'select id from canned_reply where account_id = ? and name_key = ?';
    const known = yield* row<{ id: number }>(sql, accountId, key);
    if (known && known.id !== id) return { kind: 'name taken' };
    if (id !== null) {
      const reply = yield* row<CannedReply>(
        `update canned_reply set name = ?, name_key = ?, body = ?, html = ? where id = ? and account_id = ? returning ${columns}`,
        ...[f.name, key, f.text, f.html, id, accountId],
      );
      return reply ? { kind: 'saved', reply } : { kind: 'gone' };
    }
    const count = 'select count(*) as n from canned_reply where account_id = ?';
    if ((yield* mustRow<{ n: number }>(count, accountId)).n >= mostCannedReplies) return { kind: 'too many' };
    const reply = yield* mustRow<CannedReply>(
      `insert into canned_reply (account_id, name, name_key, body, html) values (?,?,?,?,?) returning ${columns}`,
      ...[accountId, f.name, key, f.text, f.html],
    );
    return { kind: 'saved', reply };
  },
  *removeCannedReply({ accountId, id }: { accountId: number; id: number }): Work<boolean> {
    return (yield* run('delete from canned_reply where account_id = ? and id = ?', accountId, id)) > 0;
  },
};

export function createCannedReplies(read: Read, write: Write): CannedReplies {
  return {
    list: accountId =>
      read(rows<CannedReply>(`select ${columns} from canned_reply where account_id = ? order by name_key`, accountId)),
    names: accountId =>
      read(
        rows<Pick<CannedReply, 'id' | 'name'>>(
          'select id, name from canned_reply where account_id = ? order by name_key',
          accountId,
        ),
      ),
    async get(accountId, id) {
      const sql = `select ${columns} from canned_reply where account_id = ? and id = ?`;
      return (await read(row<CannedReply>(sql, accountId, id))) ?? null;
    },
    save: (accountId, id, fields) => write('saveCannedReply', { accountId, id, fields }),
    remove: (accountId, id) => write('removeCannedReply', { accountId, id }),
  };
}
