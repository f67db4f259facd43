import { connect as connectTo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Gateway } from '../daemon/config.ts';
import { createResolver } from '../daemon/wire/dns.ts';
import type { ProxyServer } from '../daemon/wire/proxy.ts';
import { localhost } from './certificate.ts';
import { freePorts, until } from './harness.ts';
import { nameServer } from './name-server.ts';
import { createRig, type Rig } from './queue-rig.ts';

let rig: Rig;
const servers: Server[] = [];
beforeEach(async () => {
  rig = await createRig();
});
afterEach(async () => {
  await rig.close();
  for (const s of servers.splice(0)) s.close();
});

const gateway = (port: number, more: Partial<Gateway> = {}): Gateway => ({
  domain: '*',
  host: '127.0.0.1',
  port,
  ...more,
});
const empty = async () => (await rig.waiting()).length === 0;
const attempted = (times: number) => async () => (await rig.waiting()).some(d => d.attempts === times);
const login = { user: 'site', password: 'tea-of-mine' };

test('queue takes one author’s mail while the provider keeps another waiting', async () => {
  const slow = await rig.hop({ answers: { MAIL: 'SILENCE' } });
  const quick = await rig.hop();
  rig.settings.webmail_smtp = { host: '127.0.0.1', port: quick.port, tls: 'off' };
  const cid = await rig.store.accounts.create({
    address: 'cid@us.test',
    name: '',
    passwordHash: null,
    quota: 0,
    at: 1,
  });
  const authorsGateway = async (author: number | null) => gateway(author === cid!.id ? quick.port : slow.port);
  const queue = await rig.queue({ authorsGateway, timeouts: {} });
  await rig.accept(['bob@far.test'], { accountId: rig.ann });
  queue.wake();
  await until('it waits for an answer', () => slow.heard.some(line => line.startsWith('MAIL')));
  await rig.accept(['bob@far.test'], { accountId: cid!.id });
  queue.wake();
  await until('the other went', () => quick.contents.length === 1);
});

describe('queue goes by gateways in their order', () => {
  test('to the second where nobody answers at the first, which is then left alone', async () => {
    const first = await rig.hop({ greeting: 'DROP' });
    const second = await rig.hop();
    rig.settings.gateway = [gateway(first.port), gateway(second.port)];
    await rig.accept(['bob@far.test']);
    const queue = await rig.queue();
    await until('the queue is empty', empty);
    expect([first.connections, second.contents.length]).toEqual([1, 1]);
    await rig.accept(['bob@far.test'], { reversePath: 'eve@us.test' });
    queue.wake();
    await until('the queue is empty', empty);
    expect([first.connections, second.contents.length]).toEqual([1, 2]);
    // A person may want it tried now.
    first.script.greeting = '220 back';
    await queue.operate({ command: 'retry', which: {}, by: 'a test' });
    await rig.accept(['bob@far.test']);
    queue.wake();
    await until('the queue is empty', empty);
    expect([first.contents.length, second.contents.length]).toEqual([1, 2]);
  });

  test('and puts mail off where none of them answers', async () => {
    const [a, b] = await freePorts(2);
    rig.settings.gateway = [gateway(a!), gateway(b!)];
    await rig.accept(['bob@far.test']);
    await rig.queue();
    await until('it was tried', attempted(1));
    expect((await rig.waiting())[0]).toMatchObject({
      state: 'waiting',
      lastReply: expect.stringMatching(/^451 4\.4\.1 127/),
    });
  });
});

describe('queue signs in at a gateway', () => {
  const script = { offers: ['AUTH PLAIN', 'STARTTLS'], tls: localhost };
  const strict = { host: 'localhost', tls: 'required', ca: localhost.cert, login } as const;

  test('under verified TLS', async () => {
    const hop = await rig.hop(script);
    rig.settings.gateway = [gateway(hop.port, strict)];
    await rig.accept(['bob@far.test']);
    await rig.queue();
    await until('the queue is empty', empty);
    const plain = Buffer.from('\0site\0tea-of-mine').toString('base64');
    expect(hop.heard.slice(1, 5)).toEqual(['STARTTLS', '(TLS)', 'EHLO us.test', `AUTH PLAIN ${plain}`]);
  });

  test('under TLS from the first octet, by a proxy too', async () => {
    const hop = await rig.hop({ offers: ['AUTH PLAIN'] });
    const far = createTlsServer(localhost, socket => {
      join(socket, hop.port);
    });
    servers.push(far);
    await new Promise<void>(resolve => far.listen(0, '127.0.0.1', resolve));
    const { port } = far.address() as { port: number };
    rig.settings.gateway = [gateway(port, { ...strict, tls: 'implicit' })];
    await rig.accept(['bob@far.test']);
    await rig.queue();
    await until('the queue is empty', empty);
    const asked = createServer(socket => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        join(socket, port);
      });
    });
    servers.push(asked);
    await new Promise<void>(resolve => asked.listen(0, '127.0.0.1', resolve));
    const by = { kind: 'http', host: '127.0.0.1', port: (asked.address() as { port: number }).port } as const;
    rig.settings.proxy_domain = [{ domain: '*', proxy: { ...by, login: null, remoteNames: true } }];
    await rig.accept(['cat@far.test']);
    await rig.queue();
    await until('the queue is empty', empty);
    // A connection that is slow to stand up may be made once more.
    expect(hop.heard.filter(line => line.startsWith('AUTH')).length).toBeGreaterThanOrEqual(2);
    expect(hop.contents).toHaveLength(2);
  });

  test('and never without, whatever the host says', async () => {
    const hops = [
      await rig.hop({ offers: ['AUTH PLAIN'] }),
      await rig.hop({ ...script, answers: { STARTTLS: '454 4.7.0 No' } }),
      await rig.hop(script),
    ];
    // The last has a certificate that nobody vouches for.
    const { ca: _, ...unknown } = strict;
    rig.settings.gateway = hops.map((hop, i) => gateway(hop.port, i === 2 ? unknown : strict));
    await rig.accept(['bob@far.test']);
    await rig.queue();
    await until('it was tried', attempted(1));
    expect(hops.map(h => h.connections)).toEqual([1, 1, 1]);
    expect(hops.flatMap(h => h.heard).filter(line => /AUTH|MAIL/.test(line))).toEqual([]);
  });

  test('and keeps the mail when it is refused: said once, without the password, and asked less and less often', async () => {
    const hop = await rig.hop({ offers: ['AUTH PLAIN'], answers: { AUTH: '535 5.7.8 tea-of-mine is wrong' } });
    rig.settings.gateway = [gateway(hop.port, { tls: 'off', login })];
    await rig.accept(['bob@far.test', 'cat@far.test']);
    const queue = await rig.queue();
    await until('it was tried', attempted(1));
    expect((await rig.waiting())[0]?.lastReply).toBe('451 4.7.0 127.0.0.1 does not let us sign in');
    rig.clock.shift += 2 * 60_000;
    await rig.accept(['dan@near.test']);
    queue.wake();
    await until('that waits too', async () => (await rig.waiting()).every(d => d.attempts === 1));
    expect(hop.connections).toBe(1);
    await queue.operate({ command: 'retry', which: {}, by: 'a test' });
    await until('it was tried again', () => hop.connections === 2);
    await until('all were told', async () => (await rig.waiting()).every(d => d.attempts === 2));
    const said = rig.told.filter(line => line.event.startsWith('no sign-in'));
    expect(said).toEqual([
      {
        event: 'no sign-in at a gateway: mail for it waits until that is mended',
        hop: `127.0.0.1:${hop.port}`,
        user: 'site',
        error: '535 5.7.8 … is wrong',
      },
    ]);
    expect(JSON.stringify(rig.told)).not.toContain('tea-of-mine');
    expect(await rig.inbox()).toEqual([]);
    hop.script.answers = {};
    await queue.operate({ command: 'retry', which: {}, by: 'a test' });
    await until('the queue is empty', empty);
  });
});

/** Passes octets on, both ways. */
function join(socket: Socket, port: number): void {
  const far = connectTo(port, '127.0.0.1');
  socket.on('error', () => far.destroy());
  far.on('error', () => socket.destroy());
  socket.pipe(far).pipe(socket);
}

/** A telnet proxy of the kind the original knew: reads a line, connects there, and says what it does. */
async function telnetProxy(banner: string, act?: (socket: Socket) => void) {
  const asked: string[] = [];
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.write(banner);
    if (act) return act(socket);
    socket.once('data', line => {
      asked.push(line.toString());
      const [, port] = line.toString().trim().split(':');
      socket.write('Trying 127.0.0.1...\r\n');
      join(socket, Number(port));
    });
  });
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const proxy: ProxyServer = { kind: 'telnet', host: '127.0.0.1', port, request: '$IP:$PORT' };
  return { proxy, asked };
}

describe('queue goes by a telnet proxy', () => {
  const zone = { 'far.test': { MX: [[10, 'mx.far.test'] as [number, string]] }, 'mx.far.test': { A: ['127.0.0.1'] } };

  test('to the exchanger its own resolver found, and STARTTLS still works behind it', async () => {
    const hop = await rig.hop({ offers: ['STARTTLS', 'PIPELINING'], tls: localhost });
    const { proxy, asked } = await telnetProxy('Gateway ready.\r\ntn-gw-> ');
    const names = await nameServer(zone);
    rig.settings.proxy_domain = [{ domain: '*.test', proxy }];
    await rig.accept(['bob@far.test']);
    await rig.queue({
      resolver: createResolver({ servers: [names.address], timeout: 500 }),
      exchangers: { port: hop.port, allowLoopback: true },
    });
    await until('the queue is empty', empty);
    names.close();
    expect(asked).toEqual([`127.0.0.1:${hop.port}\r\n`]);
    expect(hop.heard).toContain('(TLS)');
    expect(hop.contents).toHaveLength(1);
  });

  test('and puts mail off where the proxy is hostile, slow, or talks of something else', async () => {
    const rows: [string, string, (socket: Socket) => void, RegExp][] = [
      ['garbage', '', s => void s.write(Buffer.alloc(1 << 20, 0xfd)), /goes on without a greeting/],
      ['slow', '', s => void s.write('2'), /gave no connection in time/],
      ['a refusal', 'ready\r\n', s => void s.end('554 Not from you\r\n'), /says: 554 Not from you/],
      ['hanging up', '', s => void s.destroy(), /hung up|connection|gave no/],
    ];
    for (const [what, banner, act, said] of rows) {
      const { proxy } = await telnetProxy(banner, act);
      rig.settings.gateway = [gateway(9)];
      rig.settings.proxy_domain = [{ domain: '*', proxy }];
      await rig.accept([`bob@${what.replaceAll(' ', '-')}.test`]);
      const queue = await rig.queue({ timeouts: { connect: 300, greeting: 300, command: 300 } });
      await until(`${what} was tried`, async () => (await rig.waiting()).every(d => d.attempts > 0));
      const last = (await rig.waiting()).at(-1);
      expect(last?.lastReply, what).toMatch(/^451 4\.4\.1 /);
      expect(last?.lastReply, what).toMatch(said);
      await queue.stop(0);
    }
    expect(await rig.inbox()).toEqual([]);
  });

  test('and asks a proxy that does not work once for all hosts of a hop', async () => {
    const [port] = await freePorts(1);
    rig.settings.gateway = [gateway(25), gateway(26), gateway(27)];
    rig.settings.proxy_domain = [
      { domain: '*', proxy: { kind: 'socks5', host: '127.0.0.1', port: port!, login: null, remoteNames: true } },
    ];
    await rig.accept(['bob@far.test']);
    await rig.queue();
    await until('it was tried', attempted(1));
    expect(rig.told.filter(t => t.event === 'no connection')).toHaveLength(1);
  });
});

test('queue goes out from outgoing_ip', async () => {
  const from: (string | undefined)[] = [];
  const hop = await rig.hop({
    greeting: socket => {
      from.push(socket.remoteAddress);
      socket.write('220 hop\r\n');
    },
  });
  rig.settings.gateway = [gateway(hop.port)];
  rig.settings.outgoing_ip = ['127.0.0.7', '::1'];
  await rig.accept(['bob@far.test']);
  await rig.queue();
  await until('the queue is empty', empty);
  expect(from).toEqual(['127.0.0.7']);
});

test('queue reaches an exchanger by IPv6, and one with a dead IPv6 route by IPv4 in the same attempt', async () => {
  const hop = await rig.hop({}, 0, '::1');
  const both = await rig.hop({}, hop.port, '127.0.0.1');
  const names = await nameServer({
    'six.test': { AAAA: ['::1'] },
    'both.test': { A: ['127.0.0.1'], AAAA: ['2001:db8::1'] },
  });
  rig.settings.outgoing_ipv6 = 'prefer';
  await rig.accept(['bob@six.test', 'cat@both.test', 'dan@[IPv6:::1]']);
  await rig.queue({
    resolver: createResolver({ servers: [names.address], timeout: 500 }),
    exchangers: { port: hop.port, allowLoopback: true },
    timeouts: { connect: 3000 },
  });
  await until('the queue is empty', empty);
  names.close();
  expect([hop.contents.length, both.contents.length]).toEqual([2, 1]);
});
