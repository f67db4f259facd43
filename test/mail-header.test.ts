import { describe, expect, it } from 'vitest';
import {
  charsetOfCodePage,
  cleanText,
  decodeCharset,
  decodeWords,
  parseParams,
  readHeader,
} from '../daemon/mail/header.ts';
import { cpuMillis } from './cpu.ts';

const header = (text: string) => readHeader(Buffer.from(text, 'latin1'));
const names = (text: string) => header(text).fields.map(f => f.name);

describe('readHeader', () => {
  it.each([
    // CRLF and bare LF, folding, the end at the empty line
    ['A: 1\r\nB: 2\r\n\r\nC: 3', ['a', 'b']],
    ['A: 1\nB: 2\n\nC: 3', ['a', 'b']],
    ['A: 1\r\n x\r\n\ty\r\nB: 2', ['a', 'b']],
    ['', []],
    ['\r\nA: 1', []],
    ['A: 1', ['a']],
    ['A:', ['a']],
    // what is no field goes, with what continues it
    ['From x@y Mon\r\nA: 1\r\n', ['a']],
    ['bad line\r\n cont: x\r\nA: 1\r\n', ['a']],
    ['b\u00e9: x\r\nA: 1\r\n', ['a']],
    ['a b: x\r\nA: 1\r\n', ['a']],
    [' lead: x\r\nA: 1\r\n', ['a']],
    ['A : 1\r\n', ['a']],
    [': x\r\nA: 1', ['a']],
  ])('readHeader finds the fields of %j', (text, wanted) => {
    expect(names(text)).toEqual(wanted);
  });

  it('readHeader unfolds, keeps the order, and knows none of the object names', () => {
    const h = header('To: a,\r\n\tb\r\nX: 1\r\nx: 2\r\n__proto__: p\r\nconstructor: c\r\n');
    expect(h.get('to')).toBe('a,\tb');
    expect(h.all('x')).toEqual(['1', '2']);
    expect(h.get('__proto__')).toBe('p');
    expect(h.get('hasownproperty')).toBeNull();
    expect(h.text('absent')).toBe('');
  });

  it.each([
    ['Subject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=', 'ab'],
    ['Subject: \xc3\xa4', 'ä'],
    ['Subject: \xe4\x80', 'ä€'],
    ['Content-Type: text/plain; charset=koi8-r\r\nSubject: \xf0\xd2\xc9', 'При'],
    ['Subject: a\x00b\x1b[31m\tc\x7f', 'ab[31m c'],
    ['Subject: =?utf-8?q?x=E2=80=AEy=0D=0ABcc:_z?=', 'xy Bcc: z'],
  ])('Header.text reads %j for people', (text, wanted) => {
    expect(header(text).text('subject')).toBe(wanted);
  });
});

describe('decodeWords', () => {
  it.each([
    // RFC 2047 §8
    ['(=?ISO-8859-1?Q?a?=)', '(a)'],
    ['(=?ISO-8859-1?Q?a?= b)', '(a b)'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a_b?=)', '(a b)'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)', '(a b)'],
    ['=?US-ASCII*EN?Q?Keith_Moore?=', 'Keith Moore'],
    // a character, or a base64 letter group, cut between two words
    ['=?utf-8?q?=c3?= =?utf-8?q?=a4?=', 'ä'],
    ['=?UTF-8?B?w?= =?utf-8?B?6Q=?=', 'ä'],
    ['=?utf-8?B?4pyT4p?= =?utf-8?B?yT?=', '✓✓'],
    ['=?utf-8?b?w6Q=?= =?utf-8?q?=c3=a4?=', 'ää'],
    ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本'],
    ['=?gb2312?B?xOO6ww==?=', '你好'],
    ['=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=', '日本'],
    ['=?utf-7?Q?+AOQ-?=', 'ä'],
    // forgiving: spaces and question marks inside, raw UTF-8, neighbours without white space
    ['=?utf-8?q?a b?=', 'a b'],
    ['=?utf-8?q?a?b?=', 'a?b'],
    ['=?utf-8?q?ä=C3=A4?=', 'ää'],
    ['x=?utf-8?q?a?==?utf-8?q?b?=y', 'xaby'],
    ['=?utf-8?q?=41?=', 'A'],
    ['=?utf-8?q??=', ''],
    ['=?utf-8?q?=zz?=', '=zz'],
    // unknown charset: UTF-8, else windows-1252
    ['=?x-none?q?=c3=a4?=', 'ä'],
    ['=?x-none?q?=e4?=', 'ä'],
    // not words
    ['=?utf-8?q?a', '=?utf-8?q?a'],
    ['=?utf-8?x?a?=', '=?utf-8?x?a?='],
    ['=??q?a?=', '=??q?a?='],
    ['=?utf-8?q?open =?utf-8?q?closed?=', '=?utf-8?q?open closed'],
    ['=?=?=?=', '=?=?=?='],
    ['plain = ? text', 'plain = ? text'],
  ])('decodeWords reads %j', (raw, wanted) => {
    expect(decodeWords(raw)).toBe(wanted);
  });
});

describe('parseParams', () => {
  it.each([
    ['text/plain', 'text/plain', {}],
    ['Text/Plain (a (b) c); Charset="UTF-8"', 'text/plain', { charset: 'UTF-8' }],
    ['text/plain; charset=us-ascii (plain)', 'text/plain', { charset: 'us-ascii' }],
    ['a/b; x="a;b=c"; y=z', 'a/b', { x: 'a;b=c', y: 'z' }],
    ['a/b; x="a\\"b\\\\c"', 'a/b', { x: 'a"b\\c' }],
    // Windows paths, names with spaces and brackets, encoded words
    ['a; filename="C:\\dir\\x.txt"', 'a', { filename: 'C:\\dir\\x.txt' }],
    ['a; filename=foo bar (1).pdf; x=1', 'a', { filename: 'foo bar (1).pdf', x: '1' }],
    ['a; name="=?utf-8?b?w6QudHh0?="', 'a', { name: 'ä.txt' }],
    // RFC 2231 §3 and §4
    ["a; title*=us-ascii'en-us'This%20is%20fun", 'a', { title: 'This is fun' }],
    ['a; t*0*=iso-8859-1\'\'%e4; t*1*=%f6; t*2="!%e4"', 'a', { t: 'äö!%e4' }],
    ['a; url*0="ftp://"; url*1="x.y/z"', 'a', { url: 'ftp://x.y/z' }],
    ['a; t*1=b; t*0=a; t*3=d', 'a', { t: 'ab' }],
    ["a; filename=plain.txt; filename*=utf-8''%C3%A4.txt", 'a', { filename: 'ä.txt' }],
    ["a; t*0*=utf-8''%C3; t*1*=%A4", 'a', { t: 'ä' }],
    // broken ones
    ['a; x="open', 'a', { x: 'open' }],
    ['a; ;; x', 'a', {}],
    ['a; =b; x=1', 'a', { x: '1' }],
    ['a; x=1; x=2', 'a', { x: '1' }],
    ['a; __proto__=1', 'a', { ['__proto__']: '1' }],
    ['', '', {}],
    [';charset=x', '', { charset: 'x' }],
  ] as [string, string, Record<string, string>][])('parseParams reads %j', (given, value, params) => {
    const read = parseParams(given);
    expect(read.value).toBe(value);
    expect([...read.params].sort()).toEqual(Object.entries(params).sort());
  });
});

describe('decodeCharset', () => {
  it.each([
    ['e4', null, 'ä'],
    ['c3a4', null, 'ä'],
    ['c3a4', 'us-ascii', 'ä'],
    ['e480', 'iso-8859-1', 'ä€'],
    ['e4', '"ISO8859-1"', 'ä'],
    ['cff0', 'cp1251', 'Пр'],
    ['cff0', 'windows1251', 'Пр'],
    ['efbbbf61', 'utf-8', 'a'],
    ['c4e3', 'GB2312', '你'],
    ['93fa', 'cp932', '日'],
    ['b0a1', 'ks_c_5601-1987', '가'],
    ['4869204d6f6d202d2b4a6a6f2d2d21', 'utf-7', 'Hi Mom -☺-!'],
    ['c3a4', 'x-nonsense', 'ä'],
    ['e4', '', 'ä'],
    ['c3', 'utf-8', '\ufffd'],
    // wrong labels: 8-bit text under a 7-bit name, UTF-8 under another; a character cut at the end
    ['a5c6a5b9', 'iso-2022-jp', 'テス'],
    ['e38386', 'iso-2022-jp', 'テ'],
    ['1b2442467c1b2842', 'iso-2022-jp', '日'],
    ['f09f9880', 'big5', '😀'],
    ['c3a4e697', null, 'ä\ufffd'],
  ])('decodeCharset reads %s as %j', (hex, charset, wanted) => {
    expect(decodeCharset(Buffer.from(hex, 'hex'), charset)).toBe(wanted);
  });

  it('charsetOfCodePage knows what can be read, and tries nothing that a stranger made up', () => {
    for (const number of [866, 874, 932, 936, 949, 950, 1250, 1258, 10000, 20866, 65001])
      expect(new TextDecoder(charsetOfCodePage(number)!).decode(Buffer.from('x'))).toBe('x');
    for (const number of [0, -1, 437, 1249, 1259, 99999, 2 ** 31]) expect(charsetOfCodePage(number)).toBeNull();
  });

  it('cleanText puts text on one line and takes out what forges', () => {
    expect(cleanText('a\r\n\tb\u0000\u202e\u200f\u2066c\u2028d\ud800')).toBe('a bc d\ufffd');
  });
});

describe('bombs', () => {
  const bombs: [string, () => unknown][] = [
    ['10^5 fields', () => readHeader(Buffer.from('a: b\r\n'.repeat(1e5))).all('a')],
    ['a line of 50 MB', () => readHeader(Buffer.alloc(50e6, 'a'))],
    [
      'a field of 50 MB',
      () => readHeader(Buffer.concat([Buffer.from('subject: '), Buffer.alloc(50e6, '=?')])).text('subject'),
    ],
    ['10^6 lines without a colon', () => readHeader(Buffer.from('a\n'.repeat(1e6)))],
    ['10^6 encoded words', () => decodeWords('=?utf-8?q?a?= '.repeat(1e6))],
    ['10^6 open words', () => decodeWords('=?utf-8?q?'.repeat(1e6))],
    ['open words before many ends', () => decodeWords('=?utf-8?q?'.repeat(5e5) + '?='.repeat(5e5))],
    ['base64 that never fills up', () => decodeWords(`=?utf-8?b?A?=${'=?utf-8?b?AAAA?='.repeat(3e5)}`)],
    ['10^5 RFC 2231 pieces', () => parseParams(`a${Array.from({ length: 1e5 }, (_, i) => `;n*${i}*=x`).join('')}`)],
    ['10^6 comment parens', () => parseParams(`a/b; x=${'('.repeat(1e6)}`)],
    ['10^6 parens in the type', () => parseParams('('.repeat(1e6))],
    ['10^6 quotes', () => parseParams(`a; x=${'"'.repeat(1e6)}`)],
    ['10^6 backslashes', () => parseParams(`a; x="${'\\'.repeat(1e6)}`)],
    ['10^6 semicolons', () => parseParams(`${';'.repeat(1e6)}=`)],
  ];
  it.each(bombs)('%s take less than two seconds', (_, run) => {
    const started = process.cpuUsage();
    run();
    expect(cpuMillis(started)).toBeLessThan(2_000);
  });
});
