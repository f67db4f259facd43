import type { Settings } from '../config.ts';

/** When a delivery that could not be made is tried again. Pure: clock and chance are given. */
export type Next = { kind: 'again'; at: number } | { kind: 'expired' };

type Limits = Pick<Settings, 'retry_interval' | 'max_retrytime'>;
type Waiting = {
  /** When it was accepted. */ since: number /** Attempts made, the one that just failed included. */;
  attempts: number;
};

const minute = 60_000;
/** The first pause is 9 to 15 minutes: behind most greylists, and not all at one moment after a failure. */
const firstPause = 15 * minute;
const leastShare = 0.6;

/**
 * Pauses double up to `retry_interval`; the last attempt is made when `max_retrytime` is reached.
 * `chance` is in [0, 1).
 */
export function nextAttempt(d: Waiting, now: number, limits: Limits, chance: number): Next {
  if (isExpired(d, now, limits)) return { kind: 'expired' };
  const pause = longestPause(d.attempts, limits) * (leastShare + (1 - leastShare) * chance);
  const end = d.since + limits.max_retrytime;
  return { kind: 'again', at: end > now ? Math.min(now + pause, end) : now + pause };
}

/**
 * By the clock, and by the attempts made: a clock set forward a day, or a machine that was off for three, must not
 * fail mail that was hardly tried.
 */
function isExpired(d: Waiting, now: number, limits: Limits): boolean {
  return now - d.since >= limits.max_retrytime && triedFor(d.attempts, limits) >= 0.75 * limits.max_retrytime;
}

/** So many looks in vain, in about six hours, and a person must see to it. */
const mostLooks = 10;

/**
 * When what we ourselves could not read, or carry out, is looked at again; null: it waits for a person. `attempts`: made
 * so far, this one included; `before`: the last one failed so too.
 */
export function nextLook(
  { attempts, before }: { attempts: number; before: boolean },
  now: number,
  limits: Limits,
): number | null {
  if (before && attempts >= mostLooks) return null;
  return now + Math.min(limits.retry_interval, minute * 2 ** Math.min(attempts - 1, 30));
}

/** How long so many attempts usually take. */
function triedFor(attempts: number, limits: Limits): number {
  let total = 0;
  for (let made = 1; made < attempts && total < limits.max_retrytime; made++)
    total += longestPause(made, limits) * ((1 + leastShare) / 2);
  return total;
}

const longestPause = (attempts: number, limits: Limits): number =>
  Math.min(limits.retry_interval, firstPause * 2 ** Math.min(attempts - 1, 30));
