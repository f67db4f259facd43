import { indexWords, queryWords } from '../mail/words.ts';
import { list, run, type Work } from './sql.ts';

/** What is offered by its words: a contact, somebody written to before, a group. */
export type PersonKind = 'contact' | 'correspondent' | 'group';

/** More words name nobody; fewer keep a hostile card cheap. */
const mostWords = 60;
const mostAsked = 6;

export function* rememberWords(accountId: number, kind: PersonKind, id: number, texts: string[]): Work<void> {
  const words = new Set(indexWords(texts.join(' ')).split(' ').filter(Boolean));
  for (const word of [...words].slice(0, mostWords))
    yield* run('insert into person_word (account_id, word, kind, ref_id) values (?,?,?,?)', accountId, word, kind, id);
}

export function* forgetWords(kind: PersonKind, ids: number[]): Work<void> {
  yield* run(`delete from person_word where kind = ? and ref_id in ${list(ids)}`, kind, ...ids);
}

/** The longest first: it is the one that narrows most. */
export const wordsAsked = (text: string): string[] =>
  [...new Set(queryWords(text.slice(0, 200)).map(word => word.replace(/\*$/, '')))]
    .sort((a, b) => b.length - a.length)
    .slice(0, mostAsked);

/** Bounds of all words that begin so. */
export const prefixOf = (word: string): [string, string] => [word, `${word}\u{10ffff}`];
