import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettings } from '../daemon/config.ts';
import { createSeal } from '../daemon/wire/seal.ts';
import { authenticator, keyIn, secretsIn, tokenIn } from './authenticator.ts';
import { freePorts, type House, launcher, startHouse, until } from './harness.ts';
import { popMessages, sendRaw } from './mail-talk.ts';
import { formOf, type Site, signIn, visit } from './site-talk.ts';

const password = 'correct horse battery';

// The provider is a house of its own, by POP3 and submission, as any other would be.
let provider: House;
let front: House;
let ann: Site;
const origin = () => `http://127.0.0.1:${front.ports.http}`;
const frontSettings = (of: House) => ({
  webmail_for: `pop3://127.0.0.1:${of.ports.pop3} every=1s`,
  webmail_smtp: `127.0.0.1:${of.ports.submission}`,
  host_domain: 'isp.test',
  online: 'always',
  signup: 'closed',
  undo_send: 0,
});

beforeAll(async () => {
  provider = await startHouse({ single: true, set: { host_domain: 'isp.test', undo_send: 0 } });
  for (const name of ['ann', 'bob', 'cid']) await provider.addUser(`${name}@isp.test`, password);
  front = await startHouse({ set: frontSettings(provider) });
  return async () => {
    await front.remove();
    await provider.remove();
  };
}, 180_000);

async function send(site: Site, fields: Record<string, string>): Promise<void> {
  const form = formOf((await site.get('/compose')).text);
  const { status, text } = await site.post('/drafts/submissions', { ...form, ...fields });
  if (status !== 303) throw new Error(`send answered ${status}: ${text.slice(0, 800)}`);
}

const inboxOf = async (site: Site) => (await site.get('/mail/inbox')).text;

describe('a site for the mailboxes of a provider', () => {
  test('lets nobody in whom the provider does not know, and makes no account of them', async () => {
    const guest = visit(origin());
    for (const form of [
      { username: 'ann', password: 'wrong' },
      { username: 'nobody', password },
      { username: 'ann@elsewhere.test', password },
      { username: 'ann@isp.test\r\nPASS x', password },
      { username: 'ann', password: `${password}\r\nQUIT` },
    ])
      expect((await guest.post('/login', form)).status).toBe(422);
    expect(JSON.parse((await front.cli(['user', 'list', '--json'])).stdout)).toEqual([]);
    expect((await guest.get('/signup')).text).not.toContain('name="username"');
  });

  test('lets in whom the provider lets in, and shows the mail that lies there', async () => {
    const there = await signIn(`http://127.0.0.1:${provider.ports.http}`, 'bob@isp.test', password);
    await send(there, { to: 'ann@isp.test', subject: 'lay there before', text: 'Hello Ann.' });
    ann = await signIn(origin(), 'ann', password);
    await until('the mail to be fetched', async () => (await inboxOf(ann)).includes('lay there before'));
    // It stays at the provider, and comes once.
    await send(there, { to: 'ann@isp.test', subject: 'came later', text: 'Hello again.' });
    await until('the second mail', async () => (await inboxOf(ann)).includes('came later'));
    expect((await inboxOf(ann)).match(/class="row[ "]/g)).toHaveLength(2);
    const atHome = await signIn(`http://127.0.0.1:${provider.ports.http}`, 'ann@isp.test', password);
    expect(await inboxOf(atHome)).toContain('came later');
  }, 180_000);

  test('sends what they write by the provider, under their own name, to neighbours too', async () => {
    const cid = await signIn(origin(), 'cid@isp.test', password);
    await send(ann, { to: 'cid@isp.test', subject: 'from the front', text: 'By your own server.' });
    const atHome = await signIn(`http://127.0.0.1:${provider.ports.http}`, 'cid@isp.test', password);
    await until('the mail at the provider', async () => (await inboxOf(atHome)).includes('from the front'));
    await until('the mail in front', async () => (await inboxOf(cid)).includes('from the front'));
    const log = readFileSync(join(provider.data, 'log', 'cwmail.log'), 'utf8');
    expect(log).toMatch(/"event":"accepted"[^\n]*ann@isp\.test/);
    await until('its outcome', async () => (await ann.get('/mail/sent')).text.includes('from the front'));
  }, 180_000);

  test('tells an author what the provider refuses', async () => {
    await send(ann, { to: 'nobody@isp.test', subject: 'into the void', text: 'Anybody?' });
    await until('the report', async () => /Undeliver|not be delivered|failed/i.test(await inboxOf(ann)), 40_000);
  }, 180_000);

  test('asks for a second factor on the site, where a mail program is sent to the provider', async () => {
    const home = '/settings/second-factor';
    const bob = await signIn(origin(), 'bob', password);
    expect((await bob.get(home)).text).toContain('still opens your mailbox at your provider');
    expect((await bob.get('/settings/app-passwords')).status).toBe(404);
    const offered = await bob.post(`${home}/offers`, { password });
    const app = authenticator(keyIn(offered.text));
    const code = app.code(Date.now());
    expect(secretsIn((await bob.post(home, { token: tokenIn(offered.text), code })).text)).toHaveLength(10);
    const again = visit(origin());
    const half = await again.post('/login', { username: 'bob', password });
    expect(half.headers.get('location')).toMatch(/^\/login\/code/);
    expect((await again.post('/login/code', { code: app.code(Date.now() + 30_000) })).status).toBe(303);
    expect((await again.get('/mail/inbox')).status).toBe(200);
    await expect(popMessages(front.ports.pop3, 'bob', password)).rejects.toThrow(
      /a mail program signs in at the provider/,
    );
    // At the provider it is as before: where its maildrop is not just being fetched from, it opens.
    const atHome = () => popMessages(provider.ports.pop3, 'bob@isp.test', password).then(() => 'open', String);
    await until('the maildrop at the provider', async () => (await atHome()) === 'open');
    expect((await front.cli(['user', 'second-factor', 'bob@isp.test', '--off'])).code).toBe(0);
    await signIn(origin(), 'bob', password);
  }, 180_000);

  test('lets read who could before while the provider is away, and sends when it is back', async () => {
    await provider.stop();
    await front.stop();
    await front.restart();
    const again = await signIn(origin(), 'ann', password);
    expect(await inboxOf(again)).toContain('came later');
    expect((await visit(origin()).post('/login', { username: 'ann', password: 'wrong' })).status).toBe(503);
    expect((await visit(origin()).post('/login', { username: 'dora', password })).status).toBe(503);
    await provider.restart();
  }, 180_000);

  test('signs out whoever signed in with a password that is no more', async () => {
    await until('ann to be in', async () => (await signIn(origin(), 'ann', password)) !== null);
    const site = await signIn(origin(), 'ann', password);
    const changed = await provider.cli(
      ['user', 'passwd', 'ann@isp.test', '--password-stdin'],
      'another one entirely\n',
    );
    expect(changed.code).toBe(0);
    await until('the session to end', async () => (await site.get('/mail/inbox')).status === 303, 40_000);
    const fresh = await signIn(origin(), 'ann', 'another one entirely');
    expect(await inboxOf(fresh)).toContain('came later');
  }, 180_000);

  test('answers for who is away by the provider, and tells them to stay signed in', async () => {
    const bob = await signIn(origin(), 'bob', password);
    const away = { active: '1', firstDay: '', lastDay: '', subject: 'Bob is away', text: 'Later.', everyDays: '7' };
    expect((await bob.post('/settings/away', away)).status).toBe(303);
    expect((await bob.get('/settings/away')).text).toContain('Stay signed in while you are away');
    const there = await signIn(`http://127.0.0.1:${provider.ports.http}`, 'cid@isp.test', password);
    await send(there, { to: 'bob@isp.test', subject: 'are you there', text: 'Bob?' });
    await until('the answer', async () => (await inboxOf(there)).includes('Bob is away'), 40_000);
    // A receipt goes the same way.
    const asks = 'From: cid@isp.test\r\nTo: bob@isp.test\r\nDisposition-Notification-To: cid@isp.test\r\n';
    const data = Buffer.from(`${asks}Subject: say when you read it\r\n\r\nhello\r\n.\r\n`);
    await sendRaw(provider.ports.smtp, { from: 'cid@isp.test', to: ['bob@isp.test'], data });
    const row = /href="\/mail\/inbox\/(\d+)"[^>]*>(?:(?!href=)[\s\S])*say when you read it/;
    const id = await until('the letter', async () => row.exec(await inboxOf(bob))?.[1], 40_000);
    await bob.post(`/messages/${id}/receipts`, { receipt: 'send' });
    await until('the receipt', async () => (await inboxOf(there)).includes('say when you read it'), 40_000);
    await bob.post('/settings/away/end', {});
  }, 180_000);

  test('sends what waits as soon as its author signs in with the password that is right now', async () => {
    const cid = await signIn(origin(), 'cid@isp.test', password);
    await provider.stop();
    await send(cid, { to: 'bob@isp.test', subject: 'waits for a password', text: 'Hello Bob.' });
    const fresh = { username: 'cid', password: 'a new one entirely' };
    const queue = async () =>
      JSON.parse((await front.cli(['queue', 'list', '--json'])).stdout) as { attempts: number }[];
    await until('it was tried in vain', async () => (await queue()).some(d => d.attempts > 0));
    await provider.cli(['user', 'passwd', 'cid@isp.test', '--password-stdin'], 'a new one entirely\n');
    await provider.restart();
    await until('cid to be in', async () => (await visit(origin()).post('/login', fresh)).status === 303, 60_000);
    const atHome = await signIn(`http://127.0.0.1:${provider.ports.http}`, 'bob@isp.test', password);
    await until('the letter', async () => (await inboxOf(atHome)).includes('waits for a password'), 60_000);
  }, 150_000);

  test('keeps no password in the clear, in no file and no log', async () => {
    for (const name of readdirSync(front.data, { recursive: true, encoding: 'utf8' })) {
      const path = join(front.data, name);
      if (!/\.(db|db-wal|log)$/.test(name)) continue;
      expect(`${name} ${readFileSync(path).includes(password)}`).toBe(`${name} false`);
    }
  });

  test('has no password of its own to change', async () => {
    const site = await signIn(origin(), 'bob', password);
    expect((await site.get('/settings')).text).not.toContain('name="next"');
    const refused = await site.post('/settings/password', { old: password, next: 'one of my own' });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('your provider');
  });
});

describe('cwmail webmail', () => {
  const folder = mkdtempSync(join(tmpdir(), 'webmail-for-'));
  let child: ChildProcess | undefined;
  afterAll(() => {
    child?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  test('serves such a site by one command', async () => {
    const ports = await freePorts(4);
    const names = ['smtp_port', 'submission_port', 'pop_port', 'http_port'];
    const set = names.flatMap((name, i) => ['--set', `${name}=${ports[i]}`]).concat('--set', `data_path=${folder}`);
    const way = [
      '--for',
      `pop3://127.0.0.1:${provider.ports.pop3}`,
      '--smtp',
      `127.0.0.1:${provider.ports.submission}`,
    ];
    child = spawn(launcher, ['webmail', ...way, '--domain', 'isp.test', '--single', ...set], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout!.on('data', text => {
      said += text;
    });
    await until('the greeting', async () => said.includes('Stop with'));
    expect(said).toContain('CWMail is running for isp.test.');
    expect(said).not.toContain('sign up');
    const site = await signIn(`http://127.0.0.1:${ports[3]}`, 'bob', password);
    expect((await site.get('/mail/inbox')).status).toBe(200);
  }, 180_000);

  test.each([
    [['--smtp', 'smtp.x.test'], 'is missing; it is: cwmail webmail --for POP3 --smtp HOST'],
    [['--for', 'imap://x.test', '--smtp', 'x.test'], 'webmail_for: the form is: webmail_for pop3[s]://HOST[:PORT]'],
    [['--for', 'pop3s://u:p@x.test', '--smtp', 'x.test'], 'the form is'],
    [['--for', 'pop3s://x.test', '--smtp', 'x.test:port'], 'webmail_smtp: '],
  ])('%j says what is wrong', async (args, words) => {
    const { code, stderr } = await provider.cli(['webmail', ...args]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
  });
});

test.each([
  ['webmail_for=pop3s://pop.isp.test', 'webmail_for and webmail_smtp go together'],
  ['webmail_for=pop3://pop.isp.test tls=try', 'tls=try would show passwords to anybody'],
  ['webmail_for=pop3s://pop.isp.test user=nick', 'user= is one of address, name'],
  ['webmail_for=pop3s://pop.isp.test keep delete', 'delete and keep exclude each other'],
  ['webmail_for=pop3s://pop.isp.test/x', 'the form is: webmail_for'],
  ['webmail_smtp=smtp.isp.test tls=try', 'tls= is one of required, implicit, off'],
])('%s is a mistake', (line, words) => {
  const { mistakes } = loadSettings({ config: null, set: [line] });
  expect(mistakes.map(m => m.message).join('\n')).toContain(words);
});

describe('createSeal', () => {
  const seal = createSeal('a key', 'tests');
  test('opens what it closed, for the same owner only', () => {
    const closed = seal.close('påsswörd', 'ann');
    expect(Buffer.from(closed, 'base64').toString('latin1')).not.toContain('rd');
    expect(seal.open(closed, 'ann')).toBe('påsswörd');
    expect(seal.open(closed, 'bob')).toBeNull();
    expect(createSeal('another', 'tests').open(closed, 'ann')).toBeNull();
    expect(createSeal('a key', 'other').open(closed, 'ann')).toBeNull();
  });
  test.each(['', 'AAAA', 'not base64 at all!', Buffer.alloc(60).toString('base64')])('makes nothing of %j', text =>
    expect(seal.open(text, 'ann')).toBeNull(),
  );
});
