import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { letter, startUpstream, type Upstream } from './fetch-upstream.ts';
import { freePorts, type House, hasCommand, startHouse, until } from './harness.ts';
import { popMessages, sendRaw } from './mail-talk.ts';
import { type NextHop, nextHop } from './next-hop.ts';
import { formOf, type Site, visit } from './site-talk.ts';

/** The main job as one story, without a browser: sign up, receive, read, answer, be told of failures, fetch, route. */

const password = 'long words of ann';
let house: House;
let hop: NextHop;
let upstream: Upstream;
let site: Site;

beforeAll(async () => {
  upstream = await startUpstream();
  hop = await nextHop({ answers: { RCPT: socket => void socket.write(`${replyTo(hop.heard.at(-1) ?? '')}\r\n`) } });
  house = await startHouse({
    set: { host_domain: 'us.test,domain1.test,fall.test', online: 'always', undo_send: 0 },
    lines: [
      `gateway=* 127.0.0.1:${hop.port}`,
      `fetch=ann@us.test pop3://ann%40old@127.0.0.1:${upstream.port} password=secret tls=off every=1d`,
      // The worked example of the original's manual.
      'forward=bob@domain1.test bob@domain2.test',
      'forward=fred@domain1.test bob@domain3.test',
      'forward=*@domain1.test default@domain4.test',
      'forward=away@us.test away@domain2.test',
      'forward=gone@us.test nobody@domain2.test',
      'alias=sales@us.test ann@us.test',
      'alias=sales@us.test agent@domain2.test',
      'alias=known@fall.test ann@us.test',
      'fallback_address=fall.test ann+lost@us.test',
    ],
  });
}, 180_000);
afterAll(async () => {
  await house?.remove();
  await hop?.close();
  await upstream?.stop();
});

/** What the next hop says to a recipient. */
function replyTo(command: string): string {
  if (command.includes('<nobody@')) return '550 5.1.1 Nobody of that name';
  if (command.includes('<later@')) return '450 4.2.0 Ask again later';
  return '250 2.1.5 Ok';
}

const origin = () => `http://127.0.0.1:${house.ports.http}`;
const inbox = async (user = 'ann') =>
  (await popMessages(house.ports.pop3, `${user}@us.test`, password, { remove: true })).map(m => m.toString());
const receive = (to: string[], text: string) =>
  sendRaw(house.ports.smtp, { from: 'eve@far.test', to, data: Buffer.from(`${text}\r\n.\r\n`) });

type Entry = { state: string; recipient: string; [key: string]: unknown };
const queue = async (at = house) => JSON.parse((await at.cli(['queue', 'list', '--json'])).stdout) as Entry[];
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const names = ['attempts', 'content', 'id', 'lastReply', 'next', 'reason', 'recipient', 'sender', 'since', 'state'];

describe('a person', () => {
  test('signs up at /signup and is in her Inbox', async () => {
    site = visit(origin());
    expect((await site.get('/signup')).text).toMatch(/name="name"[\s\S]*name="username"[\s\S]*name="password"/);
    const form = { name: 'Ann Example', username: 'ann', domain: 'us.test', password };
    expect(await site.post('/signup', form)).toMatchObject({ status: 303 });
    expect((await site.get('/mail/inbox')).text).toContain('ann@us.test');
    const again = await visit(origin()).post('/signup', form);
    expect([again.status, again.text.includes('value="ann"')]).toEqual([422, true]);
  });

  let page = '';
  test('gets mail by SMTP, finds it in the list and reads it', async () => {
    const replies = await receive(
      ['ann@us.test'],
      'From: Eve Far <eve@far.test>\r\nTo: ann@us.test\r\nCc: carl@far.test\r\nSubject: Lunch?\r\nMessage-ID: <lunch.1@far.test>\r\nDate: Mon, 2 Feb 2026 10:00:00 +0100\r\n\r\nAt <noon> & by the lake.',
    );
    expect(replies.at(-1)).toMatch(/^250 /);
    const list = (await site.get('/mail/inbox')).text;
    expect(list).toMatch(/class="row unread"[\s\S]*Eve Far[\s\S]*Lunch\?[\s\S]*At &lt;noon&gt; &amp; by the lake\./);
    const path = /class="row-link" href="([^"]*)"/.exec(list)?.[1] ?? '';
    page = (await site.get(path)).text;
    expect(page).toMatch(/eve@far\.test[\s\S]*At &lt;noon&gt; &amp; by the lake\./);
    expect((await site.get('/mail/inbox')).text).not.toContain('class="row unread"');
    expect(await inbox()).toHaveLength(1);
  });

  test('answers by the form; the next hop gets it without Bcc, Sent has the copy', async () => {
    await receive(
      ['ann@us.test'],
      'From: eve@far.test\r\nTo: ann@us.test\r\nSubject: Tea?\r\nMessage-ID: <tea@far.test>\r\n\r\nAt five.',
    );
    const list = (await site.get('/mail/inbox')).text;
    const id = /class="row-link" href="\/mail\/inbox\/(\d+)/.exec(list)?.[1];
    const form = formOf((await site.get(`/compose?reply=${id}`)).text);
    expect(form).toMatchObject({ to: 'eve@far.test', subject: 'Re: Tea?' });
    expect(form.text).toContain('> At five.');
    const bcc = 'secret@far.test';
    const sent = await site.postMultipart('/drafts/submissions', {
      ...form,
      bcc,
      text: `Gladly.\r\n.\r\n${form.text}`,
    });
    expect([sent.status, sent.headers.get('location')]).toEqual([303, '/mail/inbox']);

    const content = await until('it is at the next hop', () => hop.contents.find(c => c.includes('Re: Tea?')));
    expect(hop.heard).toEqual(expect.arrayContaining([expect.stringMatching(/^RCPT TO:<secret@far\.test>/)]));
    expect(hop.heard).toEqual(expect.arrayContaining([expect.stringMatching(/^MAIL FROM:<ann@us\.test>/)]));
    expect(content).toMatch(/^From: Ann Example <ann@us\.test>\r$/m);
    expect(content).toMatch(/^In-Reply-To: <tea@far\.test>\r$/m);
    expect(content).toMatch(/^References: <tea@far\.test>\r$/m);
    expect(content).toMatch(/^Message-ID: <[^<>@\s]+@us\.test>\r$/im);
    expect(content).toMatch(/\r\n\r\nGladly\.\r\n\.\.\r\n/);
    expect(content).not.toMatch(/bcc|secret/i);
    expect(content).not.toContain('127.0.0.1');
    expect((await site.get('/mail/sent')).text).toContain('Re: Tea?');
    expect((await site.get('/mail/drafts')).text).not.toContain('Re: Tea?');
    await until('the queue is empty', async () => (await queue()).length === 0);
    await inbox();
  });

  test('is told by a report in her Inbox when the next hop refuses a recipient', async () => {
    const form = formOf((await site.get('/compose?to=nobody@far.test&subject=Hello')).text);
    await site.postMultipart('/drafts/submissions', { ...form, cc: 'carl@far.test', text: 'Is anybody there?' });
    const [report = ''] = await until('the report is here', async () => {
      const found = await inbox();
      return found.length > 0 && found;
    });
    expect(report).toMatch(/^Return-Path: <>\r\nDelivered-To: ann@us\.test\r\n/);
    expect(report).toMatch(/^Content-Type: multipart\/report;\s+report-type=delivery-status/im);
    expect(report).toMatch(/\r\nReporting-MTA: dns; us\.test\r\n/);
    expect(report).toMatch(/\r\nFinal-Recipient: rfc822; ?nobody@far\.test\r\nAction: failed\r\nStatus: 5\.1\.1\r\n/);
    expect(report).toMatch(/\r\nDiagnostic-Code: smtp; ?550 5\.1\.1 Nobody of that name\r\n/);
    expect(report).toContain('Subject: Hello');
    expect(report).not.toContain('Final-Recipient: rfc822; carl');
    expect(hop.contents.some(c => c.includes('Is anybody there?'))).toBe(true);
  });

  test('is never the end of a report about a report: mail from <> that is refused goes away', async () => {
    const message = { from: '', to: ['gone@us.test'], data: Buffer.from('Subject: null\r\n\r\n.\r\n') };
    expect((await sendRaw(house.ports.smtp, message)).at(-1)).toMatch(/^250 /);
    await until('the next hop has refused it', () =>
      hop.heard.some(l => l.startsWith('RCPT TO:<nobody@domain2.test>')),
    );
    expect(hop.heard).toEqual(expect.arrayContaining([expect.stringMatching(/^MAIL FROM:<>/)]));
    await until('the queue is empty', async () => (await queue()).length === 0);
    expect(await inbox()).toEqual([]);
    expect((await site.get('/mail/inbox')).text).not.toContain('class="row');
  });
});

describe('cwmail queue list --json', () => {
  test('shows what waits for another attempt', async () => {
    const form = formOf((await site.get('/compose?to=later@far.test&subject=Later')).text);
    await site.postMultipart('/drafts/submissions', { ...form, text: 'x' });
    const entry = await until('an attempt was made', async () => (await queue()).find(d => d.attempts === 1));
    expect(Object.keys(entry).sort()).toEqual(names);
    const { id, content, sender, recipient, state, lastReply, next, since } = entry;
    expect({ sender, recipient, state, lastReply }).toEqual({
      sender: 'ann@us.test',
      recipient: 'later@far.test',
      state: 'waiting',
      lastReply: '450 4.2.0 Ask again later',
    });
    expect([typeof id, typeof content]).toEqual(['number', 'number']);
    expect([next, since]).toEqual([expect.stringMatching(time), expect.stringMatching(time)]);
    const pause = Date.parse(String(next)) - Date.parse(String(since));
    expect(pause).toBeGreaterThan(60_000);
    expect(pause).toBeLessThan(31 * 60_000);
    const retried = await house.cli(['queue', 'retry', String(id)]);
    expect(retried).toMatchObject({ code: 0, stderr: '' });
    await until('a second attempt was made', async () => (await queue()).some(d => d.attempts === 2));
  });

  test('shows what is held while we are off line, and nothing dials out', async () => {
    const off = await startHouse({ lines: [`gateway=* 127.0.0.1:${hop.port}`] });
    try {
      await off.addUser('dora@localhost', password);
      const login = Buffer.from(`\0dora@localhost\0${password}`).toString('base64');
      const before = hop.connections;
      const data = Buffer.from('Subject: held\r\n\r\n.\r\n');
      await sendRaw(off.ports.submission, { from: 'dora@localhost', to: ['x@far.test'], data, login });
      const [entry] = await queue(off);
      expect(Object.keys(entry ?? {}).sort()).toEqual(names);
      expect(entry).toMatchObject({ state: 'held', recipient: 'x@far.test', attempts: 0, lastReply: null, next: null });
      expect(entry?.reason).toMatch(/off line/);
      expect(off.output.join('\n')).toMatch(/online never/);
      expect(hop.connections).toBe(before);
    } finally {
      await off.remove();
    }
  });
});

describe('cwmail fetch now', () => {
  const fetchNow = () => house.cli(['fetch', 'now']);
  test('pulls what lies upstream into the mailbox and deletes it there', async () => {
    upstream.letters.push(letter('one'), letter('two'));
    const { code, stdout } = await fetchNow();
    expect(`${code} ${stdout}`).toMatch(/^0 ann@old@127\.0\.0\.1:\d+: 2 fetched, 2 deleted there, 0 left there/);
    expect(upstream.letters).toEqual([]);
    const got = await inbox();
    expect(got.map(m => m.slice(m.indexOf('Subject:')))).toEqual(['one', 'two'].map(n => letter(n).bytes.toString()));
    expect((await fetchNow()).stdout).toMatch(/: 0 fetched, 0 deleted there, 0 left there/);
  });

  test('says in one line what is wrong when the upstream is away', async () => {
    await upstream.stop();
    const { code, stdout, stderr } = await fetchNow();
    expect(code).toBe(1);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(stdout).toMatch(/^ann@old@127\.0\.0\.1:\d+: 127\.0\.0\.1:\d+: connection refused$/m);
  });

  const dovecot = !hasCommand('dovecot') || process.getuid?.() !== 0;
  test.skipIf(dovecot && process.env.CI !== 'true')(
    'pulls from Dovecot (package dovecot-pop3d, as root)',
    async () => {
      const real = await startDovecot(3);
      const other = await startHouse({
        set: { online: 'always' },
        lines: [`fetch=eva@localhost pop3://u@127.0.0.1:${real.port} password=secret tls=off every=1d keep`],
      });
      try {
        await other.addUser('eva@localhost', password);
        const { code, stdout, stderr } = await other.cli(['fetch', 'now']);
        expect(`${code} ${stderr}${stdout}`).toMatch(
          /^0 u@127\.0\.0\.1:\d+: \d fetched, 0 deleted there, 3 left there/,
        );
        const got = await popMessages(other.ports.pop3, 'eva@localhost', password);
        expect(got.map(m => /number \d/.exec(m.toString())?.[0]).sort()).toEqual(['number 0', 'number 1', 'number 2']);
        expect((await other.cli(['fetch', 'now'])).stdout).toMatch(/: 0 fetched, 0 deleted there, 3 left there/);
        expect(real.left()).toBe(3);
      } finally {
        await other.remove();
        await real.stop();
      }
    },
    60_000,
  );
});

/** Dovecot on a Maildir of its own, with mail in it: user u, password secret. */
async function startDovecot(count: number) {
  const folder = mkdtempSync(join(tmpdir(), 'up-'));
  chmodSync(folder, 0o777);
  const [port = 0] = await freePorts(1);
  for (const name of ['', 'new', 'cur', 'tmp']) {
    mkdirSync(join(folder, 'Maildir', name), { recursive: true });
    chmodSync(join(folder, 'Maildir', name), 0o777);
  }
  for (let i = 0; i < count; i++) {
    const file = join(folder, 'Maildir/new', `170000000${i}.M${i}P1.up`);
    writeFileSync(file, `Subject: number ${i}\nMessage-ID: <${i}@old>\n\n.\n`);
    chmodSync(file, 0o666);
  }
  writeFileSync(join(folder, 'users'), `u:{PLAIN}secret:65534:65534::${folder}::\n`);
  writeFileSync(
    join(folder, 'dovecot.conf'),
    `protocols = pop3\nlisten = 127.0.0.1\nbase_dir = ${folder}/run\nlog_path = ${folder}/log\nmail_location = maildir:${folder}/Maildir\nfirst_valid_uid = 1\nfirst_valid_gid = 1\ndisable_plaintext_auth = no\nssl = no\npassdb {\n  driver = passwd-file\n  args = ${folder}/users\n}\nuserdb {\n  driver = passwd-file\n  args = ${folder}/users\n}\nservice pop3-login {\n  chroot =\n  inet_listener pop3 {\n    port = ${port}\n  }\n  inet_listener pop3s {\n    port = 0\n  }\n}\nservice anvil {\n  chroot =\n}\nservice stats {\n  chroot =\n}\n`,
  );
  const child = spawn('/usr/sbin/dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'ignore' });
  await until('Dovecot serves', () =>
    fetch(`http://127.0.0.1:${port}`).then(
      () => true,
      e => !/ECONNREFUSED/.test(String(e.cause?.code)),
    ),
  );
  return {
    port,
    left: () => ['new', 'cur'].flatMap(name => readdirSync(join(folder, 'Maildir', name))).length,
    async stop() {
      const ended = new Promise(resolve => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

describe('routes', () => {
  /** Where mail for an address went: recipients at the next hop, and Delivered-To of what came to ann. */
  async function goesTo(address: string, subject: string): Promise<string[]> {
    const from = hop.heard.length;
    expect((await receive([address], `Subject: ${subject}\r\n\r\nx`)).at(-1)).toMatch(/^250 /);
    await until('the queue has only what waits', async () =>
      (await queue()).every(d => d.recipient.startsWith('later@')),
    );
    const remote = hop.heard
      .slice(from)
      .filter(l => l.startsWith('RCPT'))
      .map(l => /<(.*?)>/.exec(l)?.[1] ?? '');
    const local = (await inbox()).map(m => /^Delivered-To: (.*)\r$/m.exec(m)?.[1] ?? '');
    return [...remote.sort(), ...local.sort()];
  }
  const route = async (address: string) => {
    const { code, stdout } = await house.cli(['route', address]);
    return { code, lines: stdout.trimEnd().split('\n') };
  };

  // Forwards replace and all that match apply, fallback only where nothing else takes it.
  test.each([
    ['a mailbox', 'ann@us.test', ['ann@us.test']],
    ['a subaddress', 'ann+shop@us.test', ['ann+shop@us.test']],
    ['a forward', 'away@us.test', ['away@domain2.test']],
    ['all forwards that match (the worked example)', 'bob@domain1.test', ['bob@domain2.test', 'default@domain4.test']],
    ['all forwards that match (fred)', 'fred@domain1.test', ['bob@domain3.test', 'default@domain4.test']],
    ['the wildcard alone', 'ann@domain1.test', ['default@domain4.test']],
    ['an alias of several', 'sales@us.test', ['agent@domain2.test', 'ann@us.test']],
    ['an alias before the fallback', 'known@fall.test', ['ann@us.test']],
    ['the fallback', 'whoever@fall.test', ['ann+lost@us.test']],
  ])('lead by %s: %s', async (what, address, targets) => {
    expect(await goesTo(address, what)).toEqual(targets);
    const { code, lines } = await route(address);
    expect(code).toBe(0);
    const kind = (t: string) => `${t.endsWith('@us.test') ? 'mailbox' : 'sent on to'} ${t}`;
    expect(lines.slice(-targets.length).sort()).toEqual(targets.map(kind).sort());
  });

  test('of bob@domain1 are told step by step', async () => {
    expect((await route('bob@domain1.test')).lines).toEqual([
      'bob@domain1.test -> forward: bob@domain2.test, default@domain4.test',
      'bob@domain2.test -> relay: another domain',
      'default@domain4.test -> relay: another domain',
      'sent on to bob@domain2.test',
      'sent on to default@domain4.test',
    ]);
  });

  test('of whoever@fall are told step by step', async () => {
    expect((await route('whoever@fall.test')).lines).toEqual([
      'whoever@fall.test -> fallback: ann+lost@us.test',
      'ann+lost@us.test -> subaddress: ann@us.test',
      'ann+lost@us.test -> mailbox: ann@us.test',
      'mailbox ann+lost@us.test',
    ]);
  });

  test('end at nobody for an unknown address, as RCPT does', async () => {
    expect((await receive(['stranger@us.test'], 'Subject: x\r\n\r\nx')).at(-2)).toMatch(/^550 5\.1\.1 /);
    const { code, lines } = await route('stranger@us.test');
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatch(/^refused: 550 5\.1\.1 /);
  });
});
