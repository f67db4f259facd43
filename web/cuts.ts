/** Stretches of octets that can only be read from their beginning: those asked for in order are read in one go. */
export type Cuts = {
  cut(from: number, to: number): AsyncIterable<Buffer>;
  /** Whatever is still open is let go; nothing is cut after that. */
  close(): Promise<void>;
};

/** One measures, one gives out (wire/zip). */
const mostIdle = 2;

/** `rest`: what was read and not given out, which begins at `at`. */
type Reader = { at: number; rest: Buffer; source: AsyncIterator<Buffer> };

export function cutsOf(open: () => AsyncIterable<Buffer>): Cuts {
  const idle: Reader[] = [];

  /** The one that has the least to skip. */
  function readerFor(from: number): Reader {
    const [nearest] = idle.filter(r => r.at <= from).sort((a, b) => b.at - a.at);
    if (!nearest) return { at: 0, rest: Buffer.alloc(0), source: open()[Symbol.asyncIterator]() };
    idle.splice(idle.indexOf(nearest), 1);
    return nearest;
  }

  async function giveBack(reader: Reader): Promise<void> {
    idle.push(reader);
    idle.sort((a, b) => b.at - a.at);
    for (const far of idle.splice(mostIdle)) await far.source.return?.();
  }

  return {
    async *cut(from, to) {
      const reader = readerFor(from);
      try {
        for (let piece = await next(reader, from, to); piece !== null; piece = await next(reader, from, to))
          if (piece.length > 0) yield piece;
      } finally {
        await giveBack(reader);
      }
    },
    async close() {
      for (const reader of idle.splice(0)) await reader.source.return?.();
    },
  };
}

/** Empty: nothing of it is meant; null: there is no more. */
async function next(reader: Reader, from: number, to: number): Promise<Buffer | null> {
  if (reader.at >= to) return null;
  if (reader.rest.length === 0) {
    const { value, done } = await reader.source.next();
    if (done) return null;
    reader.rest = value;
  }
  const skipped = Math.min(reader.rest.length, Math.max(0, from - reader.at));
  const piece = reader.rest.subarray(skipped, Math.max(skipped, to - reader.at));
  reader.rest = reader.rest.subarray(skipped + piece.length);
  reader.at += skipped + piece.length;
  return piece;
}
