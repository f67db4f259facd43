/**
 * Dialogues on real sockets, from `.talk` files of 5 to 40 lines. Each begins with `# ` and its sentence, then:
 *   C: text       we send the line with CRLF
 *   S: pattern    the server says this line; `*` stands for anything
 *   S: ...        any lines, up to the one the next S: asks for
 *   BYTES text    we send exactly this; \r \n \t \\ \0 \xHH, and `{text x 1000}` repeated
 *   TLS           we begin the handshake, taking any certificate
 *   DEAF 300 ms   the server says nothing for so long
 *   WAIT 50 ms
 *   END · CLOSE   we end our half · we hang up rudely
 *   GONE          the server has hung up, and said nothing more
 *   @name         what follows is on another connection, made when it is first named
 * `{name}` is a value the test hands in. An answer may take five seconds.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export type Place = { host: string; port: number; values?: Record<string, string> };

const patienceMs = 5000;

/** The sentence a talk file begins with. */
export function sentenceOf(path: string): string {
  return readFileSync(path, 'utf8').split('\n', 1)[0]!.replace(/^# */, '');
}

/** Plays the dialogue; throws with the line of the file, what was asked for and what came. */
export async function playTalk(path: string, place: Place): Promise<void> {
  const lines = readFileSync(path, 'utf8').split('\n');
  const connections = new Map<string, Connection>();
  let current = '';
  try {
    for (const [i, raw] of lines.entries()) {
      const line = raw.replace(/\{(\w+)\}/g, (whole, name) => place.values?.[name] ?? whole);
      if (line.startsWith('@')) current = line.slice(1).trim();
      if (line === '' || line.startsWith('#') || line.startsWith('@')) continue;
      if (!connections.has(current)) connections.set(current, await open(place));
      await step(connections.get(current)!, line).catch(error => {
        throw new Error(`${path}:${i + 1}: ${line}\n${(error as Error).message}`);
      });
    }
  } finally {
    for (const c of connections.values()) c.socket.destroy();
  }
}

type Connection = { socket: Socket; received: string; ended: boolean; skipping: boolean; wake: () => void };

async function step(c: Connection, line: string): Promise<void> {
  const [, word = '', rest = ''] = /^(C:|S:|[A-Z]+) ?(.*)$/.exec(line) ?? [];
  const ms = Number.parseInt(rest, 10);
  switch (word) {
    case 'C:':
      return void c.socket.write(`${rest}\r\n`);
    case 'BYTES':
      return void c.socket.write(bytesOf(rest));
    case 'S:':
      return expectLine(c, rest);
    case 'TLS':
      return startTls(c);
    case 'WAIT':
      return pause(ms);
    case 'DEAF':
      await pause(ms);
      if (c.received !== '' || c.ended)
        throw new Error(`but it said ${JSON.stringify(c.received)}${c.ended ? ' and hung up' : ''}`);
      return;
    case 'END':
      return void c.socket.end();
    case 'CLOSE':
      return void c.socket.resetAndDestroy();
    case 'GONE':
      await until(c, () => c.ended);
      if (c.received !== '') throw new Error(`but it said ${JSON.stringify(c.received)}`);
      return;
    default:
      throw new Error('is no line of a talk');
  }
}

async function expectLine(c: Connection, pattern: string): Promise<void> {
  if (pattern === '...') {
    c.skipping = true;
    return;
  }
  const wanted = new RegExp(`^${pattern.split('*').map(literal).join('[^]*')}$`);
  for (;;) {
    await until(c, () => c.received.includes('\r\n'));
    const end = c.received.indexOf('\r\n');
    const said = c.received.slice(0, end);
    c.received = c.received.slice(end + 2);
    if (wanted.test(said)) break;
    if (!c.skipping) throw new Error(`but it said ${JSON.stringify(said)}`);
  }
  c.skipping = false;
}

const literal = (text: string): string => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');

async function open({ host, port }: Place): Promise<Connection> {
  const socket = connect({ host, port, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const c: Connection = { socket, received: '', ended: false, skipping: false, wake: () => {} };
  listen(c);
  return c;
}

function listen(c: Connection): void {
  c.socket.on('data', chunk => {
    c.received += chunk.toString('latin1');
    c.wake();
  });
  const ended = () => {
    c.ended = true;
    c.wake();
  };
  c.socket.on('end', ended).on('close', ended).on('error', ended);
}

async function startTls(c: Connection): Promise<void> {
  if (c.received !== '') throw new Error(`but in the clear it said ${JSON.stringify(c.received)}`);
  c.socket.removeAllListeners('data').removeAllListeners('end').removeAllListeners('close');
  c.socket = connectTls({ socket: c.socket, rejectUnauthorized: false });
  listen(c);
  await new Promise((resolve, reject) => c.socket.once('secureConnect', resolve).once('error', reject));
}

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

async function until(c: Connection, there: () => boolean): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!there()) {
    if (c.ended) throw new Error(`but it hung up${c.received && ` after ${JSON.stringify(c.received)}`}`);
    if (performance.now() > end)
      throw new Error(`but nothing came${c.received && ` after ${JSON.stringify(c.received)}`}`);
    await new Promise<void>(resolve => {
      c.wake = resolve;
      setTimeout(resolve, 50);
    });
  }
}

function bytesOf(text: string): Buffer {
  const escapes: Record<string, string> = { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' };
  const plain = text.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, e: string) =>
    e.length === 3 ? String.fromCharCode(Number.parseInt(e.slice(1), 16)) : (escapes[e] ?? e),
  );
  return Buffer.from(
    plain.replace(/\{([^{}]*) x (\d+)\}/g, (_, piece: string, n: string) => piece.repeat(Number(n))),
    'latin1',
  );
}
