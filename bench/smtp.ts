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
import { median, perSecond, type Row, times } from './row.ts';

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
    await rate(house.ports.smtp, 'ann@localhost', 4096, 10_000, searchable);
    await rate(postfix.port, 'ann@pf.test', 4096, 500, async () => true);
    for (const [label, size, count] of sizes) {
      const rates: Record<'ours' | 'found' | 'peer', number[]> = { ours: [], found: [], peer: [] };
      for (let round = 0; round < rounds; round++) {
        const began = performance.now();
        rates.ours.push(await rate(house.ports.smtp, 'ann@localhost', size, count, async () => true));
        while (!(await searchable())) await new Promise(resolve => setTimeout(resolve, 5));
        rates.found.push((count / (performance.now() - began)) * 1000);
        const before = (await settled(postfix.folder)) + count;
        const all = async () => (await delivered(postfix.folder)) >= before;
        rates.peer.push(await rate(postfix.port, 'ann@pf.test', size, count, all));
      }
      const peer = median(rates.peer);
      for (const [what, ours] of [
        ['durable in the mailbox', median(rates.ours)],
        ['and found by search', median(rates.found)],
      ] as const)
        rows.push({
          what: `SMTP in, ${what}, ${label}, 20 connections`,
          ours: perSecond(ours),
          peer: perSecond(peer),
          peerName: 'Postfix, Maildir',
          ratio: times(ours, peer),
        });
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

async function rate(
  port: number,
  to: string,
  size: number,
  count: number,
  done: () => Promise<boolean>,
): Promise<number> {
  const began = performance.now();
  await run('smtp-source', [
    '-d',
    '-s',
    '20',
    '-m',
    String(count),
    '-l',
    String(size),
    '-f',
    'eve@example.net',
    '-t',
    to,
    `127.0.0.1:${port}`,
  ]);
  while (!(await done())) await new Promise(resolve => setTimeout(resolve, 20));
  return (count / (performance.now() - began)) * 1000;
}
