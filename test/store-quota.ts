import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, type Draft, Flag, type Store } from '../daemon/store.ts';
import { fits } from './fits.ts';
import { acceptance, type Engine } from './store-contract.ts';

const empty = { to: '', cc: '', bcc: '', subject: '', text: '', relatedId: null, relation: null };
const file = (size: number) => ({
  name: 'f',
  type: 'a/b',
  content: { bytes: Buffer.alloc(size), file: null, size },
  at: 1,
});

/** What counts against a quota, on every engine. */
export function quotaContract(name: string, engine: Engine): void {
  describe(`quota on ${name}`, () => {
    let store: Store;
    beforeAll(async () => {
      store = await engine.open();
    });
    afterAll(() => engine.close(store));

    let made = 0;
    const account = async (quota = 0): Promise<Account> =>
      (await store.accounts.create({ address: `q${++made}@example.org`, name: '', passwordHash: null, quota, at: 1 }))!;
    const used = async (a: Account) => (await store.accounts.byId(a.id))!.used;
    const give = (a: Account, subject: string, more = {}) =>
      store.accept(acceptance(subject, [{ kind: 'mailbox', accountId: a.id, address: a.address }], 5, more));
    const first = async (a: Account, role: 'inbox' | 'sent' | 'trash') => {
      const folder = await store.folders.byRole(a.id, role);
      return (await store.messages.page(a.id, folder.id, 100)).messages;
    };

    test('drafts and their uploads count, and what goes over the quota is not done', async () => {
      const a = await account(1000);
      const draft = await fits(store.drafts.create(a.id, { ...empty, text: 'é'.repeat(100) }, 1));
      expect(await used(a)).toBe(200);
      expect(await store.drafts.attach(a.id, draft.id, file(801))).toBe('no-room');
      const upload = await fits(store.drafts.attach(a.id, draft.id, file(800)));
      expect(await used(a)).toBe(1000);
      expect(await store.drafts.create(a.id, { ...empty, text: 'x' }, 1)).toBe('no-room');
      expect(await store.drafts.create(a.id, empty, 1)).not.toBe('no-room');
      expect(await store.drafts.save(a.id, draft.id, 1, { ...empty, text: 'x'.repeat(201) }, 2)).toBe('no-room');
      expect((await store.drafts.get(a.id, draft.id))?.text).toBe('é'.repeat(100));
      // A save by an older version is told so, whatever the room.
      expect(await store.drafts.save(a.id, draft.id, 9, { ...empty, text: 'x'.repeat(201) }, 2)).toBeNull();
      // Less is always possible, also where it is still too much.
      await store.accounts.set(a.id, { quota: 10 });
      expect(await store.drafts.save(a.id, draft.id, 1, { ...empty, text: 'x' }, 2)).toMatchObject({ version: 2 });
      await store.drafts.detach(a.id, draft.id, upload!.id);
      expect(await used(a)).toBe(1);
    });

    test('twenty uploads at once take the room there is, and no more', async () => {
      const a = await account(5_500);
      const draft = await fits(store.drafts.create(a.id, empty, 1));
      const uploads = await Promise.all(
        Array.from({ length: 20 }, () => store.drafts.attach(a.id, draft.id, file(1000))),
      );
      expect(uploads.filter(upload => upload !== 'no-room')).toHaveLength(5);
      expect(await used(a)).toBe(5000);
    });

    test('used is what is there, through every verb', { timeout: 60_000 }, async () => {
      type Step = (a: Account, pick: (n: number) => number) => Promise<unknown>;
      const draftOf = async (a: Account, pick: (n: number) => number): Promise<Draft | undefined> => {
        const all = await store.drafts.list(a.id);
        return all[pick(all.length)];
      };
      const steps: Record<string, Step> = {
        receive: (a, pick) => give(a, 'x'.repeat(pick(300))),
        flag: async a =>
          store.messages.setFlags(
            a.id,
            (await first(a, 'inbox')).map(m => m.id),
            Flag.seen,
            0,
          ),
        trash: async (a, pick) => {
          const trash = await store.folders.byRole(a.id, 'trash');
          await store.messages.move(
            a.id,
            (await first(a, 'inbox')).slice(pick(3)).map(m => m.id),
            trash.id,
          );
        },
        purge: async (a, pick) =>
          store.messages.remove(
            a.id,
            (await first(a, 'trash')).slice(pick(2)).map(m => m.id),
          ),
        update: async a =>
          store.messages.removeDrops(
            a.id,
            (await first(a, 'inbox')).slice(0, 2).map(m => m.id),
          ),
        write: (a, pick) =>
          store.drafts.create(a.id, { ...empty, subject: '\ud800ü'.repeat(pick(20)), text: 'a\0b' }, 1),
        save: async (a, pick) => {
          const d = await draftOf(a, pick);
          if (d) await store.drafts.save(a.id, d.id, null, { ...empty, to: '☃'.repeat(pick(99)) }, 1);
        },
        attach: async (a, pick) => {
          const d = await draftOf(a, pick);
          if (d) await store.drafts.attach(a.id, d.id, file(pick(500)));
        },
        detach: async (a, pick) => {
          const d = await draftOf(a, pick);
          if (d?.uploads[0]) await store.drafts.detach(a.id, d.id, d.uploads[0].id);
        },
        discard: async (a, pick) => {
          const d = await draftOf(a, pick);
          if (d) await store.drafts.remove(a.id, d.id);
        },
        send: async (a, pick) => {
          const d = await draftOf(a, pick);
          const more = { accountId: a.id, fileSent: true, origin: 'webmail', draftId: d?.id ?? null };
          await give(a, 'sent', { ...more, key: d ? `draft:${d.id}` : null });
        },
      };
      const runs = fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(1000)), {
        minLength: 30,
        maxLength: 60,
      });
      await fc.assert(
        fc.asyncProperty(runs, fc.constantFrom(0, 3000), async (chosen, quota) => {
          const a = await account(quota);
          for (const [step, n] of chosen) await steps[step]!(a, most => (most > 0 ? n % most : 0));
          const folders = await store.folders.list(a.id);
          const kept = await used(a);
          expect(await store.accounts.recount(a.id)).toEqual({ before: kept, used: kept });
          expect(await store.folders.list(a.id)).toEqual(folders);
          const drafts = await store.drafts.list(a.id);
          const uploads = drafts.flatMap(d => d.uploads).reduce((sum, u) => sum + u.size, 0);
          const typed = drafts.reduce((sum, d) => sum + Buffer.byteLength(d.to + d.subject + d.text), 0);
          const filed = (await Promise.all((['inbox', 'sent', 'trash'] as const).map(r => first(a, r)))).flat();
          expect(kept).toBe(uploads + typed + filed.reduce((sum, m) => sum + m.size, 0));
        }),
        { numRuns: 25 },
      );
    });

    test('accounts.recount knows no account that is not there', async () => {
      expect(await store.accounts.recount(999_999)).toBeNull();
    });

    test('a key of one giver hides nothing of another, and is forgotten by age', async () => {
      const [a, b] = [await account(), await account()];
      const keyed = (more: object) => give(a, 'keyed', { key: 'same', ...more });
      const givers = [
        { origin: 'webmail', accountId: a.id },
        { origin: 'webmail', accountId: b.id },
        { origin: 'fetcher', accountId: null },
        { origin: 'ourselves', accountId: null },
      ] as const;
      for (const giver of givers) {
        expect(await store.wasAccepted({ ...giver, key: 'same' })).toBe(false);
        expect((await keyed(giver)).duplicate).toBe(false);
        expect((await keyed(giver)).duplicate).toBe(true);
        expect(await store.wasAccepted({ ...giver, key: 'same' })).toBe(true);
      }
      expect(await store.forgetKeys(5, 5)).toBe(0);
      expect(await store.forgetKeys(6, 5)).toBeGreaterThanOrEqual(3);
      const known = await Promise.all(givers.map(giver => store.wasAccepted({ ...giver, key: 'same' })));
      expect(known).toEqual([false, false, true, false]);
      expect(await store.forgetKeys(6, 6)).toBe(1);
    });

    test('accounts.leaving names an account until its removal has come to its end', async () => {
      const a = await account();
      await give(a, 'left');
      expect(await store.accounts.leaving()).toEqual([]);
      await store.accounts.remove(a.id, 5);
      expect(await store.accounts.leaving()).toEqual([]);
    });
  });
}
