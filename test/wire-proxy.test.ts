import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { anyLocal, DialError } from '../daemon/wire/dial.ts';
import type { Destination, Handshake } from '../daemon/wire/proxy/handshake.ts';
import { httpConnect } from '../daemon/wire/proxy/http-connect.ts';
import { socks5 } from '../daemon/wire/proxy/socks5.ts';
import { telnet } from '../daemon/wire/proxy/telnet.ts';
import { dialBy, type ProxyServer } from '../daemon/wire/proxy.ts';

const there: Destination = { name: 'mx.far.test', address: '192.0.2.9', port: 25 };
const six: Destination = { name: 'mx.far.test', address: '2001:db8::9', port: 2525 };
const named: Destination = { name: 'mx.far.test', address: null, port: 25 };
const login = { user: 'ann', password: 'tea' };

/** What was sent, in hexadecimal or as text, and how it ended: `open REST`, `KIND: WHY`, `more`. */
function talk(machine: Handshake, pieces: Buffer[], as: 'hex' | 'latin1') {
  const sent = [machine.opening];
  for (const [i, piece] of pieces.entries()) {
    let step = machine.hear(piece);
    for (; step.kind === 'send'; step = machine.hear(Buffer.alloc(0))) sent.push(step.bytes);
    if (step.kind === 'wait') continue;
    // What comes behind the handshake in a later piece is not the machine's any more.
    const rest = step.kind === 'open' ? Buffer.concat([step.rest, ...pieces.slice(i + 1)]).toString('latin1') : '';
    const end = step.kind === 'failed' ? `${step.failure}: ${step.why}` : `open ${rest}`;
    return { sent: sent.map(b => b.toString(as)), end };
  }
  return { sent: sent.map(b => b.toString(as)), end: 'more' };
}

/** The same whole, octet by octet, and cut in two at every place. */
function everyCut(make: () => Handshake, heard: Buffer, as: 'hex' | 'latin1') {
  const whole = talk(make(), [heard], as);
  expect(
    talk(
      make(),
      [...heard].map(octet => Buffer.from([octet])),
      as,
    ),
  ).toEqual(whole);
  for (let cut = 0; cut <= heard.length; cut++)
    expect(talk(make(), [heard.subarray(0, cut), heard.subarray(cut)], as), `cut at ${cut}`).toEqual(whole);
  return whole;
}

describe('socks5', () => {
  const hex = (text: string) => Buffer.from(text.replace(/ /g, ''), 'hex');
  // [what, to, login, heard, sent, end]
  const rows: [string, Destination, typeof login | null, string, string[], string][] = [
    ['connects to IPv4', there, null, '0500 05000001 00000000 0000', ['050100', '05010001c00002090019'], 'open '],
    [
      'connects to IPv6, answered with an IPv6 address',
      six,
      null,
      '0500 05000004 20010db8000000000000000000000001 1f90 3232',
      ['050100', '0501000420010db800000000000000000000000909dd'],
      'open 22',
    ],
    [
      'leaves the name to the proxy, answered with a name',
      named,
      null,
      '0500 05000003 03612e62 0019 323230',
      ['050100', `05010003 0b ${Buffer.from('mx.far.test').toString('hex')} 0019`.replaceAll(' ', '')],
      'open 220',
    ],
    [
      'signs in',
      there,
      login,
      '0502 0100 05000001 00000000 0000',
      ['05020002', '0103616e6e03746561', '05010001c00002090019'],
      'open ',
    ],
    [
      'needs no login it has',
      there,
      login,
      '0500 05000001 00000000 0000',
      ['05020002', '05010001c00002090019'],
      'open ',
    ],
    ['is asked for a login it has not', there, null, '0502', ['050100'], 'proxy: wants a user and password'],
    ['is refused all methods', there, login, '05ff', ['05020002'], 'proxy: takes neither our password nor none'],
    ['is refused without login', there, null, '05ff', ['050100'], 'proxy: wants a user and password'],
    [
      'is refused its login',
      there,
      login,
      '0502 0101',
      ['05020002', '0103616e6e03746561'],
      'proxy: refuses our user and password',
    ],
    ['meets something else', there, null, '4854', ['050100'], 'proxy: speaks no SOCKS5'],
    ['meets SOCKS4', there, null, '005a', ['050100'], 'proxy: speaks no SOCKS5'],
    [
      'hears of a refused connection',
      there,
      null,
      '0500 0505000100000000 0000',
      ['050100', '05010001c00002090019'],
      'refused: says that the connection was refused',
    ],
    [
      'hears of an unreachable host',
      there,
      null,
      '0500 05040001',
      ['050100', '05010001c00002090019'],
      'unreachable: says that the host is unreachable',
    ],
    [
      'hears an unknown code',
      there,
      null,
      '0500 05630001',
      ['050100', '05010001c00002090019'],
      'proxy: refuses with code 99',
    ],
    [
      'hears nonsense for an answer',
      there,
      null,
      '0500 04000001',
      ['050100', '05010001c00002090019'],
      'proxy: answered something that is no SOCKS5',
    ],
    [
      'hears of an address of no kind',
      there,
      null,
      '0500 05000002',
      ['050100', '05010001c00002090019'],
      'proxy: answered something that is no SOCKS5',
    ],
    ['waits', there, null, '0500 05000003 03 61', ['050100', '05010001c00002090019'], 'more'],
  ];
  test.each(rows)('socks5 %s, wherever it is cut', (_, to, as, heard, sent, end) => {
    expect(everyCut(() => socks5(to, as), hex(heard), 'hex')).toEqual({ sent, end });
  });
});

describe('httpConnect', () => {
  const ask = 'CONNECT 192.0.2.9:25 HTTP/1.1\r\nHost: 192.0.2.9:25\r\n\r\n';
  const rows: [string, string, string][] = [
    ['opens', 'HTTP/1.1 200 Connection established\r\n\r\n', 'open '],
    ['gives back what follows', 'HTTP/1.0 200 OK\r\nVia: x\r\n\r\n220 mx\r\n', 'open 220 mx\r\n'],
    ['reads bare LF', 'HTTP/1.0 200 OK\nVia: x\n\n220 mx\r\n', 'open 220 mx\r\n'],
    ['passes interim answers over', 'HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\n\r\n220', 'open 220'],
    [
      'wants a login',
      'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\n\r\n',
      'proxy: wants a user and password (407)',
    ],
    [
      'wants a login, as tinyproxy says it',
      'HTTP/1.0 401 Unauthorized\r\n\r\n',
      'proxy: wants a user and password (401)',
    ],
    ['is forbidden', 'HTTP/1.0 403 Not allowed\r\n\r\n<html>', 'unreachable: says: HTTP/1.0 403 Not allowed'],
    ['hears of silence', 'HTTP/1.1 504 Late\r\n\r\n', 'timeout: says: HTTP/1.1 504 Late'],
    ['meets something else', '220 smtp.example ESMTP\r\n', 'proxy: speaks no HTTP'],
    ['meets a line of nonsense', 'HTTP/1.1 OK\r\n\r\n', 'proxy: speaks no HTTP: HTTP/1.1 OK'],
    ['waits', 'HTTP/1.1 200 OK\r\nVia: x\r\n', 'more'],
  ];
  test.each(rows)('httpConnect %s, wherever it is cut', (_, heard, end) => {
    const whole =
      end === 'proxy: speaks no HTTP'
        ? talk(httpConnect(there, null), [Buffer.from(heard)], 'latin1')
        : everyCut(() => httpConnect(there, null), Buffer.from(heard, 'latin1'), 'latin1');
    expect(whole.sent).toEqual([ask]);
    expect(whole.end.startsWith(end) && (end === 'proxy: speaks no HTTP' || whole.end === end), whole.end).toBe(true);
  });

  test('httpConnect names the host as an address, in brackets, or as a name, and signs in', () => {
    const opening = (to: Destination, as: typeof login | null = null) => httpConnect(to, as).opening.toString();
    expect(opening(six)).toBe('CONNECT [2001:db8::9]:2525 HTTP/1.1\r\nHost: [2001:db8::9]:2525\r\n\r\n');
    expect(opening(named)).toMatch(/^CONNECT mx\.far\.test:25 HTTP/);
    expect(opening(there, login)).toContain('\r\nProxy-Authorization: Basic YW5uOnRlYQ==\r\n\r\n');
    expect(opening(there, { user: 'a\r\nX: y', password: 'p' })).not.toContain('X: y');
  });

  test('httpConnect and telnet write no name that could end the line', () => {
    for (const name of ['a\r\nX: y', 'a b', 'a\0', 'a/b', '', 'a:25 HTTP/1.1\r\n\r\nGET'])
      for (const make of [() => httpConnect({ ...named, name }, null), () => telnet({ ...named, name }, '$HOST:25')])
        expect(make, JSON.stringify(name)).toThrow(/no host name/);
  });

  test('socks5 asks for no name that has no place in its question', () => {
    for (const name of ['', 'a'.repeat(256)]) expect(() => socks5({ ...named, name }, null)).toThrow(/no host name/);
    expect(() => socks5({ ...named, name: 'a'.repeat(255) }, null)).not.toThrow();
  });

  test('httpConnect gives up on an answer without end', () => {
    const machine = httpConnect(there, null);
    machine.hear(Buffer.from('HTTP/1.1 200 OK\r\n'));
    let step = machine.hear(Buffer.alloc(0));
    for (let i = 0; i < 40 && step.kind === 'wait'; i++) step = machine.hear(Buffer.from(`X: ${'y'.repeat(1000)}\r\n`));
    expect(step).toMatchObject({ kind: 'failed', why: 'answers without end' });
  });
});

describe('telnet', () => {
  const rows: [string, string, string][] = [
    ['gives the greeting back', '220 mx ESMTP\r\n', 'open 220 mx ESMTP\r\n'],
    [
      'passes over what comes before it',
      'Welcome\r\n\r\ntn-gw-> Trying 192.0.2.9 port 25...\r\n220 mx\r\n',
      'open 220 mx\r\n',
    ],
    ['reads bare LF', 'Connected\n220 mx\n250 x', 'open 220 mx\r\n250 x'],
    ['keeps what follows', '220-a\r\n220 b\r\nEHLO', 'open 220-a\r\n220 b\r\nEHLO'],
    ['ignores telnet options', '\xff\xfb\x01\xff\xfd\x03220 mx\r\n', 'open 220 mx\r\n'],
    ['takes an echo for what it is', '192.0.2.9:25\r\n220 mx\r\n', 'open 220 mx\r\n'],
    ['hears the other server refuse', 'Trying\r\n554 No\r\n', 'unreachable: says: 554 No'],
    ['is not taken in by 220 in the middle', 'proxy 220 ready\r\n 220 x\r\n', 'more'],
    ['passes over a line without end', `${'x'.repeat(5000)}\r\n220 mx\r\n`, 'open 220 mx\r\n'],
    ['waits', 'Trying', 'more'],
  ];
  test.each(rows)('telnet %s, wherever it is cut', (_, heard, end) => {
    const whole = everyCut(() => telnet(there, '$IP:25'), Buffer.from(heard, 'latin1'), 'latin1');
    expect(whole).toEqual({ sent: ['192.0.2.9:25\r\n'], end });
  });

  test('telnet fills the request in', () => {
    const opening = (request: string, to = there) => telnet(to, request).opening.toString();
    expect(opening('connect $IP 25')).toBe('connect 192.0.2.9 25\r\n');
    expect(opening('c $HOST:$PORT $IP $IP $$ $IPX', six)).toBe(
      'c mx.far.test:2525 2001:db8::9 2001:db8::9 $$ 2001:db8::9X\r\n',
    );
  });

  test('telnet gives up on a proxy that talks without end', () => {
    const machine = telnet(there, '$IP');
    let step = machine.hear(Buffer.alloc(0));
    for (let i = 0; i < 40 && step.kind === 'wait'; i++) step = machine.hear(Buffer.from(`${'y'.repeat(1000)}\r\n`));
    expect(step).toMatchObject({ kind: 'failed', failure: 'proxy' });
  });
});

describe('dialBy', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const s of sockets.splice(0)) s.destroy();
    for (const s of servers.splice(0)) s.close();
  });

  async function listen(act: (socket: Socket, heard: string) => void): Promise<number> {
    const server = createServer(socket => {
      sockets.push(socket);
      socket.on('error', () => {});
      act(socket, '');
      socket.on('data', chunk => act(socket, chunk.toString('latin1')));
    });
    servers.push(server);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as { port: number }).port;
  }
  const dialled = async (proxy: ProxyServer, addresses: string[] | null = ['192.0.2.9'], timeout = 400) => {
    const socket = await dialBy({ proxy, from: anyLocal }, { host: 'mx.far.test', port: 25, addresses }, timeout);
    sockets.push(socket);
    return socket;
  };
  const failure = (proxy: ProxyServer, addresses?: string[]) =>
    dialled(proxy, addresses).then(
      () => 'connected',
      e => (e instanceof DialError ? `${e.kind} ${e.message.replace(/:\d+/, '')}` : e),
    );
  const at = (port: number): ProxyServer => ({ kind: 'telnet', host: '127.0.0.1', port, request: '$IP:25' });
  const http = (port: number): ProxyServer => ({
    kind: 'http',
    host: '127.0.0.1',
    port,
    login: null,
    remoteNames: true,
  });

  test('dialBy hands over a socket on which the destination’s first octets are still to be heard', async () => {
    const port = await listen(
      (socket, heard) => void (heard && socket.write(`HTTP/1.1 200 OK\r\n\r\n220 ${heard.split(' ')[1]}\r\n`)),
    );
    const socket = await dialled(http(port));
    // Its owner comes later, and listens with a plain 'data'.
    await new Promise(resolve => setTimeout(resolve, 20));
    const first = await new Promise(resolve => socket.once('data', chunk => resolve(chunk.toString())));
    expect(first).toBe('220 192.0.2.9:25\r\n');
  });

  test('dialBy tries the next address where the proxy could not reach one, but no other by a proxy that fails', async () => {
    const asked: string[] = [];
    const port = await listen((socket, heard) => {
      if (heard) asked.push(heard.split(' ')[1] ?? '');
      if (heard) socket.end(heard.includes('192.0.2.1:') ? 'HTTP/1.1 503 No\r\n\r\n' : 'HTTP/1.1 200 OK\r\n\r\n');
    });
    await dialled(http(port), ['192.0.2.1', '192.0.2.2']);
    expect(asked).toEqual(['192.0.2.1:25', '192.0.2.2:25']);
    const deaf = await listen((socket, heard) => void (heard && socket.end('what?')));
    expect(await failure(http(deaf), ['192.0.2.1', '192.0.2.2'])).toMatch(
      /^proxy http:\/\/127\.0\.0\.1 speaks no HTTP/,
    );
  });

  test('dialBy looks a name up itself for a proxy that does not', async () => {
    const asked: string[] = [];
    const port = await listen((socket, heard) => {
      if (heard) asked.push(heard.split(' ')[1] ?? '');
      if (heard) socket.write('HTTP/1.1 200 OK\r\n\r\n');
    });
    const to = { host: 'localhost', port: 25, addresses: null };
    for (const remoteNames of [true, false]) {
      const proxy: ProxyServer = { kind: 'http', host: '127.0.0.1', port, login: null, remoteNames };
      sockets.push(await dialBy({ proxy, from: anyLocal }, to, 400));
    }
    expect(asked).toEqual(['localhost:25', '127.0.0.1:25']);
  });

  test('dialBy is held by no proxy longer than its time', async () => {
    const rows: [string, (socket: Socket, heard: string) => void, RegExp][] = [
      ['silent', () => {}, /^timeout telnet:.* gave no connection in time/],
      ['dripping', s => void s.write('x'), /^timeout /],
      ['gone at once', s => void s.destroy(), /^unreachable .* hung up|^proxy /],
      ['gone with a word', s => void s.end('Not for you\r\n'), /hung up; it said: Not for you/],
      ['garbage', s => void s.write(Buffer.alloc(100_000, 0xfe)), /^proxy .*goes on without a greeting/],
    ];
    for (const [what, act, expected] of rows) expect(await failure(at(await listen(act))), what).toMatch(expected);
  });

  test('dialBy says proxy where nobody listens', async () => {
    const port = await listen(() => {});
    servers.splice(0).map(s => s.close());
    expect(await failure(at(port))).toMatch(/^proxy telnet:\/\/127\.0\.0\.1: 127\.0\.0\.1.*connection refused/);
  });
});
