import type { Line } from './components.ts';

/** How often an event comes again, where that can be said in a sentence. */
export type Repeat =
  | {
      every: 'day' | 'week' | 'month' | 'year';
      /** 2: every second one. */
      interval: number;
      /** Of a week, 1 is Monday; empty: that of its start. */
      days: number[];
      /** Times in all, or the day of the last one as UTC; null: for ever. */
      ends: { count: number } | { until: number } | null;
    }
  /** It does, by a rule that is longer than a sentence. */
  | { every: 'otherwise' };

const EVERY = { DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month', YEARLY: 'year' } as const;
const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const SAYABLE = new Set(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', 'BYDAY', 'BYMONTHDAY', 'BYMONTH']);

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
  if (!every || !known || dates || !isPlain(every, parts)) return { every: 'otherwise' };
  const days = (parts.get('BYDAY') ?? '')
    .split(',')
    .filter(d => d !== '')
    .map(d => DAYS.indexOf(d) + 1)
    .sort();
  const interval = Math.min(Number(parts.get('INTERVAL') ?? 1) || 1, 1_000);
  return { every, interval, days, ends: endsOf(parts) };
}

/** What the sentence would leave out: only the day of its start, and weekdays of weeks, go without saying. */
function isPlain(every: string, parts: Map<string, string>): boolean {
  const days = parts.get('BYDAY');
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
