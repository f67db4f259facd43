/** Requests that no page of ours makes: where they come from, where they would lead, and what their forms hold. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, origin, type TestSite } from './site.ts';

const urlencoded = 'application/x-www-form-urlencoded';
let site: TestSite;
let b: ReturnType<TestSite['browser']>;
let id = 0;

beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  const ann = await site.account('ann');
  b = site.browser();
  await b.login('ann');
  id = await site.deliver(ann, 'From: Bo <bo@example.net>\nSubject: Here\n\nx');
});
afterAll(() => site.close());

/** Every answer has them, whatever it is an answer to. */
const isGuarded = (headers: Headers) => {
  expect(headers.get('Content-Security-Policy')).toMatch(/default-src 'none'/);
  expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(headers.get('Cache-Control')).toMatch(/no-store|no-cache|public, max-age/);
};

describe('a form from elsewhere', () => {
  const from = (headers: Record<string, string>) =>
    b.page(`/messages/${id}/flags`, {
      ...{ method: 'POST', body: 'set=flagged&back=/mail/inbox' },
      headers: { 'Content-Type': urlencoded, ...headers },
    });

  test.each([
    ['says nothing of it', {}],
    ['has an opaque origin', { Origin: 'null' }],
    ['says so by its Referer alone', { Referer: `${origin}/mail/inbox` }],
    ['is of another host', { Origin: 'http://evil.test' }],
    ['is of a host that begins like ours', { Origin: `${origin}.evil.test` }],
    ['is of another port', { Origin: `${origin}:81` }],
    ['is of another site, as the browser says', { Origin: origin, 'Sec-Fetch-Site': 'cross-site' }],
    ['is of a site beside ours', { Origin: origin, 'Sec-Fetch-Site': 'same-site' }],
    ['was made by hand', { 'Sec-Fetch-Site': 'none' }],
    ['is opaque and calls itself ours', { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' }],
  ])('is refused when it %s', async (_, headers) => {
    const { status, headers: answer } = await from(headers as Record<string, string>);
    expect(status).toBe(403);
    isGuarded(answer);
  });

  test.each(['text/plain', 'application/json', 'multipart/mixed; boundary=b', ''])(
    'is refused as %j, also from here',
    async type => {
      const { status, headers } = await from({ Origin: origin, 'Content-Type': type });
      expect(status).toBe(400);
      isGuarded(headers);
    },
  );

  test('from a page of ours is taken', async () => {
    expect((await from({ Origin: origin })).status).toBe(303);
  });
});

test.each([
  '//evil.test',
  '///evil.test',
  '/\\evil.test',
  '/..//evil.test',
  '/.//evil.test',
  '/x/..//evil.test',
  '/%2e%2e//evil.test',
  '/./\t/evil.test',
  '/\n/evil.test',
  '/a\r\nX-Evil: y',
  'http://evil.test',
  'javascript:alert(1)',
  'evil.test',
  `/${'a&'.repeat(500_000)}`,
])('a way back that leads out is none: %j', async back => {
  const { status, headers } = await b.post(`/messages/${id}/flags`, { set: 'flagged', back });
  expect([status, headers.get('Location')]).toEqual([303, '/mail/inbox']);
});

test.each([
  '//evil.test/',
  '/%2f%2fevil.test',
  '/%5cevil.test',
  '/%',
  '/%E0%A4%A',
  '/%00',
  '/mail/inbox%00',
  '/mail/%ff',
  '/mail/inbox/999999999999999999',
  '/messages/1e1/body',
  '/messages/0x1/print',
  '/messages/-1/source',
  '/assets/none/__proto__',
  '/assets/none/constructor',
  '/assets/x/%2e%2e%2f%2e%2e%2fpackage.json',
  '/drafts/1/images/..%2f..%2fx',
])('an odd path is missing, in a page with all its guards: %s', async path => {
  for (const visitor of [b, site.browser()]) {
    const { status, headers } = await visitor.page(path);
    expect(status).toBe(visitor === b ? 404 : 303);
    expect(headers.get('Location') ?? '/login').toMatch(/^\/login/);
    isGuarded(headers);
  }
});

describe('a form', () => {
  // Also of who has not signed in: the time for them, and not their octets, is what must be bounded.
  test.each([
    ['of a million names', 'a&'.repeat(1_000_000), 413],
    ['of a million signs', '&'.repeat(3_900_000), 413],
    ['of a million fields', 'a=b&'.repeat(900_000), 413],
    ['of escapes', `username=${'%41'.repeat(1_300_000)}`, 422],
    ['of broken escapes', '%%%&=&&&a%zz=%ff%fe&username=%E0%A4%A', 422],
    ['too long', `username=${'a'.repeat(4_000_000)}`, 413],
  ])('%s is answered', { timeout: 30_000 }, async (_, body, expected) => {
    const { status, headers } = await site
      .browser()
      .page('/login', { method: 'POST', body, headers: { 'Content-Type': urlencoded } });
    expect(status).toBe(expected);
    isGuarded(headers);
  });

  const part = (head: string) => `--b\r\n${head}\r\n\r\nx\r\n`;
  const field = part('Content-Disposition: form-data; name="to"');
  test.each([
    ['without a boundary', '', 'x', 400],
    ['with an empty one', '; boundary=', 'x', 400],
    ['with one longer than any', `; boundary=${'b'.repeat(5_000)}`, 'x', 400],
    ['without an end', '; boundary=b', field.slice(0, -3), 400],
    ['with no part', '; boundary=b', 'x'.repeat(2_000_000), 400],
    ['with parts without names', '; boundary=b', `${part('')}${part('X: y')}--b--\r\n`, 303],
    ['with a head of many lines', '; boundary=b', `${part('X: y\r\n'.repeat(50_000))}${field}--b--\r\n`, 303],
    ['with a long head', '; boundary=b', `${part(`X: ${' '.repeat(200_000)}`)}${field}--b--\r\n`, 303],
    [
      'with the names of objects',
      '; boundary=b',
      `${part('Content-Disposition: form-data; name="__proto__"')}--b--\r\n`,
      303,
    ],
    ['with a thousand fields', '; boundary=b', `${field.repeat(1_000)}--b--\r\n`, 413],
    [
      'with a thousand files',
      '; boundary=b',
      `${part('Content-Disposition: form-data; name="files"; filename="a"').repeat(1_000)}--b--\r\n`,
      413,
    ],
  ])('of files %s is answered', { timeout: 30_000 }, async (_, parameter, body, expected) => {
    const { status, headers } = await b.page('/drafts/uploads', {
      ...{ method: 'POST', body },
      headers: { Origin: origin, 'Content-Type': `multipart/form-data${parameter}` },
    });
    expect(status).toBe(expected);
    isGuarded(headers);
  });
});
