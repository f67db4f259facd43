import { describe, expect, test } from 'vitest';
import { acquaint, hostsIn, oddities, sameHost, strangeHost } from '../daemon/mail/lookalike.ts';

const known = acquaint(
  [
    { name: 'Bo Ek', address: 'bo@garden.example' },
    { name: 'Paypal', address: 'service@paypal.com' },
  ],
  ['example.org'],
);
const of = (name: string, address: string, more: { replyTo?: string; fromList?: boolean } = {}) =>
  oddities(
    {
      from: { name, address },
      replyTo: more.replyTo === undefined ? [] : [{ name: '', address: more.replyTo }],
      fromList: more.fromList ?? false,
    },
    known,
  );

describe('oddities', () => {
  // Nothing to say.
  test.each([
    ['Bo Ek', 'bo@garden.example', {}],
    ['Bo Ek', 'bo.ek@mail.garden.example', {}],
    ['bo@garden.example', 'bo@garden.example', {}],
    ['BO@GARDEN.example', 'bo@garden.example', {}],
    ['Someone', 'x@example.org', {}],
    ['Someone', 'x@deep.example.org', {}],
    ['Jörg', 'joerg@xn--mller-kva.example', {}],
    ['Иван', 'ivan@xn--e1afmkfd.xn--p1ai', {}],
    ['Bo Ek via choir', 'choir@lists.example', { fromList: true, replyTo: 'choir@elsewhere.example' }],
    ['Shop', 'news@mail.shop.example', { replyTo: 'help@shop.example' }],
    ['Bo', 'other@elsewhere.example', {}],
  ])('nothing about %s <%s>', (name, address, more) => {
    expect(of(name, address, more)).toEqual([]);
  });

  test.each([
    ['Ann <ann@example.org>', 'eve@evil.example', {}, [{ kind: 'other-address', named: 'ann@example.org' }]],
    ['service@paypal.com', 'eve@evil.example', {}, [{ kind: 'other-address', named: 'service@paypal.com' }]],
    ['Bo Ek', 'boek77@elsewhere.example', {}, [{ kind: 'other-person', known: 'bo@garden.example' }]],
    ['bo  EK', 'boek77@elsewhere.example', {}, [{ kind: 'other-person', known: 'bo@garden.example' }]],
    ['Support', 'x@paypa1.com', {}, [{ kind: 'like', known: 'paypal.com' }]],
    ['Support', 'x@exarnple.org', {}, [{ kind: 'like', known: 'example.org' }]],
    ['Support', 'x@exmaple.org', {}, [{ kind: 'like', known: 'example.org' }]],
    ['Support', 'x@examples.org', {}, [{ kind: 'like', known: 'example.org' }]],
    // All Cyrillic, and one Cyrillic letter.
    [
      'Support',
      'x@xn--80aa0cbo65f.com',
      {},
      [
        { kind: 'letters', spelled: 'xn--80aa0cbo65f.com' },
        { kind: 'like', known: 'paypal.com' },
      ],
    ],
    [
      'Support',
      'x@xn--pypal-4ve.com',
      {},
      [
        { kind: 'letters', spelled: 'xn--pypal-4ve.com' },
        { kind: 'like', known: 'paypal.com' },
      ],
    ],
    ['Shop', 'news@shop.example', { replyTo: 'eve@evil.test' }, [{ kind: 'reply', to: 'eve@evil.test' }]],
  ])('%s <%s>', (name, address, more, found) => {
    expect(of(name, address, more)).toEqual(found);
  });

  test('oddities of ten thousand acquaintances take linear time', () => {
    const people = Array.from({ length: 10_000 }, (_, i) => ({ name: `P ${i}`, address: `p@host${i}.example` }));
    expect(
      oddities(
        { from: { name: 'x'.repeat(100_000), address: 'a@b.example' }, replyTo: [], fromList: false },
        acquaint(people, []),
      ),
    ).toEqual([]);
  });
});

test.each([
  ['example.org', false],
  ['xn--mller-kva.example', false],
  ['xn--e1afmkfd.xn--p1ai', false],
  ['xn--80ak6aa92e.com', true],
  ['xn--pypal-4ve.com', true],
  ['xn--wgv71a119e.jp', false],
])('strangeHost of %s is %s', (host, strange) => {
  expect(strangeHost(host)).toBe(strange);
});

test.each([
  ['https://bank.example/login', ['bank.example']],
  ['Sign in at www.bank.example now', ['www.bank.example']],
  ['bank.example', ['bank.example']],
  [' bank.example/path ', ['bank.example']],
  ['Read the report.pdf', []],
  ['report.pdf', []],
  ['Node.js is nice', []],
  ['ann@bank.example', []],
  ['Click here', []],
  ['https://', []],
])('hostsIn %j are %j', (words, hosts) => {
  expect(hostsIn(words)).toEqual(hosts);
});

test.each([
  ['www.bank.example', 'bank.example', true],
  ['bank.example', 'login.bank.example', true],
  ['BANK.example', 'bank.example', true],
  ['müller.example', 'xn--mller-kva.example', true],
  ['bank.example', 'bank.example.evil.test', false],
  ['shop.co.uk', 'bank.co.uk', false],
])('sameHost of %s and %s is %s', (named, host, same) => {
  expect(sameHost(named, host)).toBe(same);
});
