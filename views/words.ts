/**
 * Every visible word: a catalogue per language, plurals, dates and sizes.
 * Views ask by key; a key that does not exist does not compile. Nothing here knows HTML beyond
 * putting finished pieces into a sentence.
 */
import { html } from 'hono/html';
import { type Formats, formats, remembered } from './words/formats.ts';
import { type Entry, entryOf, isKey, type Key, type Language, languages } from './words/languages.ts';

export { isZone } from './words/formats.ts';
export { isLanguage, type Key, type Language, languages, readerOf } from './words/languages.ts';

export type Html = ReturnType<typeof html>;
type Text = string | number;

export type Words = {
  language: Language;
  /** For the lang attribute: the language, with the region whose dates and numbers these are. */
  lang: string;
  dir: 'ltr' | 'rtl';
  /** The sentence for a key; `n` chooses the plural form. */
  t(key: Key, values?: Record<string, Text>): string;
  /** The same with pieces of HTML as values. */
  h(key: Key, values: Record<string, Text | Html>): Html;
  /** All plural forms of a key with `{n}` left in them, as JSON: for scripts, which count by themselves. */
  forms(key: Key): string;
  /** For a key another room names (auth); what the catalogue lacks becomes the general sentence. */
  reason(key: string): string;
  /** As a list row tells time: 14:05, Tue, 3 Mar; 2024 of what is long ago. */
  when(at: number): string;
  /** As a list row tells a time to come: 18:00, Tue 08:00, 3 Mar, 2028. */
  soon(at: number): string;
  /** Day and time, for a message head. */
  stamp(at: number): string;
  /** In full, for a title or a quote. */
  full(at: number): string;
  clock(at: number): string;
  /** In full, without the time of day. */
  day(at: number): string;
  /** 1 is Monday, 7 is Sunday. */
  weekday(n: number): string;
  /** These words by the clock of another zone (a name of the tz database). */
  inZone(zone: string): Words;
  /** For machines: the datetime attribute. */
  iso(at: number): string;
  size(octets: number): string;
  number(n: number): string;
  /** a, b and c. */
  list(some: string[]): string;
  /** What stands between two names that follow each other. */
  comma: string;
  /** The day a week begins with: 1 is Monday, 7 is Sunday. */
  weekStart: number;
  /** When a day of the reader's calendar begins; `month` from 1, a `day` beyond its month lies in another. */
  startOfDay(year: number, month: number, day: number): number;
  /** What the reader's calendar and clock show. */
  calendar(at: number): Clock;
  /** When they show this; a day beyond its month lies in another, a time the clock leaps over is an hour later. */
  moment(shown: Clock): number;
  /** Whose times these are: `Europe/Berlin`. */
  zone: string;
};

/** `month` from 1. */
export type Clock = { year: number; month: number; day: number; hour: number; minute: number };

export type Reader = { language: Language; locale: string; zone?: string };

export function createWords(now: number, { language, locale, zone }: Reader): Words {
  const f = formats(locale, zone);
  const { dir } = languages[language];
  const sentence = (key: Key, n: Text | undefined): string =>
    pick(entryOf(language, key), typeof n === 'number' ? n : 0, f);
  const t: Words['t'] = (key, values = {}) => {
    const text = sentence(key, values.n);
    return text.includes('{') ? text.replace(/\{(\w+)\}/g, (_, name: string) => asText(values[name], dir, f)) : text;
  };
  return {
    language,
    lang: locale,
    dir,
    t,
    h: (key, values) => weave(sentence(key, typeof values.n === 'number' ? values.n : undefined), values, dir, f),
    forms: key => JSON.stringify(formsOf(entryOf(language, key))),
    reason: key => (isKey(key) ? t(key) : t('error.refused')),
    when: at => when(at, now, f),
    soon: at => soon(at, now, f),
    stamp: at => f.stamp.format(at),
    full: at => f.full.format(at),
    clock: at => f.clock.format(at),
    day: at => f.wholeDay.format(at),
    // 1970 began on a Thursday.
    weekday: n => f.weekdayName.format((n + 3) * 86_400_000),
    inZone: other => createWords(now, { language, locale, zone: other }),
    iso: at => iso.format(at),
    size: octets => size(octets, t),
    number: n => f.number.format(n),
    list: some => f.list.format(some.map(one => isolated(one, dir))),
    comma: f.comma,
    weekStart: f.weekStart,
    startOfDay: (year, month, day) => instant(utcDay(year, month, day), f),
    calendar: at => shownAt(at, f),
    moment: c => instant(utcDay(c.year, c.month, c.day) + c.hour * 3_600_000 + c.minute * 60_000, f),
    zone: f.zone,
  };
}

const iso = remembered(at => `${new Date(at).toISOString().slice(0, -8)}Z`);

const formsOf = (entry: Entry): Exclude<Entry, string> => (typeof entry === 'string' ? { other: entry } : entry);

function pick(entry: Entry, n: number, f: Formats): string {
  if (typeof entry === 'string') return entry;
  return entry[f.plural.select(n)] ?? entry.other ?? '';
}

function asText(value: Text | undefined, dir: Words['dir'], f: Formats): string {
  if (typeof value === 'number') return f.number.format(value);
  return value === undefined ? '' : isolated(value, dir);
}

const reordering = /[\u202a-\u202e\u2066-\u2069]/g;
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Without the characters that make what follows them be read in another order: a name needs none of them. */
export const inOrder = (text: string): string => text.replace(reordering, '');

/** What a stranger chose, such as a name, must not turn round the sentence it stands in (UAX #9 §6.3). */
function isolated(value: string, dir: Words['dir']): string {
  const text = inOrder(value);
  if (text === '' || (dir === 'ltr' && !rightToLeft.test(text))) return text;
  return `\u2068${text}\u2069`;
}

/** What hono/html made is a String object, or the promise of one. */
const isHtml = (value: Text | Html | undefined): value is Html => typeof value === 'object';

function weave(text: string, values: Record<string, Text | Html>, dir: Words['dir'], f: Formats): Html {
  const pieces = text.split(/\{(\w+)\}/).map((piece, i) => {
    if (i % 2 === 0) return piece;
    const value = values[piece];
    return isHtml(value) ? value : asText(value, dir, f);
  });
  return html`${pieces}`;
}

/** Date.UTC takes years below 100 for those of the last century. */
const utcDay = (year: number, month: number, day: number): number => new Date(0).setUTCFullYear(year, month - 1, day);

function shownAt(at: number, f: Formats): Clock {
  const parts = Object.fromEntries(f.offset.formatToParts(at).map(p => [p.type, Number(p.value)]));
  return { year: parts.year!, month: parts.month!, day: parts.day!, hour: parts.hour!, minute: parts.minute! };
}

/**
 * When a zone's clock shows what that of UTC shows at `utc`. It is looked at where that should be, and once more where that
 * led over a change of the clock.
 */
function instant(utc: number, f: Formats): number {
  const ahead = (at: number) => {
    const { year, month, day, hour, minute } = shownAt(at, f);
    return utcDay(year, month, day) + hour * 3_600_000 + minute * 60_000 - minuteOf(at);
  };
  const first = utc - ahead(utc);
  return utc - ahead(first);
}

const minuteOf = (at: number): number => Math.floor(at / 60_000) * 60_000;
const dayMs = 86_400_000;

/** So far from now a day and a month say which year is meant; it need not be the reader's, as in the first days of one. */
const plainDays = 300;

/** The reader's day and year, as the moments they begin and end at. */
type Near = Record<'day' | 'year', { from: number; to: number }>;

/** Looked up once a day for each set of formats. */
const nearBy = new WeakMap<Formats, Near>();

function nearTo(now: number, f: Formats): Near {
  const known = nearBy.get(f);
  if (known && isIn(now, known.day)) return known;
  const { year, month, day } = shownAt(now, f);
  const begin = (y: number, m: number, d: number) => instant(utcDay(y, m, d), f);
  const near = {
    day: { from: begin(year, month, day), to: begin(year, month, day + 1) },
    year: { from: begin(year, 1, 1), to: begin(year + 1, 1, 1) },
  };
  nearBy.set(f, near);
  return near;
}

const isIn = (at: number, { from, to }: Near['day']): boolean => at >= from && at < to;

function when(at: number, now: number, f: Formats): string {
  const near = nearTo(now, f);
  if (isIn(at, near.day)) return f.clock.format(at);
  if (at < now && now - at < 6 * dayMs) return f.weekday.format(at);
  return isIn(at, near.year) || Math.abs(at - now) < plainDays * dayMs ? f.date.format(at) : f.year.format(at);
}

function soon(at: number, now: number, f: Formats): string {
  if (isIn(at, nearTo(now, f).day)) return f.clock.format(at);
  return at - now < 6 * dayMs ? `${f.weekday.format(at)} ${f.clock.format(at)}` : when(at, now, f);
}

function size(octets: number, t: Words['t']): string {
  if (octets < 1000) return t('size.bytes', { n: octets });
  if (octets < 1_000_000) return t('size.kb', { n: Math.round(octets / 1000) });
  const mb = octets / 1_000_000;
  if (mb < 1000) return t('size.mb', { n: mb < 10 ? Math.round(mb * 10) / 10 : Math.round(mb) });
  return t('size.gb', { n: Math.round(mb / 100) / 10 });
}
