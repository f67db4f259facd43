import { describe, expect, test } from 'vitest';
import en from '../views/words/en.json' with { type: 'json' };
import { type Language, languages } from '../views/words.ts';

type Entry = string | Record<string, string>;
const english: Record<string, Entry> = en;
const others = (Object.keys(languages) as Language[]).filter(language => language !== 'en');
const catalogueOf = (language: Language) => languages[language].catalogue as Record<string, Entry>;

/** Said alike in every language: names, and lists of words of all of them. */
const shared = new Set(['app.name', 'app.title', 'app.title.unread', 'compose.doubt.attachment.words']);

const formsOf = (entry: Entry): [form: string, text: string][] =>
  typeof entry === 'string' ? [['', entry]] : Object.entries(entry);
const slots = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(m => m[1]!);

describe.each(others)('the catalogue of %s', language => {
  const catalogue = catalogueOf(language);
  const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted();
  const entries = Object.entries(catalogue);

  test('has no key that English has not', () => {
    expect(entries.map(([key]) => key).filter(key => !(key in english) || shared.has(key))).toEqual([]);
  });

  test('has every key', () => {
    expect(Object.keys(english).filter(key => !(key in catalogue) && !shared.has(key))).toEqual([]);
  });

  test('has the plural forms of the language, and no others', () => {
    const wrong = entries.filter(([key, entry]) => {
      if (typeof entry === 'string') return typeof english[key] !== 'string';
      return Object.keys(entry).toSorted().join() !== categories.join();
    });
    expect(wrong.map(([key]) => key)).toEqual([]);
  });

  test('has the same places for values', () => {
    const wrong = entries.flatMap(([key, entry]) =>
      formsOf(entry)
        .filter(([form, text]) => !fits(english[key] ?? '', form, slots(text)))
        .map(([form]) => `${key} ${form}`),
    );
    expect(wrong).toEqual([]);
  });

  test('holds no markup and no straight quotation marks, and a space at an end where English has one at most', () => {
    const wrong = entries.filter(([key, entry]) => {
      const joins = typeof english[key] === 'string' && /^ .* $/.test(english[key]);
      return formsOf(entry).some(([, text]) => (joins ? /[<>&"]/ : /[<>&"]|^\s|\s$/).test(text));
    });
    expect(wrong.map(([key]) => key)).toEqual([]);
  });
});

/** A form for none, one or two may say the number in words, and leave out what English leaves out there. */
function fits(english: Entry, form: string, found: string[]): boolean {
  const wanted = slots(typeof english === 'string' ? english : (english.other ?? ''));
  const one = typeof english === 'string' ? wanted : slots(english.one ?? '');
  const needed = ['zero', 'one', 'two'].includes(form)
    ? wanted.filter(name => name !== 'n' && one.includes(name))
    : wanted;
  return found.every(name => wanted.includes(name)) && needed.every(name => found.includes(name));
}
