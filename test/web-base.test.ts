import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pathWithin } from '../web/base.ts';
import { letters } from './letters.ts';
import { openSite, type TestSite } from './site.ts';

const base = '/webmail';
let site: TestSite;
let b: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'], base_path: base });
  const ann = await site.account('ann');
  for (const letter of letters) await site.deliver(ann, letter.source);
  await site.deliver(ann, 'From: x@y.example\nSubject: href="/mail/inbox" src="/x"\n\n<a href="/plain">\n');
  b = site.browser();
});
afterAll(() => site.close());

test.each([
  ['', '/mail', '/mail'],
  ['/a', '/a', '/'],
  ['/a', '/a/', '/'],
  ['/a', '/a/mail/inbox', '/mail/inbox'],
  ['/a', '/ab', null],
  ['/a', '/', null],
  ['/a/b', '/a', null],
  ['/a/b', '/a/b/c', '/c'],
])('pathWithin %j of %j is %j', (under, path, within) => expect(pathWithin(under, path)).toBe(within));

describe(`a site under ${base}`, () => {
  test('is not there beyond it', async () => {
    for (const path of ['/', '/login', '/webmails', '/mail/inbox'])
      expect(await b.page(path)).toMatchObject({
        status: 404,
        html: `Nothing is here: this site begins at ${base}/\n`,
      });
  });

  test('sends on and signs in within it', async () => {
    expect((await b.page(base)).headers.get('location')).toBe(`${base}/signup`);
    const wanted = await b.page(`${base}/mail/trash?q=1`);
    expect(wanted.headers.get('location')).toBe(`${base}/login?next=%2Fmail%2Ftrash%3Fq%3D1`);
    const part = await b.page(`${base}/contacts`, { headers: { 'HX-Request': 'true' } });
    expect(part.headers.get('hx-redirect')).toBe(`${base}/login?next=%2Fcontacts`);
    const fields = { username: 'ann', password: 'correct horse', next: '/mail/trash' };
    const signedIn = await b.post(`${base}/login`, fields);
    expect(signedIn.headers.get('location')).toBe(`${base}/mail/trash`);
    expect(signedIn.headers.getSetCookie().join()).toContain('session-webmail=');
  });

  test('shows no path that leads out of it, on any page that can be reached', async () => {
    const seen = new Set([`${base}/`]);
    let images = 0;
    for (const path of seen) {
      const { status, html, headers } = await b.page(path);
      expect(`${status} ${path}`).toMatch(/^[23]\d\d /);
      if (headers.get('location')) seen.add(headers.get('location')!);
      if (!headers.get('content-type')?.startsWith('text/html')) continue;
      const found = [...html.matchAll(/\s(?:[a-z-]*href|src|action|formaction|hx-get|hx-post)="(\/[^"#]*)/g)];
      for (const [, link = ''] of found) expect(`${link} on ${path}`).toMatch(/^\/webmail[/?]/);
      for (const [, name, link = ''] of html.matchAll(/\s(href|src)="(\/[^"#]*)/g)) {
        if (name === 'src' && link.includes('inline')) images++;
        if (seen.size < 300) seen.add(link.replaceAll('&amp;', '&'));
      }
    }
    expect(seen.size).toBeGreaterThan(100);
    expect(images).toBeGreaterThan(0);
  }, 180_000);

  test('leaves what people write as it is', async () => {
    const { html } = await b.page(`${base}/mail/inbox`);
    expect(html).toContain('href=&quot;/mail/inbox&quot; src=&quot;/x&quot;');
    const found = await b.page(`${base}/search?q=${encodeURIComponent('/etc "/mail"')}`);
    expect(found.html).toContain('value="/etc &quot;/mail&quot;"');
  });
});
