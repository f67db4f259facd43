/** The worker in a real browser: what it shows, and what it says when there is no way to the site. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inChromium, type Visited } from './browser.ts';
import { hasCommand } from './harness.ts';
import { openSite, type TestSite } from './site.ts';

// The shell shows no notifications.
const hasChromium = hasCommand('chromium');
if (!hasChromium) test.skip('the worker needs a browser: the package chromium would run it', () => {});

let site: TestSite;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let visited: Visited;
let base = '';

beforeAll(async () => {
  if (!hasChromium) return;
  site = await openSite({ host_domain: ['example.org'] });
  await site.account('ann');
  visited = await inChromium(site, 'chromium');
  ({ base, browser } = visited);
  context = await browser.newContext({ locale: 'en-GB', permissions: ['notifications'] });
  const form = { username: 'ann', password: 'correct horse' };
  await context.request.post(`${base}/login`, { form, headers: { Origin: base } });
  page = await context.newPage();
  await page.goto(`${base}/settings/notifications`);
});
afterAll(async () => {
  if (!hasChromium) return;
  await visited.close();
});

describe.skipIf(!hasChromium)('worker.js', () => {
  test('shows what a push service brings, and nothing beside it', async () => {
    const cdp = await context.newCDPSession(page);
    const registered = new Promise<string>(resolve =>
      cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
        const active = versions.find(v => v.status === 'activated');
        if (active) resolve(active.registrationId);
      }),
    );
    await cdp.send('ServiceWorker.enable');
    await page.evaluate("navigator.serviceWorker.register('/worker.js')");
    const registrationId = await registered;
    const note = { title: 'Bo Ek', body: 'Saturday', tag: 'mail', lang: 'en-GB', dir: 'ltr', url: '/mail/inbox/7' };
    await cdp.send('ServiceWorker.deliverPushMessage', { origin: base, registrationId, data: JSON.stringify(note) });
    const shown = `navigator.serviceWorker.ready.then(r => r.getNotifications()).then(some => some.map(n => [n.title, n.body, n.tag, n.data.url]))`;
    await expect.poll(() => page.evaluate(shown)).toEqual([['Bo Ek', 'Saturday', 'mail', '/mail/inbox/7']]);
  });

  test('keeps one page and its sheets, which says when there is no way to the site; never mail', async () => {
    await page.goto(`${base}/mail/inbox`);
    await page.goto(`${base}/compose`);
    const kept = (await page.evaluate(
      "caches.keys().then(names => Promise.all(names.map(n => caches.open(n).then(c => c.keys())))).then(all => all.flat().map(r => new URL(r.url).pathname.replace(/[^/]+\\/(?=[^/]+$)/, '')))",
    )) as string[];
    expect(kept.toSorted()).toEqual([
      '/assets/app.css',
      '/assets/contrast.css',
      '/assets/dark.css',
      '/assets/pages.css',
      '/offline',
    ]);
    await context.setOffline(true);
    await page.goto(`${base}/mail/inbox`);
    await page.getByRole('heading', { name: 'No way to the site' }).waitFor();
    expect(await page.evaluate("getComputedStyle(document.querySelector('.button')).borderRadius")).toBe('6px');
    await context.setOffline(false);
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.locator('#list').waitFor();
  });
});
