import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, Flag } from '../daemon/store.ts';
import { openSite, type TestSite } from './site.ts';

/** Lists of conversations, and a conversation that is read: as a browser without script sees them. */
describe('conversations', () => {
  let site: TestSite;
  let ann: Account;
  let browser: ReturnType<TestSite['browser']>;
  let clock = Date.UTC(2026, 10, 1);
  beforeAll(async () => {
    site = await openSite({ host_domain: ['example.org'] });
  });
  afterAll(() => site.close());

  async function begin(name: string) {
    ann = await site.account(name);
    browser = site.browser();
    await browser.login(name);
  }
  const tick = () => {
    clock += 60_000;
    return clock;
  };
  const mail = (id: string, text: string, more = '', from = 'Bob Ek <bob@x.example>') =>
    site.deliver(
      ann,
      `From: ${from}\nTo: ${ann.address}\nSubject: ${more === '' ? '' : 'Re: '}Garden\nMessage-ID: <${id}@x>\n${more}Content-Type: text/plain; charset=utf-8\n\n${text}\n`,
      tick(),
    );
  const answers = (id: string) => `In-Reply-To: <${id}@x>\nReferences: <${id}@x>\n`;
  const folder = async (role: 'inbox' | 'sent' | 'archive' | 'trash') =>
    (await site.store.folders.byRole(ann.id, role)).id;
  const rows = (html: string) => [...html.matchAll(/<li id="m(\d+)" class="row/g)].map(m => Number(m[1]));
  const flagsOf = async (id: number) => (await site.store.messages.get(ann.id, id))!.flags;

  /** One from Bob, one's own answer in Sent, two from Bob after that; and another mail above. */
  async function talk() {
    const ids = [await mail('a', 'first words'), await mail('b', 'my answer', answers('a'), `Ann <${ann.address}>`)];
    await site.store.messages.move(ann.id, [ids[1]!], await folder('sent'));
    ids.push(
      await mail('c', 'third words', answers('b'), 'Cy <cy@x.example>'),
      await mail('d', 'last words', answers('c')),
    );
    const other = await mail('z', 'of another kind');
    return { ids, other };
  }

  test('a folder has one row a conversation: its people, how many, unread if any is', async () => {
    await begin('row');
    const { ids, other } = await talk();
    await site.store.messages.setFlags(ann.id, [ids[3]!], Flag.seen, 0);
    const { html } = await browser.page('/mail/inbox');
    expect(rows(html)).toEqual([other, ids[3]]);
    const row = html.slice(html.indexOf(`id="m${ids[3]}"`));
    expect(row).toContain('<bdi>Bob</bdi>, <bdi>me</bdi>, <bdi>Cy</bdi>');
    expect(row).toContain('4<span class="unseen"> 4 messages</span>');
    expect(row.slice(0, 60)).toContain('unread');
  });

  test('opening one shows all its messages over folders, the newest open, the read ones folded to a line', async () => {
    await begin('open');
    const { ids } = await talk();
    await site.store.messages.setFlags(ann.id, ids.slice(0, 3), Flag.seen, 0);
    const { html } = await browser.page(`/mail/inbox/${ids[3]}`);
    const reader = html.slice(html.indexOf('id="reader-'));
    expect(ids.map(id => reader.indexOf(`id="message-${id}"`))).toEqual(
      ids.map(id => reader.indexOf(`id="message-${id}"`)).toSorted((a, b) => a - b),
    );
    expect(reader.match(/class="folded/g)).toHaveLength(3);
    expect(reader).toMatch(new RegExp(`<section id="message-${ids[3]}" class="letter"`));
    expect(reader).toContain('4 messages');
    // The page of a folded one is this page with it open, too.
    const href = new RegExp(`id="message-${ids[1]}" class="folded" href="([^"]+)"`).exec(reader)![1]!;
    const opened = (await browser.page(href)).html;
    expect(opened).toMatch(new RegExp(`<section id="message-${ids[1]}" class="letter"`));
    expect(opened).toContain('my answer');
    expect(opened).toMatch(new RegExp(`<section id="message-${ids[3]}" class="letter"`));
  });

  test('all its messages are opened by one link, stay so while one decides of one, and are folded by another', async () => {
    await begin('unfold');
    const { ids, other } = await talk();
    await site.store.messages.setFlags(ann.id, ids, Flag.seen, 0);
    const page = `/mail/inbox/${ids[3]}`;
    const folded = (html: string) => html.match(/class="folded"/g)?.length ?? 0;
    const first = (await browser.page(page)).html;
    expect([folded(first), first.includes(`<a href="${page}?all=1">Open all</a>`)]).toEqual([3, true]);
    const { html } = await browser.page(`${page}?all=1`);
    expect([folded(html), html.includes('first words'), html.includes('third words')]).toEqual([0, true, true]);
    expect(html).toContain(`<a href="${page}">Fold what was read</a>`);
    expect(html).toContain(`name="back" value="${page}?all=1"`);
    const alone = (await browser.page(`/mail/inbox/${other}?all=1`)).html;
    expect(alone).not.toContain('Fold what was read');
  });

  test('unread ones are open, and read then; what was thrown away is not there', async () => {
    await begin('unread');
    const { ids } = await talk();
    await site.store.messages.move(ann.id, [ids[0]!], await folder('trash'));
    const { html } = await browser.page(`/mail/inbox/${ids[3]}`);
    expect(html).not.toContain(`id="message-${ids[0]}"`);
    for (const id of ids.slice(1)) {
      expect(html).toContain(`<section id="message-${id}" class="letter"`);
      expect((await flagsOf(id)) & Flag.seen).toBe(Flag.seen);
    }
    expect((await flagsOf(ids[0]!)) & Flag.seen).toBe(0);
    const there = await browser.page(`/mail/trash/${ids[0]}`);
    expect(there.html).toContain('first words');
  });

  test('actions take the whole conversation of the folder, or one message of it', async () => {
    await begin('act');
    const { ids, other } = await talk();
    await browser.post('/messages/moves', { message: String(ids[3]), to: 'archive', whole: '1', back: '/mail/inbox' });
    expect(rows((await browser.page('/mail/inbox')).html)).toEqual([other]);
    expect(rows((await browser.page('/mail/archive')).html)).toEqual([ids[3]]);
    expect((await site.store.messages.get(ann.id, ids[1]!))!.folderId).toBe(await folder('sent'));
    const page = (await browser.page(`/mail/archive/${ids[3]}`)).html;
    expect(page).toContain('name="whole"');
    await browser.post(`/messages/${ids[0]}/moves`, { to: 'trash', back: '/mail/archive' });
    expect((await site.store.messages.get(ann.id, ids[2]!))!.folderId).toBe(await folder('archive'));
    expect((await site.store.messages.get(ann.id, ids[0]!))!.folderId).toBe(await folder('trash'));
  });

  test('a star, and being unread again, concern one message; reading and taking stars away concern all', async () => {
    await begin('star');
    const { ids } = await talk();
    const post = (fields: Record<string, string>) =>
      browser.post(`/messages/${ids[3]}/flags`, { whole: '1', back: '/mail/inbox', ...fields });
    await site.store.messages.setFlags(ann.id, [ids[0]!], Flag.flagged, 0);
    await post({ set: 'flagged' });
    expect(await Promise.all([0, 2, 3].map(i => flagsOf(ids[i]!)))).toEqual([4, 0, 4]);
    await post({ set: 'seen' });
    await post({ clear: 'flagged' });
    expect(await Promise.all([0, 2, 3].map(i => flagsOf(ids[i]!)))).toEqual([1, 1, 1]);
    await post({ clear: 'seen' });
    expect(await Promise.all([0, 2, 3].map(i => flagsOf(ids[i]!)))).toEqual([1, 1, Flag.unreadAgain]);
  });

  test('flat lists show each message by itself, for who chose them', async () => {
    await begin('flat');
    const { ids, other } = await talk();
    const saved = await browser.post('/settings/reading', { list: 'messages' });
    expect(saved.status).toBe(303);
    expect(rows((await browser.page('/mail/inbox')).html)).toEqual([other, ids[3], ids[2], ids[0]]);
    const { html } = await browser.page(`/mail/inbox/${ids[0]}`);
    expect(html.match(/class="letter"/g)).toHaveLength(1);
    expect(html).not.toContain('name="whole"');
    await browser.post('/settings/reading', { list: 'conversations' });
    expect(rows((await browser.page('/mail/inbox')).html)).toEqual([other, ids[3]]);
  });

  test('the address of a conversation leads to its newest message; another account’s does not exist', async () => {
    await begin('address');
    const { ids } = await talk();
    const { conversation } = (await site.store.messages.get(ann.id, ids[0]!))!;
    const found = await browser.page(`/conversations/${conversation}`);
    expect(found.headers.get('location')).toBe(`/mail/inbox/${ids[3]}`);
    await begin('stranger');
    expect((await browser.page(`/conversations/${conversation}`)).status).toBe(404);
  });

  test('the quote at the end is folded, in text and in HTML; one between answers is not', async () => {
    await begin('quote');
    const quote = '> one\n> two\n> three\n> four';
    const end = await mail('q1', `Yes.\n\nBob wrote:\n${quote}\n\n-- \nBob`);
    const page = (await browser.page(`/mail/inbox/${end}`)).html;
    expect(page).toMatch(/Bob wrote:.*<details class="quote"><summary>Quoted text<\/summary><blockquote>one/s);
    expect(page).toMatch(/four\s*<\/blockquote><\/details>.*class="signature"/s);
    const between = await mail('q2', `${quote}\nNo.\n> five\nYes.`);
    expect((await browser.page(`/mail/inbox/${between}`)).html).not.toContain('<details class="quote">');
    const rich = await site.deliver(
      ann,
      'From: b@x\nSubject: x\nContent-Type: text/html\n\n<p>Yes &lt;3</p><blockquote>old <blockquote>older</blockquote></blockquote><br>',
    );
    expect((await browser.page(`/messages/${rich}/body`)).html).toContain(
      '<details class="cw-quote"><summary>Quoted text</summary><blockquote>old <blockquote>older</blockquote></blockquote></details>',
    );
  });

  test('a conversation of a hundred, all unread, opens ten and stays a small page', async () => {
    await begin('many');
    let last = await mail('m0', 'begin');
    for (let i = 1; i < 100; i++) last = await mail(`m${i}`, `word ${i} `.repeat(30), answers('m0'));
    const { html } = await browser.page(`/mail/inbox/${last}`);
    expect(html.match(/class="letter"/g)).toHaveLength(10);
    expect(html).toContain('class="folded-more"');
    expect((await site.store.folders.byRole(ann.id, 'inbox')).unread).toBe(90);
  });
});
