/** A search as typed, cut into its pieces, each with the text it was. */
export type Token =
  | { kind: 'or'; raw: string }
  | { kind: 'close'; raw: string }
  /** `(`, `-(`, `from:(`. */
  | { kind: 'open'; raw: string; not: boolean; operator: string }
  | {
      kind: 'term';
      raw: string;
      not: boolean;
      /** In lower case, without its colon; empty: none. */
      operator: string;
      text: string;
      quoted: boolean;
    };

const operators = new Set(
  'from to cc people subject in is has filename larger smaller before after older_than newer_than label'.split(' '),
);
export const isOperator = (name: string): boolean => operators.has(name);

const OR = /OR(?=[\s()]|$)/y;
const LONE = /(-?)([a-z_]{2,12}):(?=[\s)]|$)/iy;
/** Quotes as keyboards and word processors make them. */
const PIECE = /(-?)([a-z_]{2,12}:)?(?:(\()|["“”„]([^"“”„]*)["“”„]?|([^\s()"“”„]+))/iuy;

export function tokenize(typed: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < typed.length) {
    const token = tokenAt(typed, at);
    if (token) tokens.push(token);
    at += token?.raw.length ?? 1;
  }
  return tokens;
}

/** Null: a character that is in no token, such as a space. */
function tokenAt(typed: string, at: number): Token | null {
  if (typed[at] === ')') return { kind: 'close', raw: ')' };
  OR.lastIndex = at;
  if (OR.test(typed)) return { kind: 'or', raw: 'OR' };
  const lone = withoutValue(typed, at);
  if (lone) return lone;
  PIECE.lastIndex = at;
  const found = PIECE.exec(typed);
  if (!found) return null;
  const [raw, minus = '', prefix = '', open, phrase, bare] = found;
  const name = prefix.slice(0, -1).toLowerCase();
  const known = isOperator(name);
  if (open)
    return known || prefix === '' ? { kind: 'open', raw, not: minus !== '', operator: name } : word(raw, prefix);
  const text = phrase ?? bare ?? '';
  const quoted = phrase !== undefined;
  if (known) return { kind: 'term', raw, not: minus !== '', operator: name, text, quoted };
  return { kind: 'term', raw, not: minus !== '', operator: '', text: prefix + text, quoted };
}

/** `re:(…)`: the prefix is a word, and what is behind it is read by itself. */
const word = (raw: string, prefix: string): Token => {
  const text = raw.slice(0, -1);
  return { kind: 'term', raw: text, not: raw.startsWith('-'), operator: '', text: prefix, quoted: false };
};

/** `from:` with nothing behind it, which is told. */
function withoutValue(typed: string, at: number): Token | null {
  LONE.lastIndex = at;
  const [raw, minus, name = ''] = LONE.exec(typed) ?? [];
  if (raw === undefined || !isOperator(name.toLowerCase())) return null;
  return { kind: 'term', raw, not: minus !== '', operator: name.toLowerCase(), text: '', quoted: false };
}
