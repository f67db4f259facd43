import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account, SortWish, Store, Weight } from '../daemon/store.ts';
import { noSummary } from './acceptance.ts';
import { acceptance, type Engine } from './store-contract.ts';

/** What every engine must hold of a folder in another order, of who wrote its mail, and of what that takes. */
export function listContract(name: string, engine: Engine): void {
  describe(`lists on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    let ids: number[] = [];
    let inbox = 0;
    const names = ['Cy', 'ann', 'Bo', '', 'bo'];
    beforeAll(async () => {
      store = await engine.open();
      const made = async (who: string) =>
        (await store.accounts.create({ address: `${who}@x.org`, name: '', passwordHash: null, quota: 0, at: 1 }))!;
      [ann, bob] = [await made('ann'), await made('bob')];
      const route = { kind: 'mailbox', accountId: ann.id, address: ann.address } as const;
      for (const [i, fromName] of names.entries()) {
        const subject = `${i % 2 ? 'Re: ' : ''}Subject ${9 - i}`;
        const summary = { ...noSummary, subject, fromName, fromAddress: `${fromName || 'dee'}@Y.org` };
        await store.accept(acceptance('x'.repeat(i * 10), [route], 1000 + i, { summary }));
      }
      inbox = (await store.folders.byRole(ann.id, 'inbox')).id;
      ids = (await store.messages.page(ann.id, inbox, 10)).messages.map(m => m.id).toReversed();
    });
    afterAll(() => engine.close(store));

    async function order(wish: Pick<SortWish, 'by' | 'descending' | 'whole'>, of = ann): Promise<number[]> {
      const found: number[] = [];
      for (let after: SortWish['after'] = null, more = true; more; more = after !== null) {
        const page = await store.messages.sorted(of.id, inbox, { ...wish, limit: 2, after });
        found.push(...page.messages.map(m => ids.indexOf(m.id)));
        expect(page.conversations?.length ?? null).toBe(wish.whole ? page.messages.length : null);
        after = page.next;
      }
      return found;
    }

    test.each([
      // without a name the address counts; letter case does not, and equal ones come in the order they came
      ['from', false, [1, 2, 4, 0, 3]],
      ['from', true, [3, 0, 4, 2, 1]],
      ['subject', false, [4, 3, 2, 1, 0]],
      ['size', true, [4, 3, 2, 1, 0]],
      ['date', false, [0, 1, 2, 3, 4]],
      ['date', true, [4, 3, 2, 1, 0]],
    ] as const)('messages.sorted by %s, descending %s', async (by, descending, expected) => {
      expect(await order({ by, descending, whole: false })).toEqual(expected);
      expect(await order({ by, descending, whole: true })).toEqual(expected);
      expect(await order({ by, descending, whole: false }, bob)).toEqual([]);
    });

    test('messages.senders names each once, and nobody else’s', async () => {
      expect((await store.messages.senders(ann.id, ids)).toSorted()).toEqual([
        'ann@y.org',
        'bo@y.org',
        'cy@y.org',
        'dee@y.org',
      ]);
      expect(await store.messages.senders(bob.id, ids)).toEqual([]);
    });

    test('usage.weights meets every message once, slice by slice', async () => {
      await store.messages.move(ann.id, ids.slice(0, 1), (await store.folders.byRole(ann.id, 'archive')).id);
      const all: Weight[] = [];
      for (let some = await store.usage.weights(ann.id, 2); some.length > 0; ) {
        all.push(...some);
        some = await store.usage.weights(ann.id, 2, some.at(-1));
      }
      expect(all.map(w => w.id).toSorted((a, b) => a - b)).toEqual(ids);
      const { used } = (await store.accounts.byId(ann.id))!;
      expect(all.reduce((sum, w) => sum + w.size, 0)).toBe(used);
      const heavy = await store.usage.heavy(ann.id, ids);
      expect(heavy.map(m => ids.indexOf(m.id))).toEqual([4, 3, 2, 1, 0]);
      expect(heavy[0]).toMatchObject({ from: 'bo', folderId: inbox, receivedAt: 1004 });
      expect([await store.usage.weights(bob.id, 5), await store.usage.heavy(bob.id, ids)]).toEqual([[], []]);
    });
  });
}
