import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { enter, hasChromium, inChromium, type Visited } from './browser.ts';
import { openSite, type TestSite } from './site.ts';

if (!hasChromium) test.skip('sending files by script needs a browser: the package chromium would run it', () => {});

let site: TestSite;
let ann: Account;
let browser: Browser;
let visited: Visited;
let base = '';
const complaints: string[] = [];

beforeAll(async () => {
  if (!hasChromium) return;
  site = await openSite({ host_domain: ['example.org'], max_message_size: 3_000_000 });
  ann = await site.account('ann');
  visited = await inChromium(site);
  ({ base, browser } = visited);
});
afterAll(async () => {
  if (!hasChromium) return;
  await visited.close();
});
beforeEach(async () => {
  if (!hasChromium) return;
  site.sent.length = 0;
  for (const draft of await site.store.drafts.list(ann.id)) await site.store.drafts.remove(ann.id, draft.id);
});

async function writing(): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on('pageerror', error => complaints.push(error.message));
  await enter(page, base, 'ann');
  await page.goto(`${base}/compose?to=bo@example.net&subject=S`);
  await page.locator('.chip-box').first().waitFor();
  return { context, page };
}

type Box = { left: number; right: number; height: number };
const file = (name: string, octets = 4) => ({ name, mimeType: 'text/plain', buffer: Buffer.alloc(octets, 'a') });
const choose = (page: Page, ...files: ReturnType<typeof file>[]) =>
  page.locator('input[type=file]').setInputFiles(files);
const kept = (page: Page) => page.locator('.files-kept .attachment b').allTextContents();
const names = async () => (await site.store.drafts.list(ann.id))[0]?.uploads.map(u => u.name) ?? [];
const sendButton = (page: Page) => page.getByRole('button', { name: 'Send', exact: true });

describe.skipIf(!hasChromium)('files of a letter in Chromium', { timeout: 180_000 }, () => {
  test('go to the draft several at once, while one writes on', async () => {
    const { context, page } = await writing();
    const text = page.getByLabel('Message', { exact: true });
    await text.fill('Dear Bo');
    await choose(page, file('a.txt'), file('b.txt'), file('c.txt', 300_000));
    await text.press('End');
    await page.keyboard.type(', see below');
    await expect.poll(() => kept(page)).toHaveLength(3);
    expect((await names()).sort()).toEqual(['a.txt', 'b.txt', 'c.txt']);
    expect(await page.getByText('300 KB of 2.1 MB in all.').count()).toBe(1);
    expect(await text.inputValue()).toBe('Dear Bo, see below');
    expect(await page.locator('.on-their-way').isHidden()).toBe(true);
    await sendButton(page).click();
    await page.waitForURL('**/mail/inbox');
    expect(site.sent[0]?.content).toMatch(/see below[\s\S]*c\.txt/);
    await context.close();
  });

  test.each(['en-GB', 'de-DE', 'ar-EG'])(
    'are chosen by a button of one line at the edge of a phone, in %s',
    async locale => {
      const context = await browser.newContext({ locale, viewport: { width: 360, height: 740 } });
      const page = await context.newPage();
      await enter(page, base, 'ann');
      await page.goto(`${base}/compose`);
      const [button, sign, area] = await page.evaluate<Box[]>(
        "['.attach label', '.attach label svg', '.compose-files'].map(s => document.querySelector(s).getBoundingClientRect().toJSON())",
      );
      expect(button!.height).toBeLessThanOrEqual(44);
      const edge = locale === 'ar-EG' ? area!.right - sign!.right : sign!.left - area!.left;
      expect(Math.abs(edge)).toBeLessThanOrEqual(2);
      await context.close();
    },
  );

  test('are dropped on the page, and pasted into the text', async () => {
    const { context, page } = await writing();
    const data = await page.evaluateHandle(
      "(() => { const d = new DataTransfer(); d.items.add(new File(['x'], 'dropped.txt', { type: 'text/plain' })); return d; })()",
    );
    await page.dispatchEvent('.compose-form', 'dragenter', { dataTransfer: data });
    expect(await page.locator('.compose-form.dropping').count()).toBe(1);
    await page.dispatchEvent('.compose-form', 'drop', { dataTransfer: data });
    await expect.poll(() => kept(page)).toEqual(['dropped.txt']);
    expect(await page.locator('.compose-form.dropping').count()).toBe(0);
    await page.evaluate(
      "(() => { const d = new DataTransfer(); d.items.add(new File(['x'], 'pasted.png', { type: 'image/png' })); document.querySelector('textarea').dispatchEvent(new ClipboardEvent('paste', { clipboardData: d, bubbles: true, cancelable: true })); })()",
    );
    await expect.poll(() => kept(page)).toEqual(['dropped.txt', 'pasted.png']);
    await context.close();
  });

  test('too large are told before they are sent, and hold the letter until they are let go', async () => {
    const { context, page } = await writing();
    await choose(page, file('large.txt', 2_200_000), file('small.txt'));
    await page.locator('.uploading').getByText('2.2 MB is too large').waitFor();
    await expect.poll(() => kept(page)).toEqual(['small.txt']);
    await sendButton(page).click();
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toContain('large.txt');
    expect(site.sent).toEqual([]);
    await page.keyboard.press('Enter');
    await sendButton(page).click();
    await page.waitForURL('**/mail/inbox');
    expect(site.sent.length).toBe(1);
    await context.close();
  });

  test('are tried again when the line breaks, and Send waits for them', async () => {
    const { context, page } = await writing();
    let breaks = 2;
    await page.route('**/drafts/files', route => (breaks-- > 0 ? route.abort('connectionreset') : route.continue()));
    await choose(page, file('a.txt'));
    await page.locator('.uploading').getByText('The line broke').waitFor();
    await sendButton(page).click();
    expect(await page.locator('.draft-state').textContent()).toContain('Files are still on their way');
    await page.waitForURL('**/mail/inbox', { timeout: 30_000 });
    expect(site.sent[0]?.content).toContain('a.txt');
    await context.close();
  });

  test('are there once when the line broke behind them', async () => {
    const { context, page } = await writing();
    let breaks = 1;
    await page.route('**/drafts/files', async route => {
      if (breaks-- <= 0) return route.continue();
      await route.fetch();
      await route.abort('connectionreset');
    });
    await choose(page, file('a.txt'));
    await page.locator('.uploading').getByText('The line broke').waitFor();
    await expect.poll(() => kept(page)).toEqual(['a.txt']);
    expect(await names()).toEqual(['a.txt']);
    await context.close();
  });

  test('can be called off on their way, and the refusal of the server stands beside its file', async () => {
    const { context, page } = await writing();
    let go = () => {};
    const held = new Promise<void>(resolve => {
      go = resolve;
    });
    // The server has it, and its answer is on the way.
    await page.route('**/drafts/files', async route => {
      await route.fetch();
      await held;
      await route.abort().catch(() => {});
    });
    await choose(page, file('a.txt'));
    await expect.poll(names).toEqual(['a.txt']);
    await page.getByRole('button', { name: /^Cancel .*a\.txt/ }).click();
    expect(await page.locator('.uploading').count()).toBe(0);
    go();
    await page.unroute('**/drafts/files');
    await expect.poll(names).toEqual([]);
    await site.store.accounts.set(ann.id, { quota: 1_000 });
    await choose(page, file('full.txt', 5_000));
    await page.locator('.uploading').getByText('there was no room for full.txt').waitFor();
    await site.store.accounts.set(ann.id, { quota: 0 });
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => kept(page)).toEqual(['full.txt']);
    await context.close();
  });

  test('nothing failed in the page', () => {
    expect(complaints).toEqual([]);
  });
});
