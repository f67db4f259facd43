import { describe, expect, test } from 'vitest';
import { ipEntryProblem, ipList, ipListTakesAny } from '../daemon/wire/ip-pattern.ts';

const list = (text: string) => text.split(',').filter(t => t !== '');

// The list, addresses that pass, addresses that do not.
const restrictive: [string, string[], string[]][] = [
  // All but one address.
  ['*,!161.29.5.20', ['161.29.5.21', '::1', '10.0.0.1'], ['161.29.5.20', '::ffff:161.29.5.20', '::ffff:a11d:514']],
  // Every entry must pass: the star takes nothing away from the range.
  ['*,161.29.3-5.24', ['161.29.3.24', '161.29.4.24', '161.29.5.24'], ['161.29.2.24', '161.29.6.24', '161.29.4.25']],
  ['*,!161.29.5.*', ['161.29.4.255', '161.29.50.1', '2001:db8::1'], ['161.29.5.0', '161.29.5.255']],
  ['161.29.3-5.0-255', ['161.29.3.0', '161.29.4.77', '161.29.5.255'], ['161.29.2.255', '161.29.6.0', '::1']],
  ['*,!161.29.*.24', ['161.29.1.25', '161.28.1.24'], ['161.29.0.24', '161.29.255.24']],
  ['*,!161.29.20?.24', ['161.29.199.24', '161.29.210.24'], ['161.29.200.24', '161.29.205.24', '161.29.209.24']],
  // A question mark wants its one character.
  ['*,!161.29.20?.24', ['161.29.20.24'], []],
  // A star crosses dots, in the middle too, and may be of nothing.
  ['161.29.*', ['161.29.3.4'], ['161.2.9.3', '161.30.3.4']],
  ['1*4', ['1.2.3.4', '14.0.0.4', '10.0.0.104'], ['2.2.3.4', '1.2.3.5']],
  ['**.1', ['9.9.9.1', '10.0.0.1'], ['10.0.0.11']],
  // Networks.
  ['10.0.0.0/8,!10.1.0.0/20', ['10.2.0.1', '10.1.16.0'], ['11.0.0.0', '10.1.15.255', '::1']],
  ['2001:db8::/32', ['2001:db8::1', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'], ['2001:db9::', '1.2.3.4']],
  ['!fe80::/10', ['::1', '127.0.0.1'], ['fe80::1%eth0', 'febf::1']],
  ['::ffff:10.0.0.0/104', ['10.9.9.9', '::ffff:10.1.1.1'], ['11.0.0.0']],
  ['2001:DB8:0:0::1', ['2001:db8::1'], ['2001:db8::2']],
  // No restriction.
  ['', ['1.2.3.4', '::1'], []],
];

const selecting: [string, string[], string[]][] = [
  ['127.0.0.1,10.*', ['127.0.0.1', '10.1.2.3'], ['127.0.0.2', '::1']],
  // An exclusion wins wherever it stands.
  ['!10.0.0.5,10.*,::1', ['10.0.0.4', '::1'], ['10.0.0.5', '11.0.0.1']],
  ['', [], ['127.0.0.1', '::1']],
];

describe('ipList', () => {
  test.each(restrictive)('ipList, restrictive: %s', (entries, passing, failing) => {
    const passes = ipList('restrictive', list(entries));
    expect(passing.filter(a => !passes(a))).toEqual([]);
    expect(failing.filter(passes)).toEqual([]);
  });

  test.each(selecting)('ipList, selecting: %s', (entries, passing, failing) => {
    const takes = ipList('selecting', list(entries));
    expect(passing.filter(a => !takes(a))).toEqual([]);
    expect(failing.filter(takes)).toEqual([]);
  });

  test('ipList takes no text that is no address, but restricts nobody when it is empty', () => {
    for (const nonsense of ['', 'localhost', '1.2.3', '1.2.3.4.5', '1.2.3.004', '*', '1.2.3.4/32'])
      expect(ipList('restrictive', ['*'])(nonsense)).toBe(false);
    expect(ipList('restrictive', [])('')).toBe(true);
  });

  test('ipList explains which entries an address fails', () => {
    const { explain } = ipList('restrictive', list('*,!161.29.5.*,161.29.0-9.1'));
    expect(explain('161.29.5.1').map(e => [e.entry, e.passes])).toEqual([
      ['*', true],
      ['!161.29.5.*', false],
      ['161.29.0-9.1', true],
    ]);
    expect(explain('nowhere').map(e => e.passes)).toEqual([false, false, false]);
  });
});

test.each([
  // Wildcards or ranges, per entry.
  ['!161.29.3-5.24', /never both/],
  ['161.29.3-5.*', /never both/],
  ['1?.1-2.3.4', /never both/],
  ['10.*/8', /never both/],
  ['2001:db8:*', /2001:db8::\/32/],
  ['161.29.3-5', /four parts/],
  ['1.2.3.5-4', /goes up/],
  ['1.2.3.0-256', /goes up/],
  ['10.0.0.0/33', /at most 32/],
  ['::/129', /at most 128/],
  ['', /belongs here/],
  ['!', /belongs here/],
  ['!!1.2.3.4', /belongs here/],
  ['mail.example.org', /belongs here/],
  ['*.example.org', /belongs here/],
  ['1.2.3.04', /belongs here/],
  [`${'?'.repeat(31)}`, /belongs here/],
])('ipEntryProblem says what is wrong with "%s"', (entry, what) => {
  expect(ipEntryProblem(entry)).toMatch(what);
});

test('ipEntryProblem has nothing against what an entry may be', () => {
  for (const entry of ['*', '!*', '! 10.0.0.1', '10.0.0.1', '::1', '10.0.0.1/8', '!10.0.0.0/8', '1-2.0.0.1', '1?.*'])
    expect(ipEntryProblem(entry), entry).toBeNull();
});

test.each([
  ['restrictive', '', true],
  ['restrictive', '1.2.3.4,5.6.7.8', false],
  ['restrictive', '*,!*', false],
  ['restrictive', '1.2.3.4,!1.2.*', false],
  ['restrictive', '1.2.*,!1.2.3.*', true],
  ['restrictive', '300.*', false],
  ['restrictive', '*.1,*.2', false],
  ['restrictive', '1*,*2,?.?.?.?', true],
  ['restrictive', '0-9.0-9.0-9.0-9,!?.?.?.?', false],
  ['restrictive', '::1,10.*', false],
  ['restrictive', '2001:db8::/126,!2001:db8::,!2001:db8::1,!2001:db8::2/127', false],
  ['restrictive', '2001:db8::/126,!2001:db8::,!2001:db8::1,!2001:db8::2', true],
  ['restrictive', '!0.0.0.0/0,!::/0', false],
  ['selecting', '', false],
  ['selecting', '!10.0.0.1', false],
  ['selecting', '10.0.0.1,!10.0.0.0/8', false],
  ['selecting', '10.0.0.1,::1', true],
] as const)('ipListTakesAny: a %s list "%s": %s', (kind, entries, takes) => {
  expect(ipListTakesAny(kind, list(entries))).toBe(takes);
});
