import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account, Store } from '../daemon/store.ts';
import { fits } from './fits.ts';
import type { Engine } from './store-contract.ts';

const plain = { to: '', cc: '', bcc: '', subject: 's', text: 'said', relatedId: null, relation: null };
const file = (size: number) => ({ bytes: Buffer.alloc(size), file: null, size });

/** What drafts in markup and kept texts are, on every engine. */
export function writingContract(name: string, engine: Engine): void {
  describe(`writing on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    beforeAll(async () => {
      store = await engine.open();
      const account = async (address: string) =>
        (await store.accounts.create({ address, name: '', passwordHash: null, quota: 0, at: 1 }))!;
      ann = await account('ann@example.org');
      bob = await account('bob@example.org');
    });
    afterAll(() => engine.close(store));

    test('drafts keep markup beside text, give it up for plain text, and count its octets', async () => {
      const before = (await store.accounts.byId(ann.id))!.used;
      const html = '<p>säid</p>';
      const made = await fits(store.drafts.create(ann.id, { ...plain, html, wantsReceipt: true, important: true }, 1));
      expect(made).toMatchObject({ text: 'said', html, wantsReceipt: true, important: true });
      const used = () => store.accounts.byId(ann.id).then(a => a!.used - before);
      expect(await used()).toBe(5 + Buffer.byteLength(html));
      await store.accounts.recount(ann.id);
      expect(await used()).toBe(5 + Buffer.byteLength(html));
      const saved = await fits(store.drafts.save(ann.id, made.id, made.version, plain, 2));
      expect(saved).toMatchObject({ html: null, wantsReceipt: false, important: false });
      expect(await used()).toBe(5);
    });

    test('drafts.discard puts one aside, without its room and unseen, until it is restored or forgotten', async () => {
      const { drafts } = store;
      const account = (await store.accounts.byId(bob.id))!;
      const draft = await fits(drafts.create(bob.id, plain, 1));
      const named = { name: 'a', type: 'text/plain', content: file(30), at: 1 };
      await fits(drafts.attach(bob.id, draft.id, named));
      const used = async () => (await store.accounts.byId(bob.id))!.used - account.used;
      const counted = async () => (await store.folders.byRole(bob.id, 'drafts')).total;
      expect([await used(), await counted()]).toEqual([35, 1]);
      expect([await drafts.discard(ann.id, draft.id, 10), await drafts.discard(bob.id, draft.id, 10)]).toEqual([
        false,
        true,
      ]);
      expect(await drafts.discard(bob.id, draft.id, 11)).toBe(false);
      expect([await used(), await counted(), await drafts.list(bob.id)]).toEqual([0, 0, []]);
      expect(await drafts.get(bob.id, draft.id)).toBeNull();
      expect(await drafts.save(bob.id, draft.id, null, plain, 12)).toBeNull();
      expect(await drafts.attach(bob.id, draft.id, named)).toBeNull();
      expect((await store.accounts.recount(bob.id))!.used).toBe(account.used);
      await store.accounts.set(bob.id, { quota: account.used + 34 });
      expect(await drafts.restore(bob.id, draft.id)).toBe('no-room');
      await store.accounts.set(bob.id, { quota: 0 });
      expect([await drafts.restore(ann.id, draft.id), await drafts.restore(bob.id, draft.id)]).toEqual([
        'gone',
        'restored',
      ]);
      expect(await drafts.restore(bob.id, draft.id)).toBe('gone');
      expect([await used(), await counted()]).toEqual([35, 1]);
      expect((await drafts.get(bob.id, draft.id))?.uploads.length).toBe(1);
      await drafts.discard(bob.id, draft.id, 20);
      expect([await drafts.forget(20), await drafts.forget(21), await drafts.forget(21)]).toEqual([0, 1, 0]);
      expect([await drafts.restore(bob.id, draft.id), await used()]).toEqual(['gone', 0]);
    });

    test('drafts.attach takes a label once: markup that names it means one image', async () => {
      const draft = await fits(store.drafts.create(ann.id, plain, 1));
      const attach = (label: string) =>
        store.drafts.attach(ann.id, draft.id, { name: 'a.png', type: 'image/png', content: file(3), at: 1, label });
      expect(await attach('i-1')).toMatchObject({ label: 'i-1' });
      expect(await attach('i-1')).toBeNull();
      expect([await attach(''), await attach('')]).toMatchObject([{ label: '' }, { label: '' }]);
      expect((await store.drafts.get(ann.id, draft.id))?.uploads.length).toBe(3);
    });

    test('cannedReplies are one’s own, of one name each, and bounded', async () => {
      const { cannedReplies } = store;
      const fields = { name: 'Thanks', text: 'Thank you.', html: null };
      const made = await cannedReplies.save(ann.id, null, fields);
      expect(made).toMatchObject({ kind: 'saved', reply: fields });
      const id = made.kind === 'saved' ? made.reply.id : 0;
      expect(await cannedReplies.save(ann.id, null, { ...fields, name: 'THANKS' })).toEqual({ kind: 'name taken' });
      const better = { name: 'thanks', text: 'Thanks!', html: '<b>Thanks!</b>' };
      expect(await cannedReplies.save(ann.id, id, better)).toMatchObject({ kind: 'saved', reply: { id, ...better } });
      expect(await cannedReplies.save(bob.id, id, fields)).toEqual({ kind: 'gone' });
      expect([await cannedReplies.get(bob.id, id), await cannedReplies.list(bob.id)]).toEqual([null, []]);
      expect(await cannedReplies.remove(bob.id, id)).toBe(false);
      for (let n = 1; n < 100; n++) await cannedReplies.save(ann.id, null, { ...fields, name: `n${n}` });
      expect(await cannedReplies.save(ann.id, null, { ...fields, name: 'one more' })).toEqual({ kind: 'too many' });
      expect(await cannedReplies.remove(ann.id, id)).toBe(true);
      expect((await cannedReplies.list(ann.id)).length).toBe(99);
      expect((await cannedReplies.names(ann.id))[0]).toEqual({ id: expect.any(Number), name: 'n1' });
    });
  });
}
