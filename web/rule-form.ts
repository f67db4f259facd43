/** A rule as a form writes it: rows of conditions, what is done, and every mistake in words beside its cause. */
import { formatAddress, parseAddress } from '../daemon/mail/address.ts';
import {
  type Condition,
  isHeaderName,
  longestText,
  mostConditions,
  type Rule,
  textTests,
} from '../daemon/mail/rules.ts';
import type { Folder, Label } from '../daemon/store.ts';
import { type ConditionRow, conditionFields, type RuleFields, type RuleForm } from '../views/rules.ts';
import type { Words } from '../views/words.ts';
import type { Form } from './form.ts';

export const blankRow: ConditionRow = { field: 'from', test: 'contains', text: '' };

/** What stands in the fields, whatever it is. */
export function typedRule(form: Form): RuleFields {
  const [fields, tests, texts] = ['field', 'test', 'text'].map(name => form.all(name));
  const rows = texts!.slice(0, mostConditions).map((text, i) => ({
    field: conditionFields.find(f => f === fields![i]) ?? 'from',
    test: textTests.find(t => t === tests![i]) ?? 'contains',
    text: text.trim(),
  }));
  return {
    name: form.get('name').trim(),
    all: form.get('all') !== 'any',
    rows: rows.length > 0 ? rows : [blankRow],
    place: form.get('place'),
    label: form.get('label'),
    read: form.has('read'),
    star: form.has('star'),
    forward: form.get('forward').trim(),
    keep: form.has('keep'),
    stop: form.has('stop'),
  };
}

/** The other way round: a rule as the form shows it. */
export function shownRule(name: string, { all, conditions, deed }: Rule): RuleFields {
  const { place, labels, read, star, forward, stop } = deed;
  return {
    ...{ name, all, read, star, stop },
    rows: conditions.map(shownRow),
    place: place === null ? '' : typeof place === 'string' ? place : `${place.folder}`,
    label: `${labels[0] ?? ''}`,
    forward: forward?.to ?? '',
    keep: forward?.keep ?? true,
  };
}

export function shownRow(c: Condition): ConditionRow {
  if (c.field === 'attachment') return { ...blankRow, field: c.has ? 'files' : 'nofiles' };
  if (c.field === 'size')
    return { ...blankRow, field: c.test === 'over' ? 'larger' : 'smaller', text: sizeText(c.octets) };
  return { field: c.field, test: c.test, text: c.field === 'header' ? `${c.name}: ${c.text}` : c.text };
}

const units: [string, number][] = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['KB', 1e3],
];

function sizeText(octets: number): string {
  const [name, factor] = units.find(([, f]) => octets >= f && octets % f === 0) ?? ['', 1];
  return name === '' ? `${octets}` : `${octets / factor} ${name}`;
}

/** Octets; null: no size. */
function sizeOf(text: string): number | null {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:[.,]\d{1,3})?)\s*([kmg]?)b?$/i.exec(text) ?? [];
  if (number === '') return null;
  return Math.round(
    Number(number.replace(',', '.')) * (units.find(([name]) => name[0] === unit.toUpperCase())?.[1] ?? 1),
  );
}

type Own = { folders: Folder[]; labels: Label[]; w: Words };

/** The rule, or what is wrong with it, field by field. Where it may be sent on to is asked elsewhere. */
export function ruleOf(
  f: RuleFields,
  own: Own,
): { rule: Rule; errors: null } | { rule: null; errors: RuleForm['errors'] } {
  const { t } = own.w;
  const errors: RuleForm['errors'] = { rows: [] };
  const conditions: Condition[] = [];
  for (const [i, row] of f.rows.entries()) {
    const condition = isBlank(row) ? null : conditionOf(row, own.w);
    if (typeof condition === 'string') errors.rows[i] = condition;
    else if (condition) conditions.push(condition);
  }
  if (conditions.length === 0 && errors.rows.length === 0) errors.rows[0] = t('rules.error.none');
  if ([...f.name].length > 100 || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(f.name)) errors.name = t('rules.error.name');
  const place = placeOf(f.place, own.folders);
  if (place === undefined) errors.place = t('rules.error.place');
  const to = f.forward === '' ? null : parseAddress(f.forward);
  if (f.forward !== '' && !to) errors.forward = t('compose.error.address', { address: f.forward });
  const labels = own.labels.filter(l => `${l.id}` === f.label).map(l => l.id);
  const idle = place === null && labels.length === 0 && !f.read && !f.star && f.forward === '' && !f.stop;
  if (idle) errors.place = t('rules.error.idle');
  if (errors.rows.length > 0 || errors.name || errors.place || errors.forward || place === undefined)
    return { rule: null, errors };
  const forward = to && { to: formatAddress(to), keep: f.keep };
  return {
    rule: { all: f.all, conditions, deed: { place, labels, read: f.read, star: f.star, forward, stop: f.stop } },
    errors: null,
  };
}

const isBlank = ({ field, text }: ConditionRow): boolean => text === '' && field !== 'files' && field !== 'nofiles';

/** A sentence: why it is none. */
function conditionOf({ field, test, text }: ConditionRow, { t }: Words): Condition | string {
  if (field === 'files' || field === 'nofiles') return { field: 'attachment', has: field === 'files' };
  if (field === 'larger' || field === 'smaller') {
    const octets = sizeOf(text);
    return octets === null
      ? t('rules.error.size')
      : { field: 'size', test: field === 'larger' ? 'over' : 'under', octets };
  }
  if (text.length > longestText) return t('rules.error.long', { n: longestText });
  if (field !== 'header') return { field, test, text };
  const [, name = '', value = ''] = /^([^:\s]+)\s*:\s*(.+)$/.exec(text) ?? [];
  return isHeaderName(name) && value !== '' ? { field, name, test, text: value } : t('rules.error.header');
}

/** Undefined: there is no such place. */
function placeOf(text: string, folders: Folder[]): Rule['deed']['place'] | undefined {
  if (text === '') return null;
  if (text === 'junk' || text === 'trash') return text;
  const folder = folders.find(f => `${f.id}` === text && f.role !== 'drafts' && f.role !== 'snoozed');
  return folder && { folder: folder.id };
}
