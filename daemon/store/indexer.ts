import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { LONGEST_HEADER } from '../mail/header.ts';
import { type IndexText, indexText, longestIndexed } from '../mail/index-text.ts';
import { type Part, scan } from '../mail/parts.ts';
import { indexWords } from '../mail/words.ts';
import { factsOf } from './facts.ts';
import { list, mustRow, row, rows, run, type Work } from './sql.ts';
import { type Connection, StoreError, sqliteDialect } from './sqlite.ts';

/**
 * Keeps the full-text index up to date behind the commits: they only note what they filed (`to_index`), and here the
 * noted messages are read and indexed, oldest first, many in a transaction. A note goes in the transaction that
 * indexes its message, so a crash anywhere costs nothing but doing it again.
 */
export type Indexer = {
  /** Something may have been noted. */
  noted(): void;
  /** Is there anything to do, as far as is known? */
  readonly pending: boolean;
  /** Indexes some messages; throws what the disk or the store throws, and then leaves them noted. */
  slice(): void;
  /** Milliseconds until the next slice may begin; `busy`: writes are coming in. */
  waitMs(busy: boolean): number;
};

/** A slice ends at so many messages, or octets of content: a few milliseconds. */
const mostMessages = 50;
const mostOctets = 128 * 1024;
/** While writes come in, indexing gets one part in ten of the thread's time, in slices worth their commit. */
const restPerWork = 9;
const leastRestMs = 50;
/** Further behind than this it takes turns with the commits, so that the lag stops growing. */
const mostBehind = 20_000;
/** Other processes want the lock too. */
const pauseMs = 1;

type Noted = {
  id: number;
  /** Null: the message is gone. */
  account_id: number | null;
  content_id: number;
  /** Octets of the content. */
  size: number;
  message_size: number;
  received_at: number;
  attachments: number;
  subject: string;
  from_name: string;
  from_address: string;
  to_text: string;
  snippet: string;
};
type Slice = { ids: number[]; entries: Entry[]; isLast: boolean };
type Entry = { id: number; accountId: number; text: IndexText; facts: string[] };
type ContentRow = { size: number; file: string | null; tree: string | null; body: Uint8Array | null };

export function createIndexer(db: Connection, contents: string): Indexer {
  let pending = true;
  let behind = 0;
  let restUntil = 0;
  /** Read, and waiting for the lock. */
  let ready: Slice | null = null;
  /** The text of the content read last: it often lies in several mailboxes. */
  let last: { contentId: number; text: IndexText } | null = null;

  const textOf = (noted: Noted): IndexText => {
    if (last?.contentId === noted.content_id) return last.text;
    const content = db.perform(
      row<ContentRow>('select size, file, tree, body from content where id = ?', noted.content_id),
    );
    let text: IndexText;
    try {
      text = content ? split(readContent(content, contents)) : fromRow(noted);
    } catch {
      // A file that vanished, say: its message is found by what its row says.
      text = split(fromRow(noted));
    }
    last = { contentId: noted.content_id, text };
    return text;
  };

  const collect = (): Slice => {
    const noted = db.perform(nextNoted());
    const some = noted.slice(0, countWithin(noted));
    const entries: Entry[] = [];
    for (const n of some)
      if (n.account_id !== null)
        entries.push({ id: n.id, accountId: n.account_id, text: textOf(n), facts: factsOf(n) });
    return { ids: some.map(n => n.id), entries, isLast: some.length === noted.length && noted.length < mostMessages };
  };

  return {
    noted() {
      pending = true;
    },
    get pending() {
      return pending;
    },
    waitMs: busy => (busy && behind < mostBehind ? Math.max(pauseMs, restUntil - performance.now()) : pauseMs),
    slice() {
      const began = performance.now();
      ready ??= collect();
      // The words may be lost with the power: the notes are then there again, since both are one transaction.
      if (ready.ids.length && !db.transactUnsynced(index(ready))) return;
      pending = !ready.isLast;
      behind = pending ? db.perform(distance()) : 0;
      ready = null;
      if (!pending) last = null;
      const ended = performance.now();
      restUntil = ended + Math.max(leastRestMs, (ended - began) * restPerWork);
    },
  };
}

function* nextNoted(): Work<Noted[]> {
  return yield* rows<Noted>(
    `select t.message_id as id, m.account_id, m.content_id, c.size, m.size as message_size, m.received_at, m.attachments,
      m.subject, m.from_name, m.from_address, m.to_text, m.snippet from to_index t left join message m on m.id = t.message_id left join content c on c.id = m.content_id
      order by t.message_id limit ?`,
    mostMessages,
  );
}

/** How many of them make a slice: at least one. */
function countWithin(noted: Noted[]): number {
  let octets = 0;
  const end = noted.findIndex((n, i) => {
    octets += Math.min(n.size ?? 0, longestIndexed);
    return i > 0 && octets > mostOctets;
  });
  return end < 0 ? noted.length : end;
}

function* index({ ids, entries }: Slice): Work<void> {
  // Whoever removes a message removes its words: none may come after that.
  const still = new Set(
    (yield* rows<{ id: number }>(`select id from message where id in ${list(ids)}`, ...ids)).map(r => r.id),
  );
  for (const { id, accountId, text, facts } of entries)
    if (still.has(id)) yield* sqliteDialect.index(id, accountId, text, facts);
  yield* run(`delete from to_index where message_id in ${list(ids)}`, ...ids);
}

/** At most so many messages are waiting: ids rise by one with each. */
function* distance(): Work<number> {
  const sql = 'select (select max(message_id) from to_index) - (select min(message_id) from to_index) as n';
  return (yield* mustRow<{ n: number | null }>(sql)).n ?? 0;
}

/** Words are split once for all mailboxes. */
const split = (text: IndexText): IndexText => ({
  subject: indexWords(text.subject),
  from: indexWords(text.from),
  to: indexWords(text.to),
  cc: indexWords(text.cc),
  files: indexWords(text.files),
  body: indexWords(text.body),
});

const fromRow = (n: Noted): IndexText => ({
  subject: n.subject,
  from: `${n.from_name} ${n.from_address}`,
  to: n.to_text,
  cc: '',
  files: '',
  body: n.snippet,
});

/** Content without a tree is read as mail: who filed it could not, or did not. */
function readContent({ size, file, tree, body }: ContentRow, contents: string): IndexText {
  if (body) {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    return textIn(tree, size, (from, to) => bytes.subarray(from, to));
  }
  const fd = openSync(join(contents, file!), 'r');
  try {
    return textIn(tree, size, (from, to) => octetsOf(fd, from, to));
  } finally {
    closeSync(fd);
  }
}

function textIn(tree: string | null, size: number, read: (from: number, to: number) => Buffer): IndexText {
  const root = tree === null ? scan(read(0, Math.min(size, longestIndexed))).root : (JSON.parse(tree) as Part);
  const headerTo = Math.min(root.bodyFrom, root.headerFrom + LONGEST_HEADER);
  return indexText(read(root.headerFrom, headerTo), root, read);
}

function octetsOf(fd: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from);
  let read = 0;
  while (read < bytes.length) {
    const count = readSync(fd, bytes, read, bytes.length - read, from + read);
    if (count === 0) throw new StoreError('other', 'a content file is shorter than it should be');
    read += count;
  }
  return bytes;
}
