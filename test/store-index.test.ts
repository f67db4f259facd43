import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scan } from '../daemon/mail/parts.ts';
import { migrate } from '../daemon/store/schema.ts';
import { run, type Value } from '../daemon/store/sql.ts';
import { connect, sqliteNames } from '../daemon/store/sqlite.ts';
import { type Account, openStore, type Store } from '../daemon/store.ts';
import { noSummary } from './acceptance.ts';
import { untilIndexed } from './harness.ts';
import { termsFor, wordsIn } from './store-search.ts';

const fatal = (error: Error) => {
  throw error;
};
const scratch = () => mkdtempSync(join(tmpdir(), 'cwmail-index-'));
const open = (path: string) => openStore({ path, writer: 'inline', fatal });
const found = async (store: Store, account: Account, word: string) =>
  (await store.search.find(account.id, wordsIn('any', [word]), 10)).messages.length;

/** What a process killed at any write leaves is a beginning of SQLite's log of writes: each of them is opened. */
test('a crash at any write between accept and index leaves every message found once, and nothing else', async () => {
  const path = scratch();
  let store = await open(path);
  const make = async (who: string) =>
    (await store.accounts.create({ address: `${who}@x.org`, name: '', passwordHash: null, quota: 0, at: 1 }))!;
  const people = [await make('ann'), await make('bob')] as const;
  // From here on the log holds what is to be looked at.
  await store.close();
  store = await open(path);
  const limits = { hops: 100, bareNewlines: true };
  const rules = { prepend: '', drop: [], missing: {} };
  const small = { bytes: Buffer.from('Subject: s\r\n\r\nrhubarb\r\n'), rules, limits };
  const writer = store.content.create();
  await writer.write(Buffer.from(`Subject: l\r\n\r\n${'word '.repeat(20_000)}medlar\r\n`));
  const large = { content: await writer.finish(), tree: null, summary: noSummary };
  await Promise.all([
    store.acceptUnread(termsFor([...people]), small),
    store.accept({ ...termsFor([people[0]]), ...large }),
  ]);
  await untilIndexed(store);
  const inbox = (await store.folders.list(people[1].id))[0]!;
  const { messages } = await store.messages.page(people[1].id, inbox.id, 10);
  await store.messages.remove(people[1].id, [messages[0]!.id]);

  const log = readFileSync(join(path, 'cwmail.db-wal'));
  const frame = 24 + 4096;
  const seen = { none: 0, noted: 0, indexed: 0, torn: 0 };
  for (let end = 32; end <= log.length; end += frame) {
    const torn = (end / frame) % 2 > 1;
    if (torn) seen.torn++;
    const copy = scratch();
    cpSync(join(path, 'cwmail.db'), join(copy, 'cwmail.db'));
    symlinkSync(join(path, 'content'), join(copy, 'content'));
    writeFileSync(join(copy, 'cwmail.db-wal'), log.subarray(0, end + (torn ? 1000 : 0)));
    const after = await open(copy);
    const there = await Promise.all(people.map(async a => (await after.messages.maildrop(a.id)).length));
    seen[there[0] === 0 ? 'none' : (await after.search.behind()) > 0 ? 'noted' : 'indexed']++;
    await untilIndexed(after);
    const hits = await Promise.all(
      people.flatMap(a => ['rhubarb', 'medlar'].map(async word => await found(after, a, word))),
    );
    expect([end, there, hits]).toEqual([end, there, [there[0]! > 0 ? 1 : 0, there[0]! > 1 ? 1 : 0, there[1], 0]]);
    await after.close();
    rmSync(copy, { recursive: true });
  }
  console.log('crash points:', seen);
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  await store.close();
  rmSync(path, { recursive: true });
}, 120_000);

test('a store of the first version is read again, to the last word, and nothing is found twice', async () => {
  const path = scratch();
  const text = (words: string) => Buffer.from(`Subject: s\r\n\r\n${words}\r\n`);
  const bytes = text(`${'word '.repeat(20_000)}medlar`);
  mkdirSync(join(path, 'content', 'aa'), { recursive: true });
  writeFileSync(join(path, 'content', 'aa', 'file'), bytes);
  const db = connect(join(path, 'cwmail.db'), 'write');
  const put = (sql: string, ...values: Value[]) => db.perform(run(sql, ...values));
  db.perform(migrate(sqliteNames, 1));
  put(`insert into account (id, address, name, created_at, quota) values (1, 'ann@x.org', '', 1, 0)`);
  put(
    `insert into folder (id, account_id, name, name_key, role, uid_validity) values (1, 1, 'Inbox', 'inbox', 'inbox', 1)`,
  );
  const message = (id: number, content: Buffer, file: string | null) => {
    const tree = JSON.stringify(scan(content).root);
    put('insert into content values (?,?,?,1,?,?)', id, content.length, file, tree, file ? null : content);
    put(`insert into message values (?,1,1,?,?,1,0,1,1,'','s','','','',null,'',null,null,'',0)`, id, id, id);
    put(`insert into message_words (rowid, owner, subject, people, body) values (?, 'u1', 's', '', 'word')`, id);
  };
  message(1, text('word'), null);
  message(2, bytes, join('aa', 'file'));
  const many = Array.from({ length: 6 }, (_, i) => `--b\r\n\r\ntext${i}\r\n`).join('');
  message(3, Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${many}--b--\r\n`), null);
  db.close();

  const store = await open(path);
  const ann = (await store.accounts.byAddress('ann@x.org'))!;
  expect(await store.search.behind()).toBe(3);
  await untilIndexed(store);
  expect(await found(store, ann, 'medlar')).toBe(1);
  expect(await found(store, ann, 'text5')).toBe(1);
  // The words of before are gone: they were not those of the third.
  expect(await found(store, ann, 'word')).toBe(2);
  await store.close();
  rmSync(path, { recursive: true });
});
