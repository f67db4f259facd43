import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { icon } from '../views/screen.ts';
import { corpusMessages } from './corpus-folder.ts';
import { openSite, origin, type TestSite } from './site.ts';

let site: TestSite;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org', 'example.net'] });
  await site.account('ann');
});
afterAll(() => site.close());

describe('signup', () => {
  test('GET /signup shows three fields, the domains to choose from and no error', async () => {
    const { status, html } = await site.browser().page('/signup');
    expect(status).toBe(200);
    for (const name of ['name', 'username', 'password', 'domain']) expect(html).toContain(`name="${name}"`);
    expect(html).not.toContain('aria-invalid');
  });

  test('POST /signup makes the account, signs in and welcomes by the address', async () => {
    const b = site.browser();
    const made = await b.post('/signup', {
      name: 'Bo',
      username: 'Bo.Ek',
      password: 'a long password',
      domain: 'example.net',
    });
    expect(made.status).toBe(303);
    expect(made.headers.get('location')).toBe('/mail/inbox');
    const cookie = made.headers.getSetCookie().find(c => c.startsWith('session='));
    expect(cookie).toMatch(/HttpOnly; SameSite=Lax/);
    const inbox = await b.page('/mail/inbox');
    expect(inbox.status).toBe(200);
    expect(inbox.html).toContain('Welcome. bo.ek@example.net is yours.');
    expect((await b.page('/mail/inbox')).html).not.toContain('Welcome.');
  });

  // Everything wrong is said at once, beside its field, and what was typed stays; the password does not.
  test.each([
    [
      'nothing filled in',
      { name: '', username: '', password: '' },
      ['Fill in your name.', 'Choose an address.', 'Choose a password.'],
    ],
    ['a name that is taken', { name: 'Ann', username: 'ANN', password: 'long enough' }, ['This address is taken.']],
    ['a short password', { name: 'Ann', username: 'anna', password: '1234567' }, ['at least 8 characters']],
    ['a short name', { name: 'Ann', username: 'an', password: 'long enough' }, ['at least 3 characters']],
    ['markup', { name: '<script>x</script>', username: 'a"><b>', password: '' }, ['&lt;script&gt;']],
  ])('POST /signup with %s says so', async (_, fields, sentences) => {
    const { status, html } = await site.browser().post('/signup', fields);
    expect(status).toBe(422);
    for (const sentence of sentences) expect(html).toContain(sentence);
    expect(html).not.toContain('<script>x');
    expect(html).not.toContain('long enough');
    expect(html).toContain('aria-invalid="true"');
  });

  test('GET /signup/address answers with the whole address, free or taken', async () => {
    const b = site.browser();
    const free = await b.page('/signup/address?username=carla&domain=example.net');
    expect(free.html).toMatch(/^<p id="address"[\s\S]*carla@example\.net[\s\S]*is free/);
    expect((await b.page('/signup/address?username=ann')).html).toContain('taken');
    expect((await b.page('/signup/address?username=carla&domain=elsewhere.test')).html).toContain('carla@example.org');
  });

  test('GET /signup says sign-up is closed where it is, and POST makes nothing', async () => {
    const closed = await openSite({ signup: 'closed' });
    const b = closed.browser();
    expect((await b.page('/signup')).html).toContain('Sign-up is closed');
    const refused = await b.post('/signup', { name: 'Ann', username: 'anna', password: 'long enough' });
    expect(refused.status).toBe(403);
    expect(await closed.store.accounts.list()).toEqual([]);
    await closed.close();
  });
});

describe('login', () => {
  test('POST /login signs in with a bare name or an address and goes where one wanted to', async () => {
    for (const username of ['ann', 'ANN@example.org']) {
      const b = site.browser();
      const sent = await b.post('/login', { username, password: 'correct horse', next: '/search?q=x' });
      expect([sent.status, sent.headers.get('location')]).toEqual([303, '/search?q=x']);
      expect((await b.page('/mail/inbox')).status).toBe(200);
    }
  });

  test.each([
    ['a wrong password', { username: 'ann', password: 'wrong' }, 422, 'do not go together'],
    ['an unknown name', { username: 'nobody', password: 'wrong' }, 422, 'do not go together'],
    ['nothing', { username: '', password: '' }, 422, 'Fill in'],
    ['too many tries', { username: 'ann', password: 'slow down' }, 429, 'Wait 30 seconds'],
    ['a daemon that cannot answer', { username: 'ann', password: 'down' }, 503, 'Nothing is wrong with your password'],
  ])('POST /login with %s says so and keeps the name', async (_, fields, status, sentence) => {
    const b = site.browser();
    const answer = await b.post('/login', fields);
    expect(answer.status).toBe(status);
    expect(answer.html).toContain(sentence);
    expect(b.cookies.has('session')).toBe(false);
    if (fields.username) expect(answer.html).toContain(`value="${fields.username}"`);
  });

  // Open redirects: only a path of this site.
  test.each(['//evil.test/', '/\\evil.test', 'https://evil.test/', 'javascript:alert(1)', '/\t/evil.test', ' /x'])(
    'POST /login does not send one on to %j',
    async next => {
      const sent = await site.browser().post('/login', { username: 'ann', password: 'correct horse', next });
      expect(sent.headers.get('location')).toBe('/mail/inbox');
    },
  );

  test('login gives a new session value each time and ends the old one', async () => {
    const b = site.browser();
    await b.login('ann');
    const first = b.cookies.get('session');
    await b.login('ann');
    expect(b.cookies.get('session')).not.toBe(first);
    const old = site.browser();
    old.cookies.set('session', first ?? '');
    expect((await old.page('/mail/inbox')).status).toBe(303);
  });

  test('POST /logout ends the session, not only the cookie', async () => {
    const b = site.browser();
    await b.login('ann');
    const stolen = b.cookies.get('session') ?? '';
    expect((await b.post('/logout', {})).headers.get('location')).toBe('/login?out');
    const thief = site.browser();
    thief.cookies.set('session', stolen);
    expect((await thief.page('/mail/inbox')).headers.get('location')).toBe('/login?next=%2Fmail%2Finbox');
  });

  test('a session ends 30 days after its last use', async () => {
    const clock = { now: Date.now() };
    const dated = await openSite({}, clock);
    await dated.account('ann');
    const b = dated.browser();
    await b.login('ann');
    clock.now += 29 * 86_400_000;
    expect((await b.page('/mail/inbox')).status).toBe(200);
    clock.now += 29 * 86_400_000;
    expect((await b.page('/mail/inbox')).status).toBe(200);
    clock.now += 31 * 86_400_000;
    expect((await b.page('/mail/inbox')).status).toBe(303);
    await dated.close();
  });

  test('/ sends a newcomer to sign up, who was here to sign in, who is signed in to the Inbox', async () => {
    const b = site.browser();
    expect((await b.page('/')).headers.get('location')).toBe('/signup');
    await b.login('ann');
    expect((await b.page('/')).headers.get('location')).toBe('/mail/inbox');
    await b.post('/logout', {});
    expect((await b.page('/')).headers.get('location')).toBe('/login');
  });
});

describe('guard', () => {
  const wire = (remoteAddress: string, headers: Record<string, string> = {}, encrypted = false) =>
    site.app.request(`${origin}/login`, { headers }, { incoming: { socket: { remoteAddress, encrypted } } });

  test('a page with a password field is refused over plain HTTP from beyond loopback, and says why', async () => {
    const far = await wire('192.0.2.7');
    expect(far.status).toBe(403);
    expect(await far.text()).toContain('not private');
    expect((await wire('::1')).status).toBe(200);
    expect((await wire('::ffff:127.0.0.1')).status).toBe(200);
    expect((await wire('192.0.2.7', {}, true)).status).toBe(200);
    expect((await wire('127.0.0.1', { 'X-Forwarded-For': '192.0.2.7' })).status).toBe(200);
  });

  test('behind a trusted proxy an https site_url decides, even from loopback', async () => {
    for (const [site_url, status] of [
      ['https://mail.example.org', 200],
      ['http://mail.example.org', 403],
      ['', 403],
    ] as const) {
      const behind = await openSite({ trusted_proxy: ['127.0.0.1'], site_url });
      const answer = await behind.app.request(
        `${origin}/login`,
        {},
        { incoming: { socket: { remoteAddress: '127.0.0.1' } } },
      );
      expect(answer.status).toBe(status);
      const plain = await behind.app.request(
        `${origin}/login`,
        { headers: { 'X-Forwarded-Proto': 'http' } },
        { incoming: { socket: { remoteAddress: '127.0.0.1' } } },
      );
      expect(plain.status).toBe(403);
      await behind.close();
    }
  });

  test('an https site_url gives __Host- cookies that are Secure', async () => {
    const secure = await openSite({ site_url: 'https://mail.example.org', trusted_proxy: ['127.0.0.1'] });
    await secure.account('ann');
    const sent = await secure
      .browser()
      .post('/login', { username: 'ann', password: 'correct horse' }, { Origin: 'https://mail.example.org' });
    expect(sent.status).toBe(303);
    expect(sent.headers.getSetCookie()[0]).toMatch(
      /^__Host-session=[\w-]{43}; .*Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    await secure.close();
  });

  test('every answer carries the policy, nosniff and the frame and opener walls', async () => {
    const b = site.browser();
    await b.login('ann');
    for (const path of [
      '/login',
      '/signup',
      '/mail/inbox',
      '/mail/nothing',
      '/robots.txt',
      '/health',
      '/mail/inbox/1',
    ]) {
      const { headers } = await b.page(path);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'; style-src 'self'/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cache-control')).toMatch(/no-store/);
    }
  });

  test('no page has inline script, style, event attributes or hx-on', async () => {
    const b = site.browser();
    await b.login('ann');
    for (const path of ['/signup', '/login', '/mail/inbox', '/search', '/folders', '/settings', '/compose'])
      expect((await b.page(path)).html).not.toMatch(/<script>|<style|\son\w+=|\sstyle=|hx-on|js:|javascript:/i);
  });
});

describe('health and assets', () => {
  test('GET /health is JSON without signing in', async () => {
    const answer = await site.browser().request('/health');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: 'ok', web: true });
  });

  test('a file of public/ is compressed, immutable, and answers 304', async () => {
    const b = site.browser();
    const { html } = await b.page('/login');
    const path = /\/assets\/[\w-]+\/app\.css/.exec(html)?.[0] ?? '';
    const css = await b.request(path, { headers: { 'Accept-Encoding': 'gzip, br' } });
    expect(css.headers.get('content-encoding')).toBe('br');
    expect(css.headers.get('cache-control')).toMatch(/immutable/);
    const again = await b.request(path, { headers: { 'If-None-Match': css.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
    expect((await b.request(path.replace(/assets\/[\w-]+/, 'assets/x'))).status).not.toBe(200);
  });

  test('a page is compressed for a page of ours, and not for one of another site or host', async () => {
    const b = site.browser();
    await b.login('ann');
    const coding = async (from: string) => {
      const headers = { 'Accept-Encoding': 'gzip', 'Sec-Fetch-Site': from };
      return (await b.request('/mail/inbox', { headers })).headers.get('content-encoding');
    };
    expect(await Promise.all(['same-origin', 'none', 'same-site', 'cross-site'].map(coding))).toEqual([
      ...['gzip', 'gzip'],
      ...[null, null],
    ]);
  });

  test('a full inbox with all it loads is below 100 KB compressed, without script below 20 KB', async () => {
    const account = await site.account('reader');
    const letters = corpusMessages().filter(m => m.bytes.length < 64_000);
    for (const [i, letter] of letters.slice(0, 50).entries())
      await site.deliver(account, letter.bytes, site.clock.now - i * 3_000_000);
    const b = site.browser();
    await b.login('reader');
    const { html } = await b.page('/mail/inbox');
    const sizeOf = async (path: string, type: string) => {
      const answer = await b.request(path, { headers: { 'Accept-Encoding': type } });
      return (await answer.arrayBuffer()).byteLength;
    };
    const files = [...new Set([...html.matchAll(/\/assets\/[\w-]+\/[\w.]+/g)].map(m => m[0]))];
    expect(files.length).toBeGreaterThanOrEqual(4);
    const page = await sizeOf('/mail/inbox', 'gzip');
    const all = await Promise.all(files.map(file => sizeOf(file, 'br')));
    // The sheets of other pages, and of what only script brings, are fetched by a script.
    const noScript = all.filter((_, i) => !/\.js$|\/(pages|scripted)\.css$/.test(files[i]!));
    const sum = (some: number[]) => some.reduce((a, n) => a + n, 0);
    expect(page + sum(all)).toBeLessThan(100_000);
    expect(page + sum(noScript)).toBeLessThan(20_000);
  });

  test('every icon is drawn from the file that has it', () => {
    const file = (name: string) => readFileSync(new URL(`../public/${name}`, import.meta.url), 'utf8');
    const ids = ['icons.svg', 'more-icons.svg'].flatMap(name =>
      [...file(name).matchAll(/<symbol id="([^"]+)"/g)].map(m => ({ name, id: m[1]! })),
    );
    for (const { name, id } of ids) expect(String(icon({ asset: n => n }, id))).toContain(`href="${name}#${id}"`);
    const known = new Set(ids.map(one => one.id));
    const folder = new URL('../views/', import.meta.url);
    const named = readdirSync(folder)
      .filter(one => one.endsWith('.ts'))
      .flatMap(one =>
        [...readFileSync(new URL(one, folder), 'utf8').matchAll(/\bicon\(\w+, '([^']+)'/g)].map(m => m[1]!),
      );
    expect(named.filter(one => !known.has(one))).toEqual([]);
  });
});
