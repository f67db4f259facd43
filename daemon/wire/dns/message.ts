/** The record types we ask for, by their numbers (RFC 1035 §3.2.2, RFC 3596 §2.1). */
export const recordTypes = { A: 1, MX: 15, AAAA: 28 } as const;
export type RecordType = keyof typeof recordTypes;
export type Answer =
  | { kind: 'addresses'; addresses: string[] }
  | { kind: 'exchanges'; exchanges: { exchange: string; priority: number }[] };

/** With the codes of node:dns, so that both ways of asking fail alike. */
export class DnsError extends Error {
  readonly code: string;
  constructor(code: string, message: string = code) {
    super(message);
    this.code = code;
  }
}

/** One question, recursion desired (RFC 1035 §4.1). The name is ASCII; a label no question can hold is EBADNAME. */
export function question(id: number, name: string, type: RecordType): Buffer {
  const labels = name.split('.').map(label => Buffer.from(label, 'latin1'));
  const size = labels.reduce((sum, l) => sum + l.length + 1, 1);
  if (size > 255 || labels.some(l => l.length === 0 || l.length > 63)) throw new DnsError('EBADNAME');
  const head = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const written = labels.flatMap(l => [Buffer.from([l.length]), l]);
  return Buffer.concat([head, ...written, Buffer.from([0, 0, recordTypes[type], 0, 1])]);
}

const rcodes: Record<number, string> = { 1: 'EFORMERR', 2: 'ESERVFAIL', 3: 'ENOTFOUND', 4: 'ENOTIMP', 5: 'EREFUSED' };
const headSize = 12;
/** Of a record, between its name and its data. */
const fixedSize = 10;

/**
 * The records in the answer to a `question`. A recursive server puts the whole chain of aliases into one answer, so
 * records are taken by their type. Throws a DnsError: EBADRESP for what is no answer to it.
 */
export function answerTo(asked: Buffer, message: Buffer, type: RecordType): Answer {
  const bad = new DnsError('EBADRESP');
  if (message.length < headSize || message.readUInt16BE(0) !== asked.readUInt16BE(0)) throw bad;
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) === 0 || message.readUInt16BE(4) > 1) throw bad;
  if ((flags & 15) !== 0) throw new DnsError(rcodes[flags & 15] ?? 'EBADRESP');
  try {
    const places = placesOf(message, type);
    if (places.length === 0) throw new DnsError('ENODATA');
    return type === 'MX'
      ? { kind: 'exchanges', exchanges: places.map(at => exchangeAt(message, at)) }
      : { kind: 'addresses', addresses: places.map(at => addressAt(message, at, type)) };
  } catch (error) {
    // Reading behind the end of the message.
    throw error instanceof RangeError ? bad : error;
  }
}

/** Offsets of the data of all records of this type and of class IN. */
function placesOf(message: Buffer, type: RecordType): number[] {
  let at = headSize;
  if (message.readUInt16BE(4) === 1) at = nameAt(message, at).end + 4;
  const found: number[] = [];
  for (let left = message.readUInt16BE(6); left > 0; left--) {
    at = nameAt(message, at).end;
    const wanted = message.readUInt16BE(at) === recordTypes[type] && message.readUInt16BE(at + 2) === 1;
    const length = message.readUInt16BE(at + 8);
    at += fixedSize;
    if (at + length > message.length) throw new DnsError('EBADRESP');
    if (wanted) found.push(at);
    if (wanted && type !== 'MX' && length !== (type === 'A' ? 4 : 16)) throw new DnsError('EBADRESP');
    at += length;
  }
  return found;
}

function addressAt(message: Buffer, at: number, type: 'A' | 'AAAA'): string {
  if (type === 'A') return message.subarray(at, at + 4).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => message.readUInt16BE(at + 2 * i).toString(16));
  // The short way to write it (RFC 5952).
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

const exchangeAt = (message: Buffer, at: number) => ({
  priority: message.readUInt16BE(at),
  exchange: nameAt(message, at + 2).name,
});

/**
 * `end`: offset behind the name where it stands. A pointer leads only backwards, and a name ends at 255 octets, so
 * none goes in a circle (RFC 1035 §4.1.4).
 */
function nameAt(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | null = null;
  let size = 1;
  for (let length = message.readUInt8(at); length !== 0; length = message.readUInt8(at)) {
    if (length >= 0xc0) {
      end ??= at + 2;
      const to = message.readUInt16BE(at) & 0x3fff;
      if (to >= at || to < headSize) throw new DnsError('EBADRESP');
      at = to;
      continue;
    }
    size += length + 1;
    if (length > 63 || size > 255 || at + 1 + length > message.length) throw new DnsError('EBADRESP');
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: end ?? at + 1 };
}
