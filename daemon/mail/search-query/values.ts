/** What stands behind an operator that asks for no words: a mark, a folder, a date, an age, a size. */
import type { Mistake, Query, SearchContext } from '../search-query.ts';

/** A mark a person or we put on a message; unread is the lack of `seen`. */
export type AskedMark = 'seen' | 'flagged' | 'answered' | 'forwarded';

export type Reading = { query: Query } | { mistake: Mistake['why'] };

export function readValue(operator: string, text: string, context: SearchContext): Reading {
  const value = text.trim().toLowerCase();
  switch (operator) {
    case 'is':
      return marked(value);
    case 'has':
      return /^attachments?$/.test(value) ? { query: { kind: 'attachment' } } : { mistake: 'has' };
    case 'in':
      return inFolder(text.trim(), context);
    case 'larger':
    case 'size':
      return sized('larger', value);
    case 'smaller':
      return sized(operator, value);
    case 'before':
    case 'older':
      return dated('before', value, context);
    case 'after':
    case 'newer':
      return dated('since', value, context);
    case 'rfc822msgid':
      return { query: { kind: 'messageId', id: text.trim().replace(/^<|>$/g, '') } };
    case 'older_than':
    case 'newer_than':
      return aged(operator === 'older_than' ? 'before' : 'since', value, context);
    default:
      return labelled(text.trim(), context);
  }
}

const marks: Record<string, AskedMark> = {
  read: 'seen',
  starred: 'flagged',
  flagged: 'flagged',
  answered: 'answered',
  replied: 'answered',
  forwarded: 'forwarded',
};

function marked(value: string): Reading {
  if (value === 'unread') return { query: { kind: 'not', of: { kind: 'mark', mark: 'seen' } } };
  if (value === 'muted' || value === 'snoozed') return { query: { kind: value } };
  if (!Object.hasOwn(marks, value)) return { mistake: 'is' };
  return { query: { kind: 'mark', mark: marks[value]! } };
}

/** Where one name is for a folder and another for a label is easily forgotten, and in Gmail they are one. */
function inFolder(name: string, { folderId, labelId }: SearchContext): Reading {
  if (/^(anywhere|all)$/i.test(name)) return { query: { kind: 'and', of: [] } };
  const id = folderId(name);
  if (id === 'drafts') return { mistake: 'drafts' };
  if (id !== null) return { query: { kind: 'folder', id } };
  // There is such a folder from the first one that is snoozed on.
  if (/^snoozed$/i.test(name)) return { query: { kind: 'snoozed' } };
  const label = labelId(name);
  return label === null ? { mistake: 'folder' } : { query: { kind: 'label', id: label } };
}

function labelled(name: string, context: SearchContext): Reading {
  const id = context.labelId(name);
  if (id !== null) return { query: { kind: 'label', id } };
  const folder = inFolder(name, context);
  return 'query' in folder && folder.query.kind === 'folder' ? folder : { mistake: 'label' };
}

const units: Record<string, number> = { '': 1, b: 1, k: 1_000, m: 1_000_000, g: 1_000_000_000 };

/** `5M`, `2.5 MB`, `500k`, `12000`: in the thousands that sizes are shown in. */
export function sized(kind: 'larger' | 'smaller', value: string): Reading {
  const [, number, unit = ''] = /^(\d{1,12}(?:[.,]\d{1,3})?) ?([kmg]|b)?i?b?$/.exec(value) ?? [];
  if (number === undefined) return { mistake: 'size' };
  return { query: { kind, octets: Math.round(Number(number.replace(',', '.')) * units[unit]!) } };
}

/** `2026-11-25`, `2026-11`, `2026`, `today`, `yesterday`; or an age. */
function dated(kind: 'before' | 'since', value: string, context: SearchContext): Reading {
  if (/^\d{1,4}[dwmy]$/.test(value)) return aged(kind, value, context);
  const named = ['today', 'yesterday'].indexOf(value);
  if (named >= 0) return { query: { kind, at: daysAgo(context, named) } };
  const date = /^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?$/.exec(value);
  if (!date) return { mistake: 'date' };
  const [year, month, day] = [Number(date[1]), Number(date[2] ?? 1), Number(date[3] ?? 1)];
  if (year < 1 || !isDay(year, month, day)) return { mistake: 'date' };
  return { query: { kind, at: context.startOfDay(year, month, day) } };
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

const dayMs = 86_400_000;

function daysAgo({ now, startOfDay }: SearchContext, days: number): number {
  const [year, month, day] = calendar(now, startOfDay);
  return startOfDay(year, month, day - days);
}

/** The day of the reader's calendar that `now` lies in; theirs is at most one beside that of UTC. */
function calendar(now: number, startOfDay: SearchContext['startOfDay']): [number, number, number] {
  const utc = new Date(now);
  const at = [utc.getUTCFullYear(), utc.getUTCMonth() + 1] as const;
  const day = [1, 0, -1].find(by => startOfDay(...at, utc.getUTCDate() + by) <= now) ?? 0;
  return [...at, utc.getUTCDate() + day];
}

/** `7d`, `2w`, `3m`, `1y`: so long ago, to the millisecond; months and years by the calendar. */
function aged(kind: 'before' | 'since', value: string, { now }: SearchContext): Reading {
  const [, number, unit] = /^(\d{1,4})([dwmy])$/.exec(value) ?? [];
  if (number === undefined) return { mistake: 'age' };
  const count = Number(number);
  if (unit === 'd' || unit === 'w') return { query: { kind, at: now - count * (unit === 'w' ? 7 : 1) * dayMs } };
  const then = new Date(now);
  then.setUTCMonth(then.getUTCMonth() - count * (unit === 'y' ? 12 : 1));
  return { query: { kind, at: then.getTime() } };
}
