import type { Socket } from 'node:net';
import { createDotEncoder } from '../wire/dot.ts';
import type { Body } from './answer.ts';

/** Answers are gathered up to this many octets, so that a pipeline of small ones is few writes. */
const writeAtOnce = 65_536;

export type Output = {
  line(text: string): Promise<void>;
  /** Dot-stuffed, with its terminator. */
  body(body: Body): Promise<void>;
  /** Writes what is gathered; resolves when the client takes more. */
  flush(): Promise<void>;
};

export function createOutput(stream: () => Socket): Output {
  let pieces: Buffer[] = [];
  let size = 0;
  const flush = async () => {
    const to = stream();
    if (size === 0 || to.destroyed) return;
    const whole = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size);
    const wasFull = size >= writeAtOnce;
    pieces = [];
    size = 0;
    if (!to.write(whole)) await drained(to);
    // A client that reads as fast as we write must not keep the others waiting.
    if (wasFull) await new Promise(resolve => setImmediate(resolve));
  };
  const add = (piece: Buffer) => {
    pieces.push(piece);
    size += piece.length;
    return size >= writeAtOnce ? flush() : undefined;
  };
  return {
    flush,
    line: async text => add(Buffer.from(`${text}\r\n`)),
    async body(body) {
      const encoder = createDotEncoder();
      for await (const chunk of body) {
        await add(encoder.push(chunk));
        if (stream().destroyed) return;
      }
      await add(encoder.end());
    },
  };
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
