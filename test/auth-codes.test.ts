import { expect, test } from 'vitest';
import { freshSecret, secretIn } from '../daemon/auth/secrets.ts';
import { createTickets } from '../daemon/auth/tickets.ts';
import { base32, codeAt, codeIn, keyUri, stepOf, stepOfCode } from '../daemon/auth/totp.ts';
import { createSeal } from '../daemon/wire/seal.ts';

// RFC 6238 appendix B: seconds since 1970, and the code for the key of each hash.
const seeds = { sha1: 20, sha256: 32, sha512: 64 } as const;
const vectors: [number, string, string, string][] = [
  [59, '94287082', '46119246', '90693936'],
  [1111111109, '07081804', '68084774', '25091201'],
  [1111111111, '14050471', '67062674', '99943326'],
  [1234567890, '89005924', '91819424', '93441116'],
  [2000000000, '69279037', '90698825', '38618901'],
  [20000000000, '65353130', '77737706', '47863826'],
];
test.each(vectors)('codeAt knows the codes of RFC 6238 at second %i', (seconds, ...codes) => {
  const all = (['sha1', 'sha256', 'sha512'] as const).map(hash => {
    const key = Buffer.from('1234567890'.repeat(7).slice(0, seeds[hash]));
    return codeAt(key, stepOf(seconds * 1000), { digits: 8, hash });
  });
  expect(all).toEqual(codes);
});

test('codeAt has six digits by itself, with leading zeros', () => {
  const key = Buffer.from('12345678901234567890');
  expect(codeAt(key, stepOf(1111111109_000))).toBe('081804');
});

test('stepOfCode takes the code of now, the one before and the one after', () => {
  const key = Buffer.from('12345678901234567890');
  const now = 1111111111_000;
  const ages = [-2, -1, 0, 1, 2].map(n => stepOfCode(key, codeAt(key, stepOf(now) + n), now));
  expect(ages).toEqual([null, stepOf(now) - 1, stepOf(now), stepOf(now) + 1, null]);
  expect(stepOfCode(Buffer.from('09876543210987654321'), codeAt(key, stepOf(now)), now)).toBeNull();
});

test.each([
  ['123456', '123456'],
  [' 123 456 ', '123456'],
  ['\uff11\uff12\uff13\uff14\uff15\uff16', '123456'],
  ['\u0661\u0662\u0663\u0664\u0665\u0666', '123456'],
  ['\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6', '123456'],
  ['12345', null],
  ['1234567', null],
  ['12345a', null],
  ['-12345', null],
  ['', null],
  ['1'.repeat(1_000_000), null],
])('codeIn of %j', (typed, code) => expect(codeIn(typed)).toBe(code));

// RFC 4648 §10, without padding.
test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('base32 of %j', (text, coded) => expect(base32(Buffer.from(text))).toBe(coded));

test('keyUri is read by URL and names house and account', () => {
  const uri = keyUri(Buffer.from('foobar'), { address: 'ann&bo@example.org', issuer: 'CWMail' });
  const url = new URL(uri);
  expect([url.protocol, url.host]).toEqual(['otpauth:', 'totp']);
  expect(decodeURIComponent(url.pathname)).toBe('/CWMail:ann&bo@example.org');
  expect(Object.fromEntries(url.searchParams)).toEqual({ secret: 'MZXW6YTBOI', issuer: 'CWMail' });
});

test('freshSecret is five groups of four, of letters that spell nothing, and another each time', () => {
  const some = Array.from({ length: 200 }, freshSecret);
  for (const secret of some) expect(secret).toMatch(/^(?:[bcdfghjkmnpqrstvwxyz]{4} ){4}[bcdfghjkmnpqrstvwxyz]{4}$/);
  expect(new Set(some).size).toBe(200);
  // Every letter comes, at every place: 20^20 is more than 2^86.
  for (let place = 0; place < 4; place++) expect(new Set(some.map(s => s[place])).size).toBeGreaterThan(15);
});

test('secretIn knows a secret however its spaces and letter case are typed, and nothing else', () => {
  const hash = secretIn('bcdf ghjk mnpq rstv wxyz');
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  for (const typed of ['bcdfghjkmnpqrstvwxyz', 'BCDF GHJK MNPQ RSTV WXYZ', ' bcdf-ghjk-mnpq-rstv-wxyz\n'])
    expect(secretIn(typed)).toBe(hash);
  for (const typed of [
    'bcdf ghjk mnpq rstv wxy',
    'bcdf ghjk mnpq rstv wxyzb',
    'acdf ghjk mnpq rstv wxyz',
    '',
    'correct horse',
  ])
    expect(secretIn(typed)).toBeNull();
  expect(secretIn('b '.repeat(500_000))).toBeNull();
});

test('a ticket is for its account with its password, for ten minutes, under its key', () => {
  let now = 1_000_000;
  const tickets = createTickets(createSeal('key', 'test'), () => now);
  const ticket = tickets.issue(7, 'phc');
  expect(tickets.open(ticket)?.accountId).toBe(7);
  expect([
    tickets.open(ticket)?.isFor('phc'),
    tickets.open(ticket)?.isFor('new'),
    tickets.open(ticket)?.isFor(null),
  ]).toEqual([true, false, false]);
  expect(tickets.open(tickets.issue(7, null))?.isFor(null)).toBe(true);
  for (const forged of ['', 'x', `${ticket.slice(0, -4)}AAAA`, 'A'.repeat(5000)])
    expect(tickets.open(forged)).toBeNull();
  expect(createTickets(createSeal('other', 'test'), () => now).open(ticket)).toBeNull();
  now += 10 * 60_000 + 1;
  expect(tickets.open(ticket)).toBeNull();
});
