import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account, FolderRole } from '../daemon/store.ts';
import { untilIndexed } from './harness.ts';
import { openSite, type TestSite } from './site.ts';
import { acceptance } from './store-contract.ts';

/** What is done to all that a list holds, on all its pages, and how it is taken back. */
describe('acts', () => {
  let site: TestSite;
  let ann: Account;
  let browser: ReturnType<TestSite['browser']>;
  beforeAll(async () => {
    site = await openSite({ host_domain: ['example.org'] });
  });
  afterAll(() => site.close());

  async function begin(name: string, count: number) {
    ann = await site.account(name);
    browser = site.browser();
    await browser.login(name);
    const route = { kind: 'mailbox', accountId: ann.id, address: ann.address } as const;
    for (let i = 0; i < count; i += 200)
      await Promise.all(
        Array.from({ length: Math.min(200, count - i) }, (_, k) =>
          site.store.accept(acceptance(`letter ${i + k}`, [route], 1000 + i + k, {})),
        ),
      );
  }
  const folder = (role: FolderRole) => site.store.folders.byRole(ann.id, role);
  const totals = async () => [(await folder('inbox')).total, (await folder('archive')).total];

  /** The fields the form of a page would send with all its rows ticked. */
  async function allOf(path: string): Promise<Record<string, string | string[]>> {
    const { html } = await browser.page(path);
    const hidden = [
      ...html.slice(html.indexOf('id="list-form"')).matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g),
    ];
    const message = [...html.matchAll(/name="message" value="(\d+)"/g)].map(m => m[1]!);
    expect(html).toContain('name="every"');
    return { ...Object.fromEntries(hidden.map(m => [m[1], m[2]])), message, back: path, every: '1' };
  }

  /** Goes where a post led, as a person without script does: reloading the page of what is not finished yet. */
  async function follow(posted: { status: number; headers: Headers }): Promise<{ path: string; html: string }> {
    expect(posted.status).toBe(303);
    const path = posted.headers.get('location')!;
    let { html } = await browser.page(path);
    while (path.startsWith('/acts/') && html.includes('See how far it is')) {
      // Asking without a pause, in one process, would leave no time for what is waited for.
      await new Promise(resolve => setTimeout(resolve, 20));
      html = (await browser.page(path)).html;
    }
    return { path, html };
  }
  const undoIn = (html: string) => /action="(\/acts\/[\w-]+\/undo)"/.exec(html)![1]!;

  test('all of a folder, on all pages, is moved and put back', async () => {
    await begin('folder', 1230);
    const fields = await allOf('/mail/inbox');
    expect(fields.message).toHaveLength(50);
    const moved = await follow(await browser.post('/messages/moves', { ...fields, to: 'archive' }));
    expect(await totals()).toEqual([0, 1230]);
    expect(moved.html).toMatch(/1,230 messages/);
    await follow(await browser.post(undoIn(moved.html), {}));
    expect(await totals()).toEqual([1230, 0]);
    const again = await follow(await browser.post(undoIn(moved.html), {}));
    expect(again.html).toContain('can no longer be undone');
    expect(await totals()).toEqual([1230, 0]);
  });

  test('a row that was unticked again, and a page without the mark, mean only the rows', async () => {
    await begin('rows', 120);
    const fields = await allOf('/mail/inbox');
    const message = fields.message!.slice(1);
    await follow(await browser.post('/messages/moves', { ...fields, message, to: 'archive' }));
    expect(await totals()).toEqual([71, 49]);
    const { every: _, ...without } = await allOf('/mail/inbox');
    await follow(await browser.post('/messages/moves', { ...without, to: 'archive' }));
    expect(await totals()).toEqual([21, 99]);
  });

  test('what a row is asked for is that row alone, while all are selected', async () => {
    await begin('row', 60);
    const fields = await allOf('/mail/inbox');
    const { html } = await browser.post(`/messages/${fields.message![3]}/choices`, { ...fields, for: 'snooze' });
    expect(html).toContain('Snooze 1 message until');
    expect(html).toContain(`action="/messages/${fields.message![3]}/snoozes"`);
    expect(html).not.toContain('name="message"');
  });

  test('all that a search finds is moved, and put back each into its folder', async () => {
    await begin('search', 180);
    const inbox = await folder('inbox');
    const junk = await folder('junk');
    const { messages } = await site.store.messages.page(ann.id, inbox.id, 60);
    const apart = messages.map(m => m.id);
    await site.store.messages.move(ann.id, apart, junk.id);
    await untilIndexed(site.store);
    // It is counted when all rows are ticked: by the page without script, else by what the script asks.
    for (const path of ['/search?q=letter&select=all', '/search/total?q=letter'])
      expect((await browser.page(path)).html).toContain('all 180 messages found');
    expect((await browser.page('/search/total?q=nothing')).html).toContain('all 0 messages found');
    const fields = await allOf('/search?q=letter');
    const moved = await follow(await browser.post('/messages/moves', { ...fields, to: 'archive' }));
    expect(await totals()).toEqual([0, 180]);
    await follow(await browser.post(undoIn(moved.html), {}));
    expect(await totals()).toEqual([120, 0]);
    expect((await folder('junk')).total).toBe(60);
  });

  test('all are marked read, or deleted for good', async () => {
    await begin('mark', 700);
    const fields = await allOf('/mail/inbox');
    await follow(await browser.post('/messages/flags', { ...fields, set: 'seen' }));
    expect((await folder('inbox')).unread).toBe(0);
    await follow(await browser.post('/messages/removals', { ...fields, sure: '1' }));
    expect((await folder('inbox')).total).toBe(0);
  });

  test('a few from several folders are put back each into its own', async () => {
    await begin('few', 4);
    const inbox = await folder('inbox');
    const ids = (await site.store.messages.page(ann.id, inbox.id, 10)).messages.map(m => m.id);
    await site.store.messages.move(ann.id, ids.slice(0, 1), (await folder('junk')).id);
    const message = ids.map(String);
    const moved = await follow(await browser.post('/messages/moves', { message, to: 'archive', back: '/search?q=x' }));
    expect(moved.path).toBe('/search?q=x');
    await follow(await browser.post(undoIn(moved.html), {}));
    expect([...(await totals()), (await folder('junk')).total]).toEqual([3, 0, 1]);
  });

  test('what is under way is stopped where it is, and is nobody else’s to see', async () => {
    await begin('stop', 0);
    const inbox = await folder('inbox');
    const act = site.acts.begin(
      ann.id,
      { kind: 'move', to: inbox.id },
      Array.from({ length: 500_000 }, (_, i) => i + 1e9),
      '/mail/inbox',
    );
    const page = (await browser.page(`/acts/${act.id}`)).html;
    expect(page).toContain('Moving 500,000 messages to Inbox');
    expect(page).toContain('<progress');
    await browser.post(`/acts/${act.id}/stop`, {});
    expect((await browser.page(`/acts/${act.id}`)).html).toMatch(/Stopped: [\d,]+ of 500,000/);
    expect(act.done).toBeLessThan(500_000);
    await begin('other', 0);
    expect((await browser.page(`/acts/${act.id}`)).status).toBe(404);
    expect((await browser.post(`/acts/${act.id}/undo`, {})).status).toBe(404);
  });
});
