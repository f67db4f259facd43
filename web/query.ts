/** What a person types into the search field, read into a Search. Nothing typed is an error: what is no operator is a word. */
import { queryWords } from '../daemon/mail/words.ts';
import type { Search } from '../daemon/store.ts';

const day = 86_400_000;
/** More is no question a person asks. */
const mostTerms = 30;

type Term = Search['terms'][number];
type Token = { not: boolean; key: string; text: string };

/** Null: nothing can match, or nothing was asked. `folderId` finds a folder by the name after `in:`. */
export function parseQuery(typed: string, folderId: (name: string) => number | null, now: number): Search | null {
  const search: Search = {
    terms: [],
    folderId: null,
    unread: null,
    flagged: null,
    attachments: null,
    after: null,
    before: null,
  };
  const tokens = tokenize(typed.slice(0, 1000));
  let known = true;
  for (const token of tokens) {
    if (token.key === 'in') {
      search.folderId = folderId(token.text);
      known &&= search.folderId !== null;
    } else if (!restrict(search, token, now)) search.terms.push(...termsOf(token));
  }
  search.terms = search.terms.slice(0, mostTerms);
  // A search of only what must not be there has nothing to start from.
  const asks = search.terms.some(t => !t.not) || restrictions(search);
  return known && asks ? search : null;
}

const restrictions = (s: Search): boolean =>
  [s.folderId, s.unread, s.flagged, s.attachments, s.after, s.before].some(value => value !== null);

const operators = /^(from|to|cc|people|subject|in|is|has|before|after):/i;

function tokenize(typed: string): Token[] {
  const tokens: Token[] = [];
  for (const found of typed.matchAll(/(-?)([a-z]+:)?(?:"([^"]*)"?|(\S+))/giu)) {
    const [, minus = '', prefix = '', quoted, bare] = found;
    const known = operators.exec(prefix);
    const text = quoted ?? bare ?? '';
    if (known) tokens.push({ not: minus === '-', key: known[1]!.toLowerCase(), text });
    else tokens.push({ not: minus === '-', key: '', text: prefix + text });
  }
  return tokens;
}

/** Takes what narrows by a mark or a date; false: it is words. */
function restrict(search: Search, { key, text, not }: Token, now: number): boolean {
  const word = text.toLowerCase();
  if (key === 'is' && (word === 'unread' || word === 'read')) search.unread = (word === 'unread') !== not;
  else if (key === 'is' && (word === 'starred' || word === 'flagged')) search.flagged = !not;
  else if (key === 'has' && /^attachments?$/.test(word)) search.attachments = !not;
  else if (key === 'after' || key === 'before') return dated(search, key, word, now);
  else return false;
  return true;
}

/** `2024-01-31`, `2024-01`, `2024`, or so many days ago: `7d`. */
function dated(search: Search, key: 'after' | 'before', word: string, now: number): boolean {
  const ago = /^(\d{1,4})d$/.exec(word);
  const date = /^(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$/.exec(word);
  if (!ago && !date) return false;
  search[key] = ago
    ? now - Number(ago[1]) * day
    : Date.UTC(Number(date?.[1]), Number(date?.[2] ?? 1) - 1, Number(date?.[3] ?? 1));
  return true;
}

/** What stands between quotes is a phrase; what does not is its words, each for itself (one of several CJK bigrams is). */
function termsOf({ key, text, not }: Token): Term[] {
  const words = queryWords(text);
  if (words.length === 0) return [];
  return [{ words, in: fieldOf(key), not }];
}

const fieldOf = (key: string): Term['in'] =>
  key === 'subject' ? 'subject' : key === 'from' || key === 'to' || key === 'cc' || key === 'people' ? 'people' : 'any';
