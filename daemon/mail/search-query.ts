/**
 * What a person types into the search field, read into a tree of conditions: `from:ann OR from:bo invoice -is:read`.
 *
 * Nothing typed is an error. What an operator cannot use is left out and told as a mistake; what is no operator is a
 * word. `OR` binds closer than standing side by side, as it does in Gmail. Time is linear, and the tree is bounded in
 * size and depth, so that whoever turns it into a query need not count. It knows no SQL.
 */

import { type Token, tokenize } from './search-query/tokens.ts';
import { type AskedMark, type Reading, readValue } from './search-query/values.ts';
import { isUnspaced, queryWords } from './words.ts';

export { type SearchAsRule, searchAsRule } from './search-query/as-rule.ts';
export { type SearchFields, searchFields, writeSearch } from './search-query/fields.ts';

/** Where words are looked for; `any` is all of a message, `people` whoever it is from or to. */
export type SearchField = 'any' | 'subject' | 'people' | 'from' | 'to' | 'cc' | 'files';

export type SearchWords = {
  kind: 'words';
  in: SearchField;
  /** One or more, next to each other in this order. */
  words: string[];
  /** The last one may be the beginning of a longer word. */
  begins: boolean;
};

export type Query =
  /** All of them; none given: everything. */
  | { kind: 'and'; of: Query[] }
  | { kind: 'or'; of: Query[] }
  | { kind: 'not'; of: Query }
  | SearchWords
  | { kind: 'folder'; id: number }
  | { kind: 'label'; id: number }
  | { kind: 'mark'; mark: AskedMark }
  | { kind: 'attachment' }
  /** It lies in a conversation that is muted; it comes back later. */
  | { kind: 'muted' }
  | { kind: 'snoozed' }
  /** Its Message-ID, without angle brackets. */
  | { kind: 'messageId'; id: string }
  /** The account sent it to an address with this in it, named in the message or not; in lower case. */
  | { kind: 'recipient'; part: string }
  /** More octets than this, and fewer. */
  | { kind: 'larger'; octets: number }
  | { kind: 'smaller'; octets: number }
  /** Received before this time, and at it or later. */
  | { kind: 'before'; at: number }
  | { kind: 'since'; at: number };

/** What was left out, and why; the words for it are the catalogue's. `unknown` is no operator, and was read as text. */
export type Mistake = {
  why:
    | 'date'
    | 'age'
    | 'size'
    | 'is'
    | 'has'
    | 'folder'
    | 'drafts'
    | 'label'
    | 'empty'
    | 'long'
    | 'many'
    | 'deep'
    | 'unknown';
  /** As typed. */
  typed: string;
  /** The operator without its colon; empty: it is about none. */
  operator: string;
};

export type ParsedSearch = {
  /** Null: nothing was asked. */
  query: Query | null;
  mistakes: Mistake[];
};

export type SearchContext = {
  now: number;
  /** The address that `me` stands for in `from:`, `to:` and `cc:`; empty: it is a word like others. */
  me: string;
  /** The folder of that name; null: there is none. Drafts are no messages, and not found by searching. */
  folderId(name: string): number | 'drafts' | null;
  /** The label of that name; null: there is none. */
  labelId(name: string): number | null;
  /** When a day of the reader's calendar begins; months from 1, and a day of 0 or less lies in the month before. */
  startOfDay(year: number, month: number, day: number): number;
};

/** UTF-16 units that are read, conditions that are kept, and parentheses in each other. */
export const longestSearch = 1_000;
const mostConditions = 40;
const deepest = 10;

export function parseSearch(typed: string, context: SearchContext): ParsedSearch {
  const parser = new Parser(tokenize(typed.slice(0, longestSearch).toWellFormed()), context);
  if (typed.length > longestSearch) parser.mistaken('long', '', '');
  const parts = parser.all('');
  return { query: parts.length ? together('and', parts) : null, mistakes: parser.mistakes };
}

/** The words a search looks for, without those that must not be there: what is highlighted. */
export function wordsSought(query: Query | null): SearchWords[] {
  if (query?.kind === 'words') return [query];
  return query?.kind === 'and' || query?.kind === 'or' ? query.of.flatMap(wordsSought) : [];
}

const together = (kind: 'and' | 'or', of: Query[]): Query => (of.length === 1 ? of[0]! : { kind, of });

/** query: either* · either: one (OR one)* · one: -? ( term | operator? "(" query ")" ) */
class Parser {
  readonly mistakes: Mistake[] = [];
  readonly #tokens: Token[];
  readonly #context: SearchContext;
  #at = 0;
  #depth = 0;
  /** Open parentheses that are too deep to be groups. */
  #flat = 0;
  #conditions = 0;

  constructor(tokens: Token[], context: SearchContext) {
    this.#tokens = tokens;
    this.#context = context;
  }

  mistaken(why: Mistake['why'], typed: string, operator: string): null {
    if (!this.mistakes.some(m => m.why === why && m.typed === typed)) this.mistakes.push({ why, typed, operator });
    return null;
  }

  /** `operator`: of the parentheses around, for what has none of its own. */
  all(operator: string): Query[] {
    const parts: Query[] = [];
    for (let token = this.#peek(); token; token = this.#peek()) {
      if (token.kind === 'close') {
        if (this.#depth > 0 && this.#flat === 0) break;
        // One that closes nothing is a slip of the finger.
        this.#flat = Math.max(0, this.#flat - 1);
        this.#at++;
        continue;
      }
      const part = this.#either(operator);
      if (part) parts.push(part);
    }
    return parts;
  }

  #isMe(field: SearchField, text: string, quoted: boolean): boolean {
    return !quoted && people.includes(field) && this.#context.me !== '' && text.trim().toLowerCase() === 'me';
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #either(operator: string): Query | null {
    const parts: Query[] = [];
    for (;;) {
      const part = this.#one(operator);
      if (part) parts.push(part);
      if (this.#peek()?.kind !== 'or') break;
      while (this.#peek()?.kind === 'or') this.#at++;
      if (this.#peek() === undefined || this.#peek()?.kind === 'close') break;
    }
    return parts.length ? together('or', parts) : null;
  }

  #one(operator: string): Query | null {
    const token = this.#tokens[this.#at++]!;
    if (token.kind !== 'open' && token.kind !== 'term') return null;
    const part = token.kind === 'open' ? this.#group(token, operator) : this.#counted(token, operator);
    return part && token.not ? { kind: 'not', of: part } : part;
  }

  #group(token: Token & { kind: 'open' }, operator: string): Query | null {
    if (this.#depth >= deepest) {
      this.#flat++;
      return this.mistaken('deep', '', '');
    }
    this.#depth++;
    const parts = this.all(token.operator || operator);
    this.#depth--;
    // The one that closes it; missing at the end, it is as if it were there.
    this.#at++;
    return parts.length ? together('and', parts) : null;
  }

  #counted(token: Token & { kind: 'term' }, operator: string): Query | null {
    if (this.#conditions >= mostConditions) return this.mistaken('many', '', '');
    if (token.unknown !== '') this.mistaken('unknown', token.raw, token.unknown);
    const part = this.#term({ ...token, operator: token.operator || operator });
    if (part) this.#conditions++;
    return part;
  }

  #term({ operator, text, quoted, raw }: Token & { kind: 'term' }): Query | null {
    if (operator !== '' && text.trim() === '') return this.mistaken('empty', raw, operator);
    const field = fieldOf(operator);
    const isMe = field !== null && this.#isMe(field, text, quoted);
    if (field) return isMe ? wordsIn(field, this.#context.me, true) : wordsIn(field, text, quoted);
    if (operator === 'bcc') return unnamed(text, quoted);
    const read: Reading = readValue(operator, text, this.#context);
    return 'mistake' in read ? this.mistaken(read.mistake, raw, operator) : read.query;
  }
}

/** Whom it went to without being named in it. */
function unnamed(text: string, quoted: boolean): Query {
  const sent: Query = { kind: 'recipient', part: text.trim().toLowerCase() };
  const named = wordsIn('to', text, quoted);
  return named ? { kind: 'and', of: [sent, { kind: 'not', of: named }] } : sent;
}

const people: SearchField[] = ['from', 'to', 'cc', 'people'];

/** A list is known by its address: it is written to, or writes. The name of it (RFC 2919) has the same words. */
const fields: Record<string, SearchField> = {
  '': 'any',
  list: 'people',
  from: 'from',
  to: 'to',
  cc: 'cc',
  people: 'people',
  subject: 'subject',
  filename: 'files',
};

const fieldOf = (operator: string): SearchField | null => (Object.hasOwn(fields, operator) ? fields[operator]! : null);

/** Null: there is no word in it. */
function wordsIn(field: SearchField, text: string, quoted: boolean): Query | null {
  const words = queryWords(text);
  const last = words.at(-1);
  if (last === undefined) return null;
  return { kind: 'words', in: field, words, begins: mayBegin(last, quoted) };
}

/** Shorter beginnings find too much to be of use; one character of an unspaced script is in the index as one only. */
function mayBegin(word: string, quoted: boolean): boolean {
  const characters = [...word].length;
  return isUnspaced(word) ? characters === 1 : !quoted && characters >= 3;
}
