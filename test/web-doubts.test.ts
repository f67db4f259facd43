import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { meantDomain } from '../daemon/mail/slip.ts';
import type { Account, Draft } from '../daemon/store.ts';
import en from '../views/words/en.json' with { type: 'json' };
import { doubtsOf, slipsOf } from '../web/doubts.ts';
import { corrected } from '../web/drafts.ts';
import { openSite, origin, type TestSite } from './site.ts';
import { formOf } from './site-talk.ts';

const draft = (text: string, subject = 'S'): Draft => ({
  ...{
    id: 1,
    accountId: 1,
    version: 1,
    from: '',
    to: '',
    cc: '',
    bcc: '',
    relatedId: null,
    html: null,
    wantsReceipt: false,
    important: false,
    remindDays: 0,
    relation: null,
    updatedAt: 0,
  },
  ...{ subject, text, uploads: [], heldAs: null, round: 0 },
});
const words = en['compose.doubt.attachment.words'];

test.each([
  ['The plan is attached.', true],
  ['See the ATTACHMENT', true],
  ['Der Plan im Anhang', true],
  ['Ci-joint le plan', true],
  ['資料を添付します', true],
  ['Thanks for the plan', false],
  ['unattached', false],
  ['Thanks!\n\nOn Monday, Bo wrote:\n> it is attached', false],
  ['Thanks!\n\n-- \nAnn, attached to the office', false],
  ['See below\n\n---------- Forwarded message ----------\nit is attached', false],
])('doubtsOf: does %j speak of a file? %s', (text, speaks) => {
  expect(doubtsOf(draft(text), words, [], null)).toEqual(speaks ? ['attachment'] : []);
});

const plan = { id: 1, name: 'plan.txt', type: 'text/plain', size: 4, contentId: 1, label: '', key: '' };
const quoted = '\n\n-- \nAnn\n\nOn Monday, Bo wrote:\n> Ten?\n';

test.each<[says: string, fields: Partial<Draft>, doubt: string | null]>([
  ['neither subject nor text', { subject: ' ', text: ' \n' }, 'blank'],
  ['a signature alone', { subject: '', text: '\n\n-- \nAnn\n' }, 'blank'],
  ['a text without a subject', { subject: '', text: 'Ten?' }, 'untitled'],
  ['a subject without a text', { text: '' }, 'mute'],
  ['a subject and a file', { text: '', uploads: [plan] }, null],
  ['a file alone', { subject: '', text: '', uploads: [plan] }, 'untitled'],
  ['a quote below a signature', { text: quoted, relation: 'reply' }, null],
  ['an answer nothing is left of', { text: '\n-- \nAnn\n', relation: 'reply' }, 'mute'],
  ['an answer to a letter without a subject', { subject: '', text: quoted, relation: 'reply' }, null],
  ['a letter passed on', { text: '\n\n---------- Weitergeleitete Nachricht ----------\n', relation: 'forward' }, null],
])('doubtsOf: %s', (_, fields, doubt) => {
  expect(doubtsOf({ ...draft(''), ...fields }, words, [], null)).toEqual(doubt === null ? [] : [doubt]);
});

test.each([
  // Two changed places, one missing, one too many, another; in what everybody knows, and in what this person does.
  ['gmial.com', 'gmail.com'],
  ['gmai.com', 'gmail.com'],
  ['gmaill.com', 'gmail.com'],
  ['GMAIL.con', 'gmail.com'],
  ['hotmial.com', 'hotmail.com'],
  ['frim.example', 'firm.example'],
  ['firmexample', 'firm.example'],
  // Right, far, or of another sort.
  ['gmail.com', null],
  ['mail.com', null],
  ['ymail.com', null],
  ['firm.example', null],
  ['mailfirm.example', null],
  ['gmial.cmo', null],
  ['x.nu', null],
  ['', null],
])('meantDomain of %j is %j', (typed, meant) => {
  expect(meantDomain(typed, new Set(['firm.example', 'x.no']))).toBe(meant);
});

test('slipsOf asks of nobody one has written to, and corrected mends that domain alone', () => {
  const known = [{ address: 'bo@firm.example' }, { address: 'eva@gmial.com' }];
  const written = { to: 'Bo <bo@frim.example>, eva@gmial.com', cc: 'x@far.example', bcc: '' };
  expect(slipsOf(written, known)).toEqual([{ address: 'bo@frim.example', meant: 'firm.example' }]);
  expect(corrected('Bo <bo@Frim.example>, a@frim.example.org; b@frim.example', 'frim.example', 'firm.example')).toBe(
    'Bo <bo@firm.example>, a@frim.example.org; b@firm.example',
  );
});

describe('before it is sent', () => {
  let site: TestSite;
  let ann: Account;
  let a: ReturnType<TestSite['browser']>;
  beforeAll(async () => {
    site = await openSite({ host_domain: ['example.org'] });
    ann = await site.account('ann');
    a = site.browser();
    await a.login('ann');
  });
  afterAll(() => site.close());
  const letter = { to: 'bo@far.example', cc: '', bcc: '', subject: 's' };

  test('a missing file is asked for once, and what was typed stays; with a file nothing is asked', async () => {
    const form = { ...letter, key: 'key-doubt-1', text: 'The plan is attached.' };
    const asked = await a.post('/drafts/submissions', form);
    expect([asked.status, asked.html]).toEqual([422, expect.stringContaining('no file is attached')]);
    expect(asked.html).toContain('The plan is attached.');
    // Enter in a field presses the first button of the form: it must not be the one that sends.
    const form_ = asked.html.slice(asked.html.indexOf('class="compose-form"'));
    expect(/<button[^>]*>/.exec(form_)?.[0]).toContain('formaction="/drafts/uploads"');
    expect(site.sent).toHaveLength(0);
    expect((await a.post('/drafts/submissions', { ...form, sure: 'attachment' })).status).toBe(303);
    expect(site.sent).toHaveLength(1);
    const body = new FormData();
    for (const [name, value] of Object.entries({ ...form, key: 'key-doubt-2' })) body.append(name, value);
    body.append('files', new Blob(['plan']), 'plan.txt');
    expect((await a.page('/drafts/submissions', { method: 'POST', body, headers: { Origin: origin } })).status).toBe(
      303,
    );
    expect(site.sent).toHaveLength(2);
  });

  test('nothing written is asked about once, in one question', async () => {
    const before = site.sent.length;
    const empty = { ...formOf((await a.page('/compose')).html), to: 'bo@far.example', cc: '', bcc: '', subject: '' };
    const asked = await a.post('/drafts/submissions', { ...empty, text: '' });
    expect([asked.status, site.sent.length]).toEqual([422, before]);
    expect(asked.html).toMatch(
      /role="alert"><p>Send this without a subject and without any text\?<\/p><input[^>]*><div/,
    );
    // Who has said so, and writes a text after all, has said it of the subject too.
    const again = { ...empty, ...formOf(asked.html), to: empty.to, subject: '' };
    expect((await a.post('/drafts/submissions', { ...again, text: 'Ten?', sure: '' })).html).toContain(
      'without a subject?',
    );
    expect((await a.post('/drafts/submissions', { ...again, text: 'Ten?' })).status).toBe(303);
    expect(site.sent.length).toBe(before + 1);
  });

  test('who got a blind copy is asked before all learn of it, and not when only its author does', async () => {
    const id = await site.deliver(ann, 'From: bo@far.example\nTo: cy@far.example\nSubject: Q\n\nx\n');
    const form = { ...letter, key: 'key-doubt-3', text: 'x', related: String(id), relation: 'reply' };
    const asked = await a.post('/drafts/submissions', { ...form, cc: 'CY@far.example' });
    expect([asked.status, asked.html]).toEqual([422, expect.stringContaining('blind copy')]);
    expect((await a.post('/drafts/submissions', { ...form, key: 'key-doubt-4' })).status).toBe(303);
    const named = await site.deliver(
      ann,
      'From: bo@far.example\nTo: cy@far.example, ann@example.org\nSubject: Q\n\nx\n',
    );
    expect(
      (
        await a.post('/drafts/submissions', {
          ...form,
          key: 'key-doubt-5',
          cc: 'cy@far.example',
          related: String(named),
        })
      ).status,
    ).toBe(303);
  });

  test('Send and archive puts what is answered away, also after a question; of what is elsewhere nothing', async () => {
    const folderOf = async (id: number) => {
      const m = await site.store.messages.get(ann.id, id);
      return (await site.store.folders.byId(ann.id, m!.folderId))?.role;
    };
    const id = await site.deliver(ann, 'From: bo@far.example\nTo: ann@example.org\nSubject: Q\n\nx\n');
    const form = {
      ...letter,
      key: 'key-archive',
      text: 'attached',
      related: String(id),
      relation: 'reply',
      archive: '1',
    };
    const asked = await a.post('/drafts/submissions', form);
    expect(asked.html).toMatch(/name="archive" value="1"[^>]*>Send anyway/);
    expect(await folderOf(id)).toBe('inbox');
    expect((await a.post('/drafts/submissions', { ...form, sure: 'attachment' })).status).toBe(303);
    expect(await folderOf(id)).toBe('archive');
    const junk = await site.deliver(ann, 'From: bo@far.example\nTo: ann@example.org\nSubject: Q\n\nx\n');
    await site.store.messages.move(ann.id, [junk], (await site.store.folders.byRole(ann.id, 'junk')).id);
    await a.post('/drafts/submissions', { ...form, key: 'key-archive-2', text: 'x', related: String(junk) });
    expect(await folderOf(junk)).toBe('junk');
  });

  test('a domain beside one that is known is asked about, mended by a button, or sent to all the same', async () => {
    const before = site.sent.length;
    const { html } = await a.page('/compose');
    const form = { ...formOf(html), to: 'bo@gmial.com, eva@example.net', cc: '', bcc: '', subject: 'S', text: 'Hello' };
    const asked = await a.post('/drafts/submissions', form);
    expect([asked.status, site.sent.length]).toEqual([422, before]);
    expect(asked.html).toContain('name="meant" value="gmial.com gmail.com"');
    expect(asked.html).toContain('name="sure" value="bo@gmial.com"');
    const mended = await a.post('/drafts/uploads', { ...form, ...formOf(asked.html), meant: 'gmial.com gmail.com' });
    const [draft] = await site.store.drafts.list(ann.id);
    expect(draft?.to).toBe('bo@gmail.com, eva@example.net');
    const page = (await a.page(mended.headers.get('location') ?? '')).html;
    const again = { ...form, ...formOf(page) };
    expect((await a.post('/drafts/submissions', { ...again, sure: 'bo@gmial.com' })).status).toBe(303);
  });

  test('an answer to many is asked about; who writes to many, or beyond the house, is told', async () => {
    const many = Array.from({ length: 10 }, (_, i) => `p${i}@far.example`).join(', ');
    const id = await site.deliver(ann, `From: bo@far.example\nTo: ann@example.org, ${many}\nSubject: All\n\nHi\n`);
    const all = (await a.page(`/compose?reply=${id}&all=1`)).html;
    expect(all).toMatch(/class="crowd"[^>]*>(?!.* hidden).*You are writing to \S*11/);
    const form = { ...formOf(all), to: 'bo@far.example', cc: many, bcc: '', subject: 'S', text: 'Hello' };
    const asked = await a.post('/drafts/submissions', form);
    expect([asked.status, asked.html.includes('This answer goes to')]).toEqual([422, true]);
    expect((await a.post('/drafts/submissions', { ...form, ...formOf(asked.html), sure: 'many' })).status).toBe(303);
    const mixed = (await a.page('/compose?to=eva@example.org,x@far.example')).html;
    expect(mixed).toContain('x@far.example');
    expect(mixed).toMatch(/<p class="crowd"[^>]*><svg.*Not of/);
    expect((await a.page('/compose?to=x@far.example')).html).toMatch(/<p class="crowd"[^>]* hidden>/);
  });
});
