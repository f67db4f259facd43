import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Account, FolderRole } from '../daemon/store.ts';
import { enter, hasChromium, hearComplaints, inChromium, type Visited } from './browser.ts';
import { until, untilIndexed } from './harness.ts';
import { openSite, type TestSite } from './site.ts';

if (!hasChromium) test.skip('tidying needs a browser: the package chromium would run it', () => {});

let site: TestSite;
let ann: Account;
let browser: Browser;
let visited: Visited;
let base = '';
let people = 0;
const complaints: string[] = [];

beforeAll(async () => {
  if (!hasChromium) return;
  site = await openSite({ host_domain: ['example.org'] });
  visited = await inChromium(site);
  ({ base, browser } = visited);
});
afterAll(async () => {
  if (!hasChromium) return;
  await visited.close();
});

const folder = (role: FolderRole) => site.store.folders.byRole(ann.id, role);
const subjects = async (role: FolderRole) =>
  (await site.store.messages.page(ann.id, (await folder(role)).id, 50)).messages.map(m => m.subject);
const isIn = (role: FolderRole, subject: string) =>
  until(`${subject} in ${role}`, async () => (await subjects(role)).includes(subject));

async function signedIn(script = true): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled: script, viewport: { width: 1280, height: 820 } });
  const page = await context.newPage();
  hearComplaints(page, complaints);
  await enter(page, base, ann.address);
  return page;
}

const row = (page: Page, subject: string) => page.locator('#list .row', { hasText: subject });
/** Where the buttons that come with the pointer do not lie. */
const atItsStart = { sourcePosition: { x: 30, y: 20 } };
const ticked = (page: Page, subject: string) => row(page, subject).locator('.tick input');

describe.skipIf(!hasChromium)('tidying in Chromium', () => {
  beforeEach(async () => {
    const name = `ann${++people}`;
    ann = await site.account(name);
    for (const subject of ['Apple', 'Birch', 'Cedar'])
      await site.deliver(ann, `From: Bo <bo@example.net>\nSubject: ${subject}\n\nHello.\n`);
    for (const label of ['Work', 'Weekend trips'])
      await site.store.labels.create(ann.id, { name: label, colour: 'green' });
    await site.store.folders.create(ann.id, 'Ärzte', 1);
  });

  test('all that a search finds is counted once all rows are ticked, moved, and brought back', async () => {
    for (let i = 0; i < 60; i++) await site.deliver(ann, `From: Bo <bo@example.net>\nSubject: Larch ${i}\n\nHello.\n`);
    await untilIndexed(site.store);
    const page = await signedIn();
    await page.goto(`${base}/search?q=larch`);
    await page.click('[data-all]');
    await page.locator('.every', { hasText: 'all 60 messages found' }).click();
    await page.locator('[data-count]', { hasText: '60 selected' }).waitFor();
    await page.click('#list [data-key=archive]');
    await page.locator('.toast', { hasText: '60 messages moved to Archive' }).waitFor();
    expect((await folder('archive')).total).toBe(60);
    await page.locator('.toast [data-key=undo]').click();
    await until('all are back', async () => (await folder('inbox')).total === 63);
  });

  test('v and l open a dialogue, typing narrows it, Enter takes the first that is left; Escape gives focus back', async () => {
    const page = await signedIn();
    await row(page, 'Apple').locator('.row-link').focus();
    await page.keyboard.press('v');
    const dialogue = page.locator('#chooser');
    await dialogue.locator('#choices-name').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('choices-name');
    await page.keyboard.press('Escape');
    await page.locator('.row-link:focus').waitFor();
    await row(page, 'Apple').locator('.row-link').focus();
    await page.keyboard.press('v');
    await dialogue.locator('#choices-name').waitFor();
    await page.keyboard.type('arz');
    expect(await dialogue.locator('.choice-list > li:visible').allInnerTexts()).toEqual(['Ärzte']);
    await page.keyboard.press('Enter');
    await page.locator('.toast').getByText('1 message moved to Ärzte.').waitFor();
    await page.keyboard.press('z');
    await isIn('inbox', 'Apple');
    await ticked(page, 'Birch').check();
    await ticked(page, 'Cedar').check();
    await page.keyboard.press('l');
    await dialogue.getByText('Label 2 messages').waitFor();
    await page.keyboard.type('trips');
    await page.keyboard.press('Enter');
    await row(page, 'Birch').locator('.label-chip', { hasText: 'Weekend trips' }).waitFor();
    expect(await row(page, 'Cedar').locator('.label-chip').innerText()).toBe('Weekend trips');
    expect(await page.evaluate('document.querySelector("#chooser").open')).toBe(false);
    await page.context().close();
  });

  test('a name there is not yet is made where it was typed, by Enter or by a button', async () => {
    const page = await signedIn();
    const dialogue = page.locator('#chooser');
    const create = dialogue.locator('[data-create]');
    await row(page, 'Apple').locator('.row-link').focus();
    await page.keyboard.press('l');
    await dialogue.locator('#choices-name').waitFor();
    expect(await create.isVisible()).toBe(false);
    await page.keyboard.type('Wor');
    expect(await create.innerText()).toBe('Create “Wor” and use it');
    await page.keyboard.type('k');
    expect(await create.isVisible()).toBe(false);
    await page.keyboard.type(' $& more');
    expect(await create.innerText()).toBe('Create “Work $& more” and use it');
    await page.keyboard.press('Enter');
    await row(page, 'Apple').locator('.label-chip', { hasText: 'Work $& more' }).waitFor();
    await row(page, 'Birch').locator('.row-link').focus();
    await page.keyboard.press('v');
    await dialogue.locator('#choices-name').waitFor();
    await page.keyboard.type('Arch');
    await dialogue.getByRole('button', { name: 'Create “Arch” and move there' }).click();
    await page.locator('.toast').getByText('1 message moved to Arch.').waitFor();
    await page.locator('#rail').getByText('Arch', { exact: true }).waitFor();
    await page.context().close();
  });

  test('b snoozes by a button reached with arrows, and the list does without it', async () => {
    const page = await signedIn();
    await row(page, 'Birch').locator('.row-link').focus();
    await page.keyboard.press('b');
    await page.locator('#chooser .choice-list button').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page
      .locator('.toast')
      .getByText(/1 message snoozed until/)
      .waitFor();
    await row(page, 'Birch').waitFor({ state: 'detached' });
    await isIn('snoozed', 'Birch');
    await page.getByRole('link', { name: 'Snoozed' }).click();
    await row(page, 'Birch').locator('.until').waitFor();
    await page.context().close();
  });

  test('a row is dragged to a folder, and those selected together to a label', async () => {
    const page = await signedIn();
    await row(page, 'Apple')
      .locator('.row-link')
      .dragTo(page.locator('#rail a', { hasText: 'Archive' }), atItsStart);
    await page.locator('.toast').getByText('1 message moved to Archive.').waitFor();
    await isIn('archive', 'Apple');
    await ticked(page, 'Birch').check();
    await ticked(page, 'Cedar').check();
    await row(page, 'Cedar')
      .locator('.row-link')
      .dragTo(page.locator('#rail a', { hasText: 'Work' }), atItsStart);
    await page.locator('.toast').getByText('2 messages labelled “Work”.').waitFor();
    expect(await page.locator('#list .label-chip').allInnerTexts()).toEqual(['Work', 'Work']);
    expect(await page.locator('.drop-here').count()).toBe(0);
    await page.context().close();
  });

  test('without script the same buttons lead to a page that does the same', async () => {
    const page = await signedIn(false);
    await ticked(page, 'Apple').check();
    await page.locator('#list [data-key=move]').click();
    await page.getByRole('heading', { name: 'Move 1 message to' }).waitFor();
    await page.fill('#choices-name', 'arz');
    await page.keyboard.press('Enter');
    await page.locator('.toast').getByText('1 message moved to Ärzte.').waitFor();
    await ticked(page, 'Birch').check();
    await page.locator('#list [data-key=label]').click();
    await page.getByRole('button', { name: 'Work' }).click();
    await page.locator('.toast').getByText('1 message labelled “Work”.').waitFor();
    await ticked(page, 'Birch').check();
    await page.locator('#list [data-key=label]').click();
    await page.fill('#choices-name', 'Fresh');
    await page.getByRole('button', { name: 'Create a label of this name' }).click();
    await page.locator('.toast').getByText('1 message labelled “Fresh”.').waitFor();
    await ticked(page, 'Cedar').check();
    await page.locator('#list [data-key=snooze]').click();
    await page.getByRole('button', { name: 'Tomorrow' }).click();
    await page
      .locator('.toast')
      .getByText(/1 message snoozed until/)
      .waitFor();
    expect(await subjects('snoozed')).toEqual(['Cedar']);
    await page.context().close();
  });

  test('the list is as wide as it is dragged, also on the next page and from right to left', async () => {
    const page = await signedIn();
    const width = async () => (await page.locator('#list').boundingBox())?.width;
    const drag = async (by: number) => {
      const { x, y, width, height } = (await page.locator('.divider').boundingBox())!;
      const [from, at] = [x + width / 2, y + height / 2];
      await page.mouse.move(from, at);
      await page.mouse.down();
      await page.mouse.move(from + by / 2, at);
      await page.mouse.move(from + by, at);
      await page.mouse.up();
    };
    expect(await width()).toBe(380);
    await drag(80);
    expect(await width()).toBe(460);
    await page.reload();
    expect(await width()).toBe(460);
    await page.locator('.divider').focus();
    await page.keyboard.press('ArrowLeft');
    expect([await width(), await page.locator('.divider').getAttribute('aria-valuenow')]).toEqual([440, '440']);
    await site.store.accounts.set(ann.id, { language: 'ar' });
    await page.reload();
    await drag(-60);
    expect(await width()).toBe(500);
    await page.keyboard.press('ArrowLeft');
    expect(await width()).toBe(520);
    await drag(900);
    expect(await width()).toBe(300);
    await page.locator('.divider').dblclick();
    expect(await width()).toBe(380);
    await page.setViewportSize({ width: 1920, height: 820 });
    expect(await width()).toBe(480);
    await page.locator('.divider').focus();
    await page.keyboard.press('ArrowRight');
    expect(await width()).toBe(460);
    await page.context().close();
  });

  test('on a touch screen a row is swiped to the archive, the other way to the trash, and a little way nowhere', async () => {
    const context = await browser.newContext({ hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 } });
    const page = await context.newPage();
    hearComplaints(page, complaints);
    await enter(page, base, ann.address);
    const touch = await context.newCDPSession(page);
    const swipe = async (subject: string, by: number, down = 0) => {
      const { x, y, width, height } = (await row(page, subject).boundingBox())!;
      const [from, at] = [x + width / 2, y + height / 2];
      const send = (type: string, points: { x: number; y: number }[]) =>
        touch.send('Input.dispatchTouchEvent', { type: type as 'touchStart', touchPoints: points });
      await send('touchStart', [{ x: from, y: at }]);
      for (const part of [0.3, 0.6, 1]) await send('touchMove', [{ x: from + by * part, y: at + down * part }]);
      await send('touchEnd', []);
    };
    await swipe('Apple', 50);
    await swipe('Apple', 40, 120);
    await swipe('Birch', 130);
    await page.locator('.toast').getByText('1 message moved to Archive.').waitFor();
    await swipe('Cedar', -130);
    await page.locator('.toast').getByText('1 message moved to Trash.').waitFor();
    expect([await subjects('inbox'), await subjects('archive'), await subjects('trash')]).toEqual([
      ['Apple'],
      ['Birch'],
      ['Cedar'],
    ]);
    expect(await page.locator('.swiping').count()).toBe(0);
    await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
    await isIn('inbox', 'Cedar');
    await site.store.accounts.set(ann.id, { language: 'ar' });
    await page.goto(`${base}/mail/inbox`);
    await swipe('Cedar', 130);
    await isIn('trash', 'Cedar');
    await site.store.accounts.set(ann.id, { swipes: false });
    await page.goto(`${base}/mail/inbox`);
    await swipe('Apple', -130);
    await page.locator('.row-link', { hasText: 'Apple' }).click();
    await page.locator('.message h1', { hasText: 'Apple' }).waitFor();
    expect(await subjects('inbox')).toEqual(['Apple']);
    await context.close();
  });

  test('no script failed, and no policy was broken', () => expect(complaints).toEqual([]));
});
