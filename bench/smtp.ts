/**
 * SMTP in beside Postfix with a local Maildir, from smtp-source over 20 kept connections, until every message is
 * durable in its mailbox: at our 250 it is; of Postfix's the Maildir is counted.
 */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { startHouse } from '../test/harness.ts';
import { startPostfix } from '../test/postfix.ts';
import { median, perSecond, type Row, times } from './row.ts';

const run = promisify(execFile);
const password = 'correct horse 1';
const rounds = 3;

export async function benchSmtp(): Promise<Row[]> {
  const house = await startHouse();
  await house.addUser('ann@localhost', password);
  const postfix = await startPostfix();
  try {
    const rows: Row[] = [];
    for (const [label, size, count] of [
      ['4 KB', 4096, 2000],
      ['1 MB', 1024 * 1024, 100],
    ] as const) {
      const rates: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
      for (let round = 0; round < rounds; round++) {
        rates.ours.push(await rate(house.ports.smtp, 'ann@localhost', size, count, async () => true));
        const before = (await delivered(postfix.folder)) + count;
        rates.peer.push(
          await rate(postfix.port, 'ann@pf.test', size, count, async () => (await delivered(postfix.folder)) >= before),
        );
      }
      const [ours, peer] = [median(rates.ours), median(rates.peer)];
      rows.push({
        what: `SMTP in, durable in the mailbox, ${label}, 20 connections`,
        ours: perSecond(ours),
        peer: perSecond(peer),
        peerName: 'Postfix, Maildir',
        ratio: times(ours, peer),
      });
    }
    return rows;
  } finally {
    await postfix.close();
    await house.remove();
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
