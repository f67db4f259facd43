import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Account, Flag } from '../daemon/store.ts';
import { createDesks } from '../web/desk.ts';
import { letters } from './letters.ts';
import { openSite, origin, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'], max_message_size: 300_000 });
  ann = await site.account('ann');
  b = site.browser();
  await b.login('ann');
});
afterAll(() => site.close());
beforeEach(() => {
  site.sent.length = 0;
  site.answerSubmissions(async s => s.recipients.map(() => ({ code: 250, status: '2.0', text: 'Ok' })));
});

const hidden = (html: string, name: string) =>
  new RegExp(`<input type="hidden" name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
const formOf = (html: string) =>
  Object.fromEntries(['key', 'related', 'relation', 'draft', 'version'].map(name => [name, hidden(html, name)]));
const fields = { to: 'Bo Ek <bo@example.net>', cc: '', bcc: '', subject: 'Saturday', text: 'At ten?\n' };
const drafts = () => site.store.drafts.list(ann.id);
const clear = async () => {
  for (const draft of await drafts()) await site.store.drafts.remove(ann.id, draft.id);
};
const asHtmx = { 'HX-Request': 'true', 'HX-Request-Type': 'partial' };

/** A form as a browser sends it when it has files. */
const multipart = (
  path: string,
  form: Record<string, string>,
  files: { name: string; type: string; bytes: Buffer }[],
) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(form)) body.append(name, value);
  for (const f of files) body.append('files', new Blob([new Uint8Array(f.bytes)], { type: f.type }), f.name);
  return b.page(path, { method: 'POST', body, headers: { Origin: origin } });
};

describe('compose', () => {
  test('GET /compose makes nothing; a link fills it in, and only with what a link may', async () => {
    await clear();
    const { html, status } = await b.page(
      '/compose?to=bo@example.net&subject=Hi%0d%0aBcc:x@y.z&body=a%0d%0ab&bcc=q@example.net',
    );
    expect(status).toBe(200);
    expect(html).toContain('value="bo@example.net"');
    expect(html).toContain('value="Hi Bcc:x@y.z"');
    expect(await drafts()).toEqual([]);
  });

  test('Send hands over envelope and content under the draft’s key, without Bcc, and says so', async () => {
    const { html } = await b.page('/compose');
    const sent = await b.post('/drafts/submissions', {
      ...formOf(html),
      ...fields,
      cc: 'Eva <eva@example.com>; bo@example.net',
      bcc: 'secret@example.net',
    });
    expect([sent.status, sent.headers.get('location')]).toEqual([303, '/mail/inbox']);
    expect(site.sent.length).toBe(1);
    const { submission, content, account } = site.sent[0] ?? { submission: null, content: '', account: null };
    expect(account?.id).toBe(ann.id);
    expect(submission?.reversePath).toBe('ann@example.org');
    expect(submission?.recipients.map(r => r.address)).toEqual([
      'bo@example.net',
      'eva@example.com',
      'secret@example.net',
    ]);
    expect(submission?.key).toBe(`draft:${ann.id}:${submission?.draftId}`);
    expect(content).toMatch(/^From: Ann <ann@example\.org>\r\n/m);
    expect(content).toMatch(/^To: Bo Ek <bo@example\.net>\r\n/m);
    expect(content).toMatch(/^Message-ID: <[\w-]{24}@example\.org>\r\n/im);
    expect(content).not.toContain('secret');
    expect(submission?.size).toBeGreaterThanOrEqual(content.length);
    expect((await b.page('/mail/inbox')).html).toContain('Message sent.');
  });

  test('a thousand clicks on Send are one submission', async () => {
    const { html } = await b.page('/compose');
    const form = { ...formOf(html), ...fields };
    const sent = await Promise.all(Array.from({ length: 20 }, () => b.post('/drafts/submissions', form)));
    expect(sent.map(s => s.status)).toEqual(Array(20).fill(303));
    expect(new Set(site.sent.map(s => s.submission.key)).size).toBe(1);
    expect(site.sent.length).toBe(1);
  });

  // Nothing goes out, what was typed stays, the error stands beside its field.
  test.each([
    ['nobody', { to: '' }, 'Say who shall get this message.'],
    ['no address', { to: 'Bo Ek' }, '“Bo Ek” is not an address.'],
    ['a broken one among good ones', { to: 'bo@example.net', cc: 'eva@' }, '“eva@” is not an address.'],
    ['a header field in it', { to: 'bo@example.net\r\nBcc: x@example.net' }, 'is not an address'],
    ['two without a comma', { to: 'bo@example.net eva@example.com' }, 'is not an address'],
  ])('Send to %s is refused', async (_, over, sentence) => {
    const { html } = await b.page('/compose');
    const refused = await b.post('/drafts/submissions', { ...formOf(html), ...fields, ...over });
    expect(refused.status).toBe(422);
    expect(refused.html).toContain(sentence);
    expect(refused.html).toContain('At ten?');
    expect(refused.html).toContain('aria-invalid="true"');
    expect(site.sent).toEqual([]);
  });

  test('a recipient the daemon refuses is named with the daemon’s reason, and the draft stays', async () => {
    await clear();
    site.answerSubmissions(async s =>
      s.recipients.map(() => ({ code: 550, status: '1.1', text: 'No such user here' })),
    );
    const { html } = await b.page('/compose');
    const refused = await b.post('/drafts/submissions', { ...formOf(html), ...fields, to: 'nobody@example.org' });
    expect(refused.status).toBe(422);
    expect(refused.html).toContain('nobody@example.org was refused: No such user here');
    expect((await drafts()).map(d => d.to)).toEqual(['nobody@example.org']);
    // Mended, the same form goes out as the same draft.
    site.answerSubmissions(async s => s.recipients.map(() => ({ code: 250, status: '2.0', text: 'Ok' })));
    const again = await b.post('/drafts/submissions', { ...formOf(refused.html), ...fields });
    expect(again.status).toBe(303);
    expect(new Set(site.sent.map(s => s.submission.draftId)).size).toBe(1);
  });

  test('a daemon that cannot take it now leaves the draft and says to try again', async () => {
    await clear();
    site.answerSubmissions(async s => s.recipients.map(() => ({ code: 451, status: '3.0', text: 'not now' })));
    const { html } = await b.page('/compose');
    const later = await b.post('/drafts/submissions', { ...formOf(html), ...fields });
    expect([later.status, later.html.includes('It is kept as a draft')]).toEqual([503, true]);
    expect((await drafts()).length).toBe(1);
  });

  test('a message taken for some recipients is sent, and the others are named', async () => {
    site.answerSubmissions(async s =>
      s.recipients.map((_, i) =>
        i === 0 ? { code: 250, status: '2.0', text: 'Ok' } : { code: 550, status: '1.1', text: 'No such user here' },
      ),
    );
    const { html } = await b.page('/compose');
    const sent = await b.post('/drafts/submissions', { ...formOf(html), ...fields, cc: 'nobody@example.org' });
    expect(sent.status).toBe(303);
    expect((await b.page('/mail/inbox')).html).toContain('Sent, but not to nobody@example.org: No such user here');
  });
});

describe('drafts', () => {
  beforeEach(clear);

  test('Save draft keeps the fields; it opens again and lies in Drafts', async () => {
    const { html } = await b.page('/compose');
    const saved = await b.post('/drafts', { ...formOf(html), ...fields, text: ' a\r\n\r\n<b>&amp;\r\n' });
    expect([saved.status, saved.headers.get('location')]).toEqual([303, '/mail/drafts']);
    const [draft] = await drafts();
    expect(draft).toMatchObject({ to: fields.to, subject: 'Saturday', text: ' a\n\n<b>&amp;\n' });
    const list = await b.page('/mail/drafts');
    expect(list.html).toContain(`href="/drafts/${draft?.id}"`);
    const opened = await b.page(`/drafts/${draft?.id}`);
    expect(opened.html).toMatch(/<textarea[^>]*>\n a\n\n&lt;b&gt;&amp;amp;\n<\/textarea>/);
  });

  test('while typing, a draft is made once, then saved; its state is said in words', async () => {
    const { html } = await b.page('/compose');
    const form = formOf(html);
    const first = await b.post('/drafts', { ...form, ...fields }, asHtmx);
    expect(first.html).toMatch(/^<div class="draft-state"[\s\S]*Saved \d+:\d\d/);
    const [draft] = await drafts();
    expect(first.headers.get('hx-replace-url')).toBe(`/drafts/${draft?.id}`);
    // The answer to the first save is still under way when the next one leaves.
    await Promise.all([
      b.post('/drafts', { ...form, ...fields, text: 'more' }, asHtmx),
      b.post('/drafts', { ...form, ...fields, text: 'more and more' }, asHtmx),
    ]);
    expect((await drafts()).map(d => [d.id, d.text])).toEqual([[draft?.id, 'more and more']]);
  });

  test('an empty form is not saved by itself', async () => {
    const { html } = await b.page('/compose');
    const answer = await b.post(
      '/drafts',
      { ...formOf(html), to: ' ', cc: '', bcc: '', subject: '', text: '\n' },
      asHtmx,
    );
    expect(answer.status).toBe(204);
    expect(await drafts()).toEqual([]);
  });

  test('an autosave that arrives after Send changes nothing', async () => {
    const { html } = await b.page('/compose');
    const form = formOf(html);
    await b.post('/drafts/submissions', { ...form, ...fields });
    const before = await drafts();
    expect((await b.post('/drafts', { ...form, ...fields, text: 'late' }, asHtmx)).status).toBe(204);
    expect(await drafts()).toEqual(before);
  });

  test('two windows: the second is told, keeps its text, and replaces only when asked to', async () => {
    const { html } = await b.page('/compose');
    await b.post('/drafts', { ...formOf(html), ...fields });
    const [draft] = await drafts();
    const one = await b.page(`/drafts/${draft?.id}`);
    const two = await b.page(`/drafts/${draft?.id}`);
    await b.post('/drafts', { ...formOf(one.html), ...fields, text: 'from one' });
    const typed = await b.post('/drafts', { ...formOf(two.html), ...fields, text: 'from two' }, asHtmx);
    expect([typed.status, typed.html.includes('changed in another window')]).toEqual([409, true]);
    // Typing on, after the page was told, replaces nothing either.
    const more = { ...formOf(typed.html), ...fields, key: formOf(two.html).key!, text: 'from two, and more' };
    expect((await b.post('/drafts', more, asHtmx)).status).toBe(409);
    const sent = await b.post('/drafts/submissions', { ...formOf(two.html), ...fields, text: 'from two' });
    expect([sent.status, site.sent.length]).toEqual([409, 0]);
    const told = await b.post('/drafts', { ...formOf(two.html), ...fields, text: 'from two' });
    expect([told.status, told.html.includes('from two')]).toEqual([409, true]);
    expect((await drafts())[0]?.text).toBe('from one');
    // Saved once more it is still a question, which two buttons answer.
    expect((await b.post('/drafts', { ...formOf(told.html), ...fields, text: 'from two' })).status).toBe(409);
    const theirs = await b.post('/drafts/uploads', { ...formOf(told.html), ...fields, theirs: '1', text: 'from two' });
    expect(theirs.headers.get('location')).toBe(`/drafts/${draft?.id}`);
    expect((await drafts())[0]?.text).toBe('from one');
    const instead = /name="instead" value="(\d+)"/.exec(told.html)![1]!;
    const mine = await b.post('/drafts/uploads', { ...formOf(told.html), ...fields, instead, text: 'from two' });
    expect(mine.headers.get('location')).toBe(`/drafts/${draft?.id}`);
    expect((await drafts())[0]?.text).toBe('from two');
    // Changed once more meanwhile, the answer is to an old question.
    const late = await b.post('/drafts/uploads', { ...formOf(told.html), ...fields, instead, text: 'late' });
    expect([late.status, (await drafts())[0]?.text]).toEqual([409, 'from two']);
  });

  test('a draft that is gone is said to be, and saving what was typed makes a new one', async () => {
    const { html } = await b.page('/compose');
    await b.post('/drafts', { ...formOf(html), ...fields });
    const [draft] = await drafts();
    const opened = await b.page(`/drafts/${draft?.id}`);
    await clear();
    const gone = await b.post('/drafts', { ...formOf(opened.html), ...fields, text: 'not lost' });
    expect([gone.status, gone.html.includes('no longer there'), gone.html.includes('not lost')]).toEqual([
      409,
      true,
      true,
    ]);
    expect((await b.post('/drafts', { ...formOf(gone.html), ...fields, text: 'not lost' })).status).toBe(303);
    expect((await drafts()).map(d => d.text)).toEqual(['not lost']);
  });

  test('Discard removes the draft', async () => {
    const { html } = await b.page('/compose');
    await b.post('/drafts', { ...formOf(html), ...fields });
    const opened = await b.page(`/drafts/${(await drafts())[0]?.id}`);
    expect((await b.post('/drafts/removals', { ...formOf(opened.html), ...fields })).status).toBe(303);
    expect(await drafts()).toEqual([]);
    // It can be undone, once or clicked twice; a form that was never saved has nothing to give back.
    const undo = /action="(\/drafts\/\d+\/restoration)"/.exec((await b.page('/mail/inbox')).html)![1]!;
    for (let i = 0; i < 2; i++) {
      const back = await b.post(undo, {});
      expect([back.status, `${back.headers.get('location')}/restoration`]).toEqual([303, undo]);
    }
    expect(await drafts()).toMatchObject([{ subject: fields.subject, text: fields.text }]);
    const again = await b.page(undo.replace('/restoration', ''));
    await b.post('/drafts/removals', { ...formOf(again.html), ...fields });
    await site.store.accounts.set(ann.id, { quota: 1 });
    const full = await b.post(undo, {});
    expect([full.status, full.headers.get('location')]).toEqual([303, '/mail/drafts']);
    expect((await b.page('/mail/drafts')).html).toMatch(/class="toast"[\s\S]*full/);
    await site.store.accounts.set(ann.id, { quota: 0 });
    await site.store.drafts.forget(site.clock.now + 1);
    expect((await b.post(undo, {})).status).toBe(404);
    // In the list each has a button for it, and one stays there.
    await b.post('/drafts', { ...formOf(html), ...fields, key: 'one-more-key' });
    const [one] = await drafts();
    const list = (await b.page('/mail/drafts')).html;
    expect(list).toContain(`action="/drafts/removals"><input type="hidden" name="draft" value="${one!.id}">`);
    const gone = await b.post('/drafts/removals', { draft: String(one!.id), back: '/mail/drafts' });
    expect([gone.headers.get('location'), await drafts()]).toEqual(['/mail/drafts', []]);
    expect((await b.page('/mail/drafts')).html).toContain(`action="/drafts/${one!.id}/restoration"`);
    await b.post('/drafts/removals', { ...formOf(html), draft: '', key: 'never-saved-key' });
    expect((await b.page('/mail/inbox')).html).not.toContain('/restoration');
  });
});

describe('files', () => {
  beforeEach(clear);
  const file = (name: string, size = 1000, type = 'text/plain') => ({ name, type, bytes: Buffer.alloc(size, 'ab') });

  test('files are attached to the draft, sent octet for octet, and can be taken away', async () => {
    const { html } = await b.page('/compose');
    const two = await multipart('/drafts/uploads', { ...formOf(html), ...fields }, [
      file('a.txt'),
      file('größe.bin', 70_000),
    ]);
    expect(two.status).toBe(303);
    const page = await b.page(two.headers.get('location') ?? '');
    expect(page.html).toContain('größe.bin');
    const [draft] = await drafts();
    expect(draft?.uploads.map(u => [u.name, u.size])).toEqual([
      ['a.txt', 1000],
      ['größe.bin', 70_000],
    ]);
    const gone = await b.post('/drafts/uploads', {
      ...formOf(page.html),
      ...fields,
      detach: String(draft?.uploads[0]?.id),
    });
    const after = await b.page(gone.headers.get('location') ?? '');
    expect((await drafts())[0]?.uploads.length).toBe(1);
    await multipart('/drafts/submissions', { ...formOf(after.html), ...fields }, [file('late.txt', 5)]);
    const { content } = site.sent[0] ?? { content: '' };
    expect(content).toMatch(/filename\*0?\*?=/);
    expect(content).toContain('late.txt');
    expect(content.replace(/\r\n/g, '')).toContain(Buffer.alloc(70_000, 'ab').toString('base64').slice(0, 5000));
  });

  test('a file that script sends is there once however often it comes, and never after it was called off', async () => {
    await clear();
    const { html } = await b.page('/compose');
    const send = (upload: string, dropped?: string) =>
      multipart('/drafts/files', { ...formOf(html), ...fields, upload, ...(dropped && { dropped }) }, [file(upload)]);
    const names = async () => (await drafts())[0]?.uploads.map(u => u.name);
    for (const name of ['once.txt-1', 'once.txt-1', 'gone.txt-2']) await send(name.replace('.', '_'));
    expect(await names()).toEqual(['once_txt-1', 'gone_txt-2']);
    await b.post('/drafts', { ...formOf(html), ...fields, dropped: 'gone_txt-2' });
    expect(await names()).toEqual(['once_txt-1']);
    await send('late_txt-3', 'late_txt-3');
    expect(await names()).toEqual(['once_txt-1']);
    const other = await b.page('/compose');
    await multipart('/drafts/uploads', { ...formOf(other.html), ...fields, dropped: '' }, [file('a'), file('b')]);
    expect((await drafts()).find(d => d.uploads[0]?.name === 'a')?.uploads.length).toBe(2);
    await clear();
  });

  test('a file over the limit is refused with what was typed kept and no other file of it', async () => {
    const { html } = await b.page('/compose');
    const large = await multipart('/drafts/uploads', { ...formOf(html), ...fields, text: 'typed' }, [
      file('ok.txt'),
      file('large.bin', 400_000),
    ]);
    expect(large.status).toBe(413);
    expect(large.html).toContain('typed');
    expect(large.html).toMatch(/takes messages of up to/);
    expect((await drafts()).map(d => d.uploads)).toEqual([[]]);
  });

  test('files that fit one by one but not together are refused at Send', async () => {
    const { html } = await b.page('/compose');
    const first = await multipart('/drafts/uploads', { ...formOf(html), ...fields }, [file('one.bin', 150_000)]);
    const page = await b.page(first.headers.get('location') ?? '');
    const refused = await multipart('/drafts/submissions', { ...formOf(page.html), ...fields }, [
      file('two.bin', 150_000),
    ]);
    expect([refused.status, site.sent.length]).toEqual([413, 0]);
  });

  // Names that lie about where or what they are.
  test.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\x\\y.txt', 'y.txt'],
    ['a\u202egpj.exe', 'agpj.exe'],
    ['x'.repeat(500), 'x'.repeat(200)],
  ])('a file named %j is kept as %j', async (name, kept) => {
    const { html } = await b.page('/compose');
    await multipart('/drafts/uploads', { ...formOf(html), ...fields }, [{ ...file('x'), name }]);
    expect((await drafts())[0]?.uploads.map(u => u.name)).toEqual([kept]);
  });

  test.each([
    ['no boundary', 'multipart/form-data', 'x'],
    ['a cut body', 'multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="to"\r\n\r\nann'],
    ['another type', 'application/json', '{"to":1}'],
  ])('a body with %s is a plain refusal', async (_, type, body) => {
    const { status } = await b.page('/drafts', {
      method: 'POST',
      body,
      headers: { Origin: origin, 'Content-Type': type },
    });
    expect(status).toBe(400);
  });
});

describe('answers', () => {
  test('Reply quotes, threads, goes to Reply-To and marks the message answered', async () => {
    const id = await site.deliver(
      ann,
      'From: Bo <bo@example.net>\nReply-To: list@example.net\nTo: ann@example.org, Eva <eva@example.com>\nSubject: Roof\nMessage-ID: <r1@example.net>\nReferences: <r0@example.net>\n\nIt leaks.\n> It did before.\n',
    );
    const { html } = await b.page(`/compose?reply=${id}`);
    expect(html).toContain('value="list@example.net"');
    expect(html).toContain('value="Re: Roof"');
    expect(html).toContain('&gt; It leaks.\n&gt;&gt; It did before.');
    const all = await b.page(`/compose?reply=${id}&all`);
    expect(all.html).toContain('value="Eva &lt;eva@example.com&gt;"');
    await b.post('/drafts/submissions', {
      ...formOf(html),
      to: 'list@example.net',
      subject: 'Re: Roof',
      text: 'Mend it.',
    });
    expect(site.sent[0]?.content).toMatch(/^In-Reply-To: <r1@example\.net>\r\n/im);
    expect((await site.store.messages.get(ann.id, id))?.flags).toBe(Flag.answered);
  });

  test('Forward takes the files along at its first save and marks the message forwarded', async () => {
    await clear();
    const id = await site.deliver(ann, letters.find(l => l.name === 'plain')?.source ?? '');
    const { html } = await b.page(`/compose?forward=${id}`);
    expect(html).toContain('value="Fwd: Plan of the allotment, and the minutes 📎"');
    expect(html).toContain('plan.png');
    expect(await drafts()).toEqual([]);
    await b.post('/drafts', { ...formOf(html), ...fields });
    const [draft] = await drafts();
    expect(draft?.uploads.map(u => [u.name, u.type, u.size])).toEqual([
      ['plan.png', 'image/png', 82],
      ['Protokoll der außerordentlichen Mitgliederversammlung 2026.pdf', 'application/pdf', 3600],
    ]);
    const opened = await b.page(`/drafts/${draft?.id}`);
    await b.post('/drafts/submissions', { ...formOf(opened.html), ...fields });
    expect(((await site.store.messages.get(ann.id, id))?.flags ?? 0) & Flag.forwarded).toBe(Flag.forwarded);
    expect(site.sent[0]?.content).toContain('plan.png');
  });

  test('Reply to HTML quotes its words, not its markup', async () => {
    const id = await site.deliver(
      ann,
      'From: x@example.net\nTo: ann@example.org\nSubject: h\nContent-Type: text/html\n\n<p>Hello <b>you</b></p><script>1</script>\n',
    );
    const { html } = await b.page(`/compose?reply=${id}`);
    expect(html).toContain('&gt; Hello you');
    expect(html).not.toMatch(/&lt;p&gt;|script&gt;/);
  });
});

describe('createDesks', () => {
  test('work on one key goes in turn, an error does not stop the next, other keys do not wait', async () => {
    const desks = createDesks();
    const seen: string[] = [];
    const slow = desks.inTurn('a', async () => {
      await new Promise(resolve => setTimeout(resolve, 20));
      seen.push('slow');
      throw new Error('no');
    });
    const next = desks.inTurn('a', async desk => {
      seen.push('next');
      return desk.draftId;
    });
    await desks.inTurn('b', async () => seen.push('other'));
    await expect(slow).rejects.toThrow('no');
    expect(await next).toBeNull();
    expect(seen).toEqual(['other', 'slow', 'next']);
  });
});

describe('a full mailbox', () => {
  const room = async (octets: number) => {
    const { used } = (await site.store.accounts.byId(ann.id))!;
    await site.store.accounts.set(ann.id, { quota: used + octets });
  };
  beforeEach(clear);
  afterAll(() => site.store.accounts.set(ann.id, { quota: 0 }));

  test.each(['/drafts', '/drafts/uploads', '/drafts/submissions'])(
    'POST %s keeps what was typed in the page, and says that it is not saved',
    async path => {
      await room(20);
      const { html } = await b.page('/compose');
      const refused = await b.post(path, { ...formOf(html), ...fields });
      expect(refused.status).toBe(507);
      expect(refused.html).toMatch(/role="alert"[\s\S]*Your mailbox is full \(/);
      expect(refused.html).toContain('At ten?');
      expect([await drafts(), site.sent]).toEqual([[], []]);
      await room(1000);
      const again = await b.post('/drafts', { ...formOf(refused.html), ...fields });
      expect(again.status).toBe(303);
      expect(await drafts()).toHaveLength(1);
    },
  );

  test('while typing, the state of the draft says so', async () => {
    await room(20);
    const { html } = await b.page('/compose');
    const typed = await b.post('/drafts', { ...formOf(html), ...fields }, asHtmx);
    expect(typed.html).toMatch(/^<div class="draft-state"[\s\S]*class="error">Your mailbox is full/);
  });

  test('a draft that outgrows its room stays as it was saved last', async () => {
    await room(200);
    const { html } = await b.page('/compose');
    await b.post('/drafts', { ...formOf(html), ...fields }, asHtmx);
    const [draft] = await drafts();
    const opened = await b.page(`/drafts/${draft?.id}`);
    const refused = await b.post('/drafts', { ...formOf(opened.html), ...fields, text: 'long '.repeat(99) });
    expect([refused.status, refused.html.includes('long long')]).toEqual([507, true]);
    expect(await drafts()).toEqual([draft]);
    // The form is the same draft still.
    expect((await b.post('/drafts', { ...formOf(refused.html), ...fields, text: 'short' })).status).toBe(303);
    expect((await drafts()).map(d => d.text)).toEqual(['short']);
  });

  test('a file without room is named and left out; the message is saved and not sent', async () => {
    await room(1000);
    const { html } = await b.page('/compose');
    const files = ['small', 'large'].map((name, i) => ({
      name,
      type: 'text/plain',
      bytes: Buffer.alloc(i ? 900 : 90),
    }));
    const refused = await multipart('/drafts/submissions', { ...formOf(html), ...fields }, files);
    expect(refused.status).toBe(507);
    expect(refused.html).toMatch(/role="alert">Your mailbox is full \([^)]+\), so there was no room for large\./);
    expect(site.sent).toEqual([]);
    expect((await drafts()).map(d => [d.text, d.uploads.map(u => u.name)])).toEqual([['At ten?\n', ['small']]]);
  });

  test('a forwarded message goes with all its files or not at all', async () => {
    const source = `Subject: f\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: text/plain; name=notes.txt\nContent-Disposition: attachment; filename=notes.txt\n\n${'n'.repeat(5000)}\n--b--\n`;
    const id = await site.deliver(ann, source);
    await room(1000);
    const { html } = await b.page(`/compose?forward=${id}`);
    const form = { ...formOf(html), ...fields };
    const refused = await b.post('/drafts/submissions', form);
    expect([refused.status, refused.html.includes('notes.txt')]).toEqual([507, true]);
    expect([await drafts(), site.sent]).toEqual([[], []]);
    await room(100_000);
    expect((await b.post('/drafts/submissions', { ...formOf(refused.html), ...fields })).status).toBe(303);
    expect(site.sent.map(s => s.content.includes('notes.txt'))).toEqual([true]);
  });
});
