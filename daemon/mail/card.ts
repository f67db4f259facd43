/**
 * Cards of an address book: vCard 2.1, 3 and 4 (RFC 6350) and the CSV of Google and Outlook in, vCard 4 out.
 *
 * What a card says beyond name, addresses, groups and note is kept as lines and written out again; pictures,
 * sounds and keys are not kept. What cannot be read is counted, never thrown; time and memory grow with the size.
 */
import { readTable } from './card/csv.ts';
import { readVCards } from './card/read.ts';
import { decodeCharset } from './header.ts';

export { cleaned, finished } from './card/finish.ts';
export { factsOf, writeCards } from './card/write.ts';

export type Card = {
  /** RFC 6350 §6.7.6, without `urn:uuid:`; null: the card has none. */
  uid: string | null;
  name: string;
  addresses: { /** `home`, `work`, or what its owner called it; empty: nothing. */ label: string; address: string }[];
  note: string;
  groups: string[];
  /** Unfolded lines of vCard 4 for all else the card says, such as `TEL;TYPE=home:+46…`. */
  kept: string[];
};

export type Cards = {
  cards: Card[];
  /** Cards that say neither a name nor an address, and rows without an address. */
  left: number;
  /** How many more there are than an address book holds: `cards` are the first. */
  over: number;
  /** Rows of a table that have no address, as a spreadsheet counts them: its head is row 1. */
  unaddressed: number[];
  /** What a table calls its columns. */
  columns: string[];
};

export const mostCards = 10_000;

/** Reads a file of either kind, whatever it is called. */
export function readCards(file: Buffer): Cards {
  const text = decoded(file);
  const found = /^\s*begin\s*:\s*vcard/im.test(text.slice(0, 10_000)) ? readVCards(text) : readTable(text);
  const over = Math.max(0, found.cards.length - mostCards);
  return { ...found, cards: found.cards.slice(0, mostCards), over };
}

/** With its mark in front, or told by the zeros of Latin text; null: it is no UTF-16. */
function wide([first, second]: Buffer): string | null {
  if ((first === 0xff && second === 0xfe) || (first && second === 0)) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || (first === 0 && second) ? 'utf-16be' : null;
}

/** Outlook writes UTF-16 or the code page of its Windows; everybody else UTF-8. */
function decoded(file: Buffer): string {
  return decodeCharset(file, wide(file)).replace(/^\ufeff/, '');
}
