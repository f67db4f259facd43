import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { enter, hasChromium, hearComplaints, inChromium, type Visited } from './browser.ts';
import { until } from './harness.ts';
import { openSite, type TestSite } from './site.ts';

if (!hasChromium) test.skip('what is typed is kept by a browser: the package chromium would run it', () => {});

describe.skipIf(!hasChromium)('what is typed in Chromium', { timeout: 180_000 }, () => {
  let site: TestSite;
  let ann: Account;
  let browser: Browser;
  let visited: Visited;
  let base = '';
  const complaints: string[] = [];

  beforeAll(async () => {
    site = await openSite({ host_domain: ['example.org'] });
    ann = await site.account('ann');
    await site.account('eve');
    visited = await inChromium(site);
    ({ base, browser } = visited);
  });
  afterAll(async () => {
    await visited?.close();
  });

  const signIn = async (context: BrowserContext, who = 'ann'): Promise<Page> => {
    const page = await context.newPage();
    hearComplaints(page, complaints);
    await enter(page, base, who);
    return page;
  };
  const message = (page: Page) => page.getByLabel('Message', { exact: true });
  const kept = (page: Page) =>
    page.evaluate<number>(`Object.keys(localStorage).filter(name => name.startsWith('cwmail typed ')).length`);
  const untilKept = (page: Page, n: number) => until(`${n} to be kept`, async () => (await kept(page)) === n);
  /** The line to the server is down for whatever saves. */
  const cut = (page: Page) => page.route('**/drafts', route => route.abort());

  test('and never reached the server is offered on the next page, and put back', async () => {
    const context = await browser.newContext();
    const page = await signIn(context);
    await page.goto(`${base}/compose?to=bo@example.net`);
    await cut(page);
    await page.getByLabel('Subject').fill('Before the crash');
    await message(page).fill('Line one\n\n<b>two</b> & "three"');
    await untilKept(page, 1);
    // As if the browser had crashed: no question, no time to save.
    await page.close({ runBeforeUnload: false });
    const again = await context.newPage();
    await again.goto(`${base}/compose`);
    await again.getByText('and not saved: “Before the crash Line one').waitFor();
    await again.getByRole('button', { name: 'Put it back' }).click();
    await again.waitForURL('**/drafts/*');
    expect(await message(again).inputValue()).toBe('Line one\n\n<b>two</b> & "three"');
    expect(await again.inputValue('input[type=hidden][name=to]')).toBe('bo@example.net');
    const drafts = await site.store.drafts.list(ann.id);
    expect(drafts.map(d => d.subject)).toEqual(['Before the crash']);
    expect(await kept(again)).toBe(0);
    await again.goto(`${base}/compose`);
    await again.locator('.chip-box').first().waitFor();
    expect(await again.getByText('and not saved:').count()).toBe(0);
    await context.close();
  });

  test('is forgotten when it is saved, sent, or thrown away, and at sign-out; another page’s is left alone', async () => {
    const context = await browser.newContext();
    const page = await signIn(context);
    await page.goto(`${base}/compose?to=bo@example.net&subject=Hello`);
    await message(page).fill('saved by itself');
    await page.getByText(/^Saved \d+:\d\d/).waitFor();
    await untilKept(page, 0);
    // Sent at once after the last key.
    await message(page).fill('sent before it was saved');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Message sent.').waitFor();
    expect(await kept(page)).toBe(0);
    await page.goto(`${base}/compose?to=bo@example.net`);
    await cut(page);
    await message(page).fill('of a page that is open still');
    await untilKept(page, 1);
    const other = await context.newPage();
    await other.goto(`${base}/compose`);
    await other.locator('.chip-box').first().waitFor();
    await other.waitForTimeout(500);
    expect(await other.getByText('and not saved:').count()).toBe(0);
    await page.close({ runBeforeUnload: false });
    await other.reload();
    await other.getByRole('button', { name: 'Throw it away' }).click();
    expect(await kept(other)).toBe(0);
    await cut(other);
    await message(other).fill('not for who comes after me');
    await untilKept(other, 1);
    // Eve's pages offer her nothing of it, and signing out takes it away.
    await other.close({ runBeforeUnload: false });
    const eve = await signIn(context, 'eve');
    expect(await kept(eve)).toBe(0);
    await eve.goto(`${base}/compose`);
    await cut(eve);
    await message(eve).fill('nor for who comes after Eve');
    await untilKept(eve, 1);
    await eve.goto(`${base}/mail/inbox`);
    await eve.locator('.me summary').click();
    await eve.getByRole('button', { name: 'Sign out' }).first().click();
    await eve.waitForURL('**/login?out');
    expect(await kept(eve)).toBe(0);
    await context.close();
  });

  test('is forgotten after a week, on any page, and when somebody else signs in', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${base}/login`);
    const put = (days: number) =>
      page.evaluate(
        `for (const who of ['ann', 'eve']) localStorage.setItem('cwmail typed ' + who + '@example.org k${days}',
          JSON.stringify({ at: Date.now() - ${days} * 86400000, fields: [] }))`,
      );
    for (const days of [6, 8]) await put(days);
    await page.evaluate("localStorage.setItem('cwmail typed broken', '{')");
    await page.reload();
    const names = () => page.evaluate<string[]>('Object.keys(localStorage).sort()');
    const lasting = ['cwmail typed ann@example.org k6', 'cwmail typed eve@example.org k6'];
    // The session may have run out: its writer may come back.
    expect(await names()).toEqual(lasting);
    await enter(page, base, 'ann');
    expect(await names()).toEqual(lasting.slice(0, 1));
    await context.close();
  });

  test('goes through sign-in when the session has ended, with script and without', async () => {
    for (const script of [true, false]) {
      const context = await browser.newContext({ javaScriptEnabled: script });
      const page = await signIn(context);
      await page.goto(`${base}/compose?to=bo@example.net&subject=Ended`);
      if (script) await cut(page);
      await message(page).fill(`typed to its end ${script}`);
      await site.store.sessions.removeAll(ann.id);
      const before = site.sent.length;
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.getByText('what you wrote is here again').waitFor();
      await page.fill('#password', 'correct horse');
      await page.click('button[type=submit]');
      await page.getByText('Here is what you wrote; it was not sent.').waitFor();
      expect(await message(page).inputValue()).toBe(`typed to its end ${script}`);
      expect(site.sent.length).toBe(before);
      if (script) expect(await kept(page)).toBe(0);
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.getByText('Message sent.').waitFor();
      expect(site.sent.at(-1)!.content).toContain(`typed to its end ${script}`);
      await context.close();
    }
  });

  test('on two devices is asked about while one types, and neither takes the other’s place unasked', async () => {
    const [one, two] = await Promise.all([browser.newContext(), browser.newContext()]);
    const made = await site.store.drafts.create(
      ann.id,
      { to: '', cc: '', bcc: '', subject: 'Two', text: 'first', relatedId: null, relation: null },
      1,
    );
    const { id } = made as Exclude<typeof made, 'no-room'>;
    const desk = await signIn(one);
    const phone = await signIn(two);
    for (const page of [desk, phone]) await page.goto(`${base}/drafts/${id}`);
    await message(desk).fill('from the desk');
    await desk.getByText(/^Saved \d+:\d\d/).waitFor();
    await message(phone).fill('from the phone');
    await phone.getByRole('button', { name: 'Keep mine' }).waitFor();
    await message(phone).fill('from the phone, typed on');
    await phone.waitForTimeout(2500);
    const text = async () => (await site.store.drafts.get(ann.id, id))?.text;
    expect(await text()).toBe('from the desk');
    await phone.getByRole('button', { name: 'Keep mine' }).click();
    await phone.waitForURL(`**/drafts/${id}`);
    await phone.getByText(/^Saved \d+:\d\d/).waitFor();
    expect(await text()).toBe('from the phone, typed on');
    await message(desk).fill('from the desk again');
    await desk.getByRole('button', { name: 'Take the other one' }).click();
    await desk.waitForURL(`**/drafts/${id}`);
    await until('the other one', async () => (await message(desk).inputValue()) === 'from the phone, typed on');
    expect(await text()).toBe('from the phone, typed on');
    await Promise.all([one.close(), two.close()]);
  });

  test('nothing broke a rule of the page', () => {
    expect(complaints).toEqual([]);
  });
});
