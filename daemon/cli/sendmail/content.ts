import { encodedWords } from '../../mail/encoded-words.ts';
import { type Header, readHeader } from '../../mail/header.ts';
import { NewlineMender } from '../../mail/trace.ts';

/** One message from standard input: its header is here, the rest is still to be read. */
export type Given = { header: Header; content: AsyncIterable<Buffer> };

export type Author = {
  /** null: `<>`. */
  sender: string | null;
  fullName: string;
  domain: string;
};

const mostHeader = 256 * 1024;
/** The line in front of a message of an mbox. */
const mboxLine = /^>?From [^\r\n]*\r\n/;
const field = /^[!-9;-~]+[ \t]*:/;

/** Lines end in CRLF, a missing From is added, and text that begins with no field gets an empty line in front. */
export async function contentFrom(source: AsyncIterable<Buffer>, ignoreDots: boolean, author: Author): Promise<Given> {
  const chunks = mended(ignoreDots ? source : untilDot(source))[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let size = 0;
  let seam = '\r\n';
  while (!seam.includes('\r\n\r\n') && size < mostHeader) {
    const { value, done } = await chunks.next();
    if (done) break;
    first.push(value);
    size += value.length;
    seam = seam.slice(-3) + value.toString('latin1');
  }
  const start = Buffer.concat(first);
  const skipped = mboxLine.exec(start.toString('latin1', 0, 1000))?.[0].length ?? 0;
  const text = start.subarray(skipped);
  const opening = text.toString('latin1', 0, 1000);
  const isHeadless = !field.test(opening) && !opening.startsWith('\r\n');
  const header = readHeader(isHeadless ? Buffer.alloc(0) : text);
  const added = header.get('from') === null ? fromField(author) : '';
  async function* content(): AsyncGenerator<Buffer> {
    yield Buffer.concat([Buffer.from(isHeadless ? `${added}\r\n` : added), text]);
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  }
  return { header, content: content() };
}

function fromField({ sender, fullName, domain }: Author): string {
  const address = sender ?? `MAILER-DAEMON@${domain}`;
  const name = fullName.replace(/\p{Cc}/gu, '').trim();
  if (name === '') return `From: ${address}\r\n`;
  const plain = /^[ -~]*$/.test(name);
  const phrase = plain ? `"${name.replace(/["\\]/g, '\\$&')}"` : encodedWords(name).join('\r\n ');
  return `From: ${phrase} <${address}>\r\n`;
}

async function* mended(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const mender = new NewlineMender();
  for await (const chunk of source) yield* mender.push(chunk);
  yield* mender.end();
}

/** Up to a line of one dot, wherever the chunks are cut. */
export async function* untilDot(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  // As if a line had ended before the first octet.
  let held = Buffer.from('\n');
  let made = 1;
  for await (const chunk of source) {
    const bytes = Buffer.concat([held, chunk]);
    const dot = /\n\.\r?\n/.exec(bytes.toString('latin1'));
    if (dot !== null) return yield bytes.subarray(made, dot.index + 1);
    const keep = Math.max(made, bytes.length - 3);
    if (keep > made) yield bytes.subarray(made, keep);
    made = keep > made ? 0 : made;
    held = Buffer.from(made === 0 ? bytes.subarray(keep) : bytes);
  }
  const rest = held.subarray(made);
  yield /\n\.\r?$/.test(held.toString('latin1')) ? rest.subarray(0, rest.lastIndexOf('.')) : rest;
}
