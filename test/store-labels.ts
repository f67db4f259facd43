import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Query } from '../daemon/mail/search-query.ts';
import { type Account, Flag, type FolderRole, type Label, mostLabels, type Store } from '../daemon/store.ts';
import { untilIndexed } from './harness.ts';
import { acceptance, type Engine } from './store-contract.ts';

/** What every engine must hold of labels: they follow their messages, and their counts are right whatever happens. */
export function labelContract(name: string, engine: Engine): void {
  describe(`labels on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let accounts = 0;
    let clock = 1_700_000_000_000;
    beforeAll(async () => {
      store = await engine.open();
    });
    afterAll(() => engine.close(store));

    const account = async () =>
      (await store.accounts.create({
        address: `label${++accounts}@x.org`,
        name: '',
        passwordHash: null,
        quota: 0,
        at: 1,
      }))!;
    const folder = (role: FolderRole) => store.folders.byRole(ann.id, role);
    async function give(count: number): Promise<number[]> {
      const route = { kind: 'mailbox', accountId: ann.id, address: ann.address } as const;
      for (let i = 0; i < count; i++) await store.accept(acceptance(`letter ${i}`, [route], ++clock, {}));
      const { messages } = await store.messages.page(ann.id, (await folder('inbox')).id, count);
      return messages.map(m => m.id).toReversed();
    }
    async function begin(count: number): Promise<{ ids: number[]; work: Label; home: Label }> {
      ann = await account();
      const ids = await give(count);
      return { ids, work: await made('Work'), home: await made('home') };
    }
    async function made(label: string, of: Account = ann): Promise<Label> {
      const answer = await store.labels.create(of.id, { name: label, colour: 'blue' });
      if (typeof answer === 'string') throw new Error(answer);
      return answer;
    }
    const counts = async () => (await store.labels.list(ann.id)).map(l => [l.name, l.total, l.unread]);
    const labelsOf = async (id: number) => (await store.messages.get(ann.id, id))!.labels;
    /** Counting anew changes nothing: what was kept is what there is. */
    async function countsHold() {
      const kept = await counts();
      await store.accounts.recount(ann.id);
      expect(await counts()).toEqual(kept);
    }

    test('labels.create keeps names apart whatever their case, and ends at a hundred', async () => {
      await begin(0);
      expect(await store.labels.create(ann.id, { name: 'WORK', colour: 'red' })).toBe('taken');
      expect((await store.labels.list(ann.id)).map(l => l.name)).toEqual(['home', 'Work']);
      for (let i = 2; i < mostLabels; i++) await made(`label ${i}`);
      expect(await store.labels.create(ann.id, { name: 'one more', colour: 'red' })).toBe('full');
    });

    test('labels.put and take tell which messages were not so before, and keep the counts', async () => {
      const { ids, work, home } = await begin(3);
      await store.messages.setFlags(ann.id, ids.slice(0, 1), Flag.seen, 0);
      expect((await store.labels.put(ann.id, ids.slice(0, 2), work.id)).ids).toEqual(ids.slice(0, 2));
      const again = await store.labels.put(ann.id, ids, work.id);
      expect(again.ids).toEqual(ids.slice(2));
      expect(again.changed).toEqual([
        { accountId: ann.id, folderId: (await folder('inbox')).id, modseq: expect.any(Number) },
      ]);
      expect((await folder('inbox')).modseq).toBe(again.changed[0]!.modseq);
      await store.labels.put(ann.id, ids.slice(0, 1), home.id);
      expect(await labelsOf(ids[0]!)).toEqual([work.id, home.id].sort((a, b) => a - b));
      expect(await counts()).toEqual([
        ['home', 1, 0],
        ['Work', 3, 2],
      ]);
      expect((await store.labels.take(ann.id, ids, home.id)).ids).toEqual(ids.slice(0, 1));
      expect(await labelsOf(ids[0]!)).toEqual([work.id]);
      await countsHold();
    });

    test('labels stay through moves, and count neither in Trash nor in Junk; reading counts', async () => {
      const { ids, work } = await begin(4);
      await store.labels.put(ann.id, ids, work.id);
      await store.messages.move(ann.id, ids.slice(0, 1), (await folder('archive')).id);
      await store.messages.move(ann.id, ids.slice(1, 2), (await folder('trash')).id);
      await store.messages.move(ann.id, ids.slice(2, 3), (await folder('junk')).id);
      expect(await labelsOf(ids[1]!)).toEqual([work.id]);
      expect(await counts()).toEqual([
        ['home', 0, 0],
        ['Work', 2, 2],
      ]);
      await store.messages.setFlags(ann.id, ids, Flag.seen, 0);
      await store.messages.move(ann.id, ids.slice(1, 2), (await folder('inbox')).id);
      expect((await counts())[1]).toEqual(['Work', 3, 0]);
      await store.messages.remove(ann.id, ids.slice(0, 3));
      expect((await counts())[1]).toEqual(['Work', 1, 0]);
      await countsHold();
    });

    test('labels.among counts who of these has which', async () => {
      const { ids, work, home } = await begin(3);
      await store.labels.put(ann.id, ids.slice(0, 2), work.id);
      await store.labels.put(ann.id, ids.slice(1), home.id);
      expect(await store.labels.among(ann.id, ids.slice(0, 2))).toEqual(
        new Map([
          [work.id, 2],
          [home.id, 1],
        ]),
      );
      const bob = await account();
      expect(await store.labels.among(bob.id, ids)).toEqual(new Map());
    });

    test('labels.remove takes it from all its messages and leaves them', async () => {
      const { ids, work, home } = await begin(3);
      await store.labels.put(ann.id, ids, work.id);
      await store.labels.put(ann.id, ids, home.id);
      expect(await store.labels.change(ann.id, work.id, { name: 'HOME', colour: 'red' })).toBe('taken');
      expect(await store.labels.change(ann.id, work.id, { name: 'work', colour: 'red' })).toBe('changed');
      expect(await store.labels.remove(ann.id, work.id)).toBe(true);
      expect(await store.labels.remove(ann.id, work.id)).toBe(false);
      expect(await store.labels.change(ann.id, work.id, { name: 'x', colour: 'red' })).toBe('gone');
      expect(await labelsOf(ids[0]!)).toEqual([home.id]);
      expect(await counts()).toEqual([['home', 3, 3]]);
    });

    test('labels are nobody else’s to use, and go with their account', async () => {
      const { ids, work } = await begin(1);
      const bob = await account();
      const theirs = await made('Bob’s', bob);
      expect(await store.labels.put(ann.id, ids, theirs.id)).toEqual({ changed: [], ids: [] });
      expect(await store.labels.put(bob.id, ids, theirs.id)).toEqual({ changed: [], ids: [] });
      expect(await store.labels.change(bob.id, work.id, { name: 'Mine', colour: 'red' })).toBe('gone');
      expect(await store.labels.remove(bob.id, work.id)).toBe(false);
      await store.labels.put(ann.id, ids, work.id);
      expect(await store.accounts.remove(ann.id, 5)).toBe(true);
      expect(await store.labels.list(ann.id)).toEqual([]);
    });

    test('search.find finds by label, also among many, newest first, from page to page', async () => {
      const { ids, work, home } = await begin(620);
      await store.labels.put(ann.id, ids.slice(0, 610), work.id);
      await store.labels.put(ann.id, [ids[3]!, ids[619]!], home.id);
      await untilIndexed(store);
      const find = async (query: Query, limit = 1000, before: number | null = null) => {
        const found: number[] = [];
        for (let at = before, more = true; more && found.length < limit; ) {
          const page = await store.search.find(ann.id, query, Math.min(100, limit - found.length), at);
          found.push(...page.messages.map(m => m.id));
          at = page.next;
          more = at !== null;
        }
        return found;
      };
      const isWork: Query = { kind: 'label', id: work.id };
      const isHome: Query = { kind: 'label', id: home.id };
      expect(await find(isWork)).toEqual(ids.slice(0, 610).toReversed());
      expect(await find({ kind: 'and', of: [isWork, isHome] })).toEqual([ids[3]]);
      expect(await find({ kind: 'and', of: [isHome, { kind: 'not', of: isWork }] })).toEqual([ids[619]]);
      expect(await find({ kind: 'or', of: [isHome, isWork] }, 1)).toEqual([ids[619]]);
      const word: Query = { kind: 'words', in: 'subject', words: ['letter', '5'], begins: false };
      expect(await find({ kind: 'and', of: [isWork, word] })).toEqual([ids[5]]);
      const bob = await account();
      expect((await store.search.find(bob.id, isWork, 10)).messages).toEqual([]);
    });
  });
}
