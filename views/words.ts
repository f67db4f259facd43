/**
 * Every visible word: a catalogue per language, plurals, dates and sizes.
 * Views ask by key; a key that does not exist does not compile. Nothing here knows HTML beyond
 * putting finished pieces into a sentence.
 */
import { html } from 'hono/html';
import en from './words/en.json' with { type: 'json' };

export type Html = ReturnType<typeof html>;
export type Key = keyof typeof en;
type Text = string | number;

export type Words = {
  lang: string;
  dir: 'ltr' | 'rtl';
  /** The sentence for a key; `n` chooses the plural form. */
  t(key: Key, values?: Record<string, Text>): string;
  /** The same with pieces of HTML as values. */
  h(key: Key, values: Record<string, Text | Html>): Html;
  /** For a key another room names (auth); what the catalogue lacks becomes the general sentence. */
  reason(key: string): string;
  /** As a list row tells time: 14:05, Tue, 3 Mar, 2024. */
  when(at: number): string;
  /** Day and time, for a message head. */
  stamp(at: number): string;
  /** In full, for a title or a quote. */
  full(at: number): string;
  clock(at: number): string;
  /** For machines: the datetime attribute. */
  iso(at: number): string;
  size(octets: number): string;
  number(n: number): string;
  /** When a day of the reader's calendar begins; `month` from 1, a `day` beyond its month lies in another. */
  startOfDay(year: number, month: number, day: number): number;
};

type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
const catalogue: Record<Key, Entry> = en;

const zoneOrLocal = (zone: string | undefined): string | undefined => {
  if (zone === undefined) return undefined;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
};

// Making an Intl formatter costs more than a page of rows; so one set per zone, and a bound on how many zones.
type Formats = ReturnType<typeof makeFormats>;
const kept = new Map<string, Formats>();

function formats(zone: string | undefined): Formats {
  const known = kept.get(zone ?? '');
  if (known) return known;
  if (kept.size > 500) kept.clear();
  const made = makeFormats(zoneOrLocal(zone));
  kept.set(zone ?? '', made);
  return made;
}

function makeFormats(timeZone: string | undefined) {
  const of = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat('en-GB', { timeZone, ...options });
  return {
    day: of({ year: 'numeric', month: '2-digit', day: '2-digit' }),
    clock: of({ hour: '2-digit', minute: '2-digit' }),
    weekday: of({ weekday: 'short' }),
    date: of({ day: 'numeric', month: 'short' }),
    year: of({ year: 'numeric' }),
    full: of({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' }),
    stamp: of({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }),
    // To be read by startOfDay: the reader's clock in numbers.
    offset: of({
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      hourCycle: 'h23',
    }),
    plural: new Intl.PluralRules('en'),
    number: new Intl.NumberFormat('en'),
  };
}

export function createWords(now: number, zone?: string): Words {
  const f = formats(zone);
  const sentence = (key: Key, n: Text | undefined): string => pick(catalogue[key], typeof n === 'number' ? n : 0, f);
  const t: Words['t'] = (key, values = {}) =>
    sentence(key, values.n).replace(/\{(\w+)\}/g, (_, name: string) => asText(values[name], f));
  return {
    lang: 'en',
    dir: 'ltr',
    t,
    h: (key, values) => weave(sentence(key, typeof values.n === 'number' ? values.n : undefined), values, f),
    reason: key => (key in catalogue ? t(key as Key) : t('error.refused')),
    when: at => when(at, now, f),
    stamp: at => f.stamp.format(at),
    full: at => f.full.format(at),
    clock: at => f.clock.format(at),
    iso: at => new Date(at).toISOString(),
    size: octets => size(octets, t),
    number: n => f.number.format(n),
    startOfDay: (year, month, day) => startOfDay(utcDay(year, month, day), f),
  };
}

function pick(entry: Entry, n: number, f: Formats): string {
  if (typeof entry === 'string') return entry;
  return entry[f.plural.select(n)] ?? entry.other ?? '';
}

const asText = (value: Text | undefined, f: Formats): string =>
  typeof value === 'number' ? f.number.format(value) : (value ?? '');

function weave(text: string, values: Record<string, Text | Html>, f: Formats): Html {
  const pieces = text.split(/\{(\w+)\}/).map((piece, i) => {
    if (i % 2 === 0) return piece;
    const value = values[piece];
    return typeof value === 'number' ? f.number.format(value) : (value ?? '');
  });
  return html`${pieces}`;
}

/** Date.UTC takes years below 100 for those of the last century. */
const utcDay = (year: number, month: number, day: number): number => new Date(0).setUTCFullYear(year, month - 1, day);

/** A zone's clock is looked at where its day should begin, and once more where that led over a change of the clock. */
function startOfDay(utc: number, f: Formats): number {
  const ahead = (at: number) => {
    const parts = Object.fromEntries(f.offset.formatToParts(at).map(p => [p.type, Number(p.value)]));
    return (
      utcDay(parts.year!, parts.month!, parts.day!) + parts.hour! * 3_600_000 + parts.minute! * 60_000 - minuteOf(at)
    );
  };
  const first = utc - ahead(utc);
  return utc - ahead(first);
}

const minuteOf = (at: number): number => Math.floor(at / 60_000) * 60_000;
const dayMs = 86_400_000;

function when(at: number, now: number, f: Formats): string {
  if (f.day.format(at) === f.day.format(now)) return f.clock.format(at);
  if (at < now && now - at < 6 * dayMs) return f.weekday.format(at);
  return f.year.format(at) === f.year.format(now) ? f.date.format(at) : f.year.format(at);
}

function size(octets: number, t: Words['t']): string {
  if (octets < 1000) return t('size.bytes', { n: octets });
  if (octets < 1_000_000) return t('size.kb', { n: Math.round(octets / 1000) });
  const mb = octets / 1_000_000;
  if (mb < 1000) return t('size.mb', { n: mb < 10 ? Math.round(mb * 10) / 10 : Math.round(mb) });
  return t('size.gb', { n: Math.round(mb / 100) / 10 });
}
