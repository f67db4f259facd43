import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Deed } from '../daemon/mail/rules.ts';
import type { Account, Store } from '../daemon/store.ts';
import { acceptance, type Engine } from './store-contract.ts';

const day = 86_400_000;

/** What owners of addresses elsewhere say to mail being sent on there, on every engine. */
export function forwardContract(name: string, engine: Engine): void {
  describe(`forwards on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    let at = 100 * day;
    let n = 0;
    const nobody = { name: '', passwordHash: 'x', quota: 0 };
    beforeAll(async () => {
      store = await engine.open();
      const made = (address: string) =>
        store.accounts.create({ address, name: '', passwordHash: 'x', quota: 0, at: 1 });
      ann = (await made('ann@example.org'))!;
      bob = (await made('bob@example.org'))!;
    });
    afterAll(() => engine.close(store));

    const ask = async (account: Account, address: string, secret: string) => {
      const letter = acceptance(`letter ${++n}`, [{ kind: 'relay', address }], at, {});
      const asking = { accountId: account.id, address, secret, at, until: at + 7 * day };
      return (await store.forwardConsents.ask(asking, letter)).kind;
    };
    const stateOf = async (account: Account, address: string) =>
      (await store.forwardConsents.list(account.id)).find(c => c.address === address)?.state ?? null;
    const forward = (account: Account, ...forwards: string[]) =>
      store.accounts.set(account.id, { forwards, keepsCopy: true });
    const letters = async () => (await store.deliveries.list(100)).map(d => d.recipient);

    test('a letter and its link come together; its answer counts once, for its account and address alone', async () => {
      await forward(ann, 'Friend@far.test');
      expect(await ask(ann, 'Friend@far.test', 'one')).toBe('asked');
      expect(await letters()).toEqual(['Friend@far.test']);
      expect(await store.forwardConsents.granted(ann.id)).toEqual([]);
      const wish = { accountId: ann.id, account: 'ann@example.org', address: 'friend@far.test' };
      expect(await store.forwardConsents.find('one', at)).toEqual(wish);
      expect(await store.forwardConsents.find('two', at)).toBeNull();
      expect(await store.forwardConsents.answer('two', 'confirmed', at)).toBeNull();
      expect(await store.forwardConsents.answer('one', 'confirmed', at)).toEqual(wish);
      expect(await store.forwardConsents.granted(ann.id)).toEqual(['friend@far.test']);
      expect(await store.forwardConsents.granted(bob.id)).toEqual([]);
      expect(await store.forwardConsents.answer('one', 'refused', at)).toBeNull();
      expect(await stateOf(ann, 'friend@far.test')).toBe('confirmed');
      expect(await ask(ann, 'friend@far.test', 'again')).toBe('known');
    });

    test('a link holds for its time, and until the next one is written', async () => {
      await forward(bob, 'late@far.test');
      await ask(bob, 'late@far.test', 'first');
      expect(await store.forwardConsents.find('first', at + 7 * day)).toBeNull();
      expect(await store.forwardConsents.answer('first', 'confirmed', at + 7 * day)).toBeNull();
      await ask(bob, 'late@far.test', 'second');
      expect(await store.forwardConsents.find('first', at)).toBeNull();
      expect(await store.forwardConsents.find('second', at)).toMatchObject({ address: 'late@far.test' });
      await store.accounts.set(bob.id, { disabled: true });
      expect(await store.forwardConsents.answer('second', 'confirmed', at)).toBeNull();
      await store.accounts.set(bob.id, { disabled: false });
    });

    test('a no stands for that account, and nobody else', async () => {
      await forward(bob, 'late@far.test', 'friend@far.test');
      await ask(bob, 'friend@far.test', 'no');
      expect(await store.forwardConsents.answer('no', 'refused', at)).toMatchObject({ account: 'bob@example.org' });
      expect(await ask(bob, 'friend@far.test', 'please')).toBe('known');
      await forward(bob);
      expect([await stateOf(bob, 'friend@far.test'), await stateOf(ann, 'friend@far.test')]).toEqual([
        'refused',
        'confirmed',
      ]);
    });

    test('a yes ends with the last forward or rule that leads there', async () => {
      const to = { to: 'Friend@far.test', keep: true };
      const deed: Deed = { place: null, labels: [], read: false, star: false, forward: to, stop: false };
      const conditions = [{ field: 'subject' as const, test: 'contains' as const, text: 'x' }];
      const rule = { all: true, conditions, deed };
      const id = (await store.mailRules.save(ann.id, null, { name: '', active: false, rule }))!;
      await forward(ann);
      expect(await stateOf(ann, 'friend@far.test')).toBe('confirmed');
      await store.mailRules.remove(ann.id, id);
      expect(await store.forwardConsents.granted(ann.id)).toEqual([]);
      expect(await stateOf(ann, 'friend@far.test')).toBe('waiting');
    });

    test('letters have a limit, for an account and for an address, over a day', async () => {
      at += 2 * day;
      const cy = (await store.accounts.create({
        address: 'cy@example.org',
        name: '',
        passwordHash: 'x',
        quota: 0,
        at,
      }))!;
      for (let i = 0; i < 10; i++) expect(await ask(cy, `a${i}@far.test`, `cy${i}`)).toBe('asked');
      expect(await ask(cy, 'a10@far.test', 'cy10')).toBe('often');
      at += 2 * day;
      for (const [i, who] of [ann, bob, cy].entries()) expect(await ask(who, 'v@far.test', `v${i}`)).toBe('asked');
      const before = (await letters()).length;
      expect([await ask(ann, 'v@far.test', 'v3'), await ask(cy, 'V+tag@far.test', 'v4')]).toEqual(['often', 'often']);
      // A letter that was not written leaves the link of the last one.
      expect(await store.forwardConsents.find('v0', at)).not.toBeNull();
      expect((await letters()).length).toBe(before);
      at += day + 1;
      expect(await ask(ann, 'v@far.test', 'v5')).toBe('asked');
    });

    test('free asks nobody; waive frees those that are asked; sweep forgets who never answered', async () => {
      await forward(ann, 'here@example.org', 'v@far.test');
      await store.forwardConsents.free(ann.id, ['here@example.org'], at);
      expect(await store.forwardConsents.granted(ann.id)).toEqual(['here@example.org']);
      expect(await store.forwardConsents.waive(at)).toBeGreaterThan(0);
      expect(await store.forwardConsents.granted(ann.id)).toEqual(['here@example.org', 'v@far.test']);
      // What a no was said to stays so, and so does what nobody is asked about.
      expect([await stateOf(bob, 'friend@far.test'), await stateOf(ann, 'friend@far.test')]).toEqual([
        'refused',
        'waiting',
      ]);
      while ((await store.forwardConsents.sweep(at - day)) > 0);
      expect([await stateOf(bob, 'friend@far.test'), await stateOf(ann, 'friend@far.test')]).toEqual(['refused', null]);
    });

    test('what is sent on has a limit an hour; what is more goes into the mailbox, and that is told once', async () => {
      at += 10 * day;
      const dan = (await store.accounts.create({
        address: 'dan@example.org',
        name: '',
        passwordHash: 'x',
        quota: 0,
        at,
      }))!;
      const via = { accountId: dan.id, address: dan.address };
      const goals = ['a@far.test', 'b@far.test'].map(address => ({ kind: 'relay' as const, address, via }));
      const given = (title: string, perHour: number) =>
        store.accept(acceptance(title, goals, at, { forwardsPerHour: perHour }));
      const inbox = async () => (await store.folders.byRole(dan.id, 'inbox')).total;
      const told: string[] = [];
      // One that goes to two counts as two.
      for (const title of ['one', 'two', 'three', 'four']) told.push(...((await given(title, 3)).troubles ?? []));
      expect(told).toEqual(['mail of dan@example.org stays here: more than 3 an hour is to be sent on']);
      // Of the second one copy went; it is here too.
      expect([await inbox(), (await letters()).filter(to => to === 'b@far.test').length]).toEqual([3, 1]);
      expect(await store.forwardVolume.heldBack(dan.id)).toEqual({ since: at, last: at, count: 5 });
      expect(await store.forwardVolume.heldBack(bob.id)).toBeNull();
      at += 20 * 60_000;
      expect([(await given('one more', 3)).troubles, await inbox()]).toEqual([undefined, 4]);
      at += 3_600_000;
      expect([(await given('later', 3)).troubles, await inbox()]).toEqual([undefined, 4]);
      expect((await given('unbounded', 0)).troubles).toBeUndefined();
      expect(await inbox()).toBe(4);
    });

    test('a limit that divides no hour evenly lets so many go, and no more before the next has drained', async () => {
      at += 10 * day;
      const fay = (await store.accounts.create({ ...nobody, address: 'fay@example.org', at }))!;
      const via = { accountId: fay.id, address: fay.address };
      const goals = Array.from({ length: 15 }, (_, i) => ({ kind: 'relay' as const, address: `f${i}@far.test`, via }));
      const given = async (perHour: number) =>
        (await store.accept(acceptance(`fay ${perHour}`, goals, at, { forwardsPerHour: perHour }))).queued;
      for (const perHour of [7, 11, 13]) {
        at += 2 * 3_600_000;
        const isSpent = () => store.forwardVolume.isSpent(fay.id, { at, perHour });
        expect([await isSpent(), await given(perHour), await given(perHour)]).toEqual([false, perHour, 0]);
        expect([await isSpent(), await store.forwardVolume.isSpent(bob.id, { at, perHour })]).toEqual([true, false]);
        expect(await store.forwardVolume.isSpent(fay.id, { at, perHour: 0 })).toBe(false);
        at += Math.ceil(3_600_000 / perHour);
        expect(await isSpent()).toBe(false);
        expect(await given(perHour)).toBe(1);
      }
    });

    test('a clock that was set back starts it anew, and what stays is told again', async () => {
      at += 10 * day;
      const gil = (await store.accounts.create({ ...nobody, address: 'gil@example.org', at }))!;
      const via = { accountId: gil.id, address: gil.address };
      const given = async () =>
        await store.accept(
          acceptance('gil', [{ kind: 'relay', address: 'gil@far.test', via }], at, { forwardsPerHour: 1 }),
        );
      expect([(await given()).queued, (await given()).troubles?.length]).toEqual([1, 1]);
      at -= 5 * day;
      expect([(await given()).queued, (await given()).troubles?.length]).toEqual([1, 1]);
      expect(await store.forwardVolume.heldBack(gil.id)).toEqual({ since: at, last: at, count: 1 });
      at += 5 * day;
    });

    test('what rules send on counts with it, and stays in the Inbox when it is too much', async () => {
      at += 10 * day;
      const eve = (await store.accounts.create({
        address: 'eve@example.org',
        name: '',
        passwordHash: 'x',
        quota: 0,
        at,
      }))!;
      for (const to of ['x@far.test', 'y@far.test', 'y@far.test']) {
        const forward = { to, keep: false };
        const deed: Deed = { place: null, labels: [], read: false, star: false, forward, stop: false };
        const conditions = [{ field: 'subject' as const, test: 'contains' as const, text: 'on' }];
        await store.mailRules.save(eve.id, null, { name: '', active: true, rule: { all: true, conditions, deed } });
      }
      await store.forwardConsents.free(eve.id, ['x@far.test', 'y@far.test'], at);
      const box = { kind: 'mailbox' as const, accountId: eve.id, address: eve.address };
      const given = (title: string) => store.accept(acceptance(title, [box], at, { forwardsPerHour: 3 }));
      const totals = async () => [
        (await store.folders.byRole(eve.id, 'trash')).total,
        (await store.folders.byRole(eve.id, 'inbox')).total,
      ];
      await given('on one');
      expect(await totals()).toEqual([1, 0]);
      expect((await given('on two')).troubles).toHaveLength(1);
      expect([await totals(), (await letters()).filter(to => to === 'x@far.test').length]).toEqual([[1, 1], 2]);
    });

    test('where nobody is asked rules send on to whoever said no word, and to nobody who said no', async () => {
      const hal = (await store.accounts.create({ ...nobody, address: 'hal@example.org', at }))!;
      for (const to of ['unasked@far.test', 'unwilling@far.test']) {
        const forward = { to, keep: true };
        const deed: Deed = { place: null, labels: [], read: false, star: false, forward, stop: false };
        const conditions = [{ field: 'subject' as const, test: 'contains' as const, text: 'on' }];
        await store.mailRules.save(hal.id, null, { name: '', active: true, rule: { all: true, conditions, deed } });
      }
      await ask(hal, 'unwilling@far.test', 'hal');
      await store.forwardConsents.answer('hal', 'refused', at);
      expect(await store.forwardConsents.refused(hal.id)).toEqual(['unwilling@far.test']);
      const box = { kind: 'mailbox' as const, accountId: hal.id, address: hal.address };
      const given = async (title: string, forwardsFree?: boolean) =>
        (await store.accept(acceptance(title, [box], at, { forwardsFree }))).queued;
      expect([await given('on one'), await given('on two', false), await given('on three', true)]).toEqual([0, 0, 1]);
      expect((await letters()).at(-1)).toBe('unasked@far.test');
    });

    test('deliveries.settle leaves with an account what was sent on for it and not taken, once', async () => {
      const ian = (await store.accounts.create({ ...nobody, address: 'ian@example.org', at }))!;
      const via = { accountId: ian.id, address: ian.address };
      const sent = acceptance('ian', [{ kind: 'relay', address: 'gone@far.test', via }], at, {});
      const { contentId } = await store.accept(sent);
      const { id } = (await store.deliveries.list(1, 0, { recipient: 'gone@far.test' }))[0]!;
      const recipient = { address: ian.address, notify: null, orcpt: null };
      const recipients = [{ ...recipient, routes: [{ kind: 'mailbox' as const, ...via }] }];
      const stay = { contentId, accountId: ian.id, filing: { ...sent, receivedAt: at }, recipients };
      const outcome = { id, at, kind: 'failed' as const, reply: '550 5.1.1 Nobody', hop: null };
      expect((await store.deliveries.settle([outcome], [], [stay])).map(a => a.changed.length)).toEqual([1]);
      expect(await store.deliveries.settle([outcome], [], [stay])).toEqual([]);
      expect((await store.folders.byRole(ian.id, 'inbox')).total).toBe(1);
      expect((await store.content.read(contentId)).length).toBeGreaterThan(0);
    });

    test('nothing of it outlives its account', async () => {
      await store.accounts.remove(ann.id, at);
      expect(await store.forwardConsents.list(ann.id)).toEqual([]);
    });
  });
}
