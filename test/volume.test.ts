import { expect, test } from 'vitest';
import { createVolume, inWords } from '../daemon/intake/volume.ts';

const hour = 3_600_000;

test('volume takes so many at once, then one for each share of the hour, and all again after an hour', () => {
  let now = 0;
  const volume = createVolume(() => now);
  for (let i = 0; i < 4; i++) expect(volume.take('a', 4)).toBe(0);
  expect(volume.take('a', 4)).toBe(hour / 4);
  expect(volume.take('b', 4)).toBe(0);
  now += hour / 4 - 1000;
  expect(volume.take('a', 4)).toBe(1000);
  now += 1000;
  expect(volume.take('a', 4)).toBe(0);
  expect(volume.take('a', 4)).toBeGreaterThan(0);
  now += hour;
  for (let i = 0; i < 4; i++) expect(volume.take('a', 4)).toBe(0);
  expect(volume.take('a', 4)).toBeGreaterThan(0);
});

test('volume knows no limit of 0, follows a changed one, and a clock set back by days', () => {
  let now = 100 * hour;
  const volume = createVolume(() => now);
  for (let i = 0; i < 1000; i++) expect(volume.take('a', 0)).toBe(0);
  for (let i = 0; i < 3; i++) expect(volume.take('a', 3)).toBe(0);
  expect(volume.take('a', 3)).toBeGreaterThan(0);
  now = hour;
  for (let i = 0; i < 3; i++) expect(volume.take('a', 3)).toBe(0);
  expect(volume.take('a', 3)).toBeGreaterThan(0);
});

test('volume holds a table of bounded size: the longest quiet goes first', () => {
  const volume = createVolume(() => 1, 100);
  for (let i = 0; i < 2; i++) volume.take('steady', 2);
  for (let i = 0; i < 5000; i++) {
    volume.take(`k${i}`, 1);
    if (i < 50) expect(volume.take('steady', 2)).toBeGreaterThan(0);
  }
  expect(JSON.parse(volume.snapshot())).toHaveLength(100);
  expect(volume.take('k4999', 1)).toBeGreaterThan(0);
  expect(volume.take('k0', 1)).toBe(0);
});

test('volume outlives a restart, and passes over what it cannot read', () => {
  const before = createVolume(() => 1);
  before.take('a', 1);
  const after = createVolume(() => 2);
  after.restore(before.snapshot());
  expect(after.take('a', 1)).toBeGreaterThan(0);
  for (const text of ['', 'x', '{}', '[1]', '[["a"]]', '[["a","b"]]', '[null]'])
    expect(() => createVolume(() => 1).restore(text)).not.toThrow();
});

test('inWords is for people', () => {
  expect([1, 1000, 99_000, 100_000, hour].map(inWords)).toEqual([
    'in 1 second',
    'in 1 second',
    'in 99 seconds',
    'in 2 minutes',
    'in 60 minutes',
  ]);
});
