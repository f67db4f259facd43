import { describe, expect, test } from 'vitest';
import { outwardUrl } from '../views/link.ts';
import { htmlToText, textToHtml } from '../views/text.ts';

const text = (inner: string) => `<div class="text">${inner}</div>`;
const link = (url: string, shown = url) =>
  `<a href="${url}" target="_blank" rel="noopener noreferrer nofollow">${shown}</a>`;

describe('textToHtml', () => {
  test.each([
    // Lines, however they end.
    ['a\nb\r\nc\rd', 'a\nb\nc\nd'],
    ['', ''],
    ['  two  spaces\t', '  two  spaces\t'],
    // Quotes by depth.
    ['a\n> b\n> c\nd', 'a<blockquote>b\nc</blockquote>d'],
    ['> > a\n>> b\n> c', '<blockquote><blockquote>a\nb</blockquote>c</blockquote>'],
    ['>', '<blockquote></blockquote>'],
    ['a > b', 'a &gt; b'],
    [`${'>'.repeat(10)}a`, `${'<blockquote>'.repeat(8)}&gt;&gt;a${'</blockquote>'.repeat(8)}`],
    // Signatures, of the writer only.
    ['a\n-- \nb', 'a\n<div class="signature">-- \nb</div>'],
    ['a\n--\nb', 'a\n<div class="signature">--\nb</div>'],
    ['-- \na\n-- \nb', '<div class="signature">-- \na\n-- \nb</div>'],
    ['-- \na\n> b\nc', '<div class="signature">-- \na</div><blockquote>b</blockquote>c'],
    ['> -- \n> a', '<blockquote>-- \na</blockquote>'],
    ['--- \na', '--- \na'],
  ])('keeps the shape of the text: %j', (given, inner) => {
    expect(textToHtml(given)).toBe(text(inner));
  });

  test.each([
    // Addresses of the web and of mail.
    ['see http://x.y/a?b=1&c=2.', `see ${link('http://x.y/a?b=1&amp;c=2')}.`],
    ['(https://x.y/a(b))', `(${link('https://x.y/a(b)')})`],
    ['<https://x.y/>', `&lt;${link('https://x.y/')}&gt;`],
    ['www.x.org', link('http://www.x.org/', 'www.x.org')],
    ['a@x.org, b', `${link('mailto:a@x.org', 'a@x.org')}, b`],
    ['mailto:a@x.org', link('mailto:a@x.org')],
    ['> http://x.y/', `<blockquote>${link('http://x.y/')}</blockquote>`],
    // Where a link leads is spelled as the browser reads it.
    ['http://b\u0430nk.example/', link('http://xn--bnk-6cd.example/', 'http://b\u0430nk.example/')],
    // No link: other schemes, bare names, what is unseen or re-orders the line.
    ['javascript:alert(1) vbscript:x data:text/html,x ftp://x.y/ //x.y/', null],
    ['README.md x.org', null],
    ['http://x.y/\u200bz', null],
    ['\u202ehttp://x.y/', 'http://x.y/'],
    ['a\u2066b http://x.y/', 'ab http://x.y/'],
  ])('links what leads out: %j', (given, inner) => {
    expect(textToHtml(given)).toBe(text(inner ?? given));
  });

  test.each([
    '<script>alert(1)</script>',
    'a@a.co?]<img/src="x"/onerror=alert(1)>',
    'a@a.co"onmouseover="alert(1)',
    'http://x.y/"onmouseover="alert(1)',
    "http://x.y/'><img src=x onerror=alert(1)>",
    'http://x.y/<img src=x onerror=alert(1)>',
    'http://"><img src=x onerror=alert(1)>',
    'www.x.org/"><script>alert(1)</script>',
    'mailto:a@x.org?subject="><img src=x onerror=alert(1)>',
    '[<img src=x onerror=alert(1)>](http://x.y/)',
    '##str_replacement_0## $& $1 \u0000 %3Cimg%3E',
    '&lt;img src=x onerror=alert(1)&gt; &#60;img&#62;',
    '> <img src=x onerror=alert(1)>\n-- \n<img src=x onerror=alert(1)>',
    'http://x.y/?a=<!--\n--><img src=x onerror=alert(1)>',
  ])('writes no markup but its own: %j', given => {
    const out = textToHtml(given);
    const own =
      /<\/?(?:div|blockquote)(?: class="(?:text|signature)")?>|<a href="[^"<>]*" target="_blank" rel="noopener noreferrer nofollow">|<\/a>/g;
    expect(out.replace(own, '')).not.toMatch(/[<>]/);
    expect(shown(out)).toBe(given.replace(/^> /gm, '').replace(/(>)\n(-- )/, '$1$2'));
  });

  test('looks for links in no line longer than 4096, and in no text longer than 262144', () => {
    const address = 'http://x.y/';
    expect(textToHtml('a '.repeat(2_000) + address)).toContain('<a ');
    expect(textToHtml('a '.repeat(2_100) + address)).not.toContain('<a ');
    expect(textToHtml('a\n'.repeat(262_000) + address)).toContain('<a ');
    expect(textToHtml('a\n'.repeat(263_000) + address)).not.toContain('<a ');
  });

  test.each(['a', '<', '(', '@', '.', '>', 'http://', 'a@a.', 'www.a.', 'http://a/(', '\n', '> ', '-- \n', '"'])(
    'grows no faster than 64 KB of %j',
    piece => {
      // Every character costs at most its escape or its share of a tag; a blow-up would show here.
      const given = piece.repeat(Math.ceil(65_536 / piece.length));
      expect(textToHtml(given).length).toBeLessThan(given.length * 12);
    },
  );
});

describe('htmlToText', () => {
  test.each([
    ['<p>One<br>two</p><p>three</p>', 'One\ntwo\n\nthree'],
    ['<style>p{}</style><script>x</script><title>t</title>a', 'a'],
    ['<h1>Head</h1>text', 'Head\n\ntext'],
    [
      '<a href="http://x.y/">here</a> <a href="http://x.y/">http://x.y/</a> <a href="#a">top</a>',
      'here [http://x.y/] http://x.y/ top',
    ],
    ['<img src="cid:a" alt="Logo"><img src="http://x.y/">', 'Logo'],
    ['<ul><li>a<li>b</ul>', '* a\n * b'],
    ['<blockquote>a<br>b</blockquote>', '> a\n> b'],
    ['<pre>a  b\n  c</pre>', 'a  b\n  c'],
    ['&lt;b&gt; &amp;', '<b> &'],
    // Cells stay apart, rows stand under one another.
    ['<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>', 'a  b\n1  2'],
    ['<table><tr><td colspan="1000000000" rowspan="1000000000">a</td></tr></table>', 'a'],
    ['', ''],
  ])('reads %s', (html, expected) => {
    expect(htmlToText(html)).toBe(expected);
  });

  test('reads the beginning of what is too long or has too many tags', () => {
    expect(htmlToText(`${'a '.repeat(200_000)}end`)).not.toContain('end');
    expect(htmlToText(`${'<b>'.repeat(100_000)}end`)).toBe('…');
    expect(htmlToText(`${'<br>'.repeat(9_000)}end`)).toBe('end');
  });

  test('leaves no run of empty lines and no space at a line end', () => {
    expect(htmlToText('<p>a</p><br><br><br><div></div><p>b</p>\u00a0<p>c</p>')).toBe('a\n\nb\n\nc');
  });
});

test.each([
  ['http://x.y', 'http://x.y/'],
  ['HTTPS://user:secret@X.Y/a b', 'https://x.y/a%20b'],
  ['mailto:a@x.y', 'mailto:a@x.y'],
  ['javascript:alert(1)', null],
  ['java\tscript:alert(1)', null],
  ['/a', null],
  ['', null],
])('outwardUrl takes absolute addresses of the web and of mail: %j', (given, expected) => {
  expect(outwardUrl(given)).toBe(expected);
});

/** What a reader sees of our own output. */
function shown(html: string): string {
  const marks: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
  return html.replace(/<[^>]*>/g, '').replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => marks[name]!);
}
