import { expect, test } from 'vitest';
import { createWords } from '../views/words.ts';
import { formOf } from '../web/form.ts';
import { chosenTime, fieldsAt, quickTimes } from '../web/times.ts';

const words = (zone: string) => createWords(0, { language: 'en', locale: 'en-GB', zone });
const utc = (text: string) => Date.parse(`${text}Z`);
const iso = (at: number) => new Date(at).toISOString().slice(0, 16);

test.each([
  // a Thursday afternoon
  [
    'UTC',
    '2026-11-26T14:05:30',
    ['hour 2026-11-26T15:06', 'evening 2026-11-26T18:00', 'morning 2026-11-27T08:00', 'monday 2026-11-30T08:00'],
  ],
  // by the reader's clock, which shows another day
  [
    'Pacific/Auckland',
    '2026-11-26T14:05',
    ['hour 2026-11-26T15:05', 'evening 2026-11-27T05:00', 'morning 2026-11-27T19:00', 'monday 2026-11-29T19:00'],
  ],
  // the evening is near or over
  ['UTC', '2026-11-26T17:31', ['hour 2026-11-26T18:31', 'morning 2026-11-27T08:00', 'monday 2026-11-30T08:00']],
  // on a Sunday tomorrow is Monday, on a Monday the next one is meant
  ['UTC', '2026-11-29T09:00', ['hour 2026-11-29T10:00', 'evening 2026-11-29T18:00', 'morning 2026-11-30T08:00']],
  [
    'UTC',
    '2026-11-30T09:00',
    ['hour 2026-11-30T10:00', 'evening 2026-11-30T18:00', 'morning 2026-12-01T08:00', 'monday 2026-12-07T08:00'],
  ],
  // over the night in which the clock goes forward, and over the end of the year
  [
    'Europe/Berlin',
    '2026-03-28T10:00',
    ['hour 2026-03-28T11:00', 'evening 2026-03-28T17:00', 'morning 2026-03-29T06:00', 'monday 2026-03-30T06:00'],
  ],
  ['UTC', '2026-12-31T20:00', ['hour 2026-12-31T21:00', 'morning 2027-01-01T08:00', 'monday 2027-01-04T08:00']],
] as const)('quickTimes in %s at %s', (zone, now, expected) => {
  expect(quickTimes(words(zone), utc(now)).map(q => `${q.name} ${iso(q.at)}`)).toEqual(expected);
});

const now = utc('2026-11-26T14:05');
const year = 366 * 86_400_000;
test.each([
  [{}, null],
  [{ later: 'hour' }, '2026-11-26T15:05'],
  [{ later: 'at', day: '2026-11-30', time: '09:30' }, '2026-11-30T08:30'],
  [{ later: 'at', day: '2026-11-30', time: '09:30:00' }, '2026-11-30T08:30'],
  // half past two does not exist in the night the clock leaps over it, and exists twice in the other
  [{ later: 'at', day: '2027-03-28', time: '02:30' }, '2027-03-28T01:30'],
  [{ later: 'at', day: '2027-10-31', time: '02:30' }, '2027-10-31T01:30'],
  [{ later: 'at', day: '2026-11-26', time: '15:05' }, 'This time is over. Choose one that is still to come.'],
  [{ later: 'at', day: '2026-11-25', time: '23:00' }, 'This time is over. Choose one that is still to come.'],
  [{ later: 'at', day: '', time: '09:30' }, 'Choose a day and a time.'],
  [{ later: 'at', day: '2026-11-30', time: '' }, 'Choose a day and a time.'],
  [{ later: 'at', day: '2026-06-31', time: '09:00' }, 'Choose a day and a time.'],
  [{ later: 'at', day: '2026-11-30', time: '25:00' }, 'Choose a day and a time.'],
  [{ later: 'at', day: '30.11.2026', time: '9 am' }, 'Choose a day and a time.'],
  [
    { later: 'at', day: '2028-01-01', time: '09:00' },
    'That is too far ahead: this site keeps mail until 27 Nov 2027, 15:05 at most.',
  ],
  [{ later: 'tuesday' }, 'This time is over. Choose one that is still to come.'],
] as [Record<string, string>, string | null][])('chosenTime of %j is %s', (form, expected) => {
  const chosen = chosenTime(words('Europe/Berlin'), formOf(new URLSearchParams(form)), now, year);
  expect(chosen.kind === 'at' ? iso(chosen.at) : chosen.kind === 'wrong' ? chosen.why : null).toBe(expected);
});

test('chosenTime takes none where the site keeps no mail for later', () => {
  const form = formOf(new URLSearchParams({ later: 'hour' }));
  expect(chosenTime(words('UTC'), form, now, 0)).toEqual({ kind: 'wrong', why: 'This site keeps no mail for later.' });
});

test('fieldsAt says a time as the fields of a form have it, by the reader’s clock', () => {
  expect(fieldsAt(words('Asia/Kathmandu'), utc('2026-01-01T20:00'))).toEqual({ day: '2026-01-02', time: '01:45' });
});
