import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { authenticator, keyIn, secretsIn, tokenIn, wrongCode } from './authenticator.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
const clock = { now: Date.UTC(2026, 10, 26, 9) };
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] }, clock);
  await site.account('ann');
  await site.account('bob');
});
afterAll(() => site.close());
// No test lives on the budget of wrong codes that another has left.
beforeEach(() => {
  clock.now += 2 * 86_400_000;
});

const password = 'correct horse';
const home = '/settings/second-factor';
type Browser = ReturnType<TestSite['browser']>;
const signedIn = async (name: string) => {
  const b = site.browser();
  expect((await b.login(name)).status).toBe(303);
  return b;
};
const isIn = async (b: Browser) => (await b.page('/mail/inbox')).status === 200;
let made = 0;
/** Somebody new, with the factor on: the browser it was switched on in, the app and the recovery codes. */
async function withFactor() {
  const name = `person${++made}`;
  const account = await site.account(name);
  const b = await signedIn(name);
  const offered = await b.post(`${home}/offers`, { password });
  const app = authenticator(keyIn(offered.html));
  const on = await b.post(home, { token: tokenIn(offered.html), code: app.code(clock.now) });
  expect(on.status).toBe(200);
  clock.now += 60_000;
  return { name, account, b, app, recovery: secretsIn(on.html) };
}
/** The page that asks for the code. */
async function halfway(name: string, b = site.browser(), next = '') {
  const answer = await b.post('/login', { username: name, password, next });
  expect(answer.status).toBe(303);
  expect(answer.headers.get('location')).toMatch(/^\/login\/code\?next=/);
  return { b, ask: await b.page(answer.headers.get('location')!) };
}

describe('two-step sign-in', () => {
  test('is set up with the password, and on only when the app has shown that it knows the key', async () => {
    const here = await signedIn('ann');
    const other = await signedIn('ann');
    expect((await here.page('/settings')).html).toContain(`href="${home}"`);
    const off = await here.page(home);
    expect(off.html).toContain('href="/settings/app-passwords"');
    expect((await here.post(`${home}/offers`, { password: 'wrong' })).html).toContain('present password is not right');
    const offered = await here.post(`${home}/offers`, { password });
    expect(offered.headers.get('cache-control')).toBe('no-store');
    const key = keyIn(offered.html);
    expect(key.replaceAll(' ', '')).toMatch(/^[A-Z2-7]{32}$/);
    expect(offered.html).toContain(
      `otpauth://totp/CWMail:ann%40example.org?secret=${key.replaceAll(' ', '')}&amp;issuer=CWMail`,
    );
    expect(offered.html).toMatch(/<svg class="qr"[^>]*role="img" aria-label="[^"]+"/);
    expect(offered.html).toMatch(/inputmode="numeric"/);
    expect((await site.store.accounts.credentials((await ann()).id)).secondFactor).toBe(false);
    const app = authenticator(key);
    const wrong = await here.post(home, { token: tokenIn(offered.html), code: wrongCode(app, clock.now) });
    expect([wrong.status, keyIn(wrong.html)]).toEqual([422, key]);
    expect(wrong.html).toContain('That code is not right');
    const on = await here.post(home, { token: tokenIn(wrong.html), code: app.code(clock.now) });
    expect([on.status, secretsIn(on.html).length, new Set(secretsIn(on.html)).size]).toEqual([200, 10, 10]);
    expect([await isIn(here), await isIn(other)]).toEqual([true, false]);
    const page = (await here.page(home)).html;
    expect(page).toContain('10 recovery codes are left');
    expect(page).not.toContain(key);
    // The form sent again makes new codes in place of those that may not have been seen; a reload by address goes home.
    const again = await here.post(home, { token: tokenIn(wrong.html), code: app.code(clock.now) });
    expect(secretsIn(again.html)).toHaveLength(10);
    expect((await here.page(`${home}/offers`)).headers.get('location')).toBe(home);
    expect((await here.post(`${home}/offers`, { password })).html).toContain('on already');
    await site.store.secondFactors.switchOff((await ann()).id);
  });
  const ann = async () => (await site.store.accounts.byAddress('ann@example.org'))!;

  test('is set up by nobody who was not offered the key lately, to this account', async () => {
    const here = await signedIn('ann');
    const bob = await signedIn('bob');
    const offered = await here.post(`${home}/offers`, { password });
    const code = authenticator(keyIn(offered.html)).code(clock.now);
    for (const token of ['', 'x', 'A'.repeat(3000)])
      expect((await here.post(home, { token, code })).html).toContain('That took too long');
    expect((await bob.post(home, { token: tokenIn(offered.html), code })).html).toContain('That took too long');
    clock.now += 31 * 60_000;
    const late = authenticator(keyIn(offered.html)).code(clock.now);
    expect((await here.post(home, { token: tokenIn(offered.html), code: late })).html).toContain('That took too long');
    expect(await site.store.secondFactors.get((await ann()).id)).toBeNull();
  });

  test('asks for the code behind the password, and half of a sign-in opens nothing', async () => {
    const { name, app } = await withFactor();
    const { b, ask } = await halfway(name, site.browser(), '/settings/devices');
    expect(ask.html).toMatch(/<input[^>]*name="code"[^>]*autocomplete="one-time-code"[^>]*inputmode="numeric"/);
    expect([...b.cookies.keys()].filter(k => k === 'session')).toEqual([]);
    for (const path of ['/mail/inbox', '/settings', home, '/compose', '/events'])
      expect((await b.page(path)).headers.get('location')).toMatch(/^\/login/);
    expect((await b.post('/settings/name', { name: 'x' })).headers.get('location')).toMatch(/^\/login/);
    expect((await site.browser().post('/login', { username: name, password: 'wrong' })).status).toBe(422);
    const wrong = await b.post('/login/code', { code: wrongCode(app, clock.now), next: '/settings/devices' });
    expect([wrong.status, await isIn(b)]).toEqual([422, false]);
    const right = await b.post('/login/code', { code: app.code(clock.now), next: '/settings/devices' });
    expect([right.status, right.headers.get('location')]).toEqual([303, '/settings/devices']);
    expect(await isIn(b)).toBe(true);
    expect(b.cookies.has('half')).toBe(false);
  });

  test('is on pages that are given over no wire that others can read', async () => {
    const plain = { incoming: { socket: { remoteAddress: '203.0.113.9' } } };
    const b = await signedIn('ann');
    const Cookie = [...b.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
    for (const path of ['/login/code', home, '/settings/app-passwords'])
      expect((await site.app.request(`http://mail.test${path}`, { headers: { Cookie } }, plain)).status).toBe(403);
  });

  test('is as before for who has it not switched on', async () => {
    const b = await signedIn('bob');
    expect(await isIn(b)).toBe(true);
    expect((await site.browser().page('/login/code')).headers.get('location')).toBe('/login');
  });

  test('takes a code once, and none of before it', async () => {
    const { name, app } = await withFactor();
    const [one, two] = [await halfway(name), await halfway(name)];
    const [code, earlier] = [app.code(clock.now), app.code(clock.now - 30_000)];
    const both = await Promise.all([one, two].map(({ b }) => b.post('/login/code', { code })));
    expect(both.map(a => a.status).sort()).toEqual([303, 422]);
    expect(both.map(a => a.html).join()).toContain('used up');
    expect((await (await halfway(name)).b.post('/login/code', { code: earlier })).status).toBe(422);
    expect((await (await halfway(name)).b.post('/login/code', { code: app.code(clock.now + 30_000) })).status).toBe(
      303,
    );
  });

  test('lets in who presses twice, and nobody else by that code', async () => {
    const { name, app, recovery } = await withFactor();
    for (const code of [app.code(clock.now), recovery[0]!]) {
      const { b } = await halfway(name);
      const half = b.cookies.get('half')!;
      const press = () => b.post('/login/code', { code });
      expect((await Promise.all([press(), press()])).map(a => a.status)).toEqual([303, 303]);
      b.cookies.set('half', half);
      expect((await press()).status).toBe(303);
      expect((await (await halfway(name)).b.post('/login/code', { code })).status).toBe(422);
      clock.now += 31_000;
      b.cookies.set('half', half);
      expect((await press()).status).toBe(422);
    }
  });

  test('takes codes of one step before and after, and none further off', async () => {
    const { name, app } = await withFactor();
    const tryAt = async (ms: number) =>
      (await (await halfway(name)).b.post('/login/code', { code: app.code(clock.now + ms) })).status;
    expect(await tryAt(-60_000)).toBe(422);
    expect(await tryAt(60_000)).toBe(422);
    expect(await tryAt(-30_000)).toBe(303);
    expect(await tryAt(30_000)).toBe(303);
  });

  test('takes each recovery code once, and says how many are left', async () => {
    const { name, recovery } = await withFactor();
    const { b } = await halfway(name);
    expect((await b.page('/login/code?recovery')).html).not.toContain('one-time-code');
    expect((await b.post('/login/code', { code: recovery[0]!.replaceAll(' ', '').toUpperCase() })).status).toBe(303);
    expect((await b.page('/mail/inbox')).html).toContain('9 are left');
    const again = await (await halfway(name)).b.post('/login/code', { code: recovery[0]! });
    expect(again.status).toBe(422);
    expect((await (await halfway(name)).b.post('/login/code', { code: recovery[1]! })).status).toBe(303);
  });

  test('ends guessing: ten wrong codes in an hour, and then a right one does not help', async () => {
    const { name, app } = await withFactor();
    const { b } = await halfway(name);
    const statuses: number[] = [];
    for (let n = 0; n < 10; n++) {
      statuses.push((await b.post('/login/code', { code: wrongCode(app, clock.now) })).status);
      // So slow that what one address may get wrong in a minute is never used up.
      clock.now += 50_000;
    }
    expect(statuses).toEqual(Array(10).fill(422));
    const late = await b.post('/login/code', { code: app.code(clock.now) });
    expect(late.status).toBe(429);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await isIn(b)).toBe(false);
    clock.now += 3_600_001;
    const { b: later } = await halfway(name);
    expect((await later.post('/login/code', { code: app.code(clock.now) })).status).toBe(303);
  });

  test('gives half of a sign-in ten minutes, and ends it with a new password', async () => {
    const { name, app, account } = await withFactor();
    const { b } = await halfway(name);
    clock.now += 10 * 60_000 + 1;
    const late = await b.post('/login/code', { code: app.code(clock.now) });
    expect([late.status, late.html.includes('Sign in again'), b.cookies.has('half')]).toEqual([422, true, false]);
    const { b: other } = await halfway(name);
    await site.store.accounts.setPassword(account.id, 'another');
    expect((await other.post('/login/code', { code: app.code(clock.now) })).status).toBe(422);
    for (const half of ['', 'x', 'A'.repeat(2000)]) {
      const stranger = site.browser();
      stranger.cookies.set('half', half);
      expect((await stranger.post('/login/code', { code: app.code(clock.now) })).status).toBe(422);
    }
  });

  test('fixes no session: one that was planted before is worth nothing', async () => {
    const { name, app } = await withFactor();
    const { b } = await halfway(name);
    b.cookies.set('session', 'planted');
    b.cookies.set('trusted', 'p'.repeat(43));
    await b.post('/login/code', { code: app.code(clock.now), trust: '1' });
    expect(b.cookies.get('session')).not.toBe('planted');
    expect(b.cookies.get('trusted')).not.toMatch(/^p{43}/);
    const thief = site.browser();
    thief.cookies.set('trusted', 'p'.repeat(43));
    await halfway(name, thief);
  });

  test('brings a letter along that was sent when its writer was signed out', async () => {
    const { name, app, b } = await withFactor();
    const writer = `${name}@example.org`;
    await b.post('/logout', {});
    const typed = {
      'typed-writer': writer,
      'typed-key': 'abcdefgh',
      'typed-to': 'bo@example.net',
      'typed-text': 'Dear Bo',
    };
    const half = await b.post('/login', { username: name, password, ...typed });
    expect([half.status, half.html.includes('value="Dear Bo"')]).toEqual([200, true]);
    const wrong = await b.post('/login/code', { code: '', ...typed });
    expect(wrong.html).toContain('value="Dear Bo"');
    const draft = await b.post('/login/code', { code: app.code(clock.now), ...typed });
    expect([draft.status, draft.headers.get('location')]).toEqual([303, expect.stringMatching(/^\/drafts\/\d+/)]);
    expect((await b.page(draft.headers.get('location')!)).html).toContain('Dear Bo');
  });
});

describe('a trusted browser', () => {
  async function trusting() {
    const person = await withFactor();
    const { b } = await halfway(person.name);
    expect((await b.post('/login/code', { code: person.app.code(clock.now), trust: '1' })).status).toBe(303);
    clock.now += 60_000;
    await b.post('/logout', {});
    return { ...person, away: b };
  }

  test('is not asked for a code for thirty days, with this account', async () => {
    const { name, away } = await trusting();
    expect((await away.login(name)).headers.get('location')).toBe('/mail/inbox');
    const other = await withFactor();
    await halfway(other.name, away);
    expect((await away.post('/login/code', { code: other.app.code(clock.now), trust: '1' })).status).toBe(303);
    for (const who of [name, other.name]) {
      await away.post('/logout', {});
      expect((await away.login(who)).headers.get('location')).toBe('/mail/inbox');
    }
    clock.now += 30 * 86_400_000;
    await halfway(name, away);
  });

  test('is forgotten by signing out everywhere, on its own device or all others', async () => {
    const { name, away, b: here } = await trusting();
    await away.login(name);
    const page = (await here.page('/settings/devices')).html;
    expect(page).toContain('Not asked for a code');
    await here.post('/settings/devices/removals', { others: '1' });
    expect(await isIn(away)).toBe(false);
    await halfway(name, away);
    expect((await here.page('/settings/devices')).html).not.toContain('Not asked for a code');
  });

  test('is forgotten when its session is ended from elsewhere, by Ask everywhere, and by a new password', async () => {
    const one = await trusting();
    await one.away.login(one.name);
    const away = (await site.store.sessions.list(one.account.id, clock.now))[0]!;
    await one.b.post('/settings/devices/removals', { session: String(away.id) });
    await halfway(one.name, one.away);

    const two = await trusting();
    expect((await two.b.post('/settings/devices/trust/removal', {})).status).toBe(303);
    expect(await isIn(two.b)).toBe(true);
    await halfway(two.name, two.away);

    const three = await trusting();
    expect((await three.b.post('/settings/password', { old: password, next: 'a new password' })).status).toBe(303);
    const login = await three.away.post('/login', { username: three.name, password: 'a new password' });
    expect(login.headers.get('location')).toMatch(/^\/login\/code/);
  });
});

describe('switching off', () => {
  test('asks for the password and a code, and the password is enough again', async () => {
    const { name, b, app, recovery } = await withFactor();
    const code = app.code(clock.now);
    const off = (fields: Record<string, string>) => b.post(`${home}/removal`, fields);
    expect((await off({ password: 'wrong', code })).html).toContain('present password is not right');
    expect((await off({ password, code: wrongCode(app, clock.now) })).html).toContain('That code is not right');
    expect((await off({ password, code: '' })).status).toBe(422);
    expect((await off({ password, code })).status).toBe(303);
    expect((await off({ password, code })).status).toBe(303);
    expect((await b.page(home)).html).toContain('Two-step sign-in is off');
    expect((await site.browser().login(name)).headers.get('location')).toBe('/mail/inbox');
    // On again it has a key of its own, and the codes of before are worth nothing.
    const offered = await b.post(`${home}/offers`, { password });
    const fresh = authenticator(keyIn(offered.html));
    await b.post(home, { token: tokenIn(offered.html), code: fresh.code(clock.now) });
    clock.now += 60_000;
    for (const old of [recovery[0]!, app.code(clock.now)])
      expect((await (await halfway(name)).b.post('/login/code', { code: old })).status).toBe(422);
    expect((await off({ password, code: fresh.code(clock.now) })).status).toBe(303);
  });

  test('new recovery codes stand in place of the old', async () => {
    const { name, b, app, recovery } = await withFactor();
    expect((await b.post(`${home}/recovery`, { password, code: wrongCode(app, clock.now) })).status).toBe(422);
    const renewed = await b.post(`${home}/recovery`, { password, code: recovery[0]! });
    const fresh = secretsIn(renewed.html);
    expect(fresh).toHaveLength(10);
    expect((await (await halfway(name)).b.post('/login/code', { code: recovery[1]! })).status).toBe(422);
    expect((await (await halfway(name)).b.post('/login/code', { code: fresh[0]! })).status).toBe(303);
    expect((await b.page(`${home}/recovery`)).headers.get('location')).toBe(home);
  });
});

describe('sign-ins', () => {
  test('tell who came as far as the code and no further', async () => {
    const { name, b, app, account } = await withFactor();
    const thief = site.browser();
    await halfway(name, thief);
    await thief.post('/login/code', { code: wrongCode(app, clock.now) });
    const list = async () => (await site.store.signIns.list(account.id)).map(one => one.result);
    await expect.poll(list).toContain('half');
    expect((await b.page('/settings/devices')).html).toContain('Right password, but not let in');
    // From the very place where the code followed it is one sign-in.
    const { b: own } = await halfway(name);
    await own.post('/login/code', { code: app.code(clock.now) });
    await expect.poll(list).toContain('in');
    expect((await b.page('/settings/devices')).html).not.toContain('Right password, but not let in');
  });
});
