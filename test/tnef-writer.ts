/** Makes winmail.dat files, good and bad. */
export const tnef = (...attributes: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([0x78, 0x9f, 0x3e, 0x22, 1, 0]), ...attributes]);

export function attribute(level: 1 | 2, id: number, data: string | Buffer): Buffer {
  const bytes = Buffer.from(data as string);
  const head = Buffer.alloc(9);
  head[0] = level;
  head.writeUInt32LE(id + 0x10000, 1);
  head.writeUInt32LE(bytes.length, 5);
  return Buffer.concat([head, bytes, Buffer.alloc(2)]);
}

const number = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes;
};

/** Texts in UTF-16, as Outlook writes them, and octets as they are. */
export function property(...values: [id: number, value: string | Buffer][]): Buffer {
  const one = ([id, value]: [number, string | Buffer]) => {
    const isText = typeof value === 'string';
    const bytes = isText ? Buffer.from(`${value}\0`, 'utf16le') : value;
    const padding = Buffer.alloc((4 - (bytes.length % 4)) % 4);
    const tag = number(id * 0x10000 + (isText ? 0x1f : 0x102));
    return Buffer.concat([tag, number(1), number(bytes.length), bytes, padding]);
  };
  return Buffer.concat([number(values.length), ...values.map(one)]);
}

/** RTF as a winmail.dat has it, though no octet shorter. */
export function packedRtf(rtf: string): Buffer {
  const bytes = Buffer.from(rtf, 'latin1');
  const groups: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 8) groups.push(Buffer.from([0]), bytes.subarray(at, at + 8));
  const packed = Buffer.concat(groups);
  return Buffer.concat([number(packed.length + 12), number(bytes.length), Buffer.from('LZFu'), number(0), packed]);
}
