import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ann,
  ask,
  contentOf,
  greeted,
  maildrop,
  ownDisk,
  password,
  powerSwitch,
  send,
  sendOne,
  smallDisk,
  startCrowd,
  testWithDisk,
} from './crash-rig.ts';
import { type House, startHouse, until } from './harness.ts';
import { popMessages } from './mail-talk.ts';
import { signIn } from './site-talk.ts';
import { playTalk } from './talk.ts';

const MB = 1024 * 1024;
/** How often the power is cut, in each of two ways. */
const cuts = Number(process.env.POWER_CUTS ?? 10);
const patience = { timeout: 18_000 * Math.max(cuts, 10) };

describe('a power cut', () => {
  const cut = testWithDisk(ownDisk);

  cut(`right after each of ${cuts} acknowledged messages loses none`, patience, async () => {
    const disk = ownDisk(96);
    const house = await startHouse({ data: disk.path, single: true });
    await house.addUser(ann, password);
    const acknowledged: string[] = [];
    for (let n = 1; n <= cuts; n++) {
      const power = await powerSwitch(disk.path);
      // Every second one is larger than a row: a file, its name and its folder must outlast the cut too.
      const reply = await sendOne(house.ports.smtp, `cut-${n}`, n % 2 ? 3_000 : 100_000);
      await power.cut();
      expect(reply).toMatch(/^250 /);
      acknowledged.push(`cut-${n}`);
      await house.kill();
      disk.remount();
      await house.restart();
      const { ids, copies } = await maildrop(house.ports.pop3);
      expect({ lost: acknowledged.filter(id => !ids.has(id)), copies }).toEqual({ lost: [], copies: 0 });
    }
    console.log(`${acknowledged.length} power cuts, ${acknowledged.length} acknowledged, 0 lost`);

    // QUIT's +OK is such a promise too.
    const power = await powerSwitch(disk.path);
    await popMessages(house.ports.pop3, ann, password, { remove: true });
    await power.cut();
    await house.kill();
    disk.remount();
    await house.restart();
    expect((await maildrop(house.ports.pop3)).ids.size).toBe(0);
    await house.kill();
    disk.remove();
  });
});

describe('power cuts at random', () => {
  const cut = testWithDisk(ownDisk);

  cut('under load lose nothing acknowledged, and the store stays sound', patience, async () => {
    const disk = ownDisk(Math.max(256, 26 * cuts));
    const house = await startHouse({ data: disk.path, single: true });
    await house.addUser(ann, password);
    const crowd = startCrowd(house.ports.smtp, 4);
    for (let round = 0; round < cuts; round++) {
      const before = crowd.acknowledged.size;
      await until('the load to go on', () => crowd.acknowledged.size > before + 5, 20_000);
      const power = await powerSwitch(disk.path);
      await new Promise(resolve => setTimeout(resolve, Math.random() * 200));
      // The kernel may answer a sync that was under way as if all were well. With the power the processes go, too:
      // what nobody had heard by now, nobody hears.
      house.child.kill('SIGSTOP');
      await power.cut();
      await house.kill();
      disk.remount();
      await house.restart();
    }
    await crowd.stop();
    const { ids, copies } = await maildrop(house.ports.pop3);
    const lost = [...crowd.acknowledged].filter(id => !ids.has(id));
    console.log(`${cuts} power cuts, ${crowd.acknowledged.size} acknowledged, ${lost.length} lost, ${copies} twice`);
    expect(lost).toEqual([]);
    expect(copies).toBeLessThanOrEqual(crowd.unanswered());
    expect(ask(house, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    await house.kill();
    disk.remove();
  });
});

describe('a full disk', () => {
  const filled = testWithDisk(smallDisk);
  const free = (path: string) => {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  };
  const fill = (disk: string, leave: number) => {
    try {
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(free(disk) - leave));
    } catch (error) {
      // The house took some of it meanwhile, for the words of the last message say: the disk is as full as it gets.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  };

  filled('is 452, while mail is read and removed, and is over when there is room', { timeout: 180_000 }, async () => {
    const disk = smallDisk(64);
    const house = await startHouse({ data: disk.path });
    await house.addUser(ann, password);
    expect(await sendOne(house.ports.smtp, 'before', 3_000)).toMatch(/^250 /);
    expect(await sendOne(house.ports.smtp, 'large', 100_000)).toMatch(/^250 /);

    fill(disk.path, 20 * MB);
    // The door looks at the disk once a second.
    await new Promise(resolve => setTimeout(resolve, 1100));
    // It would not fit, and nobody said how large it is: the disk is full in the middle.
    expect(await sendOne(house.ports.smtp, 'too much', 30 * MB)).toMatch(/^452 4\.3\.1 /);
    rmSync(join(disk.path, 'ballast'));

    fill(disk.path, 0);
    await until('452 at MAIL', async () => {
      const talk = await greeted(house.ports.smtp);
      const reply = await talk!.ask('MAIL FROM:<eve@example.net>');
      talk!.socket.destroy();
      return reply.startsWith('452 4.3.1 ');
    });
    expect(free(disk.path)).toBe(0);
    expect((await maildrop(house.ports.pop3)).ids).toEqual(new Set(['before', 'large']));
    const site = await signIn(`http://127.0.0.1:${house.ports.http}`, 'ann', password);
    expect((await site.get('/mail/inbox')).status).toBe(200);
    await popMessages(house.ports.pop3, ann, password, { remove: true });
    expect((await maildrop(house.ports.pop3)).ids.size).toBe(0);

    rmSync(join(disk.path, 'ballast'));
    await until('room', async () => (await sendOne(house.ports.smtp, 'after', 3_000)).startsWith('250'));
    expect((await maildrop(house.ports.pop3)).ids).toEqual(new Set(['after']));
    expect(await house.stop()).toBe(0);
    disk.remove();
  });

  filled(
    'that fills up between MAIL and the commit is 452, and nothing is half there',
    { timeout: 180_000 },
    async () => {
      const disk = smallDisk(64);
      const house = await startHouse({ data: disk.path, single: true });
      await house.addUser(ann, password);
      const talk = (await greeted(house.ports.smtp))!;
      expect(await send(talk, 'before', 3_000)).toMatch(/^250 /);
      fill(disk.path, 0);
      const replies: string[] = [];
      // The log of the database has some room of its own: a few may still be taken, and then they are there.
      for (let n = 0; n < 40; n++) {
        for (const command of ['MAIL FROM:<eve@example.net>', `RCPT TO:<${ann}>`]) await talk.ask(command);
        if (!(await talk.ask('DATA')).startsWith('354')) break;
        talk.socket.write(Buffer.concat([contentOf(`n-${n}`, 60_000), Buffer.from('.\r\n')]));
        replies.push(await talk.reply());
      }
      expect(replies.filter(r => !/^(250|452 4\.3\.1) /.test(r))).toEqual([]);
      const taken = replies.flatMap((r, n) => (r.startsWith('250') ? [`n-${n}`] : []));
      expect((await maildrop(house.ports.pop3)).ids).toEqual(new Set(['before', ...taken]));
      await house.kill();
      disk.remove();
    },
  );
});

describe('a file of the store', () => {
  async function houseWithLarge(): Promise<{ house: House; vanish(): void }> {
    const house = await startHouse();
    await house.addUser(ann, password);
    expect(await sendOne(house.ports.smtp, 'large', 100_000)).toMatch(/^250 /);
    expect(await sendOne(house.ports.smtp, 'small', 3_000)).toMatch(/^250 /);
    const content = join(house.data, 'content');
    const vanish = () => {
      for (const folder of readdirSync(content)) rmSync(join(content, folder), { recursive: true });
    };
    return { house, vanish };
  }

  test('that vanished costs its own message only, by POP3 and on the site', async () => {
    const { house, vanish } = await houseWithLarge();
    const site = await signIn(`http://127.0.0.1:${house.ports.http}`, 'ann', password);
    const list = await site.get('/mail/inbox');
    const links = [...new Set([...list.text.matchAll(/href="(\/mail\/inbox\/\d+)/g)].map(m => m[1]!))];
    expect(links).toHaveLength(2);
    vanish();

    const talk = join(house.data, 'vanished.talk');
    writeFileSync(
      talk,
      [
        'S: +OK*',
        'C: USER ann@localhost',
        'S: +OK*',
        `C: PASS ${password}`,
        'S: +OK*',
        'C: RETR 1',
        'S: -ERR *',
        'C: TOP 1 5',
        'S: -ERR *',
        'C: RETR 2',
        'S: +OK*',
        'S: ...',
        'S: X-Id: small.3000',
        'S: ...',
        'S: .',
        'C: DELE 1',
        'S: +OK*',
        'C: QUIT',
        'S: +OK*',
      ].join('\n'),
    );
    const statuses: number[] = [];
    for (const link of links) statuses.push((await site.get(link)).status);
    console.log(`site: ${links.map((l, i) => `${l} ${statuses[i]}`).join(', ')}`);
    expect(statuses.filter(s => s === 200)).not.toEqual([]);
    expect((await site.get('/mail/inbox')).status).toBe(200);
    await playTalk(talk, { host: '127.0.0.1', port: house.ports.pop3 });
    expect((await maildrop(house.ports.pop3)).ids).toEqual(new Set(['small']));
    await house.remove();
  });

  test.each([
    ['three processes', false],
    ['--single', true],
  ])('cwmail.db that is damaged is named at the start of %s, which ends with 1', async (_, single) => {
    const house = await startHouse({ single });
    await house.stop();
    const file = join(house.data, 'cwmail.db');
    for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    writeFileSync(file, 'this was a database once\n'.repeat(1000));
    await expect(house.restart()).rejects.toThrow(/^ended with 1:/);
    const said = house.output.join('\n');
    expect(said).toContain(`The mail store ${file} is damaged (`);
    expect(said).not.toMatch(/^\s+at /m);
    expect(house.output).toHaveLength(1);
    const check = await house.cli(['user', 'list']);
    expect(check).toMatchObject({ code: 1, stdout: '' });
    expect(check.stderr).toContain(`The mail store ${file} is damaged (`);
    expect(check.stderr).not.toMatch(/^\s+at /m);
    await house.remove();
  });
});
