import type { Socket } from 'node:net';
import { createDotEncoder, type DotEncoder } from '../wire/dot.ts';
import type { Body } from './answer.ts';

/** Answers are gathered up to this many octets, so that a pipeline of small ones is few writes. */
const writeAtOnce = 65_536;

/** Room kept for the next answer. */
const keptRoom = 16_384;

export type Output = {
  /** With its CRLF. All three answer nothing when they are done at once. */
  line(text: string): Promise<void> | undefined;
  /** Dot-stuffed, with its terminator. */
  body(body: Body): Promise<void> | undefined;
  /** Writes what is gathered; resolves when the client takes more. */
  flush(): Promise<void> | undefined;
};

export function createOutput(stream: () => Socket): Output {
  /** Answers are copied together here: less work than a buffer for each, and no garbage. */
  let room = Buffer.alloc(0);
  let size = 0;
  const flush = () => {
    const to = stream();
    const whole = room.subarray(0, size);
    size = 0;
    if (whole.length === 0 || to.destroyed) return undefined;
    const taken = to.write(whole);
    // While the kernel has not taken all of it, it must not be written over; and a thousand idle sessions are to be small.
    if (to.writableLength > 0 || room.length > keptRoom) room = Buffer.alloc(0);
    return taken && whole.length < writeAtOnce ? undefined : patience(to, taken);
  };
  const reserve = (octets: number) => {
    if (size + octets <= room.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(size + octets, Math.min(2 * room.length, 2 * writeAtOnce), 8192));
    room.copy(larger, 0, 0, size);
    room = larger;
  };
  const flushIfFull = () => (size >= writeAtOnce ? flush() : undefined);
  const append = (piece: Buffer) => {
    reserve(piece.length);
    size += piece.copy(room, size);
  };
  const streamed = async (body: Exclude<Body, Buffer[]>, encoder: DotEncoder) => {
    for await (const chunk of body) {
      append(encoder.push(chunk));
      await flushIfFull();
      if (stream().destroyed) return;
    }
    append(encoder.end());
    await flushIfFull();
  };
  return {
    flush,
    line(text) {
      reserve(3 * text.length + 2);
      size += room.write(`${text}\r\n`, size);
      return flushIfFull();
    },
    body(body) {
      const encoder = createDotEncoder();
      if (Array.isArray(body)) {
        for (const chunk of body) append(encoder.push(chunk));
        append(encoder.end());
        return flushIfFull();
      }
      return streamed(body, encoder);
    },
  };
}

/** A client that reads as fast as we write must not keep the others waiting, so they have a turn in any case. */
async function patience(stream: Socket, taken: boolean): Promise<void> {
  if (!taken) await drained(stream);
  await new Promise(resolve => setImmediate(resolve));
}

function drained(stream: Socket): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}
