import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Condition } from '../daemon/mail/rules.ts';
import { mostConditions } from '../daemon/mail/rules.ts';
import { longestSearch, searchAsRule } from '../daemon/mail/search-query.ts';

/** `all` or `any`, then the conditions, then what is left behind a bar. */
function short(typed: string): string {
  const { all, conditions, left } = searchAsRule(typed);
  return `${all ? 'all' : 'any'}: ${conditions.map(words).join('; ')} | ${left.join('; ')}`;
}

function words(c: Condition): string {
  if (c.field === 'attachment') return c.has ? 'files' : 'no files';
  if (c.field === 'size') return `${c.test} ${c.octets}`;
  return `${c.field === 'header' ? c.name : c.field} ${c.test} ${c.text}`;
}

test.each([
  // Who, to whom, and about what.
  ['from:ann', 'all: from contains ann | '],
  ['from:Ann@Example.org', 'all: from is Ann@Example.org | '],
  ['-from:ann@example.org', 'all: from lacks ann@example.org | '],
  ['to:bo@example.net subject:"annual report"', 'all: to is bo@example.net; subject contains annual report | '],
  ['cc:team', 'all: Cc contains team | '],
  // Files and sizes.
  ['has:attachment larger:5M', 'all: files; over 5000000 | '],
  ['-has:attachments smaller:2.5k', 'all: no files; under 2500 | '],
  // What a rule cannot ask.
  ['from:ann invoice is:unread in:inbox', 'all: from contains ann | invoice; is:unread; in:inbox'],
  ['label:work filename:pdf people:bo older_than:2m', 'all:  | label:work; filename:pdf; people:bo; older_than:2m'],
  ['larger:huge -larger:5M has:fun from:', 'all:  | larger:huge; -larger:5M; has:fun; from:'],
  // One is enough, only where nothing stands beside it.
  ['from:ann OR from:bo', 'any: from contains ann; from contains bo | '],
  ['from:ann OR invoice', 'any: from contains ann | invoice'],
  ['from:ann OR from:bo subject:roof', 'all: subject contains roof | from:ann OR from:bo'],
  // Parentheses.
  ['subject:roof (from:ann OR from:bo)', 'all: subject contains roof | (from:ann OR from:bo)'],
  ['from:(ann bo) to:carol', 'all: to contains carol | from:(ann bo)'],
  ['-(from:ann (a', 'all:  | -(from:ann (a'],
  // Nothing.
  ['', 'all:  | '],
  ['OR ) OR', 'all:  | '],
  ['x'.repeat(201), `all:  | ${'x'.repeat(201)}`],
])('searchAsRule of %s is %s', (typed, expected) => expect(short(typed)).toBe(expected));

test('searchAsRule is bounded, and names whatever it leaves', () => {
  const many = searchAsRule('from:a '.repeat(100));
  expect([many.conditions.length, many.left.length]).toEqual([mostConditions, 100 - mostConditions]);
  const piece = fc.constantFrom('from:a', 'OR', '(', ')', '-', 'subject:"', 'x', 'has:attachment', ' ', 'to:(', '”');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), pieces => {
      const { conditions, left } = searchAsRule(pieces.join(' ').slice(0, longestSearch));
      expect(conditions.length).toBeLessThanOrEqual(mostConditions);
      for (const one of left) expect(one).not.toBe('');
    }),
  );
});
