/** Numbers and signs of zip files (APPNOTE 4.3). */

/** Without its extension for more (Zip64), which not every program reads. */
export const MOST_OCTETS = 0xffffffff;
export const MOST_ENTRIES = 0xffff;

export const LOCAL = 0x04034b50;
export const CENTRAL = 0x02014b50;
export const END = 0x06054b50;
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
