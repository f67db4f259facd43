import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrate } from '../daemon/store/schema.ts';
import { connect, sqliteNames } from '../daemon/store/sqlite.ts';
import { openStore } from '../daemon/store.ts';

/** A little longer than a store that is of our version may be locked. */
const longer = 5_500;
/** The last version in which mail was sent on without a word of who gets it. */
const beforeAsking = 23;
let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'cwmail-upgrade-'));
});
afterEach(() => rmSync(path, { recursive: true }));

const open = () => openStore({ path, writer: 'inline', fatal: () => {} });

/** As another process does that writes. */
function locked(): DatabaseSync {
  const db = new DatabaseSync(join(path, 'cwmail.db'));
  db.exec('pragma auto_vacuum = incremental; pragma journal_mode = wal; begin immediate');
  return db;
}

test('openStore waits for whoever brings the store to our version, however long that takes', async () => {
  const other = locked();
  const opening = open();
  opening.catch(() => {});
  await pause(longer);
  other.exec('commit');
  const store = await opening;
  expect(await store.accounts.list()).toEqual([]);
  await store.close();
  other.close();
}, 30_000);

test('openStore says so when a store of our version is locked for too long', async () => {
  await (await open()).close();
  const other = locked();
  await expect(open()).rejects.toThrow('locked for too long');
  other.close();
}, 30_000);

test('openStore goes on sending on what was sent on before anybody was asked', async () => {
  const old = connect(join(path, 'cwmail.db'), 'write');
  old.begin();
  old.perform(migrate(sqliteNames, beforeAsking));
  const forwards = (id: number, text: string) =>
    `insert into account (id, address, name, created_at, quota, forwards) values (${id}, 'a${id}', '', 1, 0, '${text}');`;
  old.exec(forwards(1, '["friend@far.test","bo@far.test"]') + forwards(2, '[]') + forwards(3, 'broken'));
  const rule = (id: number, text: string) =>
    `insert into mail_rule (account_id, position, active, name, rule) values (${id}, 1, 1, '', '${text}');`;
  old.exec(rule(2, '{"deed":{"forward":{"to":"Ruled@far.test","keep":true}}}') + rule(2, '{"deed":{"forward":null}}'));
  old.exec(`${rule(3, 'broken')} commit`);
  old.close();
  const store = await open();
  expect(await store.forwardConsents.granted(1)).toEqual(['bo@far.test', 'friend@far.test']);
  expect(await store.forwardConsents.granted(2)).toEqual(['ruled@far.test']);
  expect(await store.forwardConsents.granted(3)).toEqual([]);
  await store.close();
});
