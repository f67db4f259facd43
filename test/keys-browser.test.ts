/** Keys and focus in a real browser: what a person without a mouse meets. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { hasChromium, inChromium, type Visited } from './browser.ts';
import { openSite, type TestSite } from './site.ts';

if (!hasChromium) test.skip('keys need a browser: the package chromium would run it', () => {});

let site: TestSite;
let ann: Account;
let browser: Browser;
let visited: Visited;
let base = '';

beforeAll(async () => {
  if (!hasChromium) return;
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  for (let i = 1; i <= 9; i++)
    await site.deliver(ann, `From: Bo <bo@example.net>\nSubject: letter ${i}\n\nx\n`, site.clock.now - i * 60_000);
  visited = await inChromium(site);
  ({ base, browser } = visited);
});
afterAll(async () => {
  if (!hasChromium) return;
  await visited.close();
});

async function signedIn(path = '/mail/inbox'): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 820 }, locale: 'en-GB' });
  const form = { username: 'ann', password: 'correct horse' };
  await context.request.post(`${base}/login`, { form, headers: { Origin: base } });
  const page = await context.newPage();
  await page.goto(base + path);
  return page;
}

const focused = (page: Page) => page.evaluate('document.activeElement.textContent.trim().replace(/\\s+/g, " ")');
const rowInFocus = (page: Page, subject: string) => page.locator('.row-link:focus', { hasText: subject }).waitFor();
const said = (page: Page, words: string) =>
  page.locator('#announce', { hasText: words }).waitFor({ state: 'attached' });

describe.skipIf(!hasChromium)('without a mouse', () => {
  test('the first Tab reaches the link that skips to the content', async () => {
    const page = await signedIn();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await page.locator('#content:focus').waitFor();
    await page.context().close();
  });

  test('keys go through the list; what is archived is announced, and focus is where it was', async () => {
    const page = await signedIn();
    for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key);
    await rowInFocus(page, 'letter 2');
    await page.keyboard.press('e');
    await said(page, '1 message moved to Archive.');
    await rowInFocus(page, 'letter 3');
    await page.keyboard.press('z');
    await said(page, '1 message moved to Inbox.');
    await page.context().close();
  });

  test('going back from a message leads to its row, and the page is announced by its title', async () => {
    const page = await signedIn();
    for (const key of ['j', 'j', 'j', 'j', 'o']) await page.keyboard.press(key);
    await said(page, 'letter 4');
    await page.keyboard.press('u');
    await said(page, 'Inbox');
    await rowInFocus(page, 'letter 4');
    await page.context().close();
  });

  test('two keys lead elsewhere; in a field, and with a key of the browser, they are what was typed', async () => {
    const page = await signedIn();
    await page.keyboard.press('/');
    await page.keyboard.type('gdje#?');
    expect(await page.inputValue('#q')).toBe('gdje#?');
    await page.keyboard.press('Escape');
    await page.locator('#q').blur();
    await page.keyboard.press('Control+e');
    await page.keyboard.press('Alt+e');
    await page.waitForTimeout(100);
    expect(page.url()).toContain('/mail/inbox');
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.waitForURL('**/mail/sent');
    await page.context().close();
  });

  test('? lists the keys, Escape closes the list and gives the focus back', async () => {
    const page = await signedIn();
    await page.keyboard.press('j');
    await page.keyboard.press('?');
    await page.locator('#keys[open]').waitFor();
    await page.keyboard.press('e');
    await page.keyboard.press('Escape');
    await page.locator('#keys[open]').waitFor({ state: 'detached' });
    await rowInFocus(page, 'letter 1');
    await page.context().close();
  });

  test('a key that was changed works, its old one does not, and none do when they are off', async () => {
    const page = await signedIn('/settings/keys');
    await page.fill('#key-inbox', 'h');
    await page.click('.keys-page button.primary');
    await page.locator('.toast').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.waitForTimeout(100);
    expect(page.url()).toContain('/settings/keys');
    await page.keyboard.press('h');
    await page.waitForURL('**/mail/inbox');
    await page.goto(`${base}/settings/keys`);
    await page.uncheck('input[name=on]');
    await page.click('.keys-page button.primary');
    await page.locator('.toast').waitFor();
    await page.keyboard.press('h');
    await page.waitForTimeout(100);
    expect(page.url()).toContain('/settings/keys');
    await page.click('button[name=again]');
    await page.locator('.toast').waitFor();
    await page.context().close();
  });

  test('on a keyboard of other letters the place of the key counts', async () => {
    const page = await signedIn();
    const press = (key: string, code: string) =>
      page.evaluate(
        `document.dispatchEvent(new KeyboardEvent('keydown', { key: '${key}', code: '${code}', bubbles: true }))`,
      );
    await press('о', 'KeyJ');
    await rowInFocus(page, 'letter 1');
    await page.context().close();
  });

  test('Tab leaves every page at its end: nothing holds the focus', async () => {
    for (const path of ['/mail/inbox', '/compose', '/settings/appearance']) {
      const page = await signedIn(path);
      const first = '#app a, #app button, .skip';
      const reached = async () =>
        page.evaluate(`document.activeElement === document.body || document.activeElement.matches('.skip')`);
      await page.locator(first).first().focus();
      let left = false;
      for (let i = 0; i < 250 && !left; i++) {
        await page.keyboard.press('Tab');
        left = i > 2 && Boolean(await reached());
      }
      expect([path, left]).toEqual([path, true]);
      await page.context().close();
    }
  });

  test('an error is tied to its field, and the first field to mend has the focus', async () => {
    const page = await signedIn('/settings');
    await page.fill('#old', 'wrong');
    await page.fill('#next', 'short');
    await page.locator('#next').press('Enter');
    await page.locator('#next-error').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('next');
    expect(await page.getAttribute('#next', 'aria-describedby')).toContain('next-error');
    await page.context().close();
  });
});
