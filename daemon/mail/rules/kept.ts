import {
  type Condition,
  type Deed,
  isHeaderName,
  longestText,
  mostConditions,
  mostLabelsGiven,
  type Place,
  type Rule,
  textFields,
  textTests,
} from './rule.ts';

export const ruleText = ({ all, conditions, deed }: Rule): string => JSON.stringify({ all, conditions, deed });

/** A rule as it was kept; null: it is none, whatever damaged it. */
export function readRule(text: string): Rule | null {
  try {
    return asRule(JSON.parse(text));
  } catch {
    return null;
  }
}

type Loose<T> = { [K in keyof T]?: unknown };

function asRule(value: unknown): Rule | null {
  const { all, conditions, deed } = (value ?? {}) as Loose<Rule>;
  if (typeof all !== 'boolean' || !Array.isArray(conditions) || conditions.length > mostConditions) return null;
  const read = conditions.map(asCondition);
  const done = asDeed(deed);
  return done && read.every(c => c !== null) ? { all, conditions: read, deed: done } : null;
}

type AnyCondition = {
  field?: unknown;
  test?: unknown;
  text?: unknown;
  name?: unknown;
  octets?: unknown;
  has?: unknown;
};

function asCondition(value: unknown): Condition | null {
  const { field, test, text, name, octets, has } = (value ?? {}) as AnyCondition;
  if (field === 'attachment') return typeof has === 'boolean' ? { field, has } : null;
  if (field === 'size')
    return (test === 'over' || test === 'under') && isCount(octets) ? { field, test, octets } : null;
  const known = textFields.find(f => f === field);
  const how = textTests.find(t => t === test);
  if (!known || !how || typeof text !== 'string' || text === '' || text.length > longestText) return null;
  if (known !== 'header') return { field: known, test: how, text };
  return typeof name === 'string' && isHeaderName(name) ? { field: known, name, test: how, text } : null;
}

function asDeed(value: unknown): Deed | null {
  const { place, labels, read, star, forward, stop } = (value ?? {}) as Loose<Deed>;
  if (!Array.isArray(labels) || labels.length > mostLabelsGiven || !labels.every(isCount)) return null;
  if (typeof read !== 'boolean' || typeof star !== 'boolean' || typeof stop !== 'boolean') return null;
  const where = asPlace(place);
  const on = asForward(forward);
  return where === undefined || on === undefined ? null : { place: where, labels, read, star, forward: on, stop };
}

function asPlace(value: unknown): Place | null | undefined {
  if (value === null || value === 'junk' || value === 'trash') return value;
  const { folder } = (value ?? {}) as { folder?: unknown };
  return isCount(folder) ? { folder } : undefined;
}

function asForward(value: unknown): Deed['forward'] | undefined {
  if (value === null) return null;
  const { to, keep } = (value ?? {}) as { to?: unknown; keep?: unknown };
  return typeof to === 'string' && typeof keep === 'boolean' ? { to, keep } : undefined;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
