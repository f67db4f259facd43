/**
 * Content on its way in: line ends mended, header edited, parts found, summary made. Once, whoever brings it.
 *
 * `ContentReader` takes content of any size in chunks and gives out what is to be kept; `readContent` is the same for
 * content that lies in memory. Neither opens or stores anything; what the door objects to is the door's to say.
 */
import { LONGEST_HEADER } from './header.ts';
import { type Part, PartScanner } from './parts.ts';
import { readTexts, type Summary, summarise, textParts } from './summary.ts';
import { HeaderEditor, NewlineMender } from './trace.ts';

/** How the header of this content is mended on its way in. */
export type HeaderRules = {
  /** Written first, such as our Received field; with its CRLF. */
  prepend: string;
  /** Fields that do not come in: Return-Path, which is the last hop's to write, and of our users' mail Bcc. */
  drop: string[];
  /** Fields to add when they are missing, by lower-case name; with their CRLF. */
  missing: Record<string, string>;
  /** Somebody will ask for `head`. */
  keepHead?: boolean;
};

/** What is known of content once all of it was read. */
export type Reading = {
  /** The header block as it is kept. */
  header: Buffer;
  tree: Part;
  summary: Summary;
  /** How many Received fields it came with. */
  hops: number;
  /** It had a lone CR or LF, which became CRLF. */
  bareNewlines: boolean;
};

/** What a door may refuse content for once it was read. */
export type Limits = {
  /** More Received fields than this are a loop (RFC 5321 §6.3). */
  hops: number;
  bareNewlines: boolean;
};
export type Objection = 'hops' | 'bareNewlines';

export function objectionTo(reading: Pick<Reading, 'hops' | 'bareNewlines'>, limits: Limits): Objection | null {
  if (reading.hops > limits.hops) return 'hops';
  return reading.bareNewlines && !limits.bareNewlines ? 'bareNewlines' : null;
}

/** Enough of each text for a snippet. */
const textLimit = 64 * 1024;
const textPartsLimit = 4;

/** A stretch of a text that makes the snippet, [from, to) in the kept content. */
type Stretch = { part: Part; from: number; to: number };

export const stretchesOf = (root: Part): Stretch[] =>
  textParts(root)
    .slice(0, textPartsLimit)
    .map(part => ({ part, from: part.bodyFrom, to: Math.min(part.bodyTo, part.bodyFrom + textLimit) }));

export class ContentReader {
  readonly #mender = new NewlineMender();
  readonly #editor: HeaderEditor;
  readonly #scanner = new PartScanner();
  readonly #prepended: Buffer;
  readonly #head: Buffer[] | null;
  #headOctets = 0;
  #root: Part | null = null;
  #header: Buffer | null = null;

  constructor({ prepend, drop, missing, keepHead }: HeaderRules) {
    this.#head = keepHead ? [] : null;
    this.#prepended = Buffer.from(prepend);
    const insert = (seen: ReadonlySet<string>) =>
      Object.entries(missing)
        .filter(([name]) => !seen.has(name))
        .map(([, field]) => field)
        .join('');
    this.#editor = new HeaderEditor({ drop, insert });
  }

  /** What is kept comes first with what was prepended. */
  begin(): Buffer[] {
    return this.#prepended.length ? [this.#prepended] : [];
  }

  push(chunk: Buffer): Buffer[] {
    const mended = this.#mender.push(chunk);
    for (const some of mended) this.#keepHead(some);
    return mended.flatMap(some => this.#editor.push(some));
  }

  /** The header as it came, line ends mended, and perhaps more: all of it, as far as a header is looked at. */
  get head(): Buffer {
    return Buffer.concat(this.#head ?? []);
  }

  #keepHead(mended: Buffer): void {
    if (this.#head === null || this.#headOctets > LONGEST_HEADER) return;
    this.#headOctets += mended.length;
    this.#head.push(mended);
  }

  end(): Buffer[] {
    return [...this.#mender.end().flatMap(mended => this.#editor.push(mended)), ...this.#editor.end()];
  }

  /** Of all that is kept, in order. */
  scan(kept: Buffer): void {
    this.#scanner.push(kept);
  }

  /** Behind the end: the stretches whose octets `reading` asks for. */
  texts(): Stretch[] {
    const { header, root } = this.#scanned();
    this.#header = header;
    this.#root = root;
    return stretchesOf(root);
  }

  reading(texts: { part: Part; bytes: Buffer }[]): Reading {
    const summary = summarise(this.#header!, this.#root!, readTexts(texts));
    return {
      header: this.#header!,
      tree: this.#root!,
      summary,
      hops: this.#editor.received,
      bareNewlines: this.#mender.bare,
    };
  }

  /** Content without a header is text to its last octet: behind our Received its first lines would pass for fields. */
  #scanned(): { header: Buffer; root: Part } {
    const { header, root, size } = this.#scanner.end();
    if (!this.#editor.headless || this.#prepended.length === 0) return { header, root };
    const text = { ...root, type: 'text/plain', charset: null, encoding: '8bit', disposition: null, name: null };
    return { header: this.#prepended, root: { ...text, parts: [], bodyFrom: this.#prepended.length, bodyTo: size } };
  }
}

/** The same for content that lies in memory: what is to be kept of it, and what is known of it. */
export function readContent(content: Buffer, rules: HeaderRules): Reading & { bytes: Buffer } {
  const reader = new ContentReader(rules);
  const bytes = Buffer.concat([...reader.begin(), ...reader.push(content), ...reader.end()]);
  reader.scan(bytes);
  const texts = reader.texts().map(({ part, from, to }) => ({ part, bytes: bytes.subarray(from, to) }));
  return { bytes, ...reader.reading(texts) };
}
