import { decodeCharset } from '../header.ts';

/** By the ids of their tags; of several values the first. */
export type Properties = {
  texts: Map<number, string>;
  /** Where values of text and of octets stand; one may reach beyond what was read. */
  places: Map<number, Place>;
};

/** Octets [from, to); `wide`: as UTF-16. */
export type Place = { from: number; to: number; kind: 'text' | 'wide' | 'octets' };

const SEVERAL = 0x1000;
const TEXT8 = 0x1e;
const TEXT16 = 0x1f;
const OCTETS = 0x102;
const MOST = 1_000;
const LONGEST_TEXT = 4_000;

/** Octets a value of a fixed size takes, padding included ([MS-OXCDATA] §2.11.1); others say how long they are. */
const FIXED = new Map([
  [0x02, 4],
  [0x03, 4],
  [0x04, 4],
  [0x05, 8],
  [0x06, 8],
  [0x07, 8],
  [0x0a, 4],
  [0x0b, 4],
  [0x14, 8],
  [0x40, 8],
  [0x48, 16],
]);
const SIZED = new Set([TEXT8, TEXT16, 0x0d, OCTETS]);

/** [MS-OXTNEF] §2.1.3.4, as far as it can be read: what runs over the end, or is of no known type, ends it. */
export function readProperties(bytes: Buffer, charset: string | null): Properties {
  const found: Properties = { texts: new Map(), places: new Map() };
  const cursor = new Cursor(bytes);
  const count = Math.min(cursor.number(), MOST);
  for (let i = 0; i < count && !cursor.over; i++) {
    const type = cursor.half();
    const id = cursor.half();
    if (id >= 0x8000) skipName(cursor);
    const value = readValue(cursor, type, charset);
    if (value === undefined) break;
    if (value?.place && !found.places.has(id)) found.places.set(id, value.place);
    if (value?.text != null && !cursor.over && !found.texts.has(id)) found.texts.set(id, value.text);
  }
  return found;
}

function skipName(cursor: Cursor): void {
  cursor.skip(16);
  const named = cursor.number() === 1;
  if (named) cursor.skip(padded(cursor.number()));
  else cursor.skip(4);
}

type Value = { text: string | null; place: Place | null };

/** Null: it is none of these; undefined: nobody knows how long it is. */
function readValue(cursor: Cursor, given: number, charset: string | null): Value | null | undefined {
  const type = given & ~SEVERAL;
  const fixed = FIXED.get(type);
  const sized = SIZED.has(type);
  if (fixed === undefined && !sized) return undefined;
  const times = sized || given !== type ? cursor.number() : 1;
  let first: Value | null = null;
  for (let i = 0; i < times && !cursor.over; i++) {
    if (fixed !== undefined) cursor.skip(fixed);
    else {
      const length = cursor.number();
      const from = cursor.over ? null : cursor.at;
      const bytes = cursor.take(length);
      const place = from === null ? null : placeAt(from, length - terminator(bytes, type), type);
      if (i === 0) first = { text: textOf(bytes, type, charset), place };
    }
  }
  return first;
}

/** Octets of the null that ends a text. */
function terminator(bytes: Buffer, type: number): number {
  const size = { [TEXT8]: 1, [TEXT16]: 2 }[type] ?? 0;
  return bytes.length >= size && bytes.subarray(bytes.length - size).every(octet => octet === 0) ? size : 0;
}

function placeAt(from: number, length: number, type: number): Place | null {
  const kind = ({ [TEXT8]: 'text', [TEXT16]: 'wide', [OCTETS]: 'octets' } as const)[type];
  return kind === undefined ? null : { from, to: from + length, kind };
}

function textOf(bytes: Buffer, type: number, charset: string | null): string | null {
  if (type === TEXT16) return bytes.toString('utf16le', 0, LONGEST_TEXT).replace(/\0.*$/s, '');
  if (type === TEXT8) return decodeCharset(bytes.subarray(0, LONGEST_TEXT), charset).replace(/\0.*$/s, '');
  return null;
}

const padded = (length: number): number => length + ((4 - (length % 4)) % 4);

/** Behind the end everything is zero and empty. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  get over(): boolean {
    return this.#at > this.#bytes.length;
  }

  number(): number {
    this.#at += 4;
    return this.over ? 0 : this.#bytes.readUInt32LE(this.#at - 4);
  }

  half(): number {
    this.#at += 2;
    return this.over ? 0 : this.#bytes.readUInt16LE(this.#at - 2);
  }

  skip(length: number): void {
    this.#at += length;
  }

  take(length: number): Buffer {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += padded(length);
    return bytes;
  }
}
