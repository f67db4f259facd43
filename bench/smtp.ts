/**
 * SMTP in beside Postfix with a local Maildir, from smtp-source over 20 kept connections, until every message is
 * durable in its mailbox: at our 250 it is; of Postfix's the Maildir is counted. Our index follows behind: how long
 * it takes until search finds every message too stands in a row of its own, and Postfix starts when it is done.
 */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { openStore } from '../daemon/store.ts';
import { startHouse } from '../test/harness.ts';
import { startPostfix } from '../test/postfix.ts';
import { compared, masterOf, stopwatch, type Taken } from './processor.ts';
import type { Row } from './row.ts';

const run = promisify(execFile);
const password = 'correct horse 1';
const rounds = 3;
const sizes = [
  ['4 KB', 4096, 2000],
  ['1 MB', 1024 * 1024, 100],
] as const;

export async function benchSmtp(): Promise<Row[]> {
  const house = await startHouse();
  await house.addUser('ann@localhost', password);
  const fatal = (error: Error) => {
    throw error;
  };
  const store = await openStore({ path: house.data, writer: 'inline', fatal, indexes: false });
  const searchable = async () => (await store.search.behind()) === 0;
  const postfix = await startPostfix();
  try {
    const rows: Row[] = [];
    // Both are measured warm, as a server that has been up for a while: code compiled, processes forked.
    await send(house.ports.smtp, 'ann@localhost', 4096, 10_000);
    await when(searchable);
    await send(postfix.port, 'ann@pf.test', 4096, 500);
    await settled(postfix.folder);
    const processes = { ours: house.child.pid!, peer: await masterOf(postfix.conf) };
    for (const [label, size, count] of sizes) {
      const taken: Record<'ours' | 'found' | 'peer', Taken[]> = { ours: [], found: [], peer: [] };
      for (let round = 0; round < rounds; round++) {
        const ours = await stopwatch(processes.ours, count);
        await send(house.ports.smtp, 'ann@localhost', size, count);
        taken.ours.push(await ours());
        await when(searchable);
        taken.found.push(await ours());
        const before = (await settled(postfix.folder)) + count;
        const peer = await stopwatch(processes.peer, count);
        await send(postfix.port, 'ann@pf.test', size, count);
        await when(async () => (await delivered(postfix.folder)) >= before);
        taken.peer.push(await peer());
      }
      for (const [what, ours] of [
        ['durable in the mailbox', taken.ours],
        ['and found by search', taken.found],
      ] as const)
        rows.push(...compared(`SMTP in, ${what}, ${label}, 20 connections`, 'Postfix, Maildir', ours, taken.peer));
    }
    return rows;
  } finally {
    await postfix.close();
    await store.close();
    await house.remove();
  }
}

/** What Postfix has under way is filed first. */
async function settled(folder: string): Promise<number> {
  for (let before = -1, now = await delivered(folder); ; before = now, now = await delivered(folder)) {
    if (now === before) return now;
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}

const delivered = async (folder: string): Promise<number> => (await readdir(folder).catch(() => [])).length;

async function when(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise(resolve => setTimeout(resolve, 10));
}

async function send(port: number, to: string, size: number, count: number): Promise<void> {
  const flags = ['-d', '-s', '20', '-m', String(count), '-l', String(size), '-f', 'eve@example.net', '-t', to];
  await run('smtp-source', [...flags, `127.0.0.1:${port}`]);
}
