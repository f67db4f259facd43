/**
 * What is due comes back: messages that were snoozed, and letters that nobody answered.
 *
 * It looks every few seconds, since the site writes the times in a process of its own. Times are kept in the store, so
 * that a crash, or a night switched off, only delays what is due; each comes back once, in a transaction. It decides
 * nothing: who wants what back, and when, is in the store.
 */
import { because, type Log } from './log.ts';
import type { Change, Store } from './store.ts';

const lookEveryMs = 5_000;

export type SweepOptions = {
  store: Pick<Store, 'snoozes'>;
  now: () => number;
  log: Log;
  /** Told after the commit. */
  changed(changes: Change[]): void;
};

export type Sweep = {
  /** Brings back what is due now; what fails is tried at the next look. */
  look(): Promise<void>;
  stop(): void;
};

export function startSweep({ store, now, log, changed }: SweepOptions): Sweep {
  let looking: Promise<void> | null = null;
  const once = async () => {
    try {
      const changes = await store.snoozes.wakeDue(now());
      if (changes.length > 0) changed(changes);
    } catch (error) {
      log.error('bringing back what is due', because(error));
    }
  };
  const look = () => {
    looking ??= once().finally(() => {
      looking = null;
    });
    return looking;
  };
  const timer = setInterval(look, lookEveryMs);
  return { look, stop: () => clearInterval(timer) };
}
