import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openStore } from '../daemon/store.ts';
import { firstVersion } from './first-version.ts';
import { untilIndexed } from './harness.ts';
import { wordsIn } from './store-search.ts';

const fatal = (error: Error) => {
  throw error;
};
const large = `Subject: Large\r\n\r\n${'word '.repeat(20_000)}medlar\r\n`;

async function upgraded() {
  const path = mkdtempSync(join(tmpdir(), 'cwmail-first-'));
  mkdirSync(join(path, 'content', 'aa'), { recursive: true });
  writeFileSync(join(path, 'content', 'aa', 'file'), large);
  const db = new DatabaseSync(join(path, 'cwmail.db'));
  db.exec(firstVersion);
  db.close();
  return { path, store: await openStore({ path, writer: 'thread', fatal }) };
}

test('openStore brings a store of the first version along, with all that is in it', async () => {
  const { path, store } = await upgraded();
  const [ann, bob] = await store.accounts.list();
  expect([ann, bob]).toMatchObject([
    { id: 1, address: 'ann@x.org', name: 'Ann', createdAt: 10, quota: 1_000_000, pop3: true, disabled: false },
    { id: 2, address: 'bob@x.org', name: 'Bob', createdAt: 11, quota: 0, pop3: false, disabled: true },
  ]);
  expect([ann!.modseq, ann!.forwards, ann!.keepsCopy]).toEqual([7, [], false]);
  expect((await store.accounts.credentials(1)).passwordHash).toBe('$argon2id$ann');
  expect(await store.accounts.isFree('eve@x.org')).toBe(false);
  // A draft counts from the second version on, with its files; nothing else is counted anew.
  expect(await store.accounts.recount(1)).toEqual({ before: ann!.used, used: ann!.used });
  expect(await store.accounts.recount(2)).toEqual({ before: bob!.used, used: bob!.used });
  expect(ann!.used).toBe(67 + large.length + 26 + 30 + 5);

  const folders = await store.folders.list(1);
  expect(folders.map(f => [f.role, f.total, f.unread])).toEqual([
    ['inbox', 2, 1],
    ['drafts', 1, 0],
    ['sent', 1, 0],
    ['junk', 0, 0],
    ['trash', 0, 0],
  ]);
  const { messages } = await store.messages.page(1, 1, 10);
  expect(messages.map(m => [m.id, m.uid, m.flags, m.subject, m.snippet])).toEqual([
    [12, 3, 0, 'Large', 'word'],
    [11, 1, 1, 'Tea', 'At five?'],
  ]);
  const text = async (id: number) => (await store.content.read(id)).toString();
  expect(messages[1]!.prefix).toBe('Return-Path: <carol@y.org>\r\nX-Kept: yes\r\n');
  expect(await text(1)).toBe('Subject: Tea\r\n\r\nAt five?\r\n');
  expect(await text(2)).toBe(large);
  // UIDLs are for ever.
  expect((await store.messages.maildrop(1)).map(m => m.id)).toEqual([11, 12]);

  const [draft] = await store.drafts.list(1);
  expect(draft).toMatchObject({ id: 31, version: 4, bcc: 'b@y.org', subject: 'Café', text: 'Not yet', relatedId: 11 });
  expect(draft!.uploads).toMatchObject([{ id: 41, name: 'cake.txt', size: 5, contentId: 3 }]);
  expect(await text(3)).toBe('cake.');

  const queue = await store.deliveries.list(10);
  expect(queue.map(d => [d.id, d.state, d.holdKind, d.routed, d.origin, d.delayedAt])).toEqual([
    [21, 'waiting', null, true, 'peer', null],
    [22, 'held', 'off line', true, 'peer', null],
    [23, 'held', 'operator', true, 'peer', null],
    [24, 'sending', null, true, 'peer', null],
  ]);
  const first = { sender: 'ann@x.org', recipient: 'dave@z.org', attempts: 2, nextAt: 99, since: 23, accountId: 1 };
  const dsn = { notify: ['FAILURE', 'DELAY'], orcpt: 'rfc822;dave@z.org', ret: 'HDRS', envid: 'e1', eightBit: true };
  expect(queue[0]).toMatchObject({ ...first, ...dsn, size: 26, lastReply: '451 4.0.0 Later', smtpUtf8: false });
  expect(await store.domains.list()).toMatchObject([
    { domain: 'w.org', waiting: 0, sending: 1, held: 1, parked: 0, octets: 2 * large.length, oldest: 21 },
    { domain: 'z.org', waiting: 1, sending: 0, held: 1, parked: 0, octets: 52, oldest: 23 },
  ]);
  expect(await store.deliveries.recover(100)).toBe(1);
  expect((await store.deliveries.claim(100, 10, [])).map(d => d.id)).toEqual([21, 24]);
  expect((await store.deliveries.timeline(4)).map(s => s.event)).toEqual(['accepted', 'tried']);
  expect(await store.deliveries.submittedTo(4)).toEqual(['dave@z.org', 'secret@z.org']);

  // A message that the fetcher had handed over is known still, so it comes once.
  const fetched = { origin: 'fetcher' as const, accountId: null, key: 'fetch:ann@y.org:u1:h1' };
  expect(await store.wasAccepted(fetched)).toBe(true);
  expect((await store.fetched.known('ann@y.org')).map(f => [f.uidl, f.deletedAt])).toEqual([
    ['u0', 30],
    ['u1', null],
  ]);
  expect(await store.sessions.find('cookie', 60)).toMatchObject({ accountId: 1, seenAt: 51, agent: 'a browser' });
  expect(await store.kept.load('throttle')).toBe('{}');

  await untilIndexed(store);
  const found = async (account: number, word: string) =>
    (await store.search.find(account, wordsIn('any', [word]), 10)).messages.map(m => m.id);
  expect([await found(1, 'five'), await found(1, 'medlar'), await found(2, 'five')]).toEqual([[11], [12], [14]]);

  // And all of it is the store's own: it can be changed and removed.
  expect(await store.accounts.remove(1, 200)).toBe(true);
  expect([await found(1, 'five'), await found(2, 'five')]).toEqual([[], [14]]);
  expect(await text(2)).toBe(large);
  await store.close();
  rmSync(path, { recursive: true });
});
