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

/** Texts in UTF-16, as Outlook writes them. */
export function property(...texts: [id: number, text: string][]): Buffer {
  const number = (n: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(n);
    return bytes;
  };
  const one = ([id, text]: [number, string]) => {
    const bytes = Buffer.from(`${text}\0`, 'utf16le');
    const padding = Buffer.alloc((4 - (bytes.length % 4)) % 4);
    return Buffer.concat([number((id << 16) + 0x1f), number(1), number(bytes.length), bytes, padding]);
  };
  return Buffer.concat([number(texts.length), ...texts.map(one)]);
}
