import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { enter, hasChromium, hearComplaints, inChromium, type Visited } from './browser.ts';
import { openSite, type TestSite } from './site.ts';

if (!hasChromium) test.skip('composing needs a browser: the package chromium would run it', () => {});

let site: TestSite;
let ann: Account;
let browser: Browser;
let visited: Visited;
let base = '';
const complaints: string[] = [];

beforeAll(async () => {
  if (!hasChromium) return;
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  const people: [string, string, string][] = [
    ['Bo Ek', 'bo@example.net', 'Choir'],
    ['Boris', 'boris@example.net', 'Choir'],
    ['Ek, "Lee"', 'lee@example.net', ''],
  ];
  for (const [i, [name, address, group]] of people.entries())
    await site.store.contacts.create(
      ann.id,
      `u${i}`,
      { name, addresses: [{ label: '', address }], groups: group ? [group] : [], note: '', kept: [] },
      1,
    );
  visited = await inChromium(site);
  ({ base, browser } = visited);
});
afterAll(async () => {
  if (!hasChromium) return;
  await visited.close();
});

async function composing(path = '/compose'): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  hearComplaints(page, complaints);
  await enter(page, base, 'ann');
  await page.goto(base + path);
  await page.locator('.chip-box').first().waitFor();
  return { context, page };
}

const to = (page: Page) => page.getByRole('combobox', { name: 'To', exact: true });
const value = (page: Page) => page.inputValue('input[type=hidden][name=to]');
const offered = (page: Page) => page.locator('.offers [role=option] b').allTextContents();
const chips = (page: Page) => page.locator('.compose-row').first().locator('.chip-text').allTextContents();

describe.skipIf(!hasChromium)('recipients in Chromium', () => {
  test('are offered while one types, chosen by key, and stand in the form as plain text', async () => {
    const { context, page } = await composing();
    await to(page).pressSequentially('bo');
    await page.locator('.offers [role=option]').nth(1).waitFor();
    expect(await offered(page)).toEqual(['Bo Ek', 'Boris']);
    expect(await to(page).getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('ArrowDown');
    const active = await to(page).getAttribute('aria-activedescendant');
    expect(await page.locator(`[id="${active}"]`).textContent()).toContain('Boris');
    await page.keyboard.press('Enter');
    expect([await chips(page), await value(page)]).toEqual([['Boris'], 'Boris <boris@example.net>']);
    // Who is there already is not offered again; Escape closes the list and keeps what was typed.
    await to(page).pressSequentially('bo');
    await page.locator('.offers [role=option]').first().waitFor();
    expect(await offered(page)).toEqual(['Bo Ek']);
    await page.keyboard.press('Escape');
    expect(await page.locator('.offers').first().isHidden()).toBe(true);
    expect(await value(page)).toBe('Boris <boris@example.net>, bo');
    await to(page).fill('');
    await to(page).pressSequentially('choir');
    await page.locator('.offers [role=option]').first().waitFor();
    await page.locator('.offers [role=option]').first().click();
    expect(await chips(page)).toEqual(['Boris', 'Bo Ek']);
    await context.close();
  });

  test('are typed at once on a new letter: the field has the focus', async () => {
    const { context, page } = await composing('/compose');
    await page.locator('input[role=combobox]:focus').first().waitFor();
    await page.keyboard.type('zoe@x.example,');
    expect(await chips(page)).toEqual(['zoe@x.example']);
    await context.close();
  });

  test('are typed, pasted in numbers, mended, removed by key; and sent as they stand', async () => {
    const { context, page } = await composing();
    await to(page).pressSequentially('zoe@example.net,');
    expect(await chips(page)).toEqual(['zoe@example.net']);
    await page.evaluate('navigator.clipboard.writeText(\'a@x.example\\n"Ek, Lee" <lee@x.example>; nonsense\')');
    await page.keyboard.press('Control+v');
    expect(await chips(page)).toEqual(['zoe@example.net', 'a@x.example', 'Ek, Lee', 'nonsense']);
    expect(await page.locator('.chip.wrong').count()).toBe(1);
    await page.keyboard.press('Backspace');
    expect(await to(page).inputValue()).toBe('nonsense');
    await to(page).fill('');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Delete');
    expect(await chips(page)).toEqual(['zoe@example.net', 'Ek, Lee']);
    await page.getByLabel('Subject').fill('Hello');
    await page.getByLabel('Message', { exact: true }).fill('Hello');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.waitForURL('**/mail/inbox');
    const last = site.sent.at(-1)!;
    expect(last.submission.recipients.map(r => r.address)).toEqual(['zoe@example.net', 'lee@x.example']);
    expect(last.content).toContain('Ek, Lee');
    await context.close();
  });

  test('of a draft come back as chips, are saved while typing, and none is lost by leaving the field', async () => {
    const { context, page } = await composing(
      `/compose?to=${encodeURIComponent('"Ek, Lee" <lee@x.example>, Bo <bo@example.net>')}`,
    );
    expect(await chips(page)).toEqual(['Ek, Lee', 'Bo']);
    await to(page).pressSequentially('half@typed.example');
    await page.getByLabel('Subject').focus();
    expect(await chips(page)).toEqual(['Ek, Lee', 'Bo', 'half@typed.example']);
    await page.getByText(/^Saved/).waitFor();
    await page.reload();
    await page.locator('.chip').nth(2).waitFor();
    expect(await value(page)).toBe('"Ek, Lee" <lee@x.example>, Bo <bo@example.net>, half@typed.example');
    await context.close();
  });

  test('another address takes its signature along; what was written stays', async () => {
    const fields = { name: '', replyTo: '', isDefault: false };
    await site.store.identities.save(ann.id, { ...fields, address: 'ann@example.org', signature: 'Ann' });
    await site.store.identities.save(ann.id, { ...fields, address: 'sales@example.org', signature: 'Sales\nteam' });
    const { context, page } = await composing('/compose?body=Hello');
    const text = page.getByLabel('Message', { exact: true });
    expect(await text.inputValue()).toBe('Hello\n\n-- \nAnn\n');
    await page.getByLabel('From').selectOption('sales@example.org');
    expect(await text.inputValue()).toBe('Hello\n\n-- \nSales\nteam\n');
    await page.getByText(/^Saved/).waitFor();
    await page.reload();
    expect(await text.inputValue()).toBe('Hello\n\n-- \nSales\nteam\n');
    expect(await page.getByLabel('From').inputValue()).toBe('sales@example.org');
    await context.close();
  });

  test('Enter in the subject goes on to the text', async () => {
    const { context, page } = await composing('/compose?to=bo@example.net');
    const before = site.sent.length;
    await page.getByLabel('Subject').fill('S');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Written');
    expect(await page.getByLabel('Message', { exact: true }).inputValue()).toContain('Written');
    expect(site.sent.length).toBe(before);
    await context.close();
  });

  test('nothing broke a rule of the page', () => {
    expect(complaints).toEqual([]);
  });
});
