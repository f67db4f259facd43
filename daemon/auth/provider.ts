import { timingSafeEqual } from 'node:crypto';
import type { Settings } from '../config.ts';
import { because, type Log } from '../log.ts';
import { domainOf, localOf } from '../mail/address.ts';
import type { Store } from '../store.ts';
import type { Seal } from '../wire/seal.ts';

/** Asks the provider by signing in there. Rejects when it gives no clear answer now. */
export type AskProvider = (user: string, password: string) => Promise<'right' | 'wrong'>;

export type ProviderDeps = {
  store: Pick<Store, 'accounts' | 'providerLogins'>;
  settings: Pick<Settings, 'host_domain' | 'webmail_for' | 'user_quota'>;
  seal: Seal;
  ask: AskProvider;
  /** Told when somebody signed in with a password that was not known: what waits for it may go. */
  renewed: (accountId: number) => void;
  now: () => number;
  log: Log;
};

/**
 * Is this the password of the mailbox at the provider? Makes its account here when it signs in for the first time.
 * unproven: the provider cannot be asked now, and it is not the one that was right before. Rejects where nothing is known.
 */
export type IsProvidersPassword = (address: string, password: string) => Promise<boolean | 'unproven'>;

export function createProviderCheck(deps: ProviderDeps): IsProvidersPassword {
  const { store, settings, seal, ask, log } = deps;

  return async (address, password) => {
    // Never a name and password of another place, and nothing that would be a command of its own there.
    if (domainOf(address) !== settings.host_domain[0] || !isLine(address) || !isLine(password)) return false;
    const user = settings.webmail_for?.user === 'name' ? localOf(address) : address;
    const account = await store.accounts.byAddress(address);
    const known = account && (await store.providerLogins.of(account.id));
    const before = known && seal.open(known.sealed, address);
    try {
      if ((await ask(user, password)) === 'wrong') {
        // It was right before: whoever is signed in with it is signed out, as when the fetcher hears of it.
        if (known && before !== null && isSame(before, password))
          await store.providerLogins.refuse(account.id, known.sealed);
        return false;
      }
    } catch (error) {
      // While the provider cannot be reached, the mail that is here can be read by whoever could before.
      if (before === null) throw error;
      log.info('provider not asked', { name: address, ...because(error) });
      return isSame(before, password) || 'unproven';
    }
    if (before === null || !isSame(before, password)) await keep(address, user, password);
    return true;
  };

  async function keep(address: string, user: string, password: string): Promise<void> {
    const fresh = { address, name: '', passwordHash: null, quota: settings.user_quota, at: deps.now() };
    const account = (await store.accounts.byAddress(address)) ?? (await store.accounts.create(fresh));
    // An address that was given up here is given to nobody again.
    if (!account) return;
    await store.providerLogins.keep({ accountId: account.id, user, sealed: seal.close(password, address) }, deps.now());
    deps.renewed(account.id);
  }
}

const isLine = (text: string): boolean => text !== '' && text.length <= 512 && !/\p{Cc}/u.test(text);

function isSame(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
