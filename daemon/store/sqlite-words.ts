import type { IndexText } from '../mail/index-text.ts';
import { type IndexQuery, row, type Work } from './sql.ts';

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

/**
 * The owner stands first: everything else is looked up among their messages. Every word is quoted, and words hold
 * letters and digits only, so nothing a person typed is an operator here.
 */
export function matchText(accountId: number, query: IndexQuery): string {
  const owner = `owner : "${ownerToken(accountId)}"`;
  const expression = (q: IndexQuery): string => {
    if ('fact' in q) return `(facts : ${quoted([q.fact])})`;
    if ('words' in q) return `({${q.in.map(column => columnOf[column]).join(' ')}} : ${quoted(q.words)})`;
    if ('not' in q) return `(${owner} NOT ${expression(q.not)})`;
    const [parts, sign] = 'all' in q ? [q.all, ' AND '] : [q.any, ' OR '];
    if (parts.length > 0) return `(${parts.map(expression).join(sign)})`;
    // All of nothing is everything; one of nothing is nothing.
    return 'all' in q ? `(${owner})` : `(${owner} NOT ${owner})`;
  };
  return `(${owner}) AND ${expression(query)}`;
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
  let after = start;
  while (found.length < most) {
    const next = (yield* row<{ term: string }>(
      'select term from message_vocabulary where term > ? and term < ? limit 1',
      after,
      end,
    ))?.term;
    if (next === undefined) break;
    const continuation = next.slice(start.length);
    if (!digits && /^\d/.test(continuation)) after = `${start}:`;
    else {
      found.push(next);
      after = next;
    }
  }
  return found;
}
