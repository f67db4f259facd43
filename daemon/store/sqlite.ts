import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Names } from './schema.ts';
import type { Dialect, Statement, Value, Work } from './sql.ts';
import { list, mustRow, rows, run } from './sql.ts';
import {
  beginnings,
  columnOf,
  matchText,
  ownerToken,
  stretchBefore,
  stretchLevels,
  stretchMarks,
  textColumns,
} from './sqlite-words.ts';

/** The one file that knows SQLite: its locks, its full-text index, its error codes. */
export const sqliteNames: Names = {
  id: 'integer primary key autoincrement',
  bytes: 'blob',
  integer: 'integer',
  text: 'text',
  keyed: ' without rowid',
  // Contentless: the words are kept, not the text. The ascii tokenizer takes what mail/words.ts has split as it is.
  words: [
    `create virtual table message_words using fts5(owner, subject, people, body, content='', contentless_delete=1,
      tokenize='ascii')`,
  ],
  searchWords: [
    `create virtual table message_words using fts5(owner, facts, subject, sender, recipients, copies, files, body,
      content='', contentless_delete=1, tokenize='ascii')`,
    `create virtual table message_vocabulary using fts5vocab(message_words, 'instance')`,
  ],
};

export class StoreError extends Error {
  /** full: no room · busy: others held the lock too long · damaged: not a sound database · io: the disk failed a sync. */
  readonly kind: 'full' | 'busy' | 'damaged' | 'io' | 'other';
  /** Its message is a sentence for a person, who needs no stack. */
  readonly plain: boolean;
  constructor(kind: StoreError['kind'], message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.plain = kind === 'damaged';
  }
}

/** It is not about what was to be written: there is no room for anything now, or others held the lock for too long. */
export const isStoresOwn = (error: unknown): boolean =>
  error instanceof StoreError
    ? error.kind === 'full' || error.kind === 'busy'
    : ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');

export type Connection = {
  perform<T>(work: Work<T>): T;
  /** False: somebody else is writing; try again in a moment. */
  begin(): boolean;
  commit(): void;
  rollback(): void;
  /** A transaction that may be lost with the power, as a whole, until the next commit. False: somebody else is writing. */
  transactUnsynced(work: Work<unknown>): boolean;
  exec(text: string): void;
  close(): void;
};

/** `write`: may begin transactions; other connections only read and so never wait. */
export function connect(path: string, mode: 'write' | 'read'): Connection {
  const db = opened(path, mode);
  const known = new Map<string, Prepared>();
  const prepared = (text: string) => {
    const found = known.get(text) ?? prepare(db, text);
    known.set(text, found);
    return found;
  };
  const perform = <T>(work: Work<T>): T =>
    guarded(() => {
      let step = work.next();
      while (!step.done) step = work.next(execute(prepared(step.value.text), step.value));
      return step.value;
    });
  const exec = (text: string) => guarded(() => db.exec(text));
  const rollback = () => {
    try {
      db.exec('rollback');
    } catch {
      // SQLite has already rolled back by itself after some faults; there is nothing left to take back.
    }
  };
  let synced = true;
  const sync = (each: boolean) => {
    if (synced !== each) exec(`pragma synchronous = ${each ? 'full' : 'normal'}`);
    synced = each;
  };
  return {
    perform,
    begin() {
      sync(true);
      return began(db);
    },
    commit: () => exec('commit'),
    rollback,
    transactUnsynced(work) {
      sync(false);
      if (!began(db)) return false;
      try {
        perform(work);
        exec('commit');
        return true;
      } catch (error) {
        rollback();
        throw error;
      }
    },
    exec,
    close: () => db.close(),
  };
}

type Prepared = { statement: StatementSync; columns: string[] };

/** Node's own objects of rows are slow to be made and slower to be read: a page of fifty took twice the time. */
function prepare(db: DatabaseSync, text: string): Prepared {
  const statement = db.prepare(text);
  statement.setReturnArrays(true);
  return { statement, columns: columnsOf(statement) };
}

const columnsOf = (statement: StatementSync): string[] => statement.columns().map(c => c.name);

function execute(prepared: Prepared, { params, want }: Statement): unknown {
  const { statement } = prepared;
  if (want === 'rows') return (statement.all(...params) as unknown as Value[][]).map(values => named(prepared, values));
  if (want === 'count') return Number(statement.run(...params).changes);
  const values = statement.get(...params) as unknown as Value[] | undefined;
  return values && named(prepared, values);
}

function named(prepared: Prepared, values: Value[]): Record<string, Value> {
  // A table has grown since, and with it what `*` stands for.
  if (values.length !== prepared.columns.length) prepared.columns = columnsOf(prepared.statement);
  const { columns } = prepared;
  const row: Record<string, Value> = {};
  for (let i = 0; i < columns.length; i++) row[columns[i]!] = values[i]!;
  return row;
}

function opened(path: string, mode: 'write' | 'read'): DatabaseSync {
  return guarded(() => {
    const db = new DatabaseSync(path, { timeout: 5000 });
    // Said again, it would be written and synced again, at each start of each command.
    if (mode === 'write' && !vacuumsInSteps(db)) db.exec('pragma auto_vacuum = incremental');
    db.exec('pragma journal_mode = wal; pragma cache_size = -4000; pragma temp_store = memory');
    db.exec(
      mode === 'write' ? 'pragma synchronous = full; pragma wal_autocheckpoint = 2000' : 'pragma query_only = on',
    );
    // From now on a writer never sleeps inside SQLite, where its whole thread would stand still: see `began`.
    if (mode === 'write') db.exec('pragma busy_timeout = 0');
    return db;
  });
}

const vacuumsInSteps = (db: DatabaseSync): boolean => db.prepare('pragma auto_vacuum').get()?.auto_vacuum === 2;

function began(db: DatabaseSync): boolean {
  try {
    db.exec('begin immediate');
    return true;
  } catch (error) {
    const known = translated(error);
    if (known instanceof StoreError && known.kind === 'busy') return false;
    throw known;
  }
}

function guarded<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw translated(error);
  }
}

const kinds: Record<number, StoreError['kind']> = {
  5: 'busy',
  6: 'busy',
  10: 'io',
  11: 'damaged',
  13: 'full',
  26: 'damaged',
};

/** SQLite's primary result code is the low byte of the extended one. */
function translated(error: unknown): unknown {
  const code = (error as { errcode?: number }).errcode;
  if (typeof code !== 'number') return error;
  // ENOSPC while extending the WAL's index arrives as an I/O error of its own.
  const kind = code === 4874 || code === 778 ? 'full' : (kinds[code & 0xff] ?? 'other');
  return new StoreError(kind, (error as Error).message, error);
}

export const sqliteDialect: Dialect = {
  *index(id, accountId, text, facts) {
    yield* run(
      `insert or replace into message_words (rowid, owner, facts, ${textColumns.map(c => columnOf[c]).join(', ')})
        values (?,?,?,?,?,?,?,?,?)`,
      id,
      ownerToken(accountId),
      [...facts, ...stretchMarks(id)].join(' '),
      ...textColumns.map(column => text[column]),
    );
  },
  *unindex(ids) {
    yield* run(`delete from message_words where rowid in ${list(ids)}`, ...ids);
  },
  *giveBackSpace(pages) {
    // `rows`, since each step of this statement frees one page.
    yield* rows(`pragma incremental_vacuum(${pages})`);
    return (yield* mustRow<{ freelist_count: number }>('pragma freelist_count')).freelist_count;
  },
  match: (accountId, query, stretch) => ({
    from: 'message_words',
    id: 'message_words.rowid',
    where: 'message_words match ?',
    params: [matchText(accountId, query, stretch)],
  }),
  stretchBefore,
  levels: stretchLevels,
  beginnings,
};
