/** A search as typed, cut into its pieces, each with the text it was. */
export type Token =
  | { kind: 'or'; raw: string }
  /** What stands side by side is meant anyhow. */
  | { kind: 'and'; raw: string }
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
      /** What looks like an operator and is none, without its colon; empty: nothing does. */
      unknown: string;
    };

const operators = new Set(
  `from to cc bcc people list subject in is has filename larger smaller size before after older newer older_than newer_than
  label rfc822msgid`.split(/\s+/),
);
const isOperator = (name: string): boolean => operators.has(name);

const JOINT = /(?:OR|AND)(?=[\s()]|$)/y;
const LONE = /(-?)([a-z_][a-z_\d]{1,15}):(?=[\s)]|$)/iy;
/** Quotes as keyboards and word processors make them. */
const PIECE = /(-?)([a-z_][a-z_\d]{1,15}:)?(?:(\()|["“”„]([^"“”„]*)["“”„]?|([^\s()"“”„]+))/iuy;

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
  JOINT.lastIndex = at;
  const joint = JOINT.exec(typed)?.[0];
  if (joint) return joint === 'OR' ? { kind: 'or', raw: joint } : { kind: 'and', raw: joint };
  const lone = withoutValue(typed, at);
  if (lone) return lone;
  PIECE.lastIndex = at;
  const found = PIECE.exec(typed);
  if (!found) return null;
  const [raw, minus = '', prefix = '', open, phrase, bare] = found;
  const name = prefix.slice(0, -1).toLowerCase();
  const known = isOperator(name);
  if (open)
    return known || prefix === '' ? { kind: 'open', raw, not: minus !== '', operator: name } : word(raw, prefix, name);
  const text = phrase ?? bare ?? '';
  const quoted = phrase !== undefined;
  if (known) return { kind: 'term', raw, not: minus !== '', operator: name, text, quoted, unknown: '' };
  const unknown = looksLikeOne(name) && !text.startsWith('//') ? name : '';
  return { kind: 'term', raw, not: minus !== '', operator: '', text: prefix + text, quoted, unknown };
}

/** What subjects and addresses begin with is typed as it is read. */
const looksLikeOne = (name: string): boolean =>
  name !== '' && !/^(re|fwd?|aw|antw|wg|sv|vs|tr|rv|res|https?|mailto|tel)$/.test(name);

/** `re:(…)`: the prefix is a word, and what is behind it is read by itself. */
const word = (raw: string, prefix: string, name: string): Token => {
  const unknown = looksLikeOne(name) ? name : '';
  const not = raw.startsWith('-');
  return { kind: 'term', raw: raw.slice(0, -1), not, operator: '', text: prefix, quoted: false, unknown };
};

/** `from:` with nothing behind it, which is told. */
function withoutValue(typed: string, at: number): Token | null {
  LONE.lastIndex = at;
  const [raw, minus, name = ''] = LONE.exec(typed) ?? [];
  if (raw === undefined || !isOperator(name.toLowerCase())) return null;
  return { kind: 'term', raw, not: minus !== '', operator: name.toLowerCase(), text: '', quoted: false, unknown: '' };
}
