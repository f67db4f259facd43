import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccounts } from '../daemon/store/accounts.ts';
import { connect } from '../daemon/store/sqlite.ts';
import type { Read, Write } from '../daemon/store/verbs.ts';
import { inlineWriter } from '../daemon/store/writer.ts';
import { type Acceptance, openStore, type Store } from '../daemon/store.ts';
import { noSummary, plainTerms, recipientAt } from './acceptance.ts';

let path: string;
let store: Store;
beforeAll(async () => {
  path = mkdtempSync(join(tmpdir(), 'cwmail-leaving-'));
  const fatal = (error: Error) => {
    throw error;
  };
  store = await openStore({ path, writer: 'inline', fatal });
});
afterAll(async () => {
  await store.close();
  rmSync(path, { recursive: true });
});

const account = async (name: string) =>
  (await store.accounts.create({ address: `${name}@x.test`, name, passwordHash: null, quota: 0, at: 1 }))!;
const files = () =>
  readdirSync(join(path, 'content'), { recursive: true, withFileTypes: true }).filter(f => f.isFile());

async function give(accountId: number, size: number): Promise<number> {
  const writer = store.content.create();
  await writer.write(Buffer.alloc(size, 'x'));
  const accepted = await store.accept(letter(accountId, await writer.finish()));
  return accepted.contentId;
}

test('accounts.remove unlinks the files of the mail that goes', async () => {
  const ann = await account('ann');
  await give(ann.id, 100_000);
  expect(files()).toHaveLength(1);
  await store.accounts.remove(ann.id, 2);
  expect(files()).toHaveLength(0);
});

test('accounts.remove takes along what came between its steps', async () => {
  const bob = await account('bob');
  const db = join(path, 'cwmail.db');
  const writer = inlineWriter(db, () => {}, false);
  const reader = connect(db, 'read');
  let late: number | null = null;
  // Somebody who was let in by RCPT before the account retired finishes when its mailbox was just emptied.
  const write = (async (verb, args) => {
    if (verb === 'dropAccount' && late === null) late = await give(bob.id, 100);
    return writer.write(verb, args);
  }) as Write;
  const read: Read = async work => reader.perform(work);
  const leaving = { removeDrafts: async () => {}, unlinkFiles: async () => 0 };
  expect(await createAccounts(read, write, leaving).remove(bob.id, 2)).toBe(true);
  expect(late).not.toBeNull();
  expect(await store.content.get(late!)).toBeNull();
  expect(await store.accounts.byId(bob.id)).toBeNull();
  reader.close();
  await writer.close();
});

/** What outlives its account goes with the content; messages go by their folders. */
const others = ['delivery', 'submission', 'message'];

test('accounts.remove leaves no row of the account in any table, though it came while that retired', async () => {
  const cid = await account('cid');
  const db = new DatabaseSync(join(path, 'cwmail.db'));
  const columnsOf = (table: string) =>
    db.prepare(`select name, type, pk from pragma_table_info(?)`).all(table) as {
      name: string;
      type: string;
      pk: number;
    }[];
  const tables = (db.prepare(`select name from sqlite_master where type = 'table'`).all() as { name: string }[])
    .map(t => t.name)
    .filter(t => columnsOf(t).some(c => c.name === 'account_id') && !others.includes(t));
  const writer = inlineWriter(join(path, 'cwmail.db'), () => {}, false);
  const reader = connect(join(path, 'cwmail.db'), 'read');
  const write = (async (verb, args) => {
    const answer = await writer.write(verb, args);
    if (verb === 'retireAccount')
      for (const table of tables) {
        const columns = columnsOf(table).filter(c => c.name !== 'id');
        const values = columns.map(c => (c.name === 'account_id' ? cid.id : c.type === 'integer' ? 99 : 'x'));
        const named = columns.map(c => c.name).join(', ');
        db.prepare(`insert into ${table} (${named}) values (${columns.map(() => '?').join(',')})`).run(...values);
      }
    return answer;
  }) as Write;
  const leaving = { removeDrafts: store.drafts.removeAll, unlinkFiles: async () => 0 };
  expect(await createAccounts(async work => reader.perform(work), write, leaving).remove(cid.id, 2)).toBe(true);
  const left = (table: string) => db.prepare(`select 1 from ${table} where account_id = ?`).get(cid.id) !== undefined;
  expect(tables.length).toBeGreaterThan(20);
  expect(tables.filter(left)).toEqual([]);
  db.close();
  reader.close();
  await writer.close();
});

const letter = (accountId: number, content: Acceptance['content']): Acceptance => ({
  ...plainTerms,
  content,
  tree: null,
  summary: noSummary,
  recipients: [recipientAt({ kind: 'mailbox', accountId, address: 'x@x.test' })],
});
