/** When what is opened counts as read, what marks it unread again, and where one is led once it is put away. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Account, Flag } from '../daemon/store.ts';
import { enter, hasChromium, inChromium, type Visited } from './browser.ts';
import { until } from './harness.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;
let people = 0;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
});
afterAll(() => site.close());

const letter = (subject: string, more = '') =>
  `From: Bo <bo@example.net>\nTo: ann@example.org\nSubject: ${subject}\n${more}\nHello.\n`;
const isRead = async (id: number) => ((await site.store.messages.get(ann.id, id))!.flags & Flag.seen) !== 0;
const seconds = (html: string) => /data-read-after="(\d+)"/.exec(html)?.[1] ?? null;
const hasButton = (html: string) => html.includes('data-key="read"') && /hidden[^>]*data-key="unread"/.test(html);
const choose = (read: string, after = 'list') => b.post('/settings/reading', { list: 'conversations', after, read });
const withScript = () => b.cookies.set('zone', 'Europe/Stockholm');

describe('a message that is opened', () => {
  let id = 0;
  let path = '';
  beforeEach(async () => {
    const name = `ann${++people}`;
    ann = await site.account(name);
    b = site.browser();
    await b.login(name);
    id = await site.deliver(ann, letter('opened'));
    path = `/mail/inbox/${id}`;
  });
  const open = async (headers: Record<string, string> = {}) => (await b.page(path, { headers })).html;

  test('is read at once, unless its reader chose otherwise', async () => {
    const html = await open();
    expect([await isRead(id), hasButton(html), seconds(html)]).toEqual([true, false, null]);
  });

  test.each([
    ['2', true, false, '2'],
    ['10', true, false, '10'],
    // Nobody would wait.
    ['2', false, true, null],
    ['never', true, false, null],
    ['never', false, false, null],
    ['0', true, true, null],
    ['7', true, true, null],
  ])('after %s, with script %j, is read %j and waits %j', async (wish, scripted, read, waits) => {
    if (scripted) withScript();
    await choose(wish);
    const html = await open();
    expect([await isRead(id), hasButton(html), seconds(html)]).toEqual([read, !read, waits]);
  });

  test.each([
    [{ 'Sec-Purpose': 'prefetch' }],
    [{ 'Sec-Purpose': 'prefetch;prerender' }],
    [{ Purpose: 'prefetch' }],
    [{ 'X-Moz': 'prefetch' }],
  ])('is not read when a browser fetches it ahead with %j', async headers => {
    await open(headers);
    expect(await isRead(id)).toBe(false);
    await b.request(path, { method: 'HEAD' });
    expect(await isRead(id)).toBe(false);
    await open();
    expect(await isRead(id)).toBe(true);
  });

  test('is read by its button, which leads back to it', async () => {
    await choose('never');
    const html = await open();
    const form = html.slice(html.indexOf('class="star-form" method="post" action="/messages/flags"'));
    const back = /name="back" value="([^"]+)"/.exec(form)![1]!;
    const answer = await b.post('/messages/flags', { back, message: String(id), set: 'seen' });
    expect(answer.headers.get('location')).toBe(path);
    expect([await isRead(id), hasButton(await open())]).toEqual([true, false]);
  });

  test.each([
    [{ 'Cache-Control': 'max-age=0' }],
    [{ 'Cache-Control': 'no-cache' }],
    [{ 'HX-History-Restore-Request': 'true' }],
  ])(
    'and put back to unread stays so when it is looked at again with %j, and is read when it is opened again',
    async headers => {
      await open();
      await b.post(`/messages/${id}/flags`, { clear: 'seen', back: '/mail/inbox' });
      withScript();
      for (const wish of ['0', '2']) {
        await choose(wish);
        const html = await open(headers);
        expect([await isRead(id), hasButton(html), seconds(html)]).toEqual([false, true, null]);
      }
      await choose('0');
      await open();
      expect(await isRead(id)).toBe(true);
      // What came since is opened by that.
      const answer = await site.deliver(ann, letter('Re: opened', `In-Reply-To: <none@x>\n`));
      path = `/mail/inbox/${answer}`;
      await open(headers);
      expect(await isRead(answer)).toBe(true);
    },
  );

  test('and put back to unread from the list beside it leads to the list, where it would not be read by that', async () => {
    await open();
    for (const [back, goal] of [
      [path, '/mail/inbox'],
      [`${path}?before=5.5`, '/mail/inbox?before=5.5'],
      [`${path}?q=hello`, '/search?q=hello'],
      ['/mail/inbox/999999', '/mail/inbox/999999'],
      ['/mail/archive', '/mail/archive'],
    ] as const) {
      const answer = await b.post('/messages/flags', { back, message: String(id), clear: 'seen' });
      expect([back, answer.headers.get('location')]).toEqual([back, goal]);
    }
    expect(await isRead(id)).toBe(false);
  });

  test('leads on, once it is put away, to the list, the next below or the one above, as chosen', async () => {
    const [middle, newest] = [await site.deliver(ann, letter('second')), await site.deliver(ann, letter('third'))];
    const page = (one: number) => `/mail/inbox/${one}`;
    for (const [wish, goal] of [
      ['list', '/mail/inbox'],
      ['next', page(id)],
      ['previous', page(newest)],
    ] as const) {
      await choose('0', wish);
      expect((await b.page('/settings')).html).toContain(`<option value="${wish}" selected>`);
      const { html } = await b.page(page(middle));
      const back = /class="tool-form"[^>]*><input type="hidden" name="back" value="([^"]+)"/.exec(html)![1];
      expect([wish, back]).toEqual([wish, goal]);
    }
    // Where there is nothing to go on to, the list.
    const { html } = await b.page(page(newest));
    expect(html).toContain(
      `class="tool-form" method="post" action="/messages/${newest}/moves"><input type="hidden" name="back" value="/mail/inbox">`,
    );
  });
});

if (!hasChromium) test.skip('waiting until it is read needs a browser: the package chromium would run it', () => {});

describe.skipIf(!hasChromium)('in Chromium', () => {
  let own: TestSite;
  let visited: Visited;
  beforeAll(async () => {
    own = await openSite({ host_domain: ['example.org'] });
    visited = await inChromium(own);
  });
  afterAll(() => visited.close());

  test('what lies open for the time chosen is read, and then can be put back; what is left before is not', async () => {
    const account = await own.account('bea');
    await own.store.accounts.set(account.id, { readAfter: 2 });
    const [left, stayed] = [await own.deliver(account, letter('left')), await own.deliver(account, letter('stayed'))];
    const page = await visited.browser.newPage({ viewport: { width: 1280, height: 800 } });
    await enter(page, visited.base, account.address);
    const flags = async (id: number) => (await own.store.messages.get(account.id, id))!.flags & Flag.seen;
    await page.click(`#list a[href="/mail/inbox/${left}"]`);
    await page.waitForSelector('form[data-read-after]');
    await page.click(`#list a[href="/mail/inbox/${stayed}"]`);
    await page.waitForSelector(`form[data-read-after] input[value="${stayed}"]`, { state: 'attached' });
    await until('it is read', async () => (await flags(stayed)) !== 0);
    await page.waitForSelector('.message [data-key=unread]:visible');
    expect(await flags(left)).toBe(0);
    expect(await page.locator('.message [data-key=read]').isVisible()).toBe(false);
    // The row beside it says so, too.
    await page.waitForSelector(`#list .row:not(.unread) a[href="/mail/inbox/${stayed}"]`);
    await page.keyboard.press('U');
    await page.waitForURL('**/mail/inbox');
    await until('it is unread', async () => (await flags(stayed)) === 0);
    await page.goBack();
    await page.waitForSelector('.message [data-key=read]:visible');
    await page.reload();
    await page.waitForSelector('.message [data-key=read]:visible');
    expect(await page.locator('form[data-read-after]').count()).toBe(0);
    expect(await flags(stayed)).toBe(0);
    await page.close();
  });
});
