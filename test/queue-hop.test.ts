import { afterAll, beforeAll, expect, test } from 'vitest';
import { byUrl } from '../daemon/config/proxy-line.ts';
import type { Gateway, Settings } from '../daemon/config.ts';
import { replyLine } from '../daemon/mail/reply.ts';
import { createHostMemory } from '../daemon/queue/hop/memory.ts';
import { ourselves } from '../daemon/queue/hop/ourselves.ts';
import { type EgressSettings, findHop, type HopOptions, hopName } from '../daemon/queue/hop.ts';
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
  'gate.test': { A: ['192.0.2.50'] },
  'second.test': { A: ['192.0.2.51', '192.0.2.52'], AAAA: ['2001:db8::51'] },
  'six.test': { AAAA: ['2001:db8::6'] },
  'alias.test': { A: ['192.0.2.100'] },
};
const settings = (gateway: Gateway[], more: Partial<EgressSettings> = {}): EgressSettings => ({
  gateway,
  proxy_domain: [],
  outgoing_ip: [],
  outgoing_ipv6: 'avoid',
  ...more,
});
let server: Awaited<ReturnType<typeof nameServer>>;
let options: HopOptions;
beforeAll(async () => {
  server = await nameServer(zone);
  options = {
    settings: settings([
      { domain: 'gated.test', host: 'gate.test', port: 2525 },
      { domain: 'other.test', host: 'localhost', port: 26 },
    ]),
    memory: createHostMemory(),
    now: () => 0,
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
    ['gated.test', 'gate.test:2525=192.0.2.50'],
    ['other.test', /^localhost:26=127\.0\.0\.1/],
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

test('findHop goes by the most specific gateway lines, all their hosts in order, and asks for no MX', async () => {
  const gate = (domain: string, host: string, more: Partial<Gateway> = {}): Gateway => ({
    domain,
    host,
    port: 25,
    ...more,
  });
  const lines = settings([
    gate('*', 'second.test'),
    gate('pref.test', 'gate.test'),
    gate('*.deep.test', '192.0.2.60'),
    gate('pref.test', 'second.test', { port: 26 }),
    gate('*.very.deep.test', '192.0.2.61'),
    gate('m?x.test', '192.0.2.62'),
    gate('lost.test', 'nowhere.test'),
    gate('half.test', 'nowhere.test'),
    gate('half.test', 'gate.test'),
    gate('mx.test', 'equal.test', { mx: true, port: 27 }),
    gate('nomx.test', 'null.test', { mx: true }),
  ]);
  const second = '192.0.2.51,2001:db8::51,192.0.2.52';
  const rows: [string, string | RegExp][] = [
    ['pref.test', `gate.test:25=192.0.2.50 second.test:26=${second}`],
    ['[192.0.2.1]', `second.test:25=${second}`],
    ['any.test', `second.test:25=${second}`],
    // what lies below, not the domain itself; the longer pattern first
    ['a.deep.test', '192.0.2.60:25=192.0.2.60'],
    ['a.very.deep.test', '192.0.2.61:25=192.0.2.61'],
    ['deep.test', `second.test:25=${second}`],
    ['max.test', '192.0.2.62:25=192.0.2.62'],
    // one host that cannot be found is passed over; none at all is no reason to return mail
    ['half.test', 'gate.test:25=192.0.2.50'],
    ['lost.test', /^later 451 4\.4\.3 /],
    ['nomx.test', /^later 451 4\.4\.3 /],
    ['mx.test', /^\w\.mx\.test:27=192\.0\.2\.\d\S* \w\.mx\.test:27=\S+ \w\.mx\.test:27=\S+$/],
  ];
  const asked = server.asked.length;
  for (const [domain, answer] of rows)
    if (typeof answer === 'string') expect(await hop(domain, { settings: lines }), domain).toBe(answer);
    else expect(await hop(domain, { settings: lines }), domain).toMatch(answer);
  expect(server.asked.slice(asked).filter(q => q.startsWith('MX'))).toEqual(['MX null.test', 'MX equal.test']);
});

test('findHop orders families as outgoing_ipv6 says, and takes turns between them', async () => {
  const gateway: Gateway[] = [{ domain: 'gated.test', host: 'second.test', port: 25 }];
  const rows: [EgressSettings['outgoing_ipv6'], string, string | RegExp][] = [
    ['avoid', 'gated.test', 'second.test:25=192.0.2.51,2001:db8::51,192.0.2.52'],
    ['prefer', 'gated.test', 'second.test:25=2001:db8::51,192.0.2.51,192.0.2.52'],
    ['off', 'gated.test', 'second.test:25=192.0.2.51,192.0.2.52'],
    ['prefer', 'only-a.test', 'only-a.test:25=2001:db8::9,192.0.2.9'],
    ['avoid', 'six.test', 'six.test:25=2001:db8::6'],
    ['off', 'six.test', /^failed 550 5\.4\.4 six\.test is reached by IPv6 only/],
    ['off', '[IPv6:2001:db8::7]', /^failed 550 5\.4\.4/],
  ];
  for (const [outgoing_ipv6, domain, answer] of rows) {
    const found = await hop(domain, { settings: settings(gateway, { outgoing_ipv6 }) });
    if (typeof answer === 'string') expect(found, `${outgoing_ipv6} ${domain}`).toBe(answer);
    else expect(found, `${outgoing_ipv6} ${domain}`).toMatch(answer);
  }
});

test('findHop puts dead hosts last, and leaves those alone that refuse our sign-in', async () => {
  const login = { user: 'site', password: 'x' };
  const gateway: Gateway[] = ['192.0.2.1', '192.0.2.2'].map(host => ({ domain: '*', host, port: 25, login }));
  const memory = createHostMemory();
  let at = 0;
  let given = settings(gateway);
  const ask = () => hop('x.test', { settings: given, memory, now: () => at });
  memory.dead('site@192.0.2.1:25', at);
  expect(await ask()).toBe('192.0.2.2:25=192.0.2.2 192.0.2.1:25=192.0.2.1');
  at = 301_000;
  expect(await ask()).toMatch(/^192\.0\.2\.1/);
  expect(memory.refused('site@192.0.2.1:25', at)).toBe(true);
  expect(await ask()).toBe('192.0.2.2:25=192.0.2.2');
  memory.refused('site@192.0.2.2:25', at);
  expect(await ask()).toMatch(/^later 451 4\.7\.0 192\.0\.2\.1, 192\.0\.2\.2 did not let us sign in/);
  // Each refusal is waited for twice as long, and is no news any more.
  const pauses = [];
  for (let i = 0; i < 7; i++) {
    const start = at;
    while (!/^192\.0\.2\.1/.test(await ask())) at += 60_000;
    pauses.push((at - start) / 60_000);
    expect(memory.refused('site@192.0.2.1:25', at)).toBe(false);
  }
  expect(pauses).toEqual([5, 10, 20, 40, 80, 120, 120]);
  memory.forget();
  expect(await ask()).toMatch(/^192\.0\.2\.1/);
  // Changed settings may bring another password.
  memory.refused('site@192.0.2.1:25', at);
  given = settings([...gateway]);
  expect(await ask()).toMatch(/^192\.0\.2\.1/);
});

test('findHop sends a host’s mail by the proxy of its domain, names unresolved where the proxy does that', async () => {
  const proxy = (url: string) => {
    const parsed = byUrl(url, new Map(), '.');
    return parsed.ok ? parsed.value.proxy : null;
  };
  const lines = settings([{ domain: 'gated.test', host: 'gate.test', port: 25 }], {
    proxy_domain: [
      { domain: '*', proxy: proxy('socks5h://192.0.2.70') },
      { domain: 'only-a.test', proxy: proxy('socks5://192.0.2.71') },
      { domain: 'pref.test', proxy: null },
    ],
  });
  const rows: [string, string | undefined, string[] | null | undefined][] = [
    // a configured name is the proxy's to look up; exchangers were checked and go by address
    ['gated.test', '192.0.2.70', null],
    ['half.test', '192.0.2.70', ['192.0.2.2', '2001:db8::2']],
    ['only-a.test', '192.0.2.71', ['192.0.2.9', '2001:db8::9']],
    ['pref.test', undefined, ['192.0.2.1']],
  ];
  for (const [domain, by, addresses] of rows) {
    const answer = await findHop(domain, { ...options, settings: lines });
    const host = answer.kind === 'hosts' ? answer.hosts[0] : undefined;
    expect([host?.proxy?.host, host?.addresses], domain).toEqual([by, addresses]);
  }
});

test('findHop has the password of a gateway sent under verified TLS where a proxy connects us', async () => {
  const login = { user: 'site', password: 'x' };
  const by = byUrl('socks5h://192.0.2.70', new Map(), '.');
  const rows: [Partial<Gateway>, boolean, string, boolean][] = [
    [{}, false, 'try', false],
    [{ tls: 'implicit' }, false, 'required', true],
    [{ login, tls: 'try' }, false, 'try', false],
    [{ login, tls: 'try' }, true, 'required', false],
    [{ login, tls: 'off' }, true, 'off', false],
  ];
  for (const [more, proxied, tls, implicitTls] of rows) {
    const lines = settings([{ domain: '*', host: '127.0.0.1', port: 25, ...more }], {
      proxy_domain: proxied && by.ok ? [{ domain: '*', proxy: by.value.proxy }] : [],
    });
    const answer = await findHop('x.test', { ...options, settings: lines });
    expect(answer.kind === 'hosts' && answer.hosts[0]).toMatchObject({ tls, implicitTls });
  }
});

test('hopName joins what goes the same way to the same gateways as the same user', () => {
  const by = byUrl('http://192.0.2.70', new Map(), '.');
  const lines = settings(
    [
      { domain: '*', host: 'all.test', port: 25 },
      { domain: 'a.test', host: 'gate.test', port: 26 },
      { domain: 'a.test', host: 'next.test', port: 25, mx: true, login: { user: 'site', password: 'x' } },
    ],
    { proxy_domain: [{ domain: 'z.test', proxy: by.ok ? by.value.proxy : null }] },
  );
  expect(['x.test', 'y.test', 'a.test', 'z.test'].map(d => hopName(d, lines))).toEqual([
    'all.test:25',
    'all.test:25',
    'gate.test:26,site@mx:next.test:25',
    'all.test:25 by http://192.0.2.70:3128',
  ]);
  expect(hopName('x.test', settings([]))).toBe('x.test');
});

test('ourselves knows all names of ours, by what the settings say now', () => {
  const own = { host_domain: ['us.test'], vdomain: [] as Settings['vdomain'], smtp_port: 2525 };
  const ours = ourselves(own);
  expect(['us.test', 'v.test', 'far.test'].map(ours)).toEqual([true, false, false]);
  own.vdomain = [{ prefix: 'v', match: { kind: 'suffix', suffix: '/v' }, domain: 'v.test' }] as never;
  expect(['us.test', 'v.test', 'far.test'].map(ours)).toEqual([true, true, false]);
});
