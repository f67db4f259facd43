/**
 * Searches of a mailbox with 1,000,000 messages, put there by statements of its own: letters of 60 words of a vocabulary
 * that falls as languages do, and what a search may meet in them. CWMAIL_BENCH_SEARCH names a folder to keep them in;
 * with it, `node bench/search.ts plans` prints how SQLite goes about each.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseSearch, type Query } from '../daemon/mail/search-query.ts';
import { factsOf } from '../daemon/store/facts.ts';
import { createSearches } from '../daemon/store/search.ts';
import { stretchMarks } from '../daemon/store/sqlite-words.ts';
import type { Read } from '../daemon/store/verbs.ts';
import { openStore, type Store } from '../daemon/store.ts';
import { median, ms, type Row } from './row.ts';

const many = 1_000_000;
const now = 1_790_000_000_000;
const day = 86_400_000;

/** What each is about: one condition, rare ones beside common ones, and what no index answers alone. */
const searches = [
  'quarterly',
  'word1 word2',
  '"budget meeting" spring',
  'wordb',
  'from:eve42 has:attachment',
  'common rareword',
  'common is:starred',
  'common in:trash',
  'common larger:5M',
  'common before:2007',
  'is:starred',
  'is:unread',
  'in:inbox',
  'in:trash',
  'larger:50M',
  'before:2007-02',
  'older_than:20y filename:plan',
  'has:attachment in:inbox -common',
  'from:eve1 OR from:eve2 -is:read',
  'rareword OR is:starred',
  '-common -word0',
  'common nowhere',
  '"never common"',
  'is:forwarded common',
];

export async function benchSearch(): Promise<Row[]> {
  const path = process.env.CWMAIL_BENCH_SEARCH ?? mkdtempSync(join(tmpdir(), 'cwmail-bench-search-'));
  if (!existsSync(join(path, 'filled'))) await fill(path);
  const store = await open(path);
  const rows: Row[] = [];
  for (const typed of searches) rows.push(await measured(store, typed));
  await store.close();
  if (process.env.CWMAIL_BENCH_SEARCH === undefined) rmSync(path, { recursive: true });
  return rows;
}

const open = (path: string) =>
  openStore({
    path,
    writer: 'inline',
    fatal: error => {
      throw error;
    },
    indexes: false,
  });

async function queryOf(store: Store, typed: string): Promise<Query> {
  const folders = await store.folders.list(1);
  const folderId = (name: string) => folders.find(f => f.role === name)?.id ?? null;
  const startOfDay = (year: number, month: number, date: number) => Date.UTC(year, month - 1, date);
  return parseSearch(typed, { now, me: '', folderId, labelId: () => null, startOfDay }).query!;
}

async function measured(store: Store, typed: string): Promise<Row> {
  const query = await queryOf(store, typed);
  const took: number[] = [];
  for (let i = 0; i < 7; i++) {
    const began = process.cpuUsage();
    await store.search.find(1, query, 50);
    const { user, system } = process.cpuUsage(began);
    took.push((user + system) / 1000);
  }
  const found = await store.search.find(1, query, 50);
  let pages = 1;
  for (let page = found; page.unfinished && page.messages.length === 0; pages++)
    page = await store.search.find(1, query, 50, page.next);
  return {
    what: `Search of 1,000,000 messages: ${typed}`,
    ours: ms(median(took)),
    peer: null,
    peerName: `${found.messages.length} found${found.unfinished ? ', and further to look' : ''}`,
    ratio: pages > 1 ? `under 100 ms a page, ${pages} pages` : 'under 100 ms',
  };
}

const vocabulary = Array.from({ length: 20_000 }, (_, i) => `word${i.toString(36)}`);

async function fill(path: string): Promise<void> {
  mkdirSync(path, { recursive: true });
  const store = await open(path);
  await store.accounts.create({ address: 'many@localhost', name: '', passwordHash: null, quota: 0, at: 1 });
  const folders = await store.folders.list(1);
  await store.close();
  const id = (role: string) => folders.find(f => f.role === role)!.id;
  const [inbox, trash, archive] = [id('inbox'), id('trash'), id('archive')];
  const db = new DatabaseSync(join(path, 'cwmail.db'));
  db.exec('pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -200000');
  const message = db.prepare(
    `insert into message (account_id, folder_id, content_id, uid, modseq, flags, received_at, listed_at, size, prefix, subject,
      from_name, from_address, to_text, date_at, snippet, message_id, in_reply_to, refs, attachments)
      values (1,?,?,?,1,?,?,?,?,'',?,?,?,'many@localhost',?,?,?,null,'',?)`,
  );
  const words = db.prepare(
    `insert into message_words (rowid, owner, facts, subject, sender, recipients, copies, files, body)
      values (?,'u1',?,?,?,'many localhost','',?,?)`,
  );
  for (let i = 1; i <= many; i++) {
    if (i % 10_000 === 1) db.exec('begin');
    const m = letter(i);
    const folder = i % 10_007 === 0 ? trash : i % 3 === 0 ? archive : inbox;
    message.run(
      folder,
      i,
      i,
      m.flags,
      m.receivedAt,
      m.receivedAt,
      m.size,
      m.subject,
      m.from,
      `${m.from}@example.net`,
      m.receivedAt,
      m.body.slice(0, 150),
      `${i}@x`,
      m.attachments,
    );
    const facts = factsOf({ message_size: m.size, received_at: m.receivedAt, attachments: m.attachments });
    words.run(
      i,
      [...facts, ...stretchMarks(i)].join(' '),
      m.subject,
      `${m.from} ${m.from} example net`,
      m.file,
      m.body,
    );
    if (i % 10_000 === 0) db.exec('commit');
  }
  db.exec('update folder set total = (select count(*) from message where folder_id = folder.id)');
  db.close();
  mkdirSync(join(path, 'filled'));
}

/** Twenty-three years of mail; one of two has `common`, nine have `rareword`, one of 40,000 is starred. */
function letter(i: number) {
  const word = (k: number) =>
    vocabulary[Math.floor(vocabulary.length ** (((i * 31 + k * 17) % 997) / 997)) % vocabulary.length]!;
  const seldom = `${i % 50 === 0 ? ' quarterly budget meeting in spring' : ''}${i % 100_003 === 0 ? ' rareword' : ''}`;
  const attachments = i % 10 === 0 ? 1 : 0;
  return {
    body: `${Array.from({ length: 60 }, (_, k) => word(k)).join(' ')}${i % 2 === 0 ? ' common' : ' never'}${seldom}`,
    subject: `letter ${i % 5000}`,
    from: `eve${i % 100}`,
    file: attachments ? (i % 70_000 === 0 ? 'plan 2003 pdf' : 'picture jpg') : '',
    receivedAt: now - (many - i) * ((23 * 365 * day) / many),
    size: 4_000 + (i % 977) * 10 + (i % 30_011 === 0 ? 60_000_000 : 0),
    attachments,
    flags: (i % 40_009 === 0 ? 4 : 0) | (i < many - 300 ? 1 : 0) | (i % 200_003 === 0 ? 16 : 0),
  };
}

/** What SQLite says of each statement of a search, with how often it was made. */
async function printPlans(path: string): Promise<void> {
  const db = new DatabaseSync(join(path, 'cwmail.db'));
  const store = await open(path);
  for (const typed of searches) {
    const plans = new Map<string, number>();
    const read: Read = async work => {
      let step = work.next();
      while (!step.done) {
        const { text, params, want } = step.value;
        const lines = db.prepare(`explain query plan ${text}`).all(...params);
        const plan = `${text.replace(/\s+/g, ' ').replace(/(\?,)+\?/g, '?…')}\n${lines.map(l => `      ${l.detail}`).join('\n')}`;
        plans.set(plan, (plans.get(plan) ?? 0) + 1);
        step = work.next(want === 'row' ? db.prepare(text).get(...params) : db.prepare(text).all(...params));
      }
      return step.value;
    };
    await createSearches(read).find(1, await queryOf(store, typed), 50);
    console.log(`\n${typed}\n${[...plans].map(([plan, n]) => `  ${n} × ${plan}`).join('\n')}`);
  }
  db.close();
  await store.close();
}

if (import.meta.main && process.argv[2] === 'plans') await printPlans(process.env.CWMAIL_BENCH_SEARCH!);
else if (import.meta.main)
  for (const row of await benchSearch())
    console.log(`${row.ours.padStart(8)}  ${row.what.slice(30).padEnd(40)} ${row.peerName}; ${row.ratio}`);
