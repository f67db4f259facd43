import { decodeCharset } from './charset.ts';
import { decodeWords } from './encoded-words.ts';

/** `text/plain; charset=utf-8` apart: the value lower case and without comments, the names lower case. */
export type Params = { value: string; params: Map<string, string> };

/** A field value this long is no longer a description of anything. */
const LONGEST = 100_000;
const MOST = 1_000;

type Piece = { at: number; percent: boolean; text: string };

/** RFC 2045 §5.1 parameters, RFC 2231 continuations and charsets, and the encoded words some put there. */
export function parseParams(value: string): Params {
  const text = value.length > LONGEST ? value.slice(0, LONGEST) : value;
  const semicolon = text.indexOf(';');
  const head = withoutComments(semicolon < 0 ? text : text.slice(0, semicolon));
  const params = new Map<string, string>();
  const pieces = new Map<string, Piece[]>();
  if (semicolon >= 0) {
    for (const [name, given] of attributes(text, semicolon + 1)) addAttribute(name, given, params, pieces);
  }
  // RFC 2231 says more than the plain form beside it (RFC 6266 §4.3 says the same of HTTP).
  for (const [name, list] of pieces) params.set(name, joinPieces(list));
  return { value: head.trim().toLowerCase(), params };
}

/**
 * Every value a reader could find under these names: the first and the later ones, plain, by RFC 2231 with all its
 * pieces or up to a gap, and where the semicolon in front was forgotten. For who must not be shown another name.
 */
export function paramReadings(value: string, names: readonly string[]): string[] {
  const text = value.slice(0, LONGEST);
  const found = new Set<string>();
  const pieces = new Map<string, Piece[]>();
  for (const from of [text.indexOf(';') + 1, text.search(/\s/) + 1]) {
    for (const [name, given] of attributes(text, from)) {
      if (!names.includes(name.replace(/\*.*$/s, ''))) continue;
      if (name.includes('*')) addAttribute(name, given, new Map(), pieces);
      else found.add(given).add(decodeWords(given));
    }
    for (const list of pieces.values()) found.add(list.map(p => p.text).join('')).add(joinPieces(list));
    pieces.clear();
  }
  return [...found];
}

function addAttribute(name: string, given: string, plain: Map<string, string>, pieces: Map<string, Piece[]>): void {
  const extended = /^([^*]+)\*(?:(\d{1,6})(\*)?)?$/.exec(name);
  if (extended === null) {
    if (!plain.has(name)) plain.set(name, decodeWords(given));
    return;
  }
  const base = extended[1]!;
  const list = pieces.get(base) ?? [];
  pieces.set(base, list);
  const at = extended[2] === undefined ? 0 : Number(extended[2]);
  list.push({ at, percent: extended[2] === undefined || extended[3] === '*', text: given });
}

/** RFC 2231 §3 and §4: in order of their numbers, up to the first gap; the charset stands in the first. */
function joinPieces(list: Piece[]): string {
  list.sort((a, b) => a.at - b.at);
  let charset: string | null = null;
  const bytes: Buffer[] = [];
  let expected = list[0]!.at;
  for (const piece of list) {
    if (piece.at < expected) continue;
    if (piece.at > expected) break;
    expected += 1;
    let text = piece.text;
    if (bytes.length === 0 && piece.percent) {
      const marked = /^([^']*)'[^']*'/.exec(text);
      if (marked !== null) [charset, text] = [marked[1]!, text.slice(marked[0].length)];
    }
    bytes.push(piece.percent ? percentBytes(text) : Buffer.from(text));
  }
  return decodeWords(decodeCharset(Buffer.concat(bytes), charset === '' ? null : charset));
}

function percentBytes(text: string): Buffer {
  const latin = Buffer.from(text).toString('latin1');
  return Buffer.from(
    latin.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

/** `name=value` pairs, forgiving: values with spaces but no quotes, a quote that is never closed. */
function* attributes(text: string, from: number): Generator<[string, string]> {
  let at = from;
  for (let count = 0; count < MOST && at < text.length; count++) {
    const end = nextOf(text, at, ';');
    const equals = text.indexOf('=', at);
    if (equals < 0) return;
    if (equals > end) {
      at = end + 1;
      continue;
    }
    const name = withoutComments(text.slice(at, equals)).trim().toLowerCase();
    const quote = skipWhite(text, equals + 1);
    const [value, next] = text[quote] === '"' ? quoted(text, quote + 1) : bare(name, text, equals + 1, end);
    if (name !== '') yield [name, value];
    at = next;
  }
}

const nextOf = (text: string, at: number, what: string): number => {
  const found = text.indexOf(what, at);
  return found < 0 ? text.length : found;
};

function skipWhite(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

/** The inside of a quoted string, and the place behind the next semicolon. */
function quoted(text: string, from: number): [string, number] {
  let value = '';
  let at = from;
  for (;;) {
    const stop = nextQuoteOrSlash(text, at);
    value += text.slice(at, stop);
    if (stop >= text.length || text[stop] === '"') return [value, nextOf(text, stop, ';') + 1];
    // Windows paths stand there with single backslashes: only a quote or a backslash is really escaped.
    const next = text[stop + 1] ?? '';
    value += next === '"' || next === '\\' ? next : `\\${next}`;
    at = stop + 2;
  }
}

function nextQuoteOrSlash(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '"' && text[at] !== '\\') at++;
  return at;
}

/** File names keep their spaces and parentheses; elsewhere a blank or a comment ends the token. */
function bare(name: string, text: string, from: number, end: number): [string, number] {
  const value = text.slice(from, end).trim();
  return [/^(?:file)?name/.test(name) ? value : withoutComments(value).trim().split(/\s/, 1)[0]!, end + 1];
}

/** Comments of RFC 5322 §3.2.2 out, nested ones too; in one pass. */
export function withoutComments(text: string): string {
  if (!text.includes('(')) return text;
  let out = '';
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === '\\') at++;
    else if (c === '(' && depth++ === 0) out += text.slice(from, at);
    else if (c === ')' && depth > 0 && --depth === 0) from = at + 1;
  }
  return depth === 0 ? out + text.slice(from) : out;
}
