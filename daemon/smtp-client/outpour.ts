import type { Socket } from 'node:net';
import { NewlineMender } from '../mail/trace.ts';
import { createDotEncoder } from '../wire/dot.ts';

/** Content goes out in pieces of about this many octets, so that a small one is a single write with its final dot. */
const writeAtOnce = 64 * 1024;

/** What is handed to nodemailer as a message. */
export type Poured = { content: AsyncIterable<Buffer>; after: Promise<void> | undefined };

type Events = {
  /** We have nothing for the peer yet. */
  waiting(): void;
  /** The peer is to take a piece now. */
  piece(): void;
  /** The final dot is about to be written: from now on an answer may be the answer to it. */
  last(): void;
  /** The content could not be read; the peer waits for the rest. */
  failed(error: Error): void;
};

/**
 * Stands where nodemailer has its data stream, which looks at each octet and leaves in three writes. Lone CR and LF
 * become CRLF and dots are stuffed, so that no two readers can see two ends (RFC 5321 §4.1.1.4).
 */
export class Outpour {
  /** Nodemailer reports it. */
  readonly outByteCount = 0;
  readonly #socket: Socket;
  readonly #events: Events;
  readonly #mender = new NewlineMender();
  readonly #dots = createDotEncoder();
  #pieces: Buffer[] = [];
  #size = 0;
  #stopped = false;

  constructor(socket: Socket, events: Events) {
    this.#socket = socket;
    this.#events = events;
  }

  /** The whole of the content: nodemailer passes on what it was given, once. */
  write(poured: Poured): void {
    this.#pour(poured).catch(error => {
      if (!this.#stopped) this.#events.failed(error);
    });
  }

  end(): void {}

  /** Nodemailer gives the connection up. */
  unpipe(): void {
    this.#stopped = true;
  }

  async #pour({ content, after }: Poured): Promise<void> {
    if (after) {
      this.#events.waiting();
      await after;
      if (this.#stopped) return;
      this.#events.piece();
    }
    for await (const chunk of content) {
      for (const mended of this.#mender.push(chunk)) this.#gather(this.#dots.push(mended));
      if (this.#size >= writeAtOnce && !this.#stopped) {
        this.#events.piece();
        if (!this.#flush()) await drained(this.#socket);
      }
      if (this.#stopped) return;
    }
    if (this.#stopped) return;
    for (const mended of this.#mender.end()) this.#gather(this.#dots.push(mended));
    this.#gather(this.#dots.end());
    this.#events.last();
    this.#flush();
  }

  #gather(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
  }

  /** False: the peer is to take it before there is more. */
  #flush(): boolean {
    const whole = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    return this.#socket.destroyed || this.#socket.write(whole);
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}
