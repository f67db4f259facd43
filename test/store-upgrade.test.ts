import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../daemon/store.ts';

/** A little longer than a store that is of our version may be locked. */
const longer = 5_500;
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
