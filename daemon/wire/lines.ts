/**
 * A bounded line reader: octets in, lines out, as a pure machine. It never holds more than one line of the
 * allowed length; a longer one is one `too-long`, said as soon as it is known, and the rest of it is passed over.
 * It knows no socket and no charset, and what follows the lines (content, a TLS handshake) it gives back by `rest`.
 */
export type Line =
  | { kind: 'line' /** Without its ending; may lie in the chunk that was fed. */; bytes: Buffer }
  | { kind: 'too-long' };

export type LineOptions = {
  /** Most octets of a line, its ending not counted. */
  limit: number;
  /** crlf: only CRLF ends a line, a lone CR or LF is part of it · lf: LF ends it, one CR before it belongs to the ending. */
  ending: 'crlf' | 'lf';
};

export type LineReader = {
  /** Adds octets; they are read by `next`. */
  feed(chunk: Buffer): void;
  /** The next whole line; null: not there yet. */
  next(): Line | null;
  /** `feed`, then all lines that are whole. */
  push(chunk: Buffer): Line[];
  /** Takes out whatever was fed and is no whole line yet. */
  rest(): Buffer;
};

const CR = 13;
const LF = 10;

export function createLineReader({ limit, ending }: LineOptions): LineReader {
  /** skipping: inside the rest of a line that was too long. */
  let state: 'reading' | 'skipping' = 'reading';
  let chunk: Buffer = Buffer.alloc(0);
  let at = 0;
  const held = createHeld(limit + 1);

  const endOfLine = () => {
    let lf = chunk.indexOf(LF, at);
    const isLone = (i: number) => (i > at ? chunk[i - 1] : held.last()) !== CR;
    while (ending === 'crlf' && lf >= 0 && isLone(lf)) lf = chunk.indexOf(LF, lf + 1);
    return lf;
  };
  const unfinished = (): Line | null => {
    const piece = chunk.subarray(at);
    at = chunk.length;
    const size = held.size() + piece.length;
    // A CR at the end may be half of the ending, and is not counted until it is known not to be.
    const counted = piece.length && piece[piece.length - 1] === CR ? size - 1 : size;
    if (state === 'reading' && counted <= limit) {
      held.add(piece);
      return null;
    }
    held.keepLast(piece);
    if (state === 'skipping') return null;
    state = 'skipping';
    return { kind: 'too-long' };
  };
  const finished = (lf: number): Line | null => {
    const piece = chunk.subarray(at, lf);
    at = lf + 1;
    const wasSkipping = state === 'skipping';
    state = 'reading';
    const whole = held.size() && !wasSkipping ? Buffer.concat([held.bytes(), piece]) : piece;
    held.clear();
    if (wasSkipping) return null;
    const bytes = whole[whole.length - 1] === CR ? whole.subarray(0, -1) : whole;
    return bytes.length > limit ? { kind: 'too-long' } : { kind: 'line', bytes };
  };
  const next = (): Line | null => {
    while (at < chunk.length) {
      const lf = endOfLine();
      const line = lf < 0 ? unfinished() : finished(lf);
      if (line) return line;
    }
    return null;
  };
  const feed = (more: Buffer) => {
    chunk = at < chunk.length ? Buffer.concat([chunk.subarray(at), more]) : more;
    at = 0;
  };
  return {
    feed,
    next,
    push: more => {
      feed(more);
      const lines: Line[] = [];
      for (let line = next(); line; line = next()) lines.push(line);
      return lines;
    },
    rest: () => {
      const left = Buffer.concat([state === 'reading' ? held.bytes() : Buffer.alloc(0), chunk.subarray(at)]);
      held.clear();
      at = chunk.length;
      return left;
    },
  };
}

/** The start of a line whose end is still to come: copied, so that single octets pin no whole chunks in memory. */
function createHeld(most: number) {
  let room = Buffer.alloc(0);
  let size = 0;
  const add = (piece: Buffer) => {
    if (size + piece.length > room.length) {
      const larger = Buffer.allocUnsafe(Math.min(most, Math.max(64, 2 * (size + piece.length))));
      room.copy(larger, 0, 0, size);
      room = larger;
    }
    piece.copy(room, size);
    size += piece.length;
  };
  const clear = () => {
    size = 0;
  };
  return {
    add,
    clear,
    size: () => size,
    last: () => (size ? room[size - 1] : undefined),
    bytes: () => room.subarray(0, size),
    /** All that matters of a line given up: does it end in a CR so far? */
    keepLast: (piece: Buffer) => {
      const last = piece.subarray(-1);
      clear();
      add(last);
    },
  };
}
