import type { Part } from './part.ts';

const NONE = Buffer.alloc(0);
const EQUALS = 0x3d;
const CR = 0x0d;
const LF = 0x0a;

/** White space behind a soft break that transport may have put there (RFC 2045 §6.7 (3)); more than this is text. */
const LONGEST_PADDING = 1_000;

/** Undoes a transfer encoding over chunks; where the chunks are cut makes no difference. */
export type Decoder = { push(chunk: Buffer): Buffer; end(): Buffer };

export function decoderFor(part: Part): Decoder {
  if (part.encoding === 'base64') return new Base64Decoder();
  if (part.encoding === 'quoted-printable') return new QuotedPrintableDecoder();
  return { push: chunk => chunk, end: () => NONE };
}

/** `bytes` is the body as it lies in the content, [bodyFrom, bodyTo). */
export function decodeBody(part: Part, bytes: Buffer): Buffer {
  if (part.encoding !== 'base64' && part.encoding !== 'quoted-printable') return bytes;
  const decoder = decoderFor(part);
  const first = decoder.push(bytes);
  const rest = decoder.end();
  return rest.length === 0 ? first : Buffer.concat([first, rest]);
}

export async function* decodeStream(part: Part, source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const decoder = decoderFor(part);
  for await (const chunk of source) {
    const decoded = decoder.push(chunk);
    if (decoded.length > 0) yield decoded;
  }
  const rest = decoder.end();
  if (rest.length > 0) yield rest;
}

/** RFC 2045 §6.8: what is not in the alphabet is passed over; padding ends a block, and another may follow. */
class Base64Decoder implements Decoder {
  #kept = '';

  push(chunk: Buffer): Buffer {
    const letters = this.#kept + chunk.toString('latin1').replace(/[^A-Za-z0-9+/=]+/g, '');
    const padding = letters.lastIndexOf('=');
    const open = letters.length - padding - 1;
    const whole = letters.length - (open % 4);
    this.#kept = letters.slice(whole);
    return padding < 0 ? Buffer.from(letters.slice(0, whole), 'base64') : blocks(letters.slice(0, whole));
  }

  end(): Buffer {
    const rest = Buffer.from(this.#kept, 'base64');
    this.#kept = '';
    return rest;
  }
}

/** Buffer stops at the first padding; appended footers and joined files go on behind it. */
function blocks(letters: string): Buffer {
  const found: Buffer[] = [];
  for (const block of letters.split(/=+/)) if (block !== '') found.push(Buffer.from(block, 'base64'));
  return found.length === 1 ? found[0]! : Buffer.concat(found);
}

/** RFC 2045 §6.7; an equals sign that starts nothing stays as it is. */
class QuotedPrintableDecoder implements Decoder {
  #held: Buffer = NONE;

  push(chunk: Buffer): Buffer {
    return this.#decode(this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]), false);
  }

  end(): Buffer {
    return this.#decode(this.#held, true);
  }

  #decode(bytes: Buffer, last: boolean): Buffer {
    const out = Buffer.allocUnsafe(bytes.length);
    let size = 0;
    this.#held = NONE;
    for (let at = 0; at < bytes.length; ) {
      const octet = bytes[at]!;
      if (octet !== EQUALS) {
        out[size++] = octet;
        at += 1;
        continue;
      }
      const value = hexAt(bytes, at + 1);
      const next = value >= 0 ? at + 3 : afterSoftBreak(bytes, at + 1, last);
      if (next < 0) {
        this.#held = bytes.subarray(at);
        break;
      }
      if (value >= 0) out[size++] = value;
      // Nothing known: the sign is text, and so is what stands behind it; the last one is a soft break cut off.
      else if (next === at + 1 && next < bytes.length) out[size++] = EQUALS;
      at = next;
    }
    return out.subarray(0, size);
  }
}

function hexAt(bytes: Buffer, at: number): number {
  const high = hexDigit(bytes[at]);
  const low = hexDigit(bytes[at + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(c: number | undefined): number {
  if (c === undefined) return -1;
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The place behind `=`, white space and line end; `from` itself if there is none; -1: more is needed to tell. */
function afterSoftBreak(bytes: Buffer, from: number, last: boolean): number {
  let at = from;
  while (at - from < LONGEST_PADDING && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++;
  if (bytes[at] === LF) return at + 1;
  if (bytes[at] === CR && bytes[at + 1] === LF) return at + 2;
  if (last) return from;
  const cut = at === bytes.length || (bytes[at] === CR && at + 1 === bytes.length);
  const halfHex = from + 1 === bytes.length && hexDigit(bytes[from]) >= 0;
  return cut || halfHex ? -1 : from;
}
