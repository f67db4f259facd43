/** What of a search a rule for coming mail can ask, too. A rule has one list of conditions, and knows no text of a letter. */
import { type Condition, longestText, mostConditions, type TextCondition } from '../rules.ts';
import { type Token, tokenize } from './tokens.ts';
import { sized } from './values.ts';

export type SearchAsRule = {
  /** Must all conditions hold? False: one is enough. */
  all: boolean;
  conditions: Condition[];
  /** What no rule can ask, as typed; without it the rule speaks of more than the search finds. */
  left: string[];
};

export function searchAsRule(typed: string): SearchAsRule {
  const parts = partsOf(tokenize(typed));
  const [only] = parts;
  if (parts.length === 1 && only && only.length > 1) return asRule(false, only);
  const asked = parts.map(part =>
    part.length === 1 ? part[0]! : { raw: part.map(p => p.raw).join(' OR '), term: null },
  );
  return asRule(true, asked);
}

/** A piece that stands by itself; `term` null: it is more than one condition. */
type Piece = { raw: string; term: (Token & { kind: 'term' }) | null };

function asRule(all: boolean, pieces: Piece[]): SearchAsRule {
  const rule: SearchAsRule = { all, conditions: [], left: [] };
  for (const { raw, term } of pieces) {
    const condition = term && rule.conditions.length < mostConditions ? conditionOf(term) : null;
    if (condition) rule.conditions.push(condition);
    else rule.left.push(raw);
  }
  return rule;
}

/** Side by side, and in each what OR stands between. What is in parentheses is one piece. */
function partsOf(tokens: Token[]): Piece[][] {
  const parts: Piece[][] = [];
  let joins = false;
  for (let at = 0; at < tokens.length; ) {
    const token = tokens[at]!;
    const end = token.kind === 'open' ? behind(tokens, at) : at + 1;
    if (token.kind === 'term' || token.kind === 'open') {
      const piece =
        token.kind === 'term' ? { raw: token.raw, term: token } : { raw: rawOf(tokens, at, end), term: null };
      if (joins && parts.length > 0) parts.at(-1)!.push(piece);
      else parts.push([piece]);
    }
    joins = token.kind === 'or';
    at = end;
  }
  return parts;
}

/** Behind the parenthesis that closes this one. */
function behind(tokens: Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]!.kind === 'open') depth++;
    if (tokens[at]!.kind === 'close' && --depth === 0) return at + 1;
  }
  return tokens.length;
}

const rawOf = (tokens: Token[], from: number, to: number): string =>
  tokens
    .slice(from, to)
    .map(t => t.raw)
    .join(' ')
    .replace(/\( | \)/g, space => space.trim());

/** Null: rules have no such condition. */
function conditionOf({ operator, text, not }: Token & { kind: 'term' }): Condition | null {
  const wanted = text.trim();
  if (wanted === '' || wanted.length > longestText) return null;
  const test = not ? 'lacks' : 'contains';
  switch (operator) {
    case 'from':
    case 'to':
      return { field: operator, test: !not && isAddress(wanted) ? 'is' : test, text: wanted };
    case 'subject':
      return { field: 'subject', test, text: wanted };
    case 'cc':
      return { field: 'header', name: 'Cc', test, text: wanted } satisfies TextCondition;
    case 'has':
      return /^attachments?$/i.test(wanted) ? { field: 'attachment', has: !not } : null;
    case 'larger':
    case 'smaller':
      return not ? null : sizeOf(operator, wanted);
    default:
      return null;
  }
}

/** Searching finds whole words; `is` keeps ann@a.example from being found in joann@a.example. */
const isAddress = (text: string): boolean => /^[^\s@]+@[^\s@]+$/.test(text);

function sizeOf(operator: 'larger' | 'smaller', text: string): Condition | null {
  const read = sized(operator, text.toLowerCase());
  if (!('query' in read) || (read.query.kind !== 'larger' && read.query.kind !== 'smaller')) return null;
  return { field: 'size', test: operator === 'larger' ? 'over' : 'under', octets: read.query.octets };
}
