import { pipeline, Readable } from 'node:stream';
import { crc32, createDeflateRaw } from 'node:zlib';
import type { ZipEntry } from '../zip.ts';
import { distinctNames } from './names.ts';
import {
  directoryEnd,
  directoryEntry,
  dosTime,
  localHead,
  MOST_ENTRIES,
  MOST_OCTETS,
  numbers,
  numbers16,
  UTF8,
  VERSION,
} from './records.ts';

const DESCRIPTOR = 0x08074b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const VERSION64 = 45;
/** APPNOTE 4.4.4, bit 3: size and checksum stand behind the octets. */
const BEHIND = 0x0008;
const DEFLATE = 8;
/** Text packs well at once; attachments are base64 and gain little by more. */
const level = 3;

type Written = { name: Buffer; offset: number; packed: number; size: number; checksum: number };

/** Each is read once, packed, and told behind its octets; with Zip64 (APPNOTE 4.5.3) where numbers reach `most`. */
export async function* zipStream(entries: readonly ZipEntry[], at: number, most = MOST_OCTETS): AsyncIterable<Buffer> {
  const names = distinctNames(entries.map(e => e.name));
  const stamp = dosTime(at);
  const all: Written[] = [];
  let offset = 0;
  for (const [index, entry] of entries.entries()) {
    const one: Written = { name: Buffer.from(names[index]!), offset, packed: 0, size: 0, checksum: 0 };
    const named = { flags: UTF8 | BEHIND, method: DEFLATE, stamp, name: one.name };
    const head = localHead({ ...named, version: VERSION, checksum: 0, packed: 0, size: 0 });
    yield head;
    yield* packed(entry.open(), one);
    const sizes = isLarge(one, most) ? numbers64(one.packed, one.size) : numbers(one.packed, one.size);
    const behind = Buffer.concat([numbers(DESCRIPTOR, one.checksum), sizes]);
    yield behind;
    offset += head.length + one.packed + behind.length;
    all.push(one);
  }
  yield* directory(all, stamp, offset, most);
}

const isLarge = ({ packed, size }: Written, most: number): boolean => packed >= most || size >= most;

async function* packed(source: AsyncIterable<Buffer>, one: Written): AsyncIterable<Buffer> {
  const counted = async function* () {
    for await (const chunk of source) {
      one.size += chunk.length;
      one.checksum = crc32(chunk, one.checksum);
      yield chunk;
    }
  };
  const press = createDeflateRaw({ level });
  // What breaks is thrown by the loop; who leaves it ends the source too.
  pipeline(Readable.from(counted()), press, () => {});
  for await (const chunk of press) {
    one.packed += chunk.length;
    yield chunk;
  }
}

async function* directory(all: Written[], stamp: ReturnType<typeof dosTime>, offset: number, most: number) {
  let length = 0;
  for (const one of all) {
    const { at, ...told } = withExtra(one, most);
    const version = told.extra.length > 0 ? VERSION64 : VERSION;
    const { name, checksum } = one;
    const fields = { version, flags: UTF8 | BEHIND, method: DEFLATE, stamp, checksum, name, ...told };
    const entry = directoryEntry(fields, at, VERSION64);
    length += entry.length;
    yield entry;
  }
  const isLong = all.length >= MOST_ENTRIES || offset + length >= most;
  if (isLong) yield end64(all.length, length, offset);
  const n = isLong ? MOST_ENTRIES : all.length;
  const [long, start] = isLong ? [MOST_OCTETS, MOST_OCTETS] : [length, offset];
  yield directoryEnd(n, long, start);
}

/** What has no room in four octets stands in the extra field, and there is all of it. */
function withExtra(one: Written, most: number) {
  if (!isLarge(one, most) && one.offset < most)
    return { extra: Buffer.alloc(0), packed: one.packed, size: one.size, at: one.offset };
  const extra = Buffer.concat([numbers16(1, 24), numbers64(one.size, one.packed, one.offset)]);
  return { extra, packed: MOST_OCTETS, size: MOST_OCTETS, at: MOST_OCTETS };
}

/** APPNOTE 4.3.14 and 4.3.15. */
const end64 = (count: number, length: number, offset: number): Buffer =>
  Buffer.concat([
    ...[numbers(END64), numbers64(44), numbers16(VERSION64, VERSION64), numbers(0, 0)],
    ...[numbers64(count, count, length, offset), numbers(LOCATOR64, 0), numbers64(offset + length), numbers(1)],
  ]);

function numbers64(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [at, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), at * 8);
  return bytes;
}
