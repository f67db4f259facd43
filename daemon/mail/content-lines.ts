import { decodeCharset } from './header.ts';

/** One property of a card or a calendar: `item1.EMAIL;TYPE=work:bo@example.net` (RFC 6350 §3.3, RFC 5545 §3.1). */
export type Property = {
  /** `item1`; empty: it stands alone. */
  group: string;
  /** Upper case. */
  name: string;
  /** Names upper case; a bare word of vCard 2.1, such as `HOME`, is a value of TYPE. */
  params: [string, string][];
  /** Escaped as it stood; quoted-printable is decoded, and escaped as vCard 4 does. */
  value: string;
};

/** Longer lines are pictures or bombs. */
const longestLine = 100_000;

/** The properties of a text, unfolded. What is no property is left out. */
export function* properties(text: string): Generator<Property> {
  for (const line of unfolded(text)) {
    const read = property(line);
    if (read) yield read;
  }
}

/** RFC 6350 §3.2: a line goes on where the next begins with white space; vCard 2.1's quoted-printable, where it ends with `=`. */
function* unfolded(text: string): Generator<string> {
  let pieces: string[] = [];
  let length = 0;
  let soft = false;
  for (const line of text.split(/\r\n|\n|\r/)) {
    const goesOn: boolean = soft || (/^[ \t]/.test(line) && pieces.length > 0);
    if (!goesOn) {
      if (pieces.length > 0) yield pieces.join('');
      pieces = [];
      length = 0;
    }
    const piece: string = goesOn && !soft ? line.slice(1) : line;
    const printable: boolean = soft || /;(?:ENCODING=)?QUOTED-PRINTABLE[;:]/i.test(line.slice(0, 500));
    soft = printable && piece.endsWith('=');
    length += piece.length;
    if (length <= longestLine) pieces.push(soft ? piece.slice(0, -1) : piece);
  }
  if (pieces.length > 0) yield pieces.join('');
}

function property(line: string): Property | null {
  const colon = headEnd(line);
  if (colon < 1) return null;
  const [first = '', ...rest] = splitUnquoted(line.slice(0, colon), ';');
  const dot = first.lastIndexOf('.');
  const name = first
    .slice(dot + 1)
    .trim()
    .toUpperCase();
  if (!/^[A-Z0-9-]{1,60}$/.test(name)) return null;
  const params = rest.slice(0, 50).map(param);
  const value = line.slice(colon + 1);
  const printable = params.some(([k, v]) => k === 'ENCODING' && v.toUpperCase() === 'QUOTED-PRINTABLE');
  const charset = params.find(([k]) => k === 'CHARSET')?.[1] ?? null;
  return {
    group: dot < 0 ? '' : first.slice(0, dot).toLowerCase(),
    name,
    params,
    value: printable ? fromPrintable(value, charset) : value,
  };
}

/** The colon before the value: the first that no quotes enclose. */
function headEnd(line: string): number {
  let quoted = false;
  for (let at = 0; at < line.length && at < 5_000; at++) {
    if (line[at] === '"') quoted = !quoted;
    else if (line[at] === ':' && !quoted) return at;
  }
  return -1;
}

function splitUnquoted(text: string, sign: string): string[] {
  if (!text.includes('"')) return text.split(sign);
  const pieces: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === '"') quoted = !quoted;
    if (at === text.length || (text[at] === sign && !quoted)) {
      pieces.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return pieces;
}

const encodings = /^(?:quoted-printable|base64|b|8bit|7bit)$/i;

function param(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 0) return [encodings.test(text) ? 'ENCODING' : 'TYPE', text.trim()];
  return [text.slice(0, equals).trim().toUpperCase(), text.slice(equals + 1).replace(/^"|"$/g, '')];
}

/** Line ends within the octets become `\n`, as vCard 4 writes them. */
function fromPrintable(value: string, charset: string | null): string {
  const octets = Buffer.from(value)
    .toString('latin1')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeCharset(Buffer.from(octets, 'latin1'), charset).replace(/\r\n|\r|\n/g, '\\n');
}

/** RFC 6350 §3.4, and `\:` of those who escape too much. */
export const unescaped = (value: string): string =>
  value.replace(/\\([nN]|[\s\S])/g, (_, sign: string) => (sign === 'n' || sign === 'N' ? '\n' : sign));

export const escaped = (text: string): string => text.replace(/[\\,;]/g, '\\$&').replace(/\r\n|\r|\n/g, '\\n');

/** The parts of a structured or listed value, still escaped. */
export function splitValue(value: string, sign: ';' | ','): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '\\') at++;
    else if (value[at] === sign) {
      pieces.push(value.slice(from, at));
      from = at + 1;
    }
  }
  pieces.push(value.slice(from));
  return pieces;
}
