import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { openSite, type TestSite } from './site.ts';
import { attribute, packedRtf, property, tnef } from './tnef-writer.ts';

/** The text of a message that Outlook packed into a winmail.dat, on the pages. */

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

const head = 'From: Bo <bo@example.net>\nTo: ann@example.org\nSubject: Packed\nMIME-Version: 1.0\n';
const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/.{76}/g, '$&\n').trimEnd();
const encoded = (pack: Buffer) =>
  `Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n${base64(pack)}\n`;
/** Nothing but the pack, as Exchange sends within a company. */
const alone = (pack: Buffer) => head + encoded(pack);
const beside = (text: string, pack: Buffer) =>
  `${head}Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: text/plain\n\n${text}\n--m\n${encoded(pack)}--m--\n`;

const fileOf = (name: string, text: string) => [
  attribute(2, 0x9002, ''),
  attribute(2, 0x800f, text),
  attribute(2, 0x8010, `${name}\0`),
];
const packWith = (...body: Parameters<typeof property>) =>
  tnef(attribute(1, 0x9003, property(...body)), ...fileOf('notes.txt', 'packed notes'));

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const hostile = packWith([
  0x1009,
  packedRtf(
    '{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0{\\fonttbl{\\f0\\fswiss Arial;}}{\\*\\htmltag64 <meta charset="windows-1251"><p onclick="x()">}Caf\\\'e9 \\u8364?{\\*\\htmltag84 <b>}\\htmlrtf {\\b \\htmlrtf0 bold{\\*\\htmltag92 </b>}\\htmlrtf }\\htmlrtf0 <script>alert(1)</script>{\\*\\htmltag241 <script>alert(2)</script>}{\\*\\htmltag241 <img src="https://t.example/p.png">}}',
  ),
]);
const plain = packWith([0x1009, packedRtf("{\\rtf1\\ansi\\ansicpg1252 Dear Ann,\\par \\par 1 < 2, caf\\'e9\\par}")]);

describe('the text that Outlook packed', () => {
  test('is the text of a message that has no other, made safe as any HTML', async () => {
    const id = await site.deliver(ann, alone(hostile));
    const { html } = await b.page(`/mail/inbox/${id}`);
    expect(html).toContain(`src="/messages/${id}/body"`);
    expect(html).toContain('1 attachment');
    expect(html).not.toContain('message.html');
    const page = await b.page(`/messages/${id}/body`);
    expect(page.headers.get('content-security-policy')).toMatch(/^sandbox\b/);
    expect(page.html).toContain('Café €<b>bold</b>&lt;script&gt;alert(1)&lt;/script&gt;');
    for (const gone of ['alert(2)', 'onclick', 't.example', '<meta charset="windows-1251"'])
      expect(page.html).not.toContain(gone);
    // Asked for, its images come as those of any HTML.
    expect((await b.page(`/messages/${id}/body?images=1`)).html).toContain('t.example');
  });

  test('shows the pictures inside it that came in the same pack', async () => {
    const body = '<p>Look: <img src="cid:image001.png@01D5"><img src="cid:other@01D5"></p>';
    const pack = tnef(
      attribute(1, 0x9003, property([0x1013, Buffer.from(body)])),
      attribute(2, 0x9002, ''),
      attribute(2, 0x800f, png),
      attribute(2, 0x9005, property([0x3712, '<image001.png@01D5>'], [0x3707, 'image001.png'])),
    );
    const id = await site.deliver(ann, alone(pack));
    const { html } = await b.page(`/messages/${id}/body`);
    const [src, ...others] = [...html.matchAll(/<img [^>]*src="([^"]*)"/g)].map(m => m[1]);
    expect([src, others]).toEqual([`/messages/${id}/parts/1/files/2?inline`, []]);
    const picture = await b.request(src!);
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(png);
  });

  test('is printed and quoted like any other', async () => {
    const id = await site.deliver(ann, alone(hostile));
    expect((await b.page(`/messages/${id}/print`)).html).toContain('Café €<b>bold</b>');
    expect((await b.page(`/compose?reply=${id}`)).html).toContain('&gt; Café €bold');
    const other = await site.deliver(ann, alone(plain));
    expect((await b.page(`/messages/${other}/print`)).html).toContain('1 &lt; 2, café');
    expect((await b.page(`/compose?forward=${other}`)).html).toContain('1 &lt; 2, café');
  });

  test('is shown as text where it was text, or true RTF', async () => {
    for (const pack of [plain, packWith([0x1000, 'Dear Ann,\r\n\r\n1 < 2, café'])]) {
      const id = await site.deliver(ann, alone(pack));
      const { html } = await b.page(`/mail/inbox/${id}`);
      for (const words of ['Dear Ann,', '1 &lt; 2, café', 'notes.txt']) expect(html).toContain(words);
      expect(html).not.toContain('\0');
      expect((await b.page(`/messages/${id}/body`)).status).toBe(404);
    }
  });

  test('is shown where the text beside it is empty, and a file where there is one', async () => {
    const empty = await site.deliver(ann, beside('', hostile));
    expect((await b.page(`/mail/inbox/${empty}`)).html).toContain(`src="/messages/${empty}/body"`);
    const id = await site.deliver(ann, beside('The text of the mail.', hostile));
    const { html } = await b.page(`/mail/inbox/${id}`);
    for (const words of ['The text of the mail.', '2 attachments', 'message.html']) expect(html).toContain(words);
    const view = await b.page(`/messages/${id}/parts/2/files/1/view`);
    expect(view.headers.get('content-security-policy')).toMatch(/^sandbox\b/);
    expect(view.html).toContain('Café €<b>bold</b>');
    for (const gone of ['alert(2)', 'onclick', 't.example']) expect(view.html).not.toContain(gone);
    const saved = await b.request(`/messages/${id}/parts/2/files/1`);
    expect(saved.headers.get('content-type')).toBe('application/octet-stream');
    // Whatever letters the HTML says it is in.
    expect(Buffer.from(await saved.arrayBuffer()).toString()).toMatch(/^\ufeff<meta charset="windows-1251">.*Café €/);
    expect((await b.page(`/messages/${id}/parts/2/files/2/view`)).html).toContain('packed notes');
  });

  test('and its files come out of the first five of a message', async () => {
    const packs = Array.from({ length: 7 }, (_, i) => `--m\n${encoded(tnef(...fileOf(`notes${i}.txt`, 'x')))}`);
    const id = await site.deliver(ann, `${head}Content-Type: multipart/mixed; boundary=m\n\n${packs.join('')}--m--\n`);
    const { html } = await b.page(`/mail/inbox/${id}`);
    const named = [...html.matchAll(/notes\d\.txt|winmail\.dat/g)].map(m => m[0]);
    expect([...new Set(named)]).toEqual([...[0, 1, 2, 3, 4].map(i => `notes${i}.txt`), 'winmail.dat']);
  });

  test('is no text where it is broken, and the files are there still', async () => {
    for (const rtf of [Buffer.from('nonsense'), packedRtf('no RTF'), packedRtf('{\\rtf1 \\par }')]) {
      const id = await site.deliver(ann, alone(packWith([0x1009, rtf])));
      const { html, status } = await b.page(`/mail/inbox/${id}`);
      expect([status, html.includes('notes.txt'), html.includes('1 attachment')]).toEqual([200, true, true]);
    }
  });

  const sample = `${process.env.MAIL_CORPUS ?? new URL('../../shared/corpus', import.meta.url).pathname}/mimekit-tnef/multi-value-attribute.tnef`;
  test.skipIf(!existsSync(sample))('of a voice mail of Exchange is its HTML', async () => {
    const id = await site.deliver(ann, alone(readFileSync(sample)));
    const page = await b.page(`/messages/${id}/body`);
    expect(page.html).toMatch(/You received a voice mail from Curie Conf Room at\s+<a [^>]*>208225<\/a>/);
    expect((await b.page(`/mail/inbox/${id}`)).html).toContain('Voice_Mail.mp3');
  });
});
