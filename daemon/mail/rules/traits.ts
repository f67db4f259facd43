import { parseAddressList } from '../address.ts';
import { cleanText, decodeWords, type Header, readHeader } from '../header.ts';
import type { TextField } from './rule.ts';

/** What rules may ask of a message. */
export type Traits = {
  header: Header;
  /** Octets, as POP3 gives it. */
  size: number;
  attachments: number;
  /** All that a field says, as it is compared: each value, and of people each name and each address. */
  texts(field: TextField, name: string): string[];
};

/** Characters of all values of a field that are looked at. */
const mostText = 4_000;

const fieldsOf: Record<Exclude<TextField, 'header'>, string[]> = {
  from: ['from'],
  to: ['to', 'cc'],
  subject: ['subject'],
  list: ['list-id'],
};

/** `head`: fields of ours in front, then the header block. */
export function traitsOf(head: Buffer, { size, attachments }: Pick<Traits, 'size' | 'attachments'>): Traits {
  const header = readHeader(head);
  const known = new Map<string, string[]>();
  const texts = (field: TextField, name: string): string[] => {
    const names = field === 'header' ? [name.toLowerCase()] : fieldsOf[field];
    const key = `${field} ${names[0]}`;
    const found = known.get(key) ?? read(header, names, field === 'from' || field === 'to');
    known.set(key, found);
    return found;
  };
  return { header, size, attachments, texts };
}

function read(header: Header, names: string[], ofPeople: boolean): string[] {
  const values = names.flatMap(name => header.all(name));
  const whole = values.map(value => decodeWords(value.slice(0, mostText)));
  const people = ofPeople ? values.flatMap(value => parseAddressList(value.slice(0, mostText))) : [];
  return bounded([...whole, ...people.flatMap(p => [p.name, p.address])].map(plainText).filter(text => text !== ''));
}

function bounded(texts: string[]): string[] {
  let left = mostText;
  const kept: string[] = [];
  for (const text of new Set(texts)) {
    if (left <= 0) break;
    kept.push(text.slice(0, left));
    left -= text.length;
  }
  return kept;
}

/** One form of a text to compare by. */
export const plainText = (text: string): string =>
  cleanText(text).replace(/\s+/g, ' ').trim().normalize('NFC').toLowerCase();
