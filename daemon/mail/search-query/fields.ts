/** A search as a form has it: a field for each operator, and the string both of them are. */
import { type Token, tokenize } from './tokens.ts';

const named = [
  'from',
  'to',
  'cc',
  'subject',
  'filename',
  'in',
  'label',
  'is',
  'has',
  'larger',
  'smaller',
  'after',
  'before',
] as const;
/** Of these, those that words belong in. */
const words = new Set<keyof SearchFields>(['from', 'to', 'cc', 'subject', 'filename']);
type Named = (typeof named)[number];

/** Every field empty where it asks nothing. */
export type SearchFields = Record<Named, string> & {
  /** What no other field has: words, and whatever the form has no field for, as it was typed. */
  words: string;
  /** Words that must not be there. */
  without: string;
};

/** The fields of a search. What they cannot say stays in `words`, so that writing them gives the same search again. */
export function searchFields(typed: string): SearchFields {
  const fields: SearchFields = { words: '', without: '', ...blank() };
  const tokens = tokenize(typed).filter(t => t.kind !== 'and');
  // A word OR that was none for what stood beside it would become one.
  const plain = tokens.every(t => t.kind === 'term' && t.raw !== 'OR' && t.raw !== 'AND');
  const add = (name: keyof SearchFields, text: string) => {
    fields[name] += `${fields[name] === '' ? '' : ' '}${text}`;
  };
  for (const token of plain ? tokens : []) {
    const name = fieldFor(token, fields);
    add(name, textFor(name, token));
  }
  return plain ? fields : { ...fields, words: typed.trim() };
}

const blank = () => Object.fromEntries(named.map(name => [name, ''])) as Record<Named, string>;

function fieldFor(token: Token, fields: SearchFields): keyof SearchFields {
  if (token.kind !== 'term') return 'words';
  const { operator, not, text } = token;
  if (operator === '') return not && !/^(-|(OR|AND)$|$)/.test(text) ? 'without' : 'words';
  const own = named.find(name => name === operator);
  return own && !not && fields[own] === '' && text.trim() !== '' && !text.includes('"') ? own : 'words';
}

/** What was quoted stays so where it would otherwise find more. */
function textFor(name: keyof SearchFields, token: Token): string {
  if (name === 'words' || token.kind !== 'term') return token.raw;
  if (name === 'without') return token.raw.slice(1);
  const text = token.text.trim();
  return token.quoted && words.has(name) && !/\s/.test(text) ? `"${text}"` : text;
}

export function writeSearch(fields: SearchFields): string {
  const asked = named.filter(name => fields[name].trim() !== '').map(name => `${name}:${value(fields[name])}`);
  const without = tokenize(fields.without).flatMap(t => (t.kind === 'term' ? [`-${t.raw.replace(/^-+/, '')}`] : []));
  // Words come last: what is not closed in them then encloses nothing else.
  return [...asked, ...without, fields.words.trim()].filter(text => text !== '').join(' ');
}

/** Quoted where it would not be read as one. */
function value(text: string): string {
  if (/^"[^"]+"$/.test(text)) return text;
  const clean = text
    .trim()
    .replace(/["“”„]/g, ' ')
    .replace(/\s+/g, ' ');
  return /[\s()]/.test(clean) || clean === '' ? `"${clean}"` : clean;
}
