import { isMainThread, parentPort, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads';
import { type Committer, createCommitter } from './committer.ts';
import { createReserve } from './reserve.ts';
import { StoreError } from './sqlite.ts';
import type { VerbName } from './verbs.ts';

/**
 * The writing connection in a thread of its own, so that a slow disk never holds up the sessions.
 * Calls of one turn of the event loop travel in one message, and so do the answers of one commit.
 */
export type Writer = {
  write(verb: VerbName, args: unknown, weight?: number): Promise<unknown>;
  /** Writes that wait for their commit. */
  pending(): number;
  close(): Promise<void>;
};

type Call = { id: number; verb: VerbName; args: unknown; weight: number };
type Answer = { id: number; value: unknown; fault: { kind: StoreError['kind'] | null; message: string } | null };
/** Answers travel as JSON, which is copied several times faster than objects. */
type FromThread = { answers: string } | { fatal: string } | { closed: true };

export function startWriter(path: string, fatal: (error: Error) => void, indexes: boolean): Writer {
  const thread = new Worker(new URL(import.meta.url), { workerData: { path, indexes }, name: 'store-writer' });
  const open = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let lastId = 0;
  let outbox: Call[] = [];
  let closed: (() => void) | null = null;

  const end = (error: Error) => {
    for (const call of open.values()) call.reject(error);
    open.clear();
  };
  thread.on('message', (m: FromThread) => {
    if ('fatal' in m) return fatal(new StoreError('io', m.fatal));
    if ('closed' in m) return closed?.();
    for (const { id, value, fault } of JSON.parse(m.answers) as Answer[]) {
      const call = open.get(id);
      open.delete(id);
      if (fault) call?.reject(fault.kind ? new StoreError(fault.kind, fault.message) : new Error(fault.message));
      else call?.resolve(value);
    }
  });
  thread.on('error', error => {
    end(error as Error);
    fatal(error as Error);
  });
  const send = () => {
    const calls = outbox;
    outbox = [];
    thread.postMessage(calls);
  };
  return {
    write(verb, args, weight = 200) {
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        open.set(id, { resolve, reject });
        if (outbox.push({ id, verb, args, weight }) === 1) setImmediate(send);
      });
    },
    pending: () => open.size,
    async close() {
      await new Promise<void>(resolve => {
        closed = resolve;
        if (outbox.length) send();
        thread.postMessage('close');
      });
      await thread.terminate();
      end(new StoreError('other', 'the store was closed'));
    },
  };
}

/** The same without a thread, for short commands. */
export function inlineWriter(path: string, fatal: (error: Error) => void, indexes: boolean): Writer {
  const committer = createCommitter(path, { fatal, reserve: null, indexes });
  let pending = 0;
  return {
    write: (verb, args, weight = 200) =>
      new Promise<unknown>((done, failed) => {
        pending++;
        committer.add({ verb, args, weight, done, failed });
      }).finally(() => pending--),
    pending: () => pending,
    async close() {
      await committer.idle();
      committer.close();
    },
  };
}

if (!isMainThread && parentPort && typeof workerData?.path === 'string') serve(workerData);

function serve({ path, indexes }: { path: string; indexes: boolean }): void {
  const port = parentPort!;
  // Behind the answers of the batch that failed, so that whoever waits still hears of it.
  const fatal = (error: Error) => queueMicrotask(() => port.postMessage({ fatal: error.message }));
  const committer = createCommitter(path, { fatal, reserve: createReserve(path), indexes });
  let answers: Answer[] = [];
  const answer = (a: Answer) => {
    // All answers of a commit are given in one go, so a microtask gathers them.
    if (answers.push(a) === 1)
      queueMicrotask(() => {
        port.postMessage({ answers: JSON.stringify(answers) });
        answers = [];
      });
  };
  port.on('message', message => {
    take(message, committer, answer);
    // What else has arrived goes into the same batch.
    for (let more = receiveMessageOnPort(port); more; more = receiveMessageOnPort(port))
      take(more.message, committer, answer);
  });
}

function take(message: Call[] | 'close', committer: Committer, answer: (a: Answer) => void): void {
  if (message === 'close') {
    void committer.idle().then(() => {
      committer.close();
      parentPort!.postMessage({ closed: true });
    });
    return;
  }
  for (const { id, verb, args, weight } of message)
    committer.add({
      verb,
      args,
      weight,
      done: value => answer({ id, value, fault: null }),
      failed: error => answer({ id, value: null, fault: faultOf(error) }),
    });
}

function faultOf(error: unknown): Answer['fault'] {
  return {
    kind: error instanceof StoreError ? error.kind : null,
    message: error instanceof Error ? error.message : String(error),
  };
}
