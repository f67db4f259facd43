const LZFU = 0x75465a4c;
const MELA = 0x414c454d;
const HEADER = 16;
const WINDOW = 4096;

/** What every window begins with ([MS-OXRTFCP] §2.1.2.1). */
const BEGINNING = Buffer.from(
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor ' +
    'MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n' +
    '\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx',
  'latin1',
);

/** The longest reference makes 17 octets of two, and eight of them have one octet of flags. */
const MOST_GROWTH = 8;

/**
 * [MS-OXRTFCP] §2.2: null when it is none. `most`: octets that come out at the most. The checksum is not looked at: what
 * is damaged is better read in part than not at all.
 */
export function decompressRtf(bytes: Buffer, most: number): Buffer | null {
  if (bytes.length < HEADER) return null;
  const claimed = Math.min(bytes.readUInt32LE(4), most);
  const kind = bytes.readUInt32LE(8);
  const packed = bytes.subarray(HEADER);
  if (kind === MELA) return packed.subarray(0, claimed);
  return kind === LZFU ? unpacked(packed, Math.min(claimed, packed.length * MOST_GROWTH)) : null;
}

function unpacked(bytes: Buffer, most: number): Buffer {
  // The window is what came out last, with the beginning that all have in front: so one room serves as both.
  const out = Buffer.alloc(BEGINNING.length + most);
  BEGINNING.copy(out);
  const end = out.length;
  let size = BEGINNING.length;
  let at = 0;
  while (at < bytes.length && size < end) {
    const flags = bytes[at++]!;
    for (let bit = 0; bit < 8 && at < bytes.length && size < end; bit++) {
      if ((flags & (1 << bit)) === 0) {
        out[size++] = bytes[at++]!;
        continue;
      }
      if (at + 2 > bytes.length) return out.subarray(BEGINNING.length, size);
      const reference = bytes.readUInt16BE(at);
      at += 2;
      const back = (size - (reference >> 4) + 2 * WINDOW) % WINDOW;
      // A reference to where it is written itself says that this is the end.
      if (back === 0) return out.subarray(BEGINNING.length, size);
      const stop = Math.min(end, size + (reference & 15) + 2);
      // Octet by octet: it may reach into what it brings. Before the beginning there is nothing but zeros.
      for (; size < stop; size++) out[size] = size < back ? 0 : out[size - back]!;
    }
  }
  return out.subarray(BEGINNING.length, size);
}
