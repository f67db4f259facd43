import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Condition, Deed, Rule } from '../daemon/mail/rules.ts';
import { type Acceptance, type Account, Flag, type Folder, type Message, type Store } from '../daemon/store.ts';
import { acceptance, type Engine } from './store-contract.ts';

const nothing: Deed = { place: null, labels: [], read: false, star: false, forward: null, stop: false };
const ruleOf = (conditions: Condition[], deed: Partial<Deed>): Rule => ({
  all: true,
  conditions,
  deed: { ...nothing, ...deed },
});
const subject = (text: string): Condition[] => [{ field: 'subject', test: 'contains', text }];

/** What a mailbox's owner has done with mail as it comes, on every engine. */
export function sortingContract(name: string, engine: Engine): void {
  describe(`sorting on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    let clock = 10 * 86_400_000;
    beforeAll(async () => {
      store = await engine.open();
      const made = (address: string) =>
        store.accounts.create({ address, name: '', passwordHash: 'x', quota: 0, at: 1 });
      ann = (await made('ann@example.org'))!;
      bob = (await made('bob@example.org'))!;
    });
    afterAll(() => engine.close(store));

    const box = (accountId: number, address: string) => ({ kind: 'mailbox' as const, accountId, address });
    const give = (title: string, more: Partial<Acceptance> = {}) =>
      store.accept(acceptance(title, [box(ann.id, ann.address)], ++clock, more));
    /** With a header of its own. */
    const giveAs = (fields: string, more: Partial<Acceptance> = {}) => {
      const bytes = Buffer.from(`${fields.replaceAll('\n', '\r\n')}\r\n\r\ntext\r\n`);
      const title = /^Subject: (.*)$/m.exec(fields)?.[1] ?? '';
      const given = acceptance(title, [box(ann.id, ann.address)], ++clock, {
        content: { bytes, file: null, size: bytes.length },
        ...more,
      });
      return store.accept(given);
    };
    const where = async (title: string): Promise<{ folder: Folder; message: Message } | null> => {
      for (const folder of await store.folders.list(ann.id)) {
        const message = (await store.messages.page(ann.id, folder.id, 200)).messages.find(m => m.subject === title);
        if (message) return { folder, message };
      }
      return null;
    };
    const place = async (title: string) => {
      const found = await where(title);
      return found && `${found.folder.role ?? found.folder.name} ${found.message.flags}`;
    };
    const save = async (text: string, deed: Partial<Deed>) =>
      (await store.mailRules.save(ann.id, null, { name: text, active: true, rule: ruleOf(subject(text), deed) }))!;
    const errands = async () => (await store.deliveries.list(100)).filter(d => d.errand);
    /** Takes all of it out of the queue. */
    const drop = async () => {
      const all = { which: {}, from: ['held' as const], change: { kind: 'remove' as const }, at: 1, note: null };
      for (let after: number | null = 0; after !== null; )
        after = (await store.deliveries.change({ ...all, after, limit: 100 })).next;
    };

    test('an account that wants nothing sorted has nothing looked at', async () => {
      await give('plain');
      expect(await place('plain')).toBe('inbox 0');
      expect((await store.accounts.byId(ann.id))?.sorting).toBe(0);
    });

    test('mailRules file, mark and keep counts; a rule switched off, or of others, does nothing', async () => {
      const bills = (await store.folders.create(ann.id, 'Bills', clock))!;
      const work = await store.labels.create(ann.id, { name: 'Work', colour: 'blue' });
      const label = typeof work === 'string' ? 0 : work.id;
      // A label of nobody is passed over.
      const id = await save('bill', { place: { folder: bills.id }, star: true, labels: [label, 999] });
      await save('advert', { place: 'trash', read: true });
      expect((await store.accounts.byId(ann.id))?.sorting).toBe(1);
      const { changed } = await give('a bill');
      expect(changed).toEqual([{ accountId: ann.id, folderId: bills.id, modseq: expect.any(Number) }]);
      await give('an advert');
      expect([await place('a bill'), await place('an advert')]).toEqual([
        `Bills ${Flag.flagged}`,
        `trash ${Flag.seen}`,
      ]);
      expect(await store.folders.byId(ann.id, bills.id)).toMatchObject({ total: 1, unread: 1 });
      expect((await where('a bill'))?.message.labels).toEqual([label]);
      expect(await store.labels.list(ann.id)).toMatchObject([{ id: label, total: 1, unread: 1 }]);
      expect(await store.folders.byRole(ann.id, 'trash')).toMatchObject({ total: 1, unread: 0 });
      expect(await store.mailRules.setActive(bob.id, id, false)).toBe(false);
      expect(await store.mailRules.setActive(ann.id, id, false)).toBe(true);
      await give('another bill');
      expect(await place('another bill')).toBe('inbox 0');
    });

    test('mailRules are in an order that can be changed, by their owner only', async () => {
      for (const { id } of await store.mailRules.list(ann.id)) await store.mailRules.remove(ann.id, id);
      expect((await store.accounts.byId(ann.id))?.sorting).toBe(0);
      const [a, b, c] = [await save('a', {}), await save('b', {}), await save('c', {})];
      const order = async () => (await store.mailRules.list(ann.id)).map(r => r.name).join('');
      expect(await store.mailRules.shift(ann.id, c, 'up')).toBe(true);
      expect(await order()).toBe('acb');
      expect(await store.mailRules.shift(ann.id, a, 'up')).toBe(true);
      expect(await store.mailRules.shift(ann.id, b, 'down')).toBe(true);
      expect(await order()).toBe('acb');
      expect(await store.mailRules.shift(bob.id, a, 'down')).toBe(false);
      const fields = { name: 'z', active: true, rule: ruleOf(subject('z'), {}) };
      expect(await store.mailRules.save(bob.id, a, fields)).toBeNull();
      expect(await store.mailRules.save(ann.id, a, fields)).toBe(a);
      expect(await store.mailRules.remove(bob.id, a)).toBe(false);
      expect(await order()).toBe('zcb');
      for (const id of [a, b, c]) expect(await store.mailRules.remove(ann.id, id)).toBe(true);
    });

    test('mailRules are bounded', async () => {
      for (let i = 0; i < 100; i++) expect(await save(`rule ${i}`, {})).not.toBeNull();
      expect(await save('one more', {})).toBeNull();
      for (const { id } of await store.mailRules.list(ann.id)) await store.mailRules.remove(ann.id, id);
    });

    test('a rule whose folder is gone, or that cannot be read, leaves mail in the Inbox and says so', async () => {
      const folder = (await store.folders.create(ann.id, 'Gone', clock))!;
      const id = await save('lost', { place: { folder: folder.id }, star: true });
      await store.folders.remove(ann.id, folder.id);
      const { troubles } = await give('lost and found');
      expect([await place('lost and found'), troubles?.[0]]).toEqual([
        `inbox ${Flag.flagged}`,
        expect.stringMatching(/is gone/),
      ]);
      await store.mailRules.remove(ann.id, id);
      // A folder of somebody else is as good as none.
      const theirs = await store.folders.byRole(bob.id, 'archive');
      const other = await save('stray', { place: { folder: theirs.id } });
      await give('stray dog');
      expect(await place('stray dog')).toBe('inbox 0');
      await store.mailRules.remove(ann.id, other);
    });

    test('a forward of a rule is an errand of the same transaction; without a copy the own one lies in the trash', async () => {
      const keep = await save('copy', { forward: { to: 'x@far.example', keep: true } });
      const send = await save('pass', { forward: { to: 'y@far.example', keep: false } });
      await store.forwardConsents.free(ann.id, ['x@far.example', 'y@far.example'], clock);
      const { queued, contentId } = await give('copy me');
      await give('pass me');
      expect([queued, await place('copy me'), await place('pass me')]).toEqual([1, 'inbox 0', `trash ${Flag.seen}`]);
      const [first] = await errands();
      expect(first).toMatchObject({
        ...{ contentId, sender: 'eve@example.net', recipient: 'x@far.example', routed: false, accountId: null },
        ...{
          errand: { kind: 'forward', accountId: ann.id },
          acceptedAs: ann.address,
          fields: 'Delivered-To: ann@example.org\r\n',
        },
      });
      // What has been here already stays, and goes no further.
      const circle = await giveAs('Subject: pass again\nDelivered-To: Ann@example.org');
      expect([circle.queued, await place('pass again')]).toEqual([0, 'inbox 0']);
      expect((await give('pass on', { passed: 'Delivered-To: ann@example.org\r\n' })).queued).toBe(0);
      for (const id of [keep, send]) await store.mailRules.remove(ann.id, id);
      await drop();
    });

    test('a mailbox that sends all on keeps what it sent on before', async () => {
      const via = { accountId: bob.id, address: 'bob@example.org' };
      const routes = [{ kind: 'relay' as const, address: 'bob@far.example', via }];
      const first = await store.accept(acceptance('round', routes, ++clock, {}));
      const [sent] = await store.deliveries.list(10);
      expect([first.queued, sent?.fields]).toEqual([1, 'Delivered-To: bob@example.org\r\n']);
      const bytes = Buffer.from('Delivered-To: bob@example.org\r\nSubject: round\r\n\r\nback\r\n');
      const back = acceptance('round', routes, ++clock, { content: { bytes, file: null, size: bytes.length } });
      const second = await store.accept(back);
      expect([second.queued, second.changed.map(c => c.accountId)]).toEqual([0, [bob.id]]);
      await store.deliveries.settle([{ id: sent!.id, at: clock, kind: 'delivered', reply: '250 Ok', hop: 'x' }], []);
    });

    test('unwanted.block sends a sender, or a domain, to where it was said; of others nothing changes', async () => {
      const eve = (await store.unwanted.block(ann.id, 'Eve@example.net', 'junk', clock))!;
      await give('spam');
      await store.accept(acceptance('for bob', [box(bob.id, bob.address)], ++clock, {}));
      expect([await place('spam'), (await store.folders.byRole(bob.id, 'inbox')).unread > 0]).toEqual(['junk 0', true]);
      await store.unwanted.block(ann.id, 'eve@example.net', 'trash', clock);
      await give('more spam');
      expect(await place('more spam')).toBe(`trash ${Flag.seen}`);
      expect(await store.unwanted.unblock(bob.id, eve.id)).toBe(false);
      const [listed] = await store.unwanted.blocked(ann.id);
      expect([listed?.place, await store.unwanted.unblock(ann.id, listed!.id)]).toEqual(['trash', true]);
      await store.unwanted.block(ann.id, '@Example.NET', 'junk', clock);
      await give('whole domain');
      expect(await place('whole domain')).toBe('junk 0');
      expect(await store.unwanted.blocks(ann.id, 'zed@example.net')).toMatchObject({ address: '@Example.NET' });
      for (const { id } of await store.unwanted.blocked(ann.id)) await store.unwanted.unblock(ann.id, id);
      expect((await store.accounts.byId(ann.id))?.sorting).toBe(0);
    });

    test('unwanted.mute lets what follows pass the Inbox by, until it is undone', async () => {
      const summary = (title: string, id: string, to: string | null) => ({
        ...{ fromName: 'Eve', fromAddress: 'eve@example.net', to: 'Ann', date: clock, snippet: '', attachments: 0 },
        ...{ subject: title, messageId: id, inReplyTo: to, references: [] },
      });
      await give('loud', { summary: summary('loud', 'l1@x', null) });
      const { conversation } = (await where('loud'))!.message;
      await store.unwanted.mute(ann.id, conversation, clock);
      await give('Re: loud', { summary: summary('Re: loud', 'l2@x', 'l1@x') });
      await give('other', { summary: summary('other', 'o1@x', null) });
      expect([await place('Re: loud'), await place('other')]).toEqual([`archive ${Flag.seen}`, 'inbox 0']);
      expect(await store.unwanted.isMuted(bob.id, conversation)).toBe(false);
      const other = (await where('other'))!.message.conversation;
      await store.unwanted.mute(ann.id, other, clock + 1);
      const muted = async (limit: number) =>
        (await store.unwanted.muted(ann.id, limit)).map(({ at, newest }) => `${newest.subject} ${at - clock}`);
      expect(await muted(9)).toEqual(['other 1', `Re: loud ${-2}`]);
      expect(await muted(1)).toEqual(['other 1']);
      expect(await store.unwanted.muted(bob.id, 9)).toEqual([]);
      await store.unwanted.unmute(ann.id, other);
      expect(await store.unwanted.unmute(bob.id, conversation)).toBe(false);
      expect(await store.unwanted.unmute(ann.id, conversation)).toBe(true);
      await give('Re: Re: loud', { summary: summary('Re: Re: loud', 'l3@x', 'l2@x') });
      expect(await place('Re: Re: loud')).toBe('inbox 0');
    });

    test('unwanted.block to the Archive mutes a sender: rules are heeded, what would come into the Inbox passes it by', async () => {
      const muted = (await store.unwanted.block(ann.id, 'Eve@example.net', 'archive', clock))!;
      await give('muted');
      expect(await place('muted')).toBe(`archive ${Flag.seen}`);
      await save('invoice', { place: 'junk', star: true });
      await give('invoice of the muted');
      expect(await place('invoice of the muted')).toBe(`junk ${Flag.flagged}`);
      for (const { id } of await store.mailRules.list(ann.id)) await store.mailRules.remove(ann.id, id);
      expect(await store.unwanted.unblock(ann.id, muted.id)).toBe(true);
      await give('heard again');
      expect(await place('heard again')).toBe('inbox 0');
    });

    const away = {
      ...{ active: true, from: null, until: null, firstDay: '', lastDay: '', zone: 'UTC', subject: '' },
      ...{ text: 'I am away', ownText: '', everyDays: 7 },
    };
    const day = 86_400_000;
    const ask = (title: string, more: Partial<Acceptance> = {}, fields = 'To: ann@example.org') =>
      giveAs(`Subject: ${title}\n${fields}`, { reversePath: 'eve@example.net', ...more });
    const asks = async (title: string, more: Partial<Acceptance> = {}, fields?: string) =>
      (await ask(title, more, fields)).queued;

    test('vacations are answered once for each sender, in their time, as errands of the same transaction', async () => {
      await store.vacations.save(ann.id, { ...away, from: clock + day, until: clock + 20 * day });
      expect(await asks('too early')).toBe(0);
      clock += day;
      expect(await asks('first')).toBe(1);
      expect((await errands()).at(-1)).toMatchObject({
        ...{ sender: null, recipient: 'eve@example.net', notify: ['NEVER'], routed: false },
        errand: { kind: 'answer', accountId: ann.id },
      });
      expect(await place('first')).toBe('inbox 0');
      expect(await asks('second', { reversePath: 'EVE@example.net' })).toBe(0);
      expect(await asks('another', { reversePath: 'zed@example.net' })).toBe(1);
      expect(await asks('nobody', { reversePath: null })).toBe(0);
      expect(await asks('a list', {}, 'To: ann@example.org\nList-Id: <a.b>')).toBe(0);
      expect(await asks('to others', { reversePath: 'c@example.net' }, 'To: team@example.org')).toBe(0);
      // An alias that leads here and nowhere else is one of her names, one that others read too is not.
      const alias = { address: 'team@example.org', notify: null, orcpt: null, routes: [box(ann.id, ann.address)] };
      const group = { ...alias, routes: [...alias.routes, box(bob.id, bob.address)] };
      expect(await asks('group', { reversePath: 'd@example.net', recipients: [group] }, 'To: team@example.org')).toBe(
        0,
      );
      expect(await asks('alias', { reversePath: 'd@example.net', recipients: [alias] }, 'To: team@example.org')).toBe(
        1,
      );
      // Old mail that is fetched now is no question to somebody who is away.
      expect(
        await asks('old', {
          reversePath: 'f@example.net',
          summary: { ...acceptance('old', [], 1, {}).summary, date: 1 },
        }),
      ).toBe(0);
      clock += 7 * day;
      expect(await asks('a week later')).toBe(1);
      clock += 20 * day;
      expect(await asks('over', { reversePath: 'g@example.net' })).toBe(0);
    });

    test('vacations begin anew when they are saved, and end by the sweep', async () => {
      await store.vacations.save(ann.id, { ...away, until: clock + day });
      expect(await asks('again')).toBe(1);
      expect((await store.accounts.byId(ann.id))?.sorting).toBe(8);
      expect(await store.vacations.get(bob.id)).toBeNull();
      while ((await store.vacations.sweep(clock + day, clock + 90 * day)) > 0);
      expect(await store.vacations.get(ann.id)).toMatchObject({ active: false, text: 'I am away' });
      expect((await store.accounts.byId(ann.id))?.sorting).toBe(0);
      await store.vacations.save(ann.id, away);
      await store.vacations.end(ann.id);
      expect(await asks('off')).toBe(0);
    });

    test('vacations answer no flood, and nothing that goes to Junk', async () => {
      await store.vacations.save(ann.id, away);
      await store.unwanted.block(ann.id, '@spam.example', 'junk', clock);
      const summary = { ...acceptance('', [], clock, {}).summary, subject: 'blocked', fromAddress: 'x@spam.example' };
      expect(await asks('blocked', { summary, reversePath: 'x@spam.example' })).toBe(0);
      let answers = 0;
      for (let i = 0; i < 510; i++) answers += await asks('flood', { reversePath: `f${i}@made.example` });
      expect(answers).toBe(500);
      await store.vacations.end(ann.id);
      await drop();
    });

    test('heldSubmissions.answer ends a claimed errand together with the answer, once', async () => {
      await store.vacations.save(ann.id, away);
      await ask('errand');
      const [held] = await errands();
      const answer = acceptance('the answer', [box(bob.id, bob.address)], clock, {
        key: 'answer:1',
        origin: 'mediator',
      });
      expect(await store.heldSubmissions.answer(held!.id, answer)).toBeNull();
      const [claimed] = await store.deliveries.claimReleased(clock, 10);
      expect(claimed).toMatchObject({ id: held!.id, state: 'sending', errand: { kind: 'answer' } });
      const filed = await store.heldSubmissions.answer(held!.id, answer);
      expect(filed?.changed.map(c => c.accountId)).toEqual([bob.id]);
      expect(await store.heldSubmissions.answer(held!.id, answer)).toBeNull();
      expect(await errands()).toEqual([]);
      await store.vacations.end(ann.id);
    });

    test('a removed account leaves nothing of this behind', async () => {
      const cy = (await store.accounts.create({
        address: 'cy@example.org',
        name: '',
        passwordHash: 'x',
        quota: 0,
        at: 1,
      }))!;
      await store.mailRules.save(cy.id, null, { name: 'r', active: true, rule: ruleOf(subject('r'), {}) });
      await store.unwanted.block(cy.id, 'a@b.example', 'junk', 1);
      await store.unwanted.mute(cy.id, 1, 1);
      await store.vacations.save(cy.id, away);
      await store.accounts.remove(cy.id, 2);
      expect(await store.mailRules.list(cy.id)).toEqual([]);
      expect(await store.unwanted.blocked(cy.id)).toEqual([]);
      expect(await store.unwanted.isMuted(cy.id, 1)).toBe(false);
      expect(await store.vacations.get(cy.id)).toBeNull();
    });
  });
}
