/**
 * Mails that are hostile by chance: tags, ends, attributes and signs in any order, in any charset. What the browser
 * makes of the cleaned markup, and of that read once more, must hold known elements and attributes alone, and stay in
 * the box that is the mail's.
 */
import { html } from 'hono/html';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { messageFrame, quotable, safeHtml, safeLetter } from '../views/safe-html.ts';
import { hasChromium, inChromium, type Visited } from './browser.ts';
import { randomFrom } from './random.ts';
import { openSite, type TestSite } from './site.ts';

const TAGS = `a b p div span table tr td th caption colgroup col tbody form input button select option optgroup textarea
  style script title svg math mi mtext mglyph malignmark annotation-xml foreignObject desc template noscript noembed
  noframes xmp plaintext iframe object embed applet frameset frame body html head main h1 h2 li ul dd dt font nobr i em
  center map area img image br hr pre listing marquee details summary ruby rb rt rp base meta link video source dialog
  slot x-y isindex keygen math:mi svg:a`.split(/\s+/);
const ATTRIBUTES = [
  ...['', ' id=x', ' style="color:red"', ' name=body', ' hx-get=/logout', ' class="a" class="b"', '/', ' /x=', ' ="x"'],
  ...[' title="</style><img src=x onerror=alert(1)>"', " title='--><script>alert(1)</script>'", ' a=`>'],
  ...[' onclick=alert(1)', '\0onload=alert(1)', '\fonerror\f=alert(1)', ' is=x-y', ' encoding="text/html"'],
  ...[' href="javascript:alert(1)"', ' href="&#x6a;avascript&colon;alert(1)"', ' href=http://evil.test/'],
  ...[' xlink:href=javascript:alert(1)', ' src=//evil.test/x', ' srcdoc="<script>alert(1)</script>"'],
];
const SIGNS = [
  ...['x', '&lt;', '&lt', '&amp;lt;img src=x onerror=alert(1)&gt;', '&#60;img src=x onerror=alert(1)&#62;', '&#0;'],
  ...['<!--', '-->', '--!>', '<!-->', '<!--->', '<![CDATA[', ']]>', '<?xml', '?>', '<!doctype x>', '\0', '<', '</'],
  ...['<\0script>', '</ script>', '<%', '"', "'", '`', '\u2028', '&#xD800;', '&notit;', '<svg onload=alert(1)//'],
  ...['</p>', '</br>', '</style>', '</title>', '</textarea>', '</xmp>', '</noscript>', '</template>', '</plaintext>'],
];
const KNOWN =
  `a abbr address area article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del
  details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main map mark nav
  ol p pre q rp rt ruby s samp section small span strike strong style sub summary sup table tbody td tfoot th thead time
  tr tt u ul var wbr`.split(/\s+/);
const SAYING =
  `align alt aria-hidden aria-label bgcolor border class color colspan coords data-remote dir face height href
  hspace id lang name nowrap open rel reversed role rowspan scope shape size span src start style summary target title
  type usemap valign value vspace width`.split(/\s+/);

if (!hasChromium) test.skip('hostile soups need a browser: the package chromium would read them', () => {});

describe.skipIf(!hasChromium)('what a browser makes of cleaned mail', { timeout: 120_000 }, () => {
  let site: TestSite;
  let visited: Visited;
  let page: Page;
  let ann: Account;
  beforeAll(async () => {
    site = await openSite({ host_domain: ['example.org'] });
    ann = await site.account('ann');
    visited = await inChromium(site);
    page = await visited.browser.newPage();
  });
  afterAll(() => visited.close());

  const rnd = randomFrom(8_000);
  const one = (some: string[]): string => some[rnd(some.length)]!;
  const soup = (): string => {
    let made = '';
    for (let n = 5 + rnd(25); n > 0; n--) {
      const kind = rnd(10);
      if (kind < 5) made += `<${one(TAGS)}${one(ATTRIBUTES)}${rnd(3) === 0 ? one(ATTRIBUTES) : ''}>`;
      else made += kind < 7 ? `</${one(TAGS)}>` : one(SIGNS);
    }
    return made;
  };

  /** What is wrong in each document; its box has the class of that name. */
  const wrongIn = (documents: string[]): Promise<string[]> =>
    page.evaluate(`((documents, known, saying) => {
      const wrong = [];
      const look = (root, at) => {
        for (const e of root.querySelectorAll('*')) {
          const isOwn = e.namespaceURI === 'http://www.w3.org/1999/xhtml' && known.includes(e.localName);
          if (!isOwn) wrong.push(at + ': <' + e.nodeName + '>');
          for (const { name, value } of e.attributes) {
            const leads = name !== 'href' && name !== 'src' || /^(?:https?:|mailto:|#m-|cid:i-1$)/.test(value);
            if (!saying.includes(name) || !leads) wrong.push(at + ': ' + name + '=' + value);
          }
        }
      };
      for (const [at, text] of documents.entries()) {
        const read = text => new DOMParser().parseFromString(text, 'text/html');
        const box = read(text).querySelector('.cw-box');
        look(box, at);
        look(read('<div class="cw-box">' + box.innerHTML + '</div>').body, at);
        const beside = [...box.parentElement.children].map(e => e.className).join(' ');
        if (!/^(?:cw-own )?cw-box(?: cw-own)?$/.test(beside)) wrong.push(at + ': beside the box: ' + beside);
      }
      return wrong;
    })(${JSON.stringify(documents)}, ${JSON.stringify(KNOWN)}, ${JSON.stringify(SAYING)})`) as Promise<string[]>;

  test('the watch sees what is not known, and what left its box', async () => {
    expect(
      await wrongIn(['<div class="cw-box"><svg></svg><p onclick=x></div>', '<div class="cw-box"></div><p>']),
    ).toEqual(['0: <svg>', '0: onclick=x', '0: <svg>', '0: onclick=x', '1: beside the box: cw-box ']);
  });

  const boxed = (body: string) => `<!doctype html><div class="cw-box">${body}</div>`;
  test.each([
    [
      'safeHtml, as a page of its own',
      async (mail: string) => {
        const safe = await safeHtml(mail, { remoteImages: false, dark: true, cid: () => null });
        return messageFrame({ title: 'Mail', body: safe.html, head: html`<p>ours</p>` });
      },
    ],
    ['quotable', async (mail: string) => boxed(await quotable(mail, () => 'i-1'))],
    ['safeLetter', async (mail: string) => boxed(await safeLetter(mail))],
  ])('is known alone: %s', async (_, make) => {
    const mails = Array.from({ length: 500 }, soup);
    expect(await wrongIn(await Promise.all(mails.map(make)))).toEqual([]);
  });

  const script = '<script>alert(1)</script><img src=x onerror=alert(1)>';
  const utf7 = script.replaceAll('<', '+ADw-').replaceAll('>', '+AD4-');
  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  test.each([
    ['utf-7', latin1(`<p>${utf7}`)],
    ['x-unicode-2-0-utf-7', latin1(utf7)],
    ['us-ascii', latin1(`<meta charset=utf-7>${utf7}`)],
    ['utf-16', Buffer.from(`\ufeff<p>${script}`, 'utf16le')],
    ['utf-16be', Buffer.from(script, 'utf16le').swap16()],
    ['utf-16le', Buffer.from(script, 'utf16le').subarray(0, -1)],
    ['utf-32', Buffer.concat([...script].map(c => Buffer.from([0, 0, 0, c.charCodeAt(0)])))],
    // A sign that eats the next octet, or one that swallows what stood between.
    ['gbk', latin1(`<p title="\x81">" onclick=alert(1) x="${script}`)],
    ['gb18030', latin1(`<p title="\x81\x30\x81">${script}`)],
    ['big5', latin1(`<a href="\xa1">" onclick=alert(1)>${script}`)],
    ['shift_jis', latin1(`<p title="\x83">" onclick=alert(1)>${script}<\x83script>`)],
    ['euc-jp', latin1(`<p title="\x8f\xa1">" onclick=alert(1)>${script}`)],
    ['euc-kr', latin1(`<p title='\x81'>' onclick=alert(1)>${script}`)],
    ['iso-2022-jp', latin1(`<p title="\x1b$B">" onclick=alert(1)>\x1b(B${script}\x1b(J\\`)],
    ['iso-2022-jp', latin1(`<\x1b(Bscript>alert(1)</script><im\x1b(Jg src=x onerror=alert(1)>`)],
    ['iso-2022-kr', latin1(`\x1b$)C<p title="\x0e">" onclick=alert(1)>\x0f${script}`)],
    ['hz-gb-2312', latin1(`<p title="~{">" onclick=alert(1)>~}${script}<scr~\nipt>`)],
    ['x-user-defined', latin1(`\xbcscript\xbealert(1)`)],
    ['x-mac-roman', latin1(`<p \xca onclick=alert(1)>${script}`)],
    ['ibm037', Buffer.from([0x4c, 0xa2, 0x83, 0x99, 0x89, 0x97, 0xa3, 0x6e])],
    ['no-such-charset', latin1(`<p>${script}\xff\xfe`)],
    ['utf-8"; x="', latin1(`<p>\xef\xbb\xbf\xc0\xbcscript\xc0\xbe${script}`)],
  ])('is known alone, whatever octets the charset %s makes of it', async (charset, octets) => {
    const head = `From: Bo <bo@example.net>\r\nContent-Type: text/html; charset="${charset.replaceAll('"', '\\"')}"\r\n\r\n`;
    const id = await site.deliver(ann, Buffer.concat([latin1(head), octets]));
    const b = site.browser();
    await b.login('ann');
    const shown = await b.page(`/messages/${id}/print`);
    expect([shown.status, shown.headers.get('Content-Type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await wrongIn([shown.html])).toEqual([]);
  });
});
