import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account, Store } from '../daemon/store.ts';
import type { Engine } from './store-contract.ts';

/** What is kept of how accounts sign in at a provider. */
export function loginContract(name: string, engine: Engine): void {
  describe(`logins at a provider, on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    const account = async (address: string) =>
      (await store.accounts.create({ address, name: '', passwordHash: null, quota: 0, at: 1 }))!;
    const session = (accountId: number, expiresAt: number) => ({ accountId, at: 1, expiresAt, address: '', agent: '' });
    beforeAll(async () => {
      store = await engine.open();
      ann = await account('ann@isp.test');
      bob = await account('bob@isp.test');
    });
    afterAll(() => engine.close(store));

    test('the latest is kept, for its account alone', async () => {
      expect(await store.providerLogins.of(ann.id)).toBeNull();
      await store.providerLogins.keep({ accountId: ann.id, user: 'ann', sealed: 'old' }, 2);
      await store.providerLogins.keep({ accountId: ann.id, user: 'ann', sealed: 'new' }, 3);
      const kept = { accountId: ann.id, address: 'ann@isp.test', user: 'ann', sealed: 'new' };
      expect(await store.providerLogins.of(ann.id)).toEqual(kept);
      expect(await store.providerLogins.of(bob.id)).toBeNull();
    });

    test('signedIn and isSignedIn know sessions that have not run out', async () => {
      await store.providerLogins.keep({ accountId: bob.id, user: 'bob', sealed: 'his' }, 2);
      await store.sessions.create('a', session(ann.id, 100));
      await store.sessions.create('b', session(ann.id, 200));
      expect((await store.providerLogins.signedIn(50)).map(l => l.user)).toEqual(['ann']);
      expect(await store.providerLogins.isSignedIn(ann.id, 150)).toBe(true);
      expect(await store.providerLogins.isSignedIn(ann.id, 200)).toBe(false);
      expect(await store.providerLogins.isSignedIn(bob.id, 50)).toBe(false);
    });

    test('refuse drops that very login, and the sessions made with it', async () => {
      await store.providerLogins.refuse(ann.id, 'old');
      expect(await store.providerLogins.of(ann.id)).not.toBeNull();
      await store.providerLogins.refuse(ann.id, 'new');
      expect(await store.providerLogins.of(ann.id)).toBeNull();
      expect(await store.sessions.find('b', 50)).toBeNull();
    });

    test('none outlives its account', async () => {
      await store.accounts.remove(bob.id, 5);
      expect(await store.providerLogins.of(bob.id)).toBeNull();
    });
  });
}
