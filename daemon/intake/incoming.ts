import { LONGEST_HEADER } from '../mail/header.ts';
import { type Part, PartScanner } from '../mail/parts.ts';
import { type IndexText, readTexts, type Summary, summarise, textParts } from '../mail/summary.ts';
import { HeaderEditor, NewlineMender } from '../mail/trace.ts';
import type { ContentWriter, NewContent, Store } from '../store.ts';

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

/** What is known of content once it is in and durable. */
export type Received = {
  content: NewContent;
  /** The header block as it is stored. */
  header: Buffer;
  tree: Part;
  summary: Summary;
  index: IndexText;
  /** How many Received fields it came with. */
  hops: number;
  /** It had a lone CR or LF, which became CRLF. */
  bareNewlines: boolean;
};

/** Enough of each text for snippet and search; the words of a longer one are found by its first part. */
const textLimit = 64 * 1024;
const textPartsLimit = 4;

/**
 * Content on its way in: line ends mended, header edited, scanned for its parts and written, chunk by chunk,
 * so that its size costs no memory.
 */
export class Incoming {
  readonly #writer: ContentWriter;
  readonly #mender = new NewlineMender();
  readonly #editor: HeaderEditor;
  readonly #scanner = new PartScanner();
  readonly #prepended: Buffer;
  readonly #limit: number;
  readonly #head: Buffer[] | null;
  #headOctets = 0;
  #octets = 0;
  #fault: unknown = null;

  /** `limit`: octets from outside that are kept; what goes beyond is counted and dropped, for the caller to refuse. */
  constructor(store: Store, rules: HeaderRules, limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
    this.#head = rules.keepHead ? [] : null;
    this.#prepended = Buffer.from(rules.prepend);
    this.#writer = store.content.create();
    const insert = (seen: ReadonlySet<string>) =>
      Object.entries(rules.missing)
        .filter(([name]) => !seen.has(name))
        .map(([, field]) => field)
        .join('');
    this.#editor = new HeaderEditor({ drop: rules.drop, insert });
    if (rules.prepend) void this.#take(this.#prepended);
  }

  /** Octets as they came from outside, before any mending. */
  get octets(): number {
    return this.#octets;
  }

  /** Waits when the disk is slower than the sender. What goes wrong is kept for `finish`: the peer is in mid-sentence. */
  async push(chunk: Buffer): Promise<void> {
    this.#octets += chunk.length;
    if (this.#octets > this.#limit || this.#fault !== null) return;
    try {
      for (const mended of this.#mender.push(chunk)) {
        this.#keepHead(mended);
        await this.#edited(this.#editor.push(mended));
      }
    } catch (error) {
      this.#fault = error;
    }
  }

  /** The header as it came, and perhaps more: all of it, as far as a header is looked at. */
  get head(): Buffer {
    return Buffer.concat(this.#head ?? []);
  }

  #keepHead(mended: Buffer): void {
    if (this.#head === null || this.#headOctets > LONGEST_HEADER) return;
    this.#headOctets += mended.length;
    this.#head.push(mended);
  }

  /** Makes it durable and reads what lists and search need. */
  async finish(): Promise<Received> {
    if (this.#fault !== null) throw this.#fault;
    for (const mended of this.#mender.end()) await this.#edited(this.#editor.push(mended));
    await this.#edited(this.#editor.end());
    const { header, root } = this.#scanned();
    const { summary, index } = summarise(header, root, await textsOf(root, (from, to) => this.#writer.read(from, to)));
    const content = await this.#writer.finish();
    const { received } = this.#editor;
    return { content, header, tree: root, summary, index, hops: received, bareNewlines: this.#mender.bare };
  }

  /** Content without a header is text to its last octet: behind our Received its first lines would pass for fields. */
  #scanned(): { header: Buffer; root: Part } {
    const { header, root, size } = this.#scanner.end();
    if (!this.#editor.headless || this.#prepended.length === 0) return { header, root };
    const text = { ...root, type: 'text/plain', charset: null, encoding: '8bit', disposition: null, name: null };
    return { header: this.#prepended, root: { ...text, parts: [], bodyFrom: this.#prepended.length, bodyTo: size } };
  }

  async discard(): Promise<void> {
    await this.#writer.discard();
  }

  async #edited(chunks: Buffer[]): Promise<void> {
    for (const chunk of chunks) {
      const full = this.#take(chunk);
      if (full) await full;
    }
  }

  #take(chunk: Buffer): Promise<void> | void {
    this.#scanner.push(chunk);
    return this.#writer.write(chunk);
  }

  /** Octets [from, to) of what came in so far, our own fields included. */
  read(from: number, to: number): Promise<Buffer> {
    return this.#writer.read(from, to);
  }
}

/** The texts of a content that snippet and search know, by what reads octets of it. */
export async function textsOf(root: Part, read: (from: number, to: number) => Promise<Buffer>) {
  const found = textParts(root).slice(0, textPartsLimit);
  const bytesOf = (part: Part) => read(part.bodyFrom, Math.min(part.bodyTo, part.bodyFrom + textLimit));
  return readTexts(await Promise.all(found.map(async part => ({ part, bytes: await bytesOf(part) }))));
}
