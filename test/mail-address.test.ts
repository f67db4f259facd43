import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressKey,
  displayAddress,
  domainOf,
  formatAddress,
  formatNamed,
  localOf,
  parseAddress,
  parseAddressList,
  parseDomain,
  subaddress,
} from '../daemon/mail/address.ts';
import { cpuMillis } from './cpu.ts';

/** [given, what formatAddress makes of it again] */
const accepted: [string, string][] = [
  // dot-atoms, letter case of the local part kept
  ['john@example.org', 'john@example.org'],
  ['John.Smith+tag@Example.ORG', 'John.Smith+tag@example.org'],
  ["!#$%&'*+/=?^_`{|}~-@x.y", "!#$%&'*+/=?^_`{|}~-@x.y"],
  ['a@localhost', 'a@localhost'],
  ['a@under_score.example', 'a@under_score.example'],
  [`${'l'.repeat(64)}@x.y`, `${'l'.repeat(64)}@x.y`],
  // quoted strings: quotes stay only where they are needed
  ['"john"@x.y', 'john@x.y'],
  ['"john smith"@x.y', '"john smith"@x.y'],
  ['"a@evil x"@ours.example', '"a@evil x"@ours.example'],
  ['"a\\"b\\\\c"@x.y', '"a\\"b\\\\c"@x.y'],
  ['"a\\bc"@x.y', 'abc@x.y'],
  ['""@x.y', '""@x.y'],
  ['"a..b"@x.y', '"a..b"@x.y'],
  ['"@["@x.y', '"@["@x.y'],
  // address literals
  ['a@[192.0.2.1]', 'a@[192.0.2.1]'],
  ['a@[IPv6:2001:DB8::1]', 'a@[ipv6:2001:db8::1]'],
  // beyond ASCII: domains become A-labels, local parts NFC
  ['Jörg@BÜCHER.example', 'Jörg@xn--bcher-kva.example'],
  ['a@XN--BCHER-KVA.example', 'a@xn--bcher-kva.example'],
  ['a@例え。jp', 'a@xn--r8jz45g.jp'],
  ['Jo\u0308rg@x.y', 'Jörg@x.y'],
  ['"jö rg"@x.y', '"jö rg"@x.y'],
];

const refused: string[] = [
  // not an address at all
  '',
  '@',
  'a',
  'a@',
  '@x.y',
  'postmaster',
  // line ends, controls, what cannot be seen
  'a@b\r\nDATA',
  'a\r\n@b',
  '"a\r\nRCPT TO:<x@y>"@z',
  '"a\nb"@z',
  '"a\tb"@z',
  'a\u0000@b',
  'a\u007f@b',
  '"a\u0000"@b',
  'a\u202e@b.c',
  'a@b\u202e.c',
  'a\u2028@b.c',
  'a\u00a0b@b.c',
  '"a\u0085"@b.c',
  'a\ud800@b.c',
  // dots
  '.a@b',
  'a.@b',
  'a..b@c',
  'a@.b',
  'a@b.',
  'a@b..c',
  // what RFC 5321 leaves to header fields: comments, folding, brackets, routes
  'a (c)@b',
  ' a@b',
  'a@b ',
  '<a@b>',
  'a b@c',
  'a@b c',
  '@a,@b:c@d',
  'a,b@c',
  'a@b,c',
  'a@b>c',
  // quotes
  '"a@b',
  '"a"b@c',
  '"a"b"@c',
  '"a\\"@b',
  // domains
  'a@-b.c',
  'a@b-.c',
  'a@b/c',
  'a@ü/c',
  'a@ü?x.c',
  'a@ü@c',
  'a@１２７.1',
  `a@${'b'.repeat(64)}.c`,
  `a@${'b.'.repeat(130)}c`,
  // literals
  'a@[192.0.2.256]',
  'a@[2001:db8::1]',
  'a@[IPv6:fe80::1%eth0]',
  'a@[x:y]',
  'a@[192.0.2.1',
  'a@192.0.2.1]',
  // too long, counted in octets
  `${'l'.repeat(65)}@x.y`,
  `${'ö'.repeat(33)}@x.y`,
];

describe('parseAddress', () => {
  it.each(accepted)('parseAddress reads %j', (given, wanted) => {
    const parsed = parseAddress(given);
    expect(parsed).not.toBeNull();
    expect(formatAddress(parsed!)).toBe(wanted);
    // What is written reads as the same address again.
    expect(parseAddress(wanted)).toEqual(parsed);
  });

  it.each(refused)('parseAddress refuses %j', given => {
    expect(parseAddress(given)).toBeNull();
  });

  it('parseAddress takes the long local parts of VERP where it is told to', () => {
    const verp = `${'v'.repeat(120)}@x.y`;
    expect(parseAddress(verp)).toBeNull();
    expect(parseAddress(verp, 255)).toEqual({ local: 'v'.repeat(120), domain: 'x.y' });
  });

  it('parseAddress gives the text between the quotes, with its @', () => {
    expect(parseAddress('"a@evil x"@ours.example')).toEqual({ local: 'a@evil x', domain: 'ours.example' });
  });
});

describe('addressKey, domainOf, localOf, subaddress', () => {
  it.each([
    ['John@Example.ORG', 'john@example.org'],
    [' John@Example.ORG ', 'john@example.org'],
    ['"JOHN"@x.y', 'john@x.y'],
    ['JÖRG@Bücher.example', 'jörg@xn--bcher-kva.example'],
    ['not an address', 'not an address'],
    ['Postmaster', 'postmaster'],
  ])('addressKey has one spelling of %j', (given, wanted) => {
    expect(addressKey(given)).toBe(wanted);
    const parsed = parseAddress(given.trim());
    if (parsed !== null) expect(addressKey(parsed)).toBe(wanted);
  });

  it.each([
    ['a@B.c', 'b.c', 'a'],
    ['"a@evil x"@ours.example', 'ours.example', 'a@evil x'],
    ['a@[192.0.2.1]', '[192.0.2.1]', 'a'],
    ['a@BÜCHER.example', 'xn--bcher-kva.example', 'a'],
    ['postmaster', '', 'postmaster'],
  ])('domainOf and localOf take %j apart', (given, domain, local) => {
    expect(domainOf(given)).toBe(domain);
    expect(localOf(given)).toBe(local);
  });

  it.each([
    ['user+tag', 'user', 'tag'],
    ['user+a+b', 'user', 'a+b'],
    ['user+', 'user', ''],
    ['user', 'user', null],
    ['+tag', '+tag', null],
  ])('subaddress splits %j', (local, user, tag) => {
    expect(subaddress(local)).toEqual({ user, tag });
  });

  it('parseDomain refuses what the URL rules would cut', () => {
    expect(['ü/x', 'ü#x', 'ü%41', 'ü:80', 'ü\\x'].map(parseDomain)).toEqual([null, null, null, null, null]);
  });

  it('displayAddress shows U-labels and leaves the rest alone', () => {
    expect(displayAddress('a@xn--bcher-kva.example')).toBe('a@bücher.example');
    expect(displayAddress('xn--a@x.y')).toBe('xn--a@x.y');
    expect(displayAddress('xn--')).toBe('xn--');
  });
});

describe('parseAddressList', () => {
  it.each([
    // plain ones, commas in quotes, groups flattened
    ['a@b.c', [['', 'a@b.c']]],
    [
      'Foo Bar <a@b.c>, "x, y" <q@w.e>',
      [
        ['Foo Bar', 'a@b.c'],
        ['x, y', 'q@w.e'],
      ],
    ],
    [
      'Team: A <a@b.c>, b@b.c;, c@d.e',
      [
        ['A', 'a@b.c'],
        ['', 'b@b.c'],
        ['', 'c@d.e'],
      ],
    ],
    ['undisclosed-recipients:;', []],
    // encoded words in names, also where they may not stand
    ['=?utf-8?q?J=C3=B6rg?= <j@k.l>', [['Jörg', 'j@k.l']]],
    ['"=?utf-8?b?SsO2?=" <j@k.l>', [['Jö', 'j@k.l']]],
    ['Jörg <j@k.l>', [['Jörg', 'j@k.l']]],
    // an encoded word is a name, never an address or a separator
    ['=?utf-8?q?a=40evil=2C?= <j@k.l>', [['a@evil,', 'j@k.l']]],
    // an @ in a quoted local part stays there
    ['"a@evil x"@internal.example', [['', '"a@evil x"@internal.example']]],
    ['=?utf-8?q?Foo, Bar: (x)?= <j@k.l>', [['Foo, Bar: (x)', 'j@k.l']]],
    [
      '=?utf-8?q?a, x@y.z, b?= <j@k.l>',
      [
        ['=?utf-8?q?a', ''],
        ['', 'x@y.z'],
        ['b?=', 'j@k.l'],
      ],
    ],
    // forged lines and reversed names
    ['=?utf-8?q?a=0D=0ABcc:x=00=E2=80=AE?= <j@k.l>', [['a Bcc:x', 'j@k.l']]],
    ['', []],
    [',,;:', []],
  ] as [string, [string, string][]][])('parseAddressList reads %j', (given, wanted) => {
    expect(parseAddressList(given).map(a => [a.name, a.address])).toEqual(wanted);
  });

  it('parseAddressList reads one simple address as it reads it in a list', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', 'B', '7', ' ', '-', '.', '@', '<', '"', '\u00e9'),
      maxLength: 6,
    });
    const field = fc
      .tuple(fc.array(word, { maxLength: 3 }), word, word)
      .map(([name, local, domain]) => `${name.join(' ')} <${local}@${domain}>`);
    fc.assert(
      fc.property(
        fc.oneof(
          field,
          field.map(text => text.trim()),
        ),
        text => {
          const [first, ...rest] = parseAddressList(`${text}, x@y`);
          if (rest.length === 1) expect(parseAddressList(text)).toEqual([first]);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it.each(['g: a@b.c;,', 'a@b.c,', '(', '<', '"', ',', '@', ';', ':', '[', '\\', 'a ', '=?'])(
    'parseAddressList stays quick and bounded over a million of %j',
    piece => {
      const started = process.cpuUsage();
      expect(parseAddressList(piece.repeat(1_000_000)).length).toBeLessThanOrEqual(2_000);
      expect(cpuMillis(started)).toBeLessThan(2_000);
    },
  );

  it('formatNamed quotes a name that needs it and lets no line through', () => {
    expect(formatNamed({ name: 'Foo', address: 'a@b.c' })).toBe('Foo <a@b.c>');
    expect(formatNamed({ name: 'Foo, "B"', address: 'a@b.c' })).toBe('"Foo, \\"B\\"" <a@b.c>');
    expect(formatNamed({ name: 'a\r\nBcc: x@y', address: 'a@b.c' })).toBe('"a Bcc: x@y" <a@b.c>');
    expect(formatNamed({ name: '', address: 'a@b.c' })).toBe('a@b.c');
  });
});
