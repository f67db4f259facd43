import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indexWords, queryWords } from '../daemon/mail/words.ts';
import { cpuMillis } from './cpu.ts';

describe('indexWords', () => {
  it.each([
    // ASCII: words, numbers, addresses apart
    ['Hello, World!', 'hello world'],
    ["don't john.smith@Example.org", 'don t john smith example org'],
    ['  ', ''],
    ['', ''],
    ['a_b-c 1,000', 'a b c 1 000'],
    // accents off, letters without parts, ligatures and wide forms
    ['Café Ångström naïve', 'cafe angstrom naive'],
    ['STRASSE Straße Łódź Øre', 'strasse strasse lodz ore'],
    ['ﬁne Ｗｉｄｅ ①', 'fine wide 1'],
    ['İstanbul ISTANBUL ısı', 'istanbul istanbul isi'],
    ['ΟΔΟΣ οδος Άλφα', 'οδοσ οδοσ αλφα'],
    ['Ёлка ёлка', 'елка елка'],
    // Indic vowel signs are part of the word
    ['हिन्दी', 'हिन्दी'],
    ['שָׁלוֹם', 'שלום'],
    // unspaced scripts in pairs, the last character once alone; Latin beside them a word of its own
    ['日本語', '日本 本語 語'],
    ['語', '語'],
    ['日本語、です', '日本 本語 語 です す'],
    ['カタカナー', 'カタ タカ カナ ナー ー'],
    ['ｶﾀｶﾅ', 'カタ タカ カナ ナ'],
    ['한국어', '한국 국어 어'],
    ['iPhone手机3', 'iphone 手机 机 3'],
    ['𠮷野家', '𠮷野 野家 家'],
    // what is no letter and no digit: signs, emoji, lone surrogates
    ['a😀b\u0000c\ud800d', 'a b c d'],
  ])('indexWords makes words of %j', (given, wanted) => {
    expect(indexWords(given)).toBe(wanted);
  });

  it('indexWords cuts long words, never inside a character', () => {
    expect(indexWords('a'.repeat(100))).toBe('a'.repeat(64));
    expect(indexWords(`a${'𐐨'.repeat(40)}`)).toBe(`a${'𐐨'.repeat(31)}`);
  });

  it.each(['a', 'é', '語', 'a ', '\u0301', 'ﷺ', '語a', '\ud800'])('indexWords is quick over 200,000 of %j', piece => {
    const started = process.cpuUsage();
    indexWords(piece.repeat(200_000));
    expect(cpuMillis(started)).toBeLessThan(2_000);
  });
});

describe('queryWords', () => {
  it.each([
    ['日本語', ['日本', '本語']],
    ['語', ['語']],
    ['Café del Mar', ['cafe', 'del', 'mar']],
    ['"NEAR(a b)" OR *', ['near', 'a', 'b', 'or']],
    ['', []],
  ])('queryWords gives the phrase %j', (given, wanted) => {
    expect(queryWords(given)).toEqual(wanted);
  });

  it('queryWords finds by FTS5 ascii whatever indexWords put in, as a phrase with an open end', () => {
    const db = new DatabaseSync(':memory:');
    db.exec("create virtual table t using fts5(body, tokenize='ascii')");
    const insert = db.prepare('insert into t(rowid, body) values (1, ?)');
    const find = db.prepare('select count(*) as n from t where t match ?');
    const piece = fc.constantFrom(
      '日',
      '本',
      '語',
      'です',
      'Wort',
      'é',
      ' ',
      ', ',
      '-',
      'ß',
      '7',
      'İ',
      '😀',
      'ก',
      '한',
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), fc.nat(11), fc.nat(11), (all, a, b) => {
        const asked = queryWords(all.slice(Math.min(a, b), Math.max(a, b) + 1).join(''));
        fc.pre(asked.length > 0);
        db.exec('delete from t');
        insert.run(indexWords(all.join('')));
        // A phrase cut out in the middle of a word of letters is no phrase of the index.
        const whole = ` ${indexWords(all.join(''))}`;
        fc.pre(asked.length > 1 ? whole.includes(` ${asked.join(' ')}`) : whole.includes(` ${asked[0]}`));
        expect(find.get(`"${asked.join(' ')}" *`)).toEqual({ n: 1 });
      }),
    );
  });
});
