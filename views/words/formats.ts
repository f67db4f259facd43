/** How a locale in a time zone writes times, dates and numbers. */

const zoneOrLocal = (zone: string | undefined): string | undefined => {
  if (zone === undefined) return undefined;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
};

export const isZone = (zone: string): boolean => zoneOrLocal(zone) !== undefined;

// Making an Intl formatter costs more than a page of rows; so one set per locale and zone, and a bound on how many.
export type Formats = ReturnType<typeof makeFormats>;
const kept = new Map<string, Formats>();
const mostKept = 200;
/** Times whose text is kept, of each format: those of some pages of rows. */
const mostTold = 250;

export function formats(locale: string, zone: string | undefined): Formats {
  const name = `${locale} ${zone ?? ''}`;
  const known = kept.get(name);
  if (known) return known;
  if (kept.size > mostKept) kept.clear();
  const made = makeFormats(locale, zoneOrLocal(zone));
  kept.set(name, made);
  return made;
}

/** The same rows are shown again and again, and to write a time takes ten times as long as to look it up. */
export function remembered(write: (at: number) => string): { format(at: number): string } {
  const told = new Map<number, string>();
  return {
    format(at) {
      const known = told.get(at);
      if (known !== undefined) return known;
      if (told.size >= mostTold) told.clear();
      const text = write(at);
      told.set(at, text);
      return text;
    },
  };
}

function makeFormats(locale: string, timeZone: string | undefined) {
  // Mail is dated by the calendar of its header (RFC 5322 §3.3), also where another one is in use.
  const by = (tag: string, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(tag, { timeZone, calendar: 'gregory', ...options });
  const of = (options: Intl.DateTimeFormatOptions) => {
    const format = by(locale, options);
    return remembered(at => format.format(at));
  };
  // 9:05 AM, but 09:05.
  const hour = by(locale, { hour: 'numeric' }).resolvedOptions().hour12 ? 'numeric' : '2-digit';
  // To be read by startOfDay: the reader's clock in numbers.
  const offset = by('en', {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  });
  return {
    clock: of({ hour, minute: '2-digit' }),
    weekday: of({ weekday: 'short' }),
    date: of({ day: 'numeric', month: 'short' }),
    year: of({ year: 'numeric' }),
    full: of({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour, minute: '2-digit' }),
    wholeDay: of({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
    weekdayName: new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' }),
    stamp: of({ day: 'numeric', month: 'short', year: 'numeric', hour, minute: '2-digit' }),
    offset,
    zone: offset.resolvedOptions().timeZone,
    plural: new Intl.PluralRules(locale),
    number: new Intl.NumberFormat(locale),
    list: new Intl.ListFormat(locale),
    comma: commaOf(locale),
    weekStart: weekStartOf(locale),
  };
}

const commaOf = (locale: string): string =>
  new Intl.ListFormat(locale).formatToParts(['a', 'b', 'c']).find(part => part.type === 'literal')!.value;

/** 1: Monday … 7: Sunday. TypeScript does not know the method of ECMA-402 yet. */
const weekStartOf = (locale: string): number =>
  (new Intl.Locale(locale) as Intl.Locale & { getWeekInfo(): { firstDay: number } }).getWeekInfo().firstDay;
