import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { ann, greeted, maildrop, password, processOf, send, sendOne, startCrowd } from './crash-rig.ts';
import { startHouse, testWith, until } from './harness.ts';

const limited = testWith('prlimit', 'util-linux');

limited('with few descriptors peers are put off, nothing is lost, and nobody dies', { timeout: 180_000 }, async () => {
  const house = await startHouse();
  await house.addUser(ann, password);
  const talk = (await greeted(house.ports.smtp))!;
  expect(await send(talk, 'before', 100_000)).toMatch(/^250 /);
  const daemon = await processOf(house, 'daemon/main.ts');
  const open = () => readdirSync(`/proc/${daemon}/fd`).length;
  const most = open() + 6;
  execFileSync('prlimit', ['--pid', String(daemon), `--nofile=${most}:${most}`]);

  const crowd = Array.from({ length: 40 }, () => connect(house.ports.smtp, '127.0.0.1').on('error', () => {}));
  let greetings = 0;
  for (const socket of crowd) socket.once('data', () => greetings++);
  await until('the descriptors to be used up', () => open() >= most - 1);
  // A file and its folder need some, too.
  const large: string[] = [];
  for (let n = 0; n < 3; n++) large.push(await send(talk, `large-${n}`, 100_000));
  expect(large.filter(reply => !/^(250|451 4\.3\.0) /.test(reply))).toEqual([]);
  expect(large.some(reply => reply.startsWith('451'))).toBe(true);
  const small = await send(talk, 'small', 3_000);
  expect(small).toMatch(/^(250|451 4\.3\.0) /);
  expect(greetings).toBeLessThan(crowd.length);
  for (const socket of crowd) socket.destroy();

  await until('service', async () => (await sendOne(house.ports.smtp, 'after', 100_000)).startsWith('250'));
  expect(await processOf(house, 'daemon/main.ts')).toBe(daemon);
  const taken = [...large.flatMap((reply, n) => (reply.startsWith('250') ? [`large-${n}`] : []))];
  const { ids } = await maildrop(house.ports.pop3);
  expect(ids).toEqual(new Set(['before', 'after', ...taken, ...(small.startsWith('250') ? ['small'] : [])]));
  console.log(
    `${most} descriptors: ${greetings} of ${crowd.length} greeted, ${large.map(r => r.slice(0, 3)).join(' ')}`,
  );
  await house.remove();
});

/** A group of processes that may use so much memory, the cached pages of their files included; null: not here. */
function memoryGroup(megabytes: number): { file: string; kills(): number; remove(): void } | null {
  const old = '/sys/fs/cgroup/memory';
  const base = readable(old) ? old : '/sys/fs/cgroup';
  const folder = `${base}/cwmail-test-${process.pid}`;
  const [limit, events] = base === old ? ['limit_in_bytes', 'oom_control'] : ['max', 'events'];
  try {
    mkdirSync(folder);
    writeFileSync(`${folder}/memory.${limit}`, `${megabytes}M`);
  } catch {
    return null;
  }
  const remove = () => rmdirSync(folder);
  const kills = () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(`${folder}/memory.${events}`, 'utf8'))?.[1] ?? 0);
  return { file: `${folder}/cgroup.procs`, kills, remove };
}

function readable(path: string): boolean {
  try {
    return readdirSync(path).length > 0;
  } catch {
    return false;
  }
}

const probe = memoryGroup(100);
probe?.remove();
const confined = probe
  ? test
  : (name: string, ..._: unknown[]) => test.skip(`${name} (no memory groups here)`, () => {});

confined(
  'with little memory, large mail from many at once is taken and nobody is killed',
  { timeout: 180_000 },
  async () => {
    const group = memoryGroup(250)!;
    const through = ['sh', '-c', `echo $$ >${group.file} && exec "$@"`, 'sh'];
    const house = await startHouse({ single: true, through });
    await house.addUser(ann, password);
    const crowd = startCrowd(house.ports.smtp, 4);
    // 10 × 10 MB at the same time, and lines that want care.
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, n) => sendOne(house.ports.smtp, `large-${n}`, 10_000_000)),
    );
    await crowd.stop();
    expect(replies.filter(reply => !/^(250|452) /.test(reply))).toEqual([]);
    const { ids } = await maildrop(house.ports.pop3);
    const taken = replies.flatMap((reply, n) => (reply.startsWith('250') ? [`large-${n}`] : []));
    expect([...crowd.acknowledged, ...taken].filter(id => !ids.has(id))).toEqual([]);
    console.log(`250 MB: ${taken.length} of 10 large ones and ${crowd.acknowledged.size} others taken`);
    expect(group.kills()).toBe(0);
    expect(await house.stop()).toBe(0);
    await house.remove();
    group.remove();
  },
);
