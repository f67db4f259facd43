import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts, type House, startHouse, until } from './harness.ts';
import { popMessages, sendMany } from './mail-talk.ts';

const password = 'correct horse 1';
const count = 200;

let isp: House;
let office: House;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cwmail-atrn-'));
  writeFileSync(join(folder, 'password'), password);
  const [odmr] = (await freePorts(1)) as [number];
  isp = await startHouse({
    set: { odmr_port: odmr },
    lines: ['relay_to=office.test', 'suspend_domain=office.test', 'odmr=office.test office@localhost'],
  });
  await isp.addUser('office@localhost', password);
  office = await startHouse({
    set: { host_domain: 'office.test', online: 'always' },
    lines: [
      `fetch=*@office.test odmr://office%40localhost@127.0.0.1:${odmr} password_file=${join(folder, 'password')} tls=off every=1h`,
    ],
  });
  await office.addUser('bob@office.test', password);
  // The visit every start begins with, so that the next is ours.
  await office.cli(['fetch', 'now']);
});
afterAll(async () => {
  await Promise.all([isp.remove(), office.remove()]);
  rmSync(folder, { recursive: true });
});

const left = async (): Promise<number> => {
  const [office] = JSON.parse((await isp.cli(['queue', 'domains', '--json'])).stdout) as {
    parked: number;
    sending: number;
    waiting: number;
  }[];
  return office ? office.parked + office.sending + office.waiting : 0;
};
const taken = async () => {
  const mail = await popMessages(office.ports.pop3, 'bob@office.test', password);
  return mail.map(m => /^Subject: (\d+)/m.exec(m.toString('latin1'))?.[1] ?? '?');
};

test('kill -9 of either end of a turned session loses nothing, and doubles at most what was under way', async () => {
  const one = (n: number) => ({
    from: 'eve@far.test',
    to: ['bob@office.test'],
    data: Buffer.from(`Subject: ${n}\r\n\r\nx\r\n.\r\n`),
  });
  await sendMany(
    isp.ports.smtp,
    Array.from({ length: count }, (_, n) => one(n)),
  );
  expect(await left()).toBe(count);
  let kills = 0;
  for (const victim of [isp, office, isp]) {
    const before = await left();
    if (before === 0) break;
    void office.cli(['fetch', 'now']);
    await until('some went', async () => (await left()) < before);
    await victim.kill();
    kills++;
    await victim.restart();
    // The other end has noticed, and what it had under way lies where it was.
    await until('nothing is under way', async () =>
      /ATRN|"sending": 0|\[\]/.test((await isp.cli(['queue', 'domains', '--json'])).stdout),
    );
  }
  await until(
    'all went',
    async () => {
      await office.cli(['fetch', 'now']);
      return (await left()) === 0;
    },
    60_000,
  );
  const subjects = await taken();
  expect(new Set(subjects)).toEqual(new Set(Array.from({ length: count }, (_, n) => String(n))));
  expect(subjects.length - count).toBeLessThanOrEqual(kills);
  expect(kills).toBeGreaterThan(0);
}, 120_000);
