import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AddressAnswer, createResolver, type MxAnswer, type Resolver } from '../daemon/wire/dns.ts';
import { nameServer, type Zone } from './name-server.ts';

const zone: Zone = {
  'two.test': {
    MX: [
      [20, 'B.two.test'],
      [10, 'a.two.test'],
    ],
  },
  'null.test': { MX: [[0, '.']], A: ['192.0.2.1'] },
  'mixed.test': {
    MX: [
      [0, '.'],
      [5, 'a.two.test'],
    ],
  },
  'only-a.test': { A: ['192.0.2.1', '192.0.2.2'], AAAA: ['2001:db8::1'] },
  'only-aaaa.test': { AAAA: ['2001:db8::2:3'] },
  'empty.test': {},
  'xn--bcher-kva.test': { MX: [[1, 'a.two.test']] },
  'broken.test': 'SERVFAIL',
  'closed.test': 'REFUSED',
  'silent.test': 'SILENCE',
};
let server: Awaited<ReturnType<typeof nameServer>>;
let resolver: Resolver;
beforeAll(async () => {
  server = await nameServer(zone);
  resolver = createResolver({ servers: [server.address], timeout: 100 });
});
afterAll(() => server.close());

const found = (...exchanges: [number, string][]): MxAnswer => ({
  kind: 'found',
  exchanges: exchanges.map(([preference, host]) => ({ preference, host })),
});

test('mx tells what there is, that there is none, and that nobody knows', async () => {
  const rows: [string, MxAnswer | { kind: 'later'; reason: unknown }][] = [
    // found
    ['two.test', found([20, 'b.two.test'], [10, 'a.two.test'])],
    ['two.test.', found([20, 'b.two.test'], [10, 'a.two.test'])],
    ['bücher.test', found([1, 'a.two.test'])],
    // RFC 7505; a dot among others is not a null MX
    ['null.test', { kind: 'null-mx' }],
    ['mixed.test', found([5, 'a.two.test'])],
    // answers that there is none
    ['only-a.test', { kind: 'none', exists: true }],
    ['empty.test', { kind: 'none', exists: true }],
    ['nowhere.test', { kind: 'none', exists: false }],
    // never asked: no name
    ['', { kind: 'none', exists: false }],
    ['127.0.0.1', { kind: 'none', exists: false }],
    ['0x7f.1', { kind: 'none', exists: false }],
    [`${'a'.repeat(64)}.test`, { kind: 'none', exists: false }],
    ['a b.test', { kind: 'none', exists: false }],
    // no answer
    ['broken.test', { kind: 'later', reason: expect.any(String) }],
    ['closed.test', { kind: 'later', reason: expect.any(String) }],
    ['silent.test', { kind: 'later', reason: 'no name server answered' }],
  ];
  for (const [domain, answer] of rows) expect(await resolver.mx(domain), domain).toEqual(answer);
});

test('addresses gives IPv4 before IPv6', async () => {
  const rows: [string, AddressAnswer | { kind: 'later'; reason: unknown }][] = [
    ['only-a.test', { kind: 'found', addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'] }],
    ['only-aaaa.test', { kind: 'found', addresses: ['2001:db8::2:3'] }],
    ['empty.test', { kind: 'none', exists: true }],
    ['nowhere.test', { kind: 'none', exists: false }],
    ['broken.test', { kind: 'later', reason: 'the name server could not answer' }],
  ];
  for (const [host, answer] of rows) expect(await resolver.addresses(host), host).toEqual(answer);
});

test('mx is later when no name server runs at all', async () => {
  const gone = await nameServer({});
  gone.close();
  const answer = await createResolver({ servers: [gone.address], timeout: 100 }).mx('two.test');
  expect(answer.kind).toBe('later');
});
