import { connect as dial } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connectPop3, type Pop3Client, Pop3Failure, type Pop3Options } from '../fetcher/pop3-client.ts';
import { localhost } from './certificate.ts';
import { cpuMillis } from './cpu.ts';
import { type Behaviour, letter, pause, startUpstream, type Upstream, within } from './fetch-upstream.ts';
import { until } from './harness.ts';

const open: (Upstream | Pop3Client)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await ('stop' in one ? one.stop() : one.destroy());
});

async function upstream(behaviour: Behaviour): Promise<Upstream> {
  const server = await startUpstream(behaviour);
  open.push(server);
  return server;
}

const options = (port: number, over: Partial<Pop3Options> = {}): Pop3Options => ({
  host: 'localhost',
  port,
  user: 'u',
  password: 'secret',
  implicitTls: false,
  tls: 'off',
  // Long enough for a machine that is busy elsewhere.
  timeout: 3000,
  ...over,
});

async function connect(behaviour: Behaviour, over: Partial<Pop3Options> = {}) {
  const server = await upstream(behaviour);
  const client = await connectPop3(options(server.port, over));
  open.push(client);
  return { server, client };
}

const read = async (content: AsyncIterable<Buffer>): Promise<string> =>
  Buffer.concat(await Array.fromAsync(content)).toString('latin1');

/** The failure of a promise, as `kind: words`; `hang` if it takes longer than two timeouts and some more. */
async function failure(promise: Promise<unknown>): Promise<string> {
  const outcome = await within(
    9000,
    promise.then(
      value => `no failure: ${JSON.stringify(value)}`,
      error => (error instanceof Pop3Failure ? `${error.kind}: ${error.message}` : `other: ${error}`),
    ),
  );
  return outcome;
}

/** Writes the pieces with pauses between them, so that each is a segment of its own. */
const piecemeal =
  (...pieces: (string | Buffer)[]): Behaviour['answer'] =>
  (line, socket) => {
    if (!line.startsWith('RETR') && !line.startsWith('STAT')) return undefined;
    return async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await pause(30);
      }
    };
  };

describe('connectPop3', () => {
  const bodies: [name: string, pieces: (string | Buffer)[], body: string][] = [
    ['a terminator in two segments', ['+OK\r\nS: x\r\n\r\nbody\r\n.', '\r\n'], 'S: x\r\n\r\nbody\r\n'],
    ['a line end in two segments', ['+OK\r\nS: x\r\n\r\nbody\r', '\n.\r\n'], 'S: x\r\n\r\nbody\r\n'],
    [
      'a segment that looks like the end',
      ['+OK\r\nS: x\r\n\r\nprice 5', '.\r\n', 'more\r\n.\r\n'],
      'S: x\r\n\r\nprice 5.\r\nmore\r\n',
    ],
    ['a segment of one dot', ['+OK\r\nS: x\r\n\r\nprice 5', '.', '00\r\n.\r\n'], 'S: x\r\n\r\nprice 5.00\r\n'],
    ['stuffed dots', ['+OK\r\nS: x\r\n\r\n..leading\r\n.\r\n'], 'S: x\r\n\r\n.leading\r\n'],
    ['octets that are no UTF-8', [Buffer.from('+OK\r\n\xe9\xe8\0\r\n.\r\n', 'latin1')], '\xe9\xe8\0\r\n'],
    ['a status line in two segments', ['+O', 'K\r\nS: x\r\n.\r\n'], 'S: x\r\n'],
  ];
  for (const [name, pieces, body] of bodies)
    test(`connectPop3 gives content whole over ${name}`, async () => {
      const { client } = await connect({ letters: [letter('a')], answer: piecemeal(...pieces) });
      expect(await within(5000, read(client.retr(1)))).toBe(body);
      expect(client.usable).toBe(true);
    });

  test('connectPop3 reads a STAT whose status line is split', async () => {
    const { client } = await connect({ answer: piecemeal('+O', 'K 2 3', '20\r\n') });
    expect(await client.stat()).toEqual({ count: 2, size: 320 });
  });

  test('connectPop3 rejects after a -ERR greeting, and the process lives on', async () => {
    const server = await upstream({ greeting: '-ERR \x1b[31mbusy\r\n' });
    expect(await failure(connectPop3(options(server.port)))).toMatch(
      /^temporary: upstream refused the greeting: .*busy$/,
    );
  });

  test('connectPop3 rejects when the upstream hangs up at login', async () => {
    const server = await upstream({
      answer: (line, socket) => (line.startsWith('PASS') ? () => socket.destroy() : undefined),
    });
    expect(await failure(connectPop3(options(server.port)))).toMatch(
      /^temporary: (the upstream hung up at PASS|connection lost)/,
    );
  });

  test('connectPop3 throws out of the content when the upstream hangs up before its end, wherever that is', async () => {
    const whole = '+OK\r\nSubject: x\r\n\r\nbody\r\n.\r\n';
    for (let cut = 0; cut < whole.length; cut++) {
      const answer: Behaviour['answer'] = (line, socket) =>
        line.startsWith('RETR') ? () => void socket.end(whole.slice(0, cut)) : undefined;
      const { client, server } = await connect({ letters: [letter('a')], answer });
      expect(await failure(read(client.retr(1))), `cut at ${cut}`).toMatch(/^temporary: the upstream hung up at RETR/);
      expect(client.usable).toBe(false);
      await server.stop();
    }
  });

  test('connectPop3 refuses line ends in user and password before it says anything', async () => {
    const server = await upstream({});
    for (const over of [{ user: 'u\r\nDELE 1' }, { password: 'p\nDELE 1' }, { user: 'u\0' }])
      expect(await failure(connectPop3(options(server.port, over)))).toMatch(/^auth: /);
    expect(server.said.filter(line => line !== 'CAPA')).toEqual([]);
  });

  test('connectPop3 refuses numbers that are none', async () => {
    const { client, server } = await connect({});
    for (const number of [Number.NaN, -1, 1.5, '1\r\nDELE 2' as unknown as number])
      await expect(client.dele(number)).rejects.toThrow('whole numbers');
    expect(server.said.some(line => line.includes('DELE'))).toBe(false);
  });

  test('connectPop3 sends a password that ends in white space as it is', async () => {
    const { server } = await connect({}, { password: ' two words ' });
    expect(server.said).toContain('PASS  two words ');
  });

  test('connectPop3 goes on after a refused command', async () => {
    const { client } = await connect({ letters: [letter('a')] });
    expect(await failure(read(client.retr(7)))).toMatch(/^temporary: upstream refused RETR: no such message/);
    expect(client.usable).toBe(true);
    expect(await read(client.retr(1))).toContain('body of a');
    expect(await client.uidl()).toEqual([{ number: 1, uidl: 'a' }]);
  });

  test('connectPop3 hands over UIDLs as they are written', async () => {
    const uidls = ['with space', 'x'.repeat(500), '', 'b'];
    const { client } = await connect({ letters: uidls.map(u => letter(u)) });
    expect((await client.uidl())?.map(u => u.uidl)).toEqual(uidls);
  });

  test('connectPop3 answers null for UIDL and TOP of a server that has none', async () => {
    const { client } = await connect({ letters: [letter('a')], uidl: null, top: false, capa: null });
    expect([await client.uidl(), await client.top(1, 0)]).toEqual([null, null]);
  });

  test('connectPop3 resolves quit on +OK alone', async () => {
    const { client, server } = await connect({ letters: [letter('a'), letter('b')] });
    await client.dele(1);
    expect(server.letters.length).toBe(2);
    await client.quit();
    expect(server.letters.map(l => l.uidl)).toEqual(['b']);
    const cases: [Behaviour['answer'], RegExp][] = [
      [line => (line === 'QUIT' ? '-ERR some not removed\r\n' : undefined), /refused QUIT/],
      [(line, socket) => (line === 'QUIT' ? () => socket.destroy() : undefined), /hung up|lost/],
    ];
    for (const [answer, words] of cases) {
      const { client: other } = await connect({ answer });
      expect(await failure(other.quit())).toMatch(words);
    }
  });

  test('connectPop3 never connects a second time', async () => {
    const { client, server } = await connect({
      letters: [letter('a')],
      answer: (line, socket) => (line.startsWith('RETR') ? () => socket.destroy() : undefined),
    });
    await failure(read(client.retr(1)));
    expect(await failure(client.dele(1))).toMatch(/^temporary/);
    expect(server.said.filter(line => line.startsWith('USER')).length).toBe(1);
  });

  test('connectPop3 makes the upstream wait for a slow reader', async () => {
    const big = Buffer.alloc(32 * 1024 * 1024, 'x');
    let written = 0;
    const { client } = await connect(
      {
        letters: [letter('a')],
        answer: (line, socket) =>
          line.startsWith('RETR')
            ? async () => {
                socket.write('+OK\r\n');
                for (let at = 0; at < big.length; at += 65_536, written = at)
                  if (!socket.write(big.subarray(at, at + 65_536))) await new Promise(r => socket.once('drain', r));
                socket.write('\r\n.\r\n');
              }
            : undefined,
      },
      { timeout: 500 },
    );
    const content = client.retr(1)[Symbol.asyncIterator]();
    await content.next();
    await pause(1200);
    expect(written, 'what the kernel holds, no more').toBeLessThan(big.length / 2);
    let size = 0;
    const start = process.cpuUsage();
    for (let next = await content.next(); !next.done; next = await content.next()) size += next.value.length;
    expect(size).toBeGreaterThan(big.length / 2);
    expect(client.usable, 'a slow reader is no stalled upstream').toBe(true);
    expect(cpuMillis(start), 'a body without line ends is no work').toBeLessThan(3000);
  });

  test('connectPop3 uses the socket it is handed', async () => {
    const server = await upstream({});
    let asked = 0;
    const opened = async () => {
      asked++;
      const socket = dial(server.port, '127.0.0.1');
      await new Promise(resolve => socket.once('connect', resolve));
      return socket;
    };
    open.push(await connectPop3(options(1, { host: 'nowhere.invalid', open: opened })));
    expect(asked).toBe(1);
  });
});

describe('connectPop3 and login', () => {
  test('connectPop3 signs in by SASL PLAIN where it is offered', async () => {
    const { server } = await connect({ capa: ['SASL LOGIN PLAIN'] });
    expect(server.said).toContain(`AUTH PLAIN ${Buffer.from('\0u\0secret').toString('base64')}`);
  });

  test('connectPop3 waits for + where the credentials are long or the server wants it so', async () => {
    const answer: Behaviour['answer'] = line => (line.startsWith('AUTH') ? '+ \r\n' : undefined);
    const long = await connect({ capa: ['SASL PLAIN'], answer }, { password: 'p'.repeat(300) });
    expect(long.server.said).toContain('AUTH PLAIN');
    const short = await connect({ capa: ['SASL PLAIN'], answer });
    expect(short.server.said.at(-1)).toBe(Buffer.from('\0u\0secret').toString('base64'));
  });

  const refusals: [answer: string, capa: string[], kind: string][] = [
    ['-ERR wrong', [], 'auth'],
    ['-ERR [AUTH] wrong', [], 'auth'],
    ['-ERR [IN-USE] locked', [], 'temporary'],
    ['-ERR [in-use] locked', [], 'temporary'],
    ['-ERR [LOGIN-DELAY] wait', [], 'temporary'],
    ['-ERR [SYS/TEMP] later', [], 'temporary'],
    ['-ERR [SYS/PERM] closed', [], 'auth'],
    ['-ERR something else', ['AUTH-RESP-CODE'], 'temporary'],
  ];
  for (const [answer, capa, kind] of refusals)
    test(`connectPop3 calls ${answer} ${capa} ${kind}`, async () => {
      const server = await upstream({ capa, answer: line => (line.startsWith('PASS') ? `${answer}\r\n` : undefined) });
      expect(await failure(connectPop3(options(server.port)))).toMatch(new RegExp(`^${kind}: `));
    });

  test('connectPop3 repeats no password, whatever the upstream says', async () => {
    const server = await upstream({ answer: line => (line.startsWith('PASS') ? `-ERR ${line}\r\n` : undefined) });
    expect(await failure(connectPop3(options(server.port)))).toBe('auth: upstream refused PASS: PASS ***');
  });

  test('connectPop3 tells an unknown host from one that refuses', async () => {
    expect(await failure(connectPop3(options(9, { host: 'nowhere.invalid' })))).toMatch(/^dns: /);
    const server = await upstream({});
    await server.stop();
    expect(await failure(connectPop3(options(server.port)))).toMatch(/^temporary: .*refused/);
  });
});

describe('connectPop3 and TLS', () => {
  const capa = ['STLS', 'USER'];
  const credentials = (server: Upstream) => server.said.filter(line => /^(USER|PASS|AUTH)/.test(line));

  test('connectPop3 signs in under TLS only, and asks CAPA again there', async () => {
    const { server, client } = await connect({ capa, letters: [letter('a')] }, { tls: 'required', ca: localhost.cert });
    expect(await read(client.retr(1))).toContain('body of a');
    expect(server.said).toEqual(['CAPA', 'STLS', 'tls CAPA', 'tls USER u', 'tls PASS secret', 'tls RETR 1']);
  });

  const closed: [name: string, behaviour: Behaviour, over: Partial<Pop3Options>, kind: string][] = [
    ['STLS is not offered', { capa: ['USER'] }, {}, 'tls'],
    ['STLS is refused', { capa, answer: line => (line === 'STLS' ? '-ERR no\r\n' : undefined) }, {}, 'tls'],
    [
      'the server knows neither CAPA nor STLS',
      { capa: null, answer: line => (line === 'STLS' ? '-ERR no\r\n' : undefined) },
      {},
      'tls',
    ],
    ['the certificate is nobody’s', { capa }, { ca: '' }, 'tls'],
    ['the certificate is another’s', { capa }, { host: '127.0.0.1' }, 'tls'],
    [
      'an answer is injected behind STLS',
      { capa, answer: line => (line === 'STLS' ? '+OK go\r\n+OK\r\n.\r\n+OK\r\n' : undefined) },
      {},
      'protocol',
    ],
    [
      'an answer is injected a little later',
      {
        capa,
        answer: (line, s) =>
          line === 'STLS'
            ? () => {
                s.write('+OK go\r\n');
                setTimeout(() => s.write('+OK\r\n.\r\n'), 20);
              }
            : undefined,
      },
      {},
      'tls',
    ],
    [
      'the server says STLS and nothing more',
      { capa, answer: line => (line === 'STLS' ? '+OK go\r\n' : undefined) },
      {},
      'tls',
    ],
    ['the greeting brings more than itself', { capa, greeting: '+OK hi\r\n+OK\r\nSTLS\r\n.\r\n' }, {}, 'protocol'],
  ];
  for (const [name, behaviour, over, kind] of closed)
    test(`connectPop3 says no password where TLS is required and ${name}`, async () => {
      const server = await upstream(behaviour);
      const ca = 'ca' in over ? undefined : localhost.cert;
      const given = options(server.port, { tls: 'required', ...over, ...(ca === undefined ? {} : { ca }) });
      if (over.ca === '') delete given.ca;
      expect(await failure(connectPop3(given))).toMatch(new RegExp(`^${kind}: `));
      expect(credentials(server)).toEqual([]);
      expect(
        server.said.filter(line => line.startsWith('tls ')),
        'nothing is trusted',
      ).toEqual([]);
    });

  test('connectPop3 speaks TLS from the first octet on, and STLS no more', async () => {
    const behaviour: Behaviour = { capa, implicitTls: true, letters: [letter('a')] };
    const over = { implicitTls: true, tls: 'required', ca: localhost.cert } as const;
    const { server, client } = await connect(behaviour, over);
    expect(await read(client.retr(1))).toContain('body of a');
    expect(server.said).toEqual(['tls CAPA', 'tls USER u', 'tls PASS secret', 'tls RETR 1']);
    expect((await connect(behaviour, { implicitTls: true, tls: 'try' })).server.said).toContain('tls PASS secret');
  });

  test('connectPop3 says nothing to a port without TLS, or with another’s certificate, where TLS comes first', async () => {
    const distrusted = await upstream({ implicitTls: true });
    expect(await failure(connectPop3(options(distrusted.port, { implicitTls: true, tls: 'required' })))).toMatch(
      /^tls: /,
    );
    expect(await failure(connectPop3(options(distrusted.port, { implicitTls: true, tls: 'off' })))).toMatch(/^tls: /);
    const clear = await upstream({});
    for (const tls of ['required', 'try', 'off'] as const)
      expect(await failure(connectPop3(options(clear.port, { implicitTls: true, tls })))).toMatch(/^tls: /);
    expect([...distrusted.said, ...clear.said.filter(line => /USER|PASS|AUTH/.test(line))]).toEqual([]);
  });

  test('connectPop3 with try takes any certificate', async () => {
    const { server } = await connect({ capa }, { tls: 'try' });
    expect(credentials(server)).toEqual([]);
    expect(server.said).toContain('tls PASS secret');
  });

  test('connectPop3 with try goes on without TLS where there is none to be had', async () => {
    const refused = await connect(
      { capa, answer: line => (line === 'STLS' ? '-ERR no\r\n' : undefined) },
      { tls: 'try' },
    );
    expect(credentials(refused.server)).toEqual(['USER u', 'PASS secret']);
    const broken = await connect(
      { capa, answer: line => (line === 'STLS' ? '+OK go\r\nx' : undefined) },
      { tls: 'off' },
    );
    expect(credentials(broken.server)).toEqual(['USER u', 'PASS secret']);
  });

  test('connectPop3 with try connects again without TLS after a failed handshake, but not after an injection', async () => {
    const failing: Behaviour['answer'] = (line, socket) =>
      line === 'STLS'
        ? () => {
            socket.write('+OK go\r\n');
            setTimeout(() => socket.write('no TLS here'), 10);
          }
        : undefined;
    const { server } = await connect({ capa, answer: failing }, { tls: 'try' });
    expect(credentials(server)).toEqual(['USER u', 'PASS secret']);
    const attacked = await upstream({ capa, answer: line => (line === 'STLS' ? '+OK go\r\n+OK\r\n.\r\n' : undefined) });
    expect(await failure(connectPop3(options(attacked.port, { tls: 'try' })))).toMatch(/^protocol: /);
    expect(credentials(attacked)).toEqual([]);
  });
});

describe('connectPop3 and lies', () => {
  const endless = (
    line: string,
    verb: string,
    socket: { write(text: string): boolean; destroyed: boolean },
    text: string,
  ) =>
    line.startsWith(verb)
      ? () => {
          socket.write('+OK\r\n');
          const more = () => {
            while (!socket.destroyed && socket.write(text.repeat(500)));
            if (!socket.destroyed) setTimeout(more, 5);
          };
          more();
        }
      : undefined;

  const lies: [name: string, behaviour: Behaviour, ask: (c: Pop3Client) => Promise<unknown>, words: RegExp][] = [
    [
      'a silent server',
      { answer: line => (line === 'STAT' ? () => {} : undefined) },
      c => c.stat(),
      /^timeout: no answer to STAT/,
    ],
    [
      'a status without end',
      { answer: line => (line === 'STAT' ? `+OK ${'x'.repeat(20_000)}` : undefined) },
      c => c.stat(),
      /^protocol: /,
    ],
    [
      'a STAT of words',
      { answer: line => (line === 'STAT' ? '+OK many\r\n' : undefined) },
      c => c.stat(),
      /^protocol: /,
    ],
    [
      'a negative STAT',
      { answer: line => (line === 'STAT' ? '+OK -1 -2\r\n' : undefined) },
      c => c.stat(),
      /^protocol: /,
    ],
    [
      'a LIST of words',
      { answer: line => (line === 'LIST' ? '+OK\r\none 12\r\n.\r\n' : undefined) },
      c => c.list(),
      /^protocol: /,
    ],
    ['a LIST without end', { answer: (line, s) => endless(line, 'LIST', s, '1 1\r\n') }, c => c.list(), /^protocol: /],
    [
      'a UIDL line without end',
      { answer: (line, s) => endless(line, 'UIDL', s, 'x'.repeat(100)) },
      c => c.uidl(),
      /^protocol: /,
    ],
    [
      'a header without end',
      { answer: (line, s) => endless(line, 'TOP', s, `X: ${'x'.repeat(500)}\r\n`) },
      c => c.top(1, 0),
      /^protocol: /,
    ],
    [
      'content that trickles',
      {
        answer: (line, s) =>
          line.startsWith('RETR')
            ? () => {
                s.write('+OK\r\n');
                const t = setInterval(() => (s.destroyed ? clearInterval(t) : s.write('x')), 50);
              }
            : undefined,
      },
      c => read(c.retr(1)),
      /^timeout: the upstream stalled/,
    ],
    [
      'content that stops',
      { answer: line => (line.startsWith('RETR') ? '+OK\r\nSubject: x\r\n' : undefined) },
      c => read(c.retr(1)),
      /^timeout: the upstream stalled/,
    ],
    [
      'a dot nobody stuffed',
      { answer: line => (line.startsWith('RETR') ? '+OK\r\na\r\n.\r\nb\r\n.\r\n' : undefined) },
      c => read(c.retr(1)),
      /^protocol: /,
    ],
  ];
  for (const [name, behaviour, ask, words] of lies)
    test(`connectPop3 ends with an error at ${name}`, async () => {
      const { client } = await connect({ letters: [letter('a')], ...behaviour }, { maxList: 5000, timeout: 400 });
      expect(await failure(ask(client))).toMatch(words);
      expect(client.usable).toBe(false);
    });

  test('connectPop3 ends the session when the upstream speaks unasked', async () => {
    const { client } = await connect({
      answer: (line, s) =>
        line === 'STAT'
          ? () => {
              s.write('+OK 1 2\r\n');
              setTimeout(() => s.write('+OK\r\n'), 20);
            }
          : undefined,
    });
    await client.stat();
    await until('it to be heard', () => !client.usable);
    expect(await failure(client.quit())).toMatch(/^protocol: it sent what nobody asked for/);
  });

  test('connectPop3 ends the session when content is left in its middle', async () => {
    const { client } = await connect({ letters: [letter('a', `S: x\r\n\r\n${'x'.repeat(300_000)}\r\n`)] });
    for await (const _ of client.retr(1)) break;
    expect(client.usable).toBe(false);
  });
});
