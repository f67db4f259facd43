import { LONGEST_BOUNDARY } from './describe.ts';

/** A delimiter line with the white space that transport may put behind it (RFC 2046 §5.1.1). */
const LONGEST_DELIMITER = LONGEST_BOUNDARY + 100;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DASH = 0x2d;

/** A multipart whose delimiters count; `depth` is the place of its part among the open ones. */
export type Level = { boundary: string; depth: number; childType: string };
/** `next`: where the line behind it begins; `eol`: octets of its line end. */
export type Delimiter = { level: Level; last: boolean; next: number; eol: number };

/** The multiparts under way, and which lines delimit them. Lines that do not are told apart by a hash, unread. */
export class Boundaries {
  #levels: Level[] = [];
  /** What may stand behind the two dashes. Where two multiparts share a boundary, it is the inner one's. */
  #lines = new Map<string, { level: Level; last: boolean }>();
  #hashes = new Set<number>();
  /** Of the line that `find` looked at last: where its LF is; behind what was given where it has none. */
  lineEnd = 0;

  get none(): boolean {
    return this.#levels.length === 0;
  }

  add(level: Level): void {
    this.#levels.push(level);
    for (const last of [false, true]) {
      const line = last ? `${level.boundary}--` : level.boundary;
      this.#lines.set(line, { level, last });
      this.#hashes.add(hashOf(line));
    }
  }

  /** The delimiters of what lies inside count no longer; those of `level` itself only where more may follow. */
  closeInside(level: Level, itself: boolean): void {
    const kept = this.#levels.slice(0, this.#levels.indexOf(level) + (itself ? 0 : 1));
    if (kept.length === this.#levels.length) return;
    this.clear();
    for (const one of kept) this.add(one);
  }

  clear(): void {
    this.#levels = [];
    this.#lines.clear();
    this.#hashes.clear();
  }

  /** Is the line at `at` a delimiter of an open multipart? Innermost first: boundaries may be used again inside. */
  find(bytes: Buffer, at: number, last: boolean): Delimiter | 'undecided' | null {
    const there = bytes.length - at;
    if (there < 2 && !last && (there === 0 || bytes[at] === DASH)) return 'undecided';
    this.lineEnd = at;
    if (bytes[at] !== DASH || bytes[at + 1] !== DASH || this.none) return null;
    const stop = Math.min(bytes.length, at + 2 + LONGEST_DELIMITER);
    let end = at + 2;
    let textEnd = end;
    let hash = 0;
    let textHash = 0;
    for (; end < stop && bytes[end] !== LF; end++) {
      const octet = bytes[end]!;
      hash = (Math.imul(hash, 31) + octet) | 0;
      if (octet === SPACE || octet === TAB || octet === CR) continue;
      textEnd = end + 1;
      textHash = hash;
    }
    this.lineEnd = end;
    if (end === stop) {
      if (end === at + 2 + LONGEST_DELIMITER) return null;
      if (!last) return 'undecided';
    }
    if (!this.#hashes.has(textHash)) return null;
    const found = this.#lines.get(bytes.toString('latin1', at + 2, textEnd));
    if (!found) return null;
    if (end === bytes.length) return { ...found, next: end, eol: 0 };
    return { ...found, next: end + 1, eol: end > at + 2 && bytes[end - 1] === CR ? 2 : 1 };
  }
}

function hashOf(line: string): number {
  let hash = 0;
  for (let i = 0; i < line.length; i++) hash = (Math.imul(hash, 31) + line.charCodeAt(i)) | 0;
  return hash;
}
