import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Account, Flag } from '../daemon/store.ts';
import { untilIndexed } from './harness.ts';
import { letters } from './letters.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  b = site.browser();
  await b.login('ann');
});
afterAll(() => site.close());

const folderId = async (role: 'inbox' | 'trash' | 'archive' | 'junk') =>
  (await site.store.folders.byRole(ann.id, role)).id;
const rowIds = (html: string) => [...html.matchAll(/<li id="m(\d+)"/g)].map(m => Number(m[1]));
const letter = (name: string) => letters.find(l => l.name === name)?.source ?? '';
const simple = (subject: string, body = 'Hello.') =>
  `From: Bo <bo@example.net>\nTo: ann@example.org\nSubject: ${subject}\nMessage-ID: <${subject}@example.net>\n\n${body}\n`;
const flagsOf = async (id: number) => (await site.store.messages.get(ann.id, id))?.flags ?? -1;

describe('list', () => {
  test('a folder shows rows newest first, 50 a page, and its pages reach every message once', async () => {
    const carl = await site.account('carl');
    const mine = site.browser();
    await mine.login('carl');
    const made: number[] = [];
    for (let i = 0; i < 120; i++)
      made.push(await site.deliver(carl, simple(`number ${i}`), site.clock.now - 1000 * (i % 7)));
    const seen: number[] = [];
    let path: string | undefined = '/mail/inbox';
    for (let pages = 0; path && pages < 5; pages++) {
      const { html } = await mine.page(path);
      seen.push(...rowIds(html));
      path = /href="(\/mail\/inbox\?before=[^"]+)" rel="next"/.exec(html)?.[1];
    }
    expect(seen.length).toBe(120);
    expect(new Set(seen)).toEqual(new Set(made));
  });

  test('an empty Inbox says the address and what to do next', async () => {
    await site.account('dora');
    const mine = site.browser();
    await mine.login('dora');
    const { html } = await mine.page('/mail/inbox');
    expect(html).toContain('No mail yet');
    expect(html).toContain('dora@example.org');
    expect(html).not.toContain('class="rows"');
  });

  test('what strangers wrote is escaped in rows', async () => {
    await site.deliver(
      ann,
      'From: "<img src=x onerror=1>" <x@example.net>\nTo: ann@example.org\nSubject: <script>1</script>\n\n<b>x</b>\n',
    );
    const { html } = await b.page('/mail/inbox');
    expect(html).not.toMatch(/<script>1|<img src=x|<b>x/);
    expect(html).toContain('&lt;script&gt;1');
  });

  test('?select=all ticks every row of the page, without script', async () => {
    const { html } = await b.page('/mail/inbox?select=all');
    const boxes = [...html.matchAll(/<input type="checkbox" name="message"[^>]*>/g)].map(m => m[0]);
    expect(boxes.length).toBeGreaterThan(0);
    expect(boxes.every(box => box.includes('checked'))).toBe(true);
  });

  test('htmx gets the shell with a title, or the list alone; both vary and are not stored', async () => {
    const shell = await b.page('/mail/inbox', { headers: { 'HX-Request': 'true', 'HX-Request-Type': 'partial' } });
    expect(shell.html).toMatch(/^<title>.*<\/title><div class="shell"/);
    const list = await b.page('/mail/inbox', {
      headers: { 'HX-Request': 'true', 'HX-Request-Type': 'partial', 'HX-Target': 'section#list' },
    });
    expect(list.html).toMatch(/^<title>.*<\/title><section id="list"/);
    expect(list.html).toContain('<hx-partial hx-target="#rail"');
    const full = await b.page('/mail/inbox', { headers: { 'HX-Request': 'true', 'HX-Request-Type': 'full' } });
    expect(full.html).toMatch(/^<!doctype html>/);
    for (const { headers } of [shell, list, full]) {
      expect(headers.get('vary')).toMatch(/HX-Request-Type/);
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  test('an ended session answers htmx with a redirect it carries out itself', async () => {
    const gone = await site
      .browser()
      .page('/mail/inbox', { headers: { 'HX-Request': 'true', 'HX-Request-Type': 'partial' } });
    expect(gone.headers.get('hx-redirect')).toBe('/login?next=%2Fmail%2Finbox');
    expect(gone.html).toBe('');
  });
});

describe('message', () => {
  test('GET /mail/inbox/{id} shows subject, real address, text and files, and marks it seen', async () => {
    const id = await site.deliver(ann, letter('plain'));
    expect((await flagsOf(id)) & Flag.seen).toBe(0);
    const { status, html } = await b.page(`/mail/inbox/${id}`);
    expect(status).toBe(200);
    for (const words of [
      'Plan of the allotment',
      'Jörg Weiß',
      '&lt;joerg@beispiel.example&gt;',
      'plan.png',
      'Märta Ek',
    ])
      expect(html).toContain(words);
    expect(html).toContain('href="https://allotment.example/minutes/2026-11"');
    expect(html).toMatch(/<blockquote>/);
    expect((await flagsOf(id)) & Flag.seen).toBe(Flag.seen);
  });

  test('a list refreshed by new mail marks nothing seen', async () => {
    const id = await site.deliver(ann, simple('refresh'));
    await b.page(`/mail/inbox/${id}`, {
      headers: { 'HX-Request': 'true', 'HX-Request-Type': 'partial', 'HX-Target': 'section#list' },
    });
    expect((await flagsOf(id)) & Flag.seen).toBe(0);
  });

  test('HTML is shown in a sandboxed frame from its own address, remote images only when asked', async () => {
    const id = await site.deliver(ann, letter('html'));
    const { html } = await b.page(`/mail/inbox/${id}`);
    expect(html).toContain(`src="/messages/${id}/body"`);
    expect(html).toMatch(/sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"/);
    expect(html).not.toContain('Broad beans, garlic and winter peas all want');
    expect(html).toContain('2 images blocked. 1 of them looks like a tracking pixel from t.fieldandgarden.example.');
    const frame = await b.page(`/messages/${id}/body`);
    expect(frame.html).toContain('Broad beans, garlic and winter peas all want');
    expect(frame.html).not.toContain('img.fieldandgarden.example');
    const csp = frame.headers.get('content-security-policy') ?? '';
    expect(csp).toMatch(/^sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox;/);
    expect(csp).toContain("default-src 'none'");
    expect(csp).not.toMatch(/script|https:/);
    expect(frame.headers.get('cross-origin-opener-policy')).toBeNull();
    expect(frame.headers.get('x-frame-options')).toBe('SAMEORIGIN');
    const asked = await b.page(`/messages/${id}/body?images=1`);
    expect(asked.html).toContain('img.fieldandgarden.example');
    expect(asked.headers.get('content-security-policy')).toContain('https:');
    const plain = await b.page(`/mail/inbox/${id}?as=text`);
    expect(plain.html).toContain('What to sow before the frost: broad beans');
  });

  test('a file comes as a download with its name, decoded, inert; an image may be shown', async () => {
    const id = await site.deliver(ann, letter('plain'));
    const pdf = await b.request(`/messages/${id}/parts/3`);
    expect(pdf.headers.get('content-type')).toBe('application/octet-stream');
    expect(pdf.headers.get('content-disposition')).toMatch(
      /^attachment; filename="Protokoll[^"]*"; filename\*=UTF-8''Protokoll%20der%20au%C3%9Fer/,
    );
    expect(pdf.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
    expect(pdf.headers.get('x-content-type-options')).toBe('nosniff');
    expect(
      Buffer.from(await pdf.arrayBuffer())
        .subarray(0, 8)
        .toString(),
    ).toBe('%PDF-1.4');
    const image = await b.request(`/messages/${id}/parts/2?inline`);
    expect(image.headers.get('content-type')).toBe('image/png');
    expect(image.headers.get('content-disposition')).toMatch(/^inline/);
    expect(
      Buffer.from(await image.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  });

  test('HTML and SVG are never shown inline, whatever is asked', async () => {
    for (const type of ['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/xml']) {
      const id = await site.deliver(
        ann,
        `From: x@example.net\nTo: ann@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: ${type}\nContent-Disposition: attachment; filename="a.html"\n\n<script>1</script>\n--b--\n`,
      );
      const part = await b.request(`/messages/${id}/parts/2?inline`);
      expect(part.headers.get('content-type')).toBe('application/octet-stream');
      expect(part.headers.get('content-disposition')).toMatch(/^attachment/);
    }
  });

  test('the source is the message as it came, octet for octet', async () => {
    const source = Buffer.from('From: x@example.net\r\nTo: ann@example.org\r\n\r\n\xe4\x00\xff\r\n', 'latin1');
    const id = await site.deliver(ann, source);
    const answer = await b.request(`/messages/${id}/source`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const message = await site.store.messages.get(ann.id, id);
    expect(bytes.equals(Buffer.concat([Buffer.from(message?.prefix ?? ''), source]))).toBe(true);
    expect(answer.headers.get('content-length')).toBe(String(bytes.length));
  });

  test('a moved message is found where it lies now', async () => {
    const id = await site.deliver(ann, simple('wanderer'));
    await site.store.messages.move(ann.id, [id], await folderId('archive'));
    expect((await b.page(`/mail/inbox/${id}`)).headers.get('location')).toBe(`/mail/archive/${id}`);
  });

  test('every letter opens in list and view', async () => {
    for (const l of letters) {
      const id = await site.deliver(ann, l.source);
      const { status, html } = await b.page(`/mail/inbox/${id}`);
      expect([l.name, status]).toEqual([l.name, 200]);
      expect(html).toContain('</article>');
    }
  });
});

describe('changes', () => {
  let ids: number[];
  beforeEach(async () => {
    ids = [
      await site.deliver(ann, simple('one')),
      await site.deliver(ann, simple('two')),
      await site.deliver(ann, simple('three')),
    ];
  });
  const where = async (id: number) => (await site.store.messages.get(ann.id, id))?.folderId ?? null;

  test('many are moved by one form; the page says so and offers to undo it', async () => {
    const some = ids.slice(0, 2).map(String);
    const sent = await b.post('/messages/moves', { message: some, to: 'archive', back: '/mail/inbox?before=9.9' });
    expect([sent.status, sent.headers.get('location')]).toEqual([303, '/mail/inbox?before=9.9']);
    for (const id of ids.slice(0, 2)) expect(await where(id)).toBe(await folderId('archive'));
    expect(await where(ids[2] ?? 0)).toBe(await folderId('inbox'));
    const { html } = await b.page('/mail/inbox');
    expect(html).toContain('2 messages moved to Archive.');
    expect(html).toMatch(/<input type="hidden" name="undo" value="1">/);
    await b.post('/messages/moves', {
      message: some,
      to: String(await folderId('inbox')),
      undo: '1',
      back: '/mail/inbox',
    });
    for (const id of ids) expect(await where(id)).toBe(await folderId('inbox'));
  });

  test('one is moved by its own address, whatever is ticked', async () => {
    const [one = 0, two = 0] = ids;
    await b.post(`/messages/${one}/moves`, { message: String(two), to: 'trash', back: '/mail/inbox' });
    expect(await where(one)).toBe(await folderId('trash'));
    expect(await where(two)).toBe(await folderId('inbox'));
  });

  test('nothing moves into Drafts, whatever a form says', async () => {
    const folder = await site.store.folders.byRole(ann.id, 'inbox');
    const [message] = (await site.store.messages.page(ann.id, folder.id, 1)).messages;
    const drafts = await site.store.folders.byRole(ann.id, 'drafts');
    const goals: Record<string, string>[] = [{ to: 'drafts' }, { folder: String(drafts.id) }];
    for (const goal of goals)
      expect((await b.post('/messages/moves', { message: String(message?.id), ...goal })).status).toBe(404);
    expect((await site.store.messages.get(ann.id, message?.id ?? 0))?.folderId).toBe(folder.id);
  });

  test('the select moves to a folder of one’s own; nothing chosen or ticked says so', async () => {
    const own = await site.store.folders.create(ann.id, `Own ${ids[0]}`, site.clock.now);
    await b.post('/messages/moves', { message: String(ids[0]), folder: String(own?.id), back: '/mail/inbox' });
    expect(await where(ids[0] ?? 0)).toBe(own?.id);
    const useless: Record<string, string>[] = [{ message: String(ids[1]), folder: '' }, { to: 'trash' }];
    for (const fields of useless) {
      await b.post('/messages/moves', { ...fields, back: '/mail/inbox' });
      expect((await b.page('/mail/inbox')).html).toContain('Nothing was selected');
    }
  });

  test('flags are set and cleared for one or many', async () => {
    await b.post('/messages/flags', { message: ids.map(String), set: 'seen', back: '/mail/inbox' });
    for (const id of ids) expect((await flagsOf(id)) & Flag.seen).toBe(Flag.seen);
    await b.post(`/messages/${ids[0]}/flags`, { clear: 'seen', back: '/mail/inbox' });
    expect((await flagsOf(ids[0] ?? 0)) & Flag.seen).toBe(0);
    await b.post(`/messages/${ids[0]}/flags`, { set: 'flagged', back: '/mail/inbox' });
    expect((await flagsOf(ids[0] ?? 0)) & Flag.flagged).toBe(Flag.flagged);
    await b.post(`/messages/${ids[0]}/flags`, { set: 'answered', clear: 'draft', back: '/mail/inbox' });
    expect((await flagsOf(ids[0] ?? 0)) & (Flag.answered | Flag.draft)).toBe(0);
  });

  test('removal is for good', async () => {
    await b.post('/messages/removals', { message: String(ids[0]), back: '/mail/trash' });
    expect(await where(ids[0] ?? 0)).toBeNull();
    expect((await b.page('/mail/trash')).html).toContain('1 message deleted for good.');
  });

  test('a change is told to the other processes', async () => {
    const heard: number[] = [];
    const off = site.tell.onChange(change => heard.push(change.folderId));
    await b.post(`/messages/${ids[0]}/moves`, { to: 'junk', back: '/mail/inbox' });
    off();
    expect(heard).toContain(await folderId('junk'));
    // Its sender is welcome again, for the tests that follow.
    await b.post(`/messages/${ids[0]}/moves`, { to: 'inbox', back: '/mail/inbox' });
  });
});

describe('folders', () => {
  test('a folder is made, renamed, refused while full, removed when empty', async () => {
    expect((await b.post('/folders', { name: ' Garden ' })).status).toBe(303);
    const page = await b.page('/folders');
    expect(page.html).toContain('Folder “Garden” created.');
    const own = (await site.store.folders.list(ann.id)).find(f => f.name === 'Garden');
    expect(own).toBeDefined();
    const taken = await b.post('/folders', { name: 'garden' });
    expect([taken.status, taken.html.includes('There is a folder of this name already.')]).toEqual([422, true]);
    await b.post(`/folders/${own?.id}`, { name: 'Allotment' });
    const id = await site.deliver(ann, simple('in it'));
    await site.store.messages.move(ann.id, [id], own?.id ?? 0);
    const full = await b.post(`/folders/${own?.id}/removal`, {});
    expect([full.status, full.html.includes('Only an empty folder')]).toEqual([422, true]);
    await site.store.messages.remove(ann.id, [id]);
    expect((await b.post(`/folders/${own?.id}/removal`, {})).status).toBe(303);
    expect((await site.store.folders.list(ann.id)).some(f => f.id === own?.id)).toBe(false);
  });

  test.each(['', '  ', 'x'.repeat(81), 'a\u202eb', 'a\nb'])(
    'the name %j is refused and kept in the field',
    async name => {
      expect((await b.post('/folders', { name })).status).toBe(422);
    },
  );

  test('folders with a role are not renamed or removed', async () => {
    const inbox = await folderId('inbox');
    expect((await b.post(`/folders/${inbox}`, { name: 'Mine' })).status).toBe(404);
    expect((await b.post(`/folders/${inbox}/removal`, {})).status).toBe(404);
  });
});

describe('search', () => {
  test('GET /search finds by words, people, marks and folder, and keeps the list beside the message', async () => {
    const id = await site.deliver(ann, simple('Zucchini harvest', 'The marrows are enormous.'));
    await untilIndexed(site.store);
    for (const q of [
      'zucchini',
      'marrows enorm',
      'eva OR zucchini',
      'zucchini -(eva dill)',
      'to:ann zucchini',
      'zucchini larger:1 smaller:1g newer_than:1d',
      'zucchini in:nowhere',
      'subject:zucchini',
      'from:bo zucchini',
      'zucchini in:inbox is:unread',
      '"zucchini harvest"',
      'zucchini after:1d',
    ]) {
      const { html } = await b.page(`/search?q=${encodeURIComponent(q)}`);
      expect([q, rowIds(html).includes(id)]).toEqual([q, true]);
    }
    for (const q of [
      'zucchini -marrows',
      'from:eva zucchini',
      'zucchini in:trash',
      'zucchini is:starred',
      'zucchini before:2001',
    ])
      expect([q, rowIds((await b.page(`/search?q=${encodeURIComponent(q)}`)).html)]).toEqual([q, []]);
    const opened = await b.page(`/mail/inbox/${id}?q=zucchini`);
    expect(opened.html).toContain('Results for &#8220;zucchini&#8221;');
    expect(opened.html).toMatch(/<h1 [^>]*><bdi><mark>Zucchini<\/mark> harvest/);
    const inText = await b.page(`/mail/inbox/${id}?q=enorm`);
    expect(inText.html).toContain('The marrows are <mark>enormous</mark>.');
    expect((await b.page(`/mail/inbox/${id}`)).html).not.toContain('<mark>');
  });

  test('GET /search says what it left out and why, and searches for the rest', async () => {
    const id = await site.deliver(ann, simple('Quinces'));
    await untilIndexed(site.store);
    const { html } = await b.page(`/search?q=${encodeURIComponent('quinces before:soon label:<b>work is:fast')}`);
    expect(rowIds(html)).toContain(id);
    expect(html).toContain('aria-describedby="search-mistakes"');
    expect(html).toContain('before: wants a date such as 2026-11-25');
    expect(html).toContain('“label:&lt;b&gt;work” was left out: you have no label of this name');
    expect(html).toContain('is: knows unread, read, starred, answered, forwarded, muted and snoozed');
    expect(html).toContain('<a href="/search#help">');
    expect((await b.page('/search?q=quinces')).html).not.toContain('search-mistakes');
  });

  test('GET /search says which word is no operator, and what is left of a search of which nothing can be asked', async () => {
    const at = async (q: string) => (await b.page(`/search?q=${encodeURIComponent(q)}`)).html;
    const id = await site.deliver(ann, simple('Kumquats', 'see flavour:sweet ones'));
    await untilIndexed(site.store);
    const unknown = await at('kumquats flavour:sweet');
    expect(rowIds(unknown)).toEqual([id]);
    expect(unknown).toContain('“flavour:” is not known here: “flavour:sweet” was searched for as text.');
    for (const q of ['larger:abc', 'before:someday', 'in:drafts', 'is:lovely in:nowhere2']) {
      const html = await at(q);
      expect([q, html.includes('id="search-mistakes"'), html.includes('Nothing was searched for')]).toEqual([
        q,
        true,
        true,
      ]);
      expect(html).not.toContain('No message is like that');
    }
    expect(rowIds(await at('kumquats in:spam'))).toEqual([]);
    expect(await at('kumquats in:spam')).not.toContain('search-mistakes');
  });

  test('GET /search finds whom a blind copy went to, a list, a message by its id, and what sleeps', async () => {
    const found = async (q: string) => rowIds((await b.page(`/search?q=${encodeURIComponent(q)}`)).html);
    const source = 'From: ann@example.org\nTo: cy@far.example\nSubject: Persimmons\n\nyes\n';
    await site.deliver(ann, source, site.clock.now, { author: ann, others: ['cy@far.example', 'blind@far.example'] });
    const list = await site.deliver(
      ann,
      'From: Dee <dee@far.example>\nTo: fruit@lists.example.net\nMessage-ID: <f1@far.example>\nSubject: Persimmons, again\n\nyes\n',
    );
    await untilIndexed(site.store);
    expect(await found('persimmons bcc:blind@far.example')).toHaveLength(2);
    expect(await found('persimmons bcc:cy')).toEqual([]);
    for (const q of ['list:fruit@lists.example.net', 'list:fruit.lists.example.net', 'rfc822msgid:<f1@far.example>'])
      expect([q, await found(q)]).toEqual([q, [list]]);
    expect(await found('persimmons is:snoozed')).toEqual([]);
    await site.store.snoozes.snooze(ann.id, [list], site.clock.now + 1e6, site.clock.now);
    for (const q of ['persimmons is:snoozed', 'persimmons in:snoozed'])
      expect([q, await found(q)]).toEqual([q, [list]]);
    const form = await b.page('/search?form=1&is=muted&from=bo&words=x');
    expect(form.headers.get('location')).toBe('/search?q=from%3Abo%20is%3Amuted%20x');
  });

  test('GET /search marks hits in escaped text, and shows the text around a hit far inside', async () => {
    const far = `${'nothing of it here. '.repeat(40)}At last a <b>medlar</b> & more.`;
    await site.deliver(ann, simple('<script>medlar</script>', far));
    await untilIndexed(site.store);
    const { html } = await b.page('/search?q=medlar');
    expect(html).toContain('&lt;script&gt;<mark>medlar</mark>&lt;/script&gt;</span>');
    expect(html).toContain('At last a &lt;b&gt;<mark>medlar</mark>&lt;/b&gt; &amp; more.');
    expect(html).not.toContain('<b>medlar');
  });

  test('excerpts are the same at a second look, whoever asks, and each sees their own', async () => {
    const eve = await site.account('excerpts');
    const hers = site.browser();
    await hers.login('excerpts');
    const long = 'word '.repeat(80);
    await site.deliver(ann, simple('Tree one', `${long} the mulberry of Ann ${long}`));
    await site.deliver(eve, simple('Tree two', `${long} the mulberry of Eve ${long}`));
    await untilIndexed(site.store);
    for (let look = 0; look < 2; look++) {
      const [mine, other] = [await b.page('/search?q=mulberry'), await hers.page('/search?q=mulberry')];
      expect(mine.html).toContain('the <mark>mulberry</mark> of Ann');
      expect(mine.html).not.toContain('of Eve');
      expect(other.html).toContain('the <mark>mulberry</mark> of Eve');
      expect(other.html).not.toContain('of Ann');
    }
  });

  test('the form leads to the address of the string it writes, and shows that string again', async () => {
    const form = {
      form: '1',
      from: 'Bo Ek',
      words: 'spade OR rake',
      in: 'inbox',
      has: 'attachment',
      after: '2026-01-31',
    };
    const sent = await b.request(`/search?${new URLSearchParams({ ...form, to: '' })}`);
    expect(sent.status).toBe(303);
    const goal = new URL(sent.headers.get('location')!, 'http://x');
    const written = 'from:"Bo Ek" in:inbox has:attachment after:2026-01-31 spade OR rake';
    expect([goal.pathname, goal.searchParams.get('q')]).toEqual(['/search', written]);
    const { html } = await b.page(`/search?q=${encodeURIComponent('from:"Bo Ek" in:inbox rake')}`);
    expect(html).toMatch(/id="o-from" name="from"[^>]* value="Bo Ek"/);
    expect(html).toMatch(/<option value="inbox" selected>/);
    expect(html).toMatch(/id="o-words"[^>]* value="rake"/);
    expect((await b.page('/search?form=1')).status).toBe(303);
  });

  test('a search is kept by a name beside the folders, renamed, and removed again', async () => {
    const kept = await b.post('/searches', { name: 'Bills & <more>', query: 'subject:invoice is:unread' });
    expect([kept.status, kept.headers.get('location')]).toEqual([303, '/search?q=subject%3Ainvoice%20is%3Aunread']);
    const path = '/search?q=subject%3Ainvoice%20is%3Aunread';
    const { html } = await b.page(path);
    expect(html).toContain('The search is saved as “Bills &amp; &lt;more&gt;”.');
    expect(html).toMatch(
      /<a href="\/search\?q=subject%3Ainvoice%20is%3Aunread" title="Bills &amp; &lt;more&gt;" aria-current="page">/,
    );
    expect((await b.page('/search')).html).toContain('Remove the saved search Bills &amp; &lt;more&gt;');
    const id = /action="\/searches\/(\d+)"/.exec(html)?.[1];
    const eva = site.browser();
    await site.account('evasearch');
    await eva.login('evasearch');
    expect((await eva.post(`/searches/${id}/removal`, {})).status).toBe(404);
    expect((await eva.page('/search')).html).not.toContain('Bills');
    expect((await eva.post(`/searches/${id}`, { name: 'Mine' })).status).toBe(404);
    await b.post('/searches', { name: 'Taken', query: 'x' });
    expect((await b.post(`/searches/${id}`, { name: 'taken' })).html).toContain('has this name already');
    expect((await b.post(`/searches/${id}`, { name: '' })).status).toBe(422);
    expect((await b.post(`/searches/${id}`, { name: 'To pay' })).headers.get('location')).toBe(path);
    expect((await b.page('/mail/inbox')).html).toContain('title="To pay"');
    expect((await b.post(`/searches/${id}/removal`, {})).status).toBe(303);
    expect((await b.page('/mail/inbox')).html).not.toContain('title="To pay');
    for (const name of ['', ' ', 'x'.repeat(61), 'a\u202eb'])
      expect((await b.post('/searches', { name, query: 'x' })).status).toBe(422);
  });

  test('pages of a search hang on the row above, and meet every message once', async () => {
    const fay = await site.account('fay');
    const ids: number[] = [];
    for (let i = 0; i < 53; i++) ids.push(await site.deliver(fay, simple(`sloe ${i}`)));
    await untilIndexed(site.store);
    const own = site.browser();
    await own.login('fay');
    const first = await own.page('/search?q=sloe');
    const older = /href="(\/search\?q=sloe&amp;before=\d+)" rel="next"/.exec(first.html)?.[1]?.replace('&amp;', '&');
    const second = await own.page(older!);
    expect([...rowIds(first.html), ...rowIds(second.html)]).toEqual(ids.toReversed());
    expect(second.html).not.toContain('rel="next"');
  });

  test.each([
    '"',
    '-',
    '*',
    '(',
    "' OR 1=1",
    'NEAR(a b)',
    'subject:',
    '-"',
    'AND',
    '\u0000',
    'x'.repeat(5000),
    '""',
    ':',
  ])('%j is no error', async q => {
    expect((await b.page(`/search?q=${encodeURIComponent(q)}`)).status).toBe(200);
  });
});

describe('events', () => {
  test('a stream tells of its account’s changes only, and at once what was missed', async () => {
    const eve = await site.account('eve');
    const stream = await b.request(`/events?since=0`);
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const reader = stream.body?.getReader();
    const read = async () => Buffer.from((await reader?.read())?.value ?? '').toString();
    expect(await read()).toMatch(/^event: changed/);
    site.tell.changed([{ accountId: eve.id, folderId: 1, modseq: 1e9 }]);
    site.tell.changed([{ accountId: ann.id, folderId: 2, modseq: 2e9 }]);
    const hint = await read();
    expect(hint).toContain('id: 2000000000');
    expect(hint).toContain('"folder":2');
    await reader?.cancel();
  });
});

describe('account', () => {
  test('a new password needs the present one, ends other sessions and keeps this one', async () => {
    await site.account('flo');
    const here = site.browser();
    const there = site.browser();
    await here.login('flo');
    await there.login('flo');
    const wrong = await here.post('/settings/password', { old: 'no', next: 'another long one' });
    expect([wrong.status, wrong.html.includes('not right')]).toEqual([422, true]);
    const short = await here.post('/settings/password', { old: 'correct horse', next: 'short' });
    expect([short.status, short.html.includes('at least 8')]).toEqual([422, true]);
    expect((await here.post('/settings/password', { old: 'correct horse', next: 'another long one' })).status).toBe(
      303,
    );
    expect((await here.page('/settings')).html).toContain('All other devices are signed out.');
    expect((await there.page('/mail/inbox')).status).toBe(303);
    expect((await site.browser().login('flo', 'another long one')).status).toBe(303);
  });

  test('the name is changed, and has no line ends', async () => {
    expect((await b.post('/settings/name', { name: 'Ann\r\nBcc: x' })).status).toBe(422);
    await b.post('/settings/name', { name: 'Ann <b>' });
    const { html } = await b.page('/settings');
    expect(html).toContain('value="Ann &lt;b&gt;"');
  });

  test('a mail program is told of the ports with TLS from the first octet, where there are some', async () => {
    const doors = /<dd>(\d+)<\/dd><dt>[^<]*<\/dt><dd><bdi>([A-Z/]+)</g;
    const told = async () => {
      const { html } = await b.page('/settings/mail-programs');
      return [...html.matchAll(doors)].map(([, port, security]) => `${port}, ${security}`);
    };
    expect(await told()).toEqual(['2110, STARTTLS', '2587, STARTTLS']);
    // Nobody beyond this machine reaches them, so no program is told of them either.
    expect((await b.page('/settings/mail-programs')).html).toContain('Type this into your mail program.');
    Object.assign(site.settings, { submissions_port: 465, pops_port: 995 });
    expect(await told()).toEqual(['995, SSL/TLS', '465, SSL/TLS']);
    Object.assign(site.settings, { submissions_port: 0, pops_port: 0 });
  });
});

describe('foreign requests', () => {
  const posts = () =>
    site.app.routes.filter(r => r.method === 'POST').map(r => r.path.replace(/:(\w+)(\{[^}]*\})?/g, '1'));

  test('nothing that a POST does is done by a GET', async () => {
    const id = await site.deliver(ann, simple('stays'));
    for (const path of new Set(posts())) {
      if (['/signup', '/login'].includes(path)) continue;
      const { status } = await b.page(`${path.replace('/1', `/${id}`)}?message=${id}&to=trash`);
      expect([200, 303, 404]).toContain(status);
    }
    expect((await site.store.messages.get(ann.id, id))?.folderId).toBe(await folderId('inbox'));
  });

  test.each(['0', '-1', '1e3', '01', 'NaN', '99999999999999999999', '%00', '__proto__', '1;x', 'constructor'])(
    'the id %j is missing, not an error',
    async id => {
      for (const path of [
        `/mail/inbox/${id}`,
        `/mail/${id}`,
        `/messages/${id}/source`,
        `/drafts/${id}`,
        `/outbox/${id}`,
      ])
        expect([path, (await b.page(path)).status]).toEqual([path, 404]);
    },
  );
});
