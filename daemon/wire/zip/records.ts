/** Numbers and signs of zip files (APPNOTE 4.3). */

/** Without its extension for more (Zip64), which not every program reads. */
export const MOST_OCTETS = 0xffffffff;
export const MOST_ENTRIES = 0xffff;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
export const VERSION = 20;
/** APPNOTE 4.4.4, bit 11: the name is UTF-8. */
export const UTF8 = 0x0800;

export function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, at * 4);
  return bytes;
}

export function numbers16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [at, value] of values.entries()) bytes.writeUInt16LE(value, at * 2);
  return bytes;
}

/** From 1980 on, in steps of two seconds. */
export function dosTime(at: number): { date: number; time: number } {
  const d = new Date(at);
  const year = Math.min(Math.max(d.getFullYear(), 1980), 2107);
  return {
    date: ((year - 1980) << 9) | ((d.getMonth() + 1) << 5) | d.getDate(),
    time: (d.getHours() << 11) | (d.getMinutes() << 5) | (d.getSeconds() >> 1),
  };
}

type Stamp = ReturnType<typeof dosTime>;

/** What is told of a file in front of it and in the directory. `flags` and `method`: APPNOTE 4.4.4, 4.4.5. */
export type Fields = {
  version: number;
  flags: number;
  method: number;
  stamp: Stamp;
  checksum: number;
  packed: number;
  size: number;
  name: Buffer;
  extra?: Buffer;
};

const none = Buffer.alloc(0);

const common = (f: Fields): Buffer[] => [
  numbers16(f.version, f.flags, f.method, f.stamp.time, f.stamp.date),
  numbers(f.checksum, f.packed, f.size),
  numbers16(f.name.length, f.extra?.length ?? 0),
];

/** APPNOTE 4.3.7. */
export const localHead = (f: Fields): Buffer => Buffer.concat([numbers(LOCAL), ...common(f), f.name, f.extra ?? none]);

/** APPNOTE 4.3.12. `offset`: of its head. */
export const directoryEntry = (f: Fields, offset: number, madeBy: number): Buffer =>
  Buffer.concat([
    ...[numbers(CENTRAL), numbers16(madeBy), ...common(f)],
    ...[numbers16(0, 0, 0), numbers(0, offset), f.name, f.extra ?? none],
  ]);

/** APPNOTE 4.3.16. `length`, `offset`: of the directory. */
export const directoryEnd = (entries: number, length: number, offset: number): Buffer =>
  Buffer.concat([numbers(END), numbers16(0, 0, entries, entries), numbers(length, offset), numbers16(0)]);
