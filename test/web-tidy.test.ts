import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Account, Flag, type FolderRole, type Label } from '../daemon/store.ts';
import { untilIndexed } from './harness.ts';
import { openSite, type TestSite } from './site.ts';

/** Labels, snoozes, reminders, sorting, emptying and what uses the room, as a person without script meets them. */
const start = Date.UTC(2026, 10, 24, 10, 30);
let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;
let people = 0;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] }, { now: start });
});
afterAll(() => site.close());
beforeEach(async () => {
  site.clock.now = start;
  const name = `ann${++people}`;
  ann = await site.account(name);
  await site.store.accounts.set(ann.id, { zone: 'Europe/Berlin' });
  b = site.browser();
  await b.login(name);
});

const folder = (role: FolderRole) => site.store.folders.byRole(ann.id, role);
const letter = (subject: string, more = '') =>
  `From: Bo <bo@example.net>\nTo: ann@example.org\nSubject: ${subject}\n${more}\nHello.\n`;
const give = (subject: string, more = '') => {
  site.clock.now += 1000;
  return site.deliver(ann, letter(subject, more), site.clock.now);
};
async function made(name: string): Promise<Label> {
  const label = await site.store.labels.create(ann.id, { name, colour: 'blue' });
  if (typeof label === 'string') throw new Error(label);
  return label;
}
const labelsOf = async (id: number) => (await site.store.messages.get(ann.id, id))!.labels;
const rows = (html: string) => [...html.matchAll(/<li id="m(\d+)"/g)].map(m => Number(m[1]));
/** The form of the toast, as a person would send it. */
async function undo(path: string) {
  const { html } = await b.page(path);
  const form = /<section class="toast".*?<form method="post" action="([^"]+)"[^>]*>(.*?)<\/form>/s.exec(html);
  if (!form) throw new Error(`nothing to undo on ${path}`);
  const fields: Record<string, string[]> = {};
  for (const [, name = '', value = ''] of form[2]!.matchAll(/name="(\w+)" value="([^"]*)"/g))
    fields[name] = (fields[name] ?? []).concat(value);
  return b.post(form[1]!, fields);
}
const said = async (path: string) =>
  /<section class="toast"[^>]*><span>(.*?)<\/span>/.exec((await b.page(path)).html)?.[1] ?? '';

describe('labels', () => {
  test('are made, renamed, refused with a reason, and deleted after a question', async () => {
    expect((await b.page('/labels')).html).toContain('You have no labels yet');
    await b.post('/labels', { name: 'Work', colour: 'red' });
    const [work] = await site.store.labels.list(ann.id);
    expect(work).toMatchObject({ name: 'Work', colour: 'red' });
    for (const [name, why] of [
      ['work', 'There is a label of this name already'],
      ['', 'needs a name'],
      ['a "b"', 'without quotation marks'],
      ['x'.repeat(61), 'needs a name'],
    ] as const) {
      const refused = await b.post('/labels', { name, colour: 'red' });
      expect([name, refused.status, refused.html.includes(why)]).toEqual([name, 422, true]);
    }
    await b.post(`/labels/${work!.id}`, { name: 'Büro <b>', colour: 'nonsense' });
    expect((await site.store.labels.list(ann.id))[0]).toMatchObject({ name: 'Büro <b>', colour: 'grey' });
    const id = await give('kept');
    await site.store.labels.put(ann.id, [id], work!.id);
    const question = await b.page(`/labels/${work!.id}/removal`);
    expect(question.html).toContain('taken off 1 message');
    expect(question.html).not.toContain('<b>&gt;');
    expect(await site.store.labels.list(ann.id)).toHaveLength(1);
    await b.post(`/labels/${work!.id}/removal`, {});
    expect(await said('/labels')).toContain('Büro &lt;b&gt;” deleted');
    expect(await labelsOf(id)).toEqual([]);
  });

  test('show as chips on rows and messages, in the rail, and are found by label:', async () => {
    const far = await made('Far away');
    const id = await give('one');
    const other = await give('two');
    const gone = await give('three');
    await site.store.labels.put(ann.id, [id, gone], far.id);
    await site.store.messages.move(ann.id, [gone], (await folder('trash')).id);
    await untilIndexed(site.store);
    const { html } = await b.page('/mail/inbox');
    expect(html).toMatch(/class="label-chip tint-blue" title="Far away"/);
    expect(html).toMatch(/data-field="put" data-value="\d+"><a href="\/search\?q=label%3A%22Far%20away%22"/);
    const found = await b.page('/search?q=label%3A%22far%20away%22');
    expect([rows(found.html), /<h1 id="list-title">(.*?)</.exec(found.html)?.[1]]).toEqual([[id], 'Far away']);
    expect(rows((await b.page('/search?q=label%3A%22far%20away%22+in%3Atrash')).html)).toEqual([gone]);
    expect(rows((await b.page('/search?q=-label%3A%22far%20away%22')).html)).toContain(other);
    expect((await b.page('/search?q=label%3Anone')).html).toContain('you have no label of this name');
    const open = await b.page(`/mail/inbox/${id}`);
    expect(open.html).toContain(`name="take" value="${far.id}"`);
    await b.post(`/messages/${id}/labels`, { take: String(far.id), back: `/mail/inbox/${id}` });
    expect(await labelsOf(id)).toEqual([]);
    await undo(`/mail/inbox/${id}`);
    expect(await labelsOf(id)).toEqual([far.id]);
  });

  test('are chosen by a button, by typing a name, or made in passing; without script too', async () => {
    const work = await made('Work');
    const home = await made('Wohnung');
    const [one, two] = [await give('one'), await give('two')];
    await site.store.labels.put(ann.id, [one], home.id);
    const message = [String(one), String(two)];
    const asked = await b.post('/messages/choices', { message, for: 'label', back: '/mail/inbox' });
    expect(asked.status).toBe(200);
    expect(asked.html).toContain('Label 2 messages');
    expect([...asked.html.matchAll(/name="message" value="(\d+)"/g)].map(m => m[1])).toEqual(message);
    expect(asked.html).toMatch(/Wohnung<\/span><small>on some/);
    expect(asked.html).toContain(`name="take" value="${home.id}"`);
    expect(asked.html).not.toContain(`name="take" value="${work.id}"`);
    // The beginning of one name is enough; that of two is asked again, and so is what nobody has.
    expect((await b.post('/messages/labels', { message, name: 'wor', back: '/mail/inbox' })).status).toBe(303);
    expect([await labelsOf(one), await labelsOf(two)]).toEqual([[work.id, home.id], [work.id]]);
    const several = await b.post('/messages/labels', { message, name: 'w' });
    expect([several.status, several.html.includes('No label has this name')]).toEqual([422, true]);
    const none = await b.post('/messages/labels', { message, name: 'Garden', back: '/mail/inbox' });
    expect(none.html).toContain('Create “Garden” and use it');
    await b.post('/messages/labels', { message, create: '1', name: 'Garden', back: '/mail/inbox' });
    expect(await said('/mail/inbox')).toBe('2 messages labelled “Garden”.');
    await undo(
      (await b.post('/messages/labels', { message, name: 'garden', back: '/mail/inbox' })).headers.get('location')!,
    ).catch(() => {});
    expect((await site.store.labels.list(ann.id)).map(l => [l.name, l.total])).toEqual([
      ['Garden', 2],
      ['Wohnung', 1],
      ['Work', 2],
    ]);
  });

  test('are put on an open message without leaving it; what is moved leads back to the list', async () => {
    const id = await give('stay');
    const label = await made('Stays');
    const page = `/mail/inbox/${id}`;
    const tools = /<form class="tool-form"[\s\S]*?<\/form>/.exec((await b.page(page)).html)![0];
    const hidden = Object.fromEntries([...tools.matchAll(/name="(\w+)" value="([^"]*)">/g)].map(m => [m[1]!, m[2]!]));
    const asked = async (wish: string) =>
      /name="back" value="([^"]*)"/.exec((await b.post(`/messages/${id}/choices`, { ...hidden, for: wish })).html)?.[1];
    expect([await asked('label'), await asked('move'), await asked('snooze')]).toEqual([
      page,
      '/mail/inbox',
      '/mail/inbox',
    ]);
    const put = await b.post(`/messages/${id}/labels`, { back: page, put: String(label.id) });
    expect(put.headers.get('location')).toBe(page);
    const again = (await b.post(`/messages/${id}/choices`, { ...hidden, for: 'label' })).html;
    expect(again).toMatch(/Stays<\/span><small>already on<\/small><\/a>/);
  });

  test('are given to all of a list on all its pages, and taken back', async () => {
    const work = await made('Work');
    for (let i = 0; i < 230; i++) await give(`mail ${i}`);
    const { html } = await b.page('/mail/inbox');
    const message = rows(html).map(String);
    const inbox = await folder('inbox');
    const fields = { message, rows: '50', every: '1', in: String(inbox.id), back: '/mail/inbox' };
    const asked = await b.post('/messages/choices', { ...fields, for: 'label' });
    expect(asked.html).toContain('Label all of them');
    const answer = await b.post('/messages/labels', { ...fields, put: String(work.id) });
    const path = answer.headers.get('location')!;
    let list = await b.page(path);
    while (path.startsWith('/acts/') && list.html.includes('hx-trigger')) {
      await new Promise(resolve => setTimeout(resolve, 20));
      list = await b.page(path);
    }
    expect((await site.store.labels.list(ann.id))[0]!.total).toBe(230);
    await b.post(/action="(\/acts\/[\w-]+\/undo)"/.exec(list.html)![1]!, {});
    expect((await site.store.labels.list(ann.id))[0]!.total).toBe(0);
  });
});

describe('moving by name', () => {
  test('goes to the folder whose name, or the beginning of it, was typed; else asks again', async () => {
    await site.store.folders.create(ann.id, 'Ärzte und Apotheken', 1);
    const id = await give('x');
    const asked = await b.post('/messages/choices', { message: String(id), for: 'move', back: '/mail/inbox' });
    expect(asked.html).toContain('Move 1 message to');
    expect(asked.html).not.toContain('Drafts</span></button>');
    const refused = await b.post('/messages/moves', { message: String(id), name: 'a', back: '/mail/inbox' });
    expect([refused.status, refused.html.includes('Several folders begin so')]).toEqual([422, true]);
    expect((await b.post('/messages/moves', { message: String(id), name: '' })).status).toBe(422);
    await b.post('/messages/moves', { message: String(id), name: 'apo', back: '/mail/inbox' });
    expect(await said('/mail/inbox')).toBe('1 message moved to Ärzte und Apotheken.');
  });

  test('makes the folder where that is asked for, and moves there at once', async () => {
    const [one, two] = [String(await give('one')), String(await give('two'))];
    const back = '/mail/inbox';
    const asked = await b.post('/messages/choices', { message: one, for: 'move', back });
    expect(asked.html).toMatch(/name="create" value="1"[^>]*>.*?<span>Create a folder of this name<\/span>/);
    const none = await b.post('/messages/moves', { message: one, name: 'Roof & wall', back });
    expect([none.status, none.html.includes('<span>Create “Roof &amp; wall” and move there</span>')]).toEqual([
      422,
      true,
    ]);
    await b.post('/messages/moves', { message: one, name: 'Roof & wall', create: '1', back });
    expect(await said(back)).toBe('1 message moved to Roof &amp; wall.');
    await b.post('/messages/moves', { message: two, name: 'roof & WALL', create: '1', back });
    // The beginning of a name is a name where one is made.
    await b.post('/messages/moves', { message: two, name: 'Roof', create: '1', back });
    const own = (await site.store.folders.list(ann.id)).filter(f => f.role === null);
    expect(own.map(f => [f.name, f.total])).toEqual([
      ['Roof', 1],
      ['Roof & wall', 1],
    ]);
    for (const [name, why] of [
      ['Drafts', 'There is a folder of this name already.'],
      ['x'.repeat(81), 'A folder needs a name'],
    ] as const) {
      const refused = await b.post('/messages/moves', { message: one, name, create: '1', back });
      expect([refused.status, refused.html.includes(why)]).toEqual([422, true]);
    }
    await b.post('/messages/moves', { name: 'Nothing chosen', create: '1', back });
    expect(await said(back)).toBe('Nothing was selected, so nothing was changed.');
    expect((await site.store.folders.list(ann.id)).filter(f => f.role === null)).toHaveLength(2);
  });

  test('a page of goals that is reloaded leads back to the list', async () => {
    const id = await give('x');
    expect((await b.page(`/messages/${id}/choices`)).headers.get('location')).toBe('/mail/inbox');
    expect((await b.post('/messages/choices', { for: 'label', back: '/mail/archive' })).headers.get('location')).toBe(
      '/mail/archive',
    );
    expect((await b.post('/messages/choices', { message: String(id), for: 'nonsense' })).status).toBe(404);
  });
});

describe('snoozing', () => {
  test('offers times by the reader’s clock, and brings back then', async () => {
    const id = await give('later');
    const asked = await b.post('/messages/choices', { message: String(id), for: 'snooze', back: '/mail/inbox' });
    const times = [...asked.html.matchAll(/name="until" value="(\d+)"/g)].map(m =>
      new Date(Number(m[1])).toISOString().slice(0, 16),
    );
    // Tuesday, half past eleven in Berlin.
    expect(times).toEqual(['2026-11-24T13:00', '2026-11-25T07:00', '2026-11-28T07:00', '2026-11-30T07:00']);
    const until = Date.UTC(2026, 10, 25, 7);
    await b.post('/messages/snoozes', { message: String(id), until: String(until), back: '/mail/inbox' });
    expect(await said('/mail/inbox')).toMatch(/^1 message snoozed until 25 Nov 2026,? (at )?08:00\.$/);
    const asleep = await b.page('/mail/snoozed');
    expect(rows(asleep.html)).toEqual([id]);
    expect(asleep.html).toContain('Wed 08:00');
    expect((await b.page('/mail/inbox')).html).toContain('href="/mail/snoozed"');
    site.clock.now = until + 60_000;
    await site.store.snoozes.wakeDue(site.clock.now);
    const back = await b.page('/mail/inbox');
    expect(rows(back.html)).toEqual([id]);
    expect(back.html).toContain('Back from snooze');
    // The time it came, not that of its return.
    expect(back.html).toContain('>Tue</time>');
    expect((await b.page(`/mail/inbox/${id}`)).html).toContain('Snoozed, and back since');
  });

  test('takes a day and time of one’s own, and says what is wrong with one', async () => {
    const id = await give('mine');
    const post = (day: string, time: string) =>
      b.post(`/messages/${id}/snoozes`, { own: '1', day, time, back: '/mail/inbox' });
    for (const [day, time, why] of [
      ['2026-02-31', '08:00', 'Choose a day and a time'],
      ['2026-12-01', '', 'Choose a day and a time'],
      ['2026-11-24', '11:00', 'This time is over'],
      ['2040-01-01', '08:00', 'more than five years'],
    ] as const) {
      const refused = await post(day, time);
      expect([day, refused.status, refused.html.includes(why)]).toEqual([day, 422, true]);
      expect(refused.html).toContain(`name="day" value="${day}"`);
    }
    expect((await post('2027-03-28', '03:30')).status).toBe(303);
    expect(await site.store.snoozes.untils(ann.id, [id])).toEqual(new Map([[id, Date.UTC(2027, 2, 28, 1, 30)]]));
  });

  test('is undone, also where a time is changed or taken back', async () => {
    const id = await give('undone');
    const snooze = (until: number) => b.post(`/messages/${id}/snoozes`, { until: String(until), back: '/mail/inbox' });
    const until = async () => (await site.store.snoozes.untils(ann.id, [id])).get(id);
    await snooze(start + 1e8);
    await undo('/mail/inbox');
    expect([await until(), (await folder('inbox')).total]).toEqual([undefined, 1]);
    await snooze(start + 1e8);
    await snooze(start + 2e8);
    expect(await until()).toBe(start + 2e8);
    await undo('/mail/inbox');
    expect(await until()).toBe(start + 1e8);
    await b.post(`/messages/${id}/moves`, { to: 'inbox', back: '/mail/snoozed' });
    expect((await folder('inbox')).total).toBe(1);
    await undo('/mail/snoozed');
    expect(await until()).toBe(start + 1e8);
    expect((await b.post(`/messages/${id}/moves`, { to: 'snoozed' })).status).toBe(404);
  });
});

describe('reminders', () => {
  async function sent(subject: string): Promise<number> {
    const other = await site.account(`o${++people}`);
    await site.deliver(
      other,
      `From: ${ann.address}\nTo: ${other.address}\nMessage-ID: <${subject}@x>\nSubject: ${subject}\n\nWell?\n`,
      site.clock.now,
      { author: ann, others: [] },
    );
    return (await site.store.messages.page(ann.id, (await folder('sent')).id, 10)).messages.find(
      m => m.subject === subject,
    )!.id;
  }

  test('are set beside what one sent, listed, and taken back', async () => {
    const id = await sent('question');
    expect((await b.page(`/mail/sent/${id}`)).html).toContain('Remind me if nobody answers in');
    await b.post(`/messages/${id}/reminders`, { days: '3', back: `/mail/sent/${id}` });
    expect(await said(`/mail/sent/${id}`)).toMatch(/If nobody answers by 27 Nov 2026/);
    expect((await b.page('/reminders')).html).toContain('question');
    await b.post(`/messages/${id}/reminders`, { back: '/reminders' });
    expect((await b.page('/reminders')).html).toContain('No reminders');
    const received = await give('from another');
    expect((await b.post(`/messages/${received}/reminders`, { days: '3' })).status).toBe(404);
  });

  test('are asked for while one writes, and stay with the draft', async () => {
    const fields = { key: 'k', to: 'bo@far.example', cc: '', bcc: '', subject: 'Soon?', text: 'x' };
    const saved = await b.post('/drafts', { ...fields, remind: '7' });
    const [draft] = await site.store.drafts.list(ann.id);
    expect([saved.status, draft!.remindDays]).toEqual([303, 7]);
    expect((await b.page(`/drafts/${draft!.id}`)).html).toContain('<option value="7" selected>7 days');
    await b.post('/drafts', { ...fields, draft: String(draft!.id), version: String(draft!.version), remind: '0' });
    expect((await site.store.drafts.list(ann.id))[0]!.remindDays).toBe(0);
    for (const odd of ['-1', '1e9', 'x', '']) await b.post('/drafts', { ...fields, key: `odd ${odd}`, remind: odd });
    expect((await site.store.drafts.list(ann.id)).map(d => d.remindDays)).toEqual([0, 0, 0, 0, 0]);
  });

  test('bring back what nobody answered, and only that', async () => {
    const [silent, answered] = [await sent('silent'), await sent('answered')];
    for (const id of [silent, answered]) await b.post(`/messages/${id}/reminders`, { days: '1' });
    await give('Re: answered', 'In-Reply-To: <answered@x>\nMessage-ID: <a2@y>\n');
    await site.store.snoozes.wakeDue(start + 2 * 86_400_000);
    const { html } = await b.page('/mail/inbox');
    expect(html).toContain('Nobody answered');
    const copy = (await site.store.messages.page(ann.id, (await folder('inbox')).id, 10)).messages.find(
      m => m.flags & Flag.unanswered,
    )!;
    expect(copy.subject).toBe('silent');
    expect((await b.page(`/mail/inbox/${copy.id}`)).html).toContain('nobody has answered');
    await b.post(`/messages/${answered}/reminders`, { days: '1', back: '/mail/sent' });
    expect(await said('/mail/sent')).toContain('answered this already');
  });
});

describe('lists', () => {
  test('are sorted by date, sender, subject and size, either way, page by page, each message once', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `N${String((i * 37) % 120).padStart(3, '0')}`);
    for (const [i, name] of names.entries())
      await site.deliver(
        ann,
        `From: ${name} <n@example.net>\nSubject: ${i % 2 ? 'Re: ' : ''}${name}\n\n${'x'.repeat((i * 13) % 97)}\n`,
        start + i,
      );
    const walk = async (sort: string) => {
      const all: number[] = [];
      for (let path: string | undefined = `/mail/inbox?sort=${sort}`; path; ) {
        const { html } = await b.page(path);
        all.push(...rows(html));
        path = /href="([^"]*)" rel="next"/.exec(html)?.[1]?.replaceAll('&amp;', '&');
      }
      return Promise.all(all.map(async id => (await site.store.messages.get(ann.id, id))!));
    };
    const sorted = names.toSorted();
    expect((await walk('sender')).map(m => m.fromName)).toEqual(sorted);
    expect((await walk('-sender')).map(m => m.fromName)).toEqual(sorted.toReversed());
    expect((await walk('subject')).map(m => m.subject.replace('Re: ', ''))).toEqual(sorted);
    const sizes = (await walk('size')).map(m => m.size);
    expect(sizes).toEqual(sizes.toSorted((x, y) => y - x));
    expect(new Set((await walk('-size')).map(m => m.id)).size).toBe(120);
    const oldestFirst = async () => (await walk('-date')).map(m => m.fromName);
    expect(await oldestFirst()).toEqual(names);
    const { html } = await b.page('/mail/inbox?sort=-date');
    expect([html.includes('Next page'), html.includes('Older')]).toEqual([true, false]);
    await site.store.accounts.set(ann.id, { flat: true });
    expect(await oldestFirst()).toEqual(names);
    expect((await walk('sender')).map(m => m.fromName)).toEqual(sorted);
    expect((await b.page('/mail/inbox?sort=nonsense')).status).toBe(200);
    expect((await b.page('/mail/inbox?sort=size&before=%00.x')).status).toBe(200);
  });

  test('go on to the next or previous message, or to the list, as one chose', async () => {
    const ids = [await give('a'), await give('b'), await give('c')];
    const goal = async () =>
      /class="tool-form".*?name="back" value="([^"]+)"/s.exec((await b.page(`/mail/inbox/${ids[1]}`)).html)?.[1];
    expect(await goal()).toBe('/mail/inbox');
    await b.post('/settings/reading', { list: 'conversations', after: 'next' });
    expect(await goal()).toBe(`/mail/inbox/${ids[0]}`);
    await b.post('/settings/reading', { list: 'conversations', after: 'previous' });
    expect(await goal()).toBe(`/mail/inbox/${ids[2]}`);
    expect((await b.page('/settings')).html).toContain('<option value="previous" selected>');
  });

  test('Trash and Junk are emptied after a question, and nothing else is', async () => {
    for (let i = 0; i < 3; i++) await give(`mail ${i}`);
    const inbox = await folder('inbox');
    const all = (await site.store.messages.page(ann.id, inbox.id, 10)).messages.map(m => m.id);
    await site.store.messages.move(ann.id, all.slice(0, 2), (await folder('trash')).id);
    expect((await b.page('/mail/trash')).html).toContain('href="/mail/trash/emptying"');
    expect((await b.page('/mail/trash/emptying')).html).toContain('2 messages in Trash are deleted for good');
    expect((await folder('trash')).total).toBe(2);
    expect((await b.post('/mail/inbox/emptying', {})).status).toBe(404);
    await b.post('/mail/trash/emptying', {});
    expect([(await folder('trash')).total, (await folder('inbox')).total]).toEqual([0, 1]);
    expect((await b.page('/mail/trash')).html).not.toContain('/emptying');
  });
});

describe('junk', () => {
  const arrive = async (from: string, subject: string) => {
    const id = await site.deliver(ann, `From: ${from}\nSubject: ${subject}\n\nx\n`, site.clock.now).catch(() => 0);
    return id;
  };
  const inJunk = async () =>
    (await site.store.messages.page(ann.id, (await folder('junk')).id, 20)).messages.map(m => m.subject);

  test('teaches of its sender, and is taken back by Undo and by “not junk”', async () => {
    const id = await arrive('Spam <spam@bulk.example>', 'first');
    await b.post(`/messages/${id}/moves`, { to: 'junk', back: '/mail/inbox' });
    expect(await said('/mail/inbox')).toBe('1 message moved to Junk. More from spam@bulk.example goes there too.');
    await arrive('Spam <SPAM@bulk.example>', 'second');
    expect((await inJunk()).toSorted()).toEqual(['first', 'second']);
    await b.post(`/messages/${id}/moves`, { to: 'inbox', back: '/mail/junk' });
    expect(await said('/mail/junk')).toContain('spam@bulk.example is welcome from now on');
    expect(await arrive('spam@bulk.example', 'third')).not.toBe(0);
    expect((await b.page('/settings/senders')).html).toContain('Their mail is no junk');
    // A word about everybody there, or a rule, does not reach who is welcome.
    await site.store.unwanted.block(ann.id, '@bulk.example', 'junk', 1);
    expect(await arrive('spam@bulk.example', 'fourth')).not.toBe(0);
    expect(await arrive('other@bulk.example', 'fifth')).toBe(0);
    const again = await arrive('new@far.example', 'sixth');
    await b.post(`/messages/${again}/moves`, { to: 'junk', back: '/mail/inbox' });
    await undo('/mail/inbox');
    expect(await arrive('new@far.example', 'seventh')).not.toBe(0);
    expect((await site.store.choices.list(ann.id, ['welcome'])).map(c => c.key)).toEqual(['spam@bulk.example']);
  });

  test('nobody one has written to becomes a sender of junk', async () => {
    await site.store.correspondents.wroteTo(ann.id, [{ name: 'Bo', address: 'bo@example.net' }], 1);
    const id = await arrive('Bo <bo@example.net>', 'forged');
    await b.post(`/messages/${id}/moves`, { to: 'junk', back: '/mail/inbox' });
    expect(await said('/mail/inbox')).toBe('1 message moved to Junk.');
    expect(await arrive('Bo <bo@example.net>', 'real')).not.toBe(0);
  });
});

test('what uses the room is told by folder, by year and by message', async () => {
  await site.store.accounts.set(ann.id, { quota: 1_000_000 });
  await site.deliver(
    ann,
    `From: Big <big@example.net>\nSubject: Large one\n\n${'x'.repeat(50_000)}\n`,
    Date.UTC(2024, 5, 1),
  );
  const id = await give('tiny letter');
  await site.store.messages.move(ann.id, [id], (await folder('trash')).id);
  expect((await b.page('/mail/inbox')).html).toContain('href="/settings/storage"');
  const { html } = await b.page('/settings/storage');
  expect(html).toMatch(/href="\/mail\/inbox" dir="auto">Inbox<\/a><meter[^>]*><\/meter><span>50 KB/);
  expect(html).toMatch(/>2024<\/a>.*>50 KB/s);
  expect(html.indexOf('Large one')).toBeLessThan(html.indexOf('tiny letter'));
  expect(html).toContain('href="/mail/trash/emptying"');
});
