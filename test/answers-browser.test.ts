/** Answers that come in another order than they were asked for, or while something else is under way. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { hasChromium, inChromium, type Visited } from './browser.ts';
import { openSite, type TestSite } from './site.ts';

if (!hasChromium) test.skip('answers in any order need a browser: the package chromium would run it', () => {});

let site: TestSite;
let ann: Account;
let browser: Browser;
let visited: Visited;
let base = '';
let made = 0;

beforeAll(async () => {
  if (!hasChromium) return;
  site = await openSite({ host_domain: ['example.org'] });
  visited = await inChromium(site);
  ({ base, browser } = visited);
});
beforeEach(async () => {
  if (!hasChromium) return;
  ann = await site.account(`ann${++made}`);
  for (let i = 1; i <= 6; i++) await comes(`letter ${i}`, site.clock.now - i * 60_000);
});
afterAll(async () => {
  if (!hasChromium) return;
  await visited.close();
});

const comes = (subject: string, at = site.clock.now) =>
  site.deliver(ann, `From: Bo <bo@example.net>\nSubject: ${subject}\n\nx\n`, at);

async function signedIn(script?: () => void): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 820 }, locale: 'en-GB' });
  const form = { username: ann.address.split('@')[0]!, password: 'correct horse' };
  await context.request.post(`${base}/login`, { form, headers: { Origin: base } });
  const page = await context.newPage();
  if (script) await page.addInitScript(script);
  const streams = page.waitForResponse('**/events*');
  await page.goto(`${base}/mail/inbox`);
  await streams;
  await page.evaluate('window.stayed = true');
  return page;
}

/** Tells the page that something changed. */
async function hint(): Promise<void> {
  const inbox = await site.store.folders.byRole(ann.id, 'inbox');
  const { modseq } = (await site.store.accounts.byId(ann.id))!;
  site.tell.changed([{ accountId: ann.id, folderId: inbox.id, modseq }]);
}

/** Keeps back the next answer for a target: `made` once the server has given it, and it arrives when it is let go. */
async function keepBack(page: Page, target: 'div#app' | 'section#list') {
  const made = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  let done = false;
  const arrived = Promise.withResolvers<void>();
  await page.route('**', async route => {
    if (done || route.request().headers()['hx-target'] !== target) return route.fallback();
    done = true;
    const response = await route.fetch();
    made.resolve();
    await letGo.promise;
    await route.fulfill({ response });
    // In the page all that the answer leads to was done when another task runs.
    await route.request().response();
    await page.evaluate('new Promise(resolve => setTimeout(resolve, 50))');
    arrived.resolve();
  });
  return {
    made: made.promise,
    async arrive() {
      letGo.resolve();
      await arrived.promise;
    },
  };
}

const row = (page: Page, subject: string) => page.locator('#list .row', { hasText: subject });
const opened = (page: Page, subject: string) => page.locator('article.message h1', { hasText: subject }).waitFor();
const inFocus = (page: Page, subject: string) => page.locator('.row-link:focus', { hasText: subject }).waitFor();
const said = (page: Page, words: string) =>
  page.locator('#announce', { hasText: words }).waitFor({ state: 'attached' });

describe.skipIf(!hasChromium)('a page', () => {
  test('takes the first key there can be, though timers come late on a busy machine', async () => {
    const page = await signedIn(() => {
      const later = globalThis.setTimeout;
      Reflect.set(globalThis, 'setTimeout', (what: () => void, ms?: number) => later(what, ms ?? 2_000));
    });
    await page.keyboard.press('j');
    await page.keyboard.press('o');
    await opened(page, 'letter 1');
    expect(await page.evaluate('window.stayed')).toBe(true);
    await said(page, 'letter 1');
    await page.context().close();
  });

  test('that was opened stays when the answer to an earlier look at the list arrives after it', async () => {
    const page = await signedIn();
    const list = await keepBack(page, 'section#list');
    await comes('news');
    await hint();
    await list.made;
    await row(page, 'letter 2').locator('.row-link').click();
    await opened(page, 'letter 2');
    await said(page, 'letter 2');
    await list.arrive();
    expect(await page.title()).toContain('letter 2');
    expect(await page.textContent('#list .row.open')).toContain('letter 2');
    expect(await page.textContent('#announce')).toContain('letter 2');
    await row(page, 'news').waitFor();
    await page.context().close();
  });

  test('comes though the list is renewed while it is on its way, and then shows what is newer than itself', async () => {
    const page = await signedIn();
    const message = await keepBack(page, 'div#app');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('o');
    await message.made;
    await comes('news');
    await hint();
    await row(page, 'news').waitFor();
    await inFocus(page, 'letter 2');
    await message.arrive();
    await opened(page, 'letter 2');
    await said(page, 'letter 2');
    await row(page, 'news').waitFor();
    expect(await page.title()).toContain('letter 2');
    await page.context().close();
  });

  test('is the one asked for last, whichever answer comes last', async () => {
    const page = await signedIn();
    const first = await keepBack(page, 'div#app');
    await row(page, 'letter 2').locator('.row-link').click();
    await first.made;
    await row(page, 'letter 5').locator('.row-link').click();
    await opened(page, 'letter 5');
    const { pathname } = new URL(page.url());
    await first.arrive();
    await opened(page, 'letter 5');
    expect(new URL(page.url()).pathname).toBe(pathname);
    expect(await page.title()).toContain('letter 5');
    await page.context().close();
  });

  test('keeps the place in its list when the row in focus goes, and takes none where there was none', async () => {
    const page = await signedIn();
    for (let i = 0; i < 3; i++) await page.keyboard.press('j');
    await inFocus(page, 'letter 3');
    const id = Number((await row(page, 'letter 3').getAttribute('id'))!.slice(1));
    const archive = await site.store.folders.byRole(ann.id, 'archive');
    await site.store.messages.move(ann.id, [id], archive.id);
    await hint();
    await row(page, 'letter 3').waitFor({ state: 'detached' });
    await inFocus(page, 'letter 4');
    await page.evaluate('document.activeElement.blur()');
    await comes('news');
    await hint();
    await row(page, 'news').waitFor();
    expect(await page.evaluate('document.activeElement === document.body')).toBe(true);
    await page.context().close();
  });

  test('one comes back to by the browser’s button is announced, leads to its row, and moves by name', async () => {
    const page = await signedIn();
    await row(page, 'letter 3').locator('.row-link').click();
    await opened(page, 'letter 3');
    await said(page, 'letter 3');
    await page.goBack();
    await page.locator('.reader.idle').waitFor();
    await said(page, 'Inbox');
    await inFocus(page, 'letter 3');
    await page.keyboard.press('o');
    await opened(page, 'letter 3');
    await said(page, 'letter 3');
    await page.goBack();
    await page.locator('.reader.idle').waitFor();
    await row(page, 'letter 4').locator('.tick input').check();
    await page.locator('#list button[data-choose]').first().click();
    await page.locator('#chooser[open]').waitFor();
    await page.context().close();
  });

  test('that does not come, for want of a line, is told, until one comes', async () => {
    const page = await signedIn();
    const words = page.getByText('The site did not answer.');
    expect(await words.isVisible()).toBe(false);
    await page.context().setOffline(true);
    await row(page, 'letter 3').locator('.row-link').click();
    await words.waitFor();
    expect(new URL(page.url()).pathname).toBe('/mail/inbox');
    await page.context().setOffline(false);
    await words.waitFor({ state: 'hidden' });
    await page.route('**/mail/inbox/*', route => route.abort());
    await row(page, 'letter 3').locator('.row-link').click();
    await words.waitFor();
    await page.unroute('**/mail/inbox/*');
    await row(page, 'letter 3').locator('.row-link').click();
    await opened(page, 'letter 3');
    expect(await words.isVisible()).toBe(false);
    await page.context().close();
  });
});
