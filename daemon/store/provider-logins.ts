import { row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** How an account signs in at the provider whose mailbox the site shows. */
export type ProviderLogin = {
  accountId: number;
  /** Of the account. */
  address: string;
  /** The name it has there. */
  user: string;
  /** Its password there, as wire/seal.ts closes it. */
  sealed: string;
};

export type ProviderLogins = {
  /** Null: it has not signed in, or the provider refuses what it signed in with. */
  of(accountId: number): Promise<ProviderLogin | null>;
  /** Of accounts that somebody is signed in to at `now`. */
  signedIn(now: number): Promise<ProviderLogin[]>;
  isSignedIn(accountId: number, now: number): Promise<boolean>;
  keep(login: Omit<ProviderLogin, 'address'>, at: number): Promise<void>;
  /** The provider refuses it: it is dropped, and whoever is signed in with it is signed out. */
  refuse(accountId: number, sealed: string): Promise<void>;
};

const columns = 'l.account_id as accountId, a.address, l.login as user, l.sealed';
const from = 'provider_login l join account a on a.id = l.account_id';

export const providerLoginVerbs = {
  *keepProviderLogin({ login: l, at }: { login: Omit<ProviderLogin, 'address'>; at: number }): Work<void> {
    yield* run(
      `insert into provider_login (account_id, login, sealed, at) values (?,?,?,?)
        on conflict (account_id) do update set login = excluded.login, sealed = excluded.sealed, at = excluded.at`,
      l.accountId,
      l.user,
      l.sealed,
      at,
    );
  },
  *refuseProviderLogin({ accountId, sealed }: { accountId: number; sealed: string }): Work<void> {
    // One that came meanwhile is another.
    const gone = yield* run('delete from provider_login where account_id = ? and sealed = ?', accountId, sealed);
    if (gone === 0) return;
    yield* run('delete from push_subscription where account_id = ?', accountId);
    yield* run('delete from trusted_browser where account_id = ?', accountId);
    yield* run('delete from session where account_id = ?', accountId);
  },
};

export function createProviderLogins(read: Read, write: Write): ProviderLogins {
  return {
    of: async accountId =>
      (await read(row<ProviderLogin>(`select ${columns} from ${from} where l.account_id = ?`, accountId))) ?? null,
    signedIn: now =>
      read(
        rows<ProviderLogin>(
          `select ${columns} from ${from} where a.disabled = 0
            and exists (select 1 from session s where s.account_id = a.id and s.expires_at > ?) order by a.id`,
          now,
        ),
      ),
    isSignedIn: async (accountId, now) =>
      (await read(row('select 1 from session where account_id = ? and expires_at > ?', accountId, now))) !== undefined,
    keep: (login, at) => write('keepProviderLogin', { login, at }),
    refuse: (accountId, sealed) => write('refuseProviderLogin', { accountId, sealed }),
  };
}
