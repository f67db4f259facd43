import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hashPassword } from '../daemon/auth.ts';
import { openStore } from '../daemon/store.ts';
import { localhost } from './certificate.ts';
import { runCommand } from './commands.ts';
import { type House, startHouse, testWith, until } from './harness.ts';
import { popMessages } from './mail-talk.ts';
import { hasPostfix, startPostfix } from './postfix.ts';

/** Real clients send; what lies in the mailbox afterwards is what counts. */

const password = 'correct horse 1';
let house: House;
let folder: string;
let ca: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cwmail-smtp-clients-'));
  ca = join(folder, 'cert.pem');
  writeFileSync(ca, localhost.cert);
  writeFileSync(join(folder, 'key.pem'), localhost.key);
  const set = { tls_cert: ca, tls_key: join(folder, 'key.pem') };
  house = await startHouse({ set, lines: ['alias=grün@localhost ann@localhost'] });
  await house.addUser('ann@localhost', password);
  await house.addUser('bob@localhost', password);
}, 180_000);
afterAll(async () => {
  await house?.remove();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  for (const user of ['ann', 'bob']) await inbox(user);
});

const inbox = async (user: string) =>
  (await popMessages(house.ports.pop3, `${user}@localhost`, password, { remove: true })).map(m => m.toString('latin1'));
const only = async (user: string) => {
  const messages = await inbox(user);
  expect(messages).toHaveLength(1);
  return messages[0] ?? '';
};
const bodyOf = (message: string) => message.slice(message.indexOf('\r\n\r\n') + 4);
const file = (name: string, text: string | Buffer) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const slow = 60_000;

/** With what clients get wrong: dots, 8-bit, an empty line at the end. */
const body = '.\r\n..\r\n.dot\r\nGr\u00fc\u00dfe \u{1f600}\r\n\r\n';
const letter = (to: string, subject: string) =>
  Buffer.from(
    `From: Bob <bob@localhost>\r\nTo: ${to}\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${body}`,
  );
const octets = Buffer.from(body).toString('latin1');

describe('swaks', () => {
  const swaks = (port: number, ...args: string[]) =>
    runCommand('swaks', ['--server', `127.0.0.1:${port}`, '--from', 'bob@localhost', '--to', 'ann@localhost', ...args]);
  const peer = () => house.ports.smtp;
  const submission = () => house.ports.submission;
  const login = (how: string) => ['--auth', how, '--auth-user', 'bob@localhost', '--auth-password', password];
  // What it sends with, and how our Received names it (RFC 3848).
  const rows: [string, () => number, () => string[], string][] = [
    ['plain', peer, () => [], 'ESMTP'],
    ['with HELO', peer, () => ['--protocol', 'SMTP'], 'SMTP'],
    ['under TLS that verifies', peer, () => ['-tls', '--tls-verify', '--tls-ca-path', ca], 'ESMTPS'],
    ['pipelined', peer, () => ['--pipeline'], 'ESMTP'],
    ['pipelined under TLS', peer, () => ['--pipeline', '-tls'], 'ESMTPS'],
    ['signed in by PLAIN', submission, () => login('PLAIN'), 'ESMTPA'],
    ['signed in by LOGIN', submission, () => login('LOGIN'), 'ESMTPA'],
    ['signed in by PLAIN under TLS', submission, () => ['-tls', ...login('PLAIN')], 'ESMTPSA'],
    ['signed in by LOGIN under TLS, pipelined', submission, () => ['-tls', '--pipeline', ...login('LOGIN')], 'ESMTPSA'],
  ];
  for (const [how, port, args, protocol] of rows)
    testWith('swaks', 'swaks')(`swaks delivers ${how}`, async () => {
      const { code, out, err } = await swaks(
        port(),
        ...args(),
        '--header',
        `Subject: ${how}`,
        '--body',
        '.one\n..two\n',
      );
      expect(`${code} ${err}`, out).toBe('0 ');
      const message = await only('ann');
      expect(message).toContain(`\r\nSubject: ${how}\r\n`);
      expect(message).toMatch(new RegExp(`by localhost with ${protocol} id `));
      expect(bodyOf(message).trimEnd()).toBe('.one\r\n..two');
    });

  for (const pipelined of [[], ['--pipeline']])
    testWith('swaks', 'swaks')(
      `swaks${pipelined.map(p => ` ${p}`)} delivers to the one of two recipients that is known`,
      async () => {
        const { out } = await swaks(
          peer(),
          ...pipelined,
          '--to',
          'nobody-here@localhost,ann@localhost',
          '--body',
          'two',
        );
        expect(out).toMatch(/<\*\* 550 5\.1\.1 /);
        expect(out).toMatch(/<- {2}250 2\.\d\.\d OK: accepted/);
        expect(bodyOf(await only('ann')).trimEnd()).toBe('two');
      },
    );

  testWith('swaks', 'swaks')(
    'swaks is refused with a wrong password, without one, and when it wants to relay',
    async () => {
      const wrong = ['--auth', 'PLAIN', '--auth-user', 'bob@localhost', '--auth-password', 'not this'];
      expect((await swaks(submission(), ...wrong)).out).toMatch(/<\*\* 535 5\.7\.8 /);
      expect((await swaks(submission())).out).toMatch(/<\*\* 530 5\.7\.0 /);
      expect((await swaks(peer(), '--to', 'x@elsewhere.example')).out).toMatch(/<\*\* 550 5\.7\.1 /);
      expect((await swaks(submission(), ...login('PLAIN'), '--from', 'ann@localhost')).out).toMatch(
        /<\*\* 550 5\.7\.1 /,
      );
      expect(await inbox('ann')).toEqual([]);
    },
  );
});

describe('curl and msmtp', () => {
  testWith('curl', 'curl')('curl submits a file under STARTTLS that verifies, octet by octet', async () => {
    const upload = file('curl.eml', letter('ann@localhost', 'by curl'));
    const where = `smtp://localhost:${house.ports.submission}/client.example`;
    const envelope = ['--mail-from', 'bob@localhost', '--mail-rcpt', 'ann@localhost', '--mail-rcpt', 'bob@localhost'];
    const tls = ['--ssl-reqd', '--cacert', ca, '--user', `bob@localhost:${password}`];
    const { code, err } = await runCommand('curl', ['-sS', '-4', where, ...envelope, ...tls, '-T', upload]);
    expect([code, err]).toEqual([0, '']);
    for (const user of ['ann', 'bob']) {
      const message = await only(user);
      expect(message).toMatch(/from client\.example \(\[127\.0\.0\.1\]\)\r\n\tby localhost with ESMTPSA id /);
      expect(bodyOf(message)).toBe(octets);
    }
  });

  const msmtp = (args: string[], input: Buffer | string) => {
    const config = file(
      'msmtprc',
      `account default\nhost localhost\nport ${house.ports.submission}\nfrom bob@localhost\nauth on\nuser bob@localhost\npassword ${password}\ntls on\ntls_starttls on\ntls_trust_file ${ca}\n`,
    );
    return runCommand('msmtp', ['-C', config, ...args], { input });
  };

  testWith('msmtp', 'msmtp')('msmtp submits under TLS, signed in', async () => {
    expect(await msmtp(['ann@localhost'], letter('ann@localhost', 'by msmtp'))).toEqual({ code: 0, out: '', err: '' });
    const message = await only('ann');
    expect(message).toMatch(/by localhost with ESMTPSA id /);
    expect(bodyOf(message)).toBe(octets);
  });

  testWith('msmtp', 'msmtp')(
    'msmtp as sendmail -t takes recipients from the header, and Bcc stays secret',
    async () => {
      const text =
        'From: bob@localhost\nTo: ann@localhost\nBcc: bob@localhost\nSubject: cron\n\nline\n.\nnot the end\n';
      expect(await msmtp(['-t', '-oi', '-f', 'bob@localhost'], text)).toEqual({ code: 0, out: '', err: '' });
      for (const user of ['ann', 'bob']) {
        const message = await only(user);
        expect(message.toLowerCase()).not.toContain('bcc');
        expect(message).toMatch(/\r\nMessage-ID: </i);
        expect(bodyOf(message)).toBe('line\r\n.\r\nnot the end\r\n');
      }
    },
  );

  testWith('msmtp', 'msmtp')('msmtp says which recipient was refused', async () => {
    const { code, err } = await msmtp(['nobody-here@localhost'], letter('x@localhost', 'x'));
    expect(code).toBe(65);
    expect(err).toMatch(/nobody-here@localhost[\s\S]*550 5\.1\.1/);
  });
});

describe('Python smtplib', () => {
  const python = async (script: string) => {
    const head =
      'import smtplib, ssl, sys\nfrom email.message import EmailMessage\nfrom email.headerregistry import Address\n';
    const open = `c = ssl.create_default_context(cafile=${JSON.stringify(ca)})\ns = smtplib.SMTP('127.0.0.1', ${house.ports.submission}, timeout=30)\ns._host = 'localhost'\ns.starttls(context=c)\ns.login('bob@localhost', '${password}')\n`;
    const { code, out, err } = await runCommand('python3', ['-c', `${head}${open}${script}\ns.quit()\n`]);
    expect(`${code} ${err}`).toBe('0 ');
    return out.trim();
  };

  testWith('python3', 'python3')('smtplib signs in and sends 8-bit content as it is', async () => {
    const path = file('python.eml', letter('ann@localhost', 'by smtplib'));
    await python(
      `s.sendmail('bob@localhost', ['ann@localhost'], open('${path}', 'rb').read(), mail_options=['BODY=8BITMIME'])`,
    );
    expect(bodyOf(await only('ann'))).toBe(octets);
  });

  testWith('python3', 'python3')(
    'smtplib sends to an address with letters of another alphabet (SMTPUTF8)',
    async () => {
      await python(`
m = EmailMessage()
m['From'] = 'bob@localhost'
m['To'] = Address('Grün', 'grün', 'localhost')
m['Subject'] = 'Schöne Grüße'
m.set_content('日本語\\n')
print(s.send_message(m))`);
      const message = Buffer.from(await only('ann'), 'latin1').toString();
      expect(message).toMatch(/\r\n\tfor <grün@localhost>;\r\n/);
      expect(message).toMatch(/by localhost with UTF8SMTPSA id /);
      expect(message).toContain('\r\nSubject: Schöne Grüße\r\n');
    },
  );

  testWith('python3', 'python3')(
    'smtplib sends one message to a hundred people and is told of the one nobody knows',
    async () => {
      const names = Array.from({ length: 100 }, (_, i) => `reader${i}@localhost`);
      const store = await openStore({ path: house.data, writer: 'inline', fatal: error => console.error(error) });
      const passwordHash = await hashPassword(password);
      for (const address of names)
        await store.accounts.create({ address, name: address, passwordHash, quota: 0, at: Date.now() });
      await store.close();
      const told = await python(
        `print(list(s.sendmail('bob@localhost', ${JSON.stringify([...names, 'nobody-here@localhost'])}, 'Subject: all\\r\\n\\r\\nof you\\r\\n')))`,
      );
      expect(told).toBe("['nobody-here@localhost']");
      const users = JSON.parse((await house.cli(['user', 'list', '--json'])).stdout) as {
        address: string;
        used: number;
      }[];
      expect(users.filter(u => names.includes(u.address) && u.used > 0)).toHaveLength(100);
      for (const n of [0, 50, 99]) expect(bodyOf(await only(`reader${n}`))).toBe('of you\r\n');
    },
    slow,
  );
});

describe.skipIf(!hasPostfix)('Postfix as the sender (package postfix, as root)', () => {
  test('Postfix relays fifty messages under STARTTLS that verifies, and all arrive as they were', async () => {
    const postfix = await startPostfix(
      `relayhost = [127.0.0.1]:${house.ports.smtp}\nsmtp_tls_security_level = secure\nsmtp_tls_secure_cert_match = localhost\nsmtp_tls_CAfile = ${ca}\nmyorigin = pf.test\n`,
    );
    const bodies = [
      '.\n..\n.x\n',
      octets.replaceAll('\r\n', '\n'),
      `${'x'.repeat(990)}\n`,
      'line\n'.repeat(5000),
      '\n\n',
    ];
    const sent = Array.from({ length: 50 }, (_, i) => `number ${i}\n${bodies[i % bodies.length]}`);
    try {
      for (const [i, text] of sent.entries()) {
        const header = `To: ann@localhost\nSubject: ${i}\nMessage-ID: <${i}@pf.test>\n\n`;
        const input = Buffer.from(header + text, 'latin1');
        const args = ['-C', postfix.conf, '-i', '-f', `s${i}@pf.test`, 'ann@localhost', 'nobody-here@localhost'];
        expect(await runCommand('sendmail', args, { input })).toEqual({ code: 0, out: '', err: '' });
      }
      const got: string[] = [];
      await until('all have arrived', async () => got.push(...(await inbox('ann'))) === sent.length, slow);
      expect(got.filter(m => !/by localhost with ESMTPS id /.test(m))).toEqual([]);
      expect(got.map(m => bodyOf(m)).sort()).toEqual(sent.map(t => t.replaceAll('\n', '\r\n')).sort());
      expect(got.filter(m => !/^Return-Path: <s\d+@pf\.test>\r\nDelivered-To: ann@localhost\r\n/.test(m))).toEqual([]);
      // Of the recipient we refused at RCPT, Postfix tells the sender: each of them has one report there.
      await until('Postfix has bounced', async () => (await postfix.taken()).length === sent.length, slow);
    } finally {
      await postfix.close();
    }
  }, 120_000);
});
