import { expect, test } from 'vitest';
import { mayGoOut } from '../daemon/online.ts';
import { nextAttempt } from '../daemon/queue/schedule.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const usual = { retry_interval: 2 * hour, max_retrytime: 48 * hour };
const start = Date.UTC(2026, 0, 1);

/** The moments of all attempts, in minutes from the start, and how it ended; `jump` shifts the clock after one. */
function course(limits: typeof usual, chance: number, jump: { after: number; by: number } = { after: 0, by: 0 }) {
  let now = start;
  const at: number[] = [];
  for (let attempts = 1; attempts < 200; attempts++) {
    at.push((now - start) / minute);
    if (attempts === jump.after) now += jump.by;
    const next = nextAttempt({ since: start, attempts }, now, limits, chance);
    if (next.kind === 'expired') return { at, end: 'expired' };
    expect(next.at).toBeGreaterThan(now);
    now = next.at;
  }
  return { at, end: 'never' };
}

test('nextAttempt waits 5 to 30 minutes first, then longer, never longer than retry_interval', () => {
  for (const chance of [0, 0.5, 0.999]) {
    const { at } = course(usual, chance);
    const pauses = at.slice(1).map((t, i) => t - (at[i] ?? 0));
    expect(pauses[0]).toBeGreaterThanOrEqual(5);
    expect(pauses[0]).toBeLessThanOrEqual(30);
    expect(pauses.slice(0, 4)).toEqual(pauses.slice(0, 4).sort((a, b) => a - b));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(120);
  }
});

test('nextAttempt makes the last attempt at max_retrytime, whatever the limits are', () => {
  const limits = [
    usual,
    { retry_interval: 10_000, max_retrytime: minute },
    { retry_interval: 4 * hour, max_retrytime: 5 * day },
  ];
  limits.push({ retry_interval: 2 * hour, max_retrytime: minute }, { retry_interval: hour, max_retrytime: hour });
  for (const each of limits)
    for (const chance of [0, 0.5, 0.999]) {
      const { at, end } = course(each, chance);
      expect(end).toBe('expired');
      expect(at.at(-1)).toBe(each.max_retrytime / minute);
    }
});

test('nextAttempt fails nothing at once, and tries nothing without pause, after a clock was set', () => {
  for (const by of [-day, day, 3 * day, -3 * day])
    for (const after of [1, 3, 8]) {
      const { at, end } = course(usual, 0.5, { after, by });
      expect(end).toBe('expired');
      // It is tried at least three quarters of the usual number of times, and not without end.
      expect(at.length).toBeGreaterThan(0.6 * course(usual, 0.5).at.length);
      expect(at.length).toBeLessThan(5 * course(usual, 0.5).at.length);
    }
});

test('nextAttempt spreads what failed together', () => {
  const at = [0, 0.25, 0.5, 0.75].map(chance => nextAttempt({ since: start, attempts: 1 }, start, usual, chance));
  expect(new Set(at.map(n => n.kind === 'again' && n.at)).size).toBe(4);
});

test('mayGoOut says why not', () => {
  expect(mayGoOut({ online: 'always' }, start)).toEqual({ yes: true });
  const reason = 'off line: the setting online is never';
  expect(mayGoOut({ online: 'never' }, start)).toEqual({ yes: false, reason, until: null });
});
