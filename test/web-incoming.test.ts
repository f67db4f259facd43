import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, Flag } from '../daemon/store.ts';
import { loggedPath } from '../web/confirmations.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let a: ReturnType<TestSite['browser']>;
let b: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  await site.account('bob');
  a = site.browser();
  b = site.browser();
  await a.login('ann');
  await b.login('bob');
});
afterAll(() => site.close());

const give = (subject: string, more = '', from = 'Bo <bo@far.example>') =>
  site.deliver(ann, `From: ${from}\r\nTo: ann@example.org\r\nSubject: ${subject}\r\n${more}\r\nHow are you?\r\n`);
const folderOf = async (id: number) => {
  const m = await site.store.messages.get(ann.id, id);
  const folder = m && (await site.store.folders.byId(ann.id, m.folderId));
  return folder && `${folder.role ?? folder.name} ${m.flags}`;
};
const row = (field: string, test: string, text: string) => ({ field, test, text });
const plain = { name: '', all: 'all', ...row('subject', 'contains', 'bill'), place: 'trash', keep: '1' };
const notice = (html: string) => /class="toast"[^>]*>[\s\S]*?<\/div>/.exec(html)?.[0] ?? '';

describe('rules', () => {
  test('are made by a form, listed in words, and put in order', async () => {
    expect((await a.page('/settings/rules')).html).toContain('No rules yet');
    const bills = (await site.store.folders.create(ann.id, 'Bills', 1))!;
    const label = await site.store.labels.create(ann.id, { name: 'Money', colour: 'green' });
    const first = {
      ...{ name: 'Bills', all: 'any', field: ['subject', 'header', 'larger', 'files', 'from'] },
      ...{ test: ['contains', 'is', 'is', 'is', 'contains'], text: ['bill', 'X-Kind: invoice', '5 MB', '', ''] },
      ...{ place: `${bills.id}`, label: typeof label === 'string' ? '' : `${label.id}`, star: '1', stop: '1' },
    };
    expect((await a.post('/settings/rules', first)).headers.get('location')).toBe('/settings/rules');
    await a.post('/settings/rules', { ...plain, text: 'advert', read: '1' });
    const [one, two] = await site.store.mailRules.list(ann.id);
    expect(one).toMatchObject({
      ...{ name: 'Bills', active: true },
      rule: {
        all: false,
        conditions: [
          row('subject', 'contains', 'bill'),
          { ...row('header', 'is', 'invoice'), name: 'X-Kind' },
          { field: 'size', test: 'over', octets: 5_000_000 },
          { field: 'attachment', has: true },
        ],
        deed: { place: { folder: bills.id }, star: true, read: false, forward: null, stop: true },
      },
    });
    const { html } = await a.page('/settings/rules');
    expect(html).toMatch(
      /Bills[\s\S]*Subject contains “bill” or X-Kind is “invoice”[\s\S]*to Bills, label Money, Star it/,
    );
    expect(html.indexOf('Bills')).toBeLessThan(html.indexOf('advert'));
    await a.post(`/settings/rules/${two!.id}/place`, { way: 'up' });
    expect((await site.store.mailRules.list(ann.id)).map(r => r.id)).toEqual([two!.id, one!.id]);
    await a.post(`/settings/rules/${two!.id}/state`, { active: '0' });
    expect((await a.page('/settings/rules')).html).toContain('Switch on');
    // The form shows what was kept.
    const shown = (await a.page(`/settings/rules/${one!.id}`)).html;
    expect(shown).toMatch(/value="X-Kind: invoice"[\s\S]*value="5 MB"/);
    expect(shown).toMatch(new RegExp(`<option value="${bills.id}" selected>Bills`));
    for (const id of [one!.id, two!.id]) await a.post(`/settings/rules/${id}/removal`, {});
    expect(await site.store.mailRules.list(ann.id)).toEqual([]);
  });

  test('say what is wrong with them, beside it, and keep what was typed', async () => {
    site.aliases.set('back@far.example', 'ann@example.org');
    for (const [fields, words] of [
      [{ text: '' }, 'fill in at least one condition'],
      [{ ...row('larger', 'is', 'much') }, 'A size is written as 500 KB or 5 MB.'],
      [{ ...row('header', 'is', 'invoice') }, 'Write the field with its name'],
      [{ text: 'x'.repeat(201) }, 'At most 200 characters'],
      [{ place: '' }, 'Say what the rule does'],
      [{ place: '99999' }, 'That folder is not there any more'],
      [{ name: 'a\u2028b' }, 'A name has at most 100 characters'],
      [{ forward: 'nonsense' }, 'nonsense'],
      [{ forward: 'ann@example.org' }, 'That is your own address'],
      [{ forward: 'back@far.example' }, 'would come back to you'],
      [{ forward: 'nobody@example.org' }, 'Nobody takes mail for nobody@example.org here'],
    ] as [Record<string, string>, string][]) {
      const { status, html } = await a.post('/settings/rules', { ...plain, ...fields });
      expect([status, html]).toEqual([422, expect.stringContaining(words)]);
      expect(html).toContain('aria-invalid="true"');
    }
    expect(await site.store.mailRules.list(ann.id)).toEqual([]);
    // A further row is had without script, and nothing is lost.
    const more = await a.post('/settings/rules', { ...plain, act: 'more', name: 'kept' });
    expect([more.html.match(/name="text"/g)?.length, more.html.includes('value="kept"')]).toEqual([2, true]);
  });

  test('are bounded in number and in rows', async () => {
    const many = Array.from({ length: 5_000 }, () => 'x');
    const { html } = await a.post('/settings/rules', { ...plain, field: many, test: many, text: many, act: 'more' });
    expect(html.match(/name="text"/g)?.length).toBe(10);
    for (let i = 0; i < 100; i++) await a.post('/settings/rules', { ...plain, name: `r${i}` });
    const full = await a.post('/settings/rules', plain);
    expect([full.status, full.html]).toEqual([422, expect.stringContaining('There are 100 rules')]);
    for (const { id } of await site.store.mailRules.list(ann.id)) await site.store.mailRules.remove(ann.id, id);
  });

  test('show what they would have matched, and change nothing', async () => {
    const id = await give('the bill for may', 'X-Shop: yes\r\n');
    await give('a letter');
    const { status, html } = await a.post('/settings/rules', { ...plain, act: 'try' });
    expect(status).toBe(200);
    expect(html).toContain('It would have matched 1 message in Inbox');
    expect(html).toContain(`href="/mail/inbox/${id}"`);
    const none = await a.post('/settings/rules', { ...plain, ...row('header', 'is', 'X-Shop: no'), act: 'try' });
    expect(none.html).toContain('It would have matched 0 messages in Inbox');
    expect([await folderOf(id), await site.store.mailRules.list(ann.id)]).toEqual(['inbox 0', []]);
  });

  test('are tried in the folder that is chosen, which the form keeps', async () => {
    const archive = await site.store.folders.byRole(ann.id, 'archive');
    const id = await give('bill of old');
    await site.store.messages.move(ann.id, [id], archive.id);
    const chosen = `<option value="${archive.id}" selected>Archive`;
    const tried = await a.post('/settings/rules', { ...plain, act: 'try', where: `${archive.id}` });
    expect(tried.html).toContain('It would have matched 1 message in Archive');
    expect(tried.html).toContain(`href="/mail/archive/${id}"`);
    expect(tried.html).toContain(chosen);
    const longer = await a.post('/settings/rules', { ...plain, act: 'more', where: `${archive.id}` });
    expect(longer.html).toContain(chosen);
    await site.store.messages.move(ann.id, [id], (await site.store.folders.byRole(ann.id, 'trash')).id);
    const empty = await a.post('/settings/rules', { ...plain, act: 'try', where: `${archive.id}` });
    expect(empty.html).toContain('Archive is empty. Choose another folder');
    const inbox = await site.store.folders.byRole(ann.id, 'inbox');
    expect((await a.page('/settings/rules/new')).html).toContain(`<option value="${inbox.id}" selected>Inbox`);
    const bob = (await site.store.accounts.byAddress('bob@example.org'))!;
    const [foreign, drafts] = [
      await site.store.folders.byRole(bob.id, 'inbox'),
      await site.store.folders.byRole(ann.id, 'drafts'),
    ];
    for (const where of [`${foreign.id}`, `${drafts.id}`, '99999', 'nonsense']) {
      const { status, html } = await a.post('/settings/rules', { ...plain, act: 'try', where });
      expect([status, html]).toEqual([422, expect.stringContaining('id="where-error"')]);
      expect(html).not.toContain('It would have matched');
    }
  });

  test('are applied to mail that is here, behind the page, and taken back as a whole', async () => {
    const label = (await site.store.labels.list(ann.id))[0]!;
    const some = [
      await give('bill one'),
      await give('bill two', `${'X-Pad: '.padEnd(70_000, 'x').replace(/(.{900})/g, '$1\r\n ')}\r\n`),
    ];
    const other = await give('not this one');
    await site.store.messages.setFlags(ann.id, [some[0]!], Flag.seen, 0);
    await a.post('/settings/rules', { ...plain, read: '1', label: `${label.id}` });
    const [kept] = await site.store.mailRules.list(ann.id);
    const path = `/settings/rules/${kept!.id}`;
    const inbox = await site.store.folders.byRole(ann.id, 'inbox');
    expect((await a.page(path)).html).toContain(`<option value="${inbox.id}">Inbox`);
    const done = await a.post(`${path}/applications`, { folder: `${inbox.id}` });
    expect(done.status).toBe(303);
    const told = notice((await a.page(done.headers.get('location')!)).html);
    expect(told).toContain('The rule changed 3 messages.');
    expect([await folderOf(some[0]!), await folderOf(some[1]!), await folderOf(other)]).toEqual([
      'trash 1',
      'trash 1',
      'inbox 0',
    ]);
    expect((await site.store.messages.get(ann.id, some[1]!))?.labels).toEqual([label.id]);
    const undo = /action="([^"]*\/undo)"/.exec(told)![1]!;
    await a.post(undo, {});
    expect([await folderOf(some[0]!), await folderOf(some[1]!)]).toEqual(['inbox 1', 'inbox 0']);
    expect((await site.store.messages.get(ann.id, some[1]!))?.labels).toEqual([]);
    await site.store.mailRules.remove(ann.id, kept!.id);
  });

  test('begin with what a search asks for, and name what they cannot ask', async () => {
    const asked = 'subject:"annual report" -from:bo larger:2M is:unread <b>';
    const path = `/settings/rules/new?search=${encodeURIComponent(asked)}`;
    expect((await a.page(`/search?q=${encodeURIComponent(asked)}`)).html).toContain(`href="${path}"`);
    await a.post('/searches', { name: 'Reports', query: asked });
    const { html } = await a.page(path);
    expect(html).toContain('name="name" type="text" value="Reports"');
    expect([...html.matchAll(/name="text" value="([^"]*)"/g)].map(m => m[1])).toEqual(['annual report', 'bo', '2 MB']);
    for (const chosen of ['subject', 'contains', 'from', 'lacks', 'larger'])
      expect(html).toContain(`value="${chosen}" selected`);
    expect(html).toContain('cannot ask for it: is:unread and &lt;b&gt;');
    expect(html).toContain('more mail than the search finds');
    const either = (await a.page('/settings/rules/new?search=from:ann+OR+from:bo')).html;
    expect(either).toContain('name="all" value="any" checked');
    expect(either).not.toContain('role="note"');
    // Nothing of it is a condition: then there is an empty one.
    expect((await a.page('/settings/rules/new?search=roof')).html).toContain('name="text" value=""');
  });

  test('are made from a message, by its list or its sender', async () => {
    const fromList = await give('news', 'List-Id: News <news.far.example>\r\n');
    const page = (await a.page(`/mail/inbox/${fromList}`)).html;
    expect(page).toContain(`href="/settings/rules/new?from=${fromList}"`);
    expect((await a.page(`/settings/rules/new?from=${fromList}`)).html).toMatch(
      /value="list" selected[\s\S]*value="news\.far\.example"/,
    );
    const plainOne = await give('hello');
    expect((await a.page(`/settings/rules/new?from=${plainOne}`)).html).toMatch(
      /value="from" selected[\s\S]*value="is" selected[\s\S]*value="bo@far\.example"/,
    );
  });
});

describe('forwarding', () => {
  test('is said in words before it begins, and shown while it goes on', async () => {
    const asked = await a.post('/settings/forwarding', { to: 'Ann@Home.example\r\nbob@example.org', keep: '1' });
    expect(asked.html).toContain('First a letter goes to ann@home.example.');
    expect(asked.html).toMatch(
      /Send all new mail on to Ann@home\.example and bob@example\.org\?|Send all new mail on to ann@home\.example and bob@example\.org\?/,
    );
    expect((await site.store.accounts.byId(ann.id))?.forwards).toEqual([]);
    await a.post('/settings/forwarding', { to: 'Ann@Home.example\nbob@example.org', keep: '1', sure: '1' });
    expect(await site.store.accounts.byId(ann.id)).toMatchObject({
      forwards: ['ann@home.example', 'bob@example.org'],
      keepsCopy: true,
    });
    const { html } = await a.page('/settings/forwarding');
    // Who is elsewhere is asked first.
    expect(html).toContain('All mail is sent on to bob@example.org, and a copy stays here.');
    expect(html).toMatch(/ann@home\.example<\/bdi><\/b><small>Waits for confirmation: a letter was written on /);
    // Kept once more while it waits, it is still not sent on.
    await a.post('/settings/forwarding', { to: 'ann@home.example\nbob@example.org', keep: '1', sure: '1' });
    const again = await a.page('/settings/forwarding');
    expect(again.html).not.toContain('All new mail is sent on to ');
    // While nothing goes out it has gone nowhere.
    expect(again.html).toContain('A letter to ann@home.example is written, and goes when this server is next on line.');
    site.settings.online = 'always';
    await a.post('/settings/forwarding/letters', { to: 'ann@home.example' });
    expect((await a.page('/settings/forwarding')).html).toContain('A letter to ann@home.example is on its way.');
    site.settings.online = 'never';
    const foreign = await b.post('/settings/forwarding/letters', { to: 'ann@home.example' });
    expect(foreign.status).toBe(404);
    await a.post('/settings/forwarding/removal', {});
    expect(await site.store.accounts.byId(ann.id)).toMatchObject({ forwards: [], keepsCopy: false });
  });

  test('waits for a link that holds for a week, for its own account alone, whoever follows it', async () => {
    const secretFor = async (to: string) => {
      const letter = (await site.store.deliveries.list(100)).findLast(d => d.recipient === to)!;
      const source = (await site.store.content.read(letter.contentId)).toString();
      const text = Buffer.from(source.slice(source.indexOf('\r\n\r\n')), 'base64').toString();
      return /\/forwarding\/[\w-]+/.exec(text)![0];
    };
    const states = async () => (await site.store.forwardConsents.list(ann.id)).map(c => `${c.address} ${c.state}`);
    await a.post('/settings/forwarding', { to: 'late@home.example', keep: '', sure: '1' });
    await b.post('/settings/forwarding', { to: 'late@home.example', keep: '', sure: '1' });
    const bobs = await secretFor('late@home.example');
    // Signed in or not, and as whom, makes no difference: the link says whose mail it is about.
    expect((await a.page(bobs)).html).toContain('bob@example.org would like mail');
    expect((await a.post(bobs, { say: 'yes' })).html).toContain(
      'mail of bob@example.org is sent on to late@home.example',
    );
    expect(await states()).toContain('late@home.example waiting');
    await a.post('/settings/forwarding/letters', { to: 'late@home.example' });
    const path = await secretFor('late@home.example');
    const before = site.clock.now;
    site.clock.now += 7 * 86_400_000;
    const guest = site.browser();
    expect([(await guest.page(path)).status, (await guest.post(path, { say: 'yes' })).status]).toEqual([404, 404]);
    expect((await a.page('/settings/forwarding')).html).toContain(
      'Waits for confirmation, and no letter is under way.',
    );
    site.clock.now = before;
    // Ended by its account, nobody can say yes to it any more.
    await a.post('/settings/forwarding/removal', {});
    expect((await guest.post(path, { say: 'yes' })).status).toBe(404);
    expect(await states()).toContain('late@home.example waiting');
    expect([loggedPath(`/forwarding/${'s'.repeat(43)}`), loggedPath('/mail/inbox')]).toEqual([
      '/forwarding/…',
      '/mail/inbox',
    ]);
    for (const wrong of ['/forwarding/x', `/forwarding/${'x'.repeat(5_000)}`, '/forwarding/%00'])
      expect([wrong, (await guest.page(wrong)).status]).toEqual([wrong, 404]);
    await b.post('/settings/forwarding/removal', {});
  });

  test('refuses circles, and what nobody takes', async () => {
    for (const [to, words] of [
      ['', 'Name the address'],
      ['nonsense', 'nonsense'],
      ['ann@example.org', 'That is your own address'],
      ['fine@home.example back@far.example', 'would come back to you'],
      ['nobody@example.org', 'Nobody takes mail'],
      [Array.from({ length: 21 }, (_, i) => `a${i}@home.example`).join(' '), 'At most 20 addresses'],
    ] as const) {
      const { status, html } = await a.post('/settings/forwarding', { to, keep: '1', sure: '1' });
      expect([status, html]).toEqual([422, expect.stringContaining(words)]);
    }
    expect((await site.store.accounts.byId(ann.id))?.forwards).toEqual([]);
  });
});

describe('away', () => {
  const away = { active: '1', firstDay: '', lastDay: '', subject: '', text: 'I am away.', ownText: '', everyDays: '' };
  test('is kept with its days by the reader’s own time, and told on every page while it is so', async () => {
    a.cookies.set('tz', 'Pacific/Auckland');
    await site.store.accounts.set(ann.id, { zone: 'Pacific/Auckland' });
    const dayIn = (hours: number) => new Date(site.clock.now + hours * 3_600_000).toISOString().slice(0, 10);
    const tomorrow = dayIn(36);
    const saved = await a.post('/settings/away', {
      ...away,
      lastDay: tomorrow,
      text: 'I am away.\r\nReally.',
      ownText: 'Ask Bob',
    });
    expect(saved.status).toBe(303);
    const kept = await site.store.vacations.get(ann.id);
    expect(kept).toMatchObject({
      active: true,
      from: null,
      lastDay: tomorrow,
      text: 'I am away.\nReally.',
      everyDays: 7,
    });
    const days = (kept!.until! - Date.parse(`${tomorrow}T00:00:00Z`)) / 3_600_000;
    // Midnight of the day after, in Auckland.
    expect(days).toBeGreaterThanOrEqual(24 - 13);
    expect(days).toBeLessThanOrEqual(24 - 12);
    for (const path of ['/mail/inbox', '/settings', '/settings/away'])
      expect((await a.page(path)).html).toContain('away-banner');
    expect((await b.page('/mail/inbox')).html).not.toContain('away-banner');
    const back = await a.post('/settings/away/end', { back: '/mail/inbox' });
    expect(back.headers.get('location')).toBe('/mail/inbox');
    expect((await a.page('/mail/inbox')).html).not.toContain('away-banner');
    expect(await site.store.vacations.get(ann.id)).toMatchObject({ active: false, text: 'I am away.\nReally.' });
    // Between 11 and 12 by UTC tomorrow has begun in Auckland.
    const late = await a.post('/settings/away', { ...away, firstDay: dayIn(60) });
    expect([late.status, (await a.page('/mail/inbox')).html.includes('away-banner')]).toEqual([303, false]);
    await site.store.vacations.end(ann.id);
  });

  test.each([
    [{ firstDay: '2026-02-30' }, 'Write the day as year-month-day'],
    [{ lastDay: 'soon' }, 'Write the day as year-month-day'],
    [{ firstDay: '2030-03-02', lastDay: '2030-03-01' }, 'The last day comes before the first'],
    [{ lastDay: '2020-01-01' }, 'That day is over'],
    [{ text: '' }, 'Write what people are to be told'],
    [{ text: 'x'.repeat(5001) }, 'At most 5,000 characters'],
    [{ subject: 'a\u2028b' }, 'A subject has at most'],
    [{ everyDays: '61' }, 'A number of days from 1 to 60'],
    [{ everyDays: 'often' }, 'A number of days from 1 to 60'],
  ])('says of %j what is wrong', async (fields, words) => {
    const { status, html } = await a.post('/settings/away', { ...away, ...fields });
    expect([status, html]).toEqual([422, expect.stringContaining(words)]);
  });
});

/** The menu of what is done seldom, in the tools above the message. */
const more = (html: string) =>
  /<div class="message-tools"[\s\S]*?(<details class="menu more">[\s\S]*?<\/details>)/.exec(html)?.[1] ?? '';

describe('the menu above a message', () => {
  test('has what is done with all mail like it, and the message as it was sent', async () => {
    const id = await give('more', '', 'Mo <mo@far.example>');
    const { html } = await a.page(`/mail/inbox/${id}`);
    for (const words of [
      'Mute this conversation',
      'Make a rule from this message',
      'All mail from mo@far.example',
      'Add sender to contacts',
      'Mute mo@far.example',
      'Block mo@far.example',
      `href="/messages/${id}/print"`,
      `href="/messages/${id}/headers"`,
      `href="/messages/${id}/source"`,
    ])
      expect(more(html)).toContain(words);
    expect(html.split(more(html)).join('')).not.toContain('Block mo@far.example');
  });

  test('speaks in a conversation of who wrote to its reader last', async () => {
    const id = await give('plans', 'Message-ID: <p1@far.example>\r\n', 'Mo <mo@far.example>');
    const own = await give('Re: plans', 'In-Reply-To: <p1@far.example>\r\n', 'Ann <ann@example.org>');
    await site.store.messages.setFlags(ann.id, [id, own], Flag.seen, 0);
    const { html } = await a.page(`/mail/inbox/${own}`);
    expect(more(html)).toContain('Block mo@far.example');
    expect(more(html)).not.toContain('/source');
    const menu = /<div class="own-tools">[\s\S]*?<\/details>/.exec(html)![0];
    expect(menu).toContain(`href="/messages/${own}/source"`);
    expect(menu).not.toContain('Block ');
  });
});

describe('blocked senders and muted conversations', () => {
  test('are said on the message, listed, and taken back', async () => {
    const id = await give('buy now', '', 'Spam <spam@far.example>');
    const page = (await a.page(`/mail/inbox/${id}`)).html;
    expect(page).toContain('Block spam@far.example');
    const said = await a.post(`/messages/${id}/blocks`, { place: 'junk', back: `/mail/inbox/${id}` });
    expect(said.headers.get('location')).toBe(`/mail/inbox/${id}`);
    const after = (await a.page(`/mail/inbox/${id}`)).html;
    expect(notice(after)).toContain('New mail of spam@far.example goes to Junk.');
    expect(after).toContain('spam@far.example is blocked.');
    expect(after).not.toContain('Block spam@far.example');
    const list = (await a.page('/settings/blocked')).html;
    const removal = /action="(\/settings\/blocked\/\d+\/removal)"/.exec(list)![1]!;
    expect((await b.post(removal, {})).status).toBe(404);
    await a.post(removal, {});
    expect((await a.page('/settings/blocked')).html).toContain('Nobody is blocked');
    for (const [address, status] of [
      ['@Far.Example', 303],
      ['eve@far.example', 303],
      ['nonsense', 422],
      ['@', 422],
      ['ann@example.org', 422],
    ] as const)
      expect((await a.post('/settings/blocked', { address, place: 'trash' })).status).toBe(status);
    expect((await site.store.unwanted.blocked(ann.id)).map(x => `${x.address} ${x.place}`)).toEqual([
      '@far.example trash',
      'eve@far.example trash',
    ]);
    for (const { id: one } of await site.store.unwanted.blocked(ann.id)) await site.store.unwanted.unblock(ann.id, one);
  });

  test('a sender is muted on the message, and heard again', async () => {
    const id = await give('chatter', '', 'Mo <mo@far.example>');
    expect((await a.page(`/mail/inbox/${id}`)).html).toMatch(
      /name="place" value="archive">.*?<\/svg><span>Mute mo@far\.example<\/span><\/button>/,
    );
    await a.post(`/messages/${id}/blocks`, { place: 'archive', back: `/mail/inbox/${id}` });
    const after = (await a.page(`/mail/inbox/${id}`)).html;
    expect(notice(after)).toContain('New mail of mo@far.example goes to the Archive, read.');
    expect(after).toContain('mo@far.example is muted.');
    const list = (await a.page('/settings/blocked')).html;
    expect(list).toContain('to the Archive, read · ');
    await a.post(/action="(\/settings\/blocked\/\d+\/removal)"/.exec(list)![1]!, {});
    expect(notice((await a.page('/mail/inbox')).html)).toContain('No longer muted.');
  });

  test('what is said of a sender is not said of who answers', async () => {
    const first = await give('quarrel', 'Message-ID: <q1@far.example>\r\n', 'Spam <spam@far.example>');
    await give(
      'Re: quarrel',
      'Message-ID: <q2@far.example>\r\nIn-Reply-To: <q1@far.example>\r\n',
      'Cy <cy@far.example>',
    );
    await site.store.unwanted.block(ann.id, 'spam@far.example', 'junk', 1);
    const { html } = await a.page(`/mail/inbox/${first}`);
    expect(html.match(/spam@far\.example is blocked\./g)).toHaveLength(1);
    expect(html).toContain('Block cy@far.example');
    for (const { id } of await site.store.unwanted.blocked(ann.id)) await site.store.unwanted.unblock(ann.id, id);
  });

  test('a conversation is muted, and no longer', async () => {
    const id = await give('talk', 'Message-ID: <t1@far.example>\r\n');
    const { conversation } = (await site.store.messages.get(ann.id, id))!;
    await a.post(`/conversations/${conversation}/mutes`, { back: `/mail/inbox/${id}` });
    const { html } = await a.page(`/mail/inbox/${id}`);
    expect(html).toMatch(/Muted: what follows goes to the Archive, read\.<\/span><button [^>]*>Unmute<\/button>/);
    expect(html.indexOf('Muted: what follows')).toBeLessThan(html.lastIndexOf('How are you?'));
    expect(more(html)).toContain('Unmute this conversation');
    expect(await site.store.unwanted.isMuted(ann.id, conversation)).toBe(true);
    await a.post(`/conversations/${conversation}/mutes/removal`, { back: `/mail/inbox/${id}` });
    expect(await site.store.unwanted.isMuted(ann.id, conversation)).toBe(false);
    expect((await a.post('/conversations/999999/mutes', {})).status).toBe(404);
  });

  test('muting is taken back from its notice; what is muted is listed, found, and heard again', async () => {
    const id = await give('noise <b>', 'Message-ID: <n1@far.example>\r\n');
    const { conversation } = (await site.store.messages.get(ann.id, id))!;
    const path = `/conversations/${conversation}/mutes`;
    const undo = async () => {
      const toast = notice((await a.page('/mail/inbox')).html);
      return /action="([^"]*)"/.exec(toast)?.[1] ?? toast;
    };
    expect((await a.page('/settings/blocked')).html).not.toContain('Muted conversations');
    await a.post(path, {});
    expect(await undo()).toBe(`${path}/removal`);
    const { html } = await a.page('/settings/blocked');
    expect(html).toContain(`<a href="/conversations/${conversation}"`);
    expect(html).toContain('noise &lt;b&gt;');
    expect(html).toContain('href="/search?q=is%3Amuted"');
    expect((await a.page('/search?q=is%3Amuted')).html).toContain(`id="m${id}"`);
    expect((await a.page('/settings')).html).toMatch(/Blocked and muted senders<\/b> <em>/);
    expect((await b.page('/search?q=is%3Amuted')).html).not.toContain(`id="m${id}"`);
    expect((await b.post(`${path}/removal`, {})).status).toBe(404);
    const back = await a.post(`${path}/removal`, { back: '/settings/blocked' });
    expect(back.headers.get('location')).toBe('/settings/blocked');
    expect(await undo()).toBe(path);
    expect((await a.page('/search?q=is%3Amuted')).html).not.toContain(`id="m${id}"`);
  });
});

test('nothing that was typed, or that a stranger wrote, is more than text', async () => {
  const evil = '"><script>alert(1)</script>';
  const id = await give('evil', `List-Id: ${evil} <x${evil}>\r\n`, `${evil} <evil@far.example>`);
  for (const { id: one } of await site.store.mailRules.list(ann.id)) await site.store.mailRules.remove(ann.id, one);
  await a.post('/settings/rules', { ...plain, name: evil, text: evil });
  const [rule] = await site.store.mailRules.list(ann.id);
  await site.store.vacations.save(ann.id, {
    ...{ active: false, from: null, until: null, firstDay: evil, lastDay: evil, zone: '', everyDays: 7 },
    ...{ subject: evil, text: `</textarea>${evil}`, ownText: `</textarea>${evil}` },
  });
  const pages = [
    await a.page('/settings/rules'),
    await a.page(`/settings/rules/${rule!.id}`),
    await a.page(`/settings/rules/new?from=${id}`),
    await a.page(`/mail/inbox/${id}`),
    await a.page('/settings/away'),
    await a.post('/settings/rules', { ...plain, ...row('from', 'contains', 'far'), name: evil, act: 'try' }),
    await a.post('/settings/rules', { ...plain, text: evil, forward: evil }),
    await a.post('/settings/forwarding', { to: evil, keep: '1' }),
    await a.post('/settings/blocked', { address: evil, place: 'junk' }),
  ];
  for (const { html } of pages) {
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toContain('<script>alert');
  }
});

test('nothing of it changes from a page of another site', async () => {
  for (const path of ['/settings/rules', '/settings/forwarding', '/settings/away', '/settings/blocked'])
    expect((await a.post(path, {}, { Origin: 'https://evil.example' })).status, path).toBe(403);
});
