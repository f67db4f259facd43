import type { Reserve } from './reserve.ts';
import type { Statement, Work } from './sql.ts';
import { type Connection, connect, StoreError } from './sqlite.ts';
import { type VerbName, verbs } from './verbs.ts';

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

/** A batch is what arrived while the last commit ran, at most this much: other processes want to write too. */
const maxJobs = 50;
const maxWeight = 1024 * 1024;
const pauseMs = 1;
const lockPatienceMs = 5000;

/**
 * Group commit: every waiting write of the process goes into one transaction, each in a savepoint of its own,
 * and is answered after the one sync. `fatal` is called when a sync failed: what the disk holds is then unknown,
 * so the process must end and read it anew rather than try again.
 */
export function createCommitter(path: string, fatal: (error: Error) => void, reserve: Reserve | null): Committer {
  const db = connect(path, 'write');
  const waiting: Job[] = [];
  let scheduled = false;
  let lockedSince: number | null = null;
  let broken: StoreError | null = null;
  let whenIdle: (() => void)[] = [];

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
    const jobs = batch(waiting);
    try {
      commit(db, jobs);
    } catch (error) {
      refuse(withoutRoom(jobs, error), error);
    }
    if (waiting.length) afterPause();
    else rest();
  };
  const rest = () => {
    for (const resume of whenIdle) resume();
    whenIdle = [];
    if (reserve && !broken) setImmediate(reserve.takeBack);
  };
  /** The reserve is for those who read, move and remove; new mail can wait outside. */
  const withoutRoom = (jobs: Job[], error: unknown): Job[] => {
    if (!(error instanceof StoreError) || error.kind !== 'full' || !reserve?.giveUp()) return jobs;
    waiting.unshift(...jobs.filter(j => j.verb !== 'accept'));
    return jobs.filter(j => j.verb === 'accept');
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

  return {
    add(job) {
      // Until the process has ended, nothing is tried on a disk that failed us: a second sync may lie.
      if (broken) return job.failed(broken);
      waiting.push(job);
      soon();
    },
    idle: () => (waiting.length ? new Promise(resolve => whenIdle.push(resolve)) : Promise.resolve()),
    close() {
      db.close();
    },
  };
}

function batch(waiting: Job[]): Job[] {
  let count = 0;
  let weight = 0;
  while (count < waiting.length && count < maxJobs && (count === 0 || weight < maxWeight))
    weight += waiting[count++]!.weight;
  return waiting.splice(0, count);
}

type Answer = { job: Job; ok: boolean; value: unknown };

/** Only after the commit is anybody told anything. Throws when nothing of the batch is kept. */
function commit(db: Connection, jobs: Job[]): void {
  let answers: Answer[];
  try {
    const late: Statement[] = [];
    answers = jobs.map(job => attempt(db, job, jobs.length > 1, late));
    db.runLate(late);
    db.exec('commit');
  } catch (error) {
    rollback(db);
    throw error;
  }
  for (const { job, ok, value } of answers) (ok ? job.done : job.failed)(value);
}

/** A verb that fails takes nothing but itself back; a fault of the disk or the store ends the whole batch. */
function attempt(db: Connection, job: Job, shared: boolean, late: Statement[]): Answer {
  if (shared) db.exec('savepoint job');
  try {
    const own: Statement[] = [];
    const value = db.perform(verbs[job.verb](job.args as never) as Work<unknown>, own);
    if (shared) db.exec('release job');
    late.push(...own);
    return { job, ok: true, value };
  } catch (error) {
    if (!shared || (error instanceof StoreError && error.kind !== 'other')) throw error;
    db.exec('rollback to job; release job');
    return { job, ok: false, value: error };
  }
}

function rollback(db: Connection): void {
  try {
    db.exec('rollback');
  } catch {
    // SQLite has already rolled back by itself after some faults; there is nothing left to take back.
  }
}
