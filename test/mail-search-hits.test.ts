import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { excerptAround, hitRanges } from '../daemon/mail/search-hits.ts';
import { parseSearch, wordsSought } from '../daemon/mail/search-query.ts';
import { marked } from '../views/marked.ts';
import { textToHtml } from '../views/text.ts';

const sought = (typed: string) =>
  wordsSought(
    parseSearch(typed, { now: 0, me: '', folderId: () => null, labelId: () => null, startOfDay: () => 0 }).query,
  );

function shown(text: string, typed: string): string {
  let out = '';
  let at = 0;
  for (const { from, to } of hitRanges(text, sought(typed))) {
    out += `${text.slice(at, from)}[${text.slice(from, to)}]`;
    at = to;
  }
  return out + text.slice(at);
}

describe('hitRanges', () => {
  it.each([
    ['The garden, the Gardens', 'garden', 'The [garden], the [Gardens]'],
    ['The garden, the gardens', '"garden"', 'The [garden], the gardens'],
    ['kindergarten garden', 'garten', 'kindergarten garden'],
    ['annual report, report annual', '"annual report"', '[annual report], report annual'],
    // as the index sees it
    ['Grüße aus Köln, STRASSE', 'gruße koln straße', '[Grüße] aus [Köln], [STRASSE]'],
    ['cafe\u0301 café', 'cafe', '[cafe\u0301] [café]'],
    ['明日の会議は十時', '会議', '明日の[会議]は十時'],
    ['明日の会議は十時', '明日の会議', '[明日の会議]は十時'],
    ['ﾃｽﾄ A会B', 'テスト', '[ﾃｽﾄ] A会B'],
    ['ann@example.org wrote', 'from:ann@example.org x', '[ann@example.org] wrote'],
    ['', 'x', ''],
    ['nothing', '', 'nothing'],
  ])('in %j for %j: %j', (text, typed, expected) => {
    expect(shown(text, typed)).toBe(expected);
  });

  test('of any text and any search are in order, and apart', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        (text, typed) => {
          let last = 0;
          for (const { from, to } of hitRanges(text, sought(`${typed} ${text.slice(3, 9)}`))) {
            expect(from).toBeGreaterThanOrEqual(last);
            expect(to).toBeGreaterThan(from);
            last = to;
          }
          expect(last).toBeLessThanOrEqual(text.length);
        },
      ),
    );
  });
});

test('hitRanges reads a text without spaces of any length', () => {
  const text = `${'\u4e2d'.repeat(300_000)}\u6771\u4eac`;
  expect(hitRanges(text, sought('\u6771\u4eac'))).toEqual([{ from: 300_000, to: 300_002 }]);
});

test('a text of ASCII, read the quick way, is marked as where an accent stands elsewhere in it', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abCD12-., @'), maxLength: 30 });
  fc.assert(
    fc.property(word, word, (text, typed) => {
      const some = sought(`${typed} ${text.slice(2, 6)}`);
      expect(hitRanges(text, some)).toEqual(hitRanges(`${text} …é`, some));
    }),
  );
});

describe('marked', () => {
  it('marked escapes every piece by itself', () => {
    expect(String(marked('<b>x</b> & "lt"', sought('b lt amp')))).toBe(
      '&lt;<mark>b</mark>&gt;x&lt;/<mark>b</mark>&gt; &amp; &quot;<mark>lt</mark>&quot;',
    );
    expect(String(marked('<script>', sought('script')))).toBe('&lt;<mark>script</mark>&gt;');
  });

  it('textToHtml marks in text, quotes and links, and never inside an address', () => {
    const text = 'see https://example.org/spade?a=spade\n> spade & <spade>';
    expect(textToHtml(text, sought('spade'))).toBe(
      '<div class="text">see <a href="https://example.org/spade?a=spade" target="_blank" rel="noopener noreferrer nofollow">https://example.org/<mark>spade</mark>?a=<mark>spade</mark></a><blockquote><mark>spade</mark> &amp; &lt;<mark>spade</mark>&gt;</blockquote></div>',
    );
  });

  test('marks taken out, it is the text without them', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 20 }), (text, typed) => {
        const html = textToHtml(text, sought(`${typed} ${text.slice(0, 4)}`));
        expect(html.replace(/<\/?mark>/g, '')).toBe(textToHtml(text));
      }),
    );
  });
});

describe('excerptAround', () => {
  const before = 'word '.repeat(100);
  it.each([
    ['The spade is here.', 'spade', 'The spade is here.'],
    [`${before}then the spade\n\nis  here`, 'spade', /^… word .* then the spade is here$/],
    [`${before}Grüße vom Spaten`, 'spaten', /^… word .* Grüße vom Spaten$/],
    [`spades ${before} spade`, '"spade"', /^… word .* spade$/],
    ['nothing of it', 'spade', null],
  ])('in %j for %j', (text, typed, expected) => {
    const excerpt = excerptAround(text, sought(typed));
    if (expected instanceof RegExp) expect(excerpt).toMatch(expected);
    else expect(excerpt).toBe(expected);
  });

  test('is short, whatever the text', () => {
    const excerpt = excerptAround(`${'x'.repeat(5000)} spade ${'y'.repeat(5000)}`, sought('spade'));
    expect(excerpt?.length).toBeLessThan(260);
  });
});
