/** Until when a message is put off: the choices offered, and what somebody chose, by the reader's calendar and clock. */
import type { SnoozeForm, SnoozeTime } from '../views/chooser.ts';
import type { Clock, Words } from '../views/words.ts';
import type { Form } from './form.ts';

const hour = 3_600_000;
const morning = 8;
/** "Later today" is so long from now, and not at night. */
const later = 3;
const evening = 21;
const longest = 5 * 366 * 24 * hour;

/** Soonest first; what would be the same time as another is left out. */
export function quickTimes(w: Words, now: number): SnoozeTime[] {
  const today = w.calendar(now);
  const on = (days: number, at: number) => w.moment({ ...today, day: today.day + days, hour: at, minute: 0 });
  const weekday = weekdayOf(today);
  const saturday = (6 - weekday + 7) % 7;
  const monday = ((8 - weekday) % 7 || 7) as number;
  const offered: SnoozeTime[] = [];
  if (today.hour + later < evening) offered.push({ name: 'later', at: on(0, today.hour + later) });
  offered.push({ name: 'tomorrow', at: on(1, morning) });
  if (saturday > 1) offered.push({ name: 'weekend', at: on(saturday, morning) });
  if (monday > 1) offered.push({ name: 'week', at: on(monday, morning) });
  return offered.toSorted((a, b) => a.at - b.at);
}

/** 1 is Monday. */
const weekdayOf = ({ year, month, day }: Clock): number => new Date(Date.UTC(year, month - 1, day)).getUTCDay() || 7;

export type Chosen = { at: number } | { wrong: 'missing' | 'past' | 'far' };

/** A button's time, or a day and a clock's time typed in. */
export function chosenTime(w: Words, form: Form, now: number): Chosen {
  const at = form.has('until') ? Number(form.get('until')) : typedTime(w, form);
  if (at === null || !Number.isSafeInteger(at)) return { wrong: 'missing' };
  if (at <= now) return { wrong: 'past' };
  return at > now + longest ? { wrong: 'far' } : { at };
}

function typedTime(w: Words, form: Form): number | null {
  const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(form.get('day').trim());
  const time = /^(\d\d):(\d\d)(?::\d\d)?$/.exec(form.get('time').trim());
  if (!day || !time) return null;
  const shown = { year: +day[1]!, month: +day[2]!, day: +day[3]!, hour: +time[1]!, minute: +time[2]! };
  return isReal(shown) ? w.moment(shown) : null;
}

/** No 31st of June, and no 25 o'clock. */
function isReal({ year, month, day, hour: h, minute }: Clock): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year > 1970 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day && h < 24 && minute < 60;
}

/** As a page shows it; `form`: what was asked for before. */
export function snoozeForm(w: Words, now: number, form: Form | null, error: string): SnoozeForm {
  const quick = quickTimes(w, now);
  const tomorrow = quick.find(q => q.name === 'tomorrow')!.at;
  return {
    quick,
    day: form?.get('day') || dayOf(w.calendar(tomorrow)),
    time: form?.get('time') || `${two(morning)}:00`,
    from: dayOf(w.calendar(now)),
    error,
  };
}

const two = (n: number): string => String(n).padStart(2, '0');
const dayOf = (c: Clock): string => `${c.year}-${two(c.month)}-${two(c.day)}`;
