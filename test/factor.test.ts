import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authenticator, keyIn, secretsIn, tokenIn } from './authenticator.ts';
import { runCommand } from './commands.ts';
import { type House, startHouse, testWith, until } from './harness.ts';
import { openTalk, popMessages } from './mail-talk.ts';
import { type Site, signIn, visit } from './site-talk.ts';

/** The whole house, and programs of others: what opens a mailbox, and what does no longer. */

const password = 'correct horse battery';
let house: House;
beforeAll(async () => {
  house = await startHouse({ set: { undo_send: 0 } });
  for (const name of ['ann', 'bob', 'cid', 'dora']) await house.addUser(`${name}@localhost`, password);
}, 180_000);
afterAll(async () => {
  await house?.remove();
});

const origin = () => `http://127.0.0.1:${house.ports.http}`;
const enter = (name: string) => signIn(origin(), `${name}@localhost`, password);
async function appPassword(site: Site, name: string): Promise<string> {
  const form = await site.get('/settings/app-passwords');
  const key = /name="key" value="([^"]+)"/.exec(form.text)![1]!;
  const made = await site.post('/settings/app-passwords', { name, key, password });
  return secretsIn(made.text)[0]!;
}
async function switchOn(site: Site) {
  const offered = await site.post('/settings/second-factor/offers', { password });
  const app = authenticator(keyIn(offered.text));
  const on = await site.post('/settings/second-factor', { token: tokenIn(offered.text), code: app.code(Date.now()) });
  return { app, recovery: secretsIn(on.text) };
}
const pop3 = (name: string, secret: string) => popMessages(house.ports.pop3, `${name}@localhost`, secret);
const opens = (name: string, secret: string) =>
  pop3(name, secret).then(
    () => true,
    error => String(error),
  );

describe('an app password', () => {
  test('opens POP3 and submission, not the site, and is refused as soon as it is revoked', async () => {
    const site = await enter('ann');
    const secret = await appPassword(site, 'Phone');
    expect(await opens('ann', secret)).toBe(true);
    expect(await opens('ann', secret.replaceAll(' ', ''))).toBe(true);
    expect(await opens('bob', secret)).not.toBe(true);
    expect((await visit(origin()).post('/login', { username: 'ann@localhost', password: secret })).status).toBe(422);
    const used = async () => (await site.get('/settings/app-passwords')).text.includes('last fetched mail');
    await until('its use to be noted', used);
    // Where no second factor is, the own password does as before.
    expect(await opens('ann', password)).toBe(true);
    const id = /app-passwords\/(\d+)\/removal/.exec((await site.get('/settings/app-passwords')).text)![1];
    expect((await site.post(`/settings/app-passwords/${id}/removal`, {})).status).toBe(303);
    expect(await opens('ann', secret)).toMatch(/\[AUTH\] Wrong name or password/);
    expect((await site.post(`/settings/app-passwords/${id}/restoration`, {})).status).toBe(303);
    expect(await opens('ann', secret)).toBe(true);
    await site.post(`/settings/app-passwords/${id}/removal`, {});
    expect(await opens('ann', secret)).not.toBe(true);
  });
});

test('a connection that was let in sends no more when that by which it was let in opens nothing any more', async () => {
  await house.addUser('eva@localhost', password);
  const site = await enter('eva');
  const connected = async (secret: string) => {
    const talk = await openTalk(house.ports.submission);
    await talk.reply();
    await talk.ask('EHLO laptop.test');
    expect(await talk.ask(`AUTH PLAIN ${btoa(`\0eva@localhost\0${secret}`)}`)).toMatch(/^235/);
    return async () => {
      const said = await talk.ask('MAIL FROM:<eva@localhost>');
      if (said.startsWith('250')) await talk.ask('RSET');
      return said;
    };
  };
  const codes = async (...talks: Awaited<ReturnType<typeof connected>>[]) => {
    const said: string[] = [];
    for (const mail of talks) said.push((await mail()).slice(0, 3));
    return said;
  };
  const phone = await appPassword(site, 'Phone');
  const laptop = await appPassword(site, 'Laptop');
  const revoked = await connected(phone);
  const tablet = await appPassword(site, 'Tablet');
  expect(await codes(revoked, revoked)).toEqual(['250', '250']);
  const newest = /app-passwords\/(\d+)\/removal/g;
  const [, , id] = [...(await site.get('/settings/app-passwords')).text.matchAll(newest)].map(m => m[1]);
  await site.post(`/settings/app-passwords/${id}/removal`, {});
  expect(await revoked()).toMatch(/^421 4\.7\.0 .*sign in again/);
  const [own, other] = [await connected(password), await connected(tablet)];
  expect(await codes(own, other)).toEqual(['250', '250']);
  await switchOn(site);
  expect(await codes(own, other)).toEqual(['421', '421']);
  expect(await codes(await connected(laptop))).toEqual(['250']);
});

test('a new password of the account leaves app passwords as they are, and the operator is told', async () => {
  const secret = await appPassword(await enter('cid'), 'Phone');
  const changed = await house.cli(['user', 'passwd', 'cid@localhost', '--password-stdin'], `${password}\n`);
  expect(changed.stdout).toBe(
    'cid@localhost has a new password; its sessions are ended\napp passwords that go on: 1 (cwmail user app-passwords cid@localhost)\n',
  );
  expect(await opens('cid', secret)).toBe(true);
});

describe('where a second factor is on', () => {
  let bob: Site;
  let secret: string;
  beforeAll(async () => {
    bob = await enter('bob');
    secret = await appPassword(bob, 'Laptop');
    await switchOn(bob);
  });

  test('the own password opens no mail program, and only who has it is told why', async () => {
    expect(await opens('bob', password)).toMatch(/-ERR \[AUTH\] This account asks for a second factor: .*app password/);
    expect(await opens('bob', 'wrong one')).toMatch(/-ERR \[AUTH\] Wrong name or password/);
    expect(await opens('bob', secret)).toBe(true);
    expect(await opens('ann', password)).toBe(true);
  });

  testWith('swaks', 'swaks')('swaks sends by an app password, and not by the own one', async () => {
    const swaks = (as: string) =>
      runCommand('swaks', [
        ...['--server', '127.0.0.1', '--port', String(house.ports.submission), '--from', 'bob@localhost'],
        ...['--to', 'cid@localhost', '--header', `Subject: by ${as.length}`, '--body', 'Hello.'],
        ...['--auth', 'PLAIN', '--auth-user', 'bob@localhost', '--auth-password', as],
      ]);
    const own = await swaks(password);
    expect(own.out + own.err).toMatch(/535 5\.7\.8 This account asks for a second factor: .*app password/);
    expect((await pop3('cid', password)).length).toBe(0);
    expect((await swaks('wrong one')).out).toMatch(/535 5\.7\.8 The name or the password is wrong/);
    expect((await swaks(secret)).code).toBe(0);
    await until('the mail', async () => (await pop3('cid', password)).length === 1);
  });

  testWith('curl', 'curl')('curl fetches by an app password, and not by the own one', async () => {
    const curl = (as: string) =>
      runCommand('curl', ['-sv', '--user', `bob@localhost:${as}`, `pop3://127.0.0.1:${house.ports.pop3}/`]);
    const own = await curl(password);
    expect(own.code).not.toBe(0);
    expect(own.err).toContain('[AUTH] This account asks for a second factor');
    expect((await curl(secret)).code).toBe(0);
  });

  test('the site asks for the code, and the operator switches it off for who is locked out', async () => {
    const half = await visit(origin()).post('/login', { username: 'bob@localhost', password });
    expect(half.headers.get('location')).toMatch(/^\/login\/code/);
    expect((await house.cli(['user', 'second-factor', 'bob@localhost'])).stdout).toMatch(
      /^bob@localhost has a second factor since .*, and 10 recovery codes\n$/,
    );
    const off = await house.cli(['user', 'second-factor', 'bob@localhost', '--off']);
    expect(off.stdout).toBe('bob@localhost has no second factor any more; the password is enough\n');
    await enter('bob');
    expect(await opens('bob', password)).toBe(true);
    expect((await house.cli(['user', 'second-factor', 'bob@localhost', '--off'])).stdout).toBe(
      'bob@localhost has no second factor\n',
    );
    expect((await house.cli(['user', 'app-passwords', 'bob@localhost'])).stdout).toMatch(/^Laptop {2}made .*pop3/);
    expect((await house.cli(['user', 'app-passwords', 'bob@localhost', '--revoke'])).stdout).toBe(
      'bob@localhost: 1 app password revoked\n',
    );
    expect(await opens('bob', secret)).not.toBe(true);
    expect((await house.cli(['user', 'app-passwords', 'bob@localhost'])).stdout).toBe(
      'bob@localhost has no app passwords\n',
    );
  });

  test('a person signs in by code over the running house, and no key or code is in a log or in the clear', async () => {
    const site = await enter('dora');
    const program = await appPassword(site, 'Tablet');
    const { app, recovery } = await switchOn(site);
    const visitor = visit(origin());
    await visitor.post('/login', { username: 'dora@localhost', password });
    // Its own step was taken when it was switched on.
    const code = app.code(Date.now() + 30_000);
    expect((await visitor.post('/login/code', { code })).status).toBe(303);
    expect((await visitor.get('/mail/inbox')).status).toBe(200);
    expect((await site.get('/settings/second-factor')).text).toContain('10 recovery codes are left');
    const again = visit(origin());
    await again.post('/login', { username: 'dora@localhost', password });
    expect((await again.post('/login/code', { code })).status).toBe(422);
    expect((await again.post('/login/code', { code: recovery[0]! })).status).toBe(303);
    await house.stop();
    const plain = (text: string) => text.replaceAll(' ', '');
    for (const file of ['cwmail.db', 'cwmail.db-wal', 'log/cwmail.log']) {
      let octets = '';
      try {
        octets = readFileSync(join(house.data, file), 'latin1');
      } catch {
        // No log of writes is left when the last connection closed.
      }
      for (const told of [program, ...recovery, plain(program), ...recovery.map(plain)])
        expect(`${file} ${octets.includes(told)}`).toBe(`${file} false`);
    }
    await house.restart();
    // The throttle, the key and who was there outlive a restart.
    await again.post('/logout', {});
    expect((await again.post('/login', { username: 'dora@localhost', password })).headers.get('location')).toMatch(
      /^\/login\/code/,
    );
    expect((await again.post('/login/code', { code: recovery[1]! })).status).toBe(303);
  }, 180_000);
});
