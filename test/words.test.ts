import { expect, test } from 'vitest';
import { createWords, type languages, readerOf } from '../views/words.ts';

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
  const at = createWords(0, { language: 'en', locale: 'en-GB', zone }).startOfDay(year, month, day);
  if (expected === null) expect(at).toBe(new Date(year, month - 1, day).getTime());
  else expect(new Date(at).toISOString().slice(0, 16)).toBe(expected);
});

test.each([
  // what was chosen comes before what the browser asks for
  [['de', 'fr'], 'es', 'de', 'de-DE'],
  [['', 'fr'], 'es', 'fr', 'fr-FR'],
  [[null, null], 'es-MX,es;q=0.9,en;q=0.8', 'es', 'es-MX'],
  // the region the browser tells belongs to its language alone
  [['de'], 'en-US,de-AT;q=0.5', 'de', 'de-AT'],
  [['de'], 'en-US', 'de', 'de-DE'],
  // by weight, not by place; weight 0 is unwanted
  [[], 'fr;q=0.2, ja;q=0.9', 'ja', 'ja-JP'],
  [[], 'fr;q=0, xx', 'en', 'en-GB'],
  // none there is, and nothing that is none
  [[], 'pt-BR, sv', 'en', 'en-GB'],
  [['klingon', '__proto__'], 'constructor', 'en', 'en-GB'],
  [[], '*', 'en', 'en-GB'],
  [[], 'zh-Hant-TW, ar-Arab-MA', 'ar', 'ar-MA'],
  [[], `${'a-'.repeat(10_000)},de`, 'en', 'en-GB'],
] as const)('readerOf %j who asks for %s reads %s as in %s', (chosen, accept, language, locale) => {
  expect(readerOf([...chosen], accept, 'en')).toEqual({ language, locale });
});

test('readerOf falls back to the language of the site', () => {
  expect(readerOf([''], '', 'ja')).toEqual({ language: 'ja', locale: 'ja-JP' });
});

const words = (locale: string) =>
  createWords(Date.UTC(2026, 10, 26, 12), {
    language: locale.slice(0, 2) as keyof typeof languages,
    locale,
    zone: 'UTC',
  });
const at = Date.UTC(2026, 2, 3, 14, 5);

test.each([
  ['en-GB', '3 Mar', '3 Mar 2026, 14:05', '1,234,567', 'a, b and c', 1],
  ['en-US', 'Mar 3', 'Mar 3, 2026, 2:05 PM', '1,234,567', 'a, b, and c', 7],
  ['de-DE', '3. März', '3. März 2026, 14:05', '1.234.567', 'a, b und c', 1],
  ['de-CH', '3. März', '3. März 2026, 14:05', "1'234'567", 'a, b und c', 1],
  ['ja-JP', '3月3日', '2026年3月3日 14:05', '1,234,567', 'a、b、c', 7],
  ['es-ES', '3 mar', '3 mar 2026, 14:05', '1.234.567', 'a, b y c', 1],
] as const)('words of %s write dates, numbers and lists as there', (locale, when, stamp, number, list, first) => {
  const w = words(locale);
  expect([w.when(at), w.stamp(at).replaceAll('\u202f', ' '), w.number(1_234_567), w.list(['a', 'b', 'c'])]).toEqual([
    when,
    stamp,
    number,
    list,
  ]);
  expect(w.weekStart).toBe(first);
});

// A Thursday, in a zone ahead of UTC: 20:30 there, the day the year and the day of UTC are others than the reader's.
test.each([
  ['2026-11-26T11:30', '20:30', '20:30'],
  // the reader's midnight, and the minute before it
  ['2026-11-25T15:00', '00:00', '00:00'],
  ['2026-11-25T14:59', 'Wed', null],
  ['2026-11-20T12:00', 'Fri', null],
  ['2026-11-20T11:30', '20 Nov', null],
  // the reader's new year, and the minute before it
  ['2025-12-31T15:00', '1 Jan', null],
  ['2025-12-31T14:59', '2025', null],
  // to come: later this day, tomorrow, beyond a week, next year
  ['2026-11-26T14:59', '23:59', '23:59'],
  ['2026-11-26T15:00', '27 Nov', 'Fri 00:00'],
  ['2026-12-03T03:00', '3 Dec', '3 Dec'],
  ['2026-12-31T15:00', '1 Jan', '1 Jan'],
  ['2027-09-23T03:00', '2027', '2027'],
])('a list that is read in Tokyo on 26 November 2026 tells %s as %s, of a time to come as %s', (moment, when, soon) => {
  const w = createWords(Date.UTC(2026, 10, 26, 11, 30), { language: 'en', locale: 'en-GB', zone: 'Asia/Tokyo' });
  expect(w.when(Date.parse(`${moment}Z`))).toBe(when);
  if (soon !== null) expect(w.soon(Date.parse(`${moment}Z`))).toBe(soon);
});

test('a list knows the next day when it has come', () => {
  const told = (now: number) => createWords(now, { language: 'en', locale: 'en-GB', zone: 'Asia/Tokyo' }).when(at);
  const midnight = Date.UTC(2026, 2, 3, 15);
  expect([told(midnight - 1), told(midnight), told(midnight - 1)]).toEqual(['23:05', 'Tue', '23:05']);
});

test('words of Arabic are written in its digits, and by the calendar of mail also in Saudi Arabia', () => {
  expect(words('ar-EG').number(12)).toBe('١٢');
  expect(words('ar-MA').number(12)).toBe('12');
  expect(words('ar-SA').stamp(at)).toContain('٢٠٢٦');
});

test('a name written from right to left does not turn round the sentence it stands in', () => {
  const en = words('en-GB');
  expect(en.t('act.back', { folder: 'Inbox' })).toBe('Back to Inbox');
  expect(en.t('act.back', { folder: 'بريد' })).toBe('Back to \u2068بريد\u2069');
  // what reorders is taken from it, also where it would end our own marks
  expect(en.t('message.download', { name: 'bill\u202efdp.exe' })).toBe('Download billfdp.exe');
  expect(en.t('message.download', { name: '\u2069\u202eبa' })).toBe('Download \u2068بa\u2069');
  expect(words('ar-EG').t('app.title', { page: 'A', name: 'B' })).toContain('\u2068A\u2069');
});
