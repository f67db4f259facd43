import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { family, type House, startHouse, until } from './harness.ts';
import { popMessages, sendMany } from './mail-talk.ts';

/** Size costs no memory, and neither do dots cost time. Nothing here holds a large message either. */

const password = 'correct horse 1';
const megabyte = 1024 * 1024;
let house: House;
let daemon: number;
beforeAll(async () => {
  house = await startHouse();
  for (const user of ['ann', 'bob', 'cy']) await house.addUser(`${user}@localhost`, password);
  const pids = await family(house.child.pid!);
  daemon = pids.find(pid => commandOf(pid).includes('daemon/main.ts')) ?? 0;
  expect(daemon).toBeGreaterThan(0);
}, 180_000);
afterAll(() => house?.remove());

const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
/** The most memory it ever had, in octets. */
const peakOf = (pid: number) =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
/** Processor time it has had, user and system, in ticks of 10 ms. */
const ticksOf = (pid: number) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
};

/** Files of content, and their octets. */
function stored(): { files: number; octets: number } {
  const sizes = readdirSync(join(house.data, 'content'), { recursive: true, encoding: 'utf8' })
    .map(name => statSync(join(house.data, 'content', name)))
    .filter(s => s.isFile())
    .map(s => s.size);
  return { files: sizes.length, octets: sizes.reduce((a, b) => a + b, 0) };
}

const header =
  'Subject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/octet-stream; name=large.bin\r\nContent-Transfer-Encoding: 7bit\r\n\r\n';

/** About a megabyte of lines, no two blocks alike, every tenth line with a dot in front. */
function block(n: number): string {
  const lines: string[] = [];
  const word = createHash('sha256').update(`${n}`).digest('base64');
  for (let i = 0; i < megabyte / 70; i++)
    lines.push(`${i % 10 ? '' : '.'}${word}${(i * 7919).toString(36).padStart(22, '-')}`);
  return `${lines.join('\r\n')}\r\n`;
}

/** Sends it in pieces, no faster than the house takes it; answers its hash and size. */
async function sendLarge(port: number, to: string, blocks: number): Promise<{ hash: string; octets: number }> {
  const socket = connect(port, '127.0.0.1');
  const line = lines(socket);
  const hash = createHash('sha256');
  let octets = 0;
  await line();
  for (const command of ['HELO big.example', 'MAIL FROM:<eve@example.net>', `RCPT TO:<${to}>`, 'DATA']) {
    socket.write(`${command}\r\n`);
    expect(await line()).toMatch(/^(250|354) /);
  }
  const write = async (text: string) => {
    hash.update(text);
    octets += text.length;
    if (!socket.write(text.replace(/^\./gm, '..'))) await once(socket, 'drain');
  };
  await write(header);
  for (let n = 0; n < blocks; n++) await write(block(n));
  await write('--b--\r\n');
  socket.write('.\r\n');
  expect(await line()).toMatch(/^250 /);
  socket.destroy();
  return { hash: hash.digest('hex'), octets };
}

/** One line of an answer after the other. */
function lines(socket: Socket): () => Promise<string> {
  let buffered = '';
  socket.on('data', chunk => {
    buffered += chunk.toString('latin1');
  });
  return async () => {
    for (let end = buffered.indexOf('\r\n'); ; end = buffered.indexOf('\r\n')) {
      if (end < 0) await once(socket, 'data');
      else {
        const text = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        return text;
      }
    }
  };
}

/** Retrieves message 1 and deletes it; answers hash and size of it from its Subject on, un-stuffed, and what LIST said. */
async function takeLarge(
  port: number,
  user: string,
): Promise<{ hash: string; octets: number; whole: number; listed: number }> {
  const socket = connect(port, '127.0.0.1');
  const hash = createHash('sha256');
  let octets = 0;
  let whole = 0;
  let listed = 0;
  let inContent = false;
  let pending = '';
  const steps = [`USER ${user}`, `PASS ${password}`, 'LIST 1', 'RETR 1', 'DELE 1', 'QUIT'];
  const take = (text: string) => {
    // Pieces begin at line starts here, so a dot in front is a stuffed one.
    const plain = text.replace(/^\./gm, '');
    whole += plain.length;
    const from = octets > 0 ? 0 : plain.indexOf('Subject: large');
    if (from < 0) return;
    octets += plain.length - from;
    hash.update(plain.slice(from));
  };
  for await (const chunk of socket) {
    pending += (chunk as Buffer).toString('latin1');
    while (pending.includes('\r\n')) {
      if (inContent) {
        const end = pending.startsWith('.\r\n') ? 0 : pending.indexOf('\r\n.\r\n') + 2;
        if (end !== 1) {
          take(pending.slice(0, end));
          pending = pending.slice(end + 3);
          inContent = false;
          socket.write(`${steps.shift()}\r\n`);
          continue;
        }
        // The last line may be the terminator's begin: it waits.
        const cut = pending.lastIndexOf('\r\n', pending.length - 5) + 2;
        if (cut < 2) break;
        take(pending.slice(0, cut));
        pending = pending.slice(cut);
        break;
      }
      const answer = pending.slice(0, pending.indexOf('\r\n'));
      pending = pending.slice(answer.length + 2);
      expect(answer).toMatch(/^\+OK/);
      listed = Number(/^\+OK 1 (\d+)$/.exec(answer)?.[1] ?? listed);
      inContent = steps[0] === 'DELE 1';
      if (!inContent && steps.length) socket.write(`${steps.shift()}\r\n`);
    }
  }
  return { hash: hash.digest('hex'), octets, whole, listed };
}

test('daemon takes 95 MB by SMTP and gives them by POP3 octet by octet with less than 300 MB of memory', async () => {
  const sent = await sendLarge(house.ports.smtp, 'ann@localhost', 98);
  expect(sent.octets).toBeGreaterThan(94 * megabyte);
  expect(stored()).toMatchObject({ files: 1 });
  const got = await takeLarge(house.ports.pop3, 'ann@localhost');
  expect(got).toMatchObject(sent);
  expect(got.whole).toBe(got.listed);
  const peak = peakOf(daemon);
  console.log(`95 MB in and out: the daemon had at most ${Math.round(peak / megabyte)} MB`);
  expect(peak).toBeLessThan(300 * megabyte);
  await until('the file is gone', () => stored().octets === 0);
  const users = JSON.parse((await house.cli(['user', 'list', '--json'])).stdout) as { address: string; used: number }[];
  expect(users.find(u => u.address === 'ann@localhost')?.used).toBe(0);
}, 180_000);

test('daemon takes and gives a megabyte of dots for a few times the work of a megabyte of text at most', async () => {
  const kinds = {
    text: 'All work and no play makes Jack a dull boy, says the old woman by the shore.\r\n'.repeat(13_444),
    'lines of a dot': '..\r\n'.repeat(megabyte / 4),
    'lines of dots': `${'.'.repeat(76)}\r\n`.repeat(megabyte / 78),
    'one line of dots': `${'.'.repeat(megabyte)}\r\n`,
  };
  const costs = Object.fromEntries(Object.keys(kinds).map(kind => [kind, { in: 0, out: 0 }]));
  const measure = async (kind: string, body: string, count: number) => {
    const data = Buffer.from(`Subject: x\r\n\r\n${body}.\r\n`);
    const one = { from: 'eve@example.net', to: ['bob@localhost'], data };
    const before = ticksOf(daemon);
    for (const reply of await sendMany(house.ports.smtp, Array(count).fill(one))) expect(reply).toMatch(/^250 /);
    const between = ticksOf(daemon);
    expect(await popMessages(house.ports.pop3, 'bob@localhost', password, { remove: true })).toHaveLength(count);
    const cost = costs[kind] ?? { in: 0, out: 0 };
    cost.in += between - before;
    cost.out += ticksOf(daemon) - between;
  };
  const all = async (count: number) => {
    for (const [kind, body] of Object.entries(kinds)) await measure(kind, body, count);
  };
  await all(2);
  for (const cost of Object.values(costs)) cost.in = cost.out = 0;
  // In turns, so that what else the machine does is shared by all.
  for (let round = 0; round < 4; round++) await all(4);
  console.log('ticks for 16 MB:', costs);
  const text = costs.text ?? { in: 0, out: 0 };
  // A tick is 10 ms, and of so few the same program takes twice as many in one minute as in the next. What grows with
  // the square takes hundreds of times as many.
  for (const cost of Object.values(costs)) {
    expect(cost.in).toBeLessThanOrEqual(6 * Math.max(text.in, 20));
    expect(cost.out).toBeLessThanOrEqual(6 * Math.max(text.out, 20));
  }
}, 120_000);
