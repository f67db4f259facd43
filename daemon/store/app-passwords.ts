import type { SignInWay } from './sign-ins.ts';
import { mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** A password of one mail program. */
export type AppPassword = {
  id: number;
  /** What its owner calls it. */
  name: string;
  madeAt: number;
  /** Null: never yet, and the two beside it say nothing. */
  usedAt: number | null;
  usedWay: SignInWay | null;
  /** IP address of the program that used it last. */
  usedFrom: string;
};

export type NewAppPassword = {
  accountId: number;
  name: string;
  /** Of the form it was asked for by: the same form asked again makes no second one. */
  key: string;
  /** SHA-256 of what is typed, in hex. */
  hash: string;
  at: number;
};

export type AppPasswords = {
  /** The newest first. */
  list(accountId: number): Promise<AppPassword[]>;
  /** Null: the account has none of this hash, or it is revoked. */
  find(accountId: number, hash: string): Promise<AppPassword | null>;
  /** full: there are too many · used: the form made one before, and a program has it. Before that the new takes its place. */
  make(fresh: NewAppPassword): Promise<number | 'full' | 'used'>;
  used(id: number, use: { way: SignInWay; from: string; at: number }): Promise<void>;
  /** It opens nothing from now on; answers its name. Null: the account has none of this id. */
  revoke(accountId: number, id: number, at: number): Promise<string | null>;
  /** False: it was not revoked, or too long ago. Null: the account has none of this id. */
  restore(accountId: number, id: number, at: number): Promise<boolean | null>;
  /** Of all; answers how many there were. */
  revokeAll(accountId: number): Promise<number>;
};

/** Of one account. */
export const mostAppPasswords = 50;
/** One that was revoked by mistake can come back for so long. */
const revokedKeptMs = 10 * 60_000;

const columns =
  'id, name, made_at as "madeAt", used_at as "usedAt", used_way as "usedWay", used_from as "usedFrom" from app_password';

export const appPasswordVerbs = {
  *makeAppPassword(a: NewAppPassword): Work<number | 'full' | 'used'> {
    yield* run('delete from app_password where account_id = ? and revoked_at < ?', a.accountId, a.at - revokedKeptMs);
    const again = yield* row<{ id: number; used_at: number | null }>(
      'select id, used_at from app_password where account_id = ? and form_key = ?',
      a.accountId,
      a.key,
    );
    if (again) {
      if (again.used_at !== null) return 'used';
      yield* run(
        'update app_password set hash = ?, name = ?, revoked_at = null where id = ?',
        a.hash,
        a.name,
        again.id,
      );
      return again.id;
    }
    const { n } = yield* mustRow<{ n: number }>(
      'select count(*) as n from app_password where account_id = ?',
      a.accountId,
    );
    if (n >= mostAppPasswords) return 'full';
    const made = yield* mustRow<{ id: number }>(
      'insert into app_password (account_id, name, form_key, hash, made_at) values (?,?,?,?,?) returning id',
      ...[a.accountId, a.name, a.key, a.hash, a.at],
    );
    return made.id;
  },
  *useAppPassword({ id, way, from, at }: { id: number; way: SignInWay; from: string; at: number }): Work<void> {
    yield* run('update app_password set used_at = ?, used_way = ?, used_from = ? where id = ?', at, way, from, id);
  },
  *revokeAppPassword({ accountId, id, at }: { accountId: number; id: number; at: number }): Work<string | null> {
    const gone = yield* row<{ name: string }>(
      'update app_password set revoked_at = ? where account_id = ? and id = ? and revoked_at is null returning name',
      ...[at, accountId, id],
    );
    return gone?.name ?? null;
  },
  *restoreAppPassword({ accountId, id, at }: { accountId: number; id: number; at: number }): Work<boolean | null> {
    if (!(yield* row('select 1 from app_password where account_id = ? and id = ?', accountId, id))) return null;
    const restored = yield* run(
      'update app_password set revoked_at = null where account_id = ? and id = ? and revoked_at > ?',
      ...[accountId, id, at - revokedKeptMs],
    );
    return restored > 0;
  },
  *revokeAppPasswords({ accountId }: { accountId: number }): Work<number> {
    yield* run('delete from app_password where account_id = ? and revoked_at is not null', accountId);
    return yield* run('delete from app_password where account_id = ?', accountId);
  },
};

export function createAppPasswords(read: Read, write: Write): AppPasswords {
  return {
    list: accountId =>
      read(
        rows<AppPassword>(
          `select ${columns} where account_id = ? and revoked_at is null order by made_at desc, id desc`,
          accountId,
        ),
      ),
    find: async (accountId, hash) =>
      (await read(
        row<AppPassword>(`select ${columns} where account_id = ? and hash = ? and revoked_at is null`, accountId, hash),
      )) ?? null,
    make: fresh => write('makeAppPassword', fresh),
    used: (id, use) => write('useAppPassword', { id, ...use }),
    revoke: (accountId, id, at) => write('revokeAppPassword', { accountId, id, at }),
    restore: (accountId, id, at) => write('restoreAppPassword', { accountId, id, at }),
    revokeAll: accountId => write('revokeAppPasswords', { accountId }),
  };
}
