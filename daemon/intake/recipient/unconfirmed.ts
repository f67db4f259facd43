import type { Settings } from '../../config.ts';
import { domainOf } from '../../mail/address.ts';
import type { Account, Store } from '../../store.ts';
import { type DomainSettings, isLocal } from '../tables.ts';

type Deps = { store: Pick<Store, 'forwardConsents'>; settings: DomainSettings & Pick<Settings, 'forward_confirm'> };

/** Of the addresses an account sends its mail on to, those elsewhere whose owners have not said that they want it. */
export function createUnconfirmed({ store, settings }: Deps) {
  return async (account: Account, goals: string[]): Promise<string[]> => {
    const foreign = settings.forward_confirm ? goals.filter(g => !isLocal(domainOf(g), settings)) : [];
    if (foreign.length === 0) return [];
    const granted = await store.forwardConsents.granted(account.id);
    return foreign.filter(f => !granted.includes(f));
  };
}
