import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSettings } from '../daemon/config.ts';
import { openRelay } from '../fetcher/odmr/door.ts';
import { type House, startHouse } from './harness.ts';
import { openTalk, popMessages } from './mail-talk.ts';
import { formOf, signIn } from './site-talk.ts';

/** A load balancer on this very machine: all who come from its address begin with a PROXY header. */

const password = 'correct horse 1';
let house: House;
beforeAll(async () => {
  house = await startHouse({ set: { host_domain: 'us.test', proxy_protocol_ip: '127.0.0.0/8', undo_send: 0 } });
  for (const name of ['ann', 'bob']) await house.addUser(`${name}@us.test`, password);
}, 180_000);
afterAll(() => house?.remove());

const subjects = async () =>
  (await popMessages(house.ports.pop3, 'bob@us.test', password, { remove: true })).map(
    m => /^Subject: (.*?)\r$/m.exec(m.toString())?.[1],
  );

test('the sendmail command, the webmail and scripts come through beside it', async () => {
  const letter = 'From: ann@us.test\nTo: bob@us.test\nSubject: by command\n\nx\n';
  expect(await house.cli(['sendmail', '-f', 'ann@us.test', 'bob@us.test'], letter)).toMatchObject({ code: 0 });
  const site = await signIn(`http://127.0.0.1:${house.ports.http}`, 'ann', password);
  const form = formOf((await site.get('/compose?to=bob@us.test&subject=by+site')).text);
  expect((await site.postMultipart('/drafts/submissions', { ...form, text: 'x' })).status).toBe(303);
  expect((await subjects()).sort()).toEqual(['by command', 'by site']);
  const script = join(house.data, 'who.msc');
  writeFileSync(script, 'MAIL FROM:<>\nRCPT TO:<bob@us.test>\n');
  expect(await house.cli(['tellsmtp', script])).toMatchObject({ code: 0 });
});

test('a connection turned by ATRN reaches the relay listener, as whom it is from', async () => {
  const set = house.flags.filter(f => f !== '--set');
  const { settings } = loadSettings({ config: null, set });
  const serviceKey = readFileSync(join(house.data, 'service.key'), 'utf8').trim();
  const socket = await openRelay({ settings, serviceKey, client: '192.0.2.9', timeout: 10_000 });
  expect(String(socket.read())).toMatch(/^220 us\.test/);
  // Whose connection it is now is nobody of ours, whatever it says.
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  for (const [said, heard] of [
    [`XCWMAIL ${serviceKey}`, /^550 5\.7\.0 /],
    ['XCLIENT ADDR=127.0.0.1', /^550 5\.7\.0 /],
    ['STARTTLS', /^500 /],
    ['HELO isp.test', /^250 /],
    ['MAIL FROM:<>', /^250 /],
    ['RCPT TO:<eve@far.test>', /^550 5\.7\.1 /],
  ] as const) {
    socket.write(`${said}\r\n`);
    expect([said, (await answers.next()).value]).toEqual([said, expect.stringMatching(heard)]);
  }
  socket.destroy();
});

test('without its header nobody is greeted', async () => {
  const talk = await openTalk(house.ports.smtp);
  talk.socket.write('EHLO x.test\r\n');
  expect(await talk.reply()).toBe('000 closed');
});
