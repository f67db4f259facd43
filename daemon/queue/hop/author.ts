import type { Gateway, Settings } from '../../config.ts';
import { type Reply, reply } from '../../mail/reply.ts';
import type { Store } from '../../store.ts';
import type { Seal } from '../../wire/seal.ts';

/** The way out of what an account wrote, where each signs in for themselves (`webmail_smtp`); a reply: there is none. */
export type AuthorsGateway = (accountId: number | null) => Promise<Gateway | { why: Reply; kind: 'failed' | 'later' }>;

type Deps = {
  settings: Pick<Settings, 'webmail_smtp'>;
  store: Pick<Store, 'providerLogins'>;
  seal: Seal;
};

const nobodys = reply(550, '7.1', 'Only what users of this site write goes out, by their own names at the provider');
const signedOut = reply(451, '7.0', 'It waits until its author signs in again: the provider refused the password');

export function createAuthorsGateway({ settings, store, seal }: Deps): AuthorsGateway {
  return async accountId => {
    const login = accountId === null ? null : await store.providerLogins.of(accountId);
    if (accountId === null) return { kind: 'failed', why: nobodys };
    const password = login && seal.open(login.sealed, login.address);
    if (!login || password === null) return { kind: 'later', why: signedOut };
    return { domain: '*', ...settings.webmail_smtp!, login: { user: login.user, password } };
  };
}
