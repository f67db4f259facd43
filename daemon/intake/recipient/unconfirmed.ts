import type { Settings } from '../../config.ts';
import { domainOf } from '../../mail/address.ts';
import type { Account, Store } from '../../store.ts';
import { type DomainSettings, isLocal } from '../tables.ts';

type Deps = { store: Pick<Store, 'forwardConsents'>; settings: DomainSettings & Pick<Settings, 'forward_confirm'> };

/**
 * Of the addresses an account sends its mail on to, those elsewhere whose owners have not said that they want it; where
 * nobody is asked, those who said no.
 */
export function createUnconfirmed({ store, settings }: Deps) {
  return async (account: Account, goals: string[]): Promise<string[]> => {
    const foreign = goals.filter(g => !isLocal(domainOf(g), settings));
    if (foreign.length === 0) return [];
    const { granted, refused } = store.forwardConsents;
    const said = await (settings.forward_confirm ? granted : refused)(account.id);
    return foreign.filter(f => said.includes(f) !== settings.forward_confirm);
  };
}
