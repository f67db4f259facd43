import { expect, test } from 'vitest';
import { domainList, namePattern } from '../daemon/mail/pattern.ts';

test.each([
  // Names.
  ['*smith', ['smith', 'Johnsmith', 'a.SMITH'], ['smithers', 'smit']],
  ['bob', ['bob', 'BOB'], ['bobby', 'xbob', '']],
  ['j?hn', ['john', 'jöhn'], ['jhn', 'joohn']],
  // Addresses and domains.
  ['*@example.org', ['ann@EXAMPLE.org', '@example.org'], ['ann@mail.example.org', 'ann@example.org.evil']],
  ['*.Example.org', ['mail.example.org', 'a.b.example.org'], ['example.org']],
  ['news-*@*.org', ['news-7@lists.example.org'], ['news-7@example.com', 'old-news-7@a.org']],
  ['**a**', ['a', 'bab'], ['', 'b']],
  ['*', ['', 'anything'], []],
  ['?', ['x'], ['', 'xy']],
  ['a*b*c', ['abc', 'a--b--c', 'abbcc'], ['acb', 'abcd']],
  // Nothing else is special.
  ['a.c', ['a.c'], ['abc']],
  ['[a]+', ['[a]+'], ['a', 'aa']],
] as [string, string[], string[]][])('namePattern %s', (pattern, matching, others) => {
  const matches = namePattern(pattern);
  expect(matching.filter(t => !matches(t))).toEqual([]);
  expect(others.filter(matches)).toEqual([]);
});

test('namePattern answers at once whatever the pattern and the text', () => {
  const text = `${'a'.repeat(100_000)}b`;
  expect(namePattern('*a*a*a*a*a*a*a*a*a*c')(text)).toBe(false);
  expect(namePattern('*a*a*a*a*a*a*a*a*a*b')(text)).toBe(true);
});

test('domainList says which entry takes a domain: its own name before a pattern', () => {
  const takes = domainList(['*.b.example', 'a.example', 'x.b.example']);
  expect(['a.example', 'x.b.example', 'y.b.example', 'b.example', 'x.a.example'].map(takes)).toEqual([
    'a.example',
    'x.b.example',
    '*.b.example',
    null,
    null,
  ]);
  expect(domainList([])('a.example')).toBeNull();
});
