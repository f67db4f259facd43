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
  CENTRAL,
  dosTime,
  END,
  LOCAL,
  MOST_ENTRIES,
  MOST_OCTETS,
  numbers,
  numbers16,
  UTF8,
  VERSION,
} from './zip/records.ts';

export { distinctNames, safeName } from './zip/names.ts';
export { zipStream } from './zip/stream.ts';

export type ZipEntry = {
  name: string;
  /** Called twice, and must give the same octets. */
  open(): AsyncIterable<Buffer>;
};

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
