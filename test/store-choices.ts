import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account, Store } from '../daemon/store.ts';
import type { Engine } from './store-contract.ts';

export function choicesContract(name: string, engine: Engine): void {
  describe(name, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    beforeAll(async () => {
      store = await engine.open();
      const made = (address: string) =>
        store.accounts.create({ address, name: '', passwordHash: 'x', quota: 0, at: 1 }).then(a => a!);
      ann = await made('ann@example.org');
      bob = await made('bob@example.org');
    });
    afterAll(() => engine.close(store));

    test('choices hold one of each kind about one thing, the last one made, and nobody else’s', async () => {
      const about = 'shop@example.net';
      await store.choices.set(ann.id, { kind: 'images', key: about, value: 'named', at: 1 });
      await store.choices.set(ann.id, { kind: 'images', key: about, value: 'checked', at: 2 });
      await store.choices.set(ann.id, { kind: 'version', key: about, value: 'text', at: 3 });
      expect(await store.choices.about(ann.id, [about, 'other@example.net'])).toEqual([
        { kind: 'images', key: about, value: 'checked', at: 2 },
        { kind: 'version', key: about, value: 'text', at: 3 },
      ]);
      expect(await store.choices.about(bob.id, [about])).toEqual([]);
      expect(await store.choices.about(ann.id, [])).toEqual([]);
      expect((await store.choices.list(ann.id, ['images'])).map(c => c.at)).toEqual([2]);
      expect((await store.choices.list(ann.id, ['images', 'version'])).map(c => c.kind)).toEqual(['version', 'images']);
      expect(await store.choices.remove(bob.id, 'images', about)).toBe(false);
      expect(await store.choices.remove(ann.id, 'images', about)).toBe(true);
      expect((await store.choices.about(ann.id, [about])).map(c => c.kind)).toEqual(['version']);
    });

    test('choices about a name of any length are found by it', async () => {
      const key = `${'long'.repeat(2_000)}\ud800`;
      await store.choices.set(bob.id, { kind: 'invitation', key, value: 'ACCEPTED', at: 5 });
      expect((await store.choices.about(bob.id, [key])).map(c => c.value)).toEqual(['ACCEPTED']);
    });

    test('choices keep the newest 5,000 of an account', async () => {
      // Many at a time, so that they share commits.
      for (let i = 0; i < 5_010; i += 501)
        await Promise.all(
          Array.from({ length: 501 }, (_, k) =>
            store.choices.set(bob.id, { kind: 'receipt', key: `m${i + k}`, value: 'sent', at: 100 + i + k }),
          ),
        );
      expect(await store.choices.about(bob.id, ['m9', 'm5009'])).toMatchObject([{ key: 'm5009' }]);
      expect(await store.choices.about(ann.id, ['shop@example.net'])).toHaveLength(1);
    });
  });
}
