import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ann, ask, ended, onSync, password, sendOne, threadOf } from './crash-rig.ts';
import { type House, launcher, startHouse, testWith, until } from './harness.ts';
import { popMessages, sendRaw } from './mail-talk.ts';
import { nextHop } from './next-hop.ts';

// What leaves the house, killed at each sync of the thread that commits: between RCPT and 250, before and behind the
// next hop's answer, in the middle of a report, in the middle of a removal.
const straced = testWith('strace', 'strace');

const login = Buffer.from(`\0${ann}\0${password}`).toString('base64');

/** True: it was acknowledged. */
async function submit(house: House, id: string, to: string): Promise<boolean> {
  const data = Buffer.from(`Subject: ${id}\r\n\r\ntext\r\n.\r\n`);
  const replies = await sendRaw(house.ports.submission, { from: ann, to: [to], login, data });
  return replies.at(-1)!.startsWith('250');
}

const subjects = (contents: string[]) => contents.map(c => /^Subject: (\S+)\r$/m.exec(c)?.[1] ?? '');

straced('relay and bounce: killed at the n-th sync, each is tried to its end', { timeout: 150_000 }, async () => {
  const hop = await nextHop({
    answers: {
      RCPT: socket => void socket.write(hop.heard.at(-1)!.includes('bad@') ? '550 5.1.1 No\r\n' : '250 Ok\r\n'),
    },
  });
  const lines = ['online=always', `gateway=* 127.0.0.1:${hop.port}`];
  const house = await startHouse({ single: true, lines });
  await house.addUser(ann, password);
  const relayed: string[] = [];
  const bounced: string[] = [];
  const isEmpty = () => ask(house, 'select 1 from delivery limit 1').length === 0;
  let kills = 0;
  for (let n = 1, killed = true; killed; n++) {
    const strace = await onSync(threadOf(house.child.pid!, 'store-writer'), 'signal=KILL', n);
    const isDead = () => house.child.signalCode !== null;
    if (await submit(house, `good-${n}`, 'good@far.example')) relayed.push(`good-${n}`);
    await until('it to go', () => isDead() || isEmpty());
    if (!isDead() && (await submit(house, `bad-${n}`, 'bad@far.example'))) bounced.push(`bad-${n}`);
    await until('it to be settled', () => isDead() || isEmpty());
    await house.stop();
    await strace.detach();
    killed = house.child.signalCode === 'SIGKILL';
    if (killed) kills++;
    await house.restart();
    await until('the rest to be settled', isEmpty);
  }
  // Behind a refused RCPT that was pipelined with DATA, nothing is what goes.
  const came = subjects(hop.contents.filter(content => content !== ''));
  const copies = came.length - new Set(came).size;
  const reports = (await popMessages(house.ports.pop3, ann, password)).map(m => m.toString());
  // Each report quotes the header of the message that failed.
  const reported = bounced.map(id => reports.filter(r => r.includes(`Subject: ${id}\r\n`)).length);
  console.log(`relay: ${kills} crash points, ${relayed.length} relayed, ${copies} twice, ${bounced.length} bounced`);
  expect(kills).toBeGreaterThanOrEqual(5);
  expect(relayed.filter(id => !came.includes(id))).toEqual([]);
  expect(copies).toBeLessThanOrEqual(kills);
  // A report is made in the transaction that ends its delivery: never lost, never twice.
  expect(reported).toEqual(bounced.map(() => 1));
  await house.remove();
  await hop.close();
});

/** `user del`, whose n-th sync kills it; true: it was. */
async function removalDies(house: House, address: string, n: number): Promise<boolean> {
  const inject = ['-e', 'trace=fsync,fdatasync', '-e', `inject=fsync,fdatasync:signal=KILL:when=${n}`];
  const command = [launcher, 'user', 'del', address, ...house.flags];
  // -D: the child is the command itself.
  const child = spawn('strace', ['-D', ...inject, '-o', '/dev/null', ...command], { stdio: 'ignore', cwd: house.data });
  await ended(child);
  return child.signalCode === 'SIGKILL';
}

straced('user del, killed at the n-th sync, is brought to its end by the next start', async () => {
  const house = await startHouse({ single: true });
  const addresses = Array.from({ length: 8 }, (_, i) => `gone${i + 1}@localhost`);
  for (const address of addresses) {
    await house.addUser(address, password);
    for (const size of [3_000, 100_000]) expect(await sendOne(house.ports.smtp, 'x', size, address)).toMatch(/^250 /);
  }
  // The sweep of a running house would end them at once; without one, each command would mend the log of the store first.
  house.child.kill('SIGSTOP');
  let kills = 0;
  while (await removalDies(house, addresses[kills]!, kills + 1)) kills++;
  const leaving = () => ask(house, 'select 1 from account where address in (select address from retired_address)');
  console.log(`user del: ${kills} crash points, ${leaving().length} broke off`);
  expect(leaving().length).toBeGreaterThanOrEqual(2);
  await house.kill();
  await house.restart();
  await until('the sweep', () => leaving().length === 0, 30_000);
  // Those that were not begun have all their mail still.
  const whole = ask(house, 'select 1 from account').length;
  expect(ask(house, 'select 1 from content')).toHaveLength(2 * whole);
  const files = () => readdirSync(join(house.data, 'content'), { recursive: true, withFileTypes: true });
  const kept = ask(house, 'select 1 from content where file is not null').length;
  await until('their files to go', () => files().filter(f => f.isFile()).length === kept);
  await house.remove();
});
