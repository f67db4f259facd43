import { expect, test } from 'vitest';
import { createWords } from '../views/words.ts';

test.each([
  [undefined, [2026, 11, 25], null],
  ['UTC', [2026, 11, 25], '2026-11-25T00:00'],
  ['Europe/Berlin', [2026, 11, 25], '2026-11-24T23:00'],
  // the day the clock goes forward, the day it goes back, and the day after
  ['Europe/Berlin', [2026, 3, 29], '2026-03-28T23:00'],
  ['Europe/Berlin', [2026, 3, 30], '2026-03-29T22:00'],
  ['Europe/Berlin', [2026, 10, 25], '2026-10-24T22:00'],
  ['Pacific/Auckland', [2026, 1, 1], '2025-12-31T11:00'],
  ['America/Los_Angeles', [2026, 7, 1], '2026-07-01T07:00'],
  ['Asia/Kathmandu', [2026, 1, 1], '2025-12-31T18:15'],
  // a day before the first of the month
  ['UTC', [2026, 3, 0], '2026-02-28T00:00'],
] as const)('startOfDay in %s of %j is %s', (zone, [year, month, day], expected) => {
  const at = createWords(0, zone).startOfDay(year, month, day);
  if (expected === null) expect(at).toBe(new Date(year, month - 1, day).getTime());
  else expect(new Date(at).toISOString().slice(0, 16)).toBe(expected);
});
