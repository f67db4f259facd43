import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Acceptance, Account, Route, Store } from '../daemon/store.ts';
import { Flag } from '../daemon/store.ts';
import { inMemory, noSummary, plainTerms, recipientAt } from './acceptance.ts';
import { fits } from './fits.ts';

/** What every engine of the store must hold. `open` makes an empty one; `reopen` closes it and opens it again. */
export type Engine = {
  open(): Promise<Store>;
  reopen(store: Store): Promise<Store>;
  close(store: Store): Promise<void>;
};

export function storeContract(name: string, engine: Engine): void {
  describe(`store on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    beforeAll(async () => {
      store = await engine.open();
      ann = (await store.accounts.create({
        address: 'ann@example.org',
        name: 'Ann',
        passwordHash: 'x',
        quota: 0,
        at: 1000,
      }))!;
      bob = (await store.accounts.create({
        address: 'bob@example.org',
        name: 'Bob',
        passwordHash: 'y',
        quota: 0,
        at: 1000,
      }))!;
    });
    afterAll(() => engine.close(store));

    let clock = 10_000;
    const inbox = async (a: Account) => (await store.folders.list(a.id))[0]!;
    const give = (subject: string, to: Account[], more: Partial<Acceptance> = {}) =>
      store.accept(
        acceptance(
          subject,
          to.map(a => ({ kind: 'mailbox', accountId: a.id, address: a.address })),
          ++clock,
          more,
        ),
      );

    test('accounts.set keeps where mail is forwarded, in order, and forgets it with an empty list', async () => {
      expect(await store.accounts.byId(bob.id)).toMatchObject({ forwards: [], keepsCopy: false });
      const forwards = ['x@far.example', '"a,b"@far.example'];
      await store.accounts.set(bob.id, { forwards, keepsCopy: true });
      expect(await store.accounts.byAddress('bob@example.org')).toMatchObject({ forwards, keepsCopy: true });
      expect((await store.accounts.byId(bob.id))?.readAfter).toBe(0);
      for (const readAfter of [5, null, 0]) {
        await store.accounts.set(bob.id, { readAfter });
        expect((await store.accounts.byId(bob.id))?.readAfter).toBe(readAfter);
      }
      await store.accounts.set(bob.id, { forwards: [], keepsCopy: false, swipes: false });
      expect((await store.accounts.byId(bob.id))?.swipes).toBe(false);
      expect(await store.accounts.byId(bob.id)).toMatchObject({ forwards: [], keepsCopy: false });
    });

    test('accounts.create gives an account its folders, and an address to one only', async () => {
      expect((await store.folders.list(ann.id)).map(f => f.role)).toEqual([
        'inbox',
        'drafts',
        'sent',
        'archive',
        'junk',
        'trash',
      ]);
      expect(
        await store.accounts.create({ address: 'ann@example.org', name: '', passwordHash: null, quota: 0, at: 1 }),
      ).toBeNull();
      const raced = await Promise.all(
        Array.from({ length: 50 }, () =>
          store.accounts.create({ address: 'race@example.org', name: '', passwordHash: null, quota: 0, at: 1 }),
        ),
      );
      expect(raced.filter(Boolean)).toHaveLength(1);
    });

    test('accounts.byAddress shows at once what was changed here', async () => {
      const address = 'eva@example.org';
      const eva = (await store.accounts.create({ address, name: 'Eva', passwordHash: null, quota: 0, at: 1 }))!;
      expect(await store.accounts.byAddress(address)).toMatchObject({ id: eva.id, disabled: false });
      await store.accounts.set(eva.id, { disabled: true });
      expect(await store.accounts.byAddress(address)).toMatchObject({ disabled: true });
      await store.accounts.set(eva.id, { quota: 10_000 });
      expect(await store.accounts.byAddress(address)).toMatchObject({ used: 0 });
      await give('for eva', [eva]);
      expect((await store.accounts.byAddress(address))!.used).toBeGreaterThan(0);
    });

    test('accounts.remove takes all mail along and keeps the address from re-use', async () => {
      const cy = (await store.accounts.create({
        address: 'cy@example.org',
        name: '',
        passwordHash: null,
        quota: 0,
        at: 1,
      }))!;
      const { contentId } = await give('for cy', [cy]);
      expect(await store.accounts.remove(cy.id, 5)).toBe(true);
      expect(await store.accounts.byAddress('cy@example.org')).toBeNull();
      expect(await store.accounts.isFree('cy@example.org')).toBe(false);
      expect(await store.content.get(contentId)).toBeNull();
    });

    test('accept files one content for many mailboxes, once for each', async () => {
      const { contentId, changed } = await give('to both', [ann, bob, ann]);
      expect(changed).toHaveLength(2);
      const [first] = (await store.messages.page(ann.id, (await inbox(ann)).id, 10)).messages;
      expect(first).toMatchObject({ subject: 'to both', contentId, flags: 0, fromAddress: 'eve@example.net' });
      expect(first!.prefix).toBe('Return-Path: <eve@example.net>\r\nDelivered-To: ann@example.org\r\n');
      expect(first!.size).toBe(first!.prefix.length + (await store.content.get(contentId))!.size);
    });

    test('accept files elsewhere, with fields of ours in front, where it is told so', async () => {
      const before = (await inbox(ann)).total;
      const filing = { role: 'junk' as const, fields: 'X-Note: y\r\n' };
      const { contentId } = await give('odd', [ann], { filing });
      const junk = (await store.folders.byRole(ann.id, 'junk'))!;
      const [message] = (await store.messages.page(ann.id, junk.id, 10)).messages;
      expect(message!.prefix).toMatch(/^Return-Path: .*\r\nDelivered-To: .*\r\nX-Note: y\r\n$/);
      expect(message!.size).toBe(message!.prefix.length + (await store.content.get(contentId))!.size);
      expect([junk.total, (await inbox(ann)).total]).toEqual([1, before]);
    });

    test('accept with a key takes each recipient once, however often it is given', async () => {
      const before = (await inbox(ann)).total;
      const first = await give('keyed', [ann], { key: 'k1' });
      const second = await give('keyed', [ann], { key: 'k1' });
      expect([first.duplicate, second.duplicate]).toEqual([false, true]);
      expect((await inbox(ann)).total).toBe(before + 1);
    });

    test('folders count what is in them, through flags, moves and removal', async () => {
      await give('one', [bob]);
      await give('two', [bob]);
      const folder = await inbox(bob);
      const [two, one] = (await store.messages.page(bob.id, folder.id, 2)).messages;
      expect([two!.subject, one!.subject]).toEqual(['two', 'one']);
      await store.messages.setFlags(bob.id, [one!.id], Flag.seen, 0);
      expect((await inbox(bob)).unread).toBe(folder.unread - 1);
      const trash = await store.folders.byRole(bob.id, 'trash');
      const changed = await store.messages.move(bob.id, [one!.id, two!.id], trash.id);
      expect(new Set(changed.map(c => c.folderId))).toEqual(new Set([folder.id, trash.id]));
      expect(await store.folders.byRole(bob.id, 'trash')).toMatchObject({ total: 2, unread: 1 });
      const used = (await store.accounts.byId(bob.id))!.used;
      await store.messages.remove(bob.id, [one!.id, two!.id]);
      expect(await store.folders.byRole(bob.id, 'trash')).toMatchObject({ total: 0, unread: 0 });
      expect((await store.accounts.byId(bob.id))!.used).toBe(used - one!.size - two!.size);
      expect(await store.content.get(one!.contentId)).toBeNull();
    });

    test('messages are found through their own account only', async () => {
      const [mine] = (await store.messages.page(ann.id, (await inbox(ann)).id, 1)).messages;
      expect(await store.messages.get(bob.id, mine!.id)).toBeNull();
      expect(await store.messages.drop(bob.id, mine!.id)).toBeNull();
      expect(await store.messages.setFlags(bob.id, [mine!.id], Flag.seen, 0)).toEqual([]);
      expect(await store.messages.remove(bob.id, [mine!.id])).toEqual([]);
      expect((await store.messages.page(bob.id, (await inbox(ann)).id, 1)).messages).toEqual([]);
      expect(await store.messages.get(ann.id, mine!.id)).toEqual(mine);
    });

    test('messages.page walks a folder by key, each message once', async () => {
      const dan = (await store.accounts.create({
        address: 'dan@example.org',
        name: '',
        passwordHash: null,
        quota: 0,
        at: 1,
      }))!;
      await Promise.all(Array.from({ length: 57 }, (_, i) => give(`n${i}`, [dan], { receivedAt: 500 })));
      const seen: number[] = [];
      let before = null;
      do {
        const page = await store.messages.page(dan.id, (await inbox(dan)).id, 10, before);
        seen.push(...page.messages.map(m => m.id));
        before = page.next;
      } while (before);
      expect(seen).toHaveLength(57);
      expect(new Set(seen).size).toBe(57);
      expect(await store.messages.neighbours(dan.id, seen[10]!)).toEqual({ newer: seen[9], older: seen[11] });
      expect((await store.messages.maildrop(dan.id)).map(d => d.id)).toEqual([...seen].reverse());
    });

    test.each([0, 1, 65_536, 65_537, 3_000_000])(
      'content of %i octets comes out as it went in, also by ranges',
      async size => {
        const bytes = Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, i) => (i * 7) % 251)));
        const writer = store.content.create();
        for (let i = 0; i < size; i += 10_000) await writer.write(bytes.subarray(i, i + 10_000));
        expect(await writer.read(Math.max(0, size - 10), size)).toEqual(bytes.subarray(Math.max(0, size - 10)));
        const content = await writer.finish();
        const { contentId } = await give('bytes', [ann], { content });
        expect((await store.content.read(contentId)).equals(bytes)).toBe(true);
        expect((await store.content.read(contentId, 5, 70_000)).equals(bytes.subarray(5, 70_000))).toBe(true);
        const before = await store.content.get(contentId);
        expect(before?.size).toBe(size);
        const [message] = (await store.messages.page(ann.id, (await inbox(ann)).id, 1)).messages;
        await store.messages.remove(ann.id, [message!.id]);
        expect(await store.content.get(contentId)).toBeNull();
      },
    );

    test('deliveries are claimed once, settled with their reports, and recovered after a crash', async () => {
      const remote: Route = { kind: 'relay', address: 'x@far.example' };
      const accepted = await store.accept(
        acceptance('away', [remote, { kind: 'relay', address: 'y@near.example' }], 100, { accountId: ann.id }),
      );
      expect(accepted.queued).toBe(2);
      expect(await store.deliveries.claim(50, 10, [])).toEqual([]);
      const [claimed] = await store.deliveries.claim(100, 10, ['near.example']);
      expect(claimed).toMatchObject({
        recipient: 'x@far.example',
        domain: 'far.example',
        state: 'sending',
        sender: 'eve@example.net',
      });
      expect(await store.deliveries.claim(100, 10, ['near.example'])).toEqual([]);
      expect(await store.deliveries.recover(200)).toBe(1);
      const again = await store.deliveries.claim(200, 10, []);
      expect(again.map(d => d.id)).toContain(claimed!.id);
      const report = acceptance('report', [{ kind: 'mailbox', accountId: ann.id, address: ann.address }], 300, {
        key: `bounce:${claimed!.id}`,
        reversePath: null,
      });
      const total = (await inbox(ann)).total;
      await store.deliveries.settle(
        [{ id: claimed!.id, at: 300, kind: 'failed', reply: '550 no', hop: 'mx' }],
        [report],
      );
      await store.deliveries.settle(
        [{ id: claimed!.id, at: 300, kind: 'failed', reply: '550 no', hop: 'mx' }],
        [report],
      );
      expect((await inbox(ann)).total).toBe(total + 1);
      const other = again.find(d => d.id !== claimed!.id)!;
      await store.deliveries.settle(
        [
          {
            id: other.id,
            at: 300,
            kind: 'later',
            reply: '451 wait',
            hop: null,
            nextAt: 900,
            reason: 'asked to wait',
            delayed: true,
          },
        ],
        [],
      );
      expect(await store.deliveries.list(10)).toMatchObject([
        { id: other.id, attempts: 1, nextAt: 900, lastReply: '451 wait', state: 'waiting', delayedAt: 300 },
      ]);
      expect(await store.deliveries.nextDue()).toBe(900);
      expect((await store.deliveries.timeline(accepted.contentId)).map(t => t.event)).toEqual([
        'accepted',
        'failed',
        'tried',
      ]);
      const step = { from: ['waiting', 'held'], at: 950, note: null, after: 0, limit: 10 } as const;
      const change = { kind: 'remove' } as const;
      await store.deliveries.change({ ...step, from: [...step.from], which: { ids: [other.id] }, change });
      expect(await store.content.get(accepted.contentId)).toBeNull();
    });

    test('messages.move puts nothing into Drafts, whose list and count know drafts only', async () => {
      await give('no draft', [bob]);
      const folder = await inbox(bob);
      const [first] = (await store.messages.page(bob.id, folder.id, 1)).messages;
      const drafts = await store.folders.byRole(bob.id, 'drafts');
      expect(await store.messages.move(bob.id, [first!.id], drafts.id)).toEqual([]);
      expect((await store.messages.get(bob.id, first!.id))?.folderId).toBe(folder.id);
      expect(await inbox(bob)).toEqual(folder);
    });

    test('drafts keep versions apart, hold uploads, and go when they are sent', async () => {
      const fields = { to: 'x@y.example', cc: '', bcc: '', subject: 's', text: 't', relatedId: null, relation: null };
      const draft = await fits(store.drafts.create(ann.id, fields, 1));
      const saved = await fits(store.drafts.save(ann.id, draft.id, draft.version, { ...fields, text: 'u' }, 2));
      expect(saved?.text).toBe('u');
      expect(await store.drafts.save(ann.id, draft.id, draft.version, fields, 3)).toBeNull();
      expect(await store.drafts.get(bob.id, draft.id)).toBeNull();
      const content = { bytes: Buffer.from('file'), file: null, size: 4 };
      const upload = await fits(
        store.drafts.attach(ann.id, draft.id, { name: 'a.txt', type: 'text/plain', content, at: 3 }),
      );
      expect((await store.drafts.get(ann.id, draft.id))?.uploads).toEqual([upload]);
      const named = { name: 'b.txt', type: 'text/plain', content, at: 3, key: 'b' };
      const second = await fits(store.drafts.attach(ann.id, draft.id, named));
      expect(second?.key).toBe('b');
      expect(await store.drafts.attach(ann.id, draft.id, named)).toBeNull();
      expect(await store.drafts.detach(bob.id, draft.id, second!.id)).toBe(false);
      expect(await store.drafts.detach(ann.id, draft.id, second!.id)).toBe(true);
      expect((await store.folders.byRole(ann.id, 'drafts')).total).toBe(1);
      await give('sent', [bob], {
        accountId: ann.id,
        draftId: draft.id,
        fileSent: true,
        key: 'draft:1',
        origin: 'webmail',
      });
      expect(await store.drafts.get(ann.id, draft.id)).toBeNull();
      expect(await store.content.get(upload!.contentId)).toBeNull();
      expect((await store.folders.byRole(ann.id, 'drafts')).total).toBe(0);
      expect((await store.folders.byRole(ann.id, 'sent')).total).toBe(1);
    });

    test('sessions are found by their secret until they expire or their account is disabled', async () => {
      await store.sessions.create('secret', { accountId: bob.id, at: 10, expiresAt: 100, address: '::1', agent: 'a' });
      expect(await store.sessions.find('secret', 50)).toMatchObject({ accountId: bob.id });
      expect(await store.sessions.find('secret', 100)).toBeNull();
      expect(await store.sessions.find('other', 50)).toBeNull();
      await store.accounts.set(bob.id, { disabled: true });
      expect(await store.sessions.find('secret', 50)).toBeNull();
      await store.accounts.set(bob.id, { disabled: false });
    });

    test('push subscriptions last as long as their session, and are told of each message once', async () => {
      await store.sessions.create('pushed', { accountId: bob.id, at: 10, expiresAt: 1000, address: '::1', agent: 'a' });
      const session = (await store.sessions.find('pushed', 50))!;
      await give('before', [bob]);
      const device = {
        ...{ accountId: bob.id, sessionId: session.id, endpoint: 'https://push.example/1', p256dh: 'k', auth: 's' },
        ...{ shows: 'sender' as const, language: 'en', at: 60 },
      };
      const { list, save, fresh, claim, failed, remove, accounts } = store.pushSubscriptions;
      await save(device);
      const [one] = await list(bob.id, 70);
      expect(one).toMatchObject(device);
      expect(await fresh(bob.id, one!.told)).toBe(null);
      await give('after', [bob]);
      await give('last', [bob]);
      const found = (await fresh(bob.id, one!.told))!;
      expect(found).toMatchObject({ count: 2, newest: { subject: 'last' } });
      expect([await claim(one!.id, found.newest.id), await claim(one!.id, found.newest.id)]).toEqual([true, false]);
      expect(await fresh(bob.id, (await list(bob.id, 70))[0]!.told)).toBe(null);
      // the same device again, and one too many: the oldest makes room
      const [at20] = await list(bob.id, 50);
      expect(at20).toMatchObject({ failingSince: null, failures: 0 });
      for (const at of [60, 70]) await failed(at20!.id, at);
      expect((await list(bob.id, 50))[0]).toMatchObject({ failingSince: 60, failures: 2 });
      await failed(at20!.id, null);
      expect((await list(bob.id, 50))[0]).toMatchObject({ failingSince: null, failures: 0 });
      for (let i = 20; i > 0; i--) await save({ ...device, endpoint: `https://push.example/${i}` });
      await save({ ...device, endpoint: 'https://push.example/21' });
      const endpoints = (await list(bob.id, 70)).map(s => s.endpoint.split('/').at(-1));
      expect([endpoints.length, endpoints[0], endpoints.includes('20')]).toEqual([20, '21', false]);
      expect(await remove(ann.id, (await list(bob.id, 70))[0]!.id)).toBe(false);
      expect(await remove(bob.id, (await list(bob.id, 70))[0]!.id)).toBe(true);
      expect(await accounts()).toEqual([bob.id]);
      expect(await list(bob.id, 1000)).toEqual([]);
      await store.sessions.remove('pushed');
      expect(await accounts()).toEqual([]);
    });

    test('fetched remembers by upstream', async () => {
      await store.fetched.remember('u@h:110', 'a', 5);
      await store.fetched.remember('u@h:110', 'a', 6);
      await store.fetched.deleted('u@h:110', ['a'], 7);
      expect(await store.fetched.known('u@h:110')).toEqual([{ uidl: 'a', at: 5, deletedAt: 7 }]);
      expect(await store.fetched.known('u@other:110')).toEqual([]);
      await store.fetched.forget('u@h:110', ['a']);
      expect(await store.fetched.known('u@h:110')).toEqual([]);
    });

    test('a failing write takes nothing along of those it shares a commit with', async () => {
      const total = (await inbox(ann)).total;
      const nobody: Route = { kind: 'mailbox', accountId: 999_999, address: 'ghost@example.org' };
      const results = await Promise.allSettled([
        give('a', [ann]),
        store.accept(acceptance('b', [nobody], 1, {})),
        give('c', [ann]),
      ]);
      expect(results.map(r => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((await inbox(ann)).total).toBe(total + 2);
    });

    test('everything is there again after it was closed and opened', async () => {
      const page = await store.messages.page(ann.id, (await inbox(ann)).id, 50);
      store = await engine.reopen(store);
      expect(await store.messages.page(ann.id, (await inbox(ann)).id, 50)).toEqual(page);
    });
  });
}

/** As from a peer, one recipient a route. */
export function acceptance(subject: string, routes: Route[], at: number, more: Partial<Acceptance>): Acceptance {
  const bytes = Buffer.from(`Subject: ${subject}\r\n\r\ntext\r\n`);
  return {
    ...plainTerms,
    ...inMemory(bytes),
    summary: {
      ...noSummary,
      subject,
      fromName: 'Eve',
      fromAddress: 'eve@example.net',
      to: 'Ann',
      date: at,
      snippet: 'text',
    },
    receivedAt: at,
    reversePath: 'eve@example.net',
    recipients: routes.map(recipientAt),
    ...more,
  };
}
