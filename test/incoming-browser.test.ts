import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, Flag } from '../daemon/store.ts';
import { enter, hasChromium, hearComplaints, inChromium, type Visited } from './browser.ts';
import { openSite, type TestSite } from './site.ts';

/** What people do with mail that comes, in Chromium: the same with script and without. */

if (!hasChromium) test.skip('these pages need a browser: the package chromium would run them', () => {});

let site: TestSite;
let browser: Browser;
let visited: Visited;
let base = '';
const complaints: string[] = [];

beforeAll(async () => {
  if (!hasChromium) return;
  site = await openSite({ host_domain: ['example.org'] });
  visited = await inChromium(site);
  ({ base, browser } = visited);
}, 180_000);
afterAll(async () => {
  if (!hasChromium) return;
  await visited.close();
});

async function signedIn(username: string, script: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled: script, viewport: { width: 1280, height: 820 } });
  const page = await context.newPage();
  hearComplaints(page, complaints);
  await enter(page, base, username);
  return page;
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

describe.runIf(hasChromium)('in Chromium', () => {
  test.each([
    ['with script', true],
    ['without script', false],
  ])(
    'a rule is made from a message, tried, saved, applied and undone, %s',
    { timeout: 120_000 },
    async (how, script) => {
      const name = script ? 'ann' : 'bea';
      const who: Account = await site.account(name);
      const give = (subject: string) =>
        site.deliver(who, `From: Shop <orders@shop.example>\nTo: ${name}@example.org\nSubject: ${subject}\n\nHello.\n`);
      const first = await give('Order one');
      const second = await give('Order two');
      const page = await signedIn(name, script);
      await page.goto(`${base}/mail/inbox/${first}`);
      await page.locator('.message-tools .more summary').click();
      await page.locator('.message-tools .more').getByText('Make a rule from this message').click();
      await page.waitForURL('**/settings/rules/new**');
      expect(await page.locator('[name=text]').first().inputValue()).toBe('orders@shop.example');
      await press(page, 'Try it');
      await page.getByText('It would have matched 2 messages in Inbox').waitFor();
      await page.selectOption('#place', { label: 'Archive' });
      await page.check('[name=star]');
      await press(page, 'Save, then apply to mail that is here');
      await page.locator('.toast').getByText('The rule is saved.').waitFor();
      await press(page, 'Apply');
      await page.locator('.toast').getByText('The rule changed 2 messages.').waitFor();
      const moved = await site.store.messages.get(who.id, second);
      const archive = await site.store.folders.byRole(who.id, 'archive');
      expect([moved?.folderId, (moved?.flags ?? 0) & Flag.flagged, how]).toEqual([archive.id, Flag.flagged, how]);
      await press(page, 'Undo');
      await page.locator('.toast').getByText('2 messages put back.').waitFor();
      const inbox = await site.store.folders.byRole(who.id, 'inbox');
      const back = await site.store.messages.get(who.id, second);
      expect([back?.folderId, (back?.flags ?? 0) & Flag.flagged]).toEqual([inbox.id, 0]);
      await page.context().close();
    },
  );

  test.each([
    ['with script', true],
    ['without script', false],
  ])(
    'an answer is written, told on every page and ended; forwarding asks first, %s',
    { timeout: 120_000 },
    async (_, script) => {
      const name = script ? 'cyd' : 'dot';
      const who = await site.account(name);
      const page = await signedIn(name, script);
      await page.goto(`${base}/settings/away`);
      await page.getByLabel('Answer with this text').check();
      await page.fill('#text', 'Back on Monday.');
      await press(page, 'Save');
      await page.locator('.away-banner').waitFor();
      await page.goto(`${base}/mail/inbox`);
      await page.locator('.away-banner').getByRole('button', { name: 'I am back' }).click();
      await page.locator('.away-banner').waitFor({ state: 'detached' });
      expect(await site.store.vacations.get(who.id)).toMatchObject({ active: false, text: 'Back on Monday.' });

      await page.goto(`${base}/settings/forwarding`);
      await page.fill('#to', 'me@home.example');
      await press(page, 'Next');
      await page.getByText('Send all new mail on to me@home.example?').waitFor();
      expect((await site.store.accounts.byId(who.id))?.forwards).toEqual([]);
      await press(page, 'Yes, send it on');
      // Who gets it is asked by letter, and says yes on a page of its own, without signing in.
      await page.getByText('Nothing is sent on yet').waitFor();
      expect((await site.store.accounts.byId(who.id))?.forwards).toEqual(['me@home.example']);
      const letter = (await site.store.deliveries.list(10)).findLast(d => d.recipient === 'me@home.example')!;
      const source = (await site.store.content.read(letter.contentId)).toString();
      const text = Buffer.from(source.slice(source.indexOf('\r\n\r\n')), 'base64').toString();
      const guest = await (await page.context().browser()!.newContext({ javaScriptEnabled: script })).newPage();
      await guest.goto(base + /\/forwarding\/[\w-]+/.exec(text)![0]);
      await press(guest, 'Yes, send it to me');
      await guest.getByText(`From now on mail of ${name}@example.org is sent on to me@home.example.`).waitFor();
      await guest.context().close();
      await page.reload();
      await page.getByText('All mail is sent on to me@home.example').waitFor();
      await page.context().close();
    },
  );

  test.each([
    ['with script', true],
    ['without script', false],
  ])('on a phone what has no room in the tools stands in their menu, %s', { timeout: 120_000 }, async (_, script) => {
    const name = script ? 'eve' : 'fay';
    const who = await site.account(name);
    const id = await site.deliver(
      who,
      `From: Shop <orders@shop.example>\nTo: ${name}@example.org\nSubject: One\n\nHello.\n`,
    );
    const page = await signedIn(name, script);
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(`${base}/mail/inbox/${id}`);
    const tools = page.locator('.message-tools');
    for (const box of await tools.locator('.button:visible').evaluateAll(some => some.map(one => one.clientWidth)))
      expect(box).toBeGreaterThanOrEqual(40);
    expect(await tools.locator('[title=Junk]').isVisible()).toBe(false);
    const summary = tools.locator('.more summary');
    await summary.focus();
    await page.keyboard.press('Enter');
    const card = tools.locator('.menu-card');
    const box = (await card.boundingBox())!;
    expect([box.x >= 0, box.x + box.width <= 320, box.y + box.height <= 640]).toEqual([true, true, true]);
    await card.getByRole('button', { name: 'Junk', exact: true }).click();
    await page.locator('.toast').getByText('Junk').waitFor();
    const junk = await site.store.folders.byRole(who.id, 'junk');
    expect((await site.store.messages.get(who.id, id))?.folderId).toBe(junk.id);
    // What is there to be done in Junk stays in sight.
    await page.goto(`${base}/mail/junk/${id}`);
    await tools.locator('.tool-form').getByRole('button', { name: 'Not junk' }).click();
    await page.locator('.toast').getByText('Inbox').waitFor();
    await page.context().close();
  });

  test('m mutes what is open, and lets it be heard again', { timeout: 180_000 }, async () => {
    const who = await site.account('gus');
    const id = await site.deliver(
      who,
      'From: Shop <orders@shop.example>\nTo: gus@example.org\nSubject: One\n\nHello.\n',
    );
    const page = await signedIn('gus', true);
    await page.goto(`${base}/mail/inbox/${id}`);
    await page.keyboard.press('m');
    await page.getByText('Muted: what follows goes to the Archive, read.').waitFor();
    await page.keyboard.press('m');
    await page.getByText('Muted: what follows goes to the Archive, read.').waitFor({ state: 'detached' });
    const { conversation } = (await site.store.messages.get(who.id, id))!;
    expect(await site.store.unwanted.isMuted(who.id, conversation)).toBe(false);
    // Over a list, which has no such button, it does nothing.
    await page.goto(`${base}/mail/inbox`);
    await page.keyboard.press('j');
    await page.keyboard.press('m');
    await page.keyboard.press('r');
    expect(await page.locator('.tick :checked').count()).toBe(0);
    await page.context().close();
  });

  test('no page of these complained', () => {
    expect(complaints).toEqual([]);
  });
});
