/** The mailboxes of a provider whose users are signed in to the site: each is an account to fetch from. */
import type { FetchAccount, MailboxProvider, Settings } from '../daemon/config.ts';
import type { ProviderLogin, Store } from '../daemon/store.ts';
import type { Seal } from '../daemon/wire/seal.ts';
import { connectPop3, Pop3Failure } from './pop3-client.ts';

export type Provided = {
  /** Of those who are signed in now. */
  accounts(): Promise<FetchAccount[]>;
  /** Among those found last; null: this address was not. */
  nameOf(address: string): string | null;
  /** False: it is of a user who is signed in no more. */
  isWanted(account: FetchAccount): Promise<boolean>;
  /** The provider refuses the password of an account: it is asked for again at the next click. */
  refused(account: FetchAccount): Promise<void>;
};

type Deps = {
  settings: Pick<Settings, 'webmail_for'>;
  store: Pick<Store, 'providerLogins'>;
  seal: Seal;
  now: () => number;
};

export function createProvided({ settings, store, seal, now }: Deps): Provided {
  let logins = new Map<string, ProviderLogin>();
  return {
    async accounts() {
      const provider = settings.webmail_for;
      if (!provider) return [];
      const found: FetchAccount[] = [];
      const latest = new Map<string, ProviderLogin>();
      for (const login of await store.providerLogins.signedIn(now())) {
        const password = seal.open(login.sealed, login.address);
        if (password === null) continue;
        const account = accountAt(provider, login, password);
        latest.set(account.name, login);
        found.push(account);
      }
      logins = latest;
      return found;
    },
    nameOf: address => [...logins].find(([, login]) => login.address === address)?.[0] ?? null,
    async isWanted({ name }) {
      const login = logins.get(name);
      return login === undefined || (await store.providerLogins.isSignedIn(login.accountId, now()));
    },
    async refused({ name }) {
      const login = logins.get(name);
      if (login) await store.providerLogins.refuse(login.accountId, login.sealed);
    },
  };
}

function accountAt(provider: MailboxProvider, { address, user }: ProviderLogin, password: string): FetchAccount {
  const { host, port, implicitTls, tls, every, after } = provider;
  const name = `${user}@${host}:${port}`;
  return { name, to: { kind: 'address', address }, user, password, host, port, implicitTls, tls, every, after };
}

/** Signs in and out again. Rejects when the provider says neither yes nor no. */
export async function askProvider(
  { host, port, implicitTls, tls }: MailboxProvider,
  user: string,
  password: string,
): Promise<'right' | 'wrong'> {
  try {
    const client = await connectPop3({ host, port, implicitTls, tls, user, password, timeout: 20_000 });
    await client.quit().catch(() => client.destroy());
    return 'right';
  } catch (error) {
    if (!(error instanceof Pop3Failure)) throw error;
    // RFC 2449 §8.1.1: the password was right, and another session has the mailbox, such as a visit of ours.
    if (error.refusal && /\[IN-USE\]/i.test(error.message)) return 'right';
    if (error.kind === 'auth') return 'wrong';
    throw error;
  }
}
