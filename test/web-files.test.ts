import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { cutsOf } from '../web/cuts.ts';
import { openSite, type TestSite } from './site.ts';
import { attribute, property, tnef } from './tnef-writer.ts';

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

type File = { type: string; name?: string; octets: string | Buffer; plain?: boolean };
const file = ({ type, name, octets, plain }: File) =>
  `--m\nContent-Type: ${type}\n${name === undefined ? '' : `Content-Disposition: attachment; filename*=UTF-8''${encodeURIComponent(name)}\n`}` +
  (plain
    ? `\n${octets}\n`
    : `Content-Transfer-Encoding: base64\n\n${Buffer.from(octets as string).toString('base64')}\n`);
const mailWith = (files: File[], subject = 'Files') =>
  `From: Bo <bo@example.net>\nTo: ann@example.org\nSubject: ${subject}\nDate: Mon, 23 Nov 2026 09:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: text/plain\n\nSee files.\n${files.map(file).join('')}--m--\n`;

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const csp = (r: { headers: Headers }) => r.headers.get('content-security-policy') ?? '';
const sandboxed = (policy: string) => {
  expect(policy).toMatch(/^sandbox\b/);
  expect(policy).not.toContain('allow-scripts');
  expect(policy).toContain("default-src 'none'");
};

/** The names and sizes in a zip file, as another program reads it. */
const zipped = (bytes: Buffer): string =>
  execFileSync(
    'python3',
    [
      '-c',
      'import sys,io,zipfile; z=zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())); assert z.testzip() is None; print([(i.filename,i.file_size) for i in z.infolist()])',
    ],
    { input: bytes, encoding: 'utf8' },
  ).trim();

describe('a file of a message', () => {
  // What its sender says it is, what its octets are, and what it is given out as where it is asked for in place.
  test.each([
    ['image/png', png, 'image/png'],
    ['application/octet-stream', png, 'image/png'],
    ['image/png', '<script>alert(1)</script>', null],
    ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', null],
    ['text/html', '<script>alert(1)</script>', null],
    ['text/html; charset=utf-7', '+ADw-script+AD4-alert(1)+ADw-/script+AD4-', null],
    ['application/xhtml+xml', '<html xmlns="http://www.w3.org/1999/xhtml"/>', null],
    ['application/pdf', '%PDF-1.7\n', 'application/pdf'],
    ['application/pdf', '<script>alert(1)</script>', null],
    ['image/gif', 'GIF89a/*<svg/onload=alert(1)>*/=1', 'image/gif'],
  ])('that says it is %s is shown as what its octets are', async (type, octets, shown) => {
    const id = await site.deliver(ann, mailWith([{ type, name: 'f', octets }]));
    const inline = await b.page(`/messages/${id}/parts/2?inline`);
    expect(inline.headers.get('x-content-type-options')).toBe('nosniff');
    expect(inline.headers.get('content-type')).toBe(shown ?? 'application/octet-stream');
    expect(inline.headers.get('content-disposition')).toMatch(shown ? /^inline/ : /^attachment/);
    if (shown === 'application/pdf') {
      expect(csp(inline)).toMatch(/^default-src 'none'; object-src 'self'/);
      expect(csp(inline)).toContain("frame-ancestors 'none'");
      expect(inline.headers.get('cross-origin-opener-policy')).toBe('same-origin');
    } else sandboxed(csp(inline));
    const saved = await b.request(`/messages/${id}/parts/2`);
    sandboxed(csp(saved));
    expect(saved.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(Buffer.from(await saved.arrayBuffer())).toEqual(Buffer.from(octets as string));
  });

  test('is a card with its size, a look at it where that runs nothing, and all come in one zip file', async () => {
    const id = await site.deliver(
      ann,
      mailWith(
        [
          { type: 'image/png', name: 'plan.png', octets: png },
          { type: 'text/csv', name: 'list.csv', octets: 'a,b\n' },
          { type: 'application/zip', name: 'x.zip', octets: 'PK' },
          { type: 'text/plain', name: 'plan.png', octets: 'again' },
          { type: 'text/plain', name: 'invoice\u202egpj.exe', octets: 'rtl' },
        ],
        'Zoë\u2019s plans / 2026',
      ),
    );
    const { html } = await b.page(`/mail/inbox/${id}`);
    expect(html).toContain('5 attachments');
    expect(html).toContain(`href="/messages/${id}/parts/2?inline" target="_blank"`);
    expect(html).toContain(`href="/messages/${id}/parts/3/view" target="_blank"`);
    expect(html).not.toContain(`/parts/4/view`);
    expect(html).not.toContain('\u202e');
    const all = await b.request(`/messages/${id}/attachments.zip`);
    expect(all.headers.get('content-disposition')).toContain('attachment');
    const list = zipped(Buffer.from(await all.arrayBuffer()));
    expect(list).toBe("[('plan.png', 70), ('list.csv', 4), ('x.zip', 2), ('plan (2).png', 5), ('invoicegpj.exe', 3)]");
  });

  test('of text is shown alone, escaped; HTML made safe; with the way to save it', async () => {
    const id = await site.deliver(
      ann,
      mailWith([
        {
          type: 'text/plain; charset=iso-8859-1',
          name: 'note.txt',
          octets: Buffer.from('Gr\xfc\xdfe <script>alert(1)</script>', 'latin1'),
        },
        {
          type: 'text/html',
          name: '<img src=x onerror=alert(1)>.html',
          octets: '<b onclick="alert(1)">bold</b><img src="https://t.example/p">',
        },
        { type: 'text/plain', name: 'long.txt', octets: 'word '.repeat(200_000) },
      ]),
    );
    const text = await b.page(`/messages/${id}/parts/2/view`);
    sandboxed(csp(text));
    expect(text.html).toContain('Grüße &lt;script&gt;');
    expect(text.html).toContain(`href="/messages/${id}/parts/2"`);
    const page = await b.page(`/messages/${id}/parts/3/view`);
    expect(page.html).toContain('<b>bold</b>');
    expect(page.html).not.toContain('t.example');
    expect(page.html).not.toContain('<img src=x');
    const long = await b.page(`/messages/${id}/parts/4/view`);
    expect(long.html).toContain('Only the beginning is shown.');
    expect(long.html.length).toBeLessThan(600_000);
  });

  test('that is a message is shown as one, with its own files', async () => {
    const inner =
      'From: Carol <carol@example.com>\nTo: bo@example.net\nSubject: Inner <b>words</b>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=i\n\n--i\nContent-Type: text/html\n\n<p onclick="x">Inner text</p><img src="https://t.example/p">\n--i\nContent-Type: image/png; name=p.png\nContent-Transfer-Encoding: base64\n\n' +
      `${png.toString('base64')}\n--i--\n`;
    const id = await site.deliver(ann, mailWith([{ type: 'message/rfc822', octets: inner, plain: true }]));
    expect((await b.page(`/mail/inbox/${id}`)).html).toContain(`/messages/${id}/parts/2/view`);
    const page = await b.page(`/messages/${id}/parts/2/view`);
    sandboxed(csp(page));
    expect(page.html).toContain('Carol &lt;carol@example.com&gt;');
    expect(page.html).toContain('<h1><bdi>Inner &lt;b&gt;words&lt;/b&gt;</bdi></h1>');
    expect(page.html).toContain('<p>Inner text</p>');
    expect(page.html).not.toContain('t.example');
    const path = /href="(\/messages\/\d+\/parts\/[\d.]+)"/.exec(page.html)?.[1] ?? '';
    expect(Buffer.from(await (await b.request(path)).arrayBuffer())).toEqual(png);
  });

  test('that Outlook packed is shown by itself, and comes out octet for octet', async () => {
    const pack = tnef(
      attribute(2, 0x9002, ''),
      attribute(2, 0x800f, png),
      attribute(2, 0x9005, property([0x3707, 'Zoë.png'])),
      attribute(2, 0x9002, ''),
      attribute(2, 0x8010, 'notes.txt\0'),
      attribute(2, 0x800f, 'packed <b>notes</b>'),
    );
    const id = await site.deliver(
      ann,
      mailWith([
        { type: 'application/ms-tnef', name: 'winmail.dat', octets: pack },
        { type: 'application/ms-tnef', name: 'winmail.dat', octets: 'broken' },
      ]),
    );
    const { html } = await b.page(`/mail/inbox/${id}`);
    for (const words of ['3 attachments', 'Zoë.png', 'notes.txt', 'winmail.dat']) expect(html).toContain(words);
    const picture = await b.request(`/messages/${id}/parts/2/files/1?inline`);
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(png);
    expect((await b.page(`/messages/${id}/parts/2/files/2/view`)).html).toContain('packed &lt;b&gt;notes&lt;/b&gt;');
    const all = await b.request(`/messages/${id}/attachments.zip`);
    expect(zipped(Buffer.from(await all.arrayBuffer()))).toBe(
      "[('Zoë.png', 70), ('notes.txt', 19), ('winmail.dat', 6)]",
    );
    for (const missing of ['2/files/3', '2/files/0', '2/files/x', '3/files/1', '1/files/1', '2/files/1/view'])
      expect([missing, (await b.page(`/messages/${id}/parts/${missing}`)).status]).toEqual([missing, 404]);
  });
});

describe('a message alone', () => {
  const source =
    'From: Bo <bo@example.net>\nTo: ann@example.org\nSubject: =?utf-8?Q?Pr=C3=BCfung?=\nX-Odd: <script>alert(1)</script>\nMIME-Version: 1.0\nContent-Type: text/html\n\n<style>header,dl,body,h1{display:none!important}</style><p style="position:relative;top:-500px">Text</p><img src="https://t.example/p.png">\n';

  test('can be printed, with its head above it and nothing from elsewhere', async () => {
    const id = await site.deliver(ann, source);
    const page = await b.page(`/messages/${id}/print`);
    sandboxed(csp(page));
    expect(page.html).toContain('<h1><bdi>Prüfung</bdi></h1>');
    expect(page.html).toContain('Bo &lt;bo@example.net&gt;');
    expect(page.html).not.toContain('t.example');
    expect((await b.page(`/mail/inbox/${id}`)).html).toContain(`href="/messages/${id}/print"`);
  });

  test('has all its headers on a page, as text', async () => {
    const id = await site.deliver(ann, source);
    const page = await b.page(`/messages/${id}/headers`);
    expect(page.html).toContain('Prüfung');
    expect(page.html).toContain('<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>');
    expect(page.html).toContain(`href="/messages/${id}/source"`);
  });
});

describe('cutsOf', () => {
  const octets = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251));
  /** In pieces of such a size, with how often it was begun, and how many are open. */
  const source = (size: number) => {
    const seen = { begun: 0, open: 0, given: 0 };
    async function* read() {
      seen.begun++;
      seen.open++;
      try {
        for (let at = 0; at < octets.length; at += size) {
          const piece = octets.subarray(at, at + size);
          seen.given += piece.length;
          yield piece;
        }
      } finally {
        seen.open--;
      }
    }
    return { seen, read };
  };
  const all = async (pieces: AsyncIterable<Buffer>) => Buffer.concat(await Array.fromAsync(pieces));

  test.each([1, 7, 64, 2000])('reads stretches in order once, each of them twice, in pieces of %i', async size => {
    const { seen, read } = source(size);
    const { cut, close } = cutsOf(read);
    for (let from = 3; from < 980; from += 20)
      for (let times = 0; times < 2; times++)
        expect(await all(cut(from, from + 15))).toEqual(octets.subarray(from, from + 15));
    expect(seen.begun).toBe(2);
    expect(seen.given).toBeLessThanOrEqual(2 * octets.length);
    await close();
    expect(seen.open).toBe(0);
  });

  test('gives any stretch in any order, also to who stops early, and lets go what it opened', async () => {
    const { seen, read } = source(64);
    const { cut, close } = cutsOf(read);
    for (const [from, to] of [
      [900, 950],
      [0, 10],
      [990, 2000],
      [10, 10],
      [500, 700],
      [100, 1000],
    ] as const)
      expect(await all(cut(from, to))).toEqual(octets.subarray(from, to));
    for await (const piece of cut(200, 900)) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect(await all(cut(210, 220))).toEqual(octets.subarray(210, 220));
    expect(seen.open).toBeLessThanOrEqual(2);
    await close();
    expect(seen.open).toBe(0);
  });
});
