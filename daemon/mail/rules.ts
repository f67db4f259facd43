/**
 * What a person's own rules make of a message, from what its reading at delivery knows.
 *
 * Pure and bounded: rules are looked at in their order, each text up to a few thousand characters, and beyond a fixed
 * amount of work no further. Of several places the first one named wins. It moves nothing, sends nothing and never
 * throws for what a message or a kept rule contains.
 */
import { isWild, namePattern } from './pattern.ts';
import type { Condition, Deed, Place, Rule, TextCondition } from './rules/rule.ts';
import { plainText, type Traits } from './rules/traits.ts';

export { readRule, ruleText } from './rules/kept.ts';
export type { Condition, Deed, Place, Rule, TextCondition, TextField, TextTest } from './rules/rule.ts';
export { isHeaderName, longestText, mostConditions, textFields, textTests } from './rules/rule.ts';
export { type Traits, traitsOf } from './rules/traits.ts';

/** What the rules that matched want together. */
export type Judgement = {
  /** Their ids, in order. */
  matched: number[];
  /** Null: the Inbox. */
  place: Place | null;
  labels: number[];
  read: boolean;
  star: boolean;
  forwards: NonNullable<Deed['forward']>[];
  /** The rules from here on were not looked at: there was too much to do. Null: all were. */
  spentAt: number | null;
};

/** Steps of a comparison that one message may cost: some tens of milliseconds, and far beyond what honest rules take. */
const mostWork = 20_000_000;

type Budget = { left: number };

/** What becomes of a message; rules come in their order. */
export function judge(rules: readonly (Rule & { id: number })[], traits: Traits): Judgement {
  const j: Judgement = { matched: [], place: null, labels: [], read: false, star: false, forwards: [], spentAt: null };
  const budget = { left: mostWork };
  for (const rule of rules) {
    const matched = matches(rule, traits, budget);
    if (budget.left < 0) return { ...j, spentAt: rule.id };
    if (!matched) continue;
    j.matched.push(rule.id);
    j.place ??= rule.deed.place;
    j.labels = [...new Set([...j.labels, ...rule.deed.labels])];
    j.read ||= rule.deed.read;
    j.star ||= rule.deed.star;
    if (rule.deed.forward) j.forwards.push(rule.deed.forward);
    if (rule.deed.stop) break;
  }
  return j;
}

/** Does the rule speak of this message? One without conditions speaks of none. */
export function matches(rule: Pick<Rule, 'all' | 'conditions'>, traits: Traits, budget = { left: mostWork }): boolean {
  const holdsHere = (c: Condition) => holds(c, traits, budget);
  if (rule.conditions.length === 0) return false;
  return rule.all ? rule.conditions.every(holdsHere) : rule.conditions.some(holdsHere);
}

function holds(c: Condition, traits: Traits, budget: Budget): boolean {
  if (c.field === 'size') return c.test === 'over' ? traits.size > c.octets : traits.size < c.octets;
  if (c.field === 'attachment') return traits.attachments > 0 === c.has;
  return textHolds(c, traits, budget);
}

function textHolds(c: TextCondition, traits: Traits, budget: Budget): boolean {
  const texts = traits.texts(c.field, c.field === 'header' ? c.name : '');
  const wanted = plainText(c.text);
  budget.left -= texts.reduce((sum, t) => sum + t.length, 1) * (c.test === 'matches' ? longestPiece(wanted) : 1);
  if (budget.left < 0) return false;
  switch (c.test) {
    case 'contains':
      return texts.some(t => t.includes(wanted));
    case 'lacks':
      return !texts.some(t => t.includes(wanted));
    case 'is':
      return texts.includes(wanted);
    case 'matches':
      return texts.some(namePattern(wanted));
  }
}

/** Between two stars: so often may a pattern look at one character. */
const longestPiece = (pattern: string): number =>
  isWild(pattern) ? Math.max(1, ...pattern.split('*').map(piece => piece.length)) : 1;
