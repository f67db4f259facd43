import type { IndexText } from '../mail/index-text.ts';
import { type IndexQuery, row, type Stretch, type Work } from './sql.ts';

/** The columns of the full-text index, and questions to it in FTS5's language. */
export const columnOf: Record<keyof IndexText, string> = {
  subject: 'subject',
  from: 'sender',
  to: 'recipients',
  cc: 'copies',
  files: 'files',
  body: 'body',
};
export const textColumns = Object.keys(columnOf) as (keyof IndexText)[];

/** In a column that no text of a user's reaches, as the facts are. */
export const ownerToken = (accountId: number): string => `u${accountId}`;

/** A stretch of level n holds this power of two of ids, from a multiple of it on. */
const stretchPowers = [14, 16, 18, 20];
export const stretchLevels = stretchPowers.length;

/**
 * FTS5 looks for the first match of an AND from the newest message on, whatever range of ids it was asked for. So the
 * range is part of the question: every message has a mark for the stretches it lies in.
 */
export const stretchMarks = (id: number): string[] => stretchPowers.map((_, level) => stretchMark(id, level));

const stretchMark = (id: number, level: number): string => `s${level}x${Math.floor(id / 2 ** stretchPowers[level]!)}`;

export function stretchBefore(id: number, level: number): Stretch {
  const length = 2 ** stretchPowers[level]!;
  return { from: Math.floor((id - 1) / length) * length, to: id, level };
}

/**
 * The stretch stands first, then the owner: everything else is looked up among these, also behind every NOT and in
 * every OR. Every word is quoted, and words hold letters and digits only, so nothing typed is an operator here.
 */
export function matchText(accountId: number, query: IndexQuery, { from, level }: Stretch): string {
  const scope = `facts : ${quoted([stretchMark(from, level)])} AND owner : ${quoted([ownerToken(accountId)])}`;
  const expression = (q: IndexQuery): string => {
    if ('fact' in q) return `(facts : ${quoted([q.fact])})`;
    if ('words' in q) return `({${q.in.map(column => columnOf[column]).join(' ')}} : ${quoted(q.words)})`;
    if ('not' in q) return `((${scope}) NOT ${expression(q.not)})`;
    if ('all' in q) return `(${[scope, ...q.all.map(expression)].join(' AND ')})`;
    // One of nothing is nothing.
    return q.any.length > 0 ? `(${q.any.map(expression).join(' OR ')})` : `((${scope}) NOT (${scope}))`;
  };
  return expression({ all: [query] });
}

const quoted = (words: string[]): string => `"${words.map(w => w.replaceAll('"', '')).join(' ')}"`;

/**
 * From word to word by the index of words itself: FTS5 would gather every message of every such word before the first
 * is found. A letter continues a word, and a digit a number; names of files made of both would crowd out the rest.
 */
export function* beginnings(start: string, most: number): Work<string[]> {
  const found: string[] = [];
  const digits = /\d$/.test(start);
  const end = `${start}\u{10ffff}`;
  // Below every character of a word: all that follows `start` itself, whose messages would be gone through.
  let from = `${start}\u0001`;
  while (found.length < most) {
    const sql = 'select term from message_vocabulary where term >= ? and term <= ? limit 1';
    const next = (yield* row<{ term: string }>(sql, from, end))?.term;
    if (next === undefined) break;
    const isOther = !digits && /^\d/.test(next.slice(start.length));
    if (!isOther) found.push(next);
    from = isOther ? `${start}:` : `${next}\u0001`;
  }
  return found;
}
