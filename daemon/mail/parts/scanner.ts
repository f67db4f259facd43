import { LONGEST_HEADER } from '../header.ts';
import { Boundaries, type Delimiter } from './boundaries.ts';
import { describePart } from './describe.ts';
import type { Part } from './part.ts';

export const DEEPEST = 100;
export const MOST_PARTS = 1_000;

/** Octets kept of the header of a part inside; more than any needs to say what it is. */
const LONGEST_PART_HEADER = 64 * 1024;
/** So many delimiters behind the last part still end what is open; a crowd of them is then content like any other. */
const MOST_BEYOND = 10 * MOST_PARTS;
/** After a line of dashes was found, how many octets are looked at one by one before the native search goes on: they come in crowds. */
const CLOSE_LOOK = 128;

const NONE = Buffer.alloc(0);
const DASHES = Buffer.from('--');
const LINE_OF_DASHES = Buffer.from('\n--');
const CR = 0x0d;
const LF = 0x0a;
const DASH = 0x2d;

export type Scanned = {
  /** The header block of the message, at most 256 KB, without the empty line behind it. */
  header: Buffer;
  root: Part;
  /** Octets of the content. */
  size: number;
};

/** A part under way; `prefix` is what the ids of its parts begin with. */
type Open = { part: Part; prefix: string };

/**
 * Finds the parts of content that arrives in chunks, without keeping it: what is held back is at most the start
 * of a line. States: the header of a part, read line by line, and a body, where only lines that begin with two
 * dashes matter and the search for them is native. The cuts between chunks make no difference.
 */
export class PartScanner {
  #state: 'header' | 'body' = 'header';
  /** Header: inside a line. Body: not at its very start. */
  #inside = false;
  #starved = false;
  #held: Buffer = NONE;
  /** Offset of the first octet of what is being read, and the octet before it. */
  #base = 0;
  #before = 0;
  /** Octets of the line end before the start of this body. */
  #eol = 0;
  #open: Open[] = [];
  readonly #boundaries = new Boundaries();
  #count = 0;
  #beyond = 0;
  #pieces: Buffer[] = [];
  #collected = 0;
  #header: Buffer | null = null;
  #defaultType = 'text/plain';
  readonly #root: Part;

  constructor() {
    this.#root = this.#start(0, '');
  }

  push(chunk: Buffer): void {
    if (chunk.length > 0) this.#read(this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]), false);
  }

  /** The scanner takes nothing more afterwards. */
  end(): Scanned {
    this.#read(this.#held, true);
    const size = this.#base;
    if (this.#state === 'header') this.#describe(size);
    this.#close(0, size);
    this.#root.bodyTo = size;
    return { header: this.#header ?? NONE, root: this.#root, size };
  }

  #read(bytes: Buffer, last: boolean): void {
    let at = 0;
    this.#starved = false;
    while (!this.#starved)
      at = this.#state === 'header' ? this.#readHeader(bytes, at, last) : this.#readBody(bytes, at, last);
    if (last) at = bytes.length;
    if (at > 0) this.#before = bytes[at - 1]!;
    this.#held = at === bytes.length ? NONE : bytes.subarray(at);
    this.#base += at;
  }

  #starve(at: number): number {
    this.#starved = true;
    return at;
  }

  /** Reads on to the end of the header, or of the bytes. */
  #readHeader(bytes: Buffer, from: number, last: boolean): number {
    let at = from;
    for (;;) {
      if (this.#inside) {
        const end = bytes.indexOf(LF, at);
        at = end < 0 ? bytes.length : end + 1;
        this.#inside = end < 0;
      }
      const first = bytes[at];
      const eol = first === LF ? 1 : first === CR && bytes[at + 1] === LF ? 2 : 0;
      if (eol > 0) {
        this.#collect(bytes, from, at);
        return this.#startBody(at + eol, eol);
      }
      const found = first === DASH ? this.#boundaries.find(bytes, at, last) : null;
      const undecided = found === 'undecided' || (first === CR && at + 1 === bytes.length && !last);
      if (first === undefined || undecided) {
        this.#collect(bytes, from, at);
        return this.#starve(at);
      }
      if (found !== null) {
        this.#collect(bytes, from, at);
        this.#describe(this.#base + at);
        return this.#split(found, this.#base + at);
      }
      this.#inside = true;
    }
  }

  #collect(bytes: Buffer, from: number, to: number): void {
    const most = this.#open.length === 1 ? LONGEST_HEADER : LONGEST_PART_HEADER;
    const room = Math.min(to - from, most - this.#collected);
    if (room <= 0) return;
    this.#pieces.push(bytes.subarray(from, from + room));
    this.#collected += room;
  }

  /** The header of the innermost part is over: what is it? Answers the boundary of a multipart. */
  #describe(bodyFrom: number): string | null {
    const { part, prefix } = this.#open.at(-1)!;
    const header = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#collected = 0;
    this.#header ??= header;
    const boundary = describePart(part, header, this.#defaultType);
    part.bodyFrom = bodyFrom;
    // The header of a message of its own had no number yet: IMAP gives it one by what it turns out to be.
    if (part.id === '') part.id = part.type.startsWith('multipart/') ? under(prefix, 'TEXT') : under(prefix, '1');
    if (part === this.#root && part.type.startsWith('multipart/')) part.id = '';
    return boundary;
  }

  #startBody(at: number, eol: number): number {
    const boundary = this.#describe(this.#base + at);
    const { part } = this.#open.at(-1)!;
    this.#eol = eol;
    this.#inside = false;
    this.#state = 'body';
    const mayNest = this.#open.length < DEEPEST && this.#count < MOST_PARTS;
    if (boundary !== null && mayNest) {
      const childType = part.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
      this.#boundaries.add({ boundary, depth: this.#open.length, childType });
    }
    if (isMessage(part) && mayNest) {
      this.#defaultType = 'text/plain';
      part.parts.push(this.#start(this.#base + at, part.id));
    }
    return at;
  }

  /** A part begins: its header comes next. An id is given now where its number is known. */
  #start(headerFrom: number, prefix: string, id = ''): Part {
    const part: Part = {
      id,
      type: 'text/plain',
      charset: null,
      encoding: '7bit',
      disposition: null,
      name: null,
      contentId: null,
      flowed: false,
      delSp: false,
      headerFrom,
      bodyFrom: headerFrom,
      bodyTo: headerFrom,
      parts: [],
    };
    this.#open.push({ part, prefix: id === '' ? prefix : id });
    this.#count += 1;
    this.#state = 'header';
    this.#inside = false;
    return part;
  }

  /** Reads on to the next delimiter that counts, or to the end of the bytes. */
  #readBody(bytes: Buffer, from: number, last: boolean): number {
    if (this.#boundaries.none) return this.#starve(bytes.length);
    if (!this.#inside) {
      const found = this.#boundaries.find(bytes, from, last);
      if (found === 'undecided') return this.#starve(from);
      if (found !== null) return this.#split(found, this.#base + from - this.#eol);
      this.#inside = true;
    }
    let at = from;
    for (;;) {
      const line = nextLineOfDashes(bytes, at);
      if (line < 0) return this.#starve(last ? bytes.length : startOfHope(bytes, at));
      const found = this.#boundaries.find(bytes, line, last);
      if (found === 'undecided') return this.#starve(line - 1);
      const beforeEol = line >= 2 ? bytes[line - 2] : this.#before;
      if (found !== null) return this.#split(found, this.#base + line - (beforeEol === CR ? 2 : 1));
      at = this.#boundaries.lineEnd;
    }
  }

  /** A delimiter ends everything inside its multipart, and unless it is the last, the next part begins. */
  #split(found: Delimiter, bodyTo: number): number {
    const { level, last } = found;
    this.#close(level.depth, bodyTo);
    this.#boundaries.closeInside(level, last);
    const { part: parent, prefix } = this.#open.at(-1)!;
    const full = this.#count >= MOST_PARTS;
    if (full && ++this.#beyond >= MOST_BEYOND) this.#boundaries.clear();
    if (last || full) {
      this.#state = 'body';
      this.#inside = false;
      this.#eol = found.eol;
      return found.next;
    }
    this.#defaultType = level.childType;
    const id = under(prefix, String(parent.parts.length + 1));
    parent.parts.push(this.#start(this.#base + found.next, id, id));
    return found.next;
  }

  #close(depth: number, bodyTo: number): void {
    // Innermost first: an empty part may end behind the line end that belongs to the delimiter around it.
    for (const { part } of this.#open.splice(depth).reverse())
      part.bodyTo = Math.max(part.bodyFrom, bodyTo, part.parts.at(-1)?.bodyTo ?? 0);
  }
}

const under = (prefix: string, number: string): string => (prefix === '' ? number : `${prefix}.${number}`);

/** RFC 2046 §5.2.1 forbids it any other encoding; one that has it is a file like any other. */
const isMessage = (part: Part): boolean =>
  (part.type === 'message/rfc822' || part.type === 'message/global') && /^(?:[78]bit|binary)$/.test(part.encoding);

/**
 * The start of the next line that begins with two dashes. Base64 has no dash at all, so the dashes alone are
 * looked for first, which needs no stop at line ends; where text has others, the line end is looked for too.
 */
function nextLineOfDashes(bytes: Buffer, from: number): number {
  const stop = Math.min(bytes.length - 2, from + CLOSE_LOOK);
  let at = from;
  for (; at < stop; at++) if (bytes[at] === LF && bytes[at + 1] === DASH && bytes[at + 2] === DASH) return at + 1;
  const dashes = bytes.indexOf(DASHES, at);
  if (dashes < 0) return -1;
  if (dashes > at && bytes[dashes - 1] === LF) return dashes;
  const line = bytes.indexOf(LINE_OF_DASHES, Math.max(at, dashes - 1));
  return line < 0 ? -1 : line + 1;
}

/** Where the last two octets may be the start of a line of dashes, they are kept for the next chunk. */
function startOfHope(bytes: Buffer, from: number): number {
  const end = bytes.length;
  if (end > from && bytes[end - 1] === LF) return end - 1;
  if (end - 1 > from && bytes[end - 1] === DASH && bytes[end - 2] === LF) return end - 2;
  return end;
}

export function scan(bytes: Buffer): Scanned {
  const scanner = new PartScanner();
  scanner.push(bytes);
  return scanner.end();
}
