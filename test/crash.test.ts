import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { ann, type Crowd, ended, maildrop, password, processOf, startCrowd } from './crash-rig.ts';
import { family, type House, startHouse, until } from './harness.ts';
import { openTalk } from './mail-talk.ts';

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
const opensTheStore = async (pid: number) =>
  readdirSync(`/proc/${pid}/fd`).some(fd => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).endsWith('/cwmail.db');
    } catch {
      return false;
    }
  });
const greets = async (port: number) => {
  const talk = await openTalk(port);
  const reply = await talk.reply();
  talk.socket.destroy();
  return reply.startsWith('220');
};

/** Nothing acknowledged is missing, and every id that is there twice was sent twice. */
async function account(house: House, crowd: Crowd) {
  const { ids, copies } = await maildrop(house.ports.pop3);
  const lost = [...crowd.acknowledged].filter(id => !ids.has(id));
  return { acknowledged: crowd.acknowledged.size, lost, duplicates: copies, inFlight: crowd.unanswered() };
}

// Who dies, and how the house comes back: by itself, or by being started again as always.
const deaths: Record<string, (house: House) => Promise<void>> = {
  async daemon(house) {
    process.kill(await processOf(house, 'daemon/main.ts'), 'SIGKILL');
  },
  async supervisor(house) {
    const { child } = house;
    child.kill('SIGKILL');
    await ended(child);
    await house.restart();
  },
  async 'everything at once'(house) {
    await house.kill();
    await house.restart();
  },
};

test('kill -9 of daemon, supervisor or everything under load loses nothing', { timeout: 180_000 }, async () => {
  const house = await startHouse();
  await house.addUser(ann, password);
  const crowd = startCrowd(house.ports.smtp, 6);
  let slowest = 0;
  let kills = 0;
  for (let round = 0; round < 4; round++)
    for (const die of Object.values(deaths)) {
      const before = crowd.acknowledged.size;
      await until('the load to go on', () => crowd.acknowledged.size > before + 10);
      await pause(Math.random() * 300);
      const at = performance.now();
      await die(house);
      kills++;
      await until('service without a hand', () => greets(house.ports.smtp));
      slowest = Math.max(slowest, performance.now() - at);
    }
  await crowd.stop();
  const { acknowledged, lost, duplicates, inFlight } = await account(house, crowd);
  console.log(
    `${kills} kills, ${acknowledged} acknowledged, ${lost.length} lost, ${duplicates} twice of ${inFlight} in flight; back within ${Math.round(slowest)} ms`,
  );
  expect(inFlight).toBeGreaterThan(0);
  expect(lost).toEqual([]);
  expect(duplicates).toBeLessThanOrEqual(inFlight);
  await house.stop();
  const db = new DatabaseSync(join(house.data, 'cwmail.db'));
  expect(db.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  db.close();
  await house.remove();
});

test.each([
  ['three processes', false],
  ['--single', true],
])('SIGTERM under load ends %s within 10 s and loses nothing', { timeout: 180_000 }, async (_, single) => {
  const house = await startHouse({ single });
  await house.addUser(ann, password);
  const crowd = startCrowd(house.ports.smtp, 6);
  await until('a load', () => crowd.acknowledged.size > 30);
  const at = performance.now();
  expect(await house.stop()).toBe(0);
  const took = Math.round(performance.now() - at);
  const before = crowd.acknowledged.size;
  await house.restart();
  await until('the load to go on', () => crowd.acknowledged.size > before);
  await crowd.stop();
  const { acknowledged, lost, duplicates, inFlight } = await account(house, crowd);
  console.log(`ended in ${took} ms; ${acknowledged} acknowledged, ${lost.length} lost, ${duplicates} twice`);
  expect(took).toBeLessThan(10_000);
  expect(lost).toEqual([]);
  expect(duplicates).toBeLessThanOrEqual(inFlight);
  await house.remove();
});

test('supervisor killed at any moment of a start leaves no process behind', { timeout: 180_000 }, async () => {
  const house = await startHouse();
  await house.stop();
  // As soon as there is a process, when it has begun to open what it needs, and when it serves.
  const serves = () => greets(house.ports.smtp);
  for (const moment of [async () => true, opensTheStore, serves]) {
    const starting = house.restart().catch(() => {});
    const daemon = await until('the daemon to begin', () => processOf(house, 'daemon/main.ts').catch(() => null));
    await until('its moment', () => moment(daemon));
    const orphans = (await family(house.child.pid!)).slice(1);
    house.child.kill('SIGKILL');
    await starting;
    await until('its children to end', () => orphans.every(pid => !existsSync(`/proc/${pid}`)), 5000);
  }
  await house.restart();
  expect(await greets(house.ports.smtp)).toBe(true);
  await house.remove();
});
