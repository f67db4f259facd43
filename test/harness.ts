import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { accessSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'vitest';

/** The product as its users run it: the real launcher, real processes, real sockets, a data folder of its own. */
export type House = {
  ports: { smtp: number; submission: number; pop3: number; http: number };
  data: string;
  /** What the terminal showed. */
  output: string[];
  child: ChildProcess;
  /** `--config` and `--set` as this house was started with, for further commands. */
  flags: string[];
  cli(args: string[], input?: string): Promise<{ code: number; stdout: string; stderr: string }>;
  addUser(address: string, password: string): Promise<void>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  /** kill -9 of everything at once, as the kernel would. */
  kill(): Promise<void>;
  /** Starts again on the same data and ports. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
};

export type HouseOptions = {
  set?: Record<string, string | number>;
  lines?: string[];
  /** The settings as a file instead, which can be changed: `data/cwmail.conf`. */
  file?: (ports: House['ports'], data: string) => string;
  single?: boolean;
  data?: string;
  env?: Record<string, string>;
  /** A command that the launcher is given to, such as `prlimit --nofile=64`. */
  through?: string[];
};

const root = new URL('..', import.meta.url).pathname;
export const launcher = join(root, 'daemon/cwmail');

export async function startHouse(options: HouseOptions = {}): Promise<House> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'cwmail-test-'));
  const [smtp, submission, pop3, http] = await freePorts(4);
  const ports = { smtp: smtp!, submission: submission!, pop3: pop3!, http: http! };
  const set = {
    data_path: data,
    smtp_port: smtp!,
    submission_port: submission!,
    pop_port: pop3!,
    http_port: http!,
    ...options.set,
  };
  const flags = [...Object.entries(set).map(([k, v]) => `${k}=${v}`), ...(options.lines ?? [])].flatMap(s => [
    '--set',
    s,
  ]);
  if (options.file) {
    const path = join(data, 'cwmail.conf');
    writeFileSync(path, options.file(ports, data));
    flags.splice(0, flags.length, '--config', path);
  }
  const house: House = {
    ports,
    data,
    output: [],
    child: undefined as never,
    flags,
    cli: (args, input) => runCli([...args, ...flags], input, data),
    async addUser(address, password) {
      const { code, stderr } = await house.cli(['user', 'add', address, '--password-stdin'], `${password}\n`);
      if (code !== 0) throw new Error(`user add: ${stderr}`);
    },
    async stop() {
      if (house.child.exitCode !== null || house.child.signalCode !== null) return house.child.exitCode;
      house.child.kill('SIGTERM');
      await exited(house.child);
      return house.child.exitCode;
    },
    async kill() {
      for (const pid of await family(house.child.pid!)) killQuietly(pid);
      await exited(house.child);
    },
    restart: () => launch(house, options),
    async remove() {
      await house.kill().catch(() => {});
      rmSync(data, { recursive: true, force: true });
    },
  };
  await launch(house, options);
  return house;
}

async function launch(house: House, options: HouseOptions): Promise<void> {
  const args = ['start', ...(options.single ? ['--single'] : []), ...house.flags];
  const [command, ...before] = [...(options.through ?? []), launcher];
  const child = spawn(command!, [...before, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: house.data,
    env: { ...process.env, ...options.env },
  });
  house.child = child;
  house.output.length = 0;
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`did not start:\n${house.output.join('\n')}`)), 60_000);
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', line => {
        house.output.push(line);
        if (/^\s+Stop with/.test(line)) {
          clearTimeout(late);
          resolve();
        }
      });
    child.once('exit', code => {
      clearTimeout(late);
      reject(new Error(`ended with ${code}:\n${house.output.join('\n')}`));
    });
  });
}

export function runCli(
  args: string[],
  input = '',
  cwd = tmpdir(),
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    const child = execFile(launcher, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
    child.stdin!.end(input);
  });
}

const exited = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise(resolve => child.once('exit', () => resolve()));

/** A process and all below it. */
export async function family(pid: number): Promise<number[]> {
  const pairs = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => [Number(name), parentOf(name)]);
  const found = [pid];
  for (const p of found) found.push(...pairs.filter(([, parent]) => parent === p).map(([child]) => child!));
  return found;
}

/** Null: it has ended meanwhile. */
function parentOf(pid: string): number | null {
  try {
    // Behind the name, which may hold anything, stand the state and the parent.
    return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')[1]);
  } catch {
    return null;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

// Below the range the kernel gives to sockets that name no port: such a one, of any test beside, may take a port
// between our look at it and the start of its server.
const fixedPorts = { from: 10_000, to: 32_000 };
// A stretch of its own for each of the files that run at the same time: the port of a house that is between two starts is free.
const files = 4;
const stretch = Math.floor((fixedPorts.to - fixedPorts.from) / files);
const first = fixedPorts.from + (Number(process.env.VITEST_POOL_ID ?? 0) % files) * stretch;
const given = new Set<number>();

/** Ports on which nothing listens, none of them given before by this process. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(first, first + stretch);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

export const freePort = async () => (await freePorts(1))[0]!;

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise(resolve => {
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** Is there such a command? Of the folders where Debian puts them. */
export function hasCommand(name: string): boolean {
  return ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin'].some(folder => {
    try {
      accessSync(join(folder, name));
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * A test with a real counterpart. Without it the test is skipped and its name says which package would run it;
 * in CI, where everything is installed, that is a failure.
 */
export function testWith(command: string, debianPackage: string) {
  if (hasCommand(command) || process.env.CI === 'true') return test;
  return (name: string, ..._: unknown[]) => test.skip(`${name} (needs the package ${debianPackage})`, () => {});
}

/** Waits until search knows all that was filed. */
export const untilIndexed = (store: { search: { behind(): Promise<number> } }): Promise<boolean> =>
  until('the index', async () => (await store.search.behind()) === 0, 300_000);

/** Waits until something is so; fails after `ms`. */
export async function until<T>(
  what: string,
  check: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  ms = 45_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise(resolve => setTimeout(resolve, 25));
  }
}
