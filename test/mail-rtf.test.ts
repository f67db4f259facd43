import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decompressRtf, MOST_RTF, readRtf } from '../daemon/mail/rtf.ts';
import { cutOut, TnefReader } from '../daemon/mail/tnef.ts';
import { packedRtf } from './tnef-writer.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const inRtf = (body: string, head = '') => Buffer.from(`{\\rtf1\\ansi\\ansicpg1252${head}\\deff0 ${body}}`, 'latin1');

describe('decompressRtf', () => {
  // The two of [MS-OXRTFCP] §4: a reference into the beginning, and one that reaches into what it brings.
  const simple = hex(
    '2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c09002062770' + '5b06c647d0a800fa0',
  );
  const crossing = hex('1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0');

  test.each([
    ['a simple text', simple, '{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n'],
    ['references that cross', crossing, '{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}'],
    ['literals alone', packedRtf('{\\rtf1 plain}'), '{\\rtf1 plain}'],
    [
      'what is not compressed',
      hex(`18000000 09000000 4d454c41 00000000 ${Buffer.from('{\\rtf1 a}rest').toString('hex')}`),
      '{\\rtf1 a}',
    ],
  ])('unpacks %s', (_, bytes, rtf) => {
    expect(decompressRtf(bytes, 1000)?.toString('latin1')).toBe(rtf);
  });

  test('reads a beginning as far as it goes, and no more than it may', () => {
    const whole = decompressRtf(simple, 1000)!;
    for (let to = 0; to <= simple.length; to++) {
      const part = decompressRtf(simple.subarray(0, to), 1000);
      if (to < 16) expect(part).toBeNull();
      else expect(whole.subarray(0, part!.length).equals(part!)).toBe(true);
    }
    for (let most = 0; most < 60; most++)
      expect(decompressRtf(crossing, most)!.length).toBe(Math.min(most, '{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}'.length));
  });

  test('is not led on by sizes that are claimed, and knows what it is not', () => {
    const lying = Buffer.from(simple);
    lying.writeUInt32LE(0xffffffff, 4);
    expect(decompressRtf(lying, MOST_RTF)!.length).toBeLessThan(300);
    expect(decompressRtf(Buffer.from('no compressed RTF at all'), 100)).toBeNull();
  });

  test('takes any octets', () => {
    let seed = 7;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647);
    for (let i = 0; i < 300; i++) {
      const bytes = Buffer.concat([
        simple.subarray(0, 16),
        Buffer.from(Array.from({ length: random() % 400 }, () => random() & 255)),
      ]);
      bytes.writeUInt32LE(5000, 4);
      const out = decompressRtf(bytes, 5000)!;
      expect(out.length).toBeLessThanOrEqual(5000);
      readRtf(Buffer.concat([Buffer.from('{\\rtf1 '), out]));
    }
  });
});

describe('readRtf', () => {
  const html = '\\fromhtml1 \\fbidis';

  test.each<[string, string]>([
    // The HTML as it was, and what RTF needs beside it left out.
    ['{\\*\\htmltag84 <b>}\\htmlrtf {\\b \\htmlrtf0 bold{\\*\\htmltag92 </b>}\\htmlrtf }\\htmlrtf0 ', '<b>bold</b>'],
    ['{\\*\\htmltag64}one\\htmlrtf\\par}\\htmlrtf0', 'one'],
    ['{\\*\\htmltag241 a \\{ b: c \\}}', 'a { b: c }'],
    ['{\\*\\htmltag1 \\par }x', '\nx'],
    ['{\\*\\mhtmltag84 <a href="other">}x', 'x'],
    ['\\htmlrtf {\\field{\\*\\fldinst{HYPERLINK "x"}}{\\fldrslt \\htmlrtf0 shown\\htmlrtf }\\htmlrtf0 }', 'shown'],
    // Text is no markup, whatever it looks like.
    ['1 < 2 & 3 > 2 <script>', '1 &lt; 2 &amp; 3 &gt; 2 &lt;script&gt;'],
    ["\\'3cimg src=x onerror=x\\'3e\\u60?\\u62?", '&lt;img src=x onerror=x&gt;&lt;&gt;'],
    ['a\\~b\\_c\\tab d\\line e', 'a\u00a0b\u00adc\td\ne'],
    // Letters: of the code page, of the font, by numbers with and without stand-ins.
    ['caf\\\'e9 {\\*\\htmltag64 <i title="\\\'e9">}', 'café <i title="é">'],
    ['\\u8364?\\u-10179?\\u-8704?', '€😀'],
    ["\\uc2\\u1055\\'cf\\'f0 x\\uc0\\u1055 y", 'П xПy'],
    ['\\lquote a\\rquote  \\ldblquote b\\rdblquote\\emdash\\bullet', '‘a’ “b”—•'],
  ])('takes the HTML out of %s', (body, text) => {
    expect(readRtf(inRtf(body, html))).toEqual({ type: 'text/html', text });
  });

  test.each<[string, string, string?]>([
    ['one\\par two\\line three', 'one\ntwo\nthree'],
    ['\\pard\\plain\\f0\\fs20 a {\\b bold} word\r\nof two lines', 'a bold wordof two lines'],
    ['1 < 2 & {\\*\\htmltag84 <b>}3', '1 < 2 & 3'],
    ['{\\colortbl\\red0;}{\\stylesheet{\\s1 Normal;}}{\\info{\\author Ann}}{\\*\\generator Riched20;}text', 'text'],
    ['{\\pict\\wmetafile8 0102030405}{\\object{\\*\\objdata 01}{\\result seen}}', 'seen'],
    ['{\\field{\\*\\fldinst HYPERLINK "http://a.example"}{\\fldrslt a link}}', 'a link'],
    ['a{\\v hidden}b{\\v x\\v0 y}c\\v z\\plain d', 'abycd'],
    ['{\\trowd\\cell}a\\cell b\\row c', '\ta\tb\nc'],
    ['\\bin4 {{{{x\\bin-5 y\\bin999999999 lost', 'xy'],
    // Letters of fonts; two octets that are one letter, in any writing.
    [
      "{\\fonttbl{\\f0\\fswiss\\fcharset0 Arial;}{\\f1\\fcharset204 Arial Cyr;}{\\f2\\fcharset128 Gothic;}}\\f1 \\'cf\\'f0\\f0 \\'e9\\f2 \\'93\\'fa\\'96\\{\\'93\r\n\\'fa",
      'Прé日本日',
    ],
    ["\\'cf\\'f0\\'e8", 'При', '\\ansicpg1251'],
    ["\\'8e\\u233\\'8e", 'éé', '\\mac'],
    // Code pages that nobody knows.
    ["caf\\'e9", 'café', '\\ansicpg99999'],
    ["caf\\'c3\\'a9", 'café', '\\ansicpg-1'],
    // What ends behind the last brace, and what is not ended at all.
    ['a}b}c', 'a'],
    ['{{{a', 'a'],
  ])('takes the words out of %s', (body, text, head = '') => {
    const read = readRtf(inRtf(body, head))!;
    expect(read.type).toBe('text/plain');
    expect(read.text).toBe(text);
  });

  test('takes text out that was put into RTF as text', () => {
    expect(readRtf(inRtf('a\\par\r\nb \\{c\\}', '\\fromtext'))).toEqual({ type: 'text/plain', text: 'a\nb {c}' });
  });

  test('says of other things that they are none', () => {
    for (const other of ['', 'text', '<html>', '{\\rt', '\\rtf1 x']) expect(readRtf(Buffer.from(other))).toBeNull();
  });

  test('reads what is cut at any place, and never lets text become markup', () => {
    const whole = inRtf("{\\*\\htmltag84 <b>}\\'3cx\\'3e\\u60?{\\*\\htmltag92 </b>}\\htmlrtf {\\b \\htmlrtf0 y}", html);
    for (let to = 0; to <= whole.length; to++) {
      const read = readRtf(whole.subarray(0, to));
      expect((read?.text ?? '').replace(/<\/?b?>?/g, '')).not.toMatch(/[<>]/);
    }
  });

  test.each([
    '{',
    '}{',
    '\\',
    '{\\*\\x ',
    "\\'e9\\f1 ",
    '\\par ',
    '&',
    '\\uc100\\u1 ',
    '{\\*\\htmltag64 <p>}x',
    'word ',
  ])('takes any number of %j in bounded work', piece => {
    const many = inRtf(piece.repeat(Math.ceil(MOST_RTF / piece.length)), html).subarray(0, MOST_RTF + 1000);
    const { text } = readRtf(many)!;
    expect(text.length).toBeLessThan(MOST_RTF + 400_000);
  });

  const corpus = `${process.env.MAIL_CORPUS ?? new URL('../../shared/corpus', import.meta.url).pathname}/mimekit-tnef`;
  test.skipIf(!existsSync(corpus))('reads the texts of the corpus', async () => {
    const found: Record<string, string> = {};
    for (const name of readdirSync(corpus)) {
      const bytes = readFileSync(`${corpus}/${name}`);
      const reader = new TnefReader();
      reader.push(bytes);
      for (const { body, from, to } of reader.end()!.filter(f => f.body !== null)) {
        const [octets] = await Array.fromAsync(cutOut(oneOf(bytes), from, to));
        const read =
          body === 'rtf' ? readRtf(decompressRtf(octets!, MOST_RTF)!) : { type: 'html', text: octets!.toString() };
        found[name] = `${read!.type} ${read!.text}`;
      }
    }
    expect(found['rtf.tnef']).toMatch(
      /^text\/plain \naafgag'alga'kgk\n[\s\S]*\n\\hge\n[\s\S]*Greg Allen\nSenior Engineer/,
    );
    expect(found['long-filename.tnef']).toMatch(/^text\/plain I've attached a temp\. license for QARun 4\.7\./);
    expect(found['multi-value-attribute.tnef']).toMatch(
      /^text\/html <html><head>\n<style [\s\S]*<a style="color: #3399ff; " href="tel:208225">208225<\/a>\.<\/div><br>/,
    );
    expect(found['body.tnef']).toMatch(/^html <!DOCTYPE HTML/);
    expect(Object.keys(found)).toHaveLength(9);
  });
});

async function* oneOf(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
