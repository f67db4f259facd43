import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { answerTo, question } from '../daemon/wire/dns/message.ts';
import {
  type AddressAnswer,
  createResolver,
  type MxAnswer,
  type Resolver,
  readNameServer,
} from '../daemon/wire/dns.ts';
import { type NameServer, nameServer, type Zone } from './name-server.ts';

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
  'long.test': { MX: Array.from({ length: 40 }, (_, i) => [i, `exchanger-${i}.two.test`]) },
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

describe('the resolver goes over to TCP', () => {
  const servers: NameServer[] = [];
  const start = async (how: Parameters<typeof nameServer>[1] = {}) => {
    const one = await nameServer(zone, how);
    servers.push(one);
    return one;
  };
  afterEach(() => {
    for (const s of servers.splice(0)) s.close();
  });

  test('for an answer that is too long for UDP', async () => {
    const { address, asked } = await start();
    const answer = await createResolver({ servers: [address], timeout: 1000 }).mx('long.test');
    expect(answer.kind === 'found' && answer.exchanges.length).toBe(40);
    expect(asked).toEqual(['MX long.test', 'MX long.test by TCP']);
  });

  test('where UDP brings nothing, and stays there for a while', async () => {
    const { address, asked } = await start({ silent: 'udp' });
    const own = createResolver({ servers: [address], timeout: 1500 });
    expect(await own.mx('two.test')).toEqual(found([20, 'b.two.test'], [10, 'a.two.test']));
    const began = performance.now();
    expect(await own.addresses('only-a.test')).toEqual({
      kind: 'found',
      addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'],
    });
    expect(await own.mx('nowhere.test')).toEqual({ kind: 'none', exists: false });
    // UDP is not waited for again.
    expect(performance.now() - began).toBeLessThan(1500);
    expect(asked.every(q => q.endsWith('by TCP'))).toBe(true);
  });

  test('at once with tcp:, and tells all answers apart as UDP does', async () => {
    const { address, asked } = await start({ silent: 'udp' });
    const own = createResolver({ servers: [`tcp:${address}`], timeout: 300 });
    const later = { kind: 'later', reason: expect.any(String) };
    const rows: [string, unknown][] = [
      ['two.test', found([20, 'b.two.test'], [10, 'a.two.test'])],
      ['long.test', expect.objectContaining({ kind: 'found' })],
      ['bücher.test', found([1, 'a.two.test'])],
      ['null.test', { kind: 'null-mx' }],
      ['empty.test', { kind: 'none', exists: true }],
      ['nowhere.test', { kind: 'none', exists: false }],
      [`${'a'.repeat(64)}.test`, { kind: 'none', exists: false }],
      [`${'a.'.repeat(130)}test`, { kind: 'none', exists: false }],
      ['broken.test', later],
      ['closed.test', later],
      ['silent.test', { kind: 'later', reason: 'no name server answered' }],
    ];
    for (const [domain, answer] of rows) expect(await own.mx(domain), domain).toEqual(answer);
    expect(await own.addresses('only-aaaa.test')).toEqual({ kind: 'found', addresses: ['2001:db8::2:3'] });
    expect(asked).toContain('AAAA only-aaaa.test by TCP');
  });

  test('and asks the next server where one fails, over IPv6 too', async () => {
    const gone = await nameServer({});
    gone.close();
    const { address } = await start({ host: '::1' });
    for (const servers of [
      [gone.address, address],
      [`tcp:${gone.address}`, `tcp:${address}`],
    ])
      expect((await createResolver({ servers, timeout: 300 }).mx('two.test')).kind, servers.join()).toBe('found');
  });

  test('later when neither way brings anything', async () => {
    const { address } = await start({ silent: 'udp' });
    const silent = createResolver({ servers: [address], timeout: 100 });
    expect(await silent.mx('silent.test')).toEqual({ kind: 'later', reason: 'no name server answered' });
  });
});

test('configured gives what the settings name: addresses as they are, names by the own servers, then by the system', async () => {
  expect(await resolver.configured('192.0.2.77')).toEqual(['192.0.2.77']);
  expect(await resolver.configured('only-a.test')).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  expect(await resolver.configured('localhost')).toContain('127.0.0.1');
  expect(await resolver.configured('nowhere.test')).toEqual([]);
});

test('readNameServer takes addresses with or without port, and tcp: before them', () => {
  const rows: [string, ReturnType<typeof readNameServer>][] = [
    ['192.0.2.53', { address: '192.0.2.53', port: 53, tcp: false }],
    ['tcp:192.0.2.53', { address: '192.0.2.53', port: 53, tcp: true }],
    ['TCP:192.0.2.53:5353', { address: '192.0.2.53', port: 5353, tcp: true }],
    ['2001:db8::53', { address: '2001:db8::53', port: 53, tcp: false }],
    ['[2001:db8::53]', { address: '2001:db8::53', port: 53, tcp: false }],
    ['tcp:[2001:db8::53]:54', { address: '2001:db8::53', port: 54, tcp: true }],
    ['ns.example.org', null],
    ['192.0.2.53:0', null],
    ['192.0.2.53:99999', null],
    ['[192.0.2.53]', null],
    ['192.0.2.300', null],
    ['udp:192.0.2.53', null],
    ['', null],
  ];
  for (const [text, expected] of rows) expect(readNameServer(text), text).toEqual(expected);
});

describe('answerTo', () => {
  const asked = question(0x1234, 'a.test', 'MX');
  const body = asked.subarray(12);
  const message = (flags: number, count: number, ...records: string[]) =>
    Buffer.concat([
      Buffer.from([0x12, 0x34, flags >> 8, flags & 255, 0, 1, 0, count, 0, 0, 0, 0]),
      body,
      ...records.map(r => Buffer.from(r.replaceAll(' ', ''), 'hex')),
    ]);
  const mx = 'c00c 000f 0001 0000003c 0004 000a c00c';
  const code = (message: Buffer, type: 'MX' | 'A' | 'AAAA' = 'MX') => {
    try {
      return answerTo(asked, message, type);
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };

  test('answerTo reads aliases past and names by their pointers', () => {
    const cname = 'c00c 0005 0001 0000003c 0004 0178c00c';
    expect(code(message(0x8180, 2, cname, mx))).toEqual({
      kind: 'exchanges',
      exchanges: [{ priority: 10, exchange: 'a.test' }],
    });
    const a = 'c00c 0001 0001 0000003c 0004 c0000209';
    expect(code(message(0x8180, 2, cname, a), 'A')).toEqual({ kind: 'addresses', addresses: ['192.0.2.9'] });
    const aaaa = 'c00c 001c 0001 0000003c 0010 20010db8000000000000000000000009';
    expect(code(message(0x8180, 1, aaaa), 'AAAA')).toEqual({ kind: 'addresses', addresses: ['2001:db8::9'] });
  });

  test('answerTo refuses what is no answer', () => {
    const other = message(0x8180, 1, mx);
    other[0] = 0xff;
    const rows: [string, Buffer, string][] = [
      ['another question', other, 'EBADRESP'],
      ['a question', message(0x0100, 1, mx), 'EBADRESP'],
      ['no record', message(0x8180, 0), 'ENODATA'],
      ['another class', message(0x8180, 1, 'c00c 000f 0003 0000003c 0004 000a c00c'), 'ENODATA'],
      ['a failure', message(0x8182, 0), 'ESERVFAIL'],
      ['no such name', message(0x8183, 0), 'ENOTFOUND'],
      ['a pointer to itself', message(0x8180, 1, 'c00c 000f 0001 0000003c 0004 000a c028'), 'EBADRESP'],
      ['a pointer forwards', message(0x8180, 1, 'c0ff 000f 0001 0000003c 0004 000a c00c'), 'EBADRESP'],
      ['a pointer into the head', message(0x8180, 1, 'c002 000f 0001 0000003c 0004 000a c00c'), 'EBADRESP'],
      ['a record longer than the message', message(0x8180, 1, 'c00c 000f 0001 0000003c 00ff 000a c00c'), 'EBADRESP'],
      ['more records than there are', message(0x8180, 9, mx), 'EBADRESP'],
      ['an address of three octets', message(0x8180, 1, 'c00c 0001 0001 0000003c 0003 c00002'), 'EBADRESP'],
      ['nothing', Buffer.alloc(0), 'EBADRESP'],
    ];
    for (const [what, octets, expected] of rows)
      expect(code(octets, what.startsWith('an address') ? 'A' : 'MX'), what).toBe(expected);
  });

  test('answerTo says EBADRESP for every message cut short', () => {
    const whole = message(0x8180, 2, mx, mx);
    for (let end = 0; end < whole.length; end++) expect(code(whole.subarray(0, end)), `cut at ${end}`).toBe('EBADRESP');
  });
});
