import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  await site.account('ann');
});
afterAll(() => site.close());

const signedIn = async () => {
  const b = site.browser();
  await b.login('ann');
  return b;
};
/** But the sheet of doors and pages, which has no colours. */
const sheets = (html: string) =>
  [...html.matchAll(/<link rel="stylesheet" href="[^"]*\/([a-z]+)\.css"(?: media="([^"]*)")?>/g)]
    .map(m => [m[1], m[2]].join(' ').trim())
    .filter(name => name !== 'pages');
const asTheDevice = ['app', 'dark screen and (prefers-color-scheme: dark)', 'contrast (prefers-contrast: more)'];

describe('appearance', () => {
  test('pages look as the device has it until something is chosen', async () => {
    const b = await signedIn();
    const { html } = await b.page('/settings/appearance');
    expect(sheets(html)).toEqual(asTheDevice);
    expect(html).toContain('<meta name="color-scheme" content="light dark">');
    expect(html).not.toContain('data-density');
    for (const name of ['scheme', 'contrast']) expect(html).toMatch(new RegExp(`name="${name}" value="auto" checked`));
  });

  test('what is chosen holds for every page of the account, and for the page one signs in on its language', async () => {
    const b = await signedIn();
    const chosen = { language: 'de', zone: 'Asia/Tokyo', scheme: 'dark', contrast: 'more', density: 'compact' };
    const saved = await b.post('/settings/appearance', chosen);
    expect([saved.status, saved.headers.get('location')]).toEqual([303, '/settings/appearance']);
    const { html } = await b.page('/mail/inbox');
    expect(html).toMatch(/<html lang="de-DE" dir="ltr" data-density="compact">/);
    expect(sheets(html)).toEqual(['app', 'dark screen', 'contrast']);
    expect(html).toContain('<meta name="color-scheme" content="dark">');
    const form = (await b.page('/settings/appearance')).html;
    expect(form).toContain('<option value="Asia/Tokyo" selected>Tokyo</option>');
    // A city has its name of today, and stands where that is looked for.
    expect(form).toContain('>Kirov</option><option value="Europe/Kiev">Kyiv</option>');
    expect(form).toContain('<option value="de" lang="de" dir="ltr" selected>Deutsch</option>');
    for (const [name, value] of Object.entries(chosen).slice(2))
      expect(form).toContain(`name="${name}" value="${value}" checked`);
    await b.post('/logout', {});
    const door = (await b.page('/login')).html;
    expect(door).toContain('<html lang="de-DE"');
    expect(sheets(door)).toEqual(asTheDevice);
  });

  test('light pages carry no dark sheet, and what is no choice becomes the first', async () => {
    const b = await signedIn();
    await b.post('/settings/appearance', {
      scheme: 'light',
      language: 'xx',
      zone: 'Nowhere/Atlantis',
      density: '"><b>',
    });
    const { html } = await b.page('/mail/inbox');
    expect(sheets(html)).toEqual(['app', 'contrast (prefers-contrast: more)']);
    const ann = await site.store.accounts.byAddress('ann@example.org');
    expect(ann).toMatchObject({ language: '', zone: '', scheme: 'light', contrast: 'auto', density: 'comfortable' });
  });

  test('whoever wants no script gets none, on no page, until it is wanted again', async () => {
    const b = await signedIn();
    const policy = (answer: Response) => answer.headers.get('content-security-policy');
    await b.post('/settings/appearance', { scripts: 'off' });
    const inbox = await b.request('/mail/inbox');
    expect(policy(inbox)).toContain("script-src 'none'");
    expect(await inbox.text()).not.toContain('<script');
    // What a page brings for itself the browser does not run.
    expect(policy(await b.request('/compose'))).toContain("script-src 'none'");
    expect(policy(await site.browser().request('/login'))).toContain("script-src 'self'");
    await b.post('/settings/appearance', { scripts: 'on' });
    const again = await b.request('/mail/inbox');
    expect(policy(again)).toContain("script-src 'self'");
    expect(await again.text()).toMatch(/<script src="[^"]*\/app\.js" defer>/);
  });

  test('the colours of a mail follow', async () => {
    const ann = (await site.store.accounts.byAddress('ann@example.org'))!;
    const id = await site.deliver(
      ann,
      'From: Bo <bo@example.net>\nSubject: x\nContent-Type: text/html\n\n<p style="color:#000">x</p>\n',
    );
    const b = await signedIn();
    const schemeOf = async () =>
      /:root \{ color-scheme: ([a-z ]+);/.exec((await b.page(`/messages/${id}/body`)).html)?.[1];
    for (const [scheme, expected] of [
      ['auto', 'light dark'],
      ['light', 'light'],
      ['dark', 'dark'],
    ] as const) {
      await b.post('/settings/appearance', { scheme });
      expect(await schemeOf()).toBe(expected);
    }
  });

  test('an address made in a language keeps it', async () => {
    const b = site.browser();
    await b.post('/language', { language: 'ja', back: '/signup' });
    await b.post('/signup', {
      name: 'Kei',
      username: 'kei',
      password: 'long enough a password',
      domain: 'example.org',
    });
    expect(await site.store.accounts.byAddress('kei@example.org')).toMatchObject({ language: 'ja' });
  });
});

test('app.css asks the device for no colours: dark.css and contrast.css do, unless who reads has chosen', () => {
  const sheet = readFileSync(new URL('../public/app.css', import.meta.url), 'utf8');
  expect(sheet).not.toMatch(/prefers-(color-scheme|contrast)/);
});
