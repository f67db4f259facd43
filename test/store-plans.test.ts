import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createDeliveries } from '../daemon/store/deliveries.ts';
import { createDomains } from '../daemon/store/domains.ts';
import { createHeldSubmissions } from '../daemon/store/held-submissions.ts';
import { migrate } from '../daemon/store/schema.ts';
import { rows, run, type Statement, type Work } from '../daemon/store/sql.ts';
import { connect, sqliteNames } from '../daemon/store/sqlite.ts';
import { type Read, type VerbName, verbs, type Write } from '../daemon/store/verbs.ts';
import type { QueueChange, Which } from '../daemon/store.ts';

const path = mkdtempSync(join(tmpdir(), 'cwmail-plans-'));
const db = connect(join(path, 'cwmail.db'), 'write');
db.perform(migrate(sqliteNames));
// Half waits; of the rest a third each is held by a person, for a domain, and for later.
db.perform(
  run(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
    insert into delivery (content_id, account_id, sender, recipient, domain, state, hold_kind, reason, routed, origin,
      next_at, since, eight_bit, smtp_utf8, octets)
    select i, 1, 's@x.org', 'r' || i || '@d' || (i % 50) || '.org', 'd' || (i % 50) || '.org',
      case i % 2 when 0 then 'held' else 'waiting' end,
      case i % 6 when 0 then 'operator' when 2 then 'suspended domain' when 4 then 'future release' end, '',
      case i % 6 when 4 then 0 else 1 end, 'peer', i, i, 0, 0, 5 from n`),
);
db.perform(
  run(`insert into content (id, size, received_at, body) select content_id, 5, 1, cast('x' as blob) from delivery`),
);

db.perform(
  run(`insert into submission (content_id, account_id, at, sender, recipients, waits)
    select content_id, 1, 1, 's@x.org', '[]', 1 from delivery where routed = 0`),
);

/** How each statement got at the queue: the index, `by id`, or `all`, in the order they were carried out. */
let ways: string[] = [];
const wayOf = (detail: string): string | null => {
  if (/ORDER BY/.test(detail)) return 'sorted';
  const [, how, table, index] = /^(SCAN|SEARCH) (delivery|d)\b(?:.*INDEX (\w+))?/.exec(detail) ?? [];
  if (!table) return null;
  if (how === 'SCAN') return index ? `all of ${index}` : 'all';
  return index ?? (/rowid=/.test(detail) ? 'by id' : 'all');
};
function explained<T>(work: Work<T>): T {
  let step = work.next();
  while (!step.done) {
    const statement: Statement = step.value;
    // A table of names that is not the queue's is called d in one statement.
    if (/\bdelivery\b/.test(statement.text)) {
      const plan = db.perform(rows<{ detail: string }>(`explain query plan ${statement.text}`, ...statement.params));
      ways.push(...plan.map(p => wayOf(p.detail)).filter(way => way !== null));
    }
    step = work.next(db.perform(asItIs(statement)));
  }
  return step.value;
}
function* asItIs(statement: Statement): Work<unknown> {
  return yield statement;
}

const read: Read = async work => explained(work);
const write = (async (verb: VerbName, args: unknown) =>
  explained(verbs[verb](args as never) as Work<unknown>)) as Write;
const queue = createDeliveries(read, write, () => {});
const domains = createDomains(read, write);
const held = createHeldSubmissions(read, write, () => {});
const change = (which: Which, wish: QueueChange) =>
  queue.change({ which, from: ['waiting', 'held'], change: wish, at: 5, note: null, after: 0, limit: 3 });
const hold = { kind: 'operator' as const, reason: '', until: null };
const later = { kind: 'later' as const, reply: '', hop: null, nextAt: 5, reason: '', delayed: false };

/** What is looked at. `all`: where a person asks for what has no index, the queue is read once, slice by slice. */
const looks: [string, () => Promise<unknown>, string[]][] = [
  ['claim', () => queue.claim(9e9, 3, ['d1.org']), ['delivery_due', 'by id', 'sorted', 'by id']],
  ['nextDue', () => queue.nextDue(), ['delivery_due']],
  ['nextRelease', () => queue.nextRelease(), ['delivery_held']],
  ['claimReleased', () => queue.claimReleased(9e9, 3), ['delivery_held', 'delivery_content', 'sorted', 'by id']],
  ['release', () => queue.release([1, 2], 5, ''), ['by id']],
  ['release, held', () => queue.release([1, 2], 5, '', hold), ['by id']],
  ['settle', () => queue.settle([{ id: 3, at: 1, ...later }], []), ['by id']],
  ['recover', () => queue.recover(5), ['delivery_held']],
  ['bringForward', () => queue.bringForward(1500, 1, 3), ['by id', 'delivery_due']],
  ['change ids', () => change({ ids: [1, 2] }, { kind: 'hold', hold }), ['by id', 'by id']],
  ['change a domain', () => change({ domain: 'd1.org' }, { kind: 'take' }), ['delivery_domain', 'by id']],
  [
    'change what is parked for a domain',
    () => change({ domain: 'd2.org', holdKind: 'suspended domain' }, { kind: 'take' }),
    ['delivery_domain', 'by id'],
  ],
  ['change a kind', () => change({ holdKind: 'operator' }, { kind: 'go on', at: 1 }), ['delivery_hold', 'by id']],
  ['change of a sender', () => change({ sender: 's@x.org' }, { kind: 'hold', hold }), ['all', 'by id']],
  ['change everything', () => change({}, { kind: 'hold', hold }), ['all', 'by id']],
  ['list', () => queue.list(3, 5), ['all']],
  ['list ids', () => queue.list(3, 0, { ids: [1] }), ['by id']],
  ['list a domain', () => queue.list(3, 5, { domain: 'd1.org' }), ['delivery_domain']],
  ['list a kind', () => queue.list(3, 5, { holdKind: 'operator' }), ['delivery_hold']],
  ['count', () => queue.count(), ['all of delivery_held']],
  ['heldSubmissions.until', () => held.until(1, 10), ['delivery_content']],
  ['heldSubmissions.reschedule', () => held.reschedule(1, 10, 5, ''), ['delivery_content', 'delivery_content']],
  ['heldSubmissions.list', () => held.list(1, 5), ['delivery_content', 'sorted']],
  ['heldSubmissions.get', () => held.get(1, 10), ['delivery_content', 'sorted']],
  ['domains.list', () => domains.list(), ['all of delivery_domain', ...Array(3).fill('one of two')]],
  ['domains.oldest', () => domains.oldest(), ['all of delivery_domain']],
  ['domains.names', () => domains.names(), ['delivery_domain', 'all', 'delivery_domain', 'all']],
  ['domains.pending', () => domains.pending('d1.org', 10), ['delivery_domain', 'one of two']],
];
test.each(looks)('%s looks at no more of the queue than it says', async (_, look, expected) => {
  ways = [];
  await look();
  const oneOfTwo = expected.includes('one of two');
  const seen = ways.map(w => (oneOfTwo && /^delivery_(due|held)$/.test(w) ? 'one of two' : w));
  expect(seen).toEqual(expected);
});

afterAll(() => {
  db.close();
  rmSync(path, { recursive: true });
});
