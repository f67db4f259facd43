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
  /** Cards or rows that say neither a name nor an address, or are more than an address book holds. */
  left: number;
};

export const mostCards = 10_000;

/** Reads a file of either kind, whatever it is called. */
export function readCards(file: Buffer): Cards {
  const text = decoded(file);
  const found = /^\s*begin\s*:\s*vcard/im.test(text.slice(0, 10_000)) ? readVCards(text) : readTable(text);
  return { cards: found.cards.slice(0, mostCards), left: found.left + Math.max(0, found.cards.length - mostCards) };
}

/** Outlook writes UTF-16 or the code page of its Windows; everybody else UTF-8. */
function decoded(file: Buffer): string {
  const wide =
    file[0] === 0xff && file[1] === 0xfe ? 'utf-16le' : file[0] === 0xfe && file[1] === 0xff ? 'utf-16be' : null;
  return decodeCharset(file, wide).replace(/^\ufeff/, '');
}
