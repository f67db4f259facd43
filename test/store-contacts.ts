import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account, ContactFields, Store } from '../daemon/store.ts';
import { fits } from './fits.ts';
import type { Engine } from './store-contract.ts';

const bo: ContactFields = {
  name: 'Bo Ek',
  addresses: [
    { label: 'work', address: 'bo.ek@firm.example' },
    { label: '', address: 'Bo@home.example' },
  ],
  note: 'likes tea',
  groups: ['Choir'],
  kept: ['TEL:+46 1', 'N:Ek;Bo;;;'],
};
const named = (name: string, ...addresses: string[]): ContactFields => ({
  ...{ name, note: '', groups: [], kept: [] },
  addresses: addresses.map(address => ({ label: '', address })),
});

/** Address books, on every engine. */
export function contactsContract(name: string, engine: Engine): void {
  describe(`contacts on ${name}`, () => {
    let store: Store;
    beforeAll(async () => {
      store = await engine.open();
    });
    afterAll(() => engine.close(store));

    let made = 0;
    const account = async (): Promise<Account> =>
      (await store.accounts.create({
        address: `c${++made}@example.org`,
        name: '',
        passwordHash: null,
        quota: 0,
        at: 1,
      }))!;
    const names = async (a: Account, text = '') =>
      (await store.contacts.page(a.id, { text, limit: 100 })).contacts.map(c => c.name);
    const offers = async (a: Account, text: string, limit = 8) =>
      (await store.correspondents.suggest(a.id, text, limit)).map(s =>
        s.kind === 'group' ? `[${s.name}]` : `${s.name} <${s.address}>`,
      );

    test('contacts.create and save keep all fields, and refuse a save by who saw an older one', async () => {
      const a = await account();
      const other = await account();
      const c = await store.contacts.create(a.id, 'u1', bo, 5);
      expect(c).toMatchObject({ ...bo, uid: 'u1', updatedAt: 5 });
      const saved = await store.contacts.save(
        a.id,
        c.id,
        c.modseq,
        { ...bo, name: 'Bo E.', groups: ['Work', 'Choir'] },
        6,
      );
      expect(saved).toMatchObject({ name: 'Bo E.', groups: ['Choir', 'Work'] });
      expect(saved!.modseq).toBeGreaterThan(c.modseq);
      expect(await store.contacts.save(a.id, c.id, c.modseq, bo, 7)).toBeNull();
      expect(await store.contacts.save(other.id, c.id, saved!.modseq, bo, 7)).toBeNull();
      expect(await store.contacts.some(other.id, [c.id])).toEqual([]);
      expect(await store.contacts.remove(other.id, [c.id], 8)).toBe(0);
    });

    test('contacts.page goes by name without regard to case and accents, in pages, by words and by group', async () => {
      const a = await account();
      for (const [i, n] of ['Zoë', 'anna', 'Åke', 'Bo Ek', 'BO Ahl'].entries())
        await store.contacts.create(a.id, `u${i}`, named(n, `p${i}@example.net`), 1);
      expect(await names(a)).toEqual(['Åke', 'anna', 'BO Ahl', 'Bo Ek', 'Zoë']);
      const first = await store.contacts.page(a.id, { limit: 2 });
      expect(first.contacts.map(c => c.name)).toEqual(['Åke', 'anna']);
      const second = await store.contacts.page(a.id, { limit: 3, after: first.next });
      expect(second).toMatchObject({ next: null, contacts: [{ name: 'BO Ahl' }, { name: 'Bo Ek' }, { name: 'Zoë' }] });
      expect(await names(a, 'bo ek')).toEqual(['Bo Ek']);
      expect(await names(a, 'zoe')).toEqual(['Zoë']);
      expect(await names(a, 'p3@exam')).toEqual(['Bo Ek']);
      expect(await names(a, '%')).toEqual([]);
      const [ake] = (await store.contacts.page(a.id, { limit: 1 })).contacts;
      await store.contacts.join(a.id, [ake!.id], 'Family', 2);
      const [family] = await store.contacts.groups(a.id);
      expect(family).toMatchObject({ name: 'Family', total: 1 });
      expect((await store.contacts.page(a.id, { groupId: family!.id, limit: 9 })).contacts).toMatchObject([
        { name: 'Åke' },
      ]);
    });

    test('contacts.remove can be taken back with all there was, until it is forgotten', async () => {
      const a = await account();
      const c = await store.contacts.create(a.id, 'u1', bo, 5);
      expect(await store.contacts.remove(a.id, [c.id], 10)).toBe(1);
      expect([await names(a), await offers(a, 'bo'), await store.contacts.count(a.id)]).toEqual([[], [], 0]);
      expect((await store.contacts.groups(a.id))[0]).toMatchObject({ name: 'Choir', total: 0 });
      expect(await store.contacts.restore(a.id, [c.id], 11)).toBe(1);
      expect(await store.contacts.restore(a.id, [c.id], 11)).toBe(0);
      expect(await store.contacts.some(a.id, [c.id])).toMatchObject([bo]);
      expect(await names(a, 'bo')).toEqual(['Bo Ek']);
      await store.contacts.remove(a.id, [c.id], 20);
      await store.contacts.forget(20);
      expect(await store.contacts.restore(a.id, [c.id], 21)).toBe(1);
      await store.contacts.remove(a.id, [c.id], 22);
      await store.contacts.forget(23);
      expect(await store.contacts.restore(a.id, [c.id], 24)).toBe(0);
    });

    test('contacts groups are renamed, left and removed without loss of their contacts', async () => {
      const a = await account();
      const other = await account();
      const c = await store.contacts.create(a.id, 'u1', { ...bo, groups: ['Choir', 'Work'] }, 5);
      const [choir, work] = await store.contacts.groups(a.id);
      expect(await store.contacts.renameGroup(a.id, choir!.id, 'WORK', 6)).toBe(false);
      expect(await store.contacts.renameGroup(other.id, choir!.id, 'X', 6)).toBe(false);
      expect(await store.contacts.renameGroup(a.id, choir!.id, 'Singers', 6)).toBe(true);
      expect(await offers(a, 'sing')).toEqual(['[Singers]']);
      await store.contacts.leave(other.id, [c.id], work!.id, 7);
      await store.contacts.leave(a.id, [c.id], work!.id, 7);
      expect(await store.contacts.some(a.id, [c.id])).toMatchObject([{ groups: ['Singers'] }]);
      expect(await store.contacts.removeGroup(other.id, choir!.id, 8)).toBe(false);
      expect(await store.contacts.removeGroup(a.id, choir!.id, 8)).toBe(true);
      const [left] = await store.contacts.some(a.id, [c.id]);
      expect(left).toMatchObject({ groups: [], name: 'Bo Ek' });
      expect(left!.modseq).toBeGreaterThan(c.modseq);
    });

    test('contacts.take makes one of cards it knows, and taking a file twice changes nothing', async () => {
      const a = await account();
      const card = { ...bo, uid: 'u1' };
      expect(await store.contacts.take(a.id, [card, { ...named('Cy', 'cy@x.example'), uid: 'u2' }], 1)).toEqual({
        added: 2,
        updated: 0,
      });
      expect(await store.contacts.take(a.id, [card, { ...named('Cy', 'cy@x.example'), uid: 'u3' }], 2)).toEqual({
        added: 0,
        updated: 0,
      });
      // The same person from another program: what was here stays, what is new joins it.
      const more = { ...named('bo ek', 'BO@home.example', 'new@x.example'), note: 'tall', uid: 'other' };
      expect(await store.contacts.take(a.id, [more], 3)).toEqual({ added: 0, updated: 1 });
      const found = (await store.contacts.page(a.id, { text: 'bo', limit: 9 })).contacts;
      expect(found).toMatchObject([{ name: 'Bo Ek', note: 'likes tea\ntall', groups: ['Choir'], kept: bo.kept }]);
      expect(found[0]!.addresses.map(x => x.address)).toEqual([
        'bo.ek@firm.example',
        'Bo@home.example',
        'new@x.example',
      ]);
      // A namesake with another address is somebody else.
      expect(await store.contacts.take(a.id, [{ ...named('Cy', 'cy@other.example'), uid: 'u9' }], 4)).toEqual({
        added: 1,
        updated: 0,
      });
    });

    test('correspondents.suggest offers by any word, whom one writes to most first, each address once', async () => {
      const a = await account();
      const other = await account();
      await store.contacts.create(a.id, 'u1', bo, 1);
      await store.correspondents.wroteTo(
        a.id,
        [
          { name: 'B. Ek', address: 'bo@HOME.example' },
          { name: '', address: 'boris@far.example' },
        ],
        2,
      );
      await store.correspondents.wroteTo(a.id, [{ name: 'Boris', address: 'boris@far.example' }], 3);
      await store.correspondents.wroteTo(a.id, [{ name: '', address: 'boris@far.example' }], 4);
      expect(await offers(a, 'bo')).toEqual([
        'Boris <boris@far.example>',
        'Bo Ek <Bo@home.example>',
        'Bo Ek <bo.ek@firm.example>',
      ]);
      expect(await offers(a, 'Ek b')).toEqual(['Bo Ek <Bo@home.example>', 'Bo Ek <bo.ek@firm.example>']);
      expect(await offers(a, 'bo.ek@f')).toEqual(['Bo Ek <bo.ek@firm.example>']);
      expect(await offers(a, 'cho')).toEqual(['[Choir]']);
      expect(await offers(a, 'bo', 1)).toEqual(['Boris <boris@far.example>']);
      expect([await offers(a, ''), await offers(a, '%'), await offers(other, 'bo')]).toEqual([[], [], []]);
      expect(await store.correspondents.page(a.id, null, 1)).toMatchObject([{ name: 'Boris', times: 3, lastAt: 4 }]);
      const [boris] = await store.correspondents.page(a.id, null, 1);
      expect((await store.correspondents.acquaintances(a.id)).map(p => p.address)).toContain('boris@far.example');
      expect(await store.correspondents.acquaintances(other.id)).not.toContainEqual(
        expect.objectContaining({ address: 'boris@far.example' }),
      );
      expect(await store.correspondents.forget(other.id, [boris!.id])).toBe(0);
      expect(await store.correspondents.forget(a.id, [boris!.id])).toBe(1);
      expect(await offers(a, 'boris')).toEqual([]);
    });

    test('identities are one to an address, one is the default, and a draft keeps which it is written as', async () => {
      const a = await account();
      const other = await account();
      const fields = { address: 'sales@x.example', name: 'Sales', replyTo: '', signature: 'S', isDefault: true };
      const sales = await store.identities.save(a.id, fields);
      await store.identities.save(a.id, { ...fields, address: 'info@x.example', name: 'Info' });
      expect((await store.identities.list(a.id)).map(i => [i.name, i.isDefault])).toEqual([
        ['Sales', false],
        ['Info', true],
      ]);
      expect(await store.identities.save(a.id, { ...fields, address: 'SALES@x.example', name: 'New' })).toMatchObject({
        id: sales!.id,
        name: 'New',
      });
      expect([await store.identities.remove(other.id, sales!.id), await store.identities.list(other.id)]).toEqual([
        false,
        [],
      ]);
      const empty = { to: '', cc: '', bcc: '', subject: '', text: '', relatedId: null, relation: null };
      const draft = await fits(store.drafts.create(a.id, { ...empty, from: 'info@x.example' }, 1));
      expect(draft.from).toBe('info@x.example');
      const saved = await fits(
        store.drafts.save(a.id, draft.id, draft.version, { ...empty, from: 'sales@x.example', to: 'T' }, 2),
      );
      expect(saved).toMatchObject({ from: 'sales@x.example', to: 'T', text: '' });
      expect(await store.identities.remove(a.id, sales!.id)).toBe(true);
    });

    test('accounts.remove takes the address book along', async () => {
      const a = await account();
      const c = await store.contacts.create(a.id, 'u1', bo, 1);
      await store.correspondents.wroteTo(a.id, [{ name: 'X', address: 'x@y.example' }], 2);
      await store.accounts.remove(a.id, 3);
      expect(await store.contacts.some(a.id, [c.id])).toEqual([]);
      expect([
        await offers(a, 'bo'),
        await store.contacts.groups(a.id),
        await store.correspondents.page(a.id, null, 9),
      ]).toEqual([[], [], []]);
    });
  });
}
