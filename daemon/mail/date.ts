/** Dates of header fields: RFC 5322 §3.3, its obsolete forms, and what else mailers write. Times are ms since 1970 UTC. */
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Hours east of UTC (RFC 5322 §4.3); a zone that is not here counts as UTC, as that section says. */
const ZONES: Record<string, number> = {
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
  CET: 1,
  CEST: 2,
  BST: 1,
  WEST: 1,
  EET: 2,
  EEST: 3,
  MSK: 3,
  JST: 9,
  KST: 9,
  AEST: 10,
  AEDT: 11,
};

/** Comments such as `(CEST)` are taken out first; the day of the week says nothing. */
const DATE =
  /(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]{0,6}[\s,-]+(\d{2,4})[\s,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*(?:([+-])\s?(\d{1,2}):?(\d{2})|([A-Za-z]{1,5}))?/;
/** What C's ctime and Unix mail wrote: `Mon Jan  1 12:00:00 2024`. */
const CTIME = /([A-Za-z]{3})\s+(\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})\s+(?:([A-Za-z]{1,5})\s+)?(\d{4})/;
const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/** Null: not a date. */
export function parseDate(text: string): number | null {
  const plain = text
    .slice(0, 200)
    .replace(/\([^()]*\)/g, ' ')
    .trim();
  const m = DATE.exec(plain);
  if (m !== null) {
    const east = m[8] === undefined ? zoneOf(m[10]) : (m[7] === '-' ? -1 : 1) * (Number(m[8]) * 60 + Number(m[9]));
    return timeOf(m[3]!, m[2]!, m[1]!, [m[4]!, m[5]!, m[6] ?? '0'], east);
  }
  const c = CTIME.exec(plain);
  if (c !== null) return timeOf(c[7]!, c[1]!, c[2]!, [c[3]!, c[4]!, c[5]!], zoneOf(c[6]));
  const iso = ISO.test(plain)
    ? Date.parse(/[Z+]|-\d\d:?\d\d$|^.{10}$/.test(plain.slice(10)) ? plain : `${plain}Z`)
    : Number.NaN;
  return Number.isNaN(iso) ? null : iso;
}

const zoneOf = (name: string | undefined): number => (ZONES[(name ?? '').toUpperCase()] ?? 0) * 60;

function timeOf(
  year: string,
  month: string,
  day: string,
  clock: [string, string, string],
  eastMinutes: number,
): number | null {
  const monthIndex = MONTHS.findIndex(name => name.toLowerCase() === month.toLowerCase());
  const [hour, minute, second] = clock.map(Number) as [number, number, number];
  if (monthIndex < 0 || Number(day) < 1 || Number(day) > 31 || hour > 24 || minute > 59 || second > 60) return null;
  return Date.UTC(fullYear(year), monthIndex, Number(day), hour, minute, second) - eastMinutes * 60_000;
}

/** RFC 5322 §4.3: two digits below 50 are of this century, three count from 1900. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return text.length === 3 ? 1900 + year : year;
}

/** `-0800 PST`: an offset, and a name if need be. */
export const isZoneText = (text: string): boolean => /^[+-]\d{4}(?: [A-Za-z()]{1,10})?$/.test(text);

let zoneText: string | null = null;
/** The second asked for last, and its text: mail comes many a second, and each is stamped. */
let stamped = { second: Number.NaN, text: '' };

/**
 * What is written behind the time instead of the machine's offset, the time being left as it is: for machines that know
 * their time and not their zone. Null: the offset. Like TZ it is the process's.
 */
export function overrideZone(text: string | null): void {
  zoneText = text;
  stamped = { second: Number.NaN, text: '' };
}

/** `formatDate` in the time of this machine. */
export function localStamp(at: number): string {
  const second = Math.floor(at / 1000);
  if (stamped.second !== second) stamped = { second, text: formatDate(at) };
  return stamped.text;
}

/** As a letter has it: a day of two digits, so that another time takes no more octets. */
export const letterDate = (at: number): string => formatDate(at).replace(/, (\d) /, ', 0$1 ');

/** `Mon, 1 Jan 2024 12:00:00 +0100`; without a zone given, that of this machine at that time (RFC 5321 §4.4). */
export function formatDate(at: number, given?: number): string {
  const eastMinutes = given ?? -new Date(at).getTimezoneOffset();
  const local = new Date(at + eastMinutes * 60_000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const offset = `${eastMinutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(eastMinutes) / 60))}${two(Math.abs(eastMinutes) % 60)}`;
  const date = `${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]} ${local.getUTCFullYear()}`;
  const clock = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(':');
  return `${DAYS[local.getUTCDay()]}, ${date} ${clock} ${given === undefined ? (zoneText ?? offset) : offset}`;
}
