/** When a letter is to be sent: the choices offered, and what somebody chose, by the reader's calendar and clock. */
import type { LaterForm, Quick, QuickTime } from '../views/later.ts';
import type { Clock, Words } from '../views/words.ts';
import type { Form } from './form.ts';
import type { Ctx, Site } from './site.ts';

const minute = 60_000;
const morning = 8;
const evening = 18;
/** "This evening" is offered until so long before. */
const notice = 30 * minute;

/** Soonest first; those that would be the same time, or are over, are left out. */
export function quickTimes(w: Words, now: number): QuickTime[] {
  const today = { ...w.calendar(now), minute: 0 };
  const on = (days: number, hour: number) => w.moment({ ...today, day: today.day + days, hour });
  const untilMonday = ((8 - weekdayOf(today)) % 7) + (weekdayOf(today) === 1 ? 7 : 0);
  const offered: QuickTime[] = [{ name: 'hour', at: Math.ceil((now + 60 * minute) / minute) * minute }];
  if (on(0, evening) - now >= notice) offered.push({ name: 'evening', at: on(0, evening) });
  offered.push({ name: 'morning', at: on(1, morning) });
  if (untilMonday > 1) offered.push({ name: 'monday', at: on(untilMonday, morning) });
  return offered;
}

/** 1 is Monday. */
const weekdayOf = ({ year, month, day }: Clock): number => new Date(Date.UTC(year, month - 1, day)).getUTCDay() || 7;

export type Chosen =
  /** No time was asked for. */
  { kind: 'none' } | { kind: 'at'; at: number } | { kind: 'wrong'; why: string };

/** `longest`: milliseconds ahead at most. */
export function chosenTime(w: Words, form: Form, now: number, longest: number): Chosen {
  const asked = form.get('later');
  if (asked === '') return { kind: 'none' };
  if (longest === 0) return { kind: 'wrong', why: w.t('later.error.off') };
  const quick = quickTimes(w, now).find(q => q.name === (asked as Quick));
  if (quick) return within(w, quick.at, now, longest);
  if (asked !== 'at') return { kind: 'wrong', why: w.t('later.error.past') };
  const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(form.get('day').trim());
  const time = /^(\d\d):(\d\d)(?::\d\d)?$/.exec(form.get('time').trim());
  if (!day || !time) return { kind: 'wrong', why: w.t('later.error.missing') };
  const shown = { year: +day[1]!, month: +day[2]!, day: +day[3]!, hour: +time[1]!, minute: +time[2]! };
  return isReal(shown) ? within(w, w.moment(shown), now, longest) : { kind: 'wrong', why: w.t('later.error.missing') };
}

function within(w: Words, at: number, now: number, longest: number): Chosen {
  if (at <= now) return { kind: 'wrong', why: w.t('later.error.past') };
  if (at > now + longest) return { kind: 'wrong', why: w.t('later.error.far', { time: w.stamp(now + longest) }) };
  return { kind: 'at', at };
}

/** No 31st of June, and no 25 o'clock. */
function isReal({ year, month, day, hour, minute }: Clock): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year > 1970 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60;
}

/** For the fields of a form: `2026-11-30` and `08:00`. */
export function fieldsAt(w: Words, at: number): { day: string; time: string } {
  const c = w.calendar(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return { day: `${c.year}-${two(c.month)}-${two(c.day)}`, time: `${two(c.hour)}:${two(c.minute)}` };
}

/** As a page shows it; null: this site keeps no mail for later. `form`: what was asked for before. */
export function laterForm(
  site: Pick<Site, 'settings' | 'now'>,
  c: Ctx,
  form: Form | null,
  error = '',
): LaterForm | null {
  const w = c.var.words;
  const now = site.now();
  const longest = site.settings.max_future_release;
  if (longest === 0) return null;
  const { day, time } = fieldsAt(
    w,
    w.moment({ ...w.calendar(now), day: w.calendar(now).day + 1, hour: morning, minute: 0 }),
  );
  return {
    quick: quickTimes(w, now).filter(q => q.at <= now + longest),
    day: form?.get('day') || day,
    time: form?.get('time') || time,
    error,
  };
}
