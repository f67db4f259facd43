import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account, Search, Store, Terms } from '../daemon/store.ts';
import { until, untilIndexed } from './harness.ts';
import type { Engine } from './store-contract.ts';

/** What search must hold on every engine: it follows the mail, by itself and whatever happens in between. */
export function searchContract(name: string, engine: Engine): void {
  describe(`search on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    beforeAll(async () => {
      store = await engine.open();
      ann = await account('ann');
      bob = await account('bob');
    });
    afterAll(() => engine.close(store));

    const account = async (who: string) =>
      (await store.accounts.create({ address: `${who}@x.org`, name: who, passwordHash: null, quota: 0, at: 1 }))!;

    /** As the door gives it: small content unread, larger as a file. */
    async function give(content: string, ...to: Account[]): Promise<number> {
      const bytes = Buffer.from(content.replaceAll('\n', '\r\n'));
      const limits = { hops: 100, bareNewlines: true };
      const rules = { prepend: 'Received: by x\r\n', drop: [], missing: {} };
      if (bytes.length <= 60_000) {
        const accepted = await store.acceptUnread(termsFor(to), { bytes: Buffer.from(bytes), rules, limits });
        return 'objection' in accepted ? 0 : accepted.contentId;
      }
      const writer = store.content.create();
      await writer.write(bytes);
      const accepted = await store.accept({
        ...termsFor(to),
        content: await writer.finish(),
        tree: null,
        summary: { ...noSummary, subject: /Subject: (.*)/.exec(content)?.[1] ?? '' },
      });
      return accepted.contentId;
    }

    async function found(who: Account, words: string[], where: Search['terms'][0]['in'] = 'any', not = false) {
      await untilIndexed(store);
      const hits = await store.search.find(who.id, { ...nothing, terms: [{ words, in: where, not }] }, 10);
      return hits.map(m => m.subject);
    }
    const idOf = async (who: Account, word: string) => {
      await untilIndexed(store);
      const [hit] = await store.search.find(
        who.id,
        { ...nothing, terms: [{ words: [word], in: 'any', not: false }] },
        1,
      );
      return hit!.id;
    };

    test('search.find finds whole words and beginnings, phrases, and nobody else’s mail', async () => {
      await give('From: Eve <eve@x.org>\nSubject: Quarterly report\n\nthe numbers look good this spring\n', ann);
      expect(await found(ann, ['numbers', 'look'])).toEqual(['Quarterly report']);
      expect(await found(ann, ['quart'])).toEqual(['Quarterly report']);
      expect(await found(ann, ['eve'], 'people')).toEqual(['Quarterly report']);
      expect(await found(ann, ['look', 'numbers'])).toEqual([]);
      expect(await found(ann, ['spring'], 'subject')).toEqual([]);
      expect(await found(bob, ['numbers'])).toEqual([]);
      expect(await found(ann, [`u${ann.id}`])).toEqual([]);
      expect(await found(ann, ['numbers'], 'any', true)).not.toContain('Quarterly report');
    });

    test('search.find finds one message in every mailbox it went to, wherever it is moved, until it is removed', async () => {
      await give('Subject: Two\n\nrhubarb\n', ann, bob);
      const mine = await idOf(ann, 'rhubarb');
      expect(await found(bob, ['rhubarb'])).toEqual(['Two']);
      const trash = await store.folders.byRole(ann.id, 'trash');
      await store.messages.move(ann.id, [mine], trash.id);
      expect(await found(ann, ['rhubarb'])).toEqual(['Two']);
      await store.messages.remove(ann.id, [mine]);
      expect(await found(ann, ['rhubarb'])).toEqual([]);
      expect(await found(bob, ['rhubarb'])).toEqual(['Two']);
    });

    test('search.find finds nothing of a message that was moved or removed before its words were read', async () => {
      const inbox = (await store.folders.list(ann.id))[0]!;
      await give('Subject: Short\n\ngooseberry\n', ann);
      const [short] = (await store.messages.page(ann.id, inbox.id, 1)).messages;
      await store.messages.remove(ann.id, [short!.id]);
      await give('Subject: Long\n\ngooseberry tart\n', ann);
      const [long] = (await store.messages.page(ann.id, inbox.id, 1)).messages;
      await store.messages.move(ann.id, [long!.id], (await store.folders.byRole(ann.id, 'trash')).id);
      expect(await found(ann, ['gooseberry'])).toEqual(['Long']);
    });

    test('search.find finds the last word of a large text, and lives with a file that is gone', async () => {
      await give(`Subject: Large\n\n${'word '.repeat(40_000)}\nmedlar\n`, ann);
      expect(await found(ann, ['medlar'])).toEqual(['Large']);
    });

    test('search.find finds new mail while writes never pause', async () => {
      let going = true;
      const load = (async () => {
        while (going) await Promise.all(['a', 'b', 'c'].map(name => store.kept.save(name, '1')));
      })();
      await give('Subject: Amid\n\nloganberry\n', ann);
      const terms = [{ words: ['loganberry'], in: 'any' as const, not: false }];
      await until('search', async () => (await store.search.find(ann.id, { ...nothing, terms }, 1)).length === 1);
      going = false;
      await load;
    });

    test('search.behind counts what is to come, and what was noted survives a restart', async () => {
      const giving = Array.from({ length: 120 }, (_, i) => give(`Subject: n${i}\n\nquince\n`, bob));
      await Promise.all(giving);
      store = await engine.reopen(store);
      await untilIndexed(store);
      const terms = [{ words: ['quince'], in: 'any' as const, not: false }];
      expect(await store.search.find(bob.id, { ...nothing, terms }, 1000)).toHaveLength(120);
    });

    test('acceptUnread objects to a loop and, where asked, to a lone newline, and writes nothing', async () => {
      const total = (await store.folders.list(bob.id))[0]!.total;
      const rules = { prepend: '', drop: [], missing: {} };
      const unread = (text: string) => ({ bytes: Buffer.from(text), rules, limits: { hops: 2, bareNewlines: false } });
      const hops = (n: number) => `${'Received: x\r\n'.repeat(n)}\r\ntext\r\n`;
      expect(await store.acceptUnread(termsFor([bob]), unread(hops(3)))).toEqual({ objection: 'hops' });
      expect(await store.acceptUnread(termsFor([bob]), unread('\r\na\nb\r\n'))).toEqual({ objection: 'bareNewlines' });
      expect(await store.acceptUnread(termsFor([bob]), unread(hops(2)))).toMatchObject({ duplicate: false });
      expect((await store.folders.list(bob.id))[0]!.total).toBe(total + 1);
    });
  });
}

const nothing = { folderId: null, unread: null, flagged: null, attachments: null, after: null, before: null };
export const noSummary = {
  subject: '',
  fromName: '',
  fromAddress: '',
  to: '',
  date: null,
  snippet: '',
  messageId: null,
  inReplyTo: null,
  references: [],
  attachments: 0,
};

export const termsFor = (to: Account[]): Terms => ({
  receivedAt: 1,
  origin: 'peer',
  accountId: null,
  key: null,
  draftId: null,
  fileSent: false,
  reversePath: null,
  ret: null,
  envid: null,
  eightBit: false,
  smtpUtf8: false,
  recipients: to.map(({ id, address }) => ({
    address,
    notify: null,
    orcpt: null,
    routes: [{ kind: 'mailbox', accountId: id, address }],
  })),
  hold: null,
});
