import { firstOf, type Line, paramOf, type ZoneComponent } from './components.ts';
import { windowsZones } from './windows-zones.ts';

export type EventTime = {
  /** What the clock on the wall shows there, as if it were UTC. */
  wall: number;
  /** The moment; null: the clock of whoever is there, or of a zone nobody knows. */
  at: number | null;
  allDay: boolean;
  /** As the mail names it; empty: none. */
  zone: string;
};

/** The moment at which the clock of a zone shows something; null: the zone is not known. */
export type Zones = (zone: string, wall: number) => number | null;

const day = 86_400_000;

/** Null: there is no time that can be read. */
export function timeOf(line: Line | null, zones: Zones): EventTime | null {
  const parts = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?$/.exec(line?.value.trim() ?? '');
  if (!line || !parts) return null;
  const [year, month, date, hour, minute, second] = parts.slice(1, 7).map(part => Number(part ?? 0)) as number[];
  const wall =
    new Date(0).setUTCFullYear(year!, month! - 1, date) + hour! * 3_600_000 + minute! * 60_000 + second! * 1000;
  if (month! > 12 || date! > 31 || hour! > 24 || minute! > 59) return null;
  if (parts[4] === undefined) return { wall, at: null, allDay: true, zone: '' };
  if (parts[7] === 'Z') return { wall, at: wall, allDay: false, zone: 'UTC' };
  const zone = paramOf(line, 'TZID').slice(0, 200);
  return { wall, at: zone === '' ? null : zones(zone, wall), allDay: false, zone };
}

/** Null: it has no length. The end of whole days is the first day behind them (RFC 5545 §3.6.1). */
export function endOf(start: EventTime, end: Line | null, duration: Line | null, zones: Zones): EventTime | null {
  const given = timeOf(end, zones);
  if (given) return given.wall > start.wall || given.zone !== start.zone ? given : null;
  const length = durationOf(duration?.value ?? '');
  if (length === 0) return null;
  return { ...start, wall: start.wall + length, at: start.at === null ? null : start.at + length };
}

/** RFC 5545 §3.3.6, forwards only; milliseconds. */
function durationOf(text: string): number {
  const parts = /^\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?$/.exec(
    text.trim(),
  );
  if (!parts) return 0;
  const [weeks, days, hours, minutes, seconds] = parts.slice(1).map(part => Number(part ?? 0)) as number[];
  return weeks! * 7 * day + days! * day + hours! * 3_600_000 + minutes! * 60_000 + seconds! * 1000;
}

/** By the tz database where it has the name; else by what the mail says of the zone; else by what Windows means by it. */
export function zonesOf(described: ZoneComponent[]): Zones {
  return (zone, wall) => {
    const known = databaseZone(zone);
    if (known !== null) return momentIn(known, wall);
    const own = described.find(z => firstOf(z.of, 'TZID')?.value.trim() === zone.trim());
    return own ? momentDescribed(own, wall) : momentNamed(zone, wall);
  };
}

/** Null where the zones a name may stand for do not agree on it. */
function momentNamed(zone: string, wall: number): number | null {
  const { names, ahead } = windowsZones(zone);
  const known = names.map(formatOf).filter(format => format !== null);
  const fitting = ahead === null ? known : known.filter(format => standardOf(format, wall) === ahead);
  const [moment = null, ...others] = fitting.map(format => momentIn(format, wall));
  return others.every(other => other === moment) ? moment : null;
}

const formats = new Map<string, Intl.DateTimeFormat | null>();

/** `/example.com/20050809_050000/Europe/Berlin` is Europe/Berlin; some have three parts, UTC has one. */
function databaseZone(zone: string): Intl.DateTimeFormat | null {
  const name = zone.trim();
  if (!name.startsWith('/')) return formatOf(name);
  const parts = name.split('/');
  return formatOf(parts.slice(-3).join('/')) ?? formatOf(parts.slice(-2).join('/')) ?? formatOf(parts.at(-1)!);
}

function formatOf(name: string): Intl.DateTimeFormat | null {
  const kept = formats.get(name);
  if (kept !== undefined) return kept;
  if (formats.size > 200) formats.clear();
  const made = /^[A-Za-z]\w*(?:\/[\w+-]{1,40}){0,2}$/.test(name) ? formatIn(name) : null;
  formats.set(name, made);
  return made;
}

function formatIn(timeZone: string): Intl.DateTimeFormat | null {
  const numeric = 'numeric';
  const parts = {
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  } as const;
  try {
    return new Intl.DateTimeFormat('en', { timeZone, calendar: 'gregory', hourCycle: 'h23', ...parts });
  } catch {
    return null;
  }
}

/** Looked at where the clock would be, and once more where that led over a change of it. */
const momentIn = (format: Intl.DateTimeFormat, wall: number): number =>
  wall - aheadIn(format, wall - aheadIn(format, wall));

/** How far a clock is ahead of UTC at a moment; milliseconds. */
function aheadIn(format: Intl.DateTimeFormat, at: number): number {
  const p = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const shown = new Date(0).setUTCFullYear(p.year!, p.month! - 1, p.day!) + p.hour! * 3_600_000 + p.minute! * 60_000;
  return shown - Math.floor(at / 60_000) * 60_000;
}

/** The same without summer time, of whichever half of the world. */
function standardOf(format: Intl.DateTimeFormat, at: number): number {
  const year = new Date(at).getUTCFullYear();
  return Math.min(aheadIn(format, Date.UTC(year, 0, 1)), aheadIn(format, Date.UTC(year, 6, 1)));
}

/** What holds is what began last (RFC 5545 §3.6.5). */
function momentDescribed({ observances }: ZoneComponent, wall: number): number | null {
  let last: { onset: number; offset: number } | null = null;
  for (const observance of observances) {
    const offset = offsetOf(firstOf(observance, 'TZOFFSETTO')?.value ?? '');
    const onset = onsetBefore(observance, wall);
    if (offset !== null && onset !== null && (last === null || onset > last.onset)) last = { onset, offset };
  }
  return last && wall - last.offset;
}

function onsetBefore(observance: Map<string, Line[]>, wall: number): number | null {
  const start = timeOf(firstOf(observance, 'DTSTART'), () => null)?.wall;
  if (start === undefined || start > wall) return null;
  const rule = firstOf(observance, 'RRULE')?.value.toUpperCase() ?? '';
  const until = /UNTIL=(\d{8})/.exec(rule)?.[1] ?? '99999999';
  const year = new Date(wall).getUTCFullYear();
  for (const tried of [year, year - 1]) {
    const onset = onsetIn(tried, rule, start);
    if (onset !== null && onset >= start && onset <= wall && dateText(onset) <= until) return onset;
  }
  return start;
}

const dateText = (at: number): string => new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** `FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU` in a year, at the time of day of `start`; null: it is no such rule. */
function onsetIn(year: number, rule: string, start: number): number | null {
  const month = /BYMONTH=(\d{1,2})/.exec(rule)?.[1];
  const [, nth, weekday] = /BYDAY=([+-]?\d)(SU|MO|TU|WE|TH|FR|SA)/.exec(rule) ?? [];
  if (month === undefined || nth === undefined || weekday === undefined) return null;
  const wanted = WEEKDAYS.indexOf(weekday);
  const n = Number(nth);
  const edge = new Date(Date.UTC(year, Number(month) - (n > 0 ? 1 : 0), n > 0 ? 1 : 0));
  const away = n > 0 ? (wanted - edge.getUTCDay() + 7) % 7 : -((edge.getUTCDay() - wanted + 7) % 7);
  const date = edge.getTime() + (away + (n > 0 ? n - 1 : n + 1) * 7) * day;
  return date + (start % day);
}

/** `+0100`, in milliseconds. */
function offsetOf(text: string): number | null {
  const parts = /^([+-])(\d\d)(\d\d)(\d\d)?$/.exec(text.trim());
  if (!parts) return null;
  const size = Number(parts[2]) * 3_600_000 + Number(parts[3]) * 60_000 + Number(parts[4] ?? 0) * 1000;
  return parts[1] === '-' ? -size : size;
}
