import type { IndexQuery } from './sql.ts';

/**
 * What does not change of a message beside its texts, as marks in the full-text index: so a search that names a word
 * and an age, or a size, meets in the index and looks at no message that has only one of them. Marks are coarse
 * (months, powers of two); who asks looks at the rows for the rest.
 */
type Facts = { message_size: number; received_at: number; attachments: number };

export const attached = 'att';

export function factsOf({ message_size, received_at, attachments }: Facts): string[] {
  const { year, month } = monthOf(received_at);
  return [
    ...(attachments > 0 ? [attached] : []),
    sizeMark(power(message_size)),
    decadeMark(Math.floor(year / 10)),
    yearMark(year),
    monthMark(year, month),
  ];
}

const largestPower = 40;
const power = (octets: number): number => Math.min(largestPower, Math.floor(Math.log2(Math.max(1, octets))));
const sizeMark = (p: number): string => `z${p}`;
const decadeMark = (decade: number): string => `c${decade}`;
const yearMark = (year: number): string => `y${year}`;
const monthMark = (year: number, month: number): string => `m${year * 100 + month}`;

const firstYear = 1970;
const lastYear = 2099;
const monthOf = (at: number): { year: number; month: number } => {
  const date = new Date(at);
  const year = date.getUTCFullYear();
  if (!(year >= firstYear)) return { year: firstYear, month: 1 };
  return year > lastYear ? { year: lastYear, month: 12 } : { year, month: date.getUTCMonth() + 1 };
};

/** Some that are not as large are among them, and none that is as large is missing; likewise below. */
export const largerThan = (octets: number): IndexQuery => ({ any: powers(power(octets), largestPower) });
export const smallerThan = (octets: number): IndexQuery => ({ any: powers(0, power(octets)) });

const powers = (from: number, to: number): IndexQuery[] => upTo(from, to).map(p => ({ fact: sizeMark(p) }));

export function receivedBefore(at: number): IndexQuery {
  const { year, month } = monthOf(at);
  return {
    any: [...months(year, 1, month), ...years(tensOf(year), year - 1), ...decades(firstYear, tensOf(year) - 1)],
  };
}

export function receivedSince(at: number): IndexQuery {
  const { year, month } = monthOf(at);
  const nextTen = tensOf(year) + 10;
  return { any: [...months(year, month, 12), ...years(year + 1, nextTen - 1), ...decades(nextTen, lastYear)] };
}

const tensOf = (year: number): number => year - (year % 10);
const months = (year: number, from: number, to: number) => upTo(from, to).map(m => ({ fact: monthMark(year, m) }));
const years = (from: number, to: number) => upTo(from, to).map(y => ({ fact: yearMark(y) }));
const decades = (fromYear: number, toYear: number) =>
  upTo(Math.floor(fromYear / 10), Math.floor(toYear / 10)).map(d => ({ fact: decadeMark(d) }));

const upTo = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
