/** The central directory ends with this record and a comment of 64 KB at most (PKWARE APPNOTE 4.3.16). */
const END = Buffer.from('PK\x05\x06');
const ENTRY = 0x02014b50;
const longestEnd = 22 + 65_535;
const mostEntries = 10_000;

/** A zip file begins so; in base64 it is `UEsDB`. */
export const looksLikeZip = (start: Buffer): boolean => /^(?:PK\x03\x04|UEsDB)/.test(start.toString('latin1'));

/** The names of the files inside, from the central directory; nothing is unpacked, and nothing in it is believed. */
export function namesInZip(bytes: Buffer): string[] {
  const end = bytes.lastIndexOf(END);
  if (end < 0 || bytes.length - end > longestEnd || bytes.length - end < 22) return [];
  const names: string[] = [];
  // By its size, not its offset: something may stand in front of the archive.
  for (let at = end - bytes.readUInt32LE(end + 12); names.length < mostEntries; ) {
    if (at < 0 || at + 46 > end || bytes.readUInt32LE(at) !== ENTRY) break;
    const isUtf8 = (bytes.readUInt16LE(at + 8) & 0x800) !== 0;
    const length = bytes.readUInt16LE(at + 28);
    names.push(bytes.toString(isUtf8 ? 'utf8' : 'latin1', at + 46, Math.min(at + 46 + length, end)));
    at += 46 + length + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return names;
}
