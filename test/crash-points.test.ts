import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import { ann, ended, maildrop, onSync, password, processOf, sendOne, threadOf } from './crash-rig.ts';
import { freePorts, type House, launcher, startHouse, testWith, until } from './harness.ts';

// Crash points are enumerated, not sampled: strace kills the process at, or fails, exactly the n-th sync of a thread.
const straced = testWith('strace', 'strace');
// One thread for files, so that "its n-th sync" means something.
const env = { UV_THREADPOOL_SIZE: '1' };
const sizes = [3_000, 100_000, 3_000, 200_000];

let house: House;
beforeAll(async () => {
  house = await startHouse({ single: true, env });
  await house.addUser(ann, password);
  return () => house.remove();
});

/** Sends one of each size; answers the ids that were acknowledged, and all last replies. */
async function sendAll(prefix: string): Promise<{ acknowledged: string[]; replies: string[] }> {
  const replies: string[] = [];
  for (const [i, size] of sizes.entries()) replies.push(await sendOne(house.ports.smtp, `${prefix}-${i}`, size));
  const acknowledged = sizes.map((_, i) => `${prefix}-${i}`).filter((_, i) => replies[i]!.startsWith('250'));
  return { acknowledged, replies };
}

const logText = () => readFileSync(join(house.data, 'log', 'cwmail.log'), 'utf8');

describe('killed at the n-th sync', () => {
  // The writer commits each message; the file thread syncs content and folders; the main thread closes the store.
  const threads = { 'store-writer': 4, 'libuv-worker': 4, MainThread: 1 };
  for (const [thread, least] of Object.entries(threads))
    straced(
      `${thread}: nothing acknowledged is lost, for every n until all is taken`,
      { timeout: 150_000 },
      async () => {
        const acknowledged: string[] = [];
        let kills = 0;
        for (let n = 1, killed = true; killed; n++) {
          const strace = await onSync(threadOf(house.child.pid!, thread), 'signal=KILL', n);
          acknowledged.push(...(await sendAll(`${thread}-${n}`)).acknowledged);
          await house.stop();
          await strace.detach();
          killed = house.child.signalCode === 'SIGKILL';
          if (killed) kills++;
          await house.restart();
          const { ids } = await maildrop(house.ports.pop3);
          expect(acknowledged.filter(id => !ids.has(id))).toEqual([]);
        }
        console.log(`${thread}: ${kills} crash points, ${acknowledged.length} acknowledged, 0 lost`);
        expect(kills).toBeGreaterThanOrEqual(least);
        // The last run was unharmed, so all of it was taken.
        expect(acknowledged.slice(-sizes.length)).toHaveLength(sizes.length);
      },
    );

  straced('of its very first start, the next start needs no hand', { timeout: 150_000 }, async () => {
    let kills = 0;
    for (let n = 1, killed = true; killed; n++) {
      const data = mkdtempSync(join(tmpdir(), 'cwmail-first-'));
      killed = await firstStartDies(data, n);
      if (killed) kills++;
      const next = await startHouse({ data, single: true });
      await next.remove();
    }
    console.log(`first start: ${kills} crash points`);
    expect(kills).toBeGreaterThanOrEqual(3);
  });
});

/** Starts for the first time; true: the n-th sync came before it served. */
async function firstStartDies(data: string, n: number): Promise<boolean> {
  const ports = await freePorts(4);
  const names = ['smtp_port', 'submission_port', 'pop_port', 'http_port'];
  const set = [`data_path=${data}`, ...names.map((name, i) => `${name}=${ports[i]}`)].flatMap(s => ['--set', s]);
  const inject = ['-f', '-e', 'trace=fsync,fdatasync', '-e', `inject=fsync,fdatasync:signal=KILL:when=${n}`];
  // -D: the child is the house itself, so that the signal is for it.
  const child = spawn('strace', ['-D', ...inject, '-o', '/dev/null', launcher, 'start', '--single', ...set], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: data,
    env: { ...process.env, ...env },
  });
  const served = new Promise<boolean>(resolve => {
    let text = '';
    child.stdout.on('data', chunk => {
      text += chunk;
      if (text.includes('Stop with')) resolve(true);
    });
    child.once('exit', () => resolve(false));
  });
  const isUp = await served;
  child.kill('SIGTERM');
  await ended(child);
  return !isUp;
}

describe('a sync that fails', () => {
  const syncs = [
    ['store-writer', 1, 'a commit'],
    ['libuv-worker', 1, 'content'],
    ['libuv-worker', 2, 'the folder of content'],
  ] as const;
  for (const [thread, n, of] of syncs)
    straced(`of ${of} is no 250, and ends the process, which says so`, { timeout: 180_000 }, async () => {
      const strace = await onSync(threadOf(house.child.pid!, thread), 'error=EIO', n);
      const { acknowledged, replies } = await sendAll(`eio-${thread}-${n}`);
      await ended(house.child);
      await strace.detach();
      expect(house.child.exitCode).toBe(1);
      expect(replies.find(r => !r.startsWith('250'))).toMatch(/^451 4\.3\.0 /);
      expect(house.output.join('\n')).toMatch(/the disk failed, the process ends: /);
      expect(logText()).toContain('"event":"the disk failed, the process ends"');
      await house.restart();
      const { ids } = await maildrop(house.ports.pop3);
      expect(acknowledged.filter(id => !ids.has(id))).toEqual([]);
    });

  straced('under the supervisor: the daemon is started again', { timeout: 180_000 }, async () => {
    const three = await startHouse({ env });
    await three.addUser(ann, password);
    const daemon = await processOf(three, 'daemon/main.ts');
    const strace = await onSync(threadOf(daemon, 'store-writer'), 'error=EIO', 1);
    expect(await sendOne(three.ports.smtp, 'failed', 3_000)).toMatch(/^451 4\.3\.0 /);
    await until('the next daemon', async () => (await sendOne(three.ports.smtp, 'later', 3_000)).startsWith('250'));
    await strace.detach();
    expect(await processOf(three, 'daemon/main.ts')).not.toBe(daemon);
    expect((await maildrop(three.ports.pop3)).ids).toEqual(new Set(['later']));
    await three.remove();
  });
});
