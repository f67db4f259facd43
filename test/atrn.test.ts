import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePorts, type House, startHouse, until } from './harness.ts';
import { popMessages, sendRaw } from './mail-talk.ts';
import { type Dialogue, openDialogue, plain } from './smtp-dialogue.ts';

const password = 'correct horse 1';
const secret = 'a long enough secret';

/** Two houses: an ISP that parks, and an office that calls for its mail. */
let isp: House;
let odmr: number;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cwmail-atrn-'));
  writeFileSync(join(folder, 'secret'), `${secret}\n`);
  [odmr] = (await freePorts(1)) as [number];
  isp = await startHouse({
    set: { odmr_port: odmr, etrn_ip: '127.0.0.1' },
    lines: [
      'relay_to=office.test,branch.test,other.test',
      'suspend_domain=office.test,branch.test,other.test',
      `odmr=office.test,branch.test office@localhost secret_file=${join(folder, 'secret')}`,
    ],
  });
  await isp.addUser('office@localhost', password);
  await isp.addUser('ann@localhost', password);
});
afterAll(() => isp.remove());

const letter = (n: number) => Buffer.from(`Subject: letter ${n}\r\n\r\n..dot\r\nbody ${n}\r\n.\r\n`);
const send = (to: string, n = 0) => sendRaw(isp.ports.smtp, { from: 'eve@far.test', to: [to], data: letter(n) });
const queued = async () =>
  JSON.parse((await isp.cli(['queue', 'list', '--json'])).stdout) as { recipient: string; state: string }[];

async function greeted(port = odmr): Promise<Dialogue> {
  const d = await openDialogue(port);
  expect(await d.hear()).toMatch(/^220 /);
  await d.say('EHLO office.test');
  return d;
}

async function signedIn(who = 'office@localhost'): Promise<Dialogue> {
  const d = await greeted();
  expect(await d.say(plain(who, password))).toMatch(/^235 /);
  return d;
}

/** What the other side says next, as the SMTP server we are now: one command line. */
function commands(d: Dialogue) {
  let text = '';
  let wake = () => {};
  d.socket.removeAllListeners('data');
  d.socket.on('data', chunk => {
    text += chunk.toString('latin1');
    wake();
  });
  d.socket.on('close', () => wake());
  return {
    async line(): Promise<string> {
      for (;;) {
        const end = text.indexOf('\r\n');
        if (end >= 0) {
          const line = text.slice(0, end);
          text = text.slice(end + 2);
          return line;
        }
        if (d.socket.destroyed) return '(end)';
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
    },
    answer: (line: string) => d.socket.write(`${line}\r\n`),
  };
}

describe('ATRN', () => {
  beforeEach(async () => {
    await isp.cli(['queue', 'delete', '--all']);
  });

  test('odmr_port offers ATRN, and does nothing but that', async () => {
    const d = await openDialogue(odmr);
    expect(await d.hear()).toBe('220 localhost ESMTP');
    const offer = await d.say('EHLO office.test');
    expect(offer).toContain('ATRN');
    expect(offer).toContain('CRAM-MD5');
    for (const verb of ['MAIL FROM:<a@b.test>', 'VRFY ann', 'ETRN office.test'])
      expect(await d.say(verb)).toMatch(/^502 /);
    expect(await d.say('ATRN')).toMatch(/^530 5\.7\.0 /);
    expect(await d.say('ATRN office.test')).toMatch(/^530 /);
    d.close();
  });

  test('ATRN refuses what is not kept for the account, and says when there is nothing', async () => {
    await send('x@other.test');
    const stranger = await signedIn('ann@localhost');
    expect(await stranger.say('ATRN')).toMatch(/^450 4\.7\.1 /);
    expect(await stranger.say('ATRN office.test')).toMatch(/^450 /);
    const d = await signedIn();
    expect(await d.say('ATRN office.test,other.test')).toMatch(/^450 /);
    expect(await d.say('ATRN ,')).toMatch(/^501 /);
    expect(await d.say('ATRN')).toMatch(/^453 4\.0\.0 You have no mail$/);
    expect(await d.say('ATRN branch.test')).toMatch(/^453 /);
    for (const one of [stranger, d]) one.close();
  });

  test('ATRN gives nothing to who was let in by a password that is another now', async () => {
    await isp.addUser('road@localhost', password);
    const d = await signedIn('road@localhost');
    expect(await d.say('ATRN')).toMatch(/^450 /);
    await isp.cli(['user', 'passwd', 'road@localhost', '--password-stdin'], 'correct horse 2\n');
    expect(await d.say('ATRN')).toMatch(/^421 4\.7\.0 .*sign in again/);
    d.close();
  });

  test('ATRN turns the connection round: the mail comes down it, and QUIT', async () => {
    await send('a@office.test', 1);
    await send('b@branch.test', 2);
    const d = await signedIn();
    expect(await d.say('ATRN')).toBe('250 OK now reversing the connection');
    const isp = commands(d);
    isp.answer('220 office.test ready to receive email');
    expect(await isp.line()).toBe('EHLO localhost');
    isp.answer('250-office.test\r\n250 SIZE');
    const got: string[] = [];
    for (let n = 0; n < 2; n++) {
      expect(await isp.line()).toMatch(/^MAIL FROM:<eve@far\.test>/);
      isp.answer('250 Ok');
      got.push(await isp.line());
      isp.answer('250 Ok');
      expect(await isp.line()).toBe('DATA');
      isp.answer('354 Go on');
      for (let line = ''; line !== '.'; line = await isp.line()) if (/^\.\.dot|^body/.test(line)) got.push(line);
      isp.answer('250 Taken');
    }
    expect(await isp.line()).toBe('QUIT');
    isp.answer('221 Bye');
    expect(await isp.line()).toBe('(end)');
    expect(got).toEqual(['RCPT TO:<a@office.test>', '..dot', 'body 1', 'RCPT TO:<b@branch.test>', '..dot', 'body 2']);
    await until('both are gone', async () => (await queued()).length === 0);
  });

  test('ATRN is not taken with anything behind it', async () => {
    await send('a@office.test');
    for (const together of ['ATRN\r\n220 injected\r\n', 'ATRN\r\n2', 'NOOP\r\nATRN\r\nNOOP\r\n']) {
      const d = await signedIn();
      d.socket.write(together);
      const answers = [await d.hear(), ...(together.startsWith('NOOP') ? [await d.hear()] : [])];
      expect(answers.at(-1)).toMatch(/^503 5\.5\.0 Nothing may follow ATRN/);
      d.close();
    }
    expect(await queued()).toEqual([expect.objectContaining({ recipient: 'a@office.test', state: 'held' })]);
  });

  test('ATRN loses nothing when the line drops in the middle, and the next call has it all', async () => {
    for (let n = 0; n < 3; n++) await send(`a${n}@office.test`, n);
    const d = await signedIn();
    await d.say('ATRN office.test');
    const side = commands(d);
    side.answer('220 office.test');
    await side.line();
    side.answer('250 office.test');
    await side.line();
    d.socket.destroy();
    await until('all are parked again', async () => (await queued()).filter(q => q.state === 'held').length === 3);
    const again = await signedIn();
    expect(await again.say('ATRN office.test')).toMatch(/^250 /);
    again.close();
    await until('all are parked again', async () => (await queued()).filter(q => q.state === 'held').length === 3);
  });

  test('AUTH CRAM-MD5 takes the secret of the odmr line there, and is no way to send', async () => {
    await send('a@office.test');
    const cram = async (d: Dialogue, name: string, with_: string) => {
      const challenge = Buffer.from((await d.say('AUTH CRAM-MD5')).slice(4), 'base64').toString();
      const digest = createHmac('md5', with_).update(challenge).digest('hex');
      return await d.say(Buffer.from(`${name} ${digest}`).toString('base64'));
    };
    const d = await greeted();
    expect(await cram(d, 'office@localhost', 'wrong')).toMatch(/^535 /);
    expect(await cram(d, 'ann@localhost', secret)).toMatch(/^535 /);
    expect(await cram(d, 'office', secret)).toMatch(/^235 /);
    for (const verb of [
      'MAIL FROM:<office@localhost>',
      'RCPT TO:<ann@localhost>',
      'DATA',
      'mail from:<>',
      'XCLIENT ADDR=1.2.3.4',
    ])
      expect(await d.say(verb)).toMatch(/^502 /);
    expect(await d.say('ATRN')).toMatch(/^250 /);
    d.close();
    const other = await greeted(isp.ports.submission);
    expect(await other.say('AUTH CRAM-MD5')).toMatch(/^50/);
    other.close();
  });

  test('ATRN under TLS goes on under it', async () => {
    await send('a@office.test');
    const d = await openDialogue(isp.ports.submission);
    await d.hear();
    await d.startTls();
    await d.say(plain('office@localhost', password));
    expect(await d.say('EHLO x')).toContain('ATRN');
    expect(await d.say('ATRN office.test')).toMatch(/^250 /);
    const side = commands(d);
    side.answer('220 office.test');
    expect(await side.line()).toBe('EHLO localhost');
    side.answer('250-office.test\r\n250 STARTTLS');
    // Once is enough.
    expect(await side.line()).toMatch(/^MAIL /);
    d.close();
  });

  test('kill -9 in a turned session loses nothing', async () => {
    for (let n = 0; n < 5; n++) await send(`k${n}@office.test`, n);
    const d = await signedIn();
    await d.say('ATRN');
    const side = commands(d);
    side.answer('220 office.test');
    await side.line();
    side.answer('250 office.test');
    await side.line();
    await isp.kill();
    await isp.restart();
    const left = await queued();
    expect(left.map(q => [q.recipient, q.state])).toEqual([0, 1, 2, 3, 4].map(n => [`k${n}@office.test`, 'held']));
  });
});

describe('fetch odmr', () => {
  test('fetch by odmr takes the parked mail into the mailboxes here, as from the provider', async () => {
    await isp.cli(['queue', 'delete', '--all']);
    // CRAM-MD5 is on offer, and is chosen where there is no TLS.
    writeFileSync(join(folder, 'password'), `${secret}\n`);
    const office = await startHouse({
      set: { host_domain: 'office.test,branch.test', online: 'always', ras_timer: '0' },
      lines: [
        `fetch=*@office.test,*@branch.test odmr://office%40localhost@127.0.0.1:${odmr} password_file=${join(folder, 'password')} tls=off every=1h`,
        `etrn_from=127.0.0.1:${isp.ports.smtp}`,
      ],
    });
    try {
      await office.addUser('bob@office.test', password);
      const visit = async () => await office.cli(['fetch', 'now']);
      await until('the first visit is over', async () => /: 0 taken$/m.test((await visit()).stdout));
      for (let n = 0; n < 12; n++) await send('bob@office.test', n);
      await send('nobody@office.test');
      const { stdout } = await visit();
      expect(stdout).toMatch(/office@localhost@127\.0\.0\.1:\d+: 12 taken$/m);
      const mail = await popMessages(office.ports.pop3, 'bob@office.test', password);
      expect(mail).toHaveLength(12);
      expect(mail[3]!.toString()).toContain('\r\n.dot\r\nbody 3\r\n');
      // Whom nobody knows here was refused at our door, and the provider tells the sender.
      expect((await queued()).map(q => q.recipient)).toEqual(['eve@far.test']);
      const asked = await office.cli(['etrn', 'now']);
      expect(asked).toMatchObject({ code: 1 });
      expect(asked.stdout).toMatch(/^127\.0\.0\.1:\d+: office\.test: 458 /m);
    } finally {
      await office.remove();
    }
  });

  test('XCWMAIL is for our own services only, and once a session is a client’s there is no way back', async () => {
    const d = await greeted(isp.ports.smtp);
    expect(await d.say('XCWMAIL wrong')).toMatch(/^550 5\.7\.0 /);
    expect(await d.say('XCLIENT ADDR=192.0.2.1')).toMatch(/^550 /);
    await once(d.socket.end('QUIT\r\n'), 'close');
    const ours = await openDialogue(isp.ports.smtp);
    await ours.hear();
    const key = readFileSync(join(isp.data, 'service.key'), 'utf8').trim();
    expect(await ours.say(`XCWMAIL ${key}`)).toMatch(/^250 /);
    expect(await ours.say('XCLIENT ADDR=192.0.2.1')).toMatch(/^220 /);
    // What loopback may, the provider may not.
    expect(await ours.say('EHLO isp.test')).not.toMatch(/ETRN|XCLIENT|XCWMAIL|STARTTLS/);
    expect(await ours.say(`XCWMAIL ${key}`)).toMatch(/^550 /);
    expect(await ours.say('XCLIENT ADDR=127.0.0.1')).toMatch(/^550 /);
    expect(await ours.say('ETRN office.test')).toMatch(/^459 /);
    ours.close();
  });
});
