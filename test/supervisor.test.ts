import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { controlPath } from '../daemon/control.ts';
import { processOf } from './crash-rig.ts';
import { family, freePorts, type House, runCli, startHouse, until } from './harness.ts';
import { openTalk, popMessages, sendRaw } from './mail-talk.ts';
import { playTalk } from './talk.ts';

const password = 'correct horse 1';
const ann = 'ann@localhost';
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** null: nobody answers. */
async function health(house: House): Promise<number | null> {
  return await fetch(`http://127.0.0.1:${house.ports.http}/health`, { redirect: 'manual' }).then(
    r => r.status,
    () => null,
  );
}

async function greets(port: number): Promise<boolean> {
  const talk = await openTalk(port);
  const reply = await talk.reply();
  talk.socket.destroy();
  return reply.startsWith('220');
}

type Entry = { event: string; level: string; process?: string; restartIn?: number; time: string };
const entries = (house: House): Entry[] =>
  readFileSync(join(house.data, 'log', 'cwmail.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Entry);

describe('start', () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse();
  });
  afterAll(() => house.remove());

  test('start refuses a data folder that is in use, in one sentence', async () => {
    const { code, stdout, stderr } = await runCli(['start', ...house.flags]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `cwmail: Another cwmail is running on ${house.data}. Stop it first, or set another data_path.\n`,
    );
    expect(await health(house)).toBe(200);
  });

  test.each([
    ['smtp_port', ['--single']],
    ['smtp_port', []],
    ['http_port', []],
  ])('start names %s when its port is taken, and says how to choose another %s', async (setting, single) => {
    const data = mkdtempSync(join(tmpdir(), 'cwmail-test-'));
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const others = await portsBeside(['smtp_port', 'submission_port', 'pop_port', 'http_port']);
    const set = [`data_path=${data}`, ...others, `${setting}=${port}`].flatMap(s => ['--set', s]);
    const { code, stdout, stderr } = await runCli(['start', ...single, ...set]);
    server.close();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(
        `^cwmail: Port ${port} on 127\\.0\\.0\\.1 is taken by another program\\. Choose another with ${setting}[^\\n]*\\n$`,
      ),
    );
    rmSync(data, { recursive: true });
  });

  test('start says what is wrong with a certificate, in a sentence', async () => {
    const data = mkdtempSync(join(tmpdir(), 'cwmail-test-'));
    const set = [`data_path=${data}`, 'tls_cert=/etc/hostname', 'tls_key=/etc/hostname'].flatMap(s => ['--set', s]);
    const { code, stderr } = await runCli(['start', ...set]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/tls_cert/);
    expect(stderr).not.toMatch(/^\s+at /m);
    rmSync(data, { recursive: true });
  });

  test('--single serves everything from one process', async () => {
    const single = await startHouse({ single: true });
    expect(await family(single.child.pid!)).toHaveLength(1);
    expect(await health(single)).toBe(200);
    await single.addUser(ann, password);
    const replies = await sendRaw(single.ports.smtp, {
      from: 'eve@example.net',
      to: [ann],
      data: Buffer.from('Subject: x\r\n\r\ntext\r\n.\r\n'),
    });
    expect(replies.at(-1)).toMatch(/^250 /);
    expect(await popMessages(single.ports.pop3, ann, password)).toHaveLength(1);
    expect(await single.stop()).toBe(0);
    await single.remove();
  });
});

async function portsBeside(names: string[]): Promise<string[]> {
  const ports = await freePorts(names.length);
  return names.map((name, i) => `${name}=${ports[i]}`);
}

describe('children', () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse();
  });
  afterAll(() => house.remove());

  test.each(['daemon/main.ts', 'web/main.ts'])('%s that is killed is started again and serves', async file => {
    const pid = await processOf(house, file);
    process.kill(pid, 'SIGKILL');
    await until('the end of the old', () => !existsSync(`/proc/${pid}`));
    await until('the next one', () => processOf(house, file).catch(() => null));
    await until('all to serve', async () => (await health(house)) === 200 && (await greets(house.ports.smtp)));
    expect(await processOf(house, file)).not.toBe(pid);
  });

  test('a child that keeps dying is started after growing pauses, and that is said', async () => {
    for (let n = 0; n < 2; n++) {
      await until('web', async () => (await health(house)) === 200);
      process.kill(await processOf(house, 'web/main.ts'), 'SIGKILL');
      await until('its end', async () => (await health(house)) !== 200);
    }
    await until('web', async () => (await health(house)) === 200);
    const deaths = entries(house).filter(e => e.event === 'process died' && e.process === 'web');
    expect(deaths.map(e => e.restartIn)).toEqual([500, 1000, 2000]);
    expect(deaths.every(e => e.level === 'error')).toBe(true);
    expect(house.output.filter(line => line === 'cwmail: web: process died')).toHaveLength(3);
  });

  test('a child whose port is taken while it is away comes back when the port is free', {
    timeout: 180_000,
  }, async () => {
    process.kill(await processOf(house, 'daemon/main.ts'), 'SIGKILL');
    const thief = createServer(socket => socket.destroy());
    await until(
      'the theft',
      () =>
        new Promise<boolean>(resolve => {
          thief.once('error', () => resolve(false));
          thief.listen(house.ports.smtp, '127.0.0.1', () => resolve(true));
        }),
    );
    await until('the supervisor to see it', () => entries(house).some(e => e.event === 'process did not start'));
    thief.close();
    await until('the daemon', async () => (await greets(house.ports.smtp)) && (await health(house)) === 200, 20_000);
  });
});

describe('control.sock', () => {
  test('control.sock is for this user alone, and goes with the house', async () => {
    const house = await startHouse();
    const path = join(house.data, 'control.sock');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await house.stop();
    expect(existsSync(path)).toBe(false);
    await house.remove();
  });

  test('control.sock of a data folder with a long path lies elsewhere, and serves', async () => {
    const top = mkdtempSync(join(tmpdir(), 'cwmail-test-'));
    const data = join(top, 'a-rather-long-name'.repeat(6), 'and-one-more');
    mkdirSync(data, { recursive: true });
    const house = await startHouse({ data });
    const path = controlPath(data);
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(107);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await house.addUser(ann, password);
    const { code, stdout } = await house.cli(['route', ann]);
    expect({ code, said: stdout.includes(`mailbox ${ann}`) }).toEqual({ code: 0, said: true });
    await house.stop();
    expect(existsSync(path)).toBe(false);
    rmSync(top, { recursive: true });
  });
});

test('data folder that others may enter holds no file that others may read', async () => {
  const data = mkdtempSync(join(tmpdir(), 'cwmail-test-'));
  chmodSync(data, 0o755);
  const house = await startHouse({ data });
  await house.addUser(ann, password);
  await sendRaw(house.ports.smtp, {
    from: 'eve@example.net',
    to: [ann],
    data: Buffer.from(`Subject: x\r\n\r\n${'x'.repeat(100_000)}\r\n.\r\n`),
  });
  const open = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter(
    name => (statSync(join(data, name)).mode & 0o077) !== 0,
  );
  expect(open).toEqual([]);
  expect(existsSync(join(data, 'cwmail.db'))).toBe(true);
  await house.remove();
});

test('log is JSON lines whatever peers say, and holds no secret and no content', { timeout: 180_000 }, async () => {
  const canary = (what: string) => `canary-${what}-7f3a`;
  const house = await startHouse({
    set: { online: 'always', log_level: 'debug', host_domain: 'localhost' },
    lines: [`fetch=${ann} pop3://up@127.0.0.1:1 password=${canary('upstream')} every=1s tls=off`],
  });
  await house.addUser(ann, canary('password'));
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const talk = (port: number, ...lines: string[]) => {
    const path = join(house.data, 'log.talk');
    writeFileSync(path, lines.join('\n'));
    return playTalk(path, { host: '127.0.0.1', port });
  };
  const esc = '\\x1b[31mred\\x1b]0;title\\x07\\xc2\\x9b\\xe2\\x80\\xae';
  await talk(
    house.ports.smtp,
    'S: 220 *',
    `BYTES EHLO ${esc}\\r\\n`,
    'S: *',
    'S: ...',
    'C: NOOP',
    'S: *',
    `BYTES MAIL FROM:<${esc}@example.net>\\r\\n`,
    'S: *',
    `BYTES VRFY ${esc}\\r\\n`,
    'S: *',
    'CLOSE',
  ).catch(() => {});
  await talk(
    house.ports.submission,
    'S: 220 *',
    'C: EHLO test.example',
    'S: ...',
    'S: 250 *',
    `C: AUTH PLAIN ${base64(`\0eve\0${canary('wrong')}`)}`,
    'S: 535 *',
    'CLOSE',
  );
  await talk(
    house.ports.pop3,
    'S: +OK*',
    `BYTES USER ann${esc}\\r\\n`,
    'S: *',
    `C: PASS ${canary('pop')}`,
    'S: -ERR*',
    'CLOSE',
  );
  const data = `Subject: ${canary('subject')}\r\nFrom: ${canary('from')} <${ann}>\r\n\r\n${canary('body')}\r\n.\r\n`;
  await sendRaw(house.ports.submission, {
    from: ann,
    to: [ann],
    login: base64(`\0${ann}\0${canary('password')}`),
    data: Buffer.from(data),
  });
  const origin = `http://127.0.0.1:${house.ports.http}`;
  for (const secret of [canary('web'), canary('password')])
    await fetch(`${origin}/login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin },
      body: new URLSearchParams({ username: 'ann', password: secret }),
    });
  expect(await popMessages(house.ports.pop3, ann, canary('password'))).toHaveLength(1);
  await until('a try to fetch', () => readFileSync(join(house.data, 'log/cwmail.log'), 'utf8').includes('fetcher'));
  await pause(500);
  await house.stop();

  const folder = join(house.data, 'log');
  const text = readdirSync(folder)
    .map(name => readFileSync(join(folder, name), 'utf8'))
    .join('');
  expect(text).toContain('ann\\u001b[31mred\\u001b]0;title\\u0007\\u009b\\u202e');
  expect(text.match(/canary-\w+/g) ?? []).toEqual([]);
  const lines = text.trimEnd().split('\n');
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({ time: expect.stringMatching(/^20/), event: expect.any(String) });
  expect(text.replaceAll('\n', '')).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028-\u202e]/);
  expect(house.output.join('')).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]|canary/);
  console.log(`${lines.length} lines of log, no canary`);
  await house.remove();
});
