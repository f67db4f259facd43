/**
 * The templates of an edge relay and an inner store, as they are shipped: two real houses in two network namespaces,
 * the world in a third, and no way from the world to the inner store but by the edge.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasCommand, launcher, runCli, until } from './harness.ts';

const root = new URL('..', import.meta.url).pathname;
const own = `cwe${process.pid}`;
const spaces = { world: `${own}w`, edge: `${own}e`, inner: `${own}i` };
type Space = keyof typeof spaces;
// What the templates name; the world is documentation's (RFC 5737).
const outside = { world: '203.0.113.10', edge: '203.0.113.1' };
const inside = { edge: '192.168.7.1', inner: '192.168.7.2' };

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

function makeSpaces(): void {
  for (const space of Object.values(spaces)) {
    ip('netns', 'add', space);
    ip('-n', space, 'link', 'set', 'lo', 'up');
  }
  wire('world', outside.world, 'edge', outside.edge, 'a');
  wire('edge', inside.edge, 'inner', inside.inner, 'b');
}

function wire(one: Space, address: string, other: Space, otherAddress: string, name: string): void {
  const ends = [`${own}${name}0`, `${own}${name}1`] as const;
  ip('link', 'add', ends[0], 'netns', spaces[one], 'type', 'veth', 'peer', 'name', ends[1], 'netns', spaces[other]);
  for (const [space, end, own] of [
    [one, ends[0], address],
    [other, ends[1], otherAddress],
  ] as const) {
    ip('-n', spaces[space], 'addr', 'add', `${own}/24`, 'dev', end);
    ip('-n', spaces[space], 'link', 'set', end, 'up');
  }
}

function removeSpaces(): void {
  for (const space of Object.values(spaces)) {
    try {
      ip('netns', 'del', space);
    } catch {
      // It was never made.
    }
  }
}

/** What is missing here; null: nothing. In CI every package is there, but not every machine lets namespaces be made. */
function lacking(): string | null {
  const packages = { ip: 'iproute2', swaks: 'swaks', curl: 'curl' };
  const missing = Object.entries(packages).filter(([command]) => !hasCommand(command));
  if (missing.length > 0)
    return process.env.CI === 'true' ? null : `needs the package ${missing.map(([, name]) => name).join(', ')}`;
  try {
    ip('netns', 'add', `${own}t`);
    ip('netns', 'del', `${own}t`);
    return null;
  } catch {
    return 'needs root, and leave to make network namespaces';
  }
}

type House = {
  child: ChildProcess;
  flags: string[];
  start(): Promise<void>;
  stop(): Promise<void>;
  cli: (...args: string[]) => ReturnType<typeof runCli>;
};

function house(space: Space, folder: string, more: string[] = []): House {
  const flags = [
    '--config',
    join(root, `docs/templates/${space}.conf`),
    '--set',
    `data_path=${folder}/${space}`,
    ...more,
  ];
  const one: House = {
    child: undefined as never,
    flags,
    async start() {
      one.child = spawn('ip', ['netns', 'exec', spaces[space], launcher, 'start', ...flags], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const said: string[] = [];
      for (const stream of [one.child.stdout!, one.child.stderr!])
        createInterface({ input: stream }).on('line', l => said.push(l));
      await until(
        `the ${space} is up`,
        () => {
          if (one.child.exitCode !== null) throw new Error(said.join('\n'));
          return said.some(l => /^\s+Stop with/.test(l));
        },
        30_000,
      );
    },
    async stop() {
      if (one.child.exitCode !== null) return;
      const ended = new Promise(resolve => one.child.once('exit', resolve));
      one.child.kill('SIGTERM');
      await ended;
    },
    cli: (...args) => runCli([...args, ...flags]),
  };
  return one;
}

/** What a command said, run in a space; rejects when it failed. */
function within(space: Space, input: string, ...command: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = ['netns', 'exec', spaces[space], ...command];
    const child = execFile('ip', args, (error, out) => (error ? reject(error) : resolve(out)));
    child.stdin?.end(input);
  });
}

/** A client in a space: the exit code, and what was said. */
function swaks(space: Space, ...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise(resolve =>
    execFile('ip', ['netns', 'exec', spaces[space], 'swaks', '--timeout', '20', ...args], (error, stdout) =>
      resolve({ code: error ? Number(error.code) : 0, said: stdout }),
    ),
  );
}

const lacks = lacking();

describe.skipIf(lacks !== null)(`edge and inner store${lacks === null ? '' : ` (${lacks})`}`, () => {
  let folder: string;
  let edge: House;
  let inner: House;
  let world: ChildProcess;
  const taken: string[] = [];
  const password = 'long words of bob';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cwmail-edge-'));
    makeSpaces();
    world = spawn(
      'ip',
      ['netns', 'exec', spaces.world, process.execPath, join(root, 'test/edge-world.ts'), outside.world],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let names = '';
    createInterface({ input: world.stdout! }).on('line', line => {
      const told = JSON.parse(line) as { names?: string; content?: string };
      if (told.names) names = told.names;
      if (told.content) taken.push(told.content);
    });
    await until('the world is there', () => names !== '');
    edge = house('edge', folder, ['--set', `dns_host=tcp:${names}`]);
    inner = house('inner', folder);
    await Promise.all([edge.start(), inner.start()]);
    const { code, stderr } = await runCli(
      ['user', 'add', 'bob@office.example', '--password-stdin', ...inner.flags],
      `${password}\n`,
    );
    if (code !== 0) throw new Error(stderr);
  }, 180_000);
  afterAll(async () => {
    await Promise.all([edge?.stop(), inner?.stop()]);
    world?.kill();
    removeSpaces();
    rmSync(folder, { recursive: true, force: true });
  });

  const curlMail = [
    'smtp://127.0.0.1:587',
    '--mail-from',
    'bob@office.example',
    '--mail-rcpt',
    'eve@far.test',
    '-T',
    '-',
  ];
  const inbox = () =>
    within('inner', '', 'curl', '-sk', '--ssl-reqd', '--user', `bob:${password}`, 'pop3://127.0.0.1/');
  const messages = async () => (await inbox()).split('\n').filter(l => l.trim() !== '').length;
  const fromOutside = (subject: string, to = 'bob@office.example') =>
    swaks('world', '--server', outside.edge, '--from', 'eve@far.test', '--to', to, '--header', `Subject: ${subject}`);
  const queued = async (at: House) =>
    JSON.parse((await at.cli('queue', 'list', '--json')).stdout) as { recipient: string }[];

  test('mail from outside arrives in the inner store, and the edge keeps none', async () => {
    expect((await fromOutside('in')).code).toBe(0);
    await until('it arrives', async () => (await messages()) === 1);
    expect((await edge.cli('user', 'list')).stdout).not.toMatch(/@/);
    expect(await queued(edge)).toEqual([]);
  });

  test('mail from inside goes out by the edge', async () => {
    const letter = 'From: bob@office.example\nTo: eve@far.test\nSubject: out\n\nhello\n';
    await within('inner', letter, 'curl', '-sk', '--ssl-reqd', '--user', `bob:${password}`, ...curlMail);
    await until('it arrives', () => taken.some(t => /^Subject: out/m.test(t)));
    const received = taken.find(t => /^Subject: out/m.test(t))?.match(/^Received: from \S+ \(\[[\d.]+\]\)/gm);
    expect(received?.[0]).toContain(inside.inner);
  });

  test('a stranger cannot relay, nor reach the inner store', async () => {
    const relay = await fromOutside('relay', 'dan@elsewhere.test');
    expect([relay.code, /<\*\* 550 5\.7\.1/.test(relay.said)], relay.said).toEqual([24, true]);
    const direct = await swaks(
      'world',
      '--server',
      inside.inner,
      '--from',
      'eve@far.test',
      '--to',
      'bob@office.example',
    );
    expect(direct.code).toBe(2);
  });

  test('while the inner store is down the edge takes mail and loses none', async () => {
    await inner.stop();
    for (let i = 0; i < 5; i++) expect((await fromOutside(`wait ${i}`)).code).toBe(0);
    await until('it was tried', async () => (await queued(edge)).length === 5);
    // The edge itself is started again in between.
    await edge.stop();
    await edge.start();
    expect(await queued(edge)).toHaveLength(5);
    await inner.start();
    await edge.cli('queue', 'retry');
    await until('all arrive', async () => (await messages()) === 6, 30_000);
    expect(await queued(edge)).toEqual([]);
  }, 120_000);

  test('what the inner store refuses is reported to its sender', async () => {
    expect((await fromOutside('nobody', 'nobody@office.example')).code).toBe(0);
    await until('the report is there', () =>
      taken.some(t => /Final-Recipient: rfc822; ?nobody@office\.example/.test(t)),
    );
  });
});
