import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type {
  Acceptance,
  AcceptedRecipient,
  Account,
  Hold,
  QueueChange,
  Slice,
  Store,
  Which,
} from '../daemon/store.ts';
import { inMemory, noSummary, plainTerms, recipientAt } from './acceptance.ts';
import type { Engine } from './store-contract.ts';

const held: Hold = { kind: 'operator', reason: 'held by a person', until: null };
const later = (until: number): Hold => ({ kind: 'future release', reason: 'later', until });

/** What every engine must hold of the queue: changes that leave alone what is under way, and held submissions. */
export function queueContract(name: string, engine: Engine): void {
  describe(`queue of the store on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    beforeAll(async () => {
      store = await engine.open();
      const make = (address: string) =>
        store.accounts.create({ address, name: '', passwordHash: null, quota: 0, at: 1 });
      ann = (await make('ann@us.test'))!;
      bob = (await make('bob@us.test'))!;
    });
    afterAll(() => engine.close(store));
    beforeEach(async () => {
      await store.deliveries.recover(1);
      await change({}, { kind: 'remove' });
    });

    const change = (which: Which, what: QueueChange, more: Partial<Slice> = {}) =>
      store.deliveries.change({
        ...{ which, change: what, from: ['waiting', 'held'], at: 500, note: null, after: 0, limit: 100 },
        ...more,
      });
    const accept = (to: string[], more: Partial<Acceptance> = {}) => store.accept(acceptance(to, more));
    const all = () => store.deliveries.list(100);
    const states = async () => (await all()).map(d => [d.recipient, d.state, d.holdKind]);

    test('domains tells what each has, what is pending, and who called last', async () => {
      const parked: Hold = { kind: 'suspended domain', reason: 'parked', until: null };
      const relay = (address: string, hold?: Hold) => ({
        ...{ address, notify: null, orcpt: null, routes: [{ kind: 'relay' as const, address, ...(hold && { hold }) }] },
      });
      const at = { receivedAt: 100 };
      await accept([], { ...at, recipients: [relay('a@one.test', parked), relay('b@one.test'), relay('c@two.test')] });
      const offLine: Hold = { kind: 'off line', reason: 'never', until: null };
      await accept([], { receivedAt: 50, recipients: [relay('d@one.test', parked)], hold: offLine });
      await accept([], { receivedAt: 200, recipients: [relay('e@two.test')], hold: held });
      const [first] = await all();
      const size = first!.size;
      expect(await store.domains.list()).toEqual([
        { domain: 'one.test', waiting: 1, sending: 0, held: 2, parked: 2, octets: 3 * size, oldest: 50 },
        { domain: 'two.test', waiting: 1, sending: 0, held: 1, parked: 0, octets: 2 * size, oldest: 100 },
      ]);
      expect(await store.domains.oldest()).toEqual([
        { domain: 'one.test', octets: 3 * size, oldest: 50 },
        { domain: 'two.test', octets: 2 * size, oldest: 100 },
      ]);
      expect(await store.domains.names()).toEqual(['one.test', 'two.test']);
      expect(await store.domains.pending('one.test', 10)).toEqual({ pending: 3, sending: false });
      expect(await store.domains.pending('one.test', 2)).toEqual({ pending: 2, sending: false });
      expect(await store.domains.pending('two.test', 10)).toEqual({ pending: 1, sending: false });
      expect(await store.domains.pending('none.test', 10)).toEqual({ pending: 0, sending: false });
      await store.deliveries.claim(1000, 1, ['two.test']);
      expect(await store.domains.pending('one.test', 10)).toEqual({ pending: 2, sending: true });
      const call = { domain: 'one.test', at: 1, verb: 'ETRN' as const, caller: '192.0.2.1', answer: '253 x' };
      await store.domains.noteCall(call);
      await store.domains.noteCall({ ...call, at: 2, verb: 'ATRN', answer: '250 y' });
      expect(await store.domains.calls()).toEqual([{ ...call, at: 2, verb: 'ATRN', answer: '250 y' }]);
    });

    test('release with a hold puts claimed ones back as they were parked, and settle parks what was tried', async () => {
      await accept(['x@one.test', 'y@one.test']);
      const parked: Hold = { kind: 'suspended domain', reason: 'parked', until: null };
      const ids = (await store.deliveries.claim(1000, 10, [])).map(d => d.id);
      await store.deliveries.release([ids[0]!], 7, '', parked);
      const reply = { reply: '450 Later', hop: 'h', nextAt: 8, reason: 'h answered', delayed: false };
      await store.deliveries.settle([{ id: ids[1]!, at: 8, kind: 'later', ...reply, hold: parked }], []);
      expect((await all()).map(d => [d.recipient, d.state, d.holdKind, d.reason, d.attempts, d.nextAt])).toEqual([
        ['x@one.test', 'held', 'suspended domain', 'parked', 0, 7],
        ['y@one.test', 'held', 'suspended domain', 'h answered', 1, 8],
      ]);
    });

    test('what a rule holds for a person is not parked for a domain that may be called for', async () => {
      const hold: Hold = { kind: 'suspended domain', reason: 'parked', until: null };
      const operator: Hold = { kind: 'operator', reason: 'a rule', until: null };
      const route = { kind: 'relay' as const, address: 'x@one.test', hold };
      await accept([], {
        recipients: [{ address: 'x@one.test', notify: null, orcpt: null, routes: [route] }],
        hold: operator,
      });
      expect((await all()).map(d => [d.state, d.holdKind, d.reason])).toEqual([['held', 'operator', 'a rule']]);
      expect(await store.domains.pending('one.test', 10)).toEqual({ pending: 0, sending: false });
    });

    test('change holds, lets go and removes, by each way to choose, and says so in the timeline', async () => {
      const { contentId } = await accept(['x@one.test', 'y@two.test']);
      await accept(['z@one.test'], { reversePath: null, accountId: bob.id });
      const note = { event: 'held' as const, detail: 'by a test' };
      const chosen: [Which, string[]][] = [
        [{}, ['x@one.test', 'y@two.test', 'z@one.test']],
        [{ domain: 'one.test' }, ['x@one.test', 'z@one.test']],
        [{ sender: 'EVE@far.test' }, ['x@one.test', 'y@two.test']],
        [{ sender: null }, ['z@one.test']],
        [{ recipient: 'Y@two.test' }, ['y@two.test']],
        [{ accountId: bob.id }, ['z@one.test']],
        [{ domain: 'one.test', sender: 'eve@far.test' }, ['x@one.test']],
        [{ domain: 'none.test' }, []],
      ];
      for (const [which, recipients] of chosen) {
        expect((await change(which, { kind: 'hold', hold: held })).changed).toHaveLength(recipients.length);
        const now = await store.deliveries.list(100, 0, { holdKind: 'operator' });
        expect(now.map(d => d.recipient)).toEqual(recipients);
        expect(await store.deliveries.claim(1000, 10, [])).toHaveLength(3 - recipients.length);
        await store.deliveries.recover(1);
        await change({ holdKind: 'operator' }, { kind: 'go on', at: 7 }, { from: ['held'] });
      }
      expect((await all()).map(d => [d.state, d.holdKind, d.reason])).toEqual(Array(3).fill(['waiting', null, '']));
      await change({ recipient: 'x@one.test' }, { kind: 'remove' }, { note });
      expect((await store.deliveries.timeline(contentId)).at(-1)).toMatchObject({ ...note, recipient: 'x@one.test' });
      await change({}, { kind: 'remove' });
      expect(await store.content.get(contentId)).toBeNull();
    });

    test('change leaves alone what is under way, and tells which', async () => {
      await accept(['x@one.test']);
      await accept(['y@two.test']);
      const [sending] = await store.deliveries.claim(1000, 1, []);
      for (const what of [{ kind: 'hold', hold: held }, { kind: 'remove' }, { kind: 'take' }] as QueueChange[]) {
        const done = await change({ ids: [sending!.id] }, what);
        expect(done).toEqual({ changed: [], sending: [sending!.id], next: null });
      }
      expect(await states()).toEqual([
        ['x@one.test', 'sending', null],
        ['y@two.test', 'waiting', null],
      ]);
      await store.deliveries.release([sending!.id, (await all())[1]!.id], 77, 'given back');
      expect((await all()).map(d => d.reason)).toEqual(['given back', '']);
    });

    test('what a person held stays held when its bounce does not come about', async () => {
      await accept(['x@one.test'], { hold: held });
      await accept(['y@one.test'], { hold: later(300), accountId: ann.id });
      await change({ recipient: 'y@one.test' }, { kind: 'hold', hold: held });
      const lies = async () => (await all()).map(d => [d.state, d.holdKind, d.reason]);
      const before = await lies();
      for (const givenBack of ['by a crash', 'by us']) {
        const { changed } = await change({}, { kind: 'take' });
        expect(changed).toHaveLength(2);
        if (givenBack === 'by us') await store.deliveries.release(changed, 5, 'another reason');
        else await store.deliveries.recover(5);
        expect([givenBack, await lies()]).toEqual([givenBack, before]);
      }
      expect(await store.deliveries.claim(9999, 10, [])).toEqual([]);
    });

    test('change holds an unrouted one and lets it go to its time, which a second go on makes now', async () => {
      await accept(['x@one.test'], { hold: later(300), accountId: ann.id });
      await change({}, { kind: 'hold', hold: held });
      expect(await store.deliveries.nextRelease()).toBeNull();
      await change({}, { kind: 'go on', at: 7 });
      expect(await store.deliveries.nextRelease()).toBe(300);
      await change({}, { kind: 'go on', at: 7 });
      expect(await store.deliveries.nextRelease()).toBe(7);
    });

    test('change goes slice by slice to the end', async () => {
      for (let i = 0; i < 5; i++) await accept([`r${i}@one.test`]);
      const done: number[][] = [];
      for (let after: number | null = 0; after !== null; ) {
        const slice = await change({}, { kind: 'hold', hold: held }, { after, limit: 2 });
        done.push(slice.changed);
        after = slice.next;
      }
      expect(done.map(ids => ids.length)).toEqual([2, 2, 1]);
      expect(await store.deliveries.count()).toEqual({ waiting: 0, sending: 0, held: 5, holds: { operator: 5 } });
    });

    test('claimReleased takes submissions whose time has come, each as a whole, and after a crash again', async () => {
      await accept(['ann@us.test', 'x@far.test'], { hold: later(300), accountId: ann.id });
      await accept(['y@far.test'], { hold: later(300), accountId: ann.id });
      await accept(['z@far.test'], { hold: later(900), accountId: ann.id });
      expect(await store.deliveries.nextDue()).toBeNull();
      expect(await store.deliveries.nextRelease()).toBe(300);
      expect(await store.deliveries.claim(9999, 10, [])).toEqual([]);
      expect(await store.deliveries.claimReleased(299, 10)).toEqual([]);
      const [first, second] = await store.deliveries.claimReleased(300, 1);
      expect([first, second].map(d => [d?.recipient, d?.routed, d?.state])).toEqual([
        ['ann@us.test', false, 'sending'],
        ['x@far.test', false, 'sending'],
      ]);
      await store.deliveries.recover(301);
      expect(await store.deliveries.claimReleased(301, 10)).toHaveLength(3);
      await store.deliveries.release([first!.id], 400, 'wait');
      expect((await all())[0]).toMatchObject({ state: 'held', holdKind: 'future release', nextAt: 400, routed: false });
    });

    test('heldSubmissions.file makes messages and deliveries of what was claimed, once', async () => {
      const { contentId } = await accept(['ann@us.test', 'x@far.test'], { hold: later(300), accountId: ann.id });
      const claimed = await store.deliveries.claimReleased(300, 10);
      const routes: AcceptedRecipient['routes'][] = [
        [{ kind: 'mailbox', accountId: ann.id, address: 'ann@us.test' }],
        [{ kind: 'relay', address: 'x@far.test' }],
      ];
      const recipients = claimed.map((d, i) => ({
        address: d.recipient,
        notify: null,
        orcpt: null,
        routes: routes[i]!,
      }));
      const filing = { ...acceptance([], { receivedAt: 310 }), content: { size: 10 } };
      const release = { ids: claimed.map(d => d.id), contentId, filing, recipients };
      const inbox = async () => (await store.folders.byRole(ann.id, 'inbox')).total;
      const before = await inbox();
      expect(await store.heldSubmissions.file(release, [])).toMatchObject({
        queued: 1,
        changed: [{ accountId: ann.id }],
      });
      expect(await inbox()).toBe(before + 1);
      expect(await all()).toMatchObject([{ recipient: 'x@far.test', state: 'waiting', routed: true, since: 310 }]);
      await expect(store.heldSubmissions.file(release, [])).rejects.toThrow();
      expect(await inbox()).toBe(before + 1);
      const events = (await store.deliveries.timeline(contentId)).map(s => s.event);
      expect(events).toEqual(['accepted', 'held', 'routed', 'routed']);
    });

    test('heldSubmissions are withdrawn, put off and sent by their author, as a whole, while they are held', async () => {
      const submit = async () =>
        (await accept(['x@far.test', 'y@far.test'], { hold: later(300), accountId: ann.id })).contentId;
      const s = store.heldSubmissions;
      const first = await submit();
      expect(await s.until(ann.id, first)).toBe(300);
      expect(await s.until(bob.id, first)).toBeNull();
      expect(await s.withdraw(bob.id, first)).toEqual({ kind: 'gone' });
      expect(await s.reschedule(ann.id, first, 800, 'until 800')).toEqual({ kind: 'done', deliveries: 2 });
      expect(await store.deliveries.claimReleased(799, 10)).toEqual([]);
      expect(await s.release(ann.id, first, 5)).toEqual({ kind: 'done', deliveries: 2 });
      const claimed = await store.deliveries.claimReleased(5, 10);
      expect(claimed).toHaveLength(2);
      // The queue came first: the author is told.
      for (const lost of [s.withdraw(ann.id, first), s.reschedule(ann.id, first, 9, ''), s.release(ann.id, first, 9)])
        expect(await lost).toEqual({ kind: 'under way' });
      expect(await states()).toEqual(
        [
          ['x@far.test', 'sending', null],
          ['y@far.test', 'sending', null],
        ].map(([r, state]) => [r, state, 'future release']),
      );
      await store.deliveries.recover(5);
      // One of them is held by a person now: it is no more the author's.
      await change({ recipient: 'y@far.test' }, { kind: 'hold', hold: held });
      expect(await s.withdraw(ann.id, first)).toEqual({ kind: 'under way' });
      const second = await submit();
      expect(await s.withdraw(ann.id, second)).toEqual({ kind: 'done', deliveries: 2 });
      expect(await store.content.get(second)).toBeNull();
      expect(await s.withdraw(ann.id, second)).toEqual({ kind: 'gone' });
    });

    test('heldSubmissions.withdraw and the queue never both have it', async () => {
      for (let i = 0; i < 20; i++) {
        const { contentId } = await accept(['x@far.test'], { hold: later(300), accountId: ann.id });
        const [claimed, withdrawn] = await Promise.all([
          store.deliveries.claimReleased(300, 10),
          store.heldSubmissions.withdraw(ann.id, contentId),
        ]);
        expect(claimed.length === 1).toBe(withdrawn.kind === 'under way');
        await store.deliveries.recover(1);
        await change({}, { kind: 'remove' });
      }
    });

    test('accept with reports writes both, or neither where the mail was here before', async () => {
      const inbox = async () => (await store.folders.byRole(bob.id, 'inbox')).total;
      const before = await inbox();
      const report = acceptance([], { key: 'delivered:k', reversePath: null });
      report.recipients.push({
        ...{ address: bob.address, notify: null, orcpt: null },
        routes: [{ kind: 'mailbox', accountId: bob.id, address: bob.address }],
      });
      const mail = acceptance(['x@far.test'], { key: 'k' });
      expect(await store.accept(mail, [report])).toMatchObject({ duplicate: false, changed: [{ accountId: bob.id }] });
      expect(await store.accept(mail, [{ ...report, key: 'another' }])).toMatchObject({ duplicate: true, changed: [] });
      expect(await inbox()).toBe(before + 1);
    });

    test('accept takes SUCCESS off a recipient that became several (RFC 3461 §5.2.7.3)', async () => {
      const several = (address: string, notify: AcceptedRecipient['notify']): AcceptedRecipient => ({
        ...{ address, notify, orcpt: null },
        routes: [1, 2].map(n => ({ kind: 'relay', address: `${n}-${address}` })),
      });
      const one = { ...several('c@x.test', ['SUCCESS']), routes: [{ kind: 'relay' as const, address: 'c@y.test' }] };
      const recipients = [several('a@x.test', ['SUCCESS', 'FAILURE']), several('b@x.test', ['SUCCESS']), one];
      await store.accept({ ...acceptance([]), recipients });
      expect((await all()).map(d => [d.recipient, d.notify, d.acceptedAs])).toEqual([
        ['1-a@x.test', ['FAILURE'], 'a@x.test'],
        ['2-a@x.test', ['FAILURE'], 'a@x.test'],
        ['1-b@x.test', ['NEVER'], 'b@x.test'],
        ['2-b@x.test', ['NEVER'], 'b@x.test'],
        ['c@y.test', ['SUCCESS'], 'c@x.test'],
      ]);
    });

    test('accept knows a delivery as it was accepted, only where it leads elsewhere', async () => {
      const to = (address: string, route: string, orcpt: string | null = null): AcceptedRecipient => ({
        ...{ address, notify: null, orcpt },
        routes: [{ kind: 'relay', address: route }],
      });
      const recipients = [to('A@x.test', 'a@x.test'), to('b@x.test', 'b@y.test', 'rfc822;old@z.test')];
      await store.accept({ ...acceptance([]), recipients });
      expect((await all()).map(d => [d.recipient, d.acceptedAs, d.orcpt])).toEqual([
        ['a@x.test', null, null],
        ['b@y.test', 'b@x.test', 'rfc822;old@z.test'],
      ]);
    });

    test('bringForward makes due sooner what was put far away, so many at a time', async () => {
      for (let i = 0; i < 3; i++) await accept([`r${i}@one.test`], { receivedAt: 1_000_000 });
      expect(await store.deliveries.bringForward(5000, 4000, 2)).toBe(2);
      expect(await store.deliveries.bringForward(5000, 4000, 2)).toBe(1);
      expect((await all()).map(d => d.nextAt)).toEqual([4000, 4000, 4000]);
    });
  });
}

/** Held where there is a hold with a time, as the door does it; else away. */
function acceptance(to: string[], more: Partial<Acceptance> = {}): Acceptance {
  const bytes = Buffer.from('Subject: q\r\n\r\ntext\r\n');
  const later = more.hold?.kind === 'future release';
  return {
    ...plainTerms,
    ...inMemory(bytes),
    summary: { ...noSummary, subject: 'q', fromAddress: 'eve@far.test' },
    receivedAt: 100,
    origin: 'submitter',
    reversePath: 'eve@far.test',
    recipients: to.map(address => recipientAt(later ? { kind: 'held', address } : { kind: 'relay', address })),
    ...more,
  };
}
