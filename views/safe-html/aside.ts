/**
 * Cleans a large mail in a worker thread: no mail holds up the pages of others, and none takes longer than its limit.
 * A few at a time; beyond a short line of waiting ones it refuses rather than pile up.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Cleaned, Policy } from './clean.ts';
import type { CleanedLetter, LetterPolicy } from './letter.ts';

type Task<P> = P extends Policy ? Cleaned : CleanedLetter;

const AT_A_TIME = 2;
const LONGEST_LINE = 32;
const MEGABYTES = 256;

let running = 0;
const waiting: (() => void)[] = [];

/** Rejects when the limit (milliseconds) has passed, memory ran out, or too many are waiting. */
export async function cleanAside<P extends Policy | LetterPolicy>(
  html: string,
  policy: P,
  limit: number,
): Promise<Task<P>> {
  await enter();
  try {
    return await inWorker(html, policy, limit);
  } finally {
    leave();
  }
}

async function enter(): Promise<void> {
  if (running >= AT_A_TIME) {
    if (waiting.length >= LONGEST_LINE) throw new Error('too many large mails are being prepared');
    await new Promise<void>(resolve => waiting.push(resolve));
  } else running++;
}

/** The place goes straight to who waits longest, so that nobody slips in between. */
function leave(): void {
  const next = waiting.shift();
  if (next) next();
  else running--;
}

async function inWorker<P extends Policy | LetterPolicy>(html: string, policy: P, limit: number): Promise<Task<P>> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { html, policy },
    resourceLimits: { maxOldGenerationSizeMb: MEGABYTES },
  });
  // Ending the worker is what frees it; an error while it ends has nobody left to tell.
  worker.on('error', () => {});
  try {
    const [cleaned] = await once(worker, 'message', { signal: AbortSignal.timeout(limit) });
    return cleaned;
  } catch (cause) {
    throw new Error(`a large mail could not be prepared within ${limit} ms`, { cause });
  } finally {
    await worker.terminate();
  }
}
