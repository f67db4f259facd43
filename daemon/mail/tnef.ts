/**
 * winmail.dat: what Outlook packs attachments into when it takes its reader for another Outlook ([MS-OXTNEF]).
 *
 * The reader takes the decoded bytes as they stream by and keeps names and places only, so a file of any size costs no
 * memory: whoever wants one of the files, or the text of the message, which stands among them, reads its place out of
 * the same stream. Linear, bounded, and nothing in it throws.
 */
import { charsetOfCodePage, cleanText, decodeCharset } from './header.ts';
import { type Place, type Properties, readProperties } from './tnef/properties.ts';

export type TnefFile = {
  /** As its sender called it, on one line and without a path; empty: it has no name. */
  name: string;
  /** As its sender said; empty: not said. */
  type: string;
  /** Of a text whose letters are known from elsewhere; null: it says so itself, or nobody does. */
  charset: string | null;
  /** The text of the message, as it is, or as compressed RTF, which rtf.ts reads and has no name; null: a file. */
  body: 'plain' | 'rtf' | null;
  /** By which the HTML shows it inside itself; null: it does not. */
  contentId: string | null;
  /** Octets [from, to) of the decoded winmail.dat. */
  from: number;
  to: number;
};

const SIGNATURE = 0x223e9f78;
const HEADER = 9;
const MOST_FILES = 200;
/** Octets of one attribute that are looked at for names; data of files is never kept. */
const LONGEST_KEPT = 256 * 1024;
const LONGEST_NAME = 255;

const NONE = Buffer.alloc(0);

/** Ids of attributes without their types. */
const ATTRIBUTE = {
  title: 0x8010,
  data: 0x800f,
  rendering: 0x9002,
  ofMessage: 0x9003,
  properties: 0x9005,
  body: 0x800c,
  codepage: 0x9007,
};

const TAG = { longName: 0x3707, shortName: 0x3704, displayName: 0x3001, mimeType: 0x370e, contentId: 0x3712 };
/** The text of the message, the best version first. */
const BODIES = [
  { tag: 0x1013, name: 'message.html', type: 'text/html', body: 'plain' },
  { tag: 0x1009, name: '', type: '', body: 'rtf' },
  { tag: 0x1000, name: 'message.txt', type: 'text/plain', body: 'plain' },
] as const;

type Attribute = { id: number; from: number; length: number };

/** States: before the signature, between attributes, inside one, in nonsense. */
export class TnefReader {
  #held: Buffer = NONE;
  #base = 0;
  #state: 'signature' | 'between' | 'inside' | 'over' = 'signature';
  #inside: Attribute = { id: 0, from: 0, length: 0 };
  #kept: Buffer[] = [];
  #keptSize = 0;
  #left = 0;
  #files: TnefFile[] = [];
  #open: TnefFile | null = null;
  #charset: string | null = null;
  #valid = false;
  /** Unpacking such a text is work: of a message that claims many only the first is one. */
  #hasRtf = false;

  push(chunk: Buffer): void {
    if (this.#state === 'over' || chunk.length === 0) return;
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    for (let next = this.#step(bytes, at); next > at; next = this.#step(bytes, at)) at = next;
    this.#base += at;
    this.#held = bytes.subarray(at);
  }

  /** Null: it is none. Files whose data has not come to its end are left out. */
  end(): TnefFile[] | null {
    this.#close();
    return this.#valid ? this.#files : null;
  }

  /** Where it stands behind one more step; `at` itself: more is needed. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'signature':
        if (bytes.length - at < 6) return at;
        this.#valid = bytes.readUInt32LE(at) === SIGNATURE;
        this.#state = this.#valid ? 'between' : 'over';
        return at + 6;
      case 'between':
        return bytes.length - at < HEADER ? at : this.#begin(bytes, at);
      case 'inside':
        return this.#take(bytes, at);
      case 'over':
        return at;
    }
  }

  #begin(bytes: Buffer, at: number): number {
    const level = bytes[at]!;
    const length = bytes.readUInt32LE(at + 5);
    this.#state = level === 1 || level === 2 ? 'inside' : 'over';
    this.#inside = { id: bytes.readUInt16LE(at + 1), from: this.#base + at + HEADER, length };
    // Two octets of checksum follow, which nobody keeps right.
    this.#left = length + 2;
    this.#kept = [];
    this.#keptSize = 0;
    return at + HEADER;
  }

  #take(bytes: Buffer, at: number): number {
    const here = Math.min(this.#left, bytes.length - at);
    if (this.#inside.id !== ATTRIBUTE.data && this.#keptSize < LONGEST_KEPT && here > 0) {
      this.#kept.push(bytes.subarray(at, at + here));
      this.#keptSize += here;
    }
    this.#left -= here;
    if (this.#left === 0) {
      this.#finish(this.#inside, Buffer.concat(this.#kept).subarray(0, this.#inside.length));
      this.#kept = [];
      this.#state = 'between';
    }
    return at + here;
  }

  #finish({ id, from, length }: Attribute, kept: Buffer): void {
    const to = from + length;
    if (id === ATTRIBUTE.codepage && kept.length >= 4) this.#charset = charsetOfCodePage(kept.readUInt32LE(0));
    else if (id === ATTRIBUTE.rendering) this.#next();
    else if (id === ATTRIBUTE.data) Object.assign(this.#open ?? this.#next(), { from, to });
    else if (id === ATTRIBUTE.title) this.#name(fileName(decodeCharset(untilNull(kept), this.#charset)), false);
    else if (id === ATTRIBUTE.properties && this.#open) this.#describe(readProperties(kept, this.#charset));
    else if (id === ATTRIBUTE.ofMessage) this.#findBody(readProperties(kept, this.#charset).places, from, to);
    else if (id === ATTRIBUTE.body && length > 0)
      this.#keep({
        name: 'message.txt',
        type: 'text/plain',
        charset: this.#charset,
        body: 'plain',
        contentId: null,
        from,
        to,
      });
  }

  #findBody(places: Map<number, Place>, base: number, end: number): void {
    for (const { tag, ...version } of BODIES) {
      const place = places.get(tag);
      if (!place || place.from === place.to || base + place.to > end) continue;
      if (version.body === 'rtf' && this.#hasRtf) continue;
      this.#hasRtf ||= version.body === 'rtf';
      const charset = place.kind === 'wide' ? 'utf-16le' : place.kind === 'text' ? this.#charset : null;
      return this.#keep({ ...version, charset, contentId: null, from: base + place.from, to: base + place.to });
    }
  }

  #describe({ texts }: Properties): void {
    const named = texts.get(TAG.longName) || texts.get(TAG.displayName) || texts.get(TAG.shortName);
    if (named) this.#name(fileName(named), true);
    if (this.#open) this.#open.contentId = texts.get(TAG.contentId)?.replace(/^<|>$/g, '') || null;
    const type = texts.get(TAG.mimeType)?.trim().toLowerCase() ?? '';
    if (this.#open && /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(type)) this.#open.type = type;
  }

  /** `better`: a long name, in place of the short one. */
  #name(name: string, better: boolean): void {
    const file = this.#open ?? this.#next();
    if (name !== '' && (better || file.name === '')) file.name = name;
  }

  #next(): TnefFile {
    this.#close();
    this.#open = { name: '', type: '', charset: null, body: null, contentId: null, from: 0, to: 0 };
    return this.#open;
  }

  #close(): void {
    if (this.#open && this.#open.to > 0) this.#keep(this.#open);
    this.#open = null;
  }

  #keep(file: TnefFile): void {
    if (this.#files.length < MOST_FILES) this.#files.push(file);
  }
}

const untilNull = (bytes: Buffer): Buffer => {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
};

/** As the names of parts are: the last step of a path, on one line. */
function fileName(text: string): string {
  const last =
    cleanText(text.slice(0, 2_000))
      .split(/[/\\]/)
      .findLast(step => step.trim() !== '') ?? '';
  const name = last.trim().slice(0, LONGEST_NAME).toWellFormed();
  return /^\.*$/.test(name) ? '' : name;
}

/** Octets [from, to) of what streams by. */
export async function* cutOut(source: AsyncIterable<Buffer>, from: number, to: number): AsyncIterable<Buffer> {
  let at = 0;
  for await (const chunk of source) {
    const piece = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
    if (piece.length > 0) yield piece;
    at += chunk.length;
    if (at >= to) return;
  }
}
