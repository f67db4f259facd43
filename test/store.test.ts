import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createReserve } from '../daemon/store/reserve.ts';
import { openStore, type Store, StoreError } from '../daemon/store.ts';
import { lockStore } from '../daemon/store-lock.ts';
import { noSummary } from './acceptance.ts';
import { fits } from './fits.ts';
import { choicesContract } from './store-choices.ts';
import { contactsContract } from './store-contacts.ts';
import { acceptance, type Engine, storeContract } from './store-contract.ts';
import { conversationContract } from './store-conversations.ts';
import { factorContract } from './store-factors.ts';
import { forwardContract } from './store-forwards.ts';
import { heldContract } from './store-held.ts';
import { labelContract } from './store-labels.ts';
import { listContract } from './store-lists.ts';
import { loginContract } from './store-logins.ts';
import { queueContract } from './store-queue-contract.ts';
import { quotaContract } from './store-quota.ts';
import { searchContract } from './store-search.ts';
import { snoozeContract } from './store-snoozes.ts';
import { sortingContract } from './store-sorting.ts';
import { writingContract } from './store-writing.ts';

const fatal = (error: Error) => {
  throw error;
};

for (const writer of ['thread', 'inline'] as const) {
  const folders = new Map<Store, string>();
  const engine: Engine = {
    async open() {
      const path = mkdtempSync(join(tmpdir(), 'cwmail-store-'));
      const store = await openStore({ path, writer, fatal });
      folders.set(store, path);
      return store;
    },
    async reopen(store) {
      await store.close();
      const again = await openStore({ path: folders.get(store)!, writer, fatal });
      folders.set(again, folders.get(store)!);
      return again;
    },
    async close(store) {
      await store.close();
      rmSync(folders.get(store)!, { recursive: true });
    },
  };
  storeContract(`SQLite, writer ${writer}`, engine);
  quotaContract(`SQLite, writer ${writer}`, engine);
  listContract(`SQLite, writer ${writer}`, engine);
  labelContract(`SQLite, writer ${writer}`, engine);
  snoozeContract(`SQLite, writer ${writer}`, engine);
  loginContract(`SQLite, writer ${writer}`, engine);
  forwardContract(`SQLite, writer ${writer}`, engine);
  factorContract(`SQLite, writer ${writer}`, engine);
  queueContract(`SQLite, writer ${writer}`, engine);
  searchContract(`SQLite, writer ${writer}`, engine);
  conversationContract(`SQLite, writer ${writer}`, engine);
  contactsContract(`SQLite, writer ${writer}`, engine);
  heldContract(`SQLite, writer ${writer}`, engine);
  sortingContract(`SQLite, writer ${writer}`, engine);
  writingContract(`SQLite, writer ${writer}`, engine);
  choicesContract(`SQLite, writer ${writer}`, engine);
}

function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'cwmail-store-'));
}

test('openStore says of a file that is no database that it is damaged', async () => {
  const path = scratch();
  writeFileSync(
    join(path, 'cwmail.db'),
    'this is not a database, whatever its name says, and it is long enough to be read\n'.repeat(50),
  );
  const opened = openStore({ path, writer: 'inline', fatal });
  await expect(opened).rejects.toBeInstanceOf(StoreError);
  await expect(opened).rejects.toMatchObject({ kind: 'damaged' });
});

test('openStore refuses a store of a newer program', async () => {
  const path = scratch();
  await (await openStore({ path, writer: 'inline', fatal })).close();
  const { DatabaseSync } = await import('node:sqlite');
  const db = new DatabaseSync(join(path, 'cwmail.db'));
  db.exec('update store_version set version = 9999');
  db.close();
  await expect(openStore({ path, writer: 'inline', fatal })).rejects.toThrow(/version 9999.*newer program/);
});

test('openStore may be called by several processes on a new folder at once', async () => {
  const path = scratch();
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore({ path, writer: 'thread', fatal })));
  const made = await Promise.all(
    stores.map((s, i) => s.accounts.create({ address: `a${i}@x.org`, name: '', passwordHash: null, quota: 0, at: 1 })),
  );
  expect(made.every(Boolean)).toBe(true);
  for (const s of stores) await s.close();
});

test('content.sweepOrphans removes what a crash left, and nothing that is still arriving', async () => {
  const path = scratch();
  const store = await openStore({ path, writer: 'inline', fatal });
  const writer = store.content.create();
  await writer.write(Buffer.alloc(100_000));
  const { file } = await writer.finish();
  expect(await store.content.sweepOrphans(Date.now())).toBe(0);
  const old = Date.now() / 1000 - 7200;
  utimesSync(join(path, 'content', file!), old, old);
  // Seen once, it may be one whose commit is under way, and the clock was set forward.
  expect(await store.content.sweepOrphans(Date.now())).toBe(0);
  expect(await store.content.sweepOrphans(Date.now())).toBe(1);
  expect(readdirSync(join(path, 'content', file!.slice(0, 2)))).toEqual([]);
  await store.close();
});

test('lockStore gives a folder to one, and lets go of it', () => {
  const path = scratch();
  const unlock = lockStore(path);
  expect(unlock).not.toBeNull();
  expect(lockStore(path)).toBeNull();
  unlock!();
  lockStore(path)!();
});

test('giveBackSpace makes the database smaller after mail has gone', async () => {
  const path = scratch();
  const store = await openStore({ path, writer: 'thread', fatal });
  const account = (await store.accounts.create({ address: 'a@x', name: '', passwordHash: null, quota: 0, at: 1 }))!;
  const draft = await fits(
    store.drafts.create(
      account.id,
      { to: '', cc: '', bcc: '', subject: '', text: '', relatedId: null, relation: null },
      1,
    ),
  );
  for (let i = 0; i < 60; i++) {
    const content = { bytes: Buffer.alloc(60_000, i), file: null, size: 60_000 };
    await store.drafts.attach(account.id, draft.id, { name: 'f', type: 'text/plain', content, at: 1 });
  }
  const pages = async () => {
    const { DatabaseSync } = await import('node:sqlite');
    const db = new DatabaseSync(join(path, 'cwmail.db'), { readOnly: true });
    const { page_count } = db.prepare('pragma page_count').get() as { page_count: number };
    db.close();
    return page_count;
  };
  const full = await pages();
  expect(full).toBeGreaterThan(800);
  await store.drafts.remove(account.id, draft.id);
  expect(await pages()).toBe(full);
  // Beside other writes, which share its transactions.
  await Promise.all([store.giveBackSpace(), store.kept.save('a', '1'), store.kept.save('b', '2')]);
  expect(await pages()).toBeLessThan(200);
  expect(await store.kept.load('b')).toBe('2');
  await store.close();
  rmSync(path, { recursive: true });
});

test('createReserve lives with a folder that takes no file', () => {
  const reserve = createReserve(join(scratch(), 'is', 'not', 'there', 'cwmail.db'));
  expect(() => reserve.takeBack()).not.toThrow();
  expect(reserve.giveUp()).toBe(false);
});

test('openStore gathers into conversations what came before there were any', async () => {
  const path = scratch();
  const first = await openStore({ path, writer: 'inline', fatal });
  const ann = (await first.accounts.create({ address: 'ann@x.org', name: '', passwordHash: null, quota: 0, at: 1 }))!;
  const route = { kind: 'mailbox', accountId: ann.id, address: ann.address } as const;
  const give = (store: Store, at: number, messageId: string, inReplyTo: string | null, references: string[] = []) =>
    store.accept(acceptance('Garden', [route], at, { summary: { ...noSummary, messageId, inReplyTo, references } }));
  for (let i = 0; i < 150; i++) {
    await give(first, 2 * i, `a${i}`, null);
    await give(first, 2 * i + 1, `b${i}`, `a${i}`);
  }
  await first.close();
  const { DatabaseSync } = await import('node:sqlite');
  const db = new DatabaseSync(join(path, 'cwmail.db'));
  db.exec(
    'update message set conversation = 0, newest = 1; insert into to_gather select id from message; delete from message_name; update account set conversations = 0',
  );
  db.close();
  const store = await openStore({ path, writer: 'inline', fatal });
  const inbox = await store.folders.byRole(ann.id, 'inbox');
  const listed = async () => (await store.conversations.page(ann.id, inbox.id, 1000)).conversations;
  expect(await listed()).toHaveLength(300);
  // An answer that comes before its elders were gathered is joined by them.
  await give(store, 1000, 'c149', 'b149', ['a149', 'b149']);
  expect(await store.conversations.gatherOld()).toBe(300);
  expect((await listed()).map(c => [c.newest.messageId, c.total])).toEqual([
    ['c149', 3],
    ...Array.from({ length: 149 }, (_, i) => [`b${148 - i}`, 2]),
  ]);
  await store.close();
});
