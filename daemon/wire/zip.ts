/**
 * Writes a zip file as a stream: files go in as they are, one after the other, and none of them is ever in memory.
 *
 * Each is read twice, first for its size and checksum: so these stand in front of its octets, as the oldest programs and
 * those that read from a pipe want them. Names are made safe for every disk and different from each other; UTF-8.
 */
import { crc32 } from 'node:zlib';

export type ZipEntry = {
  name: string;
  /** Called twice, and must give the same octets. */
  open(): AsyncIterable<Buffer>;
};

/** Without its extension for more (Zip64), which not every program reads. */
const MOST_OCTETS = 0xffffffff;
const MOST_ENTRIES = 0xffff;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
/** APPNOTE 4.4.4, bit 11: the name is UTF-8. */
const UTF8 = 0x0800;

/** `at`: the time each file bears, on the clock of this machine. Throws where it would not fit into a zip file. */
export async function* zip(entries: readonly ZipEntry[], at: number): AsyncIterable<Buffer> {
  if (entries.length > MOST_ENTRIES) throw new RangeError('too many files for a zip file');
  const names = distinctNames(entries.map(e => e.name));
  const central: Buffer[] = [];
  let offset = 0;
  for (const [index, entry] of entries.entries()) {
    const { size, checksum } = await measured(entry.open());
    const fields = fieldsOf(Buffer.from(names[index]!), { size, checksum, at });
    const head = Buffer.concat([numbers(LOCAL), fields.common, numbers16(0), fields.name]);
    yield head;
    central.push(
      numbers(CENTRAL),
      numbers16(VERSION),
      fields.common,
      numbers16(0, 0, 0, 0),
      numbers(0, offset),
      fields.name,
    );
    yield* entry.open();
    offset += head.length + size;
    if (offset > MOST_OCTETS) throw new RangeError('too large for a zip file');
  }
  const directory = Buffer.concat(central);
  const counts = numbers16(0, 0, entries.length, entries.length);
  yield Buffer.concat([directory, numbers(END), counts, numbers(directory.length, offset), numbers16(0)]);
}

async function measured(source: AsyncIterable<Buffer>): Promise<{ size: number; checksum: number }> {
  let size = 0;
  let checksum = 0;
  for await (const chunk of source) {
    size += chunk.length;
    checksum = crc32(chunk, checksum);
  }
  if (size > MOST_OCTETS) throw new RangeError('too large for a zip file');
  return { size, checksum };
}

/** What the header of a file and its entry in the directory share (APPNOTE 4.3.7, 4.3.12), up to the length of the name. */
function fieldsOf(name: Buffer, of: { size: number; checksum: number; at: number }): { common: Buffer; name: Buffer } {
  const { date, time } = dosTime(of.at);
  const common = [
    numbers16(VERSION, UTF8, 0, time, date),
    numbers(of.checksum, of.size, of.size),
    numbers16(name.length),
  ];
  return { common: Buffer.concat(common), name };
}

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, at * 4);
  return bytes;
}

function numbers16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [at, value] of values.entries()) bytes.writeUInt16LE(value, at * 2);
  return bytes;
}

/** From 1980 on, in steps of two seconds. */
function dosTime(at: number): { date: number; time: number } {
  const d = new Date(at);
  const year = Math.min(Math.max(d.getFullYear(), 1980), 2107);
  return {
    date: ((year - 1980) << 9) | ((d.getMonth() + 1) << 5) | d.getDate(),
    time: (d.getHours() << 11) | (d.getMinutes() << 5) | (d.getSeconds() >> 1),
  };
}

/** Octets of a name, with room for what makes it different. */
const LONGEST_NAME = 200;
/** Names of devices, which Windows opens whatever ending they have. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** A name that every disk takes, and that is a name alone: no path, no device, nothing that re-orders it. */
export function safeName(given: string): string {
  const plain = given
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '')
    .replace(/[<>:"/\\|?*]/g, '_')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  const named = plain === '' ? 'file' : DEVICE.test(plain) ? `_${plain}` : plain;
  return shortened(named.toWellFormed());
}

/** Keeps the ending. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const ending = /\.[\w-]{1,12}$/.exec(name)?.[0] ?? '';
  let stem = name.slice(0, name.length - ending.length);
  while (Buffer.byteLength(stem) + ending.length > LONGEST_NAME)
    stem = stem.slice(0, Math.min(stem.length - 1, LONGEST_NAME));
  return stem.toWellFormed() + ending;
}

/** Safe, and different also on disks that make no difference between upper and lower case. */
export function distinctNames(given: readonly string[]): string[] {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return given.map(name => {
    const safe = safeName(name);
    const [, stem = safe, ending = ''] = /^(.+?)(\.[\w-]{1,12})?$/s.exec(safe) ?? [];
    let wanted = safe;
    for (let n = next.get(safe.toLowerCase()) ?? 2; taken.has(wanted.toLowerCase()); n++) {
      wanted = `${stem} (${n})${ending}`;
      next.set(safe.toLowerCase(), n + 1);
    }
    taken.add(wanted.toLowerCase());
    return wanted;
  });
}
