import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'vitest';
import { family, type House, hasCommand } from './harness.ts';
import { openTalk, popMessages, type Talk } from './mail-talk.ts';

/** What crash tests share: senders that keep a ledger, syncs that kill or fail, disks that fill up or lose power. */
export const password = 'correct horse 1';
export const ann = 'ann@localhost';

/** Its content follows from its id, so that what comes out can be held against it. */
export function contentOf(id: string, size: number): Buffer {
  const line = `${id} ${'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(2)}\r\n`;
  return Buffer.from(`X-Id: ${id}.${size}\r\n\r\n${line.repeat(Math.ceil(size / line.length))}`);
}

/** What lies in the maildrop, by id; a message that is not whole is thrown at once. */
export async function maildrop(port: number): Promise<{ ids: Set<string>; copies: number }> {
  const messages = await popMessages(port, ann, password);
  const ids = messages.map(message => {
    const [, id = '', size = ''] = /^X-Id: (\S+)\.(\d+)\r\n/m.exec(message.toString('latin1')) ?? [];
    if (!message.subarray(-contentOf(id, Number(size)).length).equals(contentOf(id, Number(size))))
      throw new Error(`message ${id} is not whole`);
    return id;
  });
  return { ids: new Set(ids), copies: ids.length - new Set(ids).size };
}

/** One transaction; its last reply. `sent` is called when all of it is on its way. */
export async function send(talk: Talk, id: string, size: number, sent = () => {}, to = ann): Promise<string> {
  for (const command of ['MAIL FROM:<eve@example.net>', `RCPT TO:<${to}>`, 'DATA']) {
    const reply = await talk.ask(command);
    if (!/^[23]/.test(reply)) return reply;
  }
  talk.socket.write(contentOf(id, size));
  talk.socket.write('.\r\n');
  sent();
  return await talk.reply();
}

export async function greeted(port: number): Promise<Talk | null> {
  const talk = await openTalk(port);
  if ((await talk.reply()).startsWith('220') && (await talk.ask('EHLO test.example')).startsWith('250')) return talk;
  talk.socket.destroy();
  return null;
}

/** One message over a connection of its own; its last reply. */
export async function sendOne(port: number, id: string, size: number, to = ann): Promise<string> {
  const talk = await greeted(port);
  if (!talk) return '000 closed';
  const reply = await send(talk, id, size, undefined, to);
  talk.socket.destroy();
  return reply;
}

export type Crowd = {
  /** Ids whose 250 was read. */
  acknowledged: Set<string>;
  /** Sent to their end without an answer; they are sent again, as any sender would. */
  unanswered(): number;
  /** Ends when every id begun is acknowledged. */
  stop(): Promise<void>;
};

/** A few senders that never give up on a message; every fourth one is larger than a row of the store. */
export function startCrowd(port: number, senders: number): Crowd {
  const acknowledged = new Set<string>();
  let unanswered = 0;
  let stopping = false;
  const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
  const work = async (name: number) => {
    let talk: Talk | null = null;
    for (let n = 1; !stopping; n++) {
      const id = `${name}-${n}`;
      while (!acknowledged.has(id)) {
        talk ??= await greeted(port);
        let sent = false;
        const reply = talk
          ? await send(talk, id, n % 4 === 0 ? 100_000 : 3_000, () => {
              sent = true;
            })
          : '';
        if (sent && reply.startsWith('000')) unanswered++;
        if (reply.startsWith('250')) acknowledged.add(id);
        else {
          talk?.socket.destroy();
          talk = null;
          await pause(50);
        }
      }
      await pause(5);
    }
    talk?.socket.destroy();
  };
  const working = Array.from({ length: senders }, (_, name) => work(name));
  return {
    acknowledged,
    unanswered: () => unanswered,
    async stop() {
      stopping = true;
      await Promise.all(working);
    },
  };
}

/** The process of the house whose command line names this file. */
export async function processOf(house: House, file: string): Promise<number> {
  for (const pid of await family(house.child.pid!)) if (commandOf(pid).includes(file)) return pid;
  throw new Error(`no process runs ${file}`);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** A thread by its name: MainThread, store-writer, libuv-worker (the only one with UV_THREADPOOL_SIZE=1). */
export function threadOf(pid: number, name: string): number {
  const found = readdirSync(`/proc/${pid}/task`).find(
    t => readFileSync(`/proc/${pid}/task/${t}/comm`, 'utf8').trim() === name,
  );
  if (!found) throw new Error(`process ${pid} has no thread ${name}`);
  return Number(found);
}

/** From now on the n-th sync of this thread kills the process (`signal=KILL`) or fails (`error=EIO`). */
export async function onSync(thread: number, what: string, n: number): Promise<{ detach(): Promise<void> }> {
  const inject = `inject=fsync,fdatasync:${what}:when=${n}`;
  const strace = spawn('strace', ['-e', 'trace=fsync,fdatasync', '-e', inject, '-p', String(thread)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: strace.stderr! }).on('line', line => {
      if (line.includes('attached')) resolve();
    });
    strace.once('exit', code => reject(new Error(`strace ended with ${code}`)));
  });
  return {
    async detach() {
      strace.kill('SIGTERM');
      await ended(strace);
    },
  };
}

export const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise(resolve => child.once('exit', () => resolve()));

/** Rows of a query on the store of a house, whether it runs or not. */
export function ask(house: House, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(join(house.data, 'cwmail.db'), { readOnly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

export type Disk = { path: string; remount(): void; remove(): void };

/** A small disk in memory. */
export function smallDisk(megabytes: number): Disk {
  const path = mkdtempSync(join(tmpdir(), 'cwmail-disk-'));
  quietly('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'cwmail', path);
  return { path, remount() {}, remove: () => unmounted(path, path) };
}

/** An ext4 of its own, whose power can be cut. */
export function ownDisk(megabytes: number): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-disk-'));
  let image = join(folder, 'image');
  const path = mkdtempSync(join(folder, 'mnt-'));
  let copies = 0;
  writeFileSync(image, '');
  quietly('truncate', '-s', `${megabytes}M`, image);
  quietly('mkfs.ext4', '-q', '-F', image);
  quietly('mount', '-o', 'loop', image, path);
  return {
    path,
    // What had reached the disk, on another one: elsewhere on this machine the old one may still be held.
    remount() {
      quietly('umount', '-l', path);
      const before = image;
      image = join(folder, `image-${++copies}`);
      quietly('cp', '--sparse=always', before, image);
      rmSync(before);
      quietly('mount', '-o', 'loop', image, path);
    },
    remove: () => unmounted(path, folder),
  };
}

function unmounted(path: string, folder: string): void {
  quietly('umount', '-l', path);
  rmSync(folder, { recursive: true, force: true });
}

function quietly(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Made beforehand, since a cut that takes its time to begin gives the disk time to write. */
export type PowerSwitch = { cut(): Promise<void> };

/** EXT4_IOC_SHUTDOWN without a flush of the log: what was not synced is gone at the next mount. */
export async function powerSwitch(path: string): Promise<PowerSwitch> {
  const script = [
    'import fcntl, os, struct, sys',
    'folder = os.open(sys.argv[1], os.O_RDONLY)',
    'print("ready", flush=True)',
    'sys.stdin.readline()',
    'fcntl.ioctl(folder, 0x8004587D, struct.pack("I", 2))',
  ].join('\n');
  const python = spawn('python3', ['-c', script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise(resolve => python.stdout.once('data', resolve));
  return {
    async cut() {
      python.stdin.end('\n');
      await ended(python);
      if (python.exitCode !== 0) throw new Error('the power could not be cut');
    },
  };
}

/** A test that mounts disks. Where this user or machine cannot, it is skipped and its name says why. */
export function testWithDisk(make: (megabytes: number) => Disk) {
  const why = hindrance(make);
  if (why === null) return test;
  return (name: string, ..._: unknown[]) => test.skip(`${name} (${why})`, () => {});
}

function hindrance(make: (megabytes: number) => Disk): string | null {
  const packages = { 'mkfs.ext4': 'e2fsprogs', mount: 'mount', python3: 'python3' };
  for (const [command, name] of Object.entries(packages)) if (!hasCommand(command)) return `needs the package ${name}`;
  if (process.getuid?.() !== 0) return 'only root can mount the disk for it';
  try {
    make(8).remove();
    return null;
  } catch {
    return 'this machine cannot mount the disk for it';
  }
}
