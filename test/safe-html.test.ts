import { html } from 'hono/html';
import { describe, expect, test } from 'vitest';
import { cleanAside } from '../views/safe-html/aside.ts';
import { clean } from '../views/safe-html/clean.ts';
import { cleanDeclarations, cleanStyleSheet, ownNames } from '../views/safe-html/css.ts';
import {
  frameHeaders,
  frameSandbox,
  messageFrame,
  nameTargets,
  type SafeHtmlOptions,
  safeHtml,
  trusted,
} from '../views/safe-html.ts';

const blocked: SafeHtmlOptions = { remoteImages: false, dark: false, cid: () => null };
const allowed = {
  remoteImages: true,
  dark: false,
  cid: (id: string) => (id === 'logo@x' ? '/messages/7/parts/2?a=1&b' : null),
};

async function cleaned(html: string, options = blocked): Promise<string> {
  return (await safeHtml(html, options)).html;
}

describe('safeHtml', () => {
  test.each([
    // What mail is made of stays.
    ['<p>One <b>two</b><br>three</p>', '<p>One <b>two</b><br />three</p>'],
    [
      '<center><font color="red" face="Arial" size="2">x</font></center>',
      '<center><font color="red" face="Arial" size="2">x</font></center>',
    ],
    [
      '<table role="presentation" width="600" cellpadding="0"><tr><td bgcolor="#fff" colspan="2">x</td></tr></table>',
      '<table role="presentation" width="600" cellpadding="0"><tr><td bgcolor="#fff" colspan="2">x</td></tr></table>',
    ],
    ['<p dir="rtl" lang="he" align="right">x</p>', '<p dir="rtl" lang="he" align="right">x</p>'],
    ['a < b & c > d', 'a &lt; b &amp; c &gt; d'],
    // A whole document becomes its content; the body's colours stay on a block of their own.
    [
      '<html><head><title>t</title></head><body bgcolor="#eee"><p>x</p></body></html>',
      '<div style="background-color:#eee;"><p>x</p></div>',
    ],
    // What carries code, fallback or another language goes with all it holds.
    ['<script>alert(1)</script>a<svg><text>b</text></svg><math><mi>c</mi></math>', 'a'],
    ['<iframe src="http://x.y/">a</iframe><object>b</object><noscript>c</noscript><template>d</template>e', 'e'],
    ['<textarea>a</textarea><xmp><b>b</b></xmp><title>c</title><select><option>d</select>e', 'e'],
    ['<video src="http://x.y/"></video><audio></audio><canvas></canvas>e', 'e'],
    // What is only a frame around text goes alone.
    ['<form action="http://x.y/"><input name="a"><button formaction="/b">Go</button></form>', 'Go'],
    [
      '<base href="http://x.y/"><meta http-equiv="refresh" content="0;url=http://x.y/"><link rel="stylesheet" href="http://x.y/">a',
      'a',
    ],
    ['<marquee onstart="alert(1)">a</marquee><x-y>b</x-y>', 'ab'],
    // Attributes nobody named.
    [
      '<p onclick="alert(1)" data-hx-get="/x" hx-on:load="x" is="y" slot="z" nonce="n" contenteditable>a</p>',
      '<p>a</p>',
    ],
    [
      '<table background="http://x.y/" role="alert"><tr><td background="http://x.y/"></td></tr></table>',
      '<table role=""><tr><td></td></tr></table>',
    ],
  ])('keeps what is known and nothing else: %s', async (html, expected) => {
    const out = await cleaned(html);
    expect(out.replace(' role=""', ' role')).toBe(expected.replace(' role=""', ' role'));
  });

  const outward = 'target="_blank" rel="noopener noreferrer nofollow"';
  test.each([
    // Absolute and known.
    ['https://x.y/z?a=1&amp;b', `<a href="https://x.y/z?a=1&amp;b" ${outward} title="https://x.y/z?a=1&amp;b">l</a>`],
    ['mailto:a@x.y', `<a href="mailto:a@x.y" ${outward} title="mailto:a@x.y">l</a>`],
    ['  HTTP://X.Y  ', `<a href="http://x.y/" ${outward} title="http://x.y/">l</a>`],
    // Spelled as the browser will read it: no user name before the host, no look-alike letters.
    ['https://bank.example@x.y/', `<a href="https://x.y/" ${outward} title="https://x.y/">l</a>`],
    [
      'https://b\u0430nk.example/',
      `<a href="https://xn--bnk-6cd.example/" ${outward} title="https://xn--bnk-6cd.example/">l</a>`,
    ],
    // A place in the same mail.
    ['#top', '<a href="#m-top" target="_self">l</a>'],
    // Ours, or nobody's.
    ['/logout', '<a>l</a>'],
    ['//x.y/', '<a>l</a>'],
    ['moves', '<a>l</a>'],
    ['', '<a>l</a>'],
    // Other schemes, however spelled.
    ['javascript:alert(1)', '<a>l</a>'],
    [' &#1;java&#9;script&colon;alert(1)', '<a>l</a>'],
    ['JaVaScRiPt:alert(1)', '<a>l</a>'],
    ['vbscript:x', '<a>l</a>'],
    ['data:text/html,<script>alert(1)</script>', '<a>l</a>'],
    ['file:///etc/passwd', '<a>l</a>'],
    ['ftp://x.y/', '<a>l</a>'],
    ['blob:https://x.y/z', '<a>l</a>'],
    ['cid:logo@x', '<a>l</a>'],
    ['http://', '<a>l</a>'],
  ])('lets links lead out only: %s', async (href, expected) => {
    expect(await cleaned(`<a target="_top" rel="opener" ping="/p" href="${href}">l</a>`)).toBe(expected);
  });

  const pixel = 'R0lGODlhAQABAAAAACw=';
  test.each([
    // Inline images by the caller's address, escaped; unknown ones keep their words.
    ['<img src="cid:logo@x" alt="Logo">', '<img alt="Logo" src="/messages/7/parts/2?a=1&amp;b" />', 0],
    ['<img src="CID:&lt;logo%40x&gt;">', '<img src="/messages/7/parts/2?a=1&amp;b" />', 0],
    ['<img src="cid:other" alt="Logo">', '<img alt="Logo" />', 0],
    ['<img src="cid:%">', '<img />', 0],
    // data: only for pictures that are no documents.
    [`<img src="data:image/gif;base64,${pixel}">`, `<img src="data:image/gif;base64,${pixel}" />`, 0],
    [`<img src="data:image/svg+xml;base64,${pixel}">`, '<img />', 0],
    [`<img src="data:text/html;base64,${pixel}">`, '<img />', 0],
    ['<img src="data:image/png,<svg onload=alert(1)>">', '<img />', 0],
    // Remote ones when asked for, but those nobody can see.
    ['<img src="https://x.y/a.png">', '<img src="https://x.y/a.png" />', 0],
    [
      '<img src="https://x.y/a.png" width="600" height="1">',
      '<img width="600" height="1" src="https://x.y/a.png" />',
      0,
    ],
    ['<img src="https://x.y/a.png" width="1" height="1">', '<img width="1" height="1" />', 1],
    ['<img src="https://x.y/a.png" style="width: 1px; height: 0">', '<img style="width:1px;height:0;" />', 1],
    ['<img src="https://x.y/a.png" style="display : none">', '<img style="display:none;" />', 1],
    ['<img src="https://x.y/a.png" style="OPACITY: 0">', '<img style="opacity:0;" />', 1],
    // The style goes before the attribute, either way.
    [
      '<img src="https://x.y/a.png" width="600" height="60" style="Width: 1PX ; height:0.5pt">',
      '<img width="600" height="60" style="width:1PX;height:0.5pt;" />',
      1,
    ],
    [
      '<img src="https://x.y/a.png" width="600" style="max-width: 0em; max-height:1px">',
      '<img width="600" style="max-width:0em;max-height:1px;" />',
      1,
    ],
    [
      '<img src="https://x.y/a.png" width="1" height="1" style="width:20px;height:20px;max-width:100%">',
      '<img width="1" height="1" style="width:20px;height:20px;max-width:100%;" src="https://x.y/a.png" />',
      0,
    ],
    // A sign in the text.
    [
      '<img src="https://x.y/a.png" style="width:1em;height:1em">',
      '<img style="width:1em;height:1em;" src="https://x.y/a.png" />',
      0,
    ],
    // Neither ours nor any other way to name one.
    [
      '<img src="/logout"><img src="//x.y/a"><img src="a.png"><img src="mailto:a@x.y"><img src="javascript:x">',
      '<img /><img /><img /><img /><img />',
      0,
    ],
    ['<img srcset="https://x.y/a 2x" lowsrc="https://x.y/b" dynsrc="https://x.y/c">', '<img />', 0],
    ['<picture><source srcset="https://x.y/a"><img alt="a"></picture>', '<img alt="a" />', 0],
    [
      '<img usemap="#m" alt=""><map name="m"><area href="https://x.y/" alt="a"></map>',
      `<img alt="" usemap="#m-m" /><map name="m-m"><area alt="a" href="https://x.y/" ${outward} title="https://x.y/" /></map>`,
      0,
    ],
  ])('loads only what was asked for: %s', async (html, expected, remoteBlocked) => {
    expect(await safeHtml(html, allowed)).toMatchObject({
      shown: true,
      html: expected,
      remoteBlocked,
      truncated: false,
    });
  });

  test('counts the remote images it leaves out', async () => {
    const html = '<img src="https://x.y/a"><img src="http://x.y/b" alt="b"><img src="cid:c">';
    expect(await safeHtml(html, blocked)).toMatchObject({ html: '<img /><img alt="b" /><img />', remoteBlocked: 2 });
  });

  test('names those who would be told of the reader, by image or by link', async () => {
    const html = `<img src="https://x.y/a"><img src="https://t.shop.example/o.gif" width="1" height="1">
      <img src="https://t.shop.example/p.gif" style="display:none"><a href="https://shop.example/?u=https%3A%2F%2Fx.y%2F">a</a>
      <a href="https://u1.ct.sendgrid.net/ls/click?upn=1">b</a><a href="https://x.y/?back=https://www.x.y/">c</a>`;
    for (const options of [blocked, allowed])
      expect(await safeHtml(html, options)).toMatchObject({
        remoteBlocked: options === blocked ? 3 : 2,
        trackers: {
          pixels: { hosts: ['t.shop.example'], count: 2 },
          links: { hosts: ['shop.example', 'u1.ct.sendgrid.net'], count: 2 },
        },
      });
  });

  const dark = { ...blocked, dark: true };
  test.each([
    ['<p style="color:#000">x</p>', '<p style="color:#000;color:light-dark(#000,#ebebeb);">x</p>'],
    [
      '<p style="background:white url(x) top">x</p>',
      '<p style="background:white none top;background:light-dark(white,#1f1f1f) none top;">x</p>',
    ],
    [
      '<td bgcolor="ffffff">x</td>',
      '<td style="background-color:#ffffff;background-color:light-dark(#ffffff,#1f1f1f);">x</td>',
    ],
    ['<font color="red" size="2">x</font>', '<font size="2" style="color:red;color:light-dark(red,#ff5644);">x</font>'],
    ['<p style="color:inherit;font-family:Black">x</p>', '<p style="color:inherit;font-family:Black;">x</p>'],
    [
      '<style>p{border:1px solid rgba(0,0,0,.5)}</style>',
      '<style>p{border:1px solid rgba(0,0,0,.5);border:1px solid light-dark(rgba(0,0,0,.5),#ebebeb80);}</style>',
    ],
  ])('writes colours for a dark page beside those of the mail: %s', async (html, expected) => {
    expect(await safeHtml(html, dark)).toMatchObject({ html: expected, dark: true });
    expect((await safeHtml(html, blocked)).html).not.toContain('light-dark');
  });

  test.each([
    [
      'brings its own dark colours',
      '<style>@media (prefers-color-scheme:dark){p{color:#fff}}</style><p style="color:#000">x',
      true,
    ],
    ['is written on a dark ground', '<body bgcolor="#101010"><p style="color:#fff">x', false],
  ])('leaves the colours of a mail that %s', async (_, html, isDark) => {
    const shown = await safeHtml(html, dark);
    expect(shown).toMatchObject({ dark: isDark });
    expect(shown.html).not.toContain('light-dark');
  });

  test('turns also what brings dark colours of its own, for a dark page on a device that may be light', async () => {
    const html = '<style>@media (prefers-color-scheme:dark){p{color:#fff}}p{color:#000}</style><p>x</p>';
    const shown = await safeHtml(html, { ...blocked, dark: 'always' });
    expect(shown).toMatchObject({ dark: true });
    expect(shown.html).toContain('color:light-dark(#000,');
    expect(shown.html).not.toContain('prefers-color-scheme');
  });
  test('leaves out what a style sheet would do on a dark page, where the page is light', async () => {
    const html = '<style>p{color:red}@media (prefers-color-scheme: dark){p{color:#fff}}i{color:blue}</style>';
    expect(await cleaned(html)).toBe('<style>p{color:red;}i{color:blue;}</style>');
  });

  test('takes no text of the mail for an inline image', async () => {
    const html = '<p title=\' src="cid-0"\'>src="cid-0"</p><img src="cid:logo@x">';
    expect(await cleaned(html, allowed)).toContain('>src="cid-0"</p><img src="/messages/7/parts/2');
  });

  test('gives every name to the mail alone', async () => {
    const html = '<style>#a .b{color:red}</style><p id="a" class="b  c"><a name="d">x</a></p>';
    expect(await cleaned(html)).toBe(
      '<style>#m-a .m-b{color:red;}</style><p id="m-a" class="m-b m-c"><a name="m-d">x</a></p>',
    );
  });

  test('shows the beginning of what is too long, and says so', async () => {
    const shown = await safeHtml(`<p>${'word '.repeat(450_000)}</p><b>end</b>`, blocked);
    expect(shown).toMatchObject({ shown: true, truncated: true });
    expect(shown.html).not.toContain('end');
  });

  test('cleans a long mail as it does a short one', async () => {
    const html = '<style>p{color:red}</style><p onclick="x">a<img src="cid:logo@x"></p>';
    const filler = '<!-- -->'.repeat(30_000);
    expect(filler.length).toBeGreaterThan(200_000);
    expect(await safeHtml(filler + html, allowed)).toEqual(await safeHtml(html, allowed));
  });
});

describe('clean', () => {
  test('keeps no element deeper than two hundred', () => {
    const { html } = clean('<div>'.repeat(20_000), { remoteImages: false, dark: false, mark: '' });
    expect(html).toBe('<div>'.repeat(200) + '</div>'.repeat(200));
  });

  test('takes sixty-four style elements and drops the others', () => {
    const { html } = clean('<style>a{color:red}</style>'.repeat(100), { remoteImages: false, dark: false, mark: '' });
    expect(html.split('color').length - 1).toBe(64);
  });

  test('keeps the medium of a style element', () => {
    const { html } = clean('<style media="print">a{color:red}</style>', { remoteImages: false, dark: false, mark: '' });
    expect(html).toBe('<style>@media print{a{color:red;}}</style>');
  });

  test.each([
    '<svg><style>&lt;/style&gt;&lt;img src=x onerror=alert(1)&gt;</style></svg>',
    '<math><style><!--</style><img title="--&gt;&lt;/style&gt;&lt;img src=x onerror=alert(1)&gt;">',
    '<style><style/><img src=x onerror=alert(1)>',
    '<style>a{}</style/><img src=x onerror=alert(1)>',
    '<style>@import "</style><img src=x onerror=alert(1)>"</style>',
    '<noscript><style></noscript><img src=x onerror=alert(1)></style>',
    '<style media="x{}</style><img src=x onerror=alert(1)>">a{}</style>',
  ])('lets no style text become markup: %s', html => {
    expect(clean(html, { remoteImages: true, dark: false, mark: '' }).html).not.toMatch(/onerror|@import/);
  });
});

describe('cleanAside', () => {
  test.each([
    ['nested blocks', '<div>'.repeat(20_000)],
    ['references', '&amp;'.repeat(200_000)],
    ['open brackets', '<'.repeat(300_000)],
    ['style', `<style>${'.a{color:red}'.repeat(30_000)}</style>`],
    ['comments', '<!--a-->'.repeat(60_000)],
    ['end tags that fit nothing', '<b>'.repeat(10_000) + '</i>'.repeat(10_000)],
    ['style elements', 'x'.repeat(100_000) + '<style>a{}</style>'.repeat(5_000)],
  ])('comes to an end with a mail of many %s', async (_, html) => {
    // The limit is no measure here, only a bound: a machine may be busy.
    await expect(cleanAside(html, { remoteImages: false, dark: false, mark: '' }, 25_000)).resolves.toHaveProperty(
      'html',
    );
  });

  test('ends a mail that takes longer than its limit', async () => {
    const endless = '<b>'.repeat(300_000) + '</i>'.repeat(200_000);
    await expect(cleanAside(endless, { remoteImages: false, dark: false, mark: '' }, 50)).rejects.toThrow(
      'within 50 ms',
    );
  });

  test('serves everyone in line, and turns away who comes to a long one', async () => {
    const all = Array.from({ length: 40 }, () => cleanAside('<p>x', { remoteImages: false, dark: false, mark: '' }, 1));
    const ends = await Promise.allSettled(all);
    const turnedAway = ends.filter(end => end.status === 'rejected' && String(end.reason).includes('too many'));
    expect(turnedAway).toHaveLength(6);
    await expect(cleanAside('<p>x', { remoteImages: false, dark: false, mark: '' }, 20_000)).resolves.toMatchObject({
      html: '<p>x</p>',
    });
  });
});

describe('cleanStyleSheet', () => {
  test.each([
    // What mails use.
    ['p { color: red; font: 12px/1.5 "Segoe UI", Arial }', 'p{color:red;font:12px/1.5 "Segoe UI", Arial;}'],
    [
      '@media only screen and (max-width:600px){.a{width:100%!important}}',
      '@media only screen and (max-width:600px){.m-a{width:100%!important;}}',
    ],
    ['table td > a:hover, #b::first-line{color:rgb(1,2,3)}', 'table td > a:hover, #m-b::first-line{color:rgb(1,2,3);}'],
    [
      'td[class="a b"],[id=c],[class*=d],a[href]{margin:0}',
      'td[class="m-a m-b"],[id="m-c"],[class*="d"],a[href]{margin:0;}',
    ],
    ['.sm\\:w{width:calc((100% - 2px) / 3)}', '.m-sm\\:w{width:calc((100% - 2px) / 3);}'],
    ['<!-- p{color:/* no */red} -->', 'p{color:red;}'],
    // Colour survives the picture beside it.
    ['p{background:#fff url("http://x.y/a;b") no-repeat}', 'p{}'],
    ['p{background:#fff url(http://x.y/a) no-repeat}', 'p{background:#fff none no-repeat;}'],
    ['p{background-image:linear-gradient(red,blue)}', 'p{background-image:linear-gradient(red,blue);}'],
    // Whatever loads.
    ['@import "http://x.y/";p{color:red}', 'p{color:red;}'],
    ['@import url(http://x.y/) screen;', ''],
    ['@font-face{font-family:a;src:url(http://x.y/)}p{color:red}', 'p{color:red;}'],
    ['@namespace url(http://x.y/);@charset "x";', ''],
    ['p{background:image-set("http://x.y/a" 1x)}', 'p{}'],
    ['p{background:-webkit-image-set(url(http://x.y/) 1x)}', 'p{}'],
    ['p{background:cross-fade("http://x.y/",red)}', 'p{}'],
    ['p{--a:url(http://x.y/);color:var(--a)}', 'p{}'],
    ['p{content:url(http://x.y/);cursor:url(http://x.y/),auto;filter:url(#a)}', 'p{}'],
    ['p{border-image:url(http://x.y/}', 'p{}'],
    ['p{list-style:URL( http://x.y/ )}', 'p{list-style:none;}'],
    // However spelled.
    ['p{background:\\75rl(http://x.y/)}', 'p{}'],
    ['p{background:u\\\nrl(http://x.y/)}', 'p{}'],
    ['p{background:ur/**/l(http://x.y/)}', 'p{}'],
    ['p{back\\67round:red;b\u0061ckground:red}', 'p{background:red;}'],
    ['@\\69mport "http://x.y/";', ''],
    // Whatever runs, moves or covers.
    ['p{width:expression(alert(1));behavior:url(a.htc);-moz-binding:url(a)}', 'p{}'],
    ['p{position:fixed;top:0}q{position:sticky !important}s{position:absolute}', 'p{top:0;}q{}s{position:absolute;}'],
    ['p{animation:a 1s}@keyframes a{from{top:0}}q{transition:all 1s}', 'p{}q{}'],
    // Heights that follow the frame, which follows the mail.
    ['p{height:100vh;min-height:calc(50VH - 1px);height:9dvh;width:1vmax;width:50vw}', 'p{width:50vw;}'],
    ['p{height:100cqh;width:10CQMAX;top:1vi;left:5dvw;margin:1e2vb}', 'p{}'],
    [
      '@media (min-height:9px){p{top:0}}@media (ORIENTATION:portrait){p{top:0}}@media (max-aspect-ratio:1/1){p{top:0}}',
      '',
    ],
    [
      '@media (min-width:9vh){p{top:0}}@media (max-device-height:9px) and (min-width:9vw){p{top:0}}',
      '@media (max-device-height:9px) and (min-width:9vw){p{top:0;}}',
    ],
    // Nothing left open: neither quote, bracket nor brace.
    ['p{color:"red;background:blue}', 'p{background:blue;}'],
    ["p{font-family:'a}q{color:red}", 'p{}q{color:red;}'],
    ['p{color:rgb(1;background:blue)}', 'p{}'],
    ['@media (x{p{color:red}}', ''],
    ['@media x{p{color:red', '@media x{p{}}'],
    ['}}p{color:red;}', 'p{color:red;}'],
    ['p{color:red;q{color:blue}margin:0}', 'p{color:red;margin:0;}'],
    // Selectors of which a part is unknown, or that could close the element.
    ['p</style><img src=x>{color:red}', ''],
    ['p[a="</style>"]{color:red}', ''],
    ['p\\{{color:red}', ''],
    ['p{font-family:"</style><script>"}', 'p{}'],
    ['p{color:red\\9;margin:0\\}q{color:blue}', 'p{}q{color:blue;}'],
  ])('paints and does no more: %s', (css, expected) => {
    expect(cleanStyleSheet(css)).toBe(expected);
  });

  test('closes every brace it opens, wherever the text ends', () => {
    const css = '@media x{p{color:"a";margin:calc(1px)}}/*c*/@import "d";q[class="e"]{width:url(f)}';
    for (let cut = 0; cut <= css.length; cut++) {
      const out = cleanStyleSheet(css.slice(0, cut));
      expect(out.split('{').length).toBe(out.split('}').length);
      expect(out.split('"').length % 2).toBe(1);
      expect(out).not.toMatch(/url|import|[<\\]/);
    }
  });
});

test.each([
  ['color: red; background: url(x)', 'color:red;background:none;'],
  ['color:red}p{x', ''],
  ['position:fixed', ''],
  ['mso-line-height-rule:exactly', ''],
  ['', ''],
])('cleanDeclarations keeps a style attribute in its element: %s', (style, expected) => {
  expect(cleanDeclarations(style)).toBe(expected);
});

test.each([
  ['a', 'm-a'],
  ['  a \t b ', 'm-a m-b'],
  ['', ''],
])('ownNames marks each name: %s', (names, expected) => {
  expect(ownNames(names)).toBe(expected);
});

describe('frameHeaders', () => {
  const base =
    'sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; ' +
    "default-src 'none'; style-src 'unsafe-inline'; IMG; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

  test.each([
    [false, "img-src 'self' data:"],
    [true, "img-src 'self' data: https: http:"],
  ])('says in one policy what may load, remote images %s', (remoteImages, images) => {
    expect(frameHeaders({ remoteImages })).toMatchObject({
      'Content-Security-Policy': base.replace('IMG', images),
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
    });
  });

  test('repeats the sandbox of the frame, which allows no script', () => {
    expect(frameHeaders({ remoteImages: false })['Content-Security-Policy']).toContain(`sandbox ${frameSandbox};`);
    expect(frameSandbox).not.toContain('scripts');
  });
});

test('messageFrame escapes the title and shows the body as it is', () => {
  const page = messageFrame({ title: '</title><script>', body: '<p>x</p>' });
  expect(page).toContain('<title>&lt;/title&gt;&lt;script&gt;</title>');
  expect(page).toContain('<base target="_blank">');
  expect(page).toContain('<body dir="auto">\n<p>x</p>\n</body>');
});

test.each([
  ['p,h1 > b{top:0;}', '.cw-mail p,.cw-mail h1 > b{top:0;}'],
  [
    '@media print{header,dl dd::first-line{top:0;}}',
    '@media print{.cw-mail header,.cw-mail dl dd::first-line{top:0;}}',
  ],
  // The page is the box itself.
  ['body{top:0;}html > body .m-a{top:0;}', '.cw-mail{top:0;}.cw-mail .m-a{top:0;}'],
  [':root + footer{top:0;}body ~ *{top:0;}', '.cw-mail + footer{top:0;}.cw-mail ~ *{top:0;}'],
  // Signs within a string, and names that begin like the page's.
  ['p[title="a,b@c"],bodyx{top:0;}', '.cw-mail p[title="a,b@c"],.cw-mail bodyx{top:0;}'],
])('messageFrame keeps the rules of a mail to its box, where something of ours stands beside it: %s', (css, kept) => {
  const body = `<style>${css}</style><p title="&lt;style&gt;p{}&lt;/style&gt;">p{}</p>`;
  const own = html`<p>ours</p>`;
  expect(messageFrame({ title: '', body, head: own })).toContain(body.replace(css, kept));
  expect(messageFrame({ title: '', body })).toContain(body);
});

test('messageFrame is light unless it may be dark', () => {
  expect(messageFrame({ title: '', body: '' })).toContain('color-scheme: light;');
  expect(messageFrame({ title: '', body: '', dark: true })).toContain('color-scheme: light dark;');
  const night = messageFrame({ title: '', body: '', dark: 'always' });
  expect(night).toContain('color-scheme: dark;');
  expect(night).not.toContain('prefers-color-scheme');
});

describe('nameTargets', () => {
  const named = async (html: string) => nameTargets(await cleaned(html), host => `leads to ${host}`);
  test.each([
    ['another host', '<a href="https://evil.test/">https://bank.example/</a>', 'evil.test'],
    ['another host in markup', '<a href="https://evil.test/">Go to <b>www.</b>bank.example</a>', 'evil.test'],
    ['a host alone', '<a href="https://evil.test/?bank.example">bank.example</a>', 'evil.test'],
    [
      'letters to be taken for others',
      '<a href="https://\u0430\u0440\u0440\u04cf\u0435.com/">Apple</a>',
      'xn--80ak6aa92e.com',
    ],
  ])('says where a link leads whose words name %s', async (_, html, host) => {
    expect(await named(html)).toContain(`</a> <small class="cw-leads">leads to ${host}</small>`);
  });

  test.each([
    '<a href="https://www.bank.example/x">bank.example</a>',
    '<a href="https://mail.bank.example/x">https://bank.example/</a>',
    '<a href="https://evil.test/">Click here</a>',
    '<a href="mailto:x@evil.test">x@bank.example</a>',
    '<a name="x">bank.example</a>',
    '<a href="#top">bank.example</a>',
  ])('says nothing of %s', async html => {
    expect(await named(html)).not.toContain('leads to');
  });
});

test('trusted passes markup unescaped', () => {
  expect(String(trusted('<b>'))).toBe('<b>');
});
