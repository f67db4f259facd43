import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type House, startHouse, until } from './harness.ts';
import { sendRaw } from './mail-talk.ts';
import { signIn } from './site-talk.ts';

const password = 'correct horse battery';
let house: House;

beforeAll(async () => {
  // Off line what leaves is parked, and can be counted.
  const set = { host_domain: 'us.test', online: 'never', user_max_forwards: 3 };
  house = await startHouse({ single: true, set });
  await house.addUser('ann@us.test', password);
  await house.addUser('bob@us.test', password);
}, 180_000);
afterAll(() => house?.remove());

const receive = async (to: string, subject: string) => {
  const data = Buffer.from(`From: eve@far.test\r\nTo: ${to}\r\nSubject: ${subject}\r\n\r\nhello\r\n.\r\n`);
  expect((await sendRaw(house.ports.smtp, { from: 'eve@far.test', to: [to], data })).at(-1)).toMatch(/^250 /);
};

test('a flood to somebody who has it sent on ends in their mailbox, and the page and the log say so', async () => {
  await house.cli(['user', 'forward', 'ann@us.test', 'one@far.test', 'two@far.test']);
  for (let i = 1; i <= 4; i++) await receive('ann@us.test', `flood ${i}`);
  const site = await signIn(`http://127.0.0.1:${house.ports.http}`, 'ann', password);
  const list = async () => (await site.get('/mail/inbox')).text;
  await until('the last of it', async () => (await list()).includes('flood 4'));
  // The first went to both, the second to one of them and so is here too, and the others are here alone.
  expect((await list()).match(/class="row[ "]/g)).toHaveLength(3);
  expect(await list()).not.toContain('flood 1');
  const queue = JSON.parse((await house.cli(['queue', 'list', '--json'])).stdout) as { recipient: string }[];
  expect(queue.map(d => d.recipient).toSorted()).toEqual(['one@far.test', 'one@far.test', 'two@far.test']);
  expect((await site.get('/settings/forwarding')).text).toMatch(
    /Since [^<]* 5 copies were not sent on, and the messages stayed here: at most 3 go in an hour\./,
  );
  const log = readFileSync(join(house.data, 'log', 'cwmail.log'), 'utf8');
  expect(log.match(/mail of ann@us\.test stays here: more than 3 an hour/g)).toHaveLength(1);
  // Of others nothing is said, and they have a limit of their own.
  await house.cli(['user', 'forward', 'bob@us.test', 'bob@far.test']);
  await receive('bob@us.test', 'not a flood');
  const bob = await signIn(`http://127.0.0.1:${house.ports.http}`, 'bob', password);
  expect((await bob.get('/mail/inbox')).text).not.toContain('not a flood');
  expect((await bob.get('/settings/forwarding')).text).not.toContain('were not sent on');
}, 180_000);
