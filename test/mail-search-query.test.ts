import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type ParsedSearch,
  parseSearch,
  type Query,
  type SearchContext,
  searchFields,
  wordsSought,
  writeSearch,
} from '../daemon/mail/search-query.ts';
import { matchText } from '../daemon/store/sqlite-words.ts';

const now = Date.UTC(2026, 10, 25, 15);
const context: SearchContext = {
  now,
  me: 'ann@example.org',
  folderId: name => ({ inbox: 1, trash: 2, 'my things': 3, drafts: 'drafts' as const })[name.toLowerCase()] ?? null,
  labelId: name => ({ work: 7, 'far away': 8 })[name.toLowerCase()] ?? null,
  startOfDay: (year, month, day) => Date.UTC(year, month - 1, day),
};
const parse = (typed: string): ParsedSearch => parseSearch(typed, context);

/** As short as a table wants it: words stand as `field:word+word`, a beginning with `*`. */
function short(query: Query | null): string {
  switch (query?.kind) {
    case undefined:
      return '';
    case 'and':
    case 'or':
      return `${query.kind}(${query.of.map(short).join(', ')})`;
    case 'not':
      return `not ${short(query.of)}`;
    case 'words':
      return `${query.in}:${query.words.join('+')}${query.begins ? '*' : ''}`;
    case 'folder':
    case 'label':
      return `${query.kind} ${query.id}`;
    case 'mark':
      return query.mark;
    case 'attachment':
    case 'muted':
    case 'snoozed':
      return query.kind;
    case 'messageId':
      return `id ${query.id}`;
    case 'recipient':
      return `sent ${query.part}`;
    case 'larger':
    case 'smaller':
      return `${query.kind} ${query.octets}`;
    case 'before':
    case 'since':
      return `${query.kind} ${new Date(query.at).toISOString().replace(/T00:00:00.000Z|:00.000Z/, '')}`;
  }
}

describe('parseSearch', () => {
  it.each([
    ['invoice', 'any:invoice*'],
    ['  Invoice   March ', 'and(any:invoice*, any:march*)'],
    // two letters begin too much; quotes ask for the word itself
    ['of', 'any:of'],
    ['"invoice"', 'any:invoice'],
    ['"annual report"', 'any:annual+report'],
    ['“annual report”', 'any:annual+report'],
    ['"open end', 'any:open+end'],
    ['e-mail', 'any:e+mail*'],
    // scripts without spaces: pairs are whole, one character begins
    ['会議', 'any:会議'],
    ['会', 'any:会*'],
    // operators, in any case
    ['from:ann', 'from:ann*'],
    ['from:me -to:Me cc:(me)', 'and(from:ann+example+org, not to:ann+example+org, cc:ann+example+org)'],
    ['from:"me" subject:me me', 'and(from:me, subject:me, any:me)'],
    ['FROM:Ann@Example.org', 'from:ann+example+org*'],
    ['from:"ann lind"', 'from:ann+lind'],
    ['to:bo cc:cy people:dee', 'and(to:bo, cc:cy, people:dee*)'],
    ['subject:x filename:report.pdf', 'and(subject:x, files:report+pdf*)'],
    ['in:inbox', 'folder 1'],
    ['in:"My things"', 'folder 3'],
    ['label:work -label:"Far away"', 'and(label 7, not label 8)'],
    // a label where a folder is asked for, and the other way round
    ['in:work label:inbox -in:"far away"', 'and(label 7, folder 1, not label 8)'],
    ['in:anywhere x', 'and(and(), any:x)'],
    ['in:snoozed is:muted -is:Snoozed', 'and(snoozed, muted, not snoozed)'],
    ['list:dev.lists.example.org', 'people:dev+lists+example+org*'],
    ['bcc:Bo@x.org', 'and(sent bo@x.org, not to:bo+x+org*)'],
    ['rfc822msgid:<a+1@x.org> rfc822msgid:b@x', 'and(id a+1@x.org, id b@x)'],
    ['is:unread', 'not seen'],
    ['is:read is:starred', 'and(seen, flagged)'],
    ['is:answered is:forwarded', 'and(answered, forwarded)'],
    ['has:attachment has:attachments', 'and(attachment, attachment)'],
    // sizes
    ['larger:5M', 'larger 5000000'],
    ['larger:2.5mb', 'larger 2500000'],
    ['smaller:500k', 'smaller 500000'],
    ['smaller:1g', 'smaller 1000000000'],
    ['larger:12000', 'larger 12000'],
    ['size:1M', 'larger 1000000'],
    // dates and ages
    ['before:2026-11-25', 'before 2026-11-25'],
    ['after:2026/2/1', 'since 2026-02-01'],
    ['after:2026-02', 'since 2026-02-01'],
    ['before:2026', 'before 2026-01-01'],
    ['after:today', 'since 2026-11-25'],
    ['before:yesterday', 'before 2026-11-24'],
    ['after:30d', 'since 2026-10-26T15:00'],
    ['newer:2026-02-01 older:2026/3/1', 'and(since 2026-02-01, before 2026-03-01)'],
    ['older_than:1y', 'before 2025-11-25T15:00'],
    ['newer_than:2w', 'since 2026-11-11T15:00'],
    ['newer_than:3m', 'since 2026-08-25T15:00'],
    // not, or, groups; OR is closer than standing side by side
    ['-reminder', 'not any:reminder*'],
    ['-from:ann', 'not from:ann*'],
    ['-is:unread', 'not not seen'],
    ['-"a b"', 'not any:a+b'],
    ['ann OR bob', 'or(any:ann*, any:bob*)'],
    ['spade ann OR bob rake', 'and(any:spade*, or(any:ann*, any:bob*), any:rake*)'],
    ['one OR two OR six', 'or(any:one*, any:two*, any:six*)'],
    ['(ann bob) OR cat', 'or(and(any:ann*, any:bob*), any:cat*)'],
    ['-(ann bob)', 'not and(any:ann*, any:bob*)'],
    ['from:(ann OR bob)', 'or(from:ann*, from:bob*)'],
    ['subject:(x to:y)', 'and(subject:x, to:y)'],
    ['oranges', 'any:oranges*'],
    ['ann AND bob OR cat', 'and(any:ann*, or(any:bob*, any:cat*))'],
    ['label:(work OR "far away")', 'or(label 7, label 8)'],
    ['is:(unread starred)', 'and(not seen, flagged)'],
    // slips of the finger around it
    ['AND ann AND', 'any:ann*'],
    ['ann OR AND bob', 'and(any:ann*, any:bob*)'],
    ['android', 'any:android*'],
    // slips of the finger
    ['OR ann', 'any:ann*'],
    ['ann OR', 'any:ann*'],
    ['ann OR OR bob', 'or(any:ann*, any:bob*)'],
    ['(ann', 'any:ann*'],
    ['ann)', 'any:ann*'],
    ['()', ''],
    [':-) ( ann', 'any:ann*'],
    ['- ann', 'any:ann*'],
    ['***', ''],
    ['', ''],
    // what is no operator is a word
    ['http://example.org', 'any:http+example+org*'],
    ['re:ann', 'any:re+ann*'],
    ['NEAR(ann bob)', 'and(any:near*, and(any:ann*, any:bob*))'],
  ])('%j asks for %s', (typed, expected) => {
    expect(short(parse(typed).query)).toBe(expected);
    expect(parse(typed).mistakes).toEqual([]);
  });

  it.each([
    ['before:soon x', 'date', 'before:soon'],
    ['after:2026-02-30 x', 'date', 'after:2026-02-30'],
    ['before:2026-13 x', 'date', 'before:2026-13'],
    ['before:0000 x', 'date', 'before:0000'],
    ['older_than:2026-01-01 x', 'age', 'older_than:2026-01-01'],
    ['newer_than:7 x', 'age', 'newer_than:7'],
    ['larger:big x', 'size', 'larger:big'],
    ['smaller:-1 x', 'size', 'smaller:-1'],
    ['is:constructor x', 'is', 'is:constructor'],
    ['has:wings x', 'has', 'has:wings'],
    ['-in:nowhere x', 'folder', '-in:nowhere'],
    ['in:drafts x', 'drafts', 'in:drafts'],
    ['label:play x', 'label', 'label:play'],
    ['label:anywhere x', 'label', 'label:anywhere'],
    ['label:drafts x', 'label', 'label:drafts'],
    ['label:snoozed x', 'label', 'label:snoozed'],
    ['label:(play) x', 'label', 'play', 'label'],
    ['x from:', 'empty', 'from:'],
    ['subject:"" x', 'empty', 'subject:""'],
  ])(
    '%j tells what is wrong, and asks for the rest',
    (typed, why, left, operator = left.replace(/^-/, '').split(':')[0]) => {
      const { query, mistakes } = parse(typed);
      expect(short(query)).toBe('any:x');
      expect(mistakes).toEqual([{ why, typed: left, operator }]);
    },
  );

  it.each([
    ['category:promotions', 'any:category+promotions*', 'category'],
    ['-Category:"two words"', 'not any:category+two+words', 'category'],
    ['category:(a OR b)', 'and(any:category*, or(any:a, any:b))', 'category'],
    ['constructor:x', 'any:constructor+x', 'constructor'],
    ['__proto__:x', 'any:proto+x', '__proto__'],
  ])('%j is told to be no operator, and is asked for as text', (typed, expected, operator) => {
    const { query, mistakes } = parse(typed);
    expect(short(query)).toBe(expected);
    expect(mistakes).toEqual([{ why: 'unknown', typed: typed.replace(/\(.*/, ''), operator }]);
  });

  it('parseSearch reads so much, and tells that it was more', () => {
    const why = (typed: string) => parse(typed).mistakes.map(m => m.why);
    expect(why('x '.repeat(400))).toEqual(['many']);
    expect(why(`${'x'.repeat(1001)}`)).toEqual(['long']);
    expect(why(`${'('.repeat(11)}x${')'.repeat(11)} y`)).toEqual(['deep']);
    expect(short(parse(`${'('.repeat(12)}x${')'.repeat(12)} y`).query)).toBe('and(any:x, any:y)');
  });

  const pieces = fc.oneof(
    fc.constantFrom('(', ')', 'OR', '-', '"', ' ', ':', '*', '“', '\u0000', "'", ';', '--', '\ud800', '会', 'x'),
    fc.constantFrom(
      'from:',
      'in:inbox',
      'is:unread',
      'before:',
      '2026-11-25',
      'larger:5M',
      'NOT',
      'AND',
      'NEAR',
      'label:',
      'category:',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const anything = fc.array(pieces, { maxLength: 300 }).map(all => all.join(''));

  test('of anything a bounded tree is made, in which nothing typed is a sign of the index’s language', () => {
    fc.assert(
      fc.property(anything, typed => {
        const { query } = parse(typed);
        const sought = allWords(query);
        expect(sought.length).toBeLessThanOrEqual(40);
        for (const { words } of sought)
          for (const word of words) expect(word).toMatch(/^(?:[a-z0-9]|[^\u0000-\u007f])+$/u);
        const stretch = { from: 0, to: 9, level: 0 };
        const text = matchText(7, { all: sought.map(({ words }) => ({ words, in: ['subject', 'body'] })) }, stretch);
        // What is left without the quoted words is ours alone.
        expect(text.replace(/"[^"]*"/g, '""')).toMatch(
          /^(\(|\)| AND | OR | NOT |facts : ""|owner : ""|\{subject body\} : "")*$/,
        );
      }),
      { numRuns: 500 },
    );
  });

  test('writeSearch writes what searchFields read, and it asks for the same', () => {
    fc.assert(
      fc.property(anything, typed => {
        const short1 = typed.slice(0, 400);
        const again = writeSearch(searchFields(short1));
        const asked = (text: string) => parts(parse(text).query).sort();
        expect(asked(again)).toEqual(asked(short1));
        expect(writeSearch(searchFields(again))).toBe(again);
      }),
      { numRuns: 500 },
    );
  });
});

const allWords = (query: Query | null): { words: string[] }[] => {
  if (query?.kind === 'words') return [query];
  if (query?.kind === 'not') return allWords(query.of);
  return query?.kind === 'and' || query?.kind === 'or' ? query.of.flatMap(allWords) : [];
};
const parts = (query: Query | null): string[] =>
  query?.kind === 'and' && query.of.length > 0 ? query.of.map(short) : [short(query)];

describe('searchFields and writeSearch', () => {
  it.each([
    ['from:ann in:inbox garden', { from: 'ann', in: 'inbox', words: 'garden' }, 'from:ann in:inbox garden'],
    [
      'spade subject:"two words" -rake',
      { subject: 'two words', words: 'spade', without: 'rake' },
      'subject:"two words" -rake spade',
    ],
    // a second one, one that must not be, and what no field is for
    ['from:ann from:bob', { from: 'ann', words: 'from:bob' }, 'from:ann from:bob'],
    ['-from:ann label:x', { label: 'x', words: '-from:ann' }, 'label:x -from:ann'],
    // what the form cannot say stays as it is
    ['from:ann OR spade', { words: 'from:ann OR spade' }, 'from:ann OR spade'],
  ])('%j', (typed, fields, written) => {
    const read = searchFields(typed);
    expect(Object.fromEntries(Object.entries(read).filter(([, value]) => value !== ''))).toEqual(fields);
    expect(writeSearch(read)).toBe(written);
  });

  it('writeSearch quotes what would be read otherwise', () => {
    const blank = searchFields('');
    expect(writeSearch({ ...blank, from: 'ann "the" lind', in: 'My (old) things' })).toBe(
      'from:"ann the lind" in:"My (old) things"',
    );
    expect(writeSearch({ ...blank, without: 'two words "and these"', words: 'x' })).toBe('-two -words -"and these" x');
  });
});

test('wordsSought are those that must be there', () => {
  const sought = wordsSought(parse('ann -bob (from:cat OR "dog day") -(elk fox)').query);
  expect(sought.map(short)).toEqual(['any:ann*', 'from:cat*', 'any:dog+day']);
});
