import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { openSite, origin, type TestSite } from './site.ts';
import { formOf } from './site-talk.ts';

let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;
const open = async (over = {}) => {
  site = await openSite({ host_domain: ['example.org'], max_message_size: 300_000, ...over });
  ann = await site.account('ann');
  b = site.browser();
  await b.post(`${site.settings.base_path}/login`, { username: 'ann', password: 'correct horse' });
};
beforeEach(() => open());
afterEach(() => site.close());

const text = 'Dear Bo,\n\n"<b>&amp;" at ten?\n\n  Ann\n';
const fields = { to: 'Bo Ek <bo@example.net>', cc: '', bcc: '', subject: 'Sat & Sun', text };
const signedOut = () => site.store.sessions.removeAll(ann.id);
const drafts = () => site.store.drafts.list(ann.id);

/** What a browser would send of the sign-in page. */
function loginOf(html: string): Record<string, string> {
  const form: Record<string, string> = {};
  for (const [tag] of html.matchAll(/<input[^>]*>/g)) {
    const value = / value="([^"]*)"/.exec(tag)?.[1] ?? '';
    const plain = value
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'");
    form[/ name="([^"]*)"/.exec(tag)![1]!] = plain.replaceAll('&amp;', '&');
  }
  return form;
}
const multipart = (path: string, form: Record<string, string | File>) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(form)) body.append(name, value);
  const request = new Request(`${origin}${path}`, { method: 'POST', body });
  return request.arrayBuffer().then(bytes =>
    b.page(path, {
      method: 'POST',
      body: bytes,
      headers: {
        Origin: origin,
        'Content-Type': request.headers.get('Content-Type')!,
        'Content-Length': String(bytes.byteLength),
      },
    }),
  );
};

test('a letter sent when the session had ended goes through sign-in, is a draft, and was not sent', async () => {
  const form = { ...formOf((await b.page('/compose')).html), ...fields };
  await signedOut();
  const asked = await multipart('/drafts/submissions', form);
  expect([asked.status, asked.html]).toEqual([401, expect.stringContaining('what you wrote is here again')]);
  expect(loginOf(asked.html)).toMatchObject({
    username: 'ann@example.org',
    'typed-text': text,
    'typed-subject': 'Sat & Sun',
  });
  // A password that is wrong loses nothing.
  const wrong = await multipart('/login', { ...loginOf(asked.html), password: 'wrong horse' });
  expect([wrong.status, loginOf(wrong.html)['typed-text']]).toEqual([422, text]);
  const back = await multipart('/login', { ...loginOf(wrong.html), password: 'correct horse' });
  const [draft] = await drafts();
  expect([back.status, back.headers.get('location')]).toEqual([303, `/drafts/${draft!.id}`]);
  expect(draft).toMatchObject({ to: fields.to, subject: 'Sat & Sun', text });
  const { html } = await b.page(`/drafts/${draft!.id}`);
  expect(html).toContain('You are signed in again. Here is what you wrote; it was not sent.');
  expect(site.sent).toEqual([]);
});

test('it is not given to somebody else who signs in on that page', async () => {
  await site.account('mallory');
  const form = { ...formOf((await b.page('/compose')).html), ...fields };
  await signedOut();
  const asked = await multipart('/drafts', form);
  const other = await multipart('/login', { ...loginOf(asked.html), username: 'mallory', password: 'correct horse' });
  expect([other.status, other.headers.get('location')]).toEqual([303, '/mail/drafts']);
  const mallory = (await site.store.accounts.byAddress('mallory@example.org'))!;
  expect([await drafts(), await site.store.drafts.list(mallory.id)]).toEqual([[], []]);
});

test('what was saved elsewhere meanwhile is asked about, and files that cannot come along are told', async () => {
  await b.post('/drafts', { ...formOf((await b.page('/compose')).html), ...fields });
  const [draft] = await drafts();
  const form = formOf((await b.page(`/drafts/${draft!.id}`)).html);
  await site.store.drafts.save(
    ann.id,
    draft!.id,
    null,
    { ...fields, text: 'from afar', relatedId: null, relation: null },
    9,
  );
  await signedOut();
  const plan = new File(['the plan'], 'plan.txt', { type: 'text/plain' });
  const asked = await multipart('/drafts', { ...form, text: 'from here', files: plan });
  expect(asked.html).toContain('the files you had chosen must be attached again');
  const back = await multipart('/login', { ...loginOf(asked.html), password: 'correct horse' });
  expect([back.status, back.html]).toEqual([409, expect.stringContaining('from here')]);
  expect(back.html).toContain('Keep mine');
  expect((await drafts()).map(d => d.text)).toEqual(['from afar']);
});

test('under a sub-path it leads to the draft there; what is no letter, or is too large, is sent to sign in', async () => {
  await site.close();
  await open({ base_path: '/webmail' });
  const form = { ...formOf((await b.page('/webmail/compose')).html), ...fields };
  await signedOut();
  const asked = await multipart('/webmail/drafts', form);
  expect(asked.html).toContain('action="/webmail/login"');
  const back = await multipart('/webmail/login', { ...loginOf(asked.html), password: 'correct horse' });
  expect(back.headers.get('location')).toBe(`/webmail/drafts/${(await drafts())[0]!.id}`);
  await signedOut();
  const other = await b.post('/webmail/messages/moves', { message: '1' });
  expect([other.status, other.headers.get('location')]).toEqual([303, '/webmail/login']);
  const large = await b.post('/webmail/drafts', { text: 'x' }, { 'Content-Length': '99999999' });
  expect([large.status, large.headers.get('location')]).toEqual([303, '/webmail/login']);
});

test('a form of fields without end is refused, also of who is not signed in', async () => {
  await signedOut();
  const fields = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`typed-${i}`, 'x'.repeat(1_000_000)]));
  expect((await multipart('/login', { ...fields, username: 'ann', password: 'correct horse' })).status).toBe(413);
});
