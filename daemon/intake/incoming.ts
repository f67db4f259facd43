import { type Part, PartScanner, partText } from '../mail/parts.ts';
import { type IndexText, type Summary, summarise, textParts } from '../mail/summary.ts';
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
};

/** What is known of content once it is in and durable. */
export type Received = {
  content: NewContent;
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
  #octets = 0;

  constructor(store: Store, rules: HeaderRules) {
    this.#writer = store.content.create();
    const insert = (seen: ReadonlySet<string>) =>
      Object.entries(rules.missing)
        .filter(([name]) => !seen.has(name))
        .map(([, field]) => field)
        .join('');
    this.#editor = new HeaderEditor({ drop: rules.drop, insert });
    if (rules.prepend) void this.#take(Buffer.from(rules.prepend));
  }

  /** Octets as they came from outside, before any mending. */
  get octets(): number {
    return this.#octets;
  }

  /** Waits when the disk is slower than the sender. */
  async push(chunk: Buffer): Promise<void> {
    this.#octets += chunk.length;
    for (const mended of this.#mender.push(chunk)) await this.#edited(this.#editor.push(mended));
  }

  /** Makes it durable and reads what lists and search need. */
  async finish(): Promise<Received> {
    for (const mended of this.#mender.end()) await this.#edited(this.#editor.push(mended));
    await this.#edited(this.#editor.end());
    const { header, root } = this.#scanner.end();
    const { summary, index } = summarise(header, root, await this.#texts(root));
    const content = await this.#writer.finish();
    const { received } = this.#editor;
    return { content, tree: root, summary, index, hops: received, bareNewlines: this.#mender.bare };
  }

  async discard(): Promise<void> {
    await this.#writer.discard();
  }

  async #edited(chunks: Buffer[]): Promise<void> {
    for (const chunk of chunks) await this.#take(chunk);
  }

  #take(chunk: Buffer): Promise<void> | void {
    this.#scanner.push(chunk);
    return this.#writer.write(chunk);
  }

  async #texts(root: Part): Promise<{ plain: string | null; html: string | null }> {
    const texts: { plain: string | null; html: string | null } = { plain: null, html: null };
    for (const part of textParts(root).slice(0, textPartsLimit)) {
      const kind = part.type === 'text/html' ? 'html' : 'plain';
      const bytes = await this.#writer.read(part.bodyFrom, Math.min(part.bodyTo, part.bodyFrom + textLimit));
      const text = partText(part, bytes);
      texts[kind] = texts[kind] === null ? text : `${texts[kind]}\n${text}`;
    }
    return texts;
  }
}
