import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Around, incoming } from '../daemon/cli/way-in.ts';
import { foundByPrograms } from '../daemon/cli/way-of-programs.ts';
import { loadSettings, ownAddresses } from '../daemon/config.ts';
import { createHeard } from '../daemon/intake/heard.ts';
import { createResolver } from '../daemon/wire/dns.ts';
import { isLoopback } from '../daemon/wire/ip.ts';
import { localhost } from './certificate.ts';
import { freePorts, runCli, startHouse } from './harness.ts';
import { type NameServer, nameServer, type Zone } from './name-server.ts';
import { type NextHop, nextHop, type Script } from './next-hop.ts';

let folder: string;
let names: NameServer;
const hops: NextHop[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cwmail-reach-'));
  writeFileSync(join(folder, 'ca.pem'), localhost.cert);
  names = await nameServer({ 'null.test': { MX: [[0, '.']] }, 'broken.test': 'SERVFAIL' });
});
afterEach(async () => {
  await Promise.all(hops.splice(0).map(hop => hop.close()));
});
afterAll(() => {
  names.close();
  rmSync(folder, { recursive: true });
});

async function hop(script: Script): Promise<NextHop> {
  const made = await nextHop(script);
  hops.push(made);
  return made;
}
async function reach(domain: string, ...lines: string[]) {
  const set = ['host_domain=us.test', 'online=always', `dns_host=${names.address}`, ...lines].flatMap(l => [
    '--set',
    l,
  ]);
  const { code, stdout, stderr } = await runCli(['reach', domain, ...set], '', folder);
  return { code, said: `${stdout}${stderr}`.trim().split('\n').slice(1) };
}

test('reach goes by the gateways in their order, signs in, and sends nothing', async () => {
  const [dead] = await freePorts(1);
  const safe = await hop({ offers: ['AUTH PLAIN', 'STARTTLS'], tls: localhost });
  const lines = [
    `gateway=* 127.0.0.1:${dead}`,
    `gateway=* localhost:${safe.port} user=site password=tea-of-mine tls=required ca=ca.pem`,
  ];
  const { code, said } = await reach('far.test', ...lines);
  expect(said).toEqual([
    `127.0.0.1:${dead}: 451 4.4.1 127.0.0.1: 127.0.0.1:${dead}: connection refused`,
    expect.stringMatching(/^localhost:\d+ \[127\.0\.0\.1(, ::1)?\]: ready, TLS, verified, signed in as site$/),
  ]);
  expect(code).toBe(0);
  expect(safe.heard.filter(line => /^(MAIL|RCPT|DATA)/.test(line))).toEqual([]);
});

test('reach says why a gateway would not take mail, and exits with 1', async () => {
  const strict = await hop({ offers: ['AUTH PLAIN'], answers: { AUTH: '535 5.7.8 No' } });
  const { code, said } = await reach(
    'far.test',
    `gateway=* 127.0.0.1:${strict.port} user=site password=tea-of-mine tls=off`,
  );
  expect([code, said]).toEqual([
    1,
    [`127.0.0.1:${strict.port}: 451 4.7.0 127.0.0.1 does not let us sign in (535 5.7.8 No)`],
  ]);
  const [proxy] = await freePorts(1);
  const by = await reach('far.test', `gateway=* mx.far.test`, `proxy_domain=* socks5h://127.0.0.1:${proxy}`);
  expect(by.said).toEqual([expect.stringMatching(/^mx\.far\.test:25 by socks5:.*: 451 4\.4\.1 .*connection refused$/)]);
});

test('reach says what the name servers told', async () => {
  expect(await reach('ann@null.test')).toEqual({ code: 1, said: ['556 5.1.10 null.test takes no mail'] });
  expect((await reach('broken.test')).said[0]).toMatch(/^451 4\.4\.3 broken\.test: the name server could not answer/);
  expect((await reach('nowhere.test')).said).toEqual(['550 5.1.2 There is no domain nowhere.test']);
  expect((await runCli(['reach', 'not a domain'], '', folder)).code).toBe(64);
});

describe('reach without a domain', { timeout: 180_000 }, () => {
  const overview = async (args: string[], flags: string[] = []) => {
    const set = ['host_domain=us.test', `dns_host=${names.address}`, ...args].flatMap(l => ['--set', l]);
    const { code, stdout, stderr } = await runCli(['reach', ...flags, ...set], '', folder);
    return { code, said: `${stdout}${stderr}` };
  };

  test('says that nothing runs, the way of each domain, and makes no data folder', async () => {
    const far = await hop({});
    const { code, said } = await overview([
      'data_path=none',
      'online=always',
      `gateway=* 127.0.0.1:${far.port}`,
      'gateway=branch.test [192.0.2.9]:2525',
      'proxy_domain=branch.test socks5h://127.0.0.1:9',
      'suspend_domain=parked.test',
    ]);
    expect(code).toBe(1);
    expect(said).toContain(`  MEND  nothing runs on ${join(folder, 'none')}\n          Start it: cwmail start\n`);
    expect(said).toContain('        branch.test: by the gateway 192.0.2.9:2525, through socks5://127.0.0.1:9\n');
    expect(said).toContain(
      `        parked.test: parked until it is asked for, then by the gateway 127.0.0.1:${far.port}\n`,
    );
    expect(said).toContain(`        every other domain: by the gateway 127.0.0.1:${far.port}\n`);
    expect(said).toMatch(/ {2}MEND {2}for branch\.test: 192\.0\.2\.9:2525 .*connection refused/);
    expect(said).toMatch(
      / {2}ok {4}for any\.example: 127\.0\.0\.1:\d+: ready, no TLS\n {2}ok {4}mail gets out by these/,
    );
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test('of a house that runs it says where its listeners answer, and tries whom people write to', async () => {
    const house = await startHouse({ set: { host_domain: 'us.test', dns_host: names.address, online: 'never' } });
    const first = await house.cli(['reach']);
    expect(first.stdout).toContain(`  ok    pop_port ${house.ports.pop3} answers on 127.0.0.1\n`);
    expect(first.stdout).toContain('  ?     no mail server was tried: nothing waits for one');
    expect(first.stdout).toContain('nobody from outside has spoken to us yet');
    await house.cli(['sendmail', '-f', 'postmaster@us.test', 'x@null.test'], 'Subject: x\n\nx\n');
    const second = await house.cli(['reach']);
    expect(second.stdout).toContain('  MEND  for null.test: 556 5.1.10 null.test takes no mail\n');
    await house.remove();
  });

  /** What is said of the way in, with a zone and addresses of its own. */
  async function wayIn(zone: Zone, given: Partial<Around> & { lines?: string }) {
    const server = await nameServer(zone);
    const file = join(folder, 'in.conf');
    writeFileSync(file, `host_domain us.test\nsmtp_port 25\nlisten 0.0.0.0\n${given.lines ?? ''}`);
    const around = {
      ...{ settings: loadSettings({ config: file, set: [] }).settings, own: [], heard: null, now: 1_000_000 },
      ...{ resolver: createResolver({ servers: [server.address], timeout: 500 }), ...given },
    };
    const found = await Array.fromAsync(incoming(around));
    server.close();
    return found.map(f => `${f.verdict}: ${f.text}`);
  }
  const here = '203.0.113.5';

  test.each<[string, Zone, string]>([
    [
      'this machine',
      { 'us.test': { MX: [[5, 'mx.us.test']] }, 'mx.us.test': { A: [here] } },
      `good: us.test: MX mx.us.test [${here}] is this machine`,
    ],
    ['no MX', { 'us.test': { A: [here] } }, `good: us.test: no MX, so us.test [${here}] is this machine`],
    ['a null MX', { 'us.test': { MX: [[0, '.']] } }, 'mend: us.test tells the world that it takes no mail (a null MX)'],
    ['no domain', {}, 'mend: there is no domain us.test in the DNS'],
    [
      'no address',
      { 'us.test': { MX: [[5, 'mx.us.test']] }, 'mx.us.test': {} },
      'mend: us.test: MX mx.us.test has no address',
    ],
    [
      'loopback',
      { 'us.test': { MX: [[5, 'mx.us.test']] }, 'mx.us.test': { A: ['127.0.0.1'] } },
      "mend: us.test: MX mx.us.test [127.0.0.1] is every machine's own loopback",
    ],
    [
      'no answer',
      { 'us.test': 'SERVFAIL' },
      'open: us.test: its mail servers cannot be looked up: the name server could not answer',
    ],
  ])('names of %s', async (_, zone, expected) => {
    expect((await wayIn(zone, { own: [here] }))[0]).toBe(expected);
  });

  const elsewhere = ownAddresses().find(a => !isLoopback(a) && !a.includes(':'));
  test.skipIf(elsewhere === undefined)('a router that leads on to us is told from another server', async () => {
    let greeting = '220 us.test ESMTP\r\n';
    const server = createServer(socket => socket.end(greeting)).listen(0, elsewhere);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const zone = { 'us.test': { A: [elsewhere!] } };
    expect((await wayIn(zone, { port }))[0]).toBe(
      `good: us.test: no MX, so us.test [${elsewhere}] leads on to this server, seen from here`,
    );
    greeting = '220 mail.isp.test \x1b[31mESMTP\r\n';
    expect((await wayIn(zone, { port }))[0]).toMatch(/^open: .* is another server: 220 mail\.isp\.test \?\[31mESMTP$/);
    server.close();
    await once(server, 'close');
    expect((await wayIn(zone, { port }))[0]).toMatch(/^open: .* does not answer from here$/);
  });

  test('a mail server of ours must listen where its name leads', async () => {
    const said = await wayIn({ 'us.test': { A: [here] } }, { own: [here], lines: 'smtp_listen 127.0.0.1' });
    expect(said[0]).toBe(
      `mend: us.test: no MX, so us.test [${here}] is this machine, which does not listen on ${here}`,
    );
  });

  test('a reverse name must lead back', async () => {
    const reverse = '5.113.0.203.in-addr.arpa';
    const rows: [Zone, string][] = [
      [{}, `mend: ${here} has no reverse name: much mail from it is refused`],
      [
        { [reverse]: { PTR: ['us.test'] }, 'us.test': { A: [here] } },
        `good: ${here} is called us.test, which leads back`,
      ],
      [{ [reverse]: { PTR: ['x.test'] } }, `mend: ${here} is called x.test, which does not lead back to it`],
      [
        { [reverse]: 'SERVFAIL' },
        `open: the reverse name of ${here} cannot be looked up: the name server could not answer`,
      ],
    ];
    for (const [zone, expected] of rows)
      expect((await wayIn(zone, { own: ['127.0.0.1', '10.0.0.2', here] }))[1]).toBe(expected);
    const six = { '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa': { PTR: ['us.test'] } };
    expect((await wayIn({ ...six, 'us.test': { AAAA: ['2001:db8::1'] } }, { own: ['2001:db8::1'] }))[1]).toBe(
      'good: 2001:db8::1 is called us.test, which leads back',
    );
    expect((await wayIn({}, { own: ['127.0.0.1', '10.0.0.2'] }))[1]).toMatch(
      /^open: this machine has addresses of private/,
    );
  });

  test('mail programs find the ports with TLS from the first octet by SRV records, or must be told', async () => {
    const mail = { 'mail.us.test': { A: [here] }, 'far.test': { A: ['198.51.100.9'] } };
    const told = async (zone: Zone, lines = 'submissions_port 465') => {
      const server = await nameServer({ ...mail, ...zone });
      const file = join(folder, 'programs.conf');
      writeFileSync(file, `host_domain us.test\nlisten 0.0.0.0\n${lines}\n`);
      const { settings } = loadSettings({ config: file, set: [] });
      const resolver = createResolver({ servers: [server.address], timeout: 500 });
      const found = await Array.fromAsync(foundByPrograms({ settings, resolver, own: [here] }));
      server.close();
      return found.map(f => `${f.verdict}: ${f.text}`);
    };
    const name = '_submissions._tcp.us.test';
    const rows: [Zone, string][] = [
      [{}, `fact: ${name} has no SRV record: mail programs must be told the host and port 465`],
      [{ [name]: { SRV: [[0, 0, 0, '.']] } }, `mend: ${name} tells mail programs that there is no such service`],
      [{ [name]: 'SERVFAIL' }, `open: ${name} cannot be looked up: the name server could not answer`],
      // The first choice counts.
      [
        {
          [name]: {
            SRV: [
              [10, 1, 587, 'far.test'],
              [0, 1, 465, 'Mail.us.test'],
            ],
          },
        },
        'good: us.test: a mail program sends by mail.us.test:465, this machine',
      ],
      [
        { [name]: { SRV: [[0, 1, 587, 'mail.us.test']] } },
        'mend: us.test: a mail program sends by mail.us.test:587, and submissions_port is 465',
      ],
      [
        { [name]: { SRV: [[0, 1, 465, 'none.us.test']] } },
        'mend: us.test: a mail program sends by none.us.test:465, which has no address',
      ],
      [
        { [name]: { SRV: [[0, 1, 465, 'far.test']] } },
        "open: us.test: a mail program sends by far.test:465, none of this machine's addresses",
      ],
    ];
    for (const [zone, expected] of rows) expect(await told(zone)).toEqual([expected]);
    const pop = { '_pop3s._tcp.us.test': { SRV: [[0, 1, 995, 'mail.us.test']] } } satisfies Zone;
    expect(await told(pop, 'pops_port 995')).toEqual([
      'good: us.test: a mail program fetches by mail.us.test:995, this machine',
    ]);
    // Nobody is sent to a listener for this machine alone, nor to one that is off.
    expect(await told({}, 'submissions_port 465\nsubmissions_listen 127.0.0.1')).toEqual([]);
    expect(await told({}, '')).toEqual([]);
    // Where the site is served by HTTPS it answers for these too.
    const hosts = { 'autoconfig.us.test': { A: [here] }, 'autodiscover.us.test': { A: ['198.51.100.9'] } };
    expect(await told(hosts, 'site_url https://mail.us.test')).toEqual([
      'good: autoconfig.us.test, where Thunderbird asks for host and ports, is this machine',
      "open: autodiscover.us.test, where Outlook asks, is none of this machine's addresses",
    ]);
    expect(await told({}, 'site_url https://mail.us.test')).toEqual([
      'fact: autoconfig.us.test has no address: with one, Thunderbird finds host and ports by itself',
      'fact: autodiscover.us.test has no address: with one, Outlook finds host and ports by itself',
    ]);
  });

  test('who came in is the proof, if it was from outside', async () => {
    const last = async (heard: Around['heard']) => (await wayIn({}, { heard, now: 10_000_000 })).at(-1);
    const outside = { address: '198.51.100.7', at: 9_400_000 };
    const near = { address: '10.0.0.9', at: 9_999_000 };
    expect(await last({ outside, near })).toBe('good: 198.51.100.7 came in from outside 10 min ago');
    expect(await last({ outside: null, near })).toBe('open: only machines near by spoke to us, 10.0.0.9 last, 1 s ago');
  });

  test('what we fetch or ask for is named', async () => {
    expect(await wayIn({}, { lines: 'etrn_from mail.isp.test' })).toContain(
      'fact: mail.isp.test:25 is asked by ETRN to send what it keeps for us',
    );
  });
});

test('createHeard keeps who came from elsewhere and began a mail, apart by how far', () => {
  const { note, heard } = createHeard(() => 7);
  const peer = { origin: 'peer', account: null } as const;
  note({ ...peer, address: '127.0.0.1' });
  note({ ...peer, address: '0.0.0.0' });
  note({ origin: 'submitter', account: null, address: '198.51.100.9' });
  expect(heard()).toEqual({ outside: null, near: null });
  for (const address of ['fd00::7', '100.64.3.2', '2001:db8::1']) note({ ...peer, address });
  expect(heard()).toEqual({ outside: { address: '2001:db8::1', at: 7 }, near: { address: '100.64.3.2', at: 7 } });
});
