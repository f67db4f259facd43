import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Acceptance, type Account, Flag, type QueueChange, type Route, type Store } from '../daemon/store.ts';
import { inMemory, noSummary, plainTerms, recipientAt } from './acceptance.ts';
import { fits } from './fits.ts';
import type { Engine } from './store-contract.ts';

const file = {
  name: 'plan.txt',
  type: 'text/plain',
  content: { bytes: Buffer.from('plan'), file: null, size: 4 },
  at: 1,
};
const fields = { to: 'Zoe <zoe@far.test>', cc: '', bcc: '', subject: 'Saturday', text: 'At ten?', relatedId: null };

/** What a draft is while its submission is held, and what it becomes, on every engine. */
export function heldContract(name: string, engine: Engine): void {
  describe(`held drafts on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    beforeAll(async () => {
      store = await engine.open();
      const make = async (address: string) =>
        (await store.accounts.create({ address, name: '', passwordHash: null, quota: 0, at: 1 }))!;
      ann = await make('ann@us.test');
      bob = await make('bob@us.test');
    });
    afterAll(() => engine.close(store));

    const draft = async (more: { relatedId?: number; relation?: 'reply' } = {}) => {
      const made = await fits(store.drafts.create(ann.id, { ...fields, relation: null, ...more }, 1));
      await store.drafts.attach(ann.id, made.id, file);
      return made.id;
    };
    const bytes = Buffer.from('Subject: Saturday\r\n\r\nAt ten?\r\n');
    const terms = (more: Partial<Acceptance>): Acceptance => ({
      ...plainTerms,
      ...inMemory(bytes),
      summary: { ...noSummary, subject: 'Saturday', fromAddress: ann.address },
      ...{ origin: 'webmail', accountId: ann.id, fileSent: true, reversePath: ann.address, receivedAt: 100 },
      ...more,
    });
    const submit = async (draftId: number, to = ['zoe@far.test'], more: Partial<Acceptance> = {}) => {
      const { round } = (await store.drafts.get(ann.id, draftId))!;
      return await store.accept(
        terms({
          draftId,
          key: `draft:${draftId}:${round}`,
          hold: { kind: 'future release', reason: 'later', until: 300 },
          recipients: to.map(address => recipientAt({ kind: 'held', address })),
          ...more,
        }),
      );
    };
    const release = async (contentId: number, routes: Route[]) => {
      const claimed = await store.deliveries.claimReleased(300, 10);
      const recipients = claimed.map((d, i) => ({
        address: d.recipient,
        notify: null,
        orcpt: null,
        routes: [routes[i]!],
      }));
      const filing = { ...terms({ receivedAt: 310 }), content: { size: bytes.length } };
      return await store.heldSubmissions.file({ ids: claimed.map(d => d.id), contentId, filing, recipients }, []);
    };
    const away: Route = { kind: 'relay', address: 'zoe@far.test' };
    const totals = async () => {
      const folders = await store.folders.list(ann.id);
      return Object.fromEntries(folders.map(f => [f.role, f.total]));
    };
    const counted = async () => {
      const { before, used } = (await store.accounts.recount(ann.id))!;
      expect(before).toBe(used);
      return used;
    };
    const removeAll = async () => {
      const change: QueueChange = { kind: 'remove' };
      const from: ('waiting' | 'held')[] = ['waiting', 'held'];
      await store.deliveries.change({ which: {}, from, change, at: 1, note: null, after: 0, limit: 100 });
    };

    test('accept keeps the draft of what is held, out of Drafts and beyond change, and files nothing in Sent', async () => {
      const id = await draft();
      const { contentId } = await submit(id);
      expect(await totals()).toMatchObject({ drafts: 0, sent: 0 });
      expect(await store.drafts.list(ann.id)).toEqual([]);
      const kept = (await store.drafts.get(ann.id, id))!;
      expect(kept).toMatchObject({ heldAs: contentId, text: 'At ten?', uploads: [{ name: 'plan.txt' }] });
      expect(await store.drafts.save(ann.id, id, null, { ...fields, relation: null }, 2)).toBeNull();
      expect(await store.drafts.attach(ann.id, id, file)).toBeNull();
      expect(await store.drafts.detach(ann.id, id, kept.uploads[0]!.id)).toBe(false);
      expect(await store.drafts.remove(ann.id, id)).toBe(false);
      expect(await store.heldSubmissions.list(ann.id, 10)).toEqual([
        {
          ...{ contentId, at: 300, submittedAt: 100, recipients: ['zoe@far.test'], state: 'waits' },
          draft: { id, subject: 'Saturday' },
        },
      ]);
      expect(await store.heldSubmissions.count(ann.id)).toBe(1);
      expect(await store.heldSubmissions.get(bob.id, contentId)).toBeNull();
      expect(await store.heldSubmissions.count(bob.id)).toBe(0);
      await counted();
      // Handed over again, since the answer was not heard: it is here already, and its draft waits on.
      expect(await submit(id)).toMatchObject({ duplicate: true });
      expect((await store.drafts.get(ann.id, id))?.heldAs).toBe(contentId);
      await store.heldSubmissions.withdraw(ann.id, contentId);
      await store.drafts.remove(ann.id, id);
    });

    test('withdraw brings the draft back as it was, and it can be sent again', async () => {
      const id = await draft();
      const before = await counted();
      const first = await submit(id);
      expect(await store.heldSubmissions.withdraw(ann.id, first.contentId)).toEqual({ kind: 'done', deliveries: 1 });
      const back = (await store.drafts.get(ann.id, id))!;
      expect(back).toMatchObject({ ...fields, heldAs: null, round: 1, uploads: [{ name: 'plan.txt', size: 4 }] });
      expect([await totals(), await counted()]).toMatchObject([{ drafts: 1, sent: 0 }, before]);
      expect(await store.content.get(first.contentId)).toBeNull();
      expect(await store.heldSubmissions.count(ann.id)).toBe(0);
      // The first handing over, tried once more, is neither a second letter nor the end of the draft.
      const late = terms({
        draftId: id,
        key: `draft:${id}:0`,
        recipients: [recipientAt({ kind: 'held', address: 'zoe@far.test' })],
      });
      expect(await store.accept(late)).toMatchObject({ duplicate: true });
      expect((await store.drafts.get(ann.id, id))?.heldAs).toBeNull();
      // A form that was open before does not know this version.
      expect(await store.drafts.save(ann.id, id, 1, { ...fields, relation: null }, 2)).toBeNull();
      const second = await submit(id);
      expect(second).toMatchObject({ duplicate: false, queued: 1 });
      expect((await store.drafts.get(ann.id, id))?.heldAs).toBe(second.contentId);
      await store.heldSubmissions.withdraw(ann.id, second.contentId);
      await store.drafts.remove(ann.id, id);
    });

    test('file puts the copy into Sent, marks what is answered, remembers whom, and the draft goes, once', async () => {
      const related = await store.accept(
        terms({
          origin: 'peer',
          accountId: null,
          fileSent: false,
          recipients: [recipientAt({ kind: 'mailbox', accountId: ann.id, address: ann.address })],
        }),
      );
      const inbox = await store.folders.byRole(ann.id, 'inbox');
      const asked = (await store.messages.page(ann.id, inbox.id, 10)).messages.find(
        m => m.contentId === related.contentId,
      )!;
      const id = await draft({ relatedId: asked.id, relation: 'reply' });
      const { contentId } = await submit(id, ['zoe@far.test', 'bob@us.test']);
      const sentBefore = (await totals()).sent!;
      const box: Route = { kind: 'mailbox', accountId: bob.id, address: bob.address };
      const { changed } = await release(contentId, [away, box]);
      expect(new Set(changed.map(c => c.accountId))).toEqual(new Set([ann.id, bob.id]));
      expect(await totals()).toMatchObject({ drafts: 0, sent: sentBefore + 1 });
      expect(await store.drafts.get(ann.id, id)).toBeNull();
      const sent = await store.folders.byRole(ann.id, 'sent');
      const [copy] = (await store.messages.page(ann.id, sent.id, 1)).messages;
      expect(copy).toMatchObject({ contentId, flags: Flag.seen, receivedAt: 310, subject: 'Saturday' });
      expect((await store.messages.get(ann.id, asked.id))!.flags & Flag.answered).toBe(Flag.answered);
      expect(await store.correspondents.suggest(ann.id, 'zo', 5)).toMatchObject([
        { name: 'Zoe', address: 'zoe@far.test' },
      ]);
      const facts = (await store.submissions.facts(ann.id, contentId))!;
      expect(facts.recipients).toEqual(['zoe@far.test', 'bob@us.test']);
      expect(facts.waiting.map(w => [w.recipient, w.state])).toEqual([['zoe@far.test', 'waiting']]);
      expect(await store.heldSubmissions.count(ann.id)).toBe(0);
      expect(await store.heldSubmissions.withdraw(ann.id, contentId)).toEqual({ kind: 'under way' });
      await counted();
      await removeAll();
      expect(await store.heldSubmissions.withdraw(ann.id, contentId)).toEqual({ kind: 'gone' });
    });

    test('what is left of a submission whose first part has gone is no more its author’s', async () => {
      const id = await draft();
      const { contentId } = await submit(id, ['zoe@far.test', 'bob@us.test']);
      const claimed = await store.deliveries.claimReleased(300, 10);
      const [first, second] = claimed;
      const filing = { ...terms({ receivedAt: 310 }), content: { size: bytes.length } };
      const recipients = [{ address: first!.recipient, notify: null, orcpt: null, routes: [away] }];
      const sentBefore = (await totals()).sent!;
      await store.heldSubmissions.file({ ids: [first!.id], contentId, filing, recipients }, []);
      await store.deliveries.release([second!.id], 300, 'later');
      expect(await store.heldSubmissions.withdraw(ann.id, contentId)).toEqual({ kind: 'under way' });
      expect(await store.heldSubmissions.list(ann.id, 10)).toEqual([]);
      await release(contentId, [away]);
      expect((await totals()).sent).toBe(sentBefore + 1);
      await removeAll();
    });

    test('a draft comes back when who runs the house, or everybody’s refusal, ended its submission', async () => {
      const id = await draft();
      const first = await submit(id);
      await removeAll();
      expect(await store.content.get(first.contentId)).toBeNull();
      expect(await store.drafts.get(ann.id, id)).toMatchObject({ heldAs: null, round: 1 });
      await submit(id);
      const [claimed] = await store.deliveries.claimReleased(300, 10);
      await store.deliveries.settle([{ id: claimed!.id, at: 5, kind: 'failed', reply: '550 no', hop: null }], []);
      expect(await store.drafts.get(ann.id, id)).toMatchObject({ heldAs: null, round: 2 });
      expect((await totals()).drafts).toBe(1);
      await store.drafts.remove(ann.id, id);
    });

    test('list tells what a person holds, and what is leaving at this moment', async () => {
      const id = await draft();
      const { contentId } = await submit(id);
      const hold = { kind: 'operator' as const, reason: 'a rule', until: null };
      const all = { which: {}, from: ['held' as const], at: 1, note: null, after: 0, limit: 10 };
      const state = async () => (await store.heldSubmissions.get(ann.id, contentId))?.state;
      await store.deliveries.change({ ...all, change: { kind: 'hold', hold } });
      expect(await state()).toBe('held');
      await store.deliveries.change({ ...all, change: { kind: 'go on', at: 1 } });
      expect(await state()).toBe('waits');
      await store.deliveries.claimReleased(300, 10);
      expect(await state()).toBe('under way');
      await store.deliveries.recover(300);
      await store.heldSubmissions.withdraw(ann.id, contentId);
      await store.drafts.remove(ann.id, id);
    });

    test('file puts other content in the place of what was held, and of its file', async () => {
      const writer = store.content.create();
      await writer.write(Buffer.alloc(100_000, 'x'));
      const id = await draft();
      const { contentId } = await submit(id, ['zoe@far.test'], { content: await writer.finish() });
      const claimed = await store.deliveries.claimReleased(300, 10);
      const other = store.content.create();
      await other.write(Buffer.alloc(100_000, 'y'));
      const filing = { ...terms({ receivedAt: 310 }), content: { size: 100_000 } };
      const recipients = [{ address: 'zoe@far.test', notify: null, orcpt: null, routes: [away] }];
      const given = { ids: claimed.map(d => d.id), contentId, filing, recipients, content: await other.finish() };
      await store.heldSubmissions.file(given, []);
      expect((await store.content.read(contentId, 0, 3)).toString()).toBe('yyy');
      await store.content.unlinkDoomed();
      expect((await store.content.read(contentId, 99_990, 99_993)).toString()).toBe('yyy');
      await removeAll();
    });

    test('an account that goes takes its waiting drafts along, and what waits still goes its way', async () => {
      const made = await store.accounts.create({
        address: 'cy@us.test',
        name: '',
        passwordHash: null,
        quota: 0,
        at: 1,
      });
      const d = await fits(store.drafts.create(made!.id, { ...fields, relation: null }, 1));
      const { contentId } = await submit0(made!.id, d.id);
      await store.accounts.remove(made!.id, 5);
      const claimed = await store.deliveries.claimReleased(300, 10);
      const filing = { ...terms({ accountId: made!.id }), content: { size: bytes.length } };
      const recipients = [{ address: 'zoe@far.test', notify: null, orcpt: null, routes: [away] }];
      const filed = await store.heldSubmissions.file(
        { ids: claimed.map(c => c.id), contentId, filing, recipients },
        [],
      );
      expect(filed).toMatchObject({ queued: 1, changed: [] });
      await removeAll();
    });

    const submit0 = (accountId: number, draftId: number) =>
      store.accept(
        terms({
          ...{ accountId, draftId, key: `draft:${draftId}` },
          hold: { kind: 'future release', reason: 'later', until: 300 },
          recipients: [recipientAt({ kind: 'held', address: 'zoe@far.test' })],
        }),
      );
  });
}
