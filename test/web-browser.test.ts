import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, Flag } from '../daemon/store.ts';
import { enter, hasChromium, hearComplaints, inChromium, type Visited } from './browser.ts';
import { garden } from './garden.ts';
import { untilIndexed } from './harness.ts';
import { letters } from './letters.ts';
import { openSite, type TestSite } from './site.ts';

if (!hasChromium) test.skip('the site needs a browser: the package chromium would run it', () => {});

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
  for (const [i, l] of letters.entries()) await site.deliver(ann, l.source, site.clock.now - i * 60_000);
  visited = await inChromium(site);
  ({ base, browser } = visited);
});
afterAll(async () => {
  if (!hasChromium) return;
  await visited.close();
});

async function signedIn(
  options: { script?: boolean; width?: number } = {},
): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({
    javaScriptEnabled: options.script ?? true,
    viewport: { width: options.width ?? 1280, height: 820 },
  });
  const page = await context.newPage();
  hearComplaints(page, complaints);
  await enter(page, base, 'ann');
  return { context, page };
}

const simple = (subject: string) => `From: Bo <bo@example.net>\nTo: ann@example.org\nSubject: ${subject}\n\nHello.\n`;
const idOf = async (subject: string) => {
  const inbox = await site.store.folders.byRole(ann.id, 'inbox');
  return (await site.store.messages.page(ann.id, inbox.id, 100)).messages.find(m => m.subject === subject)?.id ?? 0;
};

describe.skipIf(!hasChromium)('site in Chromium', () => {
  test('sign-up tells while typing whether an address is free, and opens the Inbox', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${base}/`);
    await page.waitForURL('**/signup');
    await page.fill('#username', 'ann');
    await page.locator('.address-state.danger').waitFor();
    await page.fill('#username', 'Nora');
    await page.locator('.address-state.ok').waitFor();
    expect(await page.textContent('.address-text')).toBe('nora@example.org');
    await page.fill('#name', 'Nora');
    await page.fill('#password', 'long enough a password');
    await page.click('button[type=submit]');
    await page.waitForURL('**/mail/inbox');
    await page.getByText('Welcome. nora@example.org is yours.').waitFor();
    await context.close();
  });

  test('opening and going back stay in the page, keep the place in the list and the address in step', async () => {
    const { context, page } = await signedIn();
    await page.evaluate('window.stayed = true');
    await page.evaluate("document.querySelector('#list').scrollTop = 200");
    await page.evaluate(
      "[...document.querySelectorAll('.row-link')].find(a => a.textContent.includes('Minutes of')).click()",
    );
    await page.locator('article.message h1').waitFor();
    expect(page.url()).toMatch(/\/mail\/inbox\/\d+$/);
    expect(await page.evaluate('window.stayed')).toBe(true);
    expect(await page.evaluate("document.querySelector('#list').scrollTop")).toBe(200);
    expect(await page.title()).toMatch(/Minutes of the general/);
    await page.goBack();
    await page.locator('.reader.idle').waitFor();
    expect(page.url()).toMatch(/\/mail\/inbox$/);
    await context.close();
  });

  test('a mail’s HTML has a frame as high as it is, and cannot run script', async () => {
    const { context, page } = await signedIn();
    await page.getByText('What to sow before the frost').first().click();
    const frame = page.frameLocator('iframe.frame');
    await frame.getByText('Broad beans, garlic').waitFor();
    await page.waitForFunction("document.querySelector('iframe.frame').style.height !== ''");
    const sizes = await page.evaluate(
      "(f => [f.clientHeight, f.contentDocument.documentElement.scrollHeight])(document.querySelector('iframe.frame'))",
    );
    const [frameHeight = 0, mail = 0] = sizes as number[];
    expect(Math.abs(frameHeight - mail)).toBeLessThan(4);
    expect(frameHeight).toBeLessThan(700);
    await context.close();
  });

  test('new mail appears without reload, and moves neither what is read nor what is ticked', async () => {
    const { context, page } = await signedIn();
    await page.getByText('Lunch on Thursday?').first().click();
    await page.locator('article.message h1').waitFor();
    await page.locator('.row .tick input').nth(3).check();
    const ticked = await page.locator('.row:has(.tick :checked)').getAttribute('id');
    await page.evaluate("document.querySelector('article.message').dataset.same = 'yes'");
    await site.deliver(ann, simple('Fresh from the oven'), Date.now());
    const inbox = await site.store.folders.byRole(ann.id, 'inbox');
    site.tell.changed([
      { accountId: ann.id, folderId: inbox.id, modseq: (await site.store.accounts.byId(ann.id))?.modseq ?? 0 },
    ]);
    await page.locator('.row', { hasText: 'Fresh from the oven' }).waitFor();
    expect(await page.locator('.row:has(.tick :checked)').getAttribute('id')).toBe(ticked);
    expect(await page.getAttribute('article.message', 'data-same')).toBe('yes');
    expect(await page.title()).toMatch(/^\(\d+\) Lunch on Thursday/);
    await context.close();
  });

  // Chromium comes back to a cut stream in its own time, which a busy machine stretches.
  test('a stream that was refused, or cut, comes back and tells what was missed; the icon counts', {
    timeout: 180_000,
    retry: 2,
  }, async ({ task }) => {
    const time = task.result?.retryCount ?? 0;
    const { context, page } = await signedIn();
    let refusals = 0;
    await page.route('**/events*', route => {
      if (refusals++ === 0) return route.fulfill({ status: 502, body: 'starting' });
      return route.continue();
    });
    await page.reload();
    await site.deliver(ann, simple(`Refused ${time}`), Date.now());
    await page.locator('.row', { hasText: `Refused ${time}` }).waitFor();
    expect(refusals).toBeGreaterThan(1);
    visited.servers.http.closeAllConnections();
    await site.deliver(ann, simple(`Cut ${time}`), Date.now());
    await page.locator('.row', { hasText: `Cut ${time}` }).waitFor();
    const { unread } = await site.store.folders.byRole(ann.id, 'inbox');
    const icon = await page.getAttribute('link[rel=icon]', 'href');
    expect(icon).toBe(`/icon/${unread}.svg`);
    expect(await page.title()).toContain(`(${unread})`);
    expect(await (await page.request.get(base + icon)).text()).toContain(`>${unread}</text>`);
    await context.close();
  });

  test('a folded message opens in its place, and what is read beside it stays', async () => {
    const { context, page } = await signedIn();
    const ids: number[] = [];
    for (const letter of garden) ids.push(await site.deliver(ann, letter.source, Date.now()));
    await site.store.messages.setFlags(ann.id, ids, Flag.seen, 0);
    const last = ids.at(-1);
    await page.goto(`${base}/mail/inbox/${last}`);
    await page.locator(`#message-${last}.letter`).waitFor();
    await page.evaluate(`document.querySelector('#message-${last}').dataset.same = 'yes'`);
    await page.locator('.folded-more summary').click();
    await page.locator(`#message-${ids[3]}.folded`).click();
    await page.locator(`#message-${ids[3]}.letter`).getByText('إن شاء الله').first().waitFor();
    expect(await page.getAttribute(`#message-${last}`, 'data-same')).toBe('yes');
    expect(page.url()).toMatch(new RegExp(`/mail/inbox/${last}$`));
    await page.locator(`#message-${ids[3]} .own-tools .star-form button`).click();
    await page.locator('.star.mark-star-on').first().waitFor();
    expect((await site.store.messages.get(ann.id, ids[3]!))!.flags & Flag.flagged).toBe(Flag.flagged);
    await context.close();
  });

  test('all pages of a list are chosen once its rows are, moved, and put back', async () => {
    const bo = await site.account('bo');
    for (let i = 0; i < 120; i++) await site.deliver(bo, simple(`Offer ${i}`), Date.now());
    const context = await browser.newContext();
    const page = await context.newPage();
    await context.request.post(`${base}/login`, {
      form: { username: 'bo', password: 'correct horse' },
      headers: { Origin: base },
    });
    await page.goto(`${base}/mail/inbox`);
    expect(await page.locator('.every').isVisible()).toBe(false);
    await page.click('[data-all]');
    await page.getByLabel('The other pages, too: all 120 messages in Inbox').check();
    expect(await page.textContent('[data-count]')).toBe('120 selected');
    await page.locator('.row .tick input').first().uncheck();
    expect(await page.locator('.every').isVisible()).toBe(false);
    expect(await page.textContent('[data-count]')).toBe('49 selected');
    await page.locator('.row .tick input').first().check();
    await page.getByLabel('The other pages, too: all 120 messages in Inbox').check();
    await page.click('#list [data-key=archive]');
    await page.locator('.toast').getByText('120 messages moved to Archive.').waitFor();
    await page.locator('[data-key=undo], .act form[action$=undo] button').first().click();
    await page.getByText('120 messages').filter({ visible: true }).first().waitFor();
    await page.goto(`${base}/mail/inbox`);
    expect(await page.locator('.row').count()).toBe(50);
    await context.close();
  });

  test('what was acted on is no longer selected where its rows stay, with script and without', async () => {
    const eva = await site.account('eva');
    for (let i = 0; i < 60; i++) await site.deliver(eva, simple(`Bargain ${i}`), site.clock.now - i * 60_000);
    await untilIndexed(site.store);
    const context = await browser.newContext();
    const page = await context.newPage();
    hearComplaints(page, complaints);
    await enter(page, base, 'eva');
    await page.goto(`${base}/search?q=bargain`);
    const ticked = () => page.locator('#list input[type=checkbox]:checked').count();
    await page.click('[data-all]');
    await page.getByLabel('The other pages, too: all 60 messages found').check();
    await page.click('#list [data-key=archive]');
    await page.locator('.toast').getByText('60 messages moved to Archive.').waitFor();
    await expect.poll(ticked).toBe(0);
    expect(await page.locator('.row').count()).toBe(50);
    expect(await page.textContent('[data-count]')).toBe('');
    expect(await page.locator('[data-all]').getAttribute('aria-pressed')).toBe('false');
    expect(await page.locator('#list [data-key=archive]').isVisible()).toBe(false);
    // A few, by a button that leaves them where they are.
    const unread = page.locator('.row.unread');
    for (const at of [0, 1]) await page.locator('.row .tick input').nth(at).check();
    await page.click('#list [data-key=read]');
    await expect.poll(() => unread.count()).toBe(48);
    await expect.poll(ticked).toBe(0);
    // What a row does for itself leaves the selection of others, also by way of the dialogue.
    for (const at of [2, 3]) await page.locator('.row .tick input').nth(at).check();
    await page.locator('.row').first().locator('.star').click();
    await page.locator('.row').first().locator('.mark-star-on').waitFor();
    expect(await page.textContent('[data-count]')).toBe('2 selected');
    await page.locator('.row').first().hover();
    await page.locator('.row').first().locator('[data-choose]').click();
    await page.getByRole('heading', { name: 'Snooze 1 message' }).waitFor();
    await page.locator('#chooser [name=until]').first().click();
    await page.locator('.toast').getByText('snoozed').waitFor();
    expect(await page.textContent('[data-count]')).toBe('2 selected');
    await context.close();

    const without = await browser.newContext({ javaScriptEnabled: false });
    const plain = await without.newPage();
    await enter(plain, base, 'eva');
    await plain.goto(`${base}/search?q=bargain`);
    await plain.click('[data-all]');
    expect(await plain.locator('.tick input:checked').count()).toBe(50);
    await plain.click('#list [data-key=unread]');
    await expect.poll(() => plain.url()).toBe(`${base}/search?q=bargain`);
    expect(await plain.locator('#list input[type=checkbox]:checked').count()).toBe(0);
    expect(await plain.locator('.row').count()).toBe(50);
    await without.close();
  });

  test('a second tab shares the stream of the first and goes on when it closes', async () => {
    const { context, page } = await signedIn();
    const second = await context.newPage();
    await second.goto(`${base}/mail/inbox`);
    const announce = async (subject: string) => {
      await site.deliver(ann, simple(subject), Date.now());
      const inbox = await site.store.folders.byRole(ann.id, 'inbox');
      const modseq = (await site.store.accounts.byId(ann.id))?.modseq ?? 0;
      site.tell.changed([{ accountId: ann.id, folderId: inbox.id, modseq }]);
    };
    await announce('To both tabs');
    for (const one of [page, second]) await one.locator('.row', { hasText: 'To both tabs' }).waitFor();
    await page.close();
    await announce('To the one left');
    await second.locator('.row', { hasText: 'To the one left' }).waitFor();
    await context.close();
  });

  test('ticked messages are archived at once and put back by Undo', async () => {
    const { context, page } = await signedIn();
    const id = await idOf('Concert tickets');
    await page.locator(`#m${id} .tick input`).check();
    expect(await page.textContent('[data-count]')).toBe('1 selected');
    await page.click('#list [data-key=archive]');
    await page.locator('.toast').getByText('1 message moved to Archive.').waitFor();
    expect(await page.locator(`#m${id}`).count()).toBe(0);
    await page.click('.toast [data-key=undo]');
    await page.locator(`#m${id}`).waitFor();
    await context.close();
  });

  test('keys go through the list, open, star, mark unread and help; never in a field', async () => {
    const { context, page } = await signedIn();
    const id = (await page.locator('.row').first().getAttribute('id')) ?? '';
    await page.keyboard.press('j');
    expect(await page.evaluate('document.activeElement.closest(".row").id')).toBe(id);
    await page.keyboard.press('o');
    await page.locator('article.message h1').waitFor();
    await page.keyboard.press('s');
    await page.locator('article.message .mark-star-on').waitFor();
    const number = Number(id.slice(1));
    expect(((await site.store.messages.get(ann.id, number))?.flags ?? 0) & Flag.flagged).toBe(Flag.flagged);
    await page.keyboard.press('j');
    await page.waitForURL(url => !url.pathname.endsWith(`/${number}`));
    await page.keyboard.press('u');
    await page.locator('.reader.idle').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('e#?');
    expect(await page.inputValue('#q')).toBe('e#?');
    await page.locator('body').press('Escape');
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('?');
    await page.locator('#keys[open]').waitFor();
    await context.close();
  });

  test('what is typed is saved by itself, under one address, and sent', async () => {
    const { context, page } = await signedIn();
    await page.click('.rail .compose');
    await page.getByLabel('To', { exact: true }).fill('bo@example.net');
    await page.getByLabel('Subject').fill('By itself');
    await page.getByLabel('Message', { exact: true }).fill('First words');
    await page.getByText(/^Saved \d+:\d\d/).waitFor();
    await page.waitForURL('**/drafts/*');
    await page.getByLabel('Message', { exact: true }).fill('First words, and more');
    const drafts = async () => (await site.store.drafts.list(ann.id)).filter(d => d.subject === 'By itself');
    await expect.poll(async () => (await drafts()).map(d => d.text)).toEqual(['First words, and more']);
    await page.setInputFiles('input[type=file]', {
      name: 'note.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('note'),
    });
    await page.getByText('note.txt').first().waitFor();
    await page.getByLabel('Message', { exact: true }).focus();
    await page.keyboard.press('Control+Enter');
    await page.getByText('Message sent.').waitFor();
    expect(site.sent.at(-1)?.content).toContain('note.txt');
    await context.close();
  });

  test('signed out while writing, the page says so, keeps what was typed, and goes on after signing in again', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${base}/compose`);
    await page.getByLabel('Subject').fill('Kept');
    await page.getByText(/^Saved \d+:\d\d/).waitFor();
    await site.store.sessions.removeAll(ann.id);
    await page.getByLabel('Message', { exact: true }).fill('typed after the end');
    await page.getByText('You are signed out.').waitFor();
    expect(await page.getByLabel('Message', { exact: true }).inputValue()).toBe('typed after the end');
    const other = await context.newPage();
    await other.goto(`${base}/login`);
    await other.fill('#username', 'ann');
    await other.fill('#password', 'correct horse');
    await other.click('button[type=submit]');
    await other.waitForURL('**/mail/inbox');
    await page.getByLabel('Message', { exact: true }).fill('typed after signing in');
    await page.getByText(/^Saved \d+:\d\d/).waitFor();
    const kept = (await site.store.drafts.list(ann.id)).filter(d => d.subject === 'Kept');
    expect(kept.map(d => d.text)).toEqual(['typed after signing in']);
    await context.close();
  });

  test('all of it works without script: open, star, move, search, write, send', async () => {
    const { context, page } = await signedIn({ script: false });
    await page.getByText('Holiday dates').first().click();
    await page.locator('article.message h1').waitFor();
    await page.locator('article.message').getByRole('button', { name: 'Star', exact: true }).click();
    await page.locator('article.message .mark-star-on').waitFor();
    await page.locator('article.message [data-key=move]').click();
    await page.locator('.choice-list').getByRole('button', { name: 'Archive' }).click();
    await page.locator('.toast').getByText('1 message moved to Archive.').waitFor();
    await page.goto(`${base}/mail/inbox`);
    await page.locator('[data-all]').click();
    expect(await page.locator('.tick input:checked').count()).toBeGreaterThan(5);
    await untilIndexed(site.store);
    await page.fill('#q', 'holiday in:archive');
    await page.keyboard.press('Enter');
    await page.locator('.row', { hasText: 'Holiday dates' }).waitFor();
    await page.goto(`${base}/compose`);
    await page.getByLabel('To', { exact: true }).fill('bo@example.net');
    await page.getByLabel('Subject').fill('Hello');
    await page.getByLabel('Message', { exact: true }).fill('Without script');
    await page.setInputFiles('input[type=file]', {
      name: 'plain.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('x'),
    });
    await page.getByRole('button', { name: 'Attach', exact: true }).click();
    await page.getByText('plain.txt').first().waitFor();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Message sent.').waitFor();
    expect(site.sent.at(-1)?.content).toContain('plain.txt');
    await context.close();
  });

  test.each([true, false])('the form opens from the box and writes the same search; script: %s', async script => {
    await untilIndexed(site.store);
    const { context, page } = await signedIn({ script });
    await page.locator('.search-options > summary').click();
    const form = page.locator('.options-card');
    await form.getByLabel('From', { exact: true }).fill('Field & Garden');
    await form.getByLabel('In', { exact: true }).selectOption({ label: 'Inbox' });
    await form.getByLabel('Larger than').fill('huge');
    await form.getByRole('button', { name: 'Search' }).click();
    await page.locator('#search-mistakes').waitFor();
    await page.locator('.row', { hasText: 'What to sow' }).waitFor();
    expect(await page.inputValue('#q')).toBe('from:"Field & Garden" in:inbox larger:huge');
    expect(await page.locator('#search-mistakes').innerText()).toContain('larger: wants a size such as 5M');
    expect(await page.locator('mark').first().innerText()).toBe('Field & Garden');
    const url = page.url();
    await page.locator('.row-link').first().click();
    await page.locator('article.message h1').waitFor();
    await page.goBack();
    await page.locator('#search-mistakes').waitFor();
    expect(page.url()).toBe(url);
    await context.close();
  });

  test('a search is kept by a name and Enter, stands beside the folders, and is removed', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${base}/search?q=frost`);
    await page.locator('.keeping > summary').click();
    await page.locator('#search-name:focus').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Cold days');
    await page.keyboard.press('Enter');
    await page.locator('.toast').getByText('The search is saved as “Cold days”.').waitFor();
    expect(await page.locator('.row').count()).toBeGreaterThan(0);
    await page.locator('.rail').getByRole('link', { name: 'Cold days' }).click();
    await page.locator('.keeping > summary').click();
    await page.getByLabel('Name', { exact: true }).fill('Frosty');
    await page.keyboard.press('Enter');
    await page.locator('.toast').getByText('The search is called “Frosty” now.').waitFor();
    await page.locator('.rail').getByRole('link', { name: 'Frosty' }).click();
    await page.locator('.keeping > summary').click();
    await page.getByRole('button', { name: 'Remove the saved search Frosty' }).click();
    await page.locator('.toast').getByText('The saved search “Frosty” is removed.').waitFor();
    await context.close();
  });

  test('words of a search are marked in a mail’s HTML by ranges, and its markup stays as it was', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${base}/search?q=frost`);
    await page.locator('.row', { hasText: 'What to sow' }).locator('.row-link').click();
    const frame = page.frameLocator('iframe.frame');
    await frame.getByText('Read the calendar').waitFor();
    const marked = `(() => { const w = document.querySelector('iframe.frame').contentWindow;
      return [...(w.CSS.highlights.get('sought') ?? [])].map(range => range.toString()).join(); })()`;
    await expect.poll(() => page.evaluate(marked)).toBe('frost');
    expect(await frame.locator('mark').count()).toBe(0);
    await context.close();
  });

  test('on a phone there is one pane and nothing is wider than the window', async () => {
    const { context, page } = await signedIn({ width: 360 });
    expect(await page.locator('.rail').isVisible()).toBe(false);
    await page.locator('.row-link').first().click();
    await page.locator('article.message h1').waitFor();
    expect(await page.locator('#list').isVisible()).toBe(false);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await page.click('[data-key=back]');
    await page.locator('#list').waitFor();
    await context.close();
  });

  test('no page complained of its own policy or threw', () => {
    expect(complaints).toEqual([]);
  });
});
