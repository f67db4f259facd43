import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeDeliveries, type Slice } from '../daemon/store/queue-changes.ts';
import type { Statement } from '../daemon/store/sql.ts';
import { openStore } from '../daemon/store.ts';

// A hundred thousand parked deliveries, a hundred of them of the domain that is asked for.
const path = mkdtempSync(join(tmpdir(), 'cwmail-domains-'));
let db: DatabaseSync;
beforeAll(async () => {
  const fatal = (error: Error) => console.error(error);
  await (await openStore({ path, writer: 'inline', fatal })).close();
  db = new DatabaseSync(join(path, 'cwmail.db'));
  db.exec('begin');
  db.exec('insert into content (id, size, received_at) values (1, 4096, 1)');
  const insert =
    db.prepare(`insert into delivery (content_id, recipient, domain, state, hold_kind, reason, next_at, since,
    eight_bit, smtp_utf8, octets) values (1, 'a', ?, 'held', 'suspended domain', '', 1, ?, 0, 0, 4096)`);
  for (let i = 0; i < 100_000; i++) insert.run(i % 1000 === 0 ? 'small.test' : `d${i % 7}.test`, i);
  db.exec('commit');
});
afterAll(() => {
  db.close();
  rmSync(path, { recursive: true });
});

const planOf = (statement: Statement): string[] =>
  db
    .prepare(`explain query plan ${statement.text}`)
    .all(...(statement.params as string[]))
    .map(row => String((row as { detail: unknown }).detail));

test('change of one parked domain searches its own rows only, whatever else is parked', () => {
  for (const which of [{ domain: 'small.test', holdKind: 'suspended domain' as const }, { domain: 'small.test' }])
    for (const kind of ['go on', 'take'] as const) {
      const slice: Slice = {
        ...{ which, from: ['held'], change: kind === 'take' ? { kind } : { kind, at: 2 }, at: 2, note: null },
        ...{ after: 0, limit: 500 },
      };
      const chosen = changeDeliveries(slice).next().value as Statement;
      expect(planOf(chosen)).toEqual(['SEARCH delivery USING INDEX delivery_domain (domain=? AND id>?)']);
    }
});

test('domains.list and names read indexes, and no delivery’s row', async () => {
  const store = await openStore({ path, writer: 'inline', fatal: () => {} });
  const list = await store.domains.list();
  expect(list.find(d => d.domain === 'small.test')).toEqual({
    ...{ domain: 'small.test', waiting: 0, sending: 0, held: 100, parked: 100, octets: 409_600, oldest: 0 },
  });
  expect(await store.domains.names()).toEqual(list.map(d => d.domain));
  expect(await store.domains.pending('small.test', 1000)).toEqual({ pending: 100, sending: false });
  expect(await store.domains.pending('d1.test', 1000)).toEqual({ pending: 1000, sending: false });
  await store.close();
});
