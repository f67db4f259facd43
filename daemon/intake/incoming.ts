import { ContentReader, type HeaderRules, type Reading } from '../mail/reading.ts';
import { NewlineMender } from '../mail/trace.ts';
import type { ContentWriter, NewContent, Store } from '../store.ts';

/** What is known of content once it is in and durable. */
export type Received = Reading & { content: NewContent };

/** Up to here content waits in memory for its end, and may be given to the store unread. */
const longestUnread = 60 * 1024;

/**
 * Content on its way in. What is small is kept as it came; what is larger is mended, edited, scanned and written
 * chunk by chunk, so that its size costs no memory.
 */
export class Incoming {
  readonly #store: Store;
  readonly #rules: HeaderRules;
  readonly #limit: number;
  #small: Buffer[] | null = [];
  #large: { reader: ContentReader; writer: ContentWriter } | null = null;
  /** As they came from outside, before any mending. */
  #octets = 0;
  #fault: unknown = null;

  /** `limit`: octets from outside that are kept; what goes beyond is counted and dropped, for the caller to refuse. */
  constructor(store: Store, rules: HeaderRules, limit = Number.POSITIVE_INFINITY) {
    this.#store = store;
    this.#rules = rules;
    this.#limit = limit;
  }

  /** More came than is kept, so what is here is not all of it: the octets that were kept; null: all are here. */
  get cutAt(): number | null {
    return this.#octets > this.#limit ? this.#limit : null;
  }

  /** Where the rules keep it: the header as it came, line ends mended, and perhaps more. */
  get head(): Buffer {
    if (this.#large) return this.#large.reader.head;
    const mender = new NewlineMender();
    return Buffer.concat([...mender.push(Buffer.concat(this.#small ?? [])), ...mender.end()]);
  }

  /** Waits when the disk is slower than the sender. What goes wrong is kept for `finish`: the peer is in mid-sentence. */
  push(chunk: Buffer): Promise<void> | void {
    this.#octets += chunk.length;
    if (this.#octets > this.#limit || this.#fault !== null) return;
    if (this.#small && this.#octets <= longestUnread) this.#small.push(chunk);
    else return this.#read(chunk);
  }

  /** All of it as it came, for the store to read; null: it is too large, or already read. */
  unread(): { bytes: Buffer; rules: HeaderRules } | null {
    return this.#small && { bytes: ownMemory(this.#small, this.#octets), rules: this.#rules };
  }

  /** Makes it durable and reads what lists need. */
  async finish(): Promise<Received> {
    if (this.#fault !== null) throw this.#fault;
    const { reader, writer } = await this.#reading();
    for (const kept of reader.end()) await this.#keep(kept);
    const texts = [];
    for (const { part, from, to } of reader.texts()) texts.push({ part, bytes: await writer.read(from, to) });
    const reading = reader.reading(texts);
    return { ...reading, content: await writer.finish() };
  }

  /** Octets [from, to) of what was read, behind `finish`; our own fields are in it. */
  async read(from: number, to: number): Promise<Buffer> {
    if (!this.#large) throw new Error('the content was not read');
    return await this.#large.writer.read(from, to);
  }

  async discard(): Promise<void> {
    this.#small = null;
    this.#fault ??= new Error('the content was discarded');
    await this.#large?.writer.discard();
  }

  async #read(chunk: Buffer): Promise<void> {
    try {
      const { reader } = await this.#reading();
      for (const kept of reader.push(chunk)) await this.#keep(kept);
    } catch (error) {
      this.#fault = error;
    }
  }

  /** From the first call on it is read as it comes. */
  async #reading(): Promise<{ reader: ContentReader; writer: ContentWriter }> {
    if (this.#large) return this.#large;
    const reader = new ContentReader(this.#rules);
    this.#large = { reader, writer: this.#store.content.create() };
    const small = this.#small ?? [];
    this.#small = null;
    for (const kept of reader.begin()) await this.#keep(kept);
    for (const chunk of small) for (const kept of reader.push(chunk)) await this.#keep(kept);
    return this.#large;
  }

  #keep(kept: Buffer): Promise<void> | void {
    const { reader, writer } = this.#large!;
    reader.scan(kept);
    return writer.write(kept);
  }
}

/** Not of Node's shared pool, all of which would travel to the writer's thread. */
function ownMemory(chunks: Buffer[], size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const chunk of chunks) at += chunk.copy(bytes, at);
  return bytes;
}
