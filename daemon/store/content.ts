import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Part } from '../mail/parts.ts';
import { draftReturns } from './held-drafts.ts';
import { createOrphans, unlinkQuietly } from './orphans.ts';
import type { Content, NewContent } from './shapes.ts';
import { list, mustRow, row, rows, run, type Work } from './sql.ts';
import { StoreError } from './sqlite.ts';
import type { Read, Write } from './verbs.ts';

export type Contents = {
  /** Small content comes with its bytes. Null: there is no such content any more. */
  get(id: number): Promise<Content | null>;
  /** Those of them that lie in a row, which is small content, at one go; the order is any. */
  small(ids: number[]): Promise<Content[]>;
  /** Streams octets [from, to) whether they lie in a row or in a file. Throws if the content is gone. */
  open(id: number, from?: number, to?: number): AsyncIterable<Buffer>;
  /** Octets [from, to) in memory; for pieces known to be small. */
  read(id: number, from?: number, to?: number): Promise<Buffer>;
  /** A place to write content of any size; up to 64 KB it never touches the disk. */
  create(): ContentWriter;
  /** Unlinks the files of contents that are gone. */
  unlinkDoomed(): Promise<number>;
  /** Unlinks what a crash before its commit left, and an earlier sweep saw too; `now` tells it from what is still arriving. */
  sweepOrphans(now: number): Promise<number>;
};

export type ContentWriter = {
  /** Resolves when more may be written. The buffer must not be changed afterwards. */
  write(chunk: Buffer): Promise<void> | void;
  /** Makes it durable (a file is synced and in its final place) and says where it lies. */
  finish(): Promise<NewContent>;
  /** Octets [from, to) of what was written so far, before or after `finish`. */
  read(from: number, to: number): Promise<Buffer>;
  /** Forgets it; safe to call at any time, also after finish when nothing refers to it. */
  discard(): Promise<void>;
  readonly size: number;
};

/** Up to here content is a row: measured, rows beat files below it and block the writer above it. */
const rowLimit = 64 * 1024;
const chunkSize = 64 * 1024;

export function* insertContent(c: NewContent, tree: Part | null, receivedAt: number): Work<number> {
  const { id } = yield* mustRow<{ id: number }>(
    'insert into content (size, file, received_at, tree, body) values (?,?,?,?,?) returning id',
    c.size,
    c.file,
    receivedAt,
    tree && JSON.stringify(tree),
    c.bytes,
  );
  return id;
}

/** Drops content that no message, delivery or upload refers to any more. False: one does. */
export function* releaseContent(id: number): Work<boolean> {
  if (yield* row(references, id, id, id)) return false;
  const gone = yield* row<{ file: string | null }>('delete from content where id = ? returning file', id);
  if (gone?.file) yield* doomFile(gone.file);
  yield* run('delete from timeline where content_id = ?', id);
  yield* run('delete from submission where content_id = ?', id);
  yield* draftReturns(id);
  return true;
}

/** One statement, which stops at the first that it finds: this is done for each message that leaves the queue. */
const references = `${['message', 'delivery', 'upload']
  .map(table => `select 1 as found from ${table} where content_id = ?`)
  .join(' union all ')} limit 1`;

/** What it consists of from now on; nobody may be reading it. */
export function* replaceContent(id: number, c: NewContent): Work<void> {
  const before = yield* row<{ file: string | null }>('select file from content where id = ?', id);
  if (before?.file) yield* doomFile(before.file);
  yield* run('update content set size = ?, file = ?, body = ? where id = ?', c.size, c.file, c.bytes, id);
}

function* doomFile(file: string): Work<void> {
  yield* run('insert into doomed_file (file) values (?) on conflict do nothing', file);
}

export const contentVerbs = {
  *forgetDoomed({ files }: { files: string[] }): Work<void> {
    for (const file of files) yield* run('delete from doomed_file where file = ?', file);
  },
};

type ContentRow = { id: number; size: number; file: string | null; tree: string | null; body: Uint8Array | null };

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const content = ({ id, size, tree, body }: ContentRow): Content => ({
  id,
  size,
  tree: tree === null ? null : (JSON.parse(tree) as Part),
  bytes: body && asBuffer(body),
});

export function createContents(directory: string, read: Read, write: Write, fatal: (error: Error) => void): Contents {
  const disk = createDisk(directory, fatal);
  const find = (id: number) => read(row<ContentRow>('select id, size, file, tree, body from content where id = ?', id));
  async function* openFrom(id: number, from = 0, to = Number.MAX_SAFE_INTEGER): AsyncGenerator<Buffer> {
    const found = await find(id);
    if (!found) throw new Error(`content ${id} is gone`);
    if (found.body) yield asBuffer(found.body).subarray(from, to);
    else yield* fileRange(join(directory, found.file!), from, Math.min(to, found.size));
  }
  return {
    async get(id) {
      const found = await find(id);
      return found ? content(found) : null;
    },
    async small(ids) {
      const sql = `select id, size, file, tree, body from content where id in ${list(ids)} and file is null`;
      return (await read(rows<ContentRow>(sql, ...ids))).map(content);
    },
    open: openFrom,
    async read(id, from, to) {
      return Buffer.concat(await Array.fromAsync(openFrom(id, from, to)));
    },
    create: () => contentWriter(directory, disk),
    async unlinkDoomed() {
      const doomed = (await read(rows<{ file: string }>('select file from doomed_file limit 1000'))).map(r => r.file);
      for (const file of doomed) await unlinkQuietly(join(directory, file));
      if (doomed.length) await write('forgetDoomed', { files: doomed });
      return doomed.length;
    },
    sweepOrphans: createOrphans(directory, read),
  };
}

async function* fileRange(path: string, from: number, to: number): AsyncGenerator<Buffer> {
  const handle = await open(path);
  try {
    for (let at = from; at < to; ) {
      const { bytesRead, buffer } = await handle.read(
        Buffer.allocUnsafe(Math.min(chunkSize, to - at)),
        0,
        undefined,
        at,
      );
      if (bytesRead === 0) throw new Error(`content file ${path} is shorter than it should be`);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

function contentWriter(directory: string, disk: Disk): ContentWriter {
  let inMemory: Buffer[] = [];
  let size = 0;
  let handle: FileHandle | null = null;
  // Where it lies, once it is too large for memory.
  let place = '';
  let final = '';
  let writing: Promise<void> = Promise.resolve();
  let discarded = false;

  const spill = (): Promise<void> => {
    writing = discarded ? Promise.reject(new Error('the content was discarded')) : spillNow();
    return writing;
  };
  const spillNow = async (): Promise<void> => {
    if (!handle) {
      const name = randomBytes(16).toString('hex');
      place = join(directory, 'tmp', name);
      final = join(name.slice(0, 2), name);
      await mkdir(dirname(place), { recursive: true });
      handle = await open(place, 'wx+', 0o600);
    }
    const pending = inMemory;
    inMemory = [];
    const { bytesWritten } = await handle.writev(pending);
    // A full disk shows as a short write before it shows as an error.
    if (bytesWritten < pendingOf(pending)) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
  };
  return {
    get size() {
      return size;
    },
    write(chunk) {
      size += chunk.length;
      inMemory.push(chunk);
      // A file is written in large pieces; what is in memory meanwhile stays below two limits.
      if (size > rowLimit && (!handle || pendingOf(inMemory) >= rowLimit * 4)) return spill();
    },
    async finish() {
      // A closed file must not be taken for a disk that failed.
      if (discarded) throw new Error('the content was discarded');
      if (size <= rowLimit) return { bytes: whole(inMemory, size), file: null, size };
      if (inMemory.length) await spill();
      await disk.sync(handle!);
      await mkdir(dirname(join(directory, final)), { recursive: true });
      await rename(place, join(directory, final));
      place = join(directory, final);
      await disk.syncEntry(place);
      await handle!.close();
      return { bytes: null, file: final, size };
    },
    async read(from, to) {
      if (size <= rowLimit) return Buffer.concat(inMemory).subarray(from, to);
      if (inMemory.length) await spill();
      return Buffer.concat(await Array.fromAsync(fileRange(place, from, Math.min(to, size))));
    },
    async discard() {
      discarded = true;
      inMemory = [];
      // The giver may go away in the middle of a write: the file it opens is to go too.
      await writing.catch(() => {});
      await handle?.close().catch(() => {});
      if (handle) await unlinkQuietly(place);
    },
  };
}

/** In memory of its own: a buffer of Node's shared pool would travel to the writer's thread with the whole pool. */
function whole(chunks: Buffer[], size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const chunk of chunks) at += chunk.copy(bytes, at);
  return bytes;
}

const pendingOf = (chunks: Buffer[]): number => chunks.reduce((sum, c) => sum + c.length, 0);

/** What makes a file and its name outlast a power cut. A sync that failed is fatal: the next one might lie. */
type Disk = {
  sync(handle: FileHandle): Promise<void>;
  /** The entry of a file just renamed, and those of the folders above it as far as they may be new. */
  syncEntry(path: string): Promise<void>;
};

function createDisk(directory: string, fatal: (error: Error) => void): Disk {
  // A folder another session has just made is there, but its entry may not be on the disk yet.
  const settled = new Set([dirname(directory)]);
  let broken: StoreError | null = null;
  const orEnd = async (work: () => Promise<void>): Promise<void> => {
    if (broken) throw broken;
    try {
      await work();
    } catch (error) {
      const { code, syscall, message } = error as NodeJS.ErrnoException;
      if (!syscall?.endsWith('sync') || code === 'ENOSPC' || code === 'EDQUOT') throw error;
      broken = new StoreError('io', `a sync failed: ${message}`, error);
      fatal(broken);
      throw broken;
    }
  };
  const settle = async (folder: string): Promise<void> => {
    if (settled.has(folder)) return;
    await syncDirectory(dirname(folder));
    await settle(dirname(folder));
    settled.add(folder);
  };
  return {
    sync: handle => orEnd(() => handle.datasync()),
    syncEntry: path => orEnd(() => syncDirectory(dirname(path)).then(() => settle(dirname(path)))),
  };
}

type Sync = { running: Promise<void>; next: Promise<void> | null };
const syncs = new Map<string, Sync>();

/** One sync of a directory serves everybody who renamed into it before it began. */
function syncDirectory(path: string): Promise<void> {
  const current = syncs.get(path);
  if (current) {
    current.next ??= current.running.catch(() => {}).then(() => startSync(path));
    return current.next;
  }
  return startSync(path);
}

function startSync(path: string): Promise<void> {
  const sync: Sync = { running: syncNow(path), next: null };
  syncs.set(path, sync);
  const clear = () => {
    if (syncs.get(path) === sync && sync.next === null) syncs.delete(path);
  };
  sync.running.then(clear, clear);
  return sync.running;
}

async function syncNow(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
