const CR = 0x0d;
const LF = 0x0a;
const CRLF = Buffer.from('\r\n');

/**
 * Lone CR and lone LF become CRLF (RFC 5321 §2.3.8 knows no other line end, and mail that had one would be read
 * in two ways). A chunk without them comes out as the same bytes, checked by native search alone.
 */
export class NewlineMender {
  #endedInCr = false;
  #bare = false;

  /** Was there a lone CR or LF? */
  get bare(): boolean {
    return this.#bare;
  }

  push(chunk: Buffer): Buffer[] {
    if (chunk.length === 0) return [];
    const out: Buffer[] = [];
    let from = 0;
    if (this.#endedInCr) {
      out.push(CRLF);
      from = chunk[0] === LF ? 1 : 0;
      if (from === 0) this.#bare = true;
    }
    // Whether a CR at the end stands alone is known with the next chunk.
    this.#endedInCr = chunk.length > from && chunk[chunk.length - 1] === CR;
    this.#mend(chunk.subarray(from, this.#endedInCr ? -1 : undefined), out);
    return out;
  }

  end(): Buffer[] {
    if (!this.#endedInCr) return [];
    this.#endedInCr = false;
    this.#bare = true;
    return [CRLF];
  }

  #mend(bytes: Buffer, out: Buffer[]): void {
    const clean = cleanUpTo(bytes);
    if (clean > 0) out.push(clean === bytes.length ? bytes : bytes.subarray(0, clean));
    if (clean === bytes.length) return;
    this.#bare = true;
    out.push(mended(bytes.subarray(clean)));
  }
}

/** One native search: looking for each CR and LF in turn took lines of one letter ten times the time of prose. */
const bareNewline = /\r(?!\n)|(?<!\r)\n/;
/** It stops at each line end, though: with more of them than this at the start, octet by octet is quicker. */
const sample = 512;
const manyLines = 40;

/** The length of the beginning that has no lone CR or LF. */
function cleanUpTo(bytes: Buffer): number {
  if (isCrowded(bytes)) return cleanByOctet(bytes);
  const bare = bytes.toString('latin1').search(bareNewline);
  return bare < 0 ? bytes.length : bare;
}

function isCrowded(bytes: Buffer): boolean {
  const end = bytes.length < sample ? 0 : sample;
  let lines = 0;
  for (let at = 0; at < end; at++) if (bytes[at] === LF) lines++;
  return lines > manyLines;
}

function cleanByOctet(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; ) {
    const octet = bytes[at++]!;
    if (octet === LF) return at - 1;
    if (octet === CR && bytes[at++] !== LF) return at - 2;
  }
  return bytes.length;
}

function mended(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length * 2);
  let size = 0;
  for (let at = 0; at < bytes.length; at++) {
    const octet = bytes[at]!;
    if (octet !== CR && octet !== LF) {
      out[size++] = octet;
      continue;
    }
    out[size++] = CR;
    out[size++] = LF;
    if (octet === CR && bytes[at + 1] === LF) at += 1;
  }
  return out.subarray(0, size);
}
