/** What a form answers is at no address: the pages of two-step sign-in and app passwords, as one goes through them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authenticator } from './authenticator.ts';
import { hasChromium, inChromium, type Visited } from './browser.ts';
import { openSite, type TestSite } from './site.ts';

if (!hasChromium) test.skip('the pages need a browser: the package chromium would run it', () => {});

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const password = 'correct horse';

let site: TestSite;
let visited: Visited;
const clock = { now: Date.now() };
beforeAll(async () => {
  if (!hasChromium) return;
  site = await openSite({ host_domain: ['example.org'] }, clock);
  visited = await inChromium(site);
});
afterAll(async () => {
  if (hasChromium) await visited.close();
});

/** Nothing for axe, and nothing beside the window. */
async function sound(page: Page) {
  expect(
    await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
  ).toBeLessThanOrEqual(0);
  await page.evaluate(axeSource);
  const { violations } = (await page.evaluate(
    "axe.run(document, { iframes: false, rules: { 'target-size': { enabled: true } } })",
  )) as { violations: { id: string; nodes: { html: string }[] }[] };
  expect(violations.map(v => `${page.url()} ${v.id}: ${v.nodes[0]?.html}`)).toEqual([]);
}

const press = async (page: Page, ...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};
const reached = (page: Page, selector: string) => page.locator(`${selector}:focus`).waitFor();
/** By Tab alone, from where the focus is. */
async function tabTo(page: Page, selector: string) {
  for (let n = 0; n < 60; n++) {
    if (await page.locator(`${selector}:focus`).count()) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no way by Tab to ${selector}`);
}

describe.skipIf(!hasChromium)('two-step sign-in', () => {
  test.each(['en', 'de', 'ar'])(
    'in %s is set up and used by keys alone at 320 px, and axe finds nothing',
    async locale => {
      const name = `two-${locale}`;
      await site.account(name);
      const context = await visited.browser.newContext({ viewport: { width: 320, height: 640 }, locale });
      const page = await context.newPage();
      const signIn = async () => {
        await page.goto(`${visited.base}/login`);
        await reached(page, '#username');
        await page.keyboard.type(name);
        await press(page, 'Tab');
        await page.keyboard.type(password);
        await press(page, 'Enter');
      };
      await signIn();
      await page.waitForURL('**/mail/inbox');

      await page.goto(`${visited.base}/settings/app-passwords`);
      await tabTo(page, '#name');
      await page.keyboard.type('Phone');
      await tabTo(page, '#password');
      await page.keyboard.type(password);
      await press(page, 'Enter');
      await page.locator('p.secret').waitFor();
      await sound(page);
      await tabTo(page, 'a[href="/settings/app-passwords"]');
      await press(page, 'Enter');
      await page.locator('.decided').waitFor();
      await sound(page);

      await page.goto(`${visited.base}/settings/second-factor`);
      await sound(page);
      await tabTo(page, '#password');
      await page.keyboard.type(password);
      await press(page, 'Enter');
      await reached(page, '#code');
      await sound(page);
      const app = authenticator((await page.locator('dd.secret').textContent())!);
      await page.keyboard.type('abc');
      await press(page, 'Enter');
      await page.locator('#code-error').waitFor();
      await sound(page);
      await page.keyboard.type(app.code(clock.now));
      await press(page, 'Enter');
      await page.locator('.codes').waitFor();
      expect(await page.locator('.codes li').count()).toBe(10);
      await sound(page);
      await page.goto(`${visited.base}/settings/second-factor`);
      await sound(page);
      clock.now += 60_000;

      await context.clearCookies();
      await signIn();
      await reached(page, '#code');
      await sound(page);
      await tabTo(page, 'a[href^="/login/code?recovery"]');
      await press(page, 'Enter');
      await page.waitForURL('**/login/code?recovery*');
      await sound(page);
      await page.goBack();
      await tabTo(page, '#code');
      await page.keyboard.type(app.code(clock.now));
      await tabTo(page, '[name=trust]');
      await press(page, 'Space', 'Enter');
      await page.waitForURL('**/mail/inbox');
      clock.now += 60_000;
      await page.goto(`${visited.base}/settings/devices`);
      await page.locator('form[action$="/trust/removal"]').waitFor();
      await sound(page);
      await context.close();
    },
    120_000,
  );

  test.each([true, false])('recovery codes are had as a file and on paper; script: %s', async script => {
    const name = `paper-${script}`;
    const account = await site.account(name);
    const context = await visited.browser.newContext({ javaScriptEnabled: script, locale: 'en-GB' });
    const page = await context.newPage();
    await context.request.post(`${visited.base}/login`, {
      form: { username: name, password },
      headers: { Origin: visited.base },
    });
    await site.store.accounts.set(account.id, { scheme: 'dark' });
    await page.goto(`${visited.base}/settings/second-factor`);
    await page.fill('#password', password);
    await page.press('#password', 'Enter');
    const app = authenticator((await page.locator('dd.secret').textContent())!);
    await page.fill('#code', app.code(clock.now));
    await page.press('#code', 'Enter');
    const codes = await page.locator('.codes li').allTextContents();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Save as text file' }).click(),
    ]);
    const text = readFileSync(await file.path(), 'utf8');
    expect(file.suggestedFilename()).toBe('recovery-codes.txt');
    expect(text).toMatch(new RegExp(`^Recovery codes of ${name}@example.org, made on .+ Each works once.\r\n\r\n`));
    expect(text.split('\r\n').slice(2, -1)).toEqual(codes);
    const print = page.getByRole('button', { name: 'Print' });
    expect(await print.isVisible()).toBe(script);
    if (script) {
      await page.evaluate('window.print = () => { document.title = "printed" }');
      await print.click();
      expect(await page.title()).toBe('printed');
    }
    // On paper: black on white, and nothing that could be pressed.
    await page.emulateMedia({ media: 'print' });
    await page.locator('.codes').waitFor();
    const pressed = page.locator('.page .button, .top').filter({ visible: true });
    expect(await pressed.evaluateAll(all => all.map(e => e.outerHTML))).toEqual([]);
    await context.close();
  });
});
