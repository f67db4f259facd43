import type { Readable } from 'node:stream';
import { createLineReader } from '../../daemon/wire/lines.ts';

/** Called before the reader leaves the answer in its middle; it throws. */
type GiveUp = () => never;

/** The lines of a multi-line answer; one too long, or one too many, is given up. */
export async function readLines(content: Readable, limit: { line: number; lines: number }, giveUp: GiveUp) {
  const reader = createLineReader({ limit: limit.line, ending: 'crlf' });
  const lines: string[] = [];
  for await (const chunk of content as AsyncIterable<Buffer>) {
    for (const line of reader.push(chunk)) {
      if (line.kind === 'too-long' || lines.length === limit.lines) giveUp();
      else lines.push(line.bytes.toString('latin1'));
    }
  }
  return lines;
}

/** All of it, if it is no more than `most` octets. */
export async function readWhole(content: Readable, most: number, giveUp: GiveUp): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) giveUp();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The two numbers of STAT and LIST (RFC 1939 §5); what follows them is nobody's business. */
export function parseNumbers(text: string): [number, number] | null {
  const [, first, second] = /^(\d{1,10}) +(\d{1,15})(?: |$)/.exec(text) ?? [];
  return first === undefined || second === undefined ? null : [Number(first), Number(second)];
}

/** A line of UIDL; all behind the number names the message, whatever it is made of. */
export function parseUidl(line: string): { number: number; uidl: string } | null {
  const [, number, uidl] = /^(\d{1,10})(?: +(.*))?$/.exec(line.trimEnd()) ?? [];
  return number === undefined ? null : { number: Number(number), uidl: uidl ?? '' };
}
