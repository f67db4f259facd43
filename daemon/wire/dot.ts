/**
 * Dot-stuffing (RFC 1939 §3, RFC 5321 §4.5.2): how content lies on the wire between a command and `.` alone.
 * The machines are pure and exact at every cut; clean octets pass by native search and without a copy, and
 * content made of dots costs no more than other content. Only CRLF.CRLF ends what is decoded, whatever else looks like it.
 */
const CR = 13;
const LF = 10;
const DOT = 46;

/** After a dot was found, how many octets are looked at one by one before the native search goes on: dots come in crowds. */
const closeLook = 128;

export type DotEncoder = {
  push(chunk: Buffer): Buffer;
  /** The terminator; before it a CRLF where the content did not end in one. */
  end(): Buffer;
};

/** A dot behind a lone LF is stuffed too: a reader that takes LF for an ending must not see the end there. */
export function createDotEncoder(): DotEncoder {
  let state: 'line-start' | 'after-lone-lf' | 'after-cr' | 'inside' = 'line-start';
  const after = (chunk: Buffer) => {
    const last = chunk[chunk.length - 1];
    if (last === CR) return 'after-cr';
    if (last !== LF) return 'inside';
    const before = chunk.length > 1 ? chunk[chunk.length - 2] : state === 'after-cr' ? CR : 0;
    return before === CR ? 'line-start' : 'after-lone-lf';
  };
  return {
    push: chunk => {
      if (chunk.length === 0) return chunk;
      const atStart = state === 'line-start' || state === 'after-lone-lf';
      state = after(chunk);
      const first = atStart && chunk[0] === DOT ? 0 : nextDot(chunk, 0);
      return first < 0 ? chunk : stuffed(chunk, first);
    },
    end: () => Buffer.from(state === 'line-start' ? '.\r\n' : '\r\n.\r\n'),
  };
}

/** Where the next dot behind an LF lies; -1: nowhere. */
function nextDot(chunk: Buffer, from: number): number {
  const found = chunk.indexOf('\n.', from, 'latin1');
  return found < 0 ? -1 : found + 1;
}

function stuffed(chunk: Buffer, first: number): Buffer {
  // Every second octet can be such a dot, and no more.
  const out = Buffer.allocUnsafe(chunk.length + (chunk.length >> 1) + 1);
  // Its own next octet is not in this chunk.
  const last = chunk.length - 1;
  let from = 0;
  let to = 0;
  for (let dot = first; dot >= 0; dot = nextDot(chunk, from)) {
    to += chunk.copy(out, to, from, dot);
    out[to++] = DOT;
    let stop = dot + closeLook < last ? dot + closeLook : last;
    for (from = dot; from < stop; ) {
      const octet = chunk[from++]!;
      out[to++] = octet;
      if (octet !== LF || chunk[from] !== DOT) continue;
      out[to++] = DOT;
      stop = from + closeLook < last ? from + closeLook : last;
    }
  }
  to += chunk.copy(out, to, from);
  return out.subarray(0, to);
}

/** `rest`: what follows the terminator; null: it has not come yet. Behind the end there is nothing to push. */
export type Decoded = { content: Buffer; rest: Buffer | null };
export type DotDecoder = { push(chunk: Buffer): Decoded; readonly state: DecoderState };

/**
 * line-start: at the first octet of a line · dot: behind a dot that began it · dot-cr: behind that dot and a CR, which
 * is held back · cr: behind a CR inside · inside: elsewhere · ended: the terminator was read.
 */
export type DecoderState = 'line-start' | 'dot' | 'dot-cr' | 'cr' | 'inside' | 'ended';

export function createDotDecoder(): DotDecoder {
  let state: DecoderState = 'line-start';
  return {
    get state() {
      return state;
    },
    push: chunk => {
      if (state === 'ended') throw new Error('pushed behind the terminator');
      const read = unstuffed(chunk, state);
      state = read.state;
      return { content: read.content, rest: state === 'ended' ? chunk.subarray(read.at) : null };
    },
  };
}

function unstuffed(chunk: Buffer, state: DecoderState): { content: Buffer; state: DecoderState; at: number } {
  if (!wantsCare(chunk, state)) return { content: chunk, state: stateAfter(chunk, state), at: chunk.length };
  const out = Buffer.allocUnsafe(chunk.length + 1);
  // Up to here a line end, a dot behind it and the octet behind that lie in the chunk.
  const inView = chunk.length - 3;
  let at = 0;
  let to = 0;
  let careUntil = closeLook;
  while (at < chunk.length && state !== 'ended') {
    if (state === 'inside' && at >= careUntil) {
      const found = chunk.indexOf('\r\n.', at, 'latin1');
      const stop = found < 0 ? chunk.length : found + 2;
      state = stateAfter(chunk.subarray(at, stop), state);
      to += chunk.copy(out, to, at, stop);
      at = stop;
      continue;
    }
    if (state === 'inside' && at < inView) {
      // Crowds of dots: stuffed lines pass without a change of state, and only a dot before a CR is looked at slowly.
      let stop = careUntil < inView ? careUntil : inView;
      while (at < stop) {
        const octet = chunk[at++]!;
        out[to++] = octet;
        if (octet !== CR || chunk[at] !== LF) continue;
        out[to++] = LF;
        at++;
        if (chunk[at] !== DOT) continue;
        if (chunk[at + 1] === CR) {
          state = 'line-start';
          break;
        }
        at++;
        careUntil = at + closeLook;
        stop = careUntil < inView ? careUntil : inView;
      }
      continue;
    }
    const octet = chunk[at++]!;
    if (state === 'line-start' && octet === DOT) {
      state = 'dot';
      careUntil = at + closeLook;
    } else if (state === 'dot' && octet === CR) state = 'dot-cr';
    else if (state === 'dot-cr' && octet === LF) state = 'ended';
    else {
      if (state === 'dot-cr') out[to++] = CR;
      out[to++] = octet;
      state = state === 'cr' && octet === LF ? 'line-start' : octet === CR ? 'cr' : 'inside';
    }
  }
  return { content: out.subarray(0, to), state, at };
}

/** Is there any octet in it that must not pass as it is? */
function wantsCare(chunk: Buffer, state: DecoderState): boolean {
  if (state === 'dot' || state === 'dot-cr') return true;
  if (state === 'line-start' && chunk[0] === DOT) return true;
  if (state === 'cr' && chunk[0] === LF && chunk[1] === DOT) return true;
  return chunk.includes('\r\n.', 0, 'latin1');
}

/** Where clean octets leave us. */
function stateAfter(chunk: Buffer, before: DecoderState): DecoderState {
  if (chunk.length === 0) return before;
  const last = chunk[chunk.length - 1];
  if (last === CR) return 'cr';
  const previous = chunk.length > 1 ? chunk[chunk.length - 2] : before === 'cr' ? CR : 0;
  return last === LF && previous === CR ? 'line-start' : 'inside';
}
