import { describe, expect, test } from 'vitest';
import {
  type Condition,
  type Deed,
  judge,
  matches,
  type Rule,
  readRule,
  ruleText,
  traitsOf,
} from '../daemon/mail/rules.ts';

const letter = [
  'Return-Path: <bounce@shop.example>',
  'Delivered-To: ann+shop@example.org',
  'From: =?utf-8?q?J=C3=BCrgen_Shop?= <Orders@Shop.Example>',
  'To: Ann <ann@example.org>, "Smith, Bob" <bob@example.org>',
  'Cc: team@example.org',
  'Subject: =?utf-8?b?UmVjaG51bmcg?=',
  ' 4711',
  'List-Id: News of the shop <news.shop.example>',
  'X-Priority: 1',
  'X-Note: first',
  'X-Note: second',
  '',
  '',
].join('\r\n');
const mail = (head = letter, more = {}) => traitsOf(Buffer.from(head), { size: 20_000, attachments: 0, ...more });

const nothing: Deed = { place: null, labels: [], read: false, star: false, forward: null, stop: false };
const rule = (id: number, conditions: Condition[], deed: Partial<Deed> = {}, all = true): Rule & { id: number } => ({
  ...{ id, all, conditions },
  deed: { ...nothing, ...deed },
});
const text = (field: 'from' | 'to' | 'subject' | 'list', test: 'contains' | 'lacks' | 'is' | 'matches', t: string) =>
  ({ field, test, text: t }) as Condition;
const header = (name: string, test: 'contains' | 'lacks' | 'is' | 'matches', t: string): Condition => ({
  ...{ field: 'header', name, test },
  text: t,
});

describe('matches', () => {
  test.each<[string, Condition, boolean]>([
    // Letter case and encoded words do not matter.
    ['a name', text('from', 'contains', 'JÜRGEN'), true],
    ['a part of an address', text('from', 'contains', '@shop.'), true],
    ['no such', text('from', 'contains', 'eve'), false],
    ['lacks what is not there', text('from', 'lacks', 'eve'), true],
    ['lacks what is there', text('from', 'lacks', 'shop'), false],
    // `is` takes the address, the name or all of it.
    ['is the address', text('from', 'is', 'orders@shop.example'), true],
    ['is the name', text('from', 'is', 'jürgen shop'), true],
    ['is a part', text('from', 'is', 'orders@shop'), false],
    // To is To and Cc, each person by itself.
    ['a second recipient', text('to', 'is', 'bob@example.org'), true],
    ['one of Cc', text('to', 'is', 'team@example.org'), true],
    ['a folded, encoded subject', text('subject', 'contains', 'rechnung 4711'), true],
    ['a whole subject', text('subject', 'is', 'Rechnung 4711'), true],
    // Wildcards cover the whole text.
    ['a wildcard', text('subject', 'matches', 'rechnung *'), true],
    ['a wildcard without a star before', text('subject', 'matches', '4711'), false],
    ['one character', text('from', 'matches', 'order?@*.example'), true],
    ['the list', text('list', 'contains', 'news.shop.example'), true],
    // Any field, every one of the name, also those we write in front.
    ['a header', header('x-note', 'is', 'second'), true],
    ['a header that is not there', header('X-Other', 'contains', 'a'), false],
    ['a header that is not there lacks', header('X-Other', 'lacks', 'a'), true],
    ['the tag it came by', header('Delivered-To', 'contains', '+shop@'), true],
    ['larger', { field: 'size', test: 'over', octets: 10_000 }, true],
    ['not larger', { field: 'size', test: 'over', octets: 20_000 }, false],
    ['smaller', { field: 'size', test: 'under', octets: 20_001 }, true],
    ['no files', { field: 'attachment', has: false }, true],
    ['files', { field: 'attachment', has: true }, false],
  ])('%s', (_, condition, wanted) => {
    expect(matches(rule(1, [condition]), mail())).toBe(wanted);
  });

  test('takes all conditions, or any; a rule without one takes nothing', () => {
    const [yes, no] = [text('from', 'contains', 'shop'), text('from', 'contains', 'eve')];
    expect(matches(rule(1, [yes, no]), mail())).toBe(false);
    expect(matches(rule(1, [yes, no], {}, false), mail())).toBe(true);
    expect(matches(rule(1, [no, no], {}, false), mail())).toBe(false);
    expect(matches(rule(1, []), mail())).toBe(false);
  });

  test('knows nothing of a message without a header, and does not mind', () => {
    for (const head of ['', '\r\n\r\n', 'no field\r\n', '\u0000'.repeat(1000)])
      expect(matches(rule(1, [text('from', 'contains', 'a')]), mail(head))).toBe(false);
  });
});

describe('judge', () => {
  const any = [text('from', 'contains', 'shop')];
  test('goes by order: the first place wins, marks add up, stop stops', () => {
    const rules = [
      rule(1, any, { star: true, labels: [4, 2] }),
      rule(2, [text('from', 'contains', 'eve')], { place: 'trash' }),
      rule(3, any, { place: { folder: 7 }, read: true, labels: [2, 9] }),
      rule(4, any, { place: 'junk', forward: { to: 'x@far.example', keep: true }, stop: true }),
      rule(5, any, { forward: { to: 'y@far.example', keep: false } }),
    ];
    expect(judge(rules, mail())).toEqual({
      ...{ matched: [1, 3, 4], place: { folder: 7 }, labels: [4, 2, 9], read: true, star: true, spentAt: null },
      forwards: [{ to: 'x@far.example', keep: true }],
    });
  });

  test('ends when there is too much to do, and says where', () => {
    const long = `Subject: ${'a'.repeat(4000)}\r\n\r\n`;
    const evil = (id: number) =>
      rule(id, Array(10).fill(text('subject', 'matches', `*${'a'.repeat(190)}b*`)), {}, false);
    const judged = judge(
      [...Array.from({ length: 100 }, (_, i) => evil(i + 1)), rule(101, any, { star: true })],
      mail(long),
    );
    expect(judged).toMatchObject({ star: false, spentAt: expect.any(Number) });
    // What honest people have is far from it.
    const honest = Array.from({ length: 100 }, (_, i) =>
      rule(i, Array(10).fill(text('subject', 'matches', '*offer of the day*')), {}, false),
    );
    expect(judge([...honest, rule(101, any, { star: true })], mail())).toMatchObject({ star: true, spentAt: null });
  });
});

describe('readRule', () => {
  const good = rule(1, [text('from', 'is', 'a@b'), header('X-A', 'lacks', 'b'), { field: 'attachment', has: true }], {
    place: { folder: 3 },
    forward: { to: 'a@b.example', keep: false },
  });
  test('reads what ruleText wrote', () => {
    const { id, ...plain } = good;
    expect(id && readRule(ruleText(good))).toEqual(plain);
  });

  const like = (over: object) => JSON.stringify({ ...JSON.parse(ruleText(good)), ...over });
  test.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['no conditions', like({ conditions: null })],
    ['too many conditions', like({ conditions: Array(11).fill(text('from', 'is', 'a')) })],
    ['a field nobody knows', like({ conditions: [{ field: 'body', test: 'is', text: 'a' }] })],
    ['a test nobody knows', like({ conditions: [{ field: 'from', test: 'regex', text: 'a' }] })],
    ['an empty text', like({ conditions: [text('from', 'contains', '')] })],
    ['a long text', like({ conditions: [text('from', 'contains', 'a'.repeat(201))] })],
    ['a header that is none', like({ conditions: [header('a b', 'is', 'c')] })],
    ['a size that is none', like({ conditions: [{ field: 'size', test: 'over', octets: -1 }] })],
    ['no deed', like({ deed: undefined })],
    ['a place that is none', like({ deed: { ...nothing, place: 'sent' } })],
    ['labels that are none', like({ deed: { ...nothing, labels: ['a'] } })],
    ['too many labels', like({ deed: { ...nothing, labels: Array(11).fill(1) } })],
    ['a forward that is none', like({ deed: { ...nothing, forward: { to: 1 } } })],
  ])('refuses %s', (_, kept) => {
    expect(readRule(kept)).toBeNull();
  });
});
