/**
 * Writes a zip file as a stream: files go in as they are, one after the other, and none of them is ever in memory.
 *
 * `zip` reads each twice, first for its size and checksum: so these stand in front of its octets, as the oldest programs
 * and those that read from a pipe want them. `zipStream` reads each once and packs it: for what may change meanwhile, or
 * is larger than a plain zip file. Names are made safe for every disk and different from each other; UTF-8.
 */
import { crc32 } from 'node:zlib';
import { distinctNames } from './zip/names.ts';
import {
  directoryEnd,
  directoryEntry,
  dosTime,
  localHead,
  MOST_ENTRIES,
  MOST_OCTETS,
  UTF8,
  VERSION,
} from './zip/records.ts';

export { distinctNames, safeName } from './zip/names.ts';
export { zipStream } from './zip/stream.ts';

/** APPNOTE 4.4.5: as it is. */
const STORED = 0;

export type ZipEntry = {
  name: string;
  /** Called twice, and must give the same octets. */
  open(): AsyncIterable<Buffer>;
};

/** `at`: the time each file bears, on the clock of this machine. Throws where it would not fit into a zip file. */
export async function* zip(entries: readonly ZipEntry[], at: number): AsyncIterable<Buffer> {
  if (entries.length > MOST_ENTRIES) throw new RangeError('too many files for a zip file');
  const names = distinctNames(entries.map(e => e.name));
  const stamp = dosTime(at);
  const central: Buffer[] = [];
  let offset = 0;
  for (const [index, entry] of entries.entries()) {
    const { size, checksum } = await measured(entry.open());
    const name = Buffer.from(names[index]!);
    const fields = { version: VERSION, flags: UTF8, method: STORED, stamp, checksum, packed: size, size, name };
    const head = localHead(fields);
    yield head;
    central.push(directoryEntry(fields, offset, VERSION));
    yield* entry.open();
    offset += head.length + size;
    if (offset > MOST_OCTETS) throw new RangeError('too large for a zip file');
  }
  const directory = Buffer.concat(central);
  yield Buffer.concat([directory, directoryEnd(entries.length, directory.length, offset)]);
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
