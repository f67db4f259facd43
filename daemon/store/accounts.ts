import { type AccountRow, account, columns } from './account-row.ts';
import type { Appearance } from './account-shape.ts';
import { lapse } from './forward-targets.ts';
import { removeMessages } from './messages.ts';
import type { Recount } from './quota.ts';
import type { Account, FolderRole } from './shapes.ts';
import { sortingTables } from './sorting-bits.ts';
import { mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

export type NewAccount = { address: string; name: string; passwordHash: string | null; quota: number; at: number };
export type AccountFields = Partial<
  Pick<
    Account,
    | 'name'
    | 'quota'
    | 'pop3'
    | 'disabled'
    | 'forwards'
    | 'keepsCopy'
    | 'flat'
    | 'afterAct'
    | 'readAfter'
    | 'swipes'
    | 'writesRich'
    | 'undoSend'
    | keyof Appearance
  >
>;

export type Credentials = {
  /** The PHC string to check a password against; null: the account has none and cannot sign in. */
  passwordHash: string | null;
  /** More than the password is asked for: a code on the site, an app password of mail programs. */
  secondFactor: boolean;
};

export type Accounts = {
  /** By id; null: there is none. */
  byId(id: number): Promise<Account | null>;
  /**
   * By exact address (lower case); null: there is none. Every recipient of every message asks: what another process
   * changed a moment ago (50 ms) may not show yet.
   */
  byAddress(address: string): Promise<Account | null>;
  credentials(id: number): Promise<Credentials>;
  list(): Promise<Account[]>;
  /** Makes the account and its folders. Null: the address is taken (or was, and is kept from re-use). */
  create(account: NewAccount): Promise<Account | null>;
  setPassword(id: number, passwordHash: string): Promise<void>;
  set(id: number, fields: AccountFields): Promise<void>;
  /** Counts anew what the account uses and what is in its folders, in one transaction. Null: there is none. */
  recount(id: number): Promise<Recount | null>;
  /** Removes the account with all it holds; its address stays reserved. False: there was none. */
  remove(id: number, at: number): Promise<boolean>;
  /** Those whose removal was begun and did not come to its end. */
  leaving(): Promise<Account[]>;
  /** False when an account has it or had it. */
  isFree(address: string): Promise<boolean>;
};

function* one(where: string, value: string | number): Work<Account | null> {
  const found = yield* row<AccountRow>(`select ${columns} from account where ${where} = ?`, value);
  return found ? account(found) : null;
}

const firstFolders: [FolderRole, string][] = [
  ['inbox', 'Inbox'],
  ['drafts', 'Drafts'],
  ['sent', 'Sent'],
  ['archive', 'Archive'],
  ['junk', 'Junk'],
  ['trash', 'Trash'],
];

function* isFree(address: string): Work<boolean> {
  if (yield* row('select 1 from account where address = ?', address)) return false;
  return (yield* row('select 1 from retired_address where address = ?', address)) === undefined;
}

/** Columns by field. */
const settable: Record<string, string> = {
  name: 'name',
  quota: 'quota',
  pop3: 'pop3',
  disabled: 'disabled',
  forwards: 'forwards',
  keepsCopy: 'keeps_copy',
  flat: 'flat',
  afterAct: 'after_act',
  readAfter: 'read_after',
  swipes: 'swipes',
  writesRich: 'writes_rich',
  language: 'language',
  zone: 'zone',
  scheme: 'scheme',
  contrast: 'contrast',
  density: 'density',
  scripts: 'scripts',
  shortcuts: 'shortcuts',
  undoSend: 'undo_send',
};

function asColumn(value: string | number | boolean | string[] | null): string | number | null {
  if (Array.isArray(value)) return JSON.stringify(value);
  return typeof value === 'boolean' ? Number(value) : value;
}

export const accountVerbs = {
  *createAccount(a: NewAccount): Work<Account | null> {
    if (!(yield* isFree(a.address))) return null;
    const { id } = yield* mustRow<{ id: number }>(
      'insert into account (address, name, password, created_at, quota) values (?,?,?,?,?) returning id',
      a.address,
      a.name,
      a.passwordHash,
      a.at,
      a.quota,
    );
    // uidvalidity must differ from that of an earlier folder of the name (RFC 9051 §2.3.1.1): seconds since 1970 do.
    for (const [role, name] of firstFolders)
      yield* run(
        'insert into folder (account_id, name, name_key, role, uid_validity) values (?,?,?,?,?)',
        id,
        name,
        name.toLowerCase(),
        role,
        Math.trunc(a.at / 1000),
      );
    return yield* one('id', id);
  },
  *setPassword({ id, passwordHash }: { id: number; passwordHash: string }): Work<void> {
    yield* run('update account set password = ? where id = ?', passwordHash, id);
  },
  *setAccount({ id, fields }: { id: number; fields: AccountFields }): Work<void> {
    for (const [name, value] of Object.entries(fields)) {
      const column = settable[name];
      if (column !== undefined && value !== undefined)
        yield* run(`update account set ${column} = ? where id = ?`, asColumn(value), id);
    }
    if (fields.forwards) yield* lapse(id);
  },
  /** First of the three steps of removal: nobody signs in or receives any more, and the address is nobody's. */
  *retireAccount({ id, at }: { id: number; at: number }): Work<boolean> {
    const found = yield* one('id', id);
    if (!found) return false;
    yield* run('update account set disabled = 1, password = null where id = ?', id);
    yield* run('insert into retired_address (address, at) values (?,?) on conflict do nothing', found.address, at);
    yield* run('delete from session where account_id = ?', id);
    yield* run('delete from provider_login where account_id = ?', id);
    yield* run('delete from sign_in where account_id = ?', id);
    yield* run('delete from app_password where account_id = ?', id);
    return true;
  },
  /** A slice of the account's messages; answers how many went. */
  *emptyAccount({ id, limit }: { id: number; limit: number }): Work<number> {
    const found = yield* rows<{ id: number }>(
      'select m.id from folder f join message m on m.folder_id = f.id where f.account_id = ? limit ?',
      id,
      limit,
    );
    yield* removeMessages({ accountId: id, ids: found.map(r => r.id) });
    return found.length;
  },
  /** False, and nothing done: there is mail or a draft again, from somebody who was let in before the account retired. */
  *dropAccount({ id }: { id: number }): Work<boolean> {
    if (yield* row('select 1 from message m join folder f on f.id = m.folder_id where f.account_id = ? limit 1', id))
      return false;
    if (yield* row('select 1 from draft where account_id = ? limit 1', id)) return false;
    for (const table of [
      'folder',
      'label',
      'wake',
      'tombstone',
      'session',
      // Whoever signed in while it retired may have written these once more.
      'provider_login',
      'sign_in',
      'app_password',
      'second_factor',
      'recovery_code',
      'trusted_browser',
      'push_subscription',
      'saved_search',
      'message_name',
      'choice',
      ...sortingTables,
    ])
      yield* run(`delete from ${table} where account_id = ?`, id);
    yield* run('delete from account where id = ?', id);
    return true;
  },
};

const slice = 500;

type Leaving = {
  removeDrafts(accountId: number): Promise<void>;
  /** Unlinks files that nothing refers to any more; answers how many. */
  unlinkFiles(): Promise<number>;
};

const rememberedMs = 50;
const mostRemembered = 1000;

/** Accounts looked up a moment ago. One with a quota is looked at each time, since every message fills it. */
function createMemory() {
  const known = new Map<string, { account: Account; until: number }>();
  return {
    get(address: string): Account | null {
      const found = known.get(address);
      return found && performance.now() < found.until ? found.account : null;
    },
    keep(account: Account): void {
      if (account.quota > 0) return;
      if (known.size >= mostRemembered) known.clear();
      known.set(account.address, { account, until: performance.now() + rememberedMs });
    },
    forget: () => known.clear(),
  };
}

export function createAccounts(read: Read, anyWrite: Write, leaving: Leaving): Accounts {
  const memory = createMemory();
  const write: Write = async (...call) => {
    const answer = await anyWrite(...call);
    memory.forget();
    return answer;
  };
  return {
    byId: id => read(one('id', id)),
    async byAddress(address) {
      const known = memory.get(address);
      if (known) return known;
      const account = await read(one('address', address));
      if (account) memory.keep(account);
      return account;
    },
    async credentials(id) {
      const found = await read(
        row<{ password: string | null; second: number }>(
          `select password, case when exists (select 1 from second_factor f where f.account_id = account.id)
            then 1 else 0 end as second from account where id = ?`,
          id,
        ),
      );
      return { passwordHash: found?.password ?? null, secondFactor: found?.second === 1 };
    },
    async list() {
      return (await read(rows<AccountRow>(`select ${columns} from account order by address`))).map(account);
    },
    create: a => write('createAccount', a),
    setPassword: (id, passwordHash) => write('setPassword', { id, passwordHash }),
    set: (id, fields) => write('setAccount', { id, fields }),
    recount: id => write('recount', { id }),
    async remove(id, at) {
      if (!(await write('retireAccount', { id, at }))) return false;
      do {
        await leaving.removeDrafts(id);
        while ((await write('emptyAccount', { id, limit: slice })) > 0);
        while ((await write('emptyAddressBook', { accountId: id, limit: slice })) > 0);
      } while (!(await write('dropAccount', { id })));
      while ((await leaving.unlinkFiles()) > 0);
      return true;
    },
    async leaving() {
      const sql = `select ${columns} from account where address in (select address from retired_address)`;
      return (await read(rows<AccountRow>(sql))).map(account);
    },
    isFree: address => read(isFree(address)),
  };
}
