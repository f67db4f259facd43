import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Query, SearchField } from '../daemon/mail/search-query.ts';
import { type Account, Flag, type Found, type Store, type Terms } from '../daemon/store.ts';
import { noSummary, plainTerms, recipientAt } from './acceptance.ts';
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
    async function give(content: string, ...people: (Account | number)[]): Promise<number> {
      const to = people.filter(p => typeof p !== 'number');
      const terms = { ...termsFor(to), receivedAt: people.find(p => typeof p === 'number') ?? 1 };
      const bytes = Buffer.from(content.replaceAll('\n', '\r\n'));
      const limits = { hops: 100, bareNewlines: true };
      const rules = { prepend: 'Received: by x\r\n', drop: [], missing: {} };
      if (bytes.length <= 60_000) {
        const accepted = await store.acceptUnread(terms, { bytes: Buffer.from(bytes), rules, limits });
        return 'objection' in accepted ? 0 : accepted.contentId;
      }
      const writer = store.content.create();
      await writer.write(bytes);
      const accepted = await store.accept({
        ...terms,
        content: await writer.finish(),
        tree: null,
        summary: { ...noSummary, subject: /Subject: (.*)/.exec(content)?.[1] ?? '' },
      });
      return accepted.contentId;
    }

    async function subjects(who: Account, query: Query) {
      await untilIndexed(store);
      return (await store.search.find(who.id, query, 10)).messages.map(m => m.subject);
    }
    const found = (who: Account, words: string[], where: SearchField = 'any', not = false) =>
      subjects(who, not ? { kind: 'not', of: wordsIn(where, words) } : wordsIn(where, words));
    const idOf = async (who: Account, word: string) => {
      await untilIndexed(store);
      return (await store.search.find(who.id, wordsIn('any', [word]), 1)).messages[0]!.id;
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

    test('search.find joins what the index knows with what only the row knows, whatever stands in an OR', async () => {
      const eve = (await account('eve'))!;
      const month = (n: number) => Date.UTC(2024, n - 1, 15);
      const pdf = 'Content-Type: application/pdf; name="plan b.pdf"\nContent-Disposition: attachment\n\n%PDF\n';
      const mixed = `Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee the plan\n--b\n${pdf}--b--\n`;
      await give(`From: Ann <ann@x.org>\nTo: eve@x.org\nCc: Bo <bo@x.org>\nSubject: A\n\nmelon\n`, month(1), eve);
      await give(`From: Bo <bo@x.org>\nTo: eve@x.org\nSubject: B\n${mixed}`, month(3), eve);
      await give(`From: Cy <cy@x.org>\nTo: ann@x.org\nSubject: C\n\nmelon ${'pip '.repeat(5_000)}\n`, month(12), eve);
      await untilIndexed(store);
      const inbox = (await store.folders.list(eve.id))[0]!;
      const { messages } = await store.messages.page(eve.id, inbox.id, 10);
      const id = (subject: string) => messages.find(m => m.subject === subject)!.id;
      await store.messages.setFlags(eve.id, [id('A')], Flag.flagged | Flag.seen, 0);
      await store.messages.setFlags(eve.id, [id('C')], Flag.answered, 0);
      const trash = await store.folders.byRole(eve.id, 'trash');
      await store.messages.move(eve.id, [id('B')], trash.id);

      const word = (where: SearchField, ...some: string[]) => wordsIn(where, some);
      const not = (of: Query): Query => ({ kind: 'not', of });
      const and = (...of: Query[]): Query => ({ kind: 'and', of });
      const or = (...of: Query[]): Query => ({ kind: 'or', of });
      const mark = (name: 'seen' | 'flagged' | 'answered' | 'forwarded'): Query => ({ kind: 'mark', mark: name });
      const table: [Query, string][] = [
        [word('from', 'ann'), 'A'],
        [word('to', 'ann'), 'C'],
        [word('cc', 'bo'), 'A'],
        [word('to', 'bo'), 'A'],
        [word('people', 'bo'), 'B A'],
        [word('files', 'plan', 'b'), 'B'],
        [word('any', 'pdf'), 'B'],
        [word('subject', 'plan'), ''],
        [{ kind: 'attachment' }, 'B'],
        [not({ kind: 'attachment' }), 'C A'],
        [mark('flagged'), 'A'],
        [mark('answered'), 'C'],
        [mark('forwarded'), ''],
        [not(mark('seen')), 'C B'],
        [and(mark('flagged'), word('any', 'melon')), 'A'],
        [and(mark('flagged'), word('any', 'plan')), ''],
        [{ kind: 'folder', id: trash.id }, 'B'],
        [and({ kind: 'folder', id: trash.id }, word('any', 'melon')), ''],
        [not({ kind: 'folder', id: trash.id }), 'C A'],
        [{ kind: 'larger', octets: 16_000 }, 'C'],
        [not({ kind: 'larger', octets: 16_000 }), 'B A'],
        [{ kind: 'smaller', octets: 16_000 }, 'B A'],
        [{ kind: 'before', at: month(3) }, 'A'],
        [{ kind: 'since', at: month(3) }, 'C B'],
        [{ kind: 'since', at: month(3) + 1 }, 'C'],
        [not({ kind: 'before', at: month(3) }), 'C B'],
        [{ kind: 'before', at: Date.UTC(2025, 0) }, 'C B A'],
        [{ kind: 'since', at: Date.UTC(2019, 0) }, 'C B A'],
        [{ kind: 'since', at: Date.UTC(2031, 0) }, ''],
        [{ kind: 'before', at: Date.UTC(1969, 0) }, ''],
        [or(word('from', 'ann'), mark('answered')), 'C A'],
        [or(word('from', 'ann'), { kind: 'larger', octets: 16_000 }), 'C A'],
        [and(word('any', 'melon'), or(mark('flagged'), word('from', 'cy'))), 'C A'],
        [not(or(word('any', 'melon'), mark('seen'))), 'B'],
        [not(and(word('any', 'melon'), mark('seen'))), 'C B'],
        [not(word('any', 'melon')), 'B'],
        [and(), 'C B A'],
        [or(), ''],
        [and(word('any', 'melon'), not(word('from', 'ann'))), 'C'],
        [and(word('any', 'mel'), { kind: 'since', at: month(2) }, not(mark('seen'))), 'C'],
      ];
      for (const [query, expected] of table)
        expect([query, (await subjects(eve, query)).join(' ')]).toEqual([query, expected]);
    });

    test('search.find knows what is muted, what is snoozed, what a message is called and whom it was sent to', async () => {
      const [kim, lee] = [await account('kim'), await account('lee')];
      const named = (id: string, more = '') => `Message-ID: <${id}@x.org>\n${more}Subject: ${id}\n\nmedlar\n`;
      for (const who of [kim, lee]) {
        await give(named('one'), who);
        await give(named('two', 'In-Reply-To: <one@x.org>\n'), who);
        await give(named('three'), who);
      }
      const sent = { ...termsFor([kim]), accountId: kim.id, fileSent: true, key: 'blind' };
      const recipients = [...sent.recipients, recipientAt({ kind: 'relay', address: 'Secret_1@far.org' })];
      const bytes = Buffer.from('From: kim@x.org\r\nTo: kim@x.org\r\nSubject: sent\r\n\r\nmedlar\r\n');
      const rules = { prepend: '', drop: [], missing: {} };
      await store.acceptUnread({ ...sent, recipients }, { bytes, rules, limits: { hops: 9, bareNewlines: true } });
      await untilIndexed(store);
      const all = (await store.search.find(kim.id, wordsIn('any', ['medlar']), 10)).messages;
      const one = all.find(m => m.subject === 'one')!;
      await store.unwanted.mute(kim.id, one.conversation, 5);
      await store.snoozes.snooze(kim.id, [all.find(m => m.subject === 'three')!.id], 9e12, 5);
      const not = (of: Query): Query => ({ kind: 'not', of });
      const and = (...of: Query[]): Query => ({ kind: 'and', of });
      const medlar = wordsIn('any', ['medlar']);
      const table: [Query, string][] = [
        [{ kind: 'muted' }, 'two one'],
        [and({ kind: 'muted' }, wordsIn('subject', ['two'])), 'two'],
        [and(medlar, not({ kind: 'muted' })), 'sent sent three'],
        [{ kind: 'snoozed' }, 'three'],
        [and(medlar, not({ kind: 'snoozed' }), not({ kind: 'muted' })), 'sent sent'],
        [{ kind: 'messageId', id: 'two@x.org' }, 'two'],
        [{ kind: 'messageId', id: 'nobody@x.org' }, ''],
        [and(medlar, not({ kind: 'messageId', id: 'two@x.org' })), 'sent sent three one'],
        [{ kind: 'recipient', part: 'secret_1@far' }, 'sent sent'],
        [{ kind: 'recipient', part: 'secret%1' }, ''],
        [and(medlar, not({ kind: 'recipient', part: 'far.org' })), 'three two one'],
      ];
      for (const [query, expected] of table)
        expect([query, (await subjects(kim, query)).join(' ')]).toEqual([query, expected]);
      for (const kind of ['muted', 'snoozed'] as const) expect(await subjects(lee, { kind })).toEqual([]);
      expect(await subjects(lee, { kind: 'recipient', part: 'secret' })).toEqual([]);
      // A conversation that was full has given its name on: the message is found all the same.
      for (let i = 0; i < 100; i++) await give(named(`t${i}`, 'References: <one@x.org>\n'), lee);
      expect(await subjects(lee, { kind: 'messageId', id: 'one@x.org' })).toEqual(['one']);
    });

    test('search.find gives page after page, and none twice', async () => {
      const fay = (await account('fay'))!;
      for (let i = 0; i < 7; i++) await give(`Subject: ${i}\n\nsloe\n`, fay);
      await untilIndexed(store);
      const inbox = (await store.folders.list(fay.id))[0]!;
      const queries: Query[] = [
        wordsIn('any', ['sloe']),
        { kind: 'folder', id: inbox.id },
        { kind: 'not', of: { kind: 'mark', mark: 'seen' } },
      ];
      for (const query of queries) {
        const pages: string[] = [];
        for (let before: number | null = null, more = true; more; more = before !== null) {
          const page: Found = await store.search.find(fay.id, query, 3, before);
          pages.push(page.messages.map(m => m.subject).join(' '));
          before = page.next;
        }
        expect(pages).toEqual(['6 5 4', '3 2 1', '0']);
      }
    });

    test('search.find tells of a beginning that too many words have, and then finds the whole word', async () => {
      const many = Array.from({ length: 70 }, (_, i) => `crowd${'abcdefghij'[i % 10]}${'abcdefg'[Math.floor(i / 10)]}`);
      await give(`Subject: Many\n\n${many.join(' ')}\n`, bob);
      await give('Subject: One\n\ncrowd few12 few\n', bob);
      await untilIndexed(store);
      const find = (word: string) => store.search.find(bob.id, wordsIn('any', [word]), 10);
      expect(await find('crowd')).toMatchObject({ crowded: ['crowd'], messages: [{ subject: 'One' }] });
      expect(await find('crowda')).toMatchObject({ crowded: [], messages: [{ subject: 'Many' }] });
    });

    test('savedSearches are listed by name, replaced by name, and nobody else’s', async () => {
      const saved = (await store.savedSearches.save(ann.id, 'Bills', 'subject:invoice'))!;
      await store.savedSearches.save(ann.id, 'All', 'in:anywhere');
      expect(await store.savedSearches.save(ann.id, 'bills', 'subject:bill')).toEqual({
        id: saved.id,
        name: 'bills',
        query: 'subject:bill',
      });
      expect((await store.savedSearches.list(ann.id)).map(s => s.name)).toEqual(['All', 'bills']);
      expect(await store.savedSearches.list(bob.id)).toEqual([]);
      const rename = (id: number, name: string) => store.savedSearches.rename(id, saved.id, name);
      expect([await rename(ann.id, 'ALL'), await rename(bob.id, 'Mine')]).toEqual(['taken', 'missing']);
      expect([await rename(ann.id, 'BILLS'), await rename(ann.id, 'Zoo')]).toEqual(['done', 'done']);
      expect((await store.savedSearches.list(ann.id)).map(s => s.name)).toEqual(['All', 'Zoo']);
      expect(await store.savedSearches.remove(bob.id, saved.id)).toBe(false);
      expect(await store.savedSearches.remove(ann.id, saved.id)).toBe(true);
      for (let i = 0; i < 50; i++) await store.savedSearches.save(bob.id, `s${i}`, 'x');
      expect(await store.savedSearches.save(bob.id, 'one more', 'x')).toBe(null);
      expect(await store.savedSearches.save(bob.id, 'S1', 'y')).not.toBe(null);
      const gil = (await account('gil'))!;
      await store.savedSearches.save(gil.id, 'Mine', 'x');
      await store.accounts.remove(gil.id, 5);
      expect(await store.savedSearches.list(gil.id)).toEqual([]);
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
      const query = wordsIn('any', ['loganberry']);
      await until('search', async () => (await store.search.find(ann.id, query, 1)).messages.length === 1);
      going = false;
      await load;
    });

    test('search.behind counts what is to come, and what was noted survives a restart', async () => {
      const giving = Array.from({ length: 120 }, (_, i) => give(`Subject: n${i}\n\nquince\n`, bob));
      await Promise.all(giving);
      store = await engine.reopen(store);
      await untilIndexed(store);
      const all = await store.search.find(bob.id, wordsIn('any', ['quince']), 1000);
      expect(all).toMatchObject({ next: null, unfinished: false, messages: { length: 120 } });
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

export const wordsIn = (where: SearchField, words: string[], begins = true): Query => ({
  kind: 'words',
  in: where,
  words,
  begins,
});
export const termsFor = (to: Account[]): Terms => ({
  ...plainTerms,
  recipients: to.map(({ id, address }) => recipientAt({ kind: 'mailbox', accountId: id, address })),
});
