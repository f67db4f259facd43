import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Acceptance, type Account, Flag, type FolderRole, type Message, type Store } from '../daemon/store.ts';
import { inMemory, noSummary } from './acceptance.ts';
import { acceptance, type Engine } from './store-contract.ts';

type Mail = { id: string; answers?: string; from?: string; sent?: boolean } & Partial<Acceptance>;

/** What every engine must hold of what is put off, and of what waits for an answer. */
export function snoozeContract(name: string, engine: Engine): void {
  describe(`snoozes on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let accounts = 0;
    let clock = 1_700_000_000_000;
    beforeAll(async () => {
      store = await engine.open();
    });
    afterAll(() => engine.close(store));

    async function begin() {
      const address = `snooze${++accounts}@x.org`;
      ann = (await store.accounts.create({ address, name: '', passwordHash: null, quota: 0, at: 1 }))!;
    }
    const folder = (role: FolderRole) => store.folders.byRole(ann.id, role);
    async function give({ id, answers, from = 'bob@y.org', sent = false, ...more }: Mail): Promise<Message> {
      const references = answers ? [answers] : [];
      const summary = {
        ...noSummary,
        subject: id,
        fromAddress: from,
        messageId: id,
        inReplyTo: answers ?? null,
        references,
      };
      const route = { kind: 'mailbox', accountId: ann.id, address: ann.address } as const;
      const routes = sent ? [{ kind: 'relay', address: 'bob@y.org' } as const] : [route];
      const own = sent ? { accountId: ann.id, fileSent: true } : {};
      const { contentId } = await store.accept(acceptance(id, routes, ++clock, { summary, ...own, ...more }));
      const place = await folder(sent ? 'sent' : 'inbox');
      return (await store.messages.page(ann.id, place.id, 100)).messages.find(m => m.contentId === contentId)!;
    }
    const subjects = async (role: FolderRole) =>
      (await store.messages.page(ann.id, (await folder(role)).id, 100)).messages.map(m => m.subject);
    const counts = async (role: FolderRole) => {
      const { total, unread } = await folder(role);
      return [total, unread];
    };
    const later = () => clock + 1_000_000;
    /** The sweep. */
    const wake = (now: number) => store.snoozes.wakeDue(now);
    async function countsHold() {
      const kept = await store.folders.list(ann.id);
      const { before, used } = (await store.accounts.recount(ann.id))!;
      expect(used).toBe(before);
      expect((await store.folders.list(ann.id)).map(f => [f.total, f.unread])).toEqual(
        kept.map(f => [f.total, f.unread]),
      );
    }

    test('what is snoozed leaves the Inbox and comes back unread at its top, with the time it came', async () => {
      await begin();
      const old = await give({ id: 'old' });
      await store.messages.setFlags(ann.id, [old.id], Flag.seen, 0);
      await give({ id: 'new' });
      const until = later();
      const changed = await store.snoozes.snooze(ann.id, [old.id], until, clock);
      expect(changed.map(c => c.folderId)).toEqual([(await folder('inbox')).id, (await folder('snoozed')).id]);
      expect(await subjects('inbox')).toEqual(['new']);
      expect(await counts('snoozed')).toEqual([1, 0]);
      expect(await wake(until - 1)).toEqual([]);
      // Late by a day, since nobody ran.
      const told = await wake(until + 86_400_000);
      expect(told.at(-1)).toMatchObject({ accountId: ann.id, folderId: (await folder('inbox')).id });
      expect(await subjects('inbox')).toEqual(['old', 'new']);
      const back = (await store.messages.get(ann.id, old.id))!;
      expect(back).toMatchObject({ receivedAt: old.receivedAt, listedAt: until + 86_400_000, flags: Flag.returned });
      expect([await counts('inbox'), await counts('snoozed')]).toEqual([
        [2, 2],
        [0, 0],
      ]);
      expect(await wake(until + 90_000_000)).toEqual([]);
      expect((await store.messages.maildrop(ann.id)).map(d => d.id).at(-1)).toBe(old.id);
      await store.messages.move(ann.id, [old.id], (await folder('archive')).id);
      expect((await store.messages.get(ann.id, old.id))!.flags).toBe(0);
      await countsHold();
    });

    test('what is snoozed again has the new time only; what is moved away has none', async () => {
      await begin();
      const m = await give({ id: 'twice' });
      const other = await give({ id: 'taken back' });
      const first = later();
      await store.snoozes.snooze(ann.id, [m.id, other.id, 999_999], first, clock);
      const again = await store.snoozes.snooze(ann.id, [m.id], first + 5000, clock);
      expect(again).toMatchObject([{ folderId: (await folder('snoozed')).id }]);
      await store.messages.move(ann.id, [other.id], (await folder('inbox')).id);
      expect(await store.snoozes.untils(ann.id, [m.id, other.id])).toEqual(new Map([[m.id, first + 5000]]));
      expect(await wake(first + 1)).toEqual([]);
      await wake(first + 5000);
      expect(await subjects('inbox')).toEqual(['twice', 'taken back']);
      // Into Snoozed leads no move.
      expect(await store.messages.move(ann.id, [m.id], (await folder('snoozed')).id)).toEqual([]);
    });

    test('pages of what is snoozed are in the order of their times; a conversation is one row', async () => {
      await begin();
      const talk = [await give({ id: 'c1' }), await give({ id: 'c2', answers: 'c1' })];
      const alone = await give({ id: 'alone' });
      const until = later();
      await store.snoozes.snooze(ann.id, [talk[0]!.id, talk[1]!.id], until + 2, clock);
      await store.snoozes.snooze(ann.id, [alone.id], until, clock);
      const page = await store.snoozes.page(ann.id, 1, true);
      expect(page.waiting.map(w => [w.message.id, w.until])).toEqual([[alone.id, until]]);
      const rest = await store.snoozes.page(ann.id, 1, true, page.next);
      expect(rest.waiting.map(w => w.message.id)).toEqual([talk[1]!.id]);
      expect(rest.conversations![0]).toMatchObject({ total: 2 });
      expect(rest.next).toBeNull();
      expect((await store.snoozes.page(ann.id, 10, false)).waiting).toHaveLength(3);
      await wake(until);
      await wake(until + 2);
      expect(await subjects('inbox')).toEqual(['c2', 'c1', 'alone']);
      const heads = await store.conversations.page(ann.id, (await folder('inbox')).id, 10);
      expect(heads.conversations.map(c => [c.newest.subject, c.returned])).toEqual([
        ['c2', true],
        ['alone', true],
      ]);
    });

    test('an answer fetched long after it came brings back what is snoozed to the top, not to its own day', async () => {
      await begin();
      const talk = await give({ id: 'k1' });
      await give({ id: 'other' });
      await store.snoozes.snooze(ann.id, [talk.id], later(), clock);
      const bytes = Buffer.from(
        'Received: by us; now\r\nReceived: by pop; Tue, 3 Mar 2020 09:00:00 +0000\r\n\r\nhello\r\n',
      );
      await give({ id: 'k2', answers: 'k1', origin: 'fetcher', ...inMemory(bytes) });
      expect(await subjects('inbox')).toEqual(['k1', 'other', 'k2']);
      expect((await store.messages.get(ann.id, talk.id))!.listedAt).toBe(clock);
    });

    test('an answer brings back what is snoozed of its conversation at once, and nothing else', async () => {
      await begin();
      const talk = await give({ id: 'd1' });
      const other = await give({ id: 'e1' });
      await store.snoozes.snooze(ann.id, [talk.id, other.id], later(), clock);
      // Not what one writes oneself, nor what is filed as junk.
      await give({ id: 'd2', answers: 'd1', sent: true, from: ann.address });
      await store.accept(
        acceptance('junk', [{ kind: 'mailbox', accountId: ann.id, address: ann.address }], ++clock, {
          filing: { role: 'junk', fields: '' },
          summary: { ...noSummary, messageId: 'd3', inReplyTo: 'd1' },
        }),
      );
      expect(await subjects('inbox')).toEqual([]);
      const answer = await give({ id: 'd4', answers: 'd1' });
      expect(await subjects('inbox')).toEqual(['d4', 'd1']);
      expect((await store.messages.get(ann.id, talk.id))!.listedAt).toBe(answer.receivedAt);
      const heads = await store.conversations.page(ann.id, (await folder('inbox')).id, 10);
      expect(heads.conversations.map(c => [c.newest.subject, c.unread])).toEqual([['d4', 2]]);
      expect(await subjects('snoozed')).toEqual(['e1']);
      await countsHold();
    });

    test('what nobody answered comes to the Inbox as a copy; Sent keeps its own', async () => {
      await begin();
      const sent = await give({ id: 'f1', sent: true, from: ann.address });
      const at = later();
      expect(await store.snoozes.remind(ann.id, sent.id, at)).toBe('set');
      expect((await store.snoozes.reminders(ann.id)).map(w => [w.message.id, w.until])).toEqual([[sent.id, at]]);
      // An automatic reply is no answer, nor is one's own next letter.
      await give({ id: 'f2', answers: 'f1', reversePath: null });
      await give({ id: 'f3', answers: 'f1', sent: true, from: ann.address });
      await wake(at);
      const [copy] = (await store.messages.page(ann.id, (await folder('inbox')).id, 10)).messages;
      expect(copy).toMatchObject({ subject: 'f1', flags: Flag.unanswered, receivedAt: sent.receivedAt, listedAt: at });
      expect(copy!.contentId).toBe(sent.contentId);
      expect(await store.messages.get(ann.id, sent.id)).not.toBeNull();
      expect(await store.snoozes.reminders(ann.id)).toEqual([]);
      // Asked for again, it is the same copy.
      await store.snoozes.remind(ann.id, sent.id, at + 1);
      await store.messages.setFlags(ann.id, [copy!.id], Flag.seen, 0);
      await wake(at + 2);
      expect((await subjects('inbox')).filter(s => s === 'f1')).toHaveLength(1);
      expect((await store.messages.get(ann.id, copy!.id))!.flags).toBe(Flag.unanswered);
      await store.messages.remove(ann.id, [copy!.id]);
      expect(await store.content.get(sent.contentId)).not.toBeNull();
      await countsHold();
    });

    test('an answer, a removal and its author end a reminder; what is answered already has none', async () => {
      await begin();
      const at = later();
      const [a, b, c, d] = [
        await give({ id: 'g1', sent: true, from: ann.address }),
        await give({ id: 'h1', sent: true, from: ann.address }),
        await give({ id: 'i1', sent: true, from: ann.address }),
        await give({ id: 'j1', sent: true, from: ann.address }),
      ];
      for (const m of [a, b, c, d]) await store.snoozes.remind(ann.id, m!.id, at);
      await give({ id: 'g2', answers: 'g1' });
      await store.messages.remove(ann.id, [b!.id]);
      expect(await store.snoozes.forget(ann.id, c!.id)).toBe(true);
      expect(await store.snoozes.forget(ann.id, c!.id)).toBe(false);
      await store.messages.move(ann.id, [d!.id], (await folder('trash')).id);
      await wake(at);
      expect(await subjects('inbox')).toEqual(['g2']);
      expect(await store.snoozes.remind(ann.id, a!.id, at)).toBe('answered');
      const [received] = (await store.messages.page(ann.id, (await folder('inbox')).id, 1)).messages;
      expect(await store.snoozes.remind(ann.id, received!.id, at)).toBe('gone');
    });

    test('a letter is reminded of as its draft wished', async () => {
      await begin();
      const fields = { to: 'b@y', cc: '', bcc: '', subject: 's', text: '', relatedId: null, relation: null };
      const draft = await store.drafts.create(ann.id, { ...fields, remindDays: 3 }, clock);
      if (typeof draft === 'string') throw new Error(draft);
      expect(draft.remindDays).toBe(3);
      await give({ id: 'k1', sent: true, from: ann.address, draftId: draft.id });
      expect((await store.snoozes.reminders(ann.id)).map(w => w.until)).toEqual([clock + 3 * 86_400_000]);
    });

    test('nothing of it is anybody else’s', async () => {
      await begin();
      const m = await give({ id: 'mine' });
      const sent = await give({ id: 'mine too', sent: true, from: ann.address });
      const owner = ann;
      await begin();
      expect(await store.snoozes.snooze(ann.id, [m.id], later(), clock)).toEqual([]);
      expect(await store.snoozes.remind(ann.id, sent.id, later())).toBe('gone');
      await store.snoozes.remind(owner.id, sent.id, later());
      expect(await store.snoozes.forget(ann.id, sent.id)).toBe(false);
      expect(await store.accounts.remove(owner.id, 1)).toBe(true);
      const told = await wake(later() + 1e9);
      expect(told.filter(c => c.accountId === owner.id)).toEqual([]);
    });
  });
}
