import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filesOf, labelsIn, leavingLetter, letterText, signatureLetter, textToLetter } from '../views/letter.ts';
import { quotable, safeLetter } from '../views/safe-html.ts';

describe('safeLetter', () => {
  test.each([
    // What the editor writes comes out as it went in.
    ['<div>a <b>b</b> <i>c</i> <u>d</u> <s>e</s><br></div>', '<div>a <b>b</b> <i>c</i> <u>d</u> <s>e</s><br /></div>'],
    ['<ul><li>one</li></ul><ol start="3"><li>two</li></ol>', '<ul><li>one</li></ul><ol start="3"><li>two</li></ol>'],
    ['<blockquote class="quote"><div>q</div></blockquote>', '<blockquote class="quote"><div>q</div></blockquote>'],
    ['<div class="signature">s</div>', '<div class="signature">s</div>'],
    ['<a href="https://x.example/a?b&amp;c">l</a>', '<a href="https://x.example/a?b&amp;c">l</a>'],
    ['<img src="cid:i-1" alt="A" width="9">', '<img alt="A" width="9" src="cid:i-1" />'],
    ['<span style="color:#c00;font-size:14px">r</span>', '<span style="color:#c00;font-size:14px;">r</span>'],
    // Names, places on the page and what loads do not stay.
    ['<p id="content" class="toast signature x" name="key">a</p>', '<p>a</p>'],
    ['<div class="compose-form">a</div>', '<div>a</div>'],
    ['<p style="position:absolute;top:0;opacity:0;float:left;color:red">a</p>', '<p style="color:red;">a</p>'],
    ['<p style="margin-left:-900px;margin-top:1em;text-indent:-99px">a</p>', '<p style="margin-top:1em;">a</p>'],
    ['<p style="background:url(https://x.example/t)">a</p>', '<p>a</p>'],
    ['<a href="javascript:alert(1)">a</a><a href="/logout">b</a>', '<a>a</a><a>b</a>'],
    ['<script>alert(1)</script><style>p{color:red}</style><p onclick="x()">a</p>', '<p>a</p>'],
    ['<form action="https://x.example"><input name="a"><button>b</button></form>', 'b'],
    ['<p hx-get="/x" data-hx-post="/y" hx-on:click="z()">a</p>', '<p>a</p>'],
    ['<section><header>a</header></section>', '<div><div>a</div></div>'],
    // An image elsewhere keeps its address, where nothing loads it; a pixel that counts readers goes.
    ['<img src="https://x.example/a.png" alt="A">', '<img alt="A" data-remote="https://x.example/a.png" />'],
    ['<img data-remote="https://x.example/a.png">', '<img data-remote="https://x.example/a.png" />'],
    ['<img data-remote="javascript:x">', '<img />'],
    ['<img src="https://x.example/t.gif" width="1" height="1">', '<img width="1" height="1" />'],
    ['<img src="data:image/png;base64,AAAA">', '<img />'],
    ['<img src="cid:../x"><img src="cid:UPPER"><img src="blob:null/1">', '<img /><img /><img />'],
  ])('of %s leaves %s', async (given, left) => {
    expect(await safeLetter(given)).toBe(left);
  });

  test('changes nothing the second time, whatever it was given', async () => {
    const pieces = fc.constantFrom(
      ...[
        '<b>',
        '</b>',
        '<p style="color:red;',
        '">',
        '<img src=',
        '"cid:i-1"',
        '<!--',
        '-->',
        '&lt;',
        '<svg>',
        '<table>',
      ],
      ...[
        '<td>',
        '<a href="https://x.example',
        "'",
        '"',
        '<blockquote class="quote">',
        'text',
        '<style>',
        '</style>',
        '\0',
      ],
    );
    const markup = fc.array(pieces, { maxLength: 30 }).map(list => list.join(''));
    await fc.assert(
      fc.asyncProperty(markup, async given => {
        const once = await safeLetter(given);
        expect(await safeLetter(once)).toBe(once);
      }),
    );
  });

  test('takes nothing live of the published attacks, and the same of them a second time', async () => {
    const lines = readFileSync(new URL('./corpus/xss.jsonl', import.meta.url), 'utf8')
      .split('\n')
      .filter(Boolean);
    for (const line of lines) {
      const once = await safeLetter(JSON.parse(line).html);
      expect(once).not.toMatch(/<(?:script|style|iframe|object|embed|svg|form|input|base|meta|link)\b/i);
      expect(once).not.toMatch(/<[^>]* (?:on\w+|hx-[\w-]+|id|name|srcdoc|formaction)=/i);
      expect(await safeLetter(once)).toBe(once);
    }
  });

  test('of markup too long to keep is an error, not a shorter letter', async () => {
    await expect(safeLetter('x'.repeat(2_000_001))).rejects.toThrow('too long');
  });

  test('prepares large letters beside the thread that answers others', async () => {
    const large = '<p>word</p>'.repeat(20_000);
    expect(await safeLetter(large)).toBe(large);
  });
});

test('quotable names the images of a mail by labels of the letter, and leaves out those it has not', async () => {
  const mail = '<style>p{}</style><p>x<img src="cid:a%40b"><img src="cid:none"><img src="https://x.example/p.png"></p>';
  expect(await quotable(mail, id => (id === 'a@b' ? 'related-1-2' : null))).toBe(
    '<p>x<img src="cid:related-1-2" /><img /><img data-remote="https://x.example/p.png" /></p>',
  );
});

describe('textToLetter', () => {
  test.each([
    ['a\n\nb <c>\n', '<div>a</div><div><br></div><div>b &lt;c&gt;</div>'],
    [
      'x\n> a\n>> b\n> c\ny',
      '<div>x</div><blockquote class="quote"><div>a</div><blockquote class="quote"><div>b</div></blockquote><div>c</div></blockquote><div>y</div>',
    ],
    [
      'Hi\n\n-- \nAnn\n+46\n\nBo wrote:\n> q',
      '<div>Hi</div><div><br></div><div class="signature"><div>-- </div><div>Ann</div><div>+46</div></div><div><br></div><div>Bo wrote:</div><blockquote class="quote"><div>q</div></blockquote>',
    ],
    ['', '<div><br></div>'],
  ])('of %j is %s', (text, markup) => {
    expect(textToLetter(text)).toBe(markup);
  });

  test('and letterText give the text back', async () => {
    const text = 'Dear Bo,\n\nas you said:\n> one\n> > two\n\nYes.\n\n-- \nAnn\n';
    expect(letterText(await safeLetter(textToLetter(text)))).toBe(text);
  });

  test('is linear in its text', async () => {
    expect(textToLetter('-- \n\n'.repeat(50_000)).length).toBeGreaterThan(1_000_000);
    expect(textToLetter(`${'\n'.repeat(300_000)}x`).length).toBeGreaterThan(1_000_000);
  });
});

test('letterText writes out links, lists and quotes', () => {
  const markup =
    '<p>See <a href="https://x.example/p">the <b>plan</b></a>:</p><ul><li>one</li><li>two</li></ul><ol><li>first</li></ol><blockquote>said</blockquote><p><img src="cid:i" alt="Map"></p>';
  expect(letterText(markup)).toBe(
    'See the plan [https://x.example/p]:\n\n * one\n * two\n\n 1. first\n\n> said\n\nMap\n',
  );
});

test('signatureLetter is the markup where there is one, else the lines', () => {
  expect(signatureLetter({ signature: '', signatureHtml: '' })).toBeNull();
  expect(signatureLetter({ signature: 'A <b>', signatureHtml: '' })).toBe(
    '<div class="signature"><div>-- </div><div>A &lt;b&gt;</div></div>',
  );
  expect(signatureLetter({ signature: 'A', signatureHtml: '<b>A</b>' })).toBe(
    '<div class="signature"><div>-- </div><b>A</b></div>',
  );
});

describe('the images of a letter', () => {
  const uploads = ['', 'i-1', 'i-2', 'related-2'].map(label => ({ label }));
  const names = (markup: string | null) => {
    const { within, beside } = filesOf(markup, uploads);
    return [within.map(u => u.label), beside.map(u => u.label)];
  };
  test('are within it, beside it in plain text, or not sent', () => {
    expect(names('<img src="cid:i-1" /><img src="cid:related-2" />')).toEqual([['i-1', 'related-2'], ['']]);
    expect(names(null)).toEqual([[], ['', 'i-1', 'i-2']]);
    expect(names('<p>said: src="cid:i-2"</p>')).toEqual([[], ['']]);
    expect([...labelsIn('<p> src="cid:i-9"</p><img alt="x" src="cid:i-3" />')]).toEqual(['i-3']);
  });

  test('leave by Content-ID or address; words that look like one stay words', () => {
    const markup =
      '<p> src="cid:i-1" data-remote="x"</p><img src="cid:i-1" /><img src="cid:i-9" /><img alt="a" data-remote="https://x.example/" />';
    expect(leavingLetter(markup, new Map([['i-1', 'i-1.z@example.org']]))).toBe(
      '<p> src="cid:i-1" data-remote="x"</p><img src="cid:i-1.z@example.org" /><img /><img alt="a" src="https://x.example/" />',
    );
  });
});
