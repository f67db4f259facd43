import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readHeader } from '../daemon/mail/header.ts';
import { decodeBody, type Part, scan } from '../daemon/mail/parts.ts';
import type { Account } from '../daemon/store.ts';
import { fits } from './fits.ts';
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
beforeEach(async () => {
  site.sent.length = 0;
  for (const draft of await site.store.drafts.list(ann.id)) await site.store.drafts.remove(ann.id, draft.id);
});

const png = Buffer.from('89504e470d0a1a0a', 'hex');
const field = (html: string, name: string) =>
  new RegExp(`<input type="hidden" name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
const formOf = (html: string) =>
  Object.fromEntries(['key', 'related', 'relation', 'draft', 'version', 'from'].map(name => [name, field(html, name)]));
const fields = { to: 'bo@example.net', cc: '', bcc: '', subject: 'Saturday' };
const decoded = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
const markupIn = (html: string) =>
  decoded(/<textarea name="html" hidden[^>]*>\n([\s\S]*?)<\/textarea>/.exec(html)?.[1] ?? '');
const textIn = (html: string) => decoded(/<textarea id="text-[^>]*>\n([\s\S]*?)<\/textarea>/.exec(html)?.[1] ?? '');
const multipart = (
  path: string,
  form: Record<string, string>,
  files: [field: string, name: string, type: string][],
) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(form)) body.append(name, value);
  for (const [name, file, type] of files) body.append(name, new Blob([new Uint8Array(png)], { type }), file);
  return b.page(path, { method: 'POST', body, headers: { Origin: origin } });
};
const kinds = (part: Part): unknown => (part.parts.length > 0 ? [part.type, ...part.parts.map(kinds)] : part.type);
const partsOf = (content: string) => scan(Buffer.from(content, 'latin1')).root;
const markupOf = (content: string): string => {
  const bytes = Buffer.from(content, 'latin1');
  const find = (part: Part): Part | null =>
    part.type === 'text/html' ? part : (part.parts.map(find).find(Boolean) ?? null);
  const part = find(partsOf(content))!;
  return decodeBody(part, bytes.subarray(part.bodyFrom, part.bodyTo)).toString();
};
const one = async () => (await site.store.drafts.list(ann.id))[0]!;

const mail = `From: Bo <bo@example.net>
To: Ann <ann@example.org>
Subject: The plan
MIME-Version: 1.0
Content-Type: multipart/related; boundary=b

--b
Content-Type: text/html; charset=utf-8

<html><body onload="x()"><p id="top">See <b>this</b>: <img src="cid:pic@x"></p><img src="https://far.example/p.png" width="90"><script>alert(1)</script></body></html>
--b
Content-Type: image/png
Content-ID: <pic@x>
Content-Transfer-Encoding: base64

${png.toString('base64')}
--b--
`;

describe('a letter in markup', () => {
  test('is kept safe, beside what it says, and so again at each save', async () => {
    const { html } = await b.page('/compose');
    const given = '<div onclick="x()">Dear <b>Bo</b></div><script>alert(1)</script><ul><li>ten</li></ul>';
    await b.post('/drafts', { ...formOf(html), ...fields, html: given });
    const draft = await one();
    expect([draft.html, draft.text]).toEqual(['<div>Dear <b>Bo</b></div><ul><li>ten</li></ul>', 'Dear Bo\n * ten\n']);
    const again = await b.page(`/drafts/${draft.id}`);
    expect(markupIn(again.html)).toBe(draft.html);
    await b.post('/drafts', { ...formOf(again.html), ...fields, html: markupIn(again.html) });
    expect((await one()).html).toBe(draft.html);
  });

  test('goes out in both versions, its pictures within, files beside; a picture taken out again stays here', async () => {
    const { html } = await b.page('/compose');
    const form = { ...formOf(html), ...fields, html: '<p>See <img src="cid:i-one"></p>', receipt: '1', important: '1' };
    const saved = await multipart('/drafts/uploads', form, [
      ['image.i-one', 'one.png', 'image/png'],
      ['image.i-two', 'two.png', 'image/png'],
      ['image.i-bad', 'bad.svg', 'image/svg+xml'],
      ['files', 'notes.txt', 'text/plain'],
    ]);
    expect(saved.status).toBe(303);
    const draft = await one();
    expect(draft.uploads.map(u => [u.name, u.label])).toEqual([
      ['one.png', 'i-one'],
      ['two.png', 'i-two'],
      // What may hold script is no picture in a text.
      ['bad.svg', ''],
      ['notes.txt', ''],
    ]);
    const page = await b.page(`/drafts/${draft.id}`);
    expect(page.html).toContain('<b dir="auto">notes.txt</b>');
    expect(page.html).not.toContain('<b dir="auto">one.png</b>');
    expect([...page.html.matchAll(/name="(receipt|important)" value="1" checked/g)].length).toBe(2);
    const picture = await b.request(`/drafts/${draft.id}/images/i-one`);
    expect([picture.status, picture.headers.get('content-type'), Buffer.from(await picture.arrayBuffer())]).toEqual([
      200,
      'image/png',
      png,
    ]);
    expect(picture.headers.get('content-security-policy')).toContain('sandbox');
    await b.post('/drafts/submissions', {
      ...formOf(page.html),
      ...fields,
      html: draft.html!,
      receipt: '1',
      important: '1',
    });
    const [{ content, submission }] = site.sent as [(typeof site.sent)[0]];
    expect(kinds(partsOf(content))).toEqual([
      'multipart/mixed',
      ['multipart/alternative', 'text/plain', ['multipart/related', 'text/html', 'image/png']],
      'image/svg+xml',
      'text/plain',
    ]);
    const header = readHeader(Buffer.from(content, 'latin1'));
    expect(header.get('disposition-notification-to')).toBe('ann@example.org');
    expect(header.get('importance')).toBe('high');
    const id = /Content-I[dD]: <([^>]+)>/.exec(content)?.[1];
    expect(id).toMatch(/^i-one\.[\w-]{24}@example\.org$/);
    expect(markupOf(content)).toContain(`src="cid:${id}"`);
    expect(submission.size).toBeGreaterThanOrEqual(content.length);
  });

  test('is shown without script as what it says, sent as it is, and goes on as plain text by choice alone', async () => {
    const markup = '<p>Dear <b>Bo</b></p><p><img src="cid:i-one" alt="A plan"></p>';
    const { html } = await b.page('/compose');
    await multipart('/drafts/uploads', { ...formOf(html), ...fields, html: markup }, [
      ['image.i-one', 'one.png', 'image/png'],
    ]);
    const { id } = await one();
    const page = (await b.page(`/drafts/${id}`)).html;
    expect(page).toContain('This letter has formatting');
    expect(page).toMatch(/<textarea id="text-[^"]+" data-field="text" readonly/);
    expect(textIn(page)).toBe('Dear Bo\n\nA plan\n');
    // What a browser sends of it: the hidden field, and no text.
    await b.post('/drafts', { ...formOf(page), ...fields, subject: 'Sunday', html: markupIn(page) });
    expect(await one()).toMatchObject({ subject: 'Sunday', html: (await one()).html });
    expect((await one()).html).toContain('<b>Bo</b>');
    const next = (await b.page(`/drafts/${id}`)).html;
    await b.post('/drafts/uploads', { ...formOf(next), ...fields, html: markupIn(next), plain: '1' });
    expect((await one()).html).toBeNull();
    const plain = (await b.page(`/drafts/${id}`)).html;
    expect(plain).toMatch(/<textarea id="text-[^"]+" data-field="text" name="text"/);
    expect(textIn(plain)).toBe('Dear Bo\n\nA plan\n');
    // Its picture is a file now.
    expect(plain).toContain('<b dir="auto">one.png</b>');
    await b.post('/drafts/submissions', { ...formOf(plain), ...fields, text: 'Dear Bo' });
    expect(kinds(partsOf(site.sent[0]!.content))).toEqual(['multipart/mixed', 'text/plain', 'image/png']);
  });

  test('is looked at behind the walls mail is looked at', async () => {
    const html = '<p>Dear <b>Bo</b></p><img alt="x" data-remote="https://far.example/p.png" />';
    const draft = await fits(
      site.store.drafts.create(ann.id, { ...fields, text: '', html, relatedId: null, relation: null }, 1),
    );
    const { headers, html: page } = await b.page(`/drafts/${draft.id}/body`);
    expect(headers.get('content-security-policy')).toMatch(/^sandbox .*default-src 'none'/);
    expect(page).toContain('<b>Bo</b>');
    expect(page).not.toContain('far.example');
  });

  test('speaks of a file that is not there, but in its quote; a picture in it is one', async () => {
    const ask = async (html: string) => {
      const page = (await b.page('/compose')).html;
      const answer = await b.post('/drafts/submissions', { ...formOf(page), ...fields, html });
      return answer.status;
    };
    expect(await ask('<p>The plan is <b>attached</b>.</p>')).toBe(422);
    expect(await ask('<p>Yes.</p><blockquote>It is attached.</blockquote>')).toBe(303);
  });

  test('too long to be kept is refused, and not cut', async () => {
    const { html } = await b.page('/compose');
    const answer = await b.post('/drafts', { ...formOf(html), ...fields, html: 'x'.repeat(2_000_001) });
    expect(answer.status).toBe(413);
    expect(await site.store.drafts.list(ann.id)).toEqual([]);
  });
});

describe('what a letter in markup begins with', () => {
  const convert = async (form: Record<string, string>) =>
    JSON.parse((await b.post('/drafts/conversions', form)).html) as { html: string; text: string };

  test('plain text and markup become each other', async () => {
    expect(await convert({ text: 'a <b>\n> q\n', related: '', relation: '', from: 'ann@example.org' })).toEqual({
      html: '<div>a &lt;b&gt;</div><blockquote class="quote"><div>q</div></blockquote>',
    });
    expect(await convert({ html: '<p>a<script>x</script></p><blockquote>q</blockquote>' })).toEqual({
      text: 'a\n\n> q\n',
    });
  });

  test('a reply quotes the mail’s own markup, safe, below what was typed; its pictures come along at the first save', async () => {
    const id = await site.deliver(ann, mail);
    const page = (await b.page(`/compose?reply=${id}`)).html;
    const typed = `Yes!\n${textIn(page)}`;
    const { html } = await convert({ ...formOf(page), text: typed });
    expect(html).toMatch(/^<div>Yes!<\/div>/);
    expect(html).toContain('wrote:</div><blockquote class="quote">');
    expect(html).toContain('<p>See <b>this</b>: <img src="cid:related-2" /></p>');
    expect(html).toContain('<img width="90" data-remote="https://far.example/p.png" />');
    expect(html).not.toMatch(/onload|id="top"|script/);
    // Changed below, it is what was typed.
    const { html: other } = await convert({ ...formOf(page), text: typed.replace('See', 'Saw') });
    expect(other).toContain('Saw this');
    expect(other).not.toContain('<b>this</b>');
    await b.post('/drafts', { ...formOf(page), ...fields, html });
    const draft = await one();
    expect(draft.uploads.map(u => [u.label, u.type, u.size])).toEqual([['related-2', 'image/png', png.length]]);
    const again = (await b.page(`/drafts/${draft.id}`)).html;
    await b.post('/drafts', { ...formOf(again), ...fields, html });
    expect((await one()).uploads.length).toBe(1);
    await b.post('/drafts/submissions', { ...formOf((await b.page(`/drafts/${draft.id}`)).html), ...fields, html });
    expect(markupOf(site.sent[0]!.content)).toContain('<img width="90" src="https://far.example/p.png" />');
    expect(kinds(partsOf(site.sent[0]!.content))).toEqual([
      'multipart/alternative',
      'text/plain',
      ['multipart/related', 'text/html', 'image/png'],
    ]);
  });

  test('a mail whose markup cannot be prepared is answered with its words', { timeout: 180_000 }, async () => {
    const markup = `<p>Words</p>${'<b>'.repeat(80_000)}${'</i>'.repeat(70_000)}`;
    const id = await site.deliver(
      ann,
      `From: Bo <bo@example.net>\nSubject: Deep\nContent-Type: text/html\n\n${markup}`,
    );
    const page = (await b.page(`/compose?reply=${id}`)).html;
    const { html } = await convert({ ...formOf(page), text: `Yes!\n${textIn(page)}` });
    expect(html).toContain('wrote:</div><blockquote class="quote"><div>Words</div>');
  });

  test('who chose so begins with formatting where there is script, and with plain text where there is none', async () => {
    const id = await site.deliver(ann, mail);
    expect((await b.page(`/compose?reply=${id}`)).html).toContain('data-rich="later"');
    expect((await b.post('/settings/writing', { begin: 'formatted' })).status).toBe(303);
    const page = (await b.page(`/compose?reply=${id}`)).html;
    expect(page).toContain('data-rich="start"');
    expect(page).toMatch(/<textarea name="html" hidden disabled>/);
    expect(markupIn(page)).toContain('<b>this</b>');
    expect(textIn(page)).toContain('> See this');
    expect((await b.page(`/compose?forward=${id}`)).html).toContain('Forwarded message');
    await b.post('/settings/writing', { begin: 'plain' });
  });
});

describe('the editor', () => {
  test('is a document without origin, whose policy lets it load its own files alone', async () => {
    const { headers, html } = await b.page('/editor');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^sandbox allow-scripts;/);
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      'img-src blob:',
      "form-action 'none'",
      "frame-ancestors 'self'",
    ])
      expect(policy).toContain(rule);
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(html).not.toMatch(/htmx|<script>|<style>/);
    for (const [, path] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
      const asset = await b.request(path!);
      expect([path, asset.status, asset.headers.get('cross-origin-resource-policy')]).toEqual([
        path,
        200,
        'cross-origin',
      ]);
    }
  });

  test('is asked for by nobody who does not write with formatting', async () => {
    const page = (await b.page('/compose')).html;
    expect(page).not.toContain('squire');
    expect((await b.page('/mail/inbox')).html).not.toMatch(/squire|rich\.js/);
  });
});

test('a draft’s pictures are given out by their labels alone', async () => {
  const html = '<img src="cid:i-one" />';
  const draft = await fits(
    site.store.drafts.create(ann.id, { ...fields, text: '', html, relatedId: null, relation: null }, 1),
  );
  const content = { bytes: png, file: null, size: png.length };
  await site.store.drafts.attach(ann.id, draft.id, {
    name: 'a.png',
    type: 'image/png',
    content,
    at: 1,
    label: 'i-one',
  });
  for (const path of [`/drafts/${draft.id}/body`, `/drafts/${draft.id}/images/i-one`])
    expect([path, (await b.page(path)).status]).toEqual([path, 200]);
  for (const label of ['..', '%2e%2e', 'i-two', 'I-ONE', '__proto__'])
    expect((await b.page(`/drafts/${draft.id}/images/${label}`)).status).toBe(404);
});
