import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, Flag, type FolderRole, type Message, type Store } from '../daemon/store.ts';
import { noSummary } from './acceptance.ts';
import { acceptance, type Engine } from './store-contract.ts';

const day = 86_400_000;

type Mail = {
  subject?: string;
  from?: string;
  to?: string;
  id: string | null;
  answers?: string;
  references?: string[];
  at?: number;
  /** Written by the account: filed in Sent. */
  sent?: boolean;
};

/** What every engine must hold of conversations: who belongs to whom, and who stands for it in each folder. */
export function conversationContract(name: string, engine: Engine): void {
  describe(`conversations on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let accounts = 0;
    let clock = 1_700_000_000_000;
    beforeAll(async () => {
      store = await engine.open();
    });
    afterAll(() => engine.close(store));

    async function begin() {
      const address = `ann${++accounts}@x.org`;
      ann = (await store.accounts.create({ address, name: 'Ann', passwordHash: null, quota: 0, at: 1 }))!;
    }
    const folder = (role: FolderRole) => store.folders.byRole(ann.id, role);

    async function give(m: Mail): Promise<Message> {
      const at = m.at ?? ++clock;
      const summary = {
        ...noSummary,
        subject: m.subject ?? 'Garden',
        fromAddress: m.from ?? 'bob@y.org',
        to: m.to ?? ann.address,
        messageId: m.id,
        inReplyTo: m.answers ?? null,
        references: m.references ?? [],
      };
      const route = { kind: 'mailbox', accountId: ann.id, address: ann.address } as const;
      const routes = m.sent ? [{ kind: 'relay', address: 'bob@y.org' } as const] : [route];
      const more = { summary, ...(m.sent ? { accountId: ann.id, fileSent: true } : {}) };
      const { contentId } = await store.accept(acceptance(summary.subject, routes, at, more));
      const place = await folder(m.sent ? 'sent' : 'inbox');
      const { messages } = await store.messages.page(ann.id, place.id, 1000);
      return messages.find(x => x.contentId === contentId)!;
    }
    const heads = async (role: FolderRole = 'inbox') => {
      const page = await store.conversations.page(ann.id, (await folder(role)).id, 100);
      return page.conversations.map(c => [c.newest.messageId, c.total]);
    };
    const around = async (m: Message) =>
      (await store.conversations.around((await store.messages.get(ann.id, m.id))!)).map(x => x.messageId);

    test('an answer joins what it answers, over folders, and its newest message stands for it in each', async () => {
      await begin();
      const first = await give({ id: 'a1' });
      await give({ id: 'other', subject: 'Else' });
      await give({ id: 'a2', answers: 'a1', references: ['a1'], sent: true, from: ann.address, to: 'bob@y.org' });
      await give({ id: 'a3', references: ['a1', 'a2'] });
      expect(await heads()).toEqual([
        ['a3', 3],
        ['other', 1],
      ]);
      expect(await heads('sent')).toEqual([['a2', 3]]);
      expect(await around(first)).toEqual(['a1', 'a2', 'a3']);
    });

    test('an answer that overtook what it answers, or whose middle never came, finds its kin', async () => {
      await begin();
      const late = await give({ id: 'b3', answers: 'b2', references: ['b1', 'b2'] });
      await give({ id: 'b1' });
      await give({ id: 'b4', answers: 'b2' });
      expect(await around(late)).toEqual(['b3', 'b1', 'b4']);
    });

    test('mail of two accounts, or with nothing in common, stays apart; no id at all is no kinship', async () => {
      await begin();
      await give({ id: 'c1' });
      const other = ann;
      await begin();
      await give({ id: 'c2', answers: 'c1' });
      await give({ id: null });
      await give({ id: null });
      expect(await heads()).toEqual([
        [null, 1],
        [null, 1],
        ['c2', 1],
      ]);
      const mine = await store.conversations.page(ann.id, (await folder('inbox')).id, 1);
      expect(await store.conversations.newest(other.id, mine.conversations[0]!.newest.conversation)).toBeNull();
    });

    test('an answer without references joins its subject between the same people, within three weeks', async () => {
      await begin();
      const at = clock;
      await give({ id: 'd1', subject: 'Lunch?', at });
      await give({ id: 'd2', subject: 'Re: lunch?', at: at + day });
      await give({ id: 'd3', subject: 'Re: Lunch?', from: 'eve@z.org', at: at + day });
      await give({ id: 'd4', subject: 'Lunch?', at: at + day });
      await give({ id: 'd5', subject: 'Re: Lunch?', at: at + 60 * day });
      expect((await heads()).sort()).toEqual([
        ['d2', 2],
        ['d3', 1],
        ['d4', 1],
        ['d5', 1],
      ]);
    });

    test('an older message that comes late does not stand for the conversation', async () => {
      await begin();
      await give({ id: 'e2', answers: 'e1' });
      await give({ id: 'e1', at: clock - 1000 });
      expect(await heads()).toEqual([['e2', 2]]);
    });

    test('moves and removals leave the newest of what stays in each folder', async () => {
      await begin();
      const one = await give({ id: 'f1' });
      const two = await give({ id: 'f2', answers: 'f1' });
      const three = await give({ id: 'f3', answers: 'f2' });
      const archive = await folder('archive');
      await store.messages.move(ann.id, [three.id], archive.id);
      expect(await heads()).toEqual([['f2', 3]]);
      expect(await heads('archive')).toEqual([['f3', 3]]);
      await store.messages.remove(ann.id, [two.id]);
      expect(await heads()).toEqual([['f1', 2]]);
      await store.messages.move(ann.id, [one.id], archive.id);
      expect(await heads()).toEqual([]);
      expect(await heads('archive')).toEqual([['f3', 2]]);
      await store.messages.move(ann.id, [one.id, three.id], (await folder('trash')).id);
      expect(await heads('trash')).toEqual([['f3', 2]]);
    });

    test('what was thrown away counts only where it is listed', async () => {
      await begin();
      const one = await give({ id: 'g1' });
      await give({ id: 'g2', answers: 'g1' });
      await store.messages.move(ann.id, [one.id], (await folder('trash')).id);
      expect(await heads()).toEqual([['g2', 1]]);
      expect(await heads('trash')).toEqual([['g1', 2]]);
    });

    test('the names of a conversation go with its last message', async () => {
      await begin();
      const one = await give({ id: 'h1' });
      const two = await give({ id: 'h2', answers: 'h1' });
      await store.messages.remove(ann.id, [one.id]);
      const three = await give({ id: 'h3', answers: 'h1' });
      expect(three.conversation).toBe(two.conversation);
      await store.messages.remove(ann.id, [two.id, three.id]);
      const again = await give({ id: 'h4', answers: 'h1' });
      expect(again.conversation).not.toBe(two.conversation);
    });

    test('conversations.page tells of marks here and of people everywhere', async () => {
      await begin();
      const one = await give({ id: 'i1' });
      await give({ id: 'i2', answers: 'i1', from: ann.address, to: 'bob@y.org', sent: true });
      const three = await give({ id: 'i3', answers: 'i2', from: 'cy@y.org' });
      await store.messages.setFlags(ann.id, [one.id], Flag.seen | Flag.flagged | Flag.answered, 0);
      const [row] = (await store.conversations.page(ann.id, (await folder('inbox')).id, 10)).conversations;
      expect(row).toMatchObject({ unread: 1, flagged: true, answered: true, forwarded: false });
      expect(row!.people.map(p => [p.address, p.seen])).toEqual([
        ['bob@y.org', true],
        [ann.address, true],
        ['cy@y.org', false],
      ]);
      expect((await store.conversations.whole(ann.id, [three.id])).sort()).toEqual([one.id, three.id]);
    });

    test('pages and neighbours go from conversation to conversation', async () => {
      await begin();
      for (let i = 0; i < 5; i++) {
        await give({ id: `j${i}`, subject: `j${i}` });
        await give({ id: `k${i}`, answers: `j${i}`, subject: `j${i}` });
      }
      const inbox = await folder('inbox');
      const top = await store.conversations.page(ann.id, inbox.id, 3);
      expect(top.conversations.map(c => c.newest.messageId)).toEqual(['k4', 'k3', 'k2']);
      const rest = await store.conversations.page(ann.id, inbox.id, 3, top.next);
      expect(rest.conversations.map(c => c.newest.messageId)).toEqual(['k1', 'k0']);
      expect(rest.next).toBeNull();
      const all = (await store.messages.page(ann.id, inbox.id, 100)).messages;
      const id = (name: string) => all.find(m => m.messageId === name)!.id;
      const older = all.find(m => m.messageId === 'j2')!;
      expect(await store.conversations.neighbours(older)).toEqual({ newer: id('k3'), older: id('k1') });
    });

    test('a conversation that is full leads on to a new one', async () => {
      await begin();
      const first = await give({ id: 'l0' });
      for (let i = 1; i < 100; i++) await give({ id: `l${i}`, answers: 'l0' });
      const over = await give({ id: 'l100', answers: 'l0' });
      const next = await give({ id: 'l101', answers: 'l0' });
      expect(over.conversation).not.toBe(first.conversation);
      expect(next.conversation).toBe(over.conversation);
      expect(await heads()).toEqual([
        ['l101', 2],
        ['l99', 100],
      ]);
    });
  });
}
