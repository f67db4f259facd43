import { afterAll, beforeAll, expect, test } from 'vitest';
import { replyLine } from '../daemon/mail/reply.ts';
import { findHop, type HopOptions, hopName } from '../daemon/queue/hop.ts';
import { createResolver } from '../daemon/wire/dns.ts';
import { nameServer, type Zone } from './name-server.ts';

const zone: Zone = {
  'pref.test': {
    MX: [
      [20, 'c.mx.test'],
      [5, 'a.mx.test'],
      [10, 'b.mx.test'],
    ],
  },
  'equal.test': {
    MX: [
      [10, 'a.mx.test'],
      [10, 'b.mx.test'],
      [10, 'c.mx.test'],
    ],
  },
  'null.test': { MX: [[0, '.']], A: ['192.0.2.9'] },
  'only-a.test': { A: ['192.0.2.9'], AAAA: ['2001:db8::9'] },
  'empty.test': {},
  'broken.test': 'SERVFAIL',
  'broken-mx.test': { MX: [[10, 'broken.test']] },
  'half.test': {
    MX: [
      [5, 'broken.test'],
      [6, 'gone.mx.test'],
      [10, 'b.mx.test'],
    ],
  },
  'gone-mx.test': {
    MX: [
      [10, 'gone.mx.test'],
      [20, 'empty.test'],
    ],
  },
  'us-best.test': {
    MX: [
      [10, 'us.test'],
      [20, 'b.mx.test'],
    ],
  },
  'us-second.test': {
    MX: [
      [10, 'a.mx.test'],
      [20, 'us.test'],
      [20, 'b.mx.test'],
      [30, 'c.mx.test'],
    ],
  },
  'us-by-address.test': {
    MX: [
      [10, 'a.mx.test'],
      [20, 'alias.test'],
      [30, 'c.mx.test'],
    ],
  },
  'loop.test': { MX: [[10, 'local.mx.test']] },
  'loop-a.test': { A: ['127.0.0.1'], AAAA: ['::1'] },
  'half-loop.test': {
    MX: [
      [10, 'local.mx.test'],
      [20, 'b.mx.test'],
    ],
  },
  'many.test': { MX: Array.from({ length: 12 }, (_, i) => [i, 'many.mx.test']) },
  'a.mx.test': { A: ['192.0.2.1'] },
  'b.mx.test': { A: ['192.0.2.2'], AAAA: ['2001:db8::2'] },
  'c.mx.test': { A: ['192.0.2.3'] },
  'many.mx.test': { A: Array.from({ length: 9 }, (_, i) => `192.0.2.${i + 10}`) },
  'local.mx.test': { A: ['127.0.0.1', '0.0.0.0'] },
  'us.test': { A: ['192.0.2.100'] },
  'alias.test': { A: ['192.0.2.100'] },
};
let server: Awaited<ReturnType<typeof nameServer>>;
let options: HopOptions;
beforeAll(async () => {
  server = await nameServer(zone);
  options = {
    gateway: [
      { domain: 'gated.test', host: 'gate.test', port: 2525 },
      { domain: 'other.test', host: 'localhost', port: 26 },
    ],
    resolver: createResolver({ servers: [server.address], timeout: 200 }),
    random: () => 0.5,
    ours: host => host === 'us.test' || host === '192.0.2.100',
  };
});
afterAll(() => server.close());

/** `host:port=address,address …`, or the kind and the reply. */
async function hop(domain: string, more: Partial<HopOptions> = {}): Promise<string> {
  const answer = await findHop(domain, { ...options, ...more });
  if (answer.kind !== 'hosts') return `${answer.kind} ${replyLine(answer.reply)}`;
  return answer.hosts.map(h => `${h.host}:${h.port}=${h.addresses?.join(',') ?? ''}`).join(' ');
}

test('findHop follows RFC 5321 §5.1', async () => {
  const a = 'a.mx.test:25=192.0.2.1';
  const b = 'b.mx.test:25=192.0.2.2,2001:db8::2';
  const c = 'c.mx.test:25=192.0.2.3';
  const rows: [string, string | RegExp][] = [
    // preference, and the domain itself where there is no MX
    ['pref.test', `${a} ${b} ${c}`],
    ['only-a.test', 'only-a.test:25=192.0.2.9,2001:db8::9'],
    // configured
    ['gated.test', 'gate.test:2525='],
    ['other.test', 'localhost:26='],
    // answers that end it
    ['null.test', 'failed 556 5.1.10 null.test takes no mail'],
    ['nowhere.test', 'failed 550 5.1.2 There is no domain nowhere.test'],
    ['empty.test', 'failed 550 5.4.4 empty.test has no mail host with an address'],
    ['gone-mx.test', 'failed 550 5.4.4 gone-mx.test has no mail host with an address'],
    // no answer: later, unless another host is known
    ['broken.test', /^later 451 4\.4\.3 broken\.test: /],
    ['broken-mx.test', /^later 451 4\.4\.3 broken-mx\.test: /],
    ['half.test', b],
    // ourselves: only better ones are left
    ['us-best.test', 'failed 550 5.4.6 Mail for us-best.test would come back to us'],
    ['us-second.test', a],
    ['us-by-address.test', a],
    // loopback
    ['loop.test', /^failed 550 5\.4\.6/],
    ['loop-a.test', /^failed 550 5\.4\.6/],
    ['half-loop.test', b],
    // literals
    ['[192.0.2.7]', '192.0.2.7:25=192.0.2.7'],
    ['[IPv6:2001:db8::7]', '2001:db8::7:25=2001:db8::7'],
    ['[ipv6:2001:db8::7]', '2001:db8::7:25=2001:db8::7'],
    ['[127.0.0.1]', /^failed 550 5\.4\.6/],
    ['[IPv6:::1]', /^failed 550 5\.4\.6/],
    ['[192.0.2.100]', /^failed 550 5\.4\.6/],
    ['[2001:db8::7]', /^failed 550 5\.1\.2/],
    ['[IPv6:192.0.2.7]', /^failed 550 5\.1\.2/],
    ['[300.1.1.1]', /^failed 550 5\.1\.2/],
    ['[]', /^failed 550 5\.1\.2/],
  ];
  for (const [domain, answer] of rows)
    if (typeof answer === 'string') expect(await hop(domain), domain).toBe(answer);
    else expect(await hop(domain), domain).toMatch(answer);
});

test('findHop draws lots among equals', async () => {
  const first = new Set<string>();
  for (let i = 0; i < 40; i++) first.add((await hop('equal.test', { random: Math.random })).split(':')[0] ?? '');
  expect([...first].sort()).toEqual(['a.mx.test', 'b.mx.test', 'c.mx.test']);
});

test('findHop considers a bounded number of hosts and addresses', async () => {
  const answer = await findHop('many.test', options);
  expect(answer.kind === 'hosts' && answer.hosts.map(h => h.addresses?.length)).toEqual(Array(8).fill(4));
});

test('findHop takes the gateway for * where a domain has no line of its own, and asks no name server', async () => {
  const gateway = [{ domain: '*', host: 'all.test', port: 25 }, ...options.gateway];
  const asked = server.asked.length;
  expect(await hop('pref.test', { gateway })).toBe('all.test:25=');
  expect(await hop('gated.test', { gateway })).toBe('gate.test:2525=');
  expect(await hop('[192.0.2.1]', { gateway })).toBe('all.test:25=');
  expect(server.asked.length).toBe(asked);
});

test('hopName joins what goes to one gateway', () => {
  const gateway = [
    { domain: '*', host: 'all.test', port: 25 },
    { domain: 'a.test', host: 'gate.test', port: 26 },
  ];
  expect(['x.test', 'y.test', 'a.test'].map(d => hopName(d, gateway))).toEqual([
    'all.test:25',
    'all.test:25',
    'gate.test:26',
  ]);
  expect(hopName('x.test', [])).toBe('x.test');
});
