import type { Line } from './components.ts';

/** How often an event comes again, where that can be said in a sentence. */
export type Repeat =
  | {
      every: 'day' | 'week' | 'month' | 'year';
      /** 2: every second one. */
      interval: number;
      /** 1 is Monday; of a week, or the one that `nth` counts in a month. Empty: that of its start. */
      days: number[];
      /** Which of those weekdays of a month, -1 is the last; null: it is no such rule. */
      nth: 1 | 2 | 3 | 4 | -1 | null;
      /** Times in all, or the day of the last one as UTC; null: for ever. */
      ends: { count: number } | { until: number } | null;
    }
  /** It does, by a rule that is longer than a sentence. */
  | { every: 'otherwise' };

const EVERY = { DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month', YEARLY: 'year' } as const;
const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const SAYABLE = new Set(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', 'BYDAY', 'BYSETPOS', 'BYMONTHDAY', 'BYMONTH']);

/** RFC 5545 §3.3.10; `dates`: it also names days one by one. */
export function repeatOf(rule: Line | null, dates: boolean): Repeat | null {
  if (!rule) return dates ? { every: 'otherwise' } : null;
  const pairs = rule.value
    .toUpperCase()
    .slice(0, 1_000)
    .split(';')
    .map(pair => pair.trim().split('='));
  const parts = new Map(pairs.map(([name = '', value = '']) => [name, value]));
  const every = EVERY[parts.get('FREQ') as keyof typeof EVERY];
  const known = [...parts.keys()].every(name => SAYABLE.has(name));
  if (!every || !known || dates) return { every: 'otherwise' };
  const interval = Math.min(Number(parts.get('INTERVAL') ?? 1) || 1, 1_000);
  const counted = every === 'month' ? nthDayOf(parts) : null;
  if (counted) return { every, interval, ...counted, ends: endsOf(parts) };
  if (!isPlain(every, parts)) return { every: 'otherwise' };
  const days = (parts.get('BYDAY') ?? '')
    .split(',')
    .filter(d => d !== '')
    .map(d => DAYS.indexOf(d) + 1)
    .sort();
  return { every, interval, days, nth: null, ends: endsOf(parts) };
}

const NTHS = [1, 2, 3, 4, -1] as const;

/** `BYDAY=2TU`, which Outlook writes `BYDAY=TU;BYSETPOS=2`. */
function nthDayOf(parts: Map<string, string>): { days: number[]; nth: (typeof NTHS)[number] } | null {
  const [, before = '', day = ''] = /^([+-]?\d)?([A-Z]{2})$/.exec(parts.get('BYDAY') ?? '') ?? [];
  const place = parts.get('BYSETPOS') ?? '';
  const nth = NTHS.find(n => n === Number(before || place));
  const isOne = (before === '') !== (place === '') && DAYS.includes(day) && !parts.has('BYMONTHDAY');
  return isOne && nth && !parts.has('BYMONTH') ? { days: [DAYS.indexOf(day) + 1], nth } : null;
}

/** What the sentence would leave out: only the day of its start, and weekdays of weeks, go without saying. */
function isPlain(every: string, parts: Map<string, string>): boolean {
  const days = parts.get('BYDAY');
  if (parts.has('BYSETPOS')) return false;
  if (days !== undefined && (every !== 'week' || !days.split(',').every(d => DAYS.includes(d)))) return false;
  if (parts.has('BYMONTHDAY') && (every === 'day' || every === 'week' || !/^\d{1,2}$/.test(parts.get('BYMONTHDAY')!)))
    return false;
  return !parts.has('BYMONTH') || (every === 'year' && /^\d{1,2}$/.test(parts.get('BYMONTH')!));
}

function endsOf(parts: Map<string, string>): { count: number } | { until: number } | null {
  const count = Number(parts.get('COUNT'));
  if (count > 0) return { count: Math.min(count, 100_000) };
  const until = /^(\d{4})(\d\d)(\d\d)/.exec(parts.get('UNTIL') ?? '');
  return until ? { until: Date.UTC(Number(until[1]), Number(until[2]) - 1, Number(until[3])) } : null;
}
