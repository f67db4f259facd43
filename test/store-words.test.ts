import fc from 'fast-check';
import { expect, test } from 'vitest';
import { factsOf, largerThan, receivedBefore, receivedSince, smallerThan } from '../daemon/store/facts.ts';
import type { IndexQuery } from '../daemon/store/sql.ts';
import { matchText, stretchBefore, stretchLevels, stretchMarks } from '../daemon/store/sqlite-words.ts';

test('stretchBefore goes through all ids, each once, and names them by a mark that they have', () => {
  const level = fc.integer({ min: 0, max: stretchLevels - 1 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 23 }), fc.infiniteStream(level), (start, levels) => {
      for (let before = start; before > 0; ) {
        const stretch = stretchBefore(before, levels.next().value!);
        expect(stretch.to).toBe(before);
        expect(stretch.from).toBeLessThan(before);
        const [, mark] = /facts : "([^"]+)"/.exec(matchText(1, { all: [] }, stretch))!;
        for (const id of [stretch.from, stretch.to - 1]) expect(stretchMarks(id)).toContain(mark);
        before = stretch.from;
      }
    }),
  );
});

test('the marks of a message are among those asked for, wherever its row matches', () => {
  const month = 30 * 86_400_000;
  const time = fc.oneof(
    fc.integer({ min: -10 * month, max: 2000 * month }),
    fc.integer({ min: 0, max: 700 }).map(m => m * month),
  );
  const size = fc.oneof(
    fc.nat(3_000_000_000),
    fc.nat(40).map(p => 2 ** p),
    fc.nat(40).map(p => 2 ** p + 1),
  );
  const meets = (query: IndexQuery, facts: string[]) =>
    'any' in query && query.any.some(one => 'fact' in one && facts.includes(one.fact));
  fc.assert(
    fc.property(time, time, size, size, (at, limit, octets, edge) => {
      const facts = factsOf({ message_size: octets, received_at: at, attachments: 0 });
      if (at < limit) expect(meets(receivedBefore(limit), facts)).toBe(true);
      else expect(meets(receivedSince(limit), facts)).toBe(true);
      if (octets > edge) expect(meets(largerThan(edge), facts)).toBe(true);
      if (octets < edge) expect(meets(smallerThan(edge), facts)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('marks leave out what is far from matching', () => {
  const facts = (at: number, octets: number) => factsOf({ message_size: octets, received_at: at, attachments: 0 });
  const asked = (query: IndexQuery) =>
    'any' in query ? query.any.flatMap(one => ('fact' in one ? one.fact : [])) : [];
  const both = (query: IndexQuery, of: string[]) => asked(query).filter(fact => of.includes(fact));
  const march = Date.UTC(2024, 2, 10);
  expect(both(receivedBefore(march), facts(Date.UTC(2024, 3, 1), 1))).toEqual([]);
  expect(both(receivedSince(march), facts(Date.UTC(2024, 1, 29), 1))).toEqual([]);
  expect(both(largerThan(5_000_000), facts(march, 4_000_000))).toEqual([]);
  expect(both(smallerThan(5_000_000), facts(march, 9_000_000))).toEqual([]);
});
