import type { Folder, FolderRole } from './shapes.ts';
import { row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

export type Folders = {
  /** All folders of the account: those with a role first (inbox, snoozed once there is one, drafts, sent, archive, junk, trash), then by name. */
  list(accountId: number): Promise<Folder[]>;
  byId(accountId: number, id: number): Promise<Folder | null>;
  byRole(accountId: number, role: FolderRole): Promise<Folder>;
  /** Null: a folder of this name (letter case aside) is there already. */
  create(accountId: number, name: string, at: number): Promise<Folder | null>;
  /** False: there is no such folder of the user's own, or the name is taken. */
  rename(accountId: number, id: number, name: string): Promise<boolean>;
  /** Only folders without a role, and only empty ones. */
  remove(accountId: number, id: number): Promise<boolean>;
};

export type FolderRow = {
  id: number;
  name: string;
  role: FolderRole | null;
  total: number;
  unread: number;
  modseq: number;
  uid_validity: number;
  next_uid: number;
};

const columns = 'id, name, role, total, unread, modseq, uid_validity, next_uid';

const folder = (r: FolderRow): Folder => ({
  id: r.id,
  name: r.name,
  role: r.role,
  total: r.total,
  unread: r.unread,
  modseq: r.modseq,
  uidValidity: r.uid_validity,
  nextUid: r.next_uid,
});

/** Roles come in the order the folders were made, which is that of the list a person sees. */
const ordered = `order by role is null, case role when 'inbox' then 0 when 'snoozed' then 1 else 2 end,
  case when role is null then name_key end, id`;

function* one(accountId: number, id: number): Work<Folder | null> {
  const found = yield* row<FolderRow>(`select ${columns} from folder where account_id = ? and id = ?`, accountId, id);
  return found ? folder(found) : null;
}

function* taken(accountId: number, name: string): Work<boolean> {
  return (
    (yield* row('select 1 from folder where account_id = ? and name_key = ?', accountId, name.toLowerCase())) !==
    undefined
  );
}

export const folderVerbs = {
  *createFolder({ accountId, name, at }: { accountId: number; name: string; at: number }): Work<Folder | null> {
    if (yield* taken(accountId, name)) return null;
    const made = yield* row<FolderRow>(
      `insert into folder (account_id, name, name_key, uid_validity) values (?,?,?,?) returning ${columns}`,
      accountId,
      name,
      name.toLowerCase(),
      Math.trunc(at / 1000),
    );
    return folder(made!);
  },
  *renameFolder({ accountId, id, name }: { accountId: number; id: number; name: string }): Work<boolean> {
    const own = yield* row<{ name_key: string }>(
      'select name_key from folder where account_id = ? and id = ? and role is null',
      accountId,
      id,
    );
    if (!own || (own.name_key !== name.toLowerCase() && (yield* taken(accountId, name)))) return false;
    yield* run('update folder set name = ?, name_key = ? where id = ?', name, name.toLowerCase(), id);
    return true;
  },
  *removeFolder({ accountId, id }: { accountId: number; id: number }): Work<boolean> {
    const gone = yield* run(
      'delete from folder where account_id = ? and id = ? and role is null and total = 0',
      accountId,
      id,
    );
    return gone > 0;
  },
};

export function createFolders(read: Read, write: Write): Folders {
  return {
    async list(accountId) {
      return (
        await read(rows<FolderRow>(`select ${columns} from folder where account_id = ? ${ordered}`, accountId))
      ).map(folder);
    },
    byId: (accountId, id) => read(one(accountId, id)),
    async byRole(accountId, role) {
      const sql = `select ${columns} from folder where account_id = ? and role = ?`;
      const found = await read(row<FolderRow>(sql, accountId, role));
      if (!found) throw new Error(`account ${accountId} has no ${role}`);
      return folder(found);
    },
    create: (accountId, name, at) => write('createFolder', { accountId, name, at }),
    rename: (accountId, id, name) => write('renameFolder', { accountId, id, name }),
    remove: (accountId, id) => write('removeFolder', { accountId, id }),
  };
}
