/**
 * The header of a message or of a part: fields in order, and their values as text.
 *
 * It reads bytes of any origin and never throws. Work and memory grow with what is read, and what is read
 * is bounded: 256 KB and 10,000 fields, the rest is passed over. Text it gives out stands on one line and
 * holds no control or bidi character. It knows syntax, not what a field means.
 */
import { isUtf8 } from 'node:buffer';
import { decodeCharset, isKnownCharset } from './header/charset.ts';
import { cleanText } from './header/clean.ts';
import { decodeWords } from './header/encoded-words.ts';
import { parseParams } from './header/params.ts';

export { charsetOfCodePage, decodeCharset } from './header/charset.ts';
export { cleanText, trimEndOf } from './header/clean.ts';
export { decodeWords } from './header/encoded-words.ts';
export { type Params, paramReadings, parseParams, withoutComments } from './header/params.ts';

/** Octets of a header that are looked at. */
export const LONGEST_HEADER = 256 * 1024;
const MOST_FIELDS = 10_000;

/** Name in lower case; value as latin1, still folded, without the colon and the last line end. */
export type Field = { name: string; value: string };

export type Header = {
  fields: Field[];
  /** The first field of this name on one line, its 8-bit text read, encoded words untouched; null: absent. */
  get(name: string): string | null;
  /** Every field of this name, first one first. */
  all(name: string): string[];
  /** All fields in order, each value read as `get` does. */
  every(): Field[];
  /** The first field for people: encoded words read, nothing unseen in it; empty: absent. */
  text(name: string): string;
};

/** Reads the header at the start of `bytes`; it ends at the first empty line. */
export function readHeader(bytes: Buffer): Header {
  const fields = splitFields(bytes.toString('latin1', 0, LONGEST_HEADER));
  let declared: string | null | undefined;
  const charset = () => {
    if (declared === undefined) declared = declaredCharset(fields);
    return declared;
  };
  const read = (field: Field): string => readEightBit(unfold(field.value), charset);
  const get = (name: string): string | null => {
    const field = fields.find(f => f.name === name);
    return field === undefined ? null : read(field);
  };
  return {
    fields,
    get,
    all: name => fields.filter(f => f.name === name).map(read),
    every: () => fields.map(f => ({ name: f.name, value: read(f) })),
    text: name => cleanText(decodeWords(get(name) ?? '')).trim(),
  };
}

function splitFields(text: string): Field[] {
  const fields: Field[] = [];
  let colon = -1;
  let at = 0;
  while (at < text.length && fields.length < MOST_FIELDS) {
    const end = endOfField(text, at);
    if (isEmptyLine(text, at)) break;
    if (colon < at) colon = indexOrEnd(text, ':', at);
    // A line that is no field is passed over with what continues it; mbox writes one such in front.
    const name = colon < end ? text.slice(at, colon).trimEnd() : '';
    if (/^[!-9;-~]+$/.test(name)) fields.push({ name: name.toLowerCase(), value: text.slice(colon + 1, end) });
    at = end;
  }
  return fields;
}

const indexOrEnd = (text: string, what: string, from: number): number => {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found;
};

/** The place behind the line that starts at `at` and those that continue it (RFC 5322 §2.2.3). */
function endOfField(text: string, at: number): number {
  let end = indexOrEnd(text, '\n', at) + 1;
  while (text.charCodeAt(end) === 0x20 || text.charCodeAt(end) === 0x09) end = indexOrEnd(text, '\n', end) + 1;
  return Math.min(end, text.length);
}

const isEmptyLine = (text: string, at: number): boolean =>
  text.charCodeAt(at) === 0x0a || (text.charCodeAt(at) === 0x0d && text.charCodeAt(at + 1) === 0x0a);

const unfold = (value: string): string => value.replace(/\r?\n/g, '').trim();

/** RFC 6532 UTF-8; else the charset the message declares for its text, else windows-1252. */
function readEightBit(latin: string, charset: () => string | null): string {
  if (/^[\u0000-\u007f]*$/.test(latin)) return latin;
  const bytes = Buffer.from(latin, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : decodeCharset(bytes, charset());
}

/** Null: none, or none that header text could be in. */
function declaredCharset(fields: Field[]): string | null {
  const type = fields.find(f => f.name === 'content-type');
  const charset = type === undefined ? undefined : parseParams(unfold(type.value)).params.get('charset');
  const usable = charset !== undefined && isKnownCharset(charset) && !/^utf-?(?:7|16)/i.test(charset);
  return usable ? charset : null;
}
