import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIndexer } from '../daemon/store/indexer.ts';
import { migrate } from '../daemon/store/schema.ts';
import { run } from '../daemon/store/sql.ts';
import { connect, sqliteNames } from '../daemon/store/sqlite.ts';
import { type Account, openStore, type Store } from '../daemon/store.ts';
import { termsFor } from './store-search.ts';

const fatal = (error: Error) => {
  throw error;
};
let path: string;
let store: Store;
let ann: Account;
beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'cwmail-load-'));
  store = await openStore({ path, writer: 'thread', fatal });
  ann = (await store.accounts.create({ address: 'ann@x.org', name: '', passwordHash: null, quota: 0, at: 1 }))!;
});
afterEach(async () => {
  await store.close();
  rmSync(path, { recursive: true });
});

/** Mail without a pause, as from 20 connections, until `enough`: each gives its next when the last is taken. */
function load(to: Store, most: number, enough: () => boolean) {
  const seen = { taken: 0 };
  const limits = { hops: 100, bareNewlines: true };
  const rules = { prepend: 'Received: by x\r\n', drop: [], missing: {} };
  const give = async () => {
    while (!enough() && seen.taken < most) {
      const bytes = Buffer.from(`Subject: s\r\n\r\n${'some words to be found again\r\n'.repeat(100)}`);
      await to.acceptUnread(termsFor([ann]), { bytes, rules, limits });
      seen.taken++;
    }
  };
  return { seen, done: Promise.all(Array.from({ length: 20 }, give)) };
}

/** So many messages in which who waits must have had its turn; it has it within a few. */
const endless = 20_000;

// The writes and the next mail are made in one thread here, so there is no pause in which the index might catch up
// by luck: it has to take its turns.
test('the index goes on while mail comes in without a pause', { timeout: 120_000 }, async () => {
  await store.close();
  store = await openStore({ path, writer: 'inline', fatal });
  let indexed = 0;
  const { seen, done } = load(store, 1_500, () => indexed >= 200);
  while (indexed < 200 && seen.taken < 1_500) {
    await new Promise(resolve => setTimeout(resolve, 5));
    const { taken } = seen;
    indexed = Math.max(indexed, taken - (await store.search.behind()));
  }
  await done;
  console.log(`${indexed} of ${seen.taken} were indexed under load`);
  expect(indexed).toBeGreaterThanOrEqual(200);
});

test('the index takes turns with the commits once it is far behind', () => {
  const db = connect(join(path, 'other.db'), 'write');
  db.perform(migrate(sqliteNames));
  const note = (id: number) => db.perform(run('insert into to_index (message_id) values (?)', id));
  const waits: number[] = [];
  for (const newest of [19_000, 30_000]) {
    for (let id = 1; id <= 60; id++) note(id);
    note(newest);
    const indexer = createIndexer(db, path);
    indexer.slice();
    expect(indexer.pending).toBe(true);
    waits.push(indexer.waitMs(true));
    while (indexer.pending) indexer.slice();
  }
  expect(waits[0]).toBeGreaterThan(25);
  expect(waits[1]).toBeLessThanOrEqual(1);
  db.close();
});

test('another process writes while mail comes in without a pause', { timeout: 120_000 }, async () => {
  const other = await openStore({ path, writer: 'thread', fatal, indexes: false });
  const waits: number[] = [];
  const { seen, done } = load(store, endless, () => waits.length === 30);
  while (waits.length < 30 && seen.taken < endless) {
    const before = seen.taken;
    await other.kept.save('throttle', `${before}`);
    waits.push(seen.taken - before);
  }
  await done;
  waits.sort((a, b) => a - b);
  console.log(`messages taken while the other waited: median ${waits[15]}, most ${waits.at(-1)}, of ${seen.taken}`);
  expect(waits).toHaveLength(30);
  await other.close();
});
