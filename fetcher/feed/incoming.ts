/** The upstream sent more than it listed and more than we take. */
export class TooLarge extends Error {
  constructor(limit: number) {
    super(`the message is larger than ${limit} octets, whatever the upstream listed`);
    this.name = 'TooLarge';
  }
}

/** One message on its way in: the header is here, the rest is still coming. */
export type Incoming = {
  readonly header: Buffer;
  /** All of it from the first octet; once. */
  content(): AsyncIterable<Buffer>;
  readonly touched: boolean;
  /** Why the content broke off; null: it did not. */
  readonly failure: unknown;
  readonly size: number;
  /** Reads on to the end, to nowhere, so that the upstream can be asked for something else. */
  drain(): Promise<void>;
};

/** As much of a header as anybody looks at. */
const mostHeader = 256 * 1024;

export async function openIncoming(source: AsyncIterable<Buffer>, limit: number): Promise<Incoming> {
  const chunks = source[Symbol.asyncIterator]();
  const start: Buffer[] = [];
  let size = 0;
  let touched = false;
  let failure: unknown = null;
  let ended = false;

  async function next(): Promise<Buffer | null> {
    if (ended) return null;
    try {
      const { value, done } = await chunks.next();
      ended = done === true;
      size += ended ? 0 : value.length;
      if (size <= limit) return ended ? null : value;
      await chunks.return?.();
      throw new TooLarge(limit);
    } catch (error) {
      ended = true;
      failure = error;
      throw error;
    }
  }

  async function* content(): AsyncGenerator<Buffer> {
    if (touched) throw new Error('the content was read before');
    touched = true;
    yield* start.splice(0);
    for (let chunk = await next(); chunk !== null; chunk = await next()) yield chunk;
  }

  // As if a line had ended before the first octet: a message may begin with the empty line.
  let seam: Buffer = Buffer.from('\r\n');
  while (!hasEmptyLine(seam) && size < mostHeader) {
    const chunk = await next();
    if (chunk === null) break;
    start.push(chunk);
    seam = Buffer.concat([seam.subarray(-3), chunk]);
  }
  const header = Buffer.concat(start);
  const end = headerEnd(header);
  return {
    header: header.subarray(0, end < 0 ? mostHeader : end),
    content,
    get touched() {
      return touched;
    },
    get failure() {
      return failure;
    },
    get size() {
      return size;
    },
    async drain() {
      start.length = 0;
      while ((await next()) !== null);
    },
  };
}

const hasEmptyLine = (bytes: Buffer): boolean => bytes.includes('\r\n\r\n') || bytes.includes('\n\n');

/** The place of the first empty line; -1: there is none. */
function headerEnd(bytes: Buffer): number {
  if (/^\r?\n/.test(bytes.toString('latin1', 0, 2))) return 0;
  const crlf = bytes.indexOf('\r\n\r\n');
  const lf = bytes.indexOf('\n\n');
  if (lf >= 0 && (crlf < 0 || lf < crlf)) return lf + 1;
  return crlf < 0 ? -1 : crlf + 2;
}
