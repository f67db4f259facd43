import { dirname, join } from 'node:path';
import { createIndexer } from './indexer.ts';
import type { Reserve } from './reserve.ts';
import type { Work } from './sql.ts';
import { type Connection, connect, StoreError } from './sqlite.ts';
import { prepared, type VerbName, verbs } from './verbs.ts';

/** A write on its way: the verb, its arguments, and who waits for the answer. */
export type Job = {
  verb: VerbName;
  args: unknown;
  /** Octets it carries, so that a batch stays small. */
  weight: number;
  done(result: unknown): void;
  failed(error: unknown): void;
};

export type Committer = { add(job: Job): void; idle(): Promise<void>; close(): void };

export type CommitterOptions = {
  /** Called when a sync failed: what the disk holds is then unknown, so the process must end and read it anew. */
  fatal(error: Error): void;
  reserve: Reserve | null;
  /** Keeps the full-text index up to date, when nothing else is to do. */
  indexes: boolean;
};

/** A batch is what arrived while the last commit ran, at most this much: other processes want to write too. */
const maxJobs = 50;
const maxWeight = 1024 * 1024;
const pauseMs = 1;
const lockPatienceMs = 5000;
/** Writes are coming in when the last one was so long ago. */
const quietMs = 20;
/** After a fault, of a full disk say, indexing is tried again. */
const indexAgainMs = 60_000;

/**
 * Group commit: every waiting write of the process goes into one transaction and is answered after the one sync.
 * Where one of them fails, the batch is done again with each in a savepoint of its own.
 */
export function createCommitter(path: string, { fatal, reserve, indexes }: CommitterOptions): Committer {
  const db = connect(path, 'write');
  const indexer = indexes ? createIndexer(db, join(dirname(path), 'content')) : null;
  const waiting: Job[] = [];
  /** So many of the first are to be done singly. */
  let singly = 0;
  let scheduled = false;
  let lockedSince: number | null = null;
  let broken: StoreError | null = null;
  let whenIdle: (() => void)[] = [];
  let committedAt = Number.NEGATIVE_INFINITY;
  let indexing: NodeJS.Timeout | null = null;

  const soon = () => {
    if (!scheduled) setImmediate(pump);
    scheduled = true;
  };
  const afterPause = () => {
    if (!scheduled) setTimeout(pump, pauseMs);
    scheduled = true;
  };
  const pump = () => {
    scheduled = false;
    if (waiting.length === 0) return rest();
    if (!locked()) return waiting.length ? afterPause() : rest();
    const jobs = waiting.splice(0, singly || batchSize(waiting));
    try {
      if (singly) commitSingly(db, jobs);
      else commitTogether(db, jobs);
      singly = 0;
    } catch (error) {
      giveUp(jobs, error);
    }
    indexer?.noted();
    if (indexer) indexAfter(indexer.waitMs(isBusy()));
    committedAt = performance.now();
    if (waiting.length) afterPause();
    else rest();
  };
  const giveUp = (jobs: Job[], error: unknown) => {
    const oneIsAtFault = jobs.length > 1 && singly === 0 && !endsBatch(error);
    singly = oneIsAtFault ? jobs.length : 0;
    if (oneIsAtFault) waiting.unshift(...jobs);
    else refuse(withoutRoom(jobs, error), error);
  };
  const rest = () => {
    for (const resume of whenIdle) resume();
    whenIdle = [];
    if (reserve && !broken) setImmediate(reserve.takeBack);
  };
  /** In a turn of the event loop of its own: the answers of a commit leave first. */
  const indexAfter = (ms: number) => {
    // A command must not be kept from ending: what it noted stays noted.
    indexing ??= setTimeout(catchUp, ms).unref();
  };
  const isBusy = () => performance.now() - committedAt < quietMs;
  const catchUp = () => {
    indexing = null;
    if (broken || !indexer) return;
    try {
      indexer.slice();
      if (indexer.pending) indexAfter(indexer.waitMs(isBusy()));
    } catch (error) {
      refuse([], error);
      indexAfter(indexAgainMs);
    }
  };
  /** The reserve is for those who read, move and remove; new mail can wait outside. */
  const withoutRoom = (jobs: Job[], error: unknown): Job[] => {
    if (!(error instanceof StoreError) || error.kind !== 'full' || !reserve?.giveUp()) return jobs;
    waiting.unshift(...jobs.filter(j => !isNewMail(j)));
    return jobs.filter(isNewMail);
  };
  const refuse = (jobs: Job[], error: unknown) => {
    for (const job of jobs) job.failed(error);
    if (broken || !(error instanceof StoreError) || error.kind !== 'io') return;
    broken = error;
    refuse(waiting.splice(0), error);
    fatal(error);
  };
  /** Takes the write lock, or gives up on all that waits once patience is over. */
  const locked = (): boolean => {
    try {
      if (db.begin()) {
        lockedSince = null;
        return true;
      }
    } catch (error) {
      refuse(waiting.splice(0), error);
      return false;
    }
    const now = performance.now();
    lockedSince ??= now;
    if (now - lockedSince > lockPatienceMs) {
      lockedSince = null;
      refuse(waiting.splice(0), new StoreError('busy', 'the store was locked for too long'));
    }
    return false;
  };

  if (indexer) indexAfter(quietMs);
  return {
    add(job) {
      // Until the process has ended, nothing is tried on a disk that failed us: a second sync may lie.
      if (broken) return job.failed(broken);
      try {
        // Before the lock is taken: others need not wait for it.
        waiting.push({ ...job, args: prepared(job.verb, job.args) });
      } catch (error) {
        return job.failed(error);
      }
      soon();
    },
    idle: () => (waiting.length ? new Promise(resolve => whenIdle.push(resolve)) : Promise.resolve()),
    close() {
      if (indexing) clearTimeout(indexing);
      db.close();
    },
  };
}

function batchSize(waiting: Job[]): number {
  let count = 0;
  let weight = 0;
  while (count < waiting.length && count < maxJobs && (count === 0 || weight < maxWeight))
    weight += waiting[count++]!.weight;
  return count;
}

const isNewMail = ({ verb }: Job): boolean => verb === 'accept' || verb === 'acceptReporting';

/** A fault of the disk or of the store, and of no single write. */
const endsBatch = (error: unknown): boolean => error instanceof StoreError && error.kind !== 'other';

const perform = (db: Connection, { verb, args }: Job): unknown =>
  db.perform(verbs[verb](args as never) as Work<unknown>);

type Answer = { job: Job; ok: boolean; value: unknown };

/** Only after the commit is anybody told anything. Throws when nothing of the batch is kept. */
function commitTogether(db: Connection, jobs: Job[]): void {
  commit(db, () => jobs.map(job => ({ job, ok: true, value: perform(db, job) })));
}

/** A verb that fails takes nothing but itself back; a fault of the disk or the store ends the whole batch. */
function commitSingly(db: Connection, jobs: Job[]): void {
  commit(db, () => jobs.map(job => attempt(db, job)));
}

function commit(db: Connection, act: () => Answer[]): void {
  let answers: Answer[];
  try {
    answers = act();
    db.commit();
  } catch (error) {
    db.rollback();
    throw error;
  }
  for (const { job, ok, value } of answers) (ok ? job.done : job.failed)(value);
}

function attempt(db: Connection, job: Job): Answer {
  db.exec('savepoint job');
  try {
    const value = perform(db, job);
    db.exec('release job');
    return { job, ok: true, value };
  } catch (error) {
    if (endsBatch(error)) throw error;
    db.exec('rollback to job; release job');
    return { job, ok: false, value: error };
  }
}
