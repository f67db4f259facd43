import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Flag } from '../daemon/store.ts';
import { enter, hasChromium, hearComplaints, inChromium, type Visited } from './browser.ts';
import { openSite, type TestSite } from './site.ts';

/** What readers see of lists at the widths they have, in Chromium. */

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

async function signedIn(username: string, width = 1280, script = true): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 820 }, javaScriptEnabled: script });
  const page = await context.newPage();
  hearComplaints(page, complaints);
  await enter(page, base, username);
  return page;
}

describe.runIf(hasChromium)('in Chromium', () => {
  test('rows closer together leave room for sender and subject at every width', { timeout: 180_000 }, async () => {
    const ann = await site.account('ann');
    await site.store.accounts.set(ann.id, { density: 'compact' });
    const source =
      'From: Wilhelmina Hohenlohe <w@example.net>\nTo: ann@example.org\nSubject: Digging on Saturday\n\nHi.\n';
    const id = await site.deliver(ann, source);
    const page = await signedIn('ann');
    for (const [width, path] of [
      [1280, `/mail/inbox/${id}`],
      [1280, '/mail/inbox'],
      [800, '/mail/inbox'],
      [360, '/mail/inbox'],
    ] as const) {
      await page.setViewportSize({ width, height: 820 });
      await page.goto(base + path);
      for (const part of ['.who bdi', '.subject']) {
        const cut = await page.locator(`.row ${part}`).evaluate(one => {
          const { left, right } = one.getBoundingClientRect();
          const box = (one.closest('.what, .who') ?? one).getBoundingClientRect();
          return [
            left < box.left - 1,
            right > box.right + 1,
            one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0,
          ];
        });
        expect([width, path, part, cut]).toEqual([width, path, part, [false, false, false]]);
      }
      const height = await page.locator('.row').evaluate(one => one.clientHeight);
      expect(height).toBeLessThanOrEqual(width < 760 ? 64 : 46);
    }
    await page.context().close();
  });

  test('labels are seen beside the icons of folders', { timeout: 180_000 }, async () => {
    const bea = await site.account('bea');
    await site.store.labels.create(bea.id, { name: 'Work', colour: 'red' });
    const page = await signedIn('bea', 800);
    const box = (await page.locator('#rail .tint').boundingBox())!;
    expect([box.width, box.height]).toEqual([12, 12]);
    await page.context().close();
  });

  test('what is selected is counted and acted on in one line, without what it is already', {
    timeout: 180_000,
  }, async () => {
    const cat = await site.account('cat');
    const ids: number[] = [];
    for (let i = 0; i < 52; i++) ids.push(await site.deliver(cat, `From: Bo <b@x.org>\nSubject: ${i}\n\nHello.\n`));
    await site.store.messages.setFlags(cat.id, [ids[51]!, ids[50]!], Flag.seen, 0);
    const page = await signedIn('cat');
    const tools = page.locator('#list .tools');
    const shown = async () => {
      const all = tools.locator('.on-select button:visible');
      return (await all.evaluateAll(some => some.map(one => one.getAttribute('data-key')))).filter(key =>
        /read/.test(`${key}`),
      );
    };
    const tick = (n: number) => page.locator('.tick input').nth(n);
    await tick(0).check();
    expect(await shown()).toEqual(['unread']);
    await tick(3).check();
    expect(await shown()).toEqual(['read', 'unread']);
    await tick(0).uncheck();
    expect(await shown()).toEqual(['read']);
    const height = async () => (await page.locator('#list .list-head').boundingBox())?.height;
    const before = await height();
    await tick(3).uncheck();
    await tools.locator('[data-all]').click();
    await tools.getByText('50 selected').waitFor();
    expect(await height()).toBe(before);
    await page.context().close();
  });

  test('no page of these complained', () => {
    expect(complaints).toEqual([]);
  });
});
