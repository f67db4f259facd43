import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { createDotDecoder, type DotDecoder } from '../wire/dot.ts';

type Done = (error?: Error | null) => void;

const CR = 13;
const LF = 10;

/** Where content goes: it waits with `push`, is told the end, or that the peer is gone. */
export type ContentSink = {
  push(content: Buffer): Promise<void> | void;
  /** The terminator came; commands go on once this has resolved. */
  end(): Promise<void>;
};

/**
 * The package's parser with our own way for DATA: strict CRLF.CRLF, native search, no stream object a message, and no
 * turn of the event loop per stuffed dot (1 MB of dots took the package a second). Commands stay the package's.
 */
export class MailStream extends SMTPStream {
  #decoder: DotDecoder | null = null;
  #sink: ContentSink | null = null;

  /** The octets in hand, and how many commands of them were taken out. */
  #chunk: Buffer = Buffer.alloc(0);
  #taken = 0;

  /** A command was taken out of what came. */
  took(): void {
    this.#taken++;
  }

  /** Nothing has come behind the command in hand. */
  get atEnd(): boolean {
    let lines = 0;
    for (let lf = this.#chunk.indexOf(LF); lf >= 0; lf = this.#chunk.indexOf(LF, lf + 1)) lines++;
    return this.#chunk.at(-1) === LF && lines === this.#taken && this.writableLength <= this.#chunk.length;
  }

  /** From the next octet on it is content, up to the terminator. */
  takeContent(sink: ContentSink): void {
    this.#decoder = createDotDecoder();
    this.#sink = sink;
    this._dataMode = true;
  }

  /** A command that comes whole and alone, as all do that wait for their answer, needs no search for the next one. */
  override _write(chunk: Buffer, encoding: BufferEncoding | 'buffer', next: Done): void {
    if (!this._dataMode) {
      this.#chunk = chunk;
      this.#taken = 0;
    }
    if (this._dataMode || this.isClosed || this._remainder !== '' || !isOneLine(chunk, this._maxCommandLength))
      return super._write(chunk, encoding, next);
    this.oncommand(chunk.subarray(0, -2), () => next());
  }

  override _feedDataStream(chunk: Buffer, done: Done): void {
    const { content, rest } = this.#decoder!.push(chunk);
    const full = content.length ? this.#sink!.push(content) : undefined;
    if (full)
      full.then(
        () => this.#fed(rest, done),
        (error: Error) => done(error),
      );
    else this.#fed(rest, done);
  }

  /** `rest`: what follows the terminator; null: it has not come yet. */
  #fed(rest: Buffer | null, done: Done): void {
    // The peer went away while the disk was slow: its content is abandoned, and it will bring it again.
    if (rest === null || this.isClosed) return done();
    const sink = this.#sink!;
    this.#decoder = null;
    this.#sink = null;
    this._dataMode = false;
    this._remainder = '';
    sink.end().then(
      () => {
        if (rest.length > 0 && !this.isClosed) this._write(rest, 'buffer', done);
        else done();
      },
      (error: Error) => done(error),
    );
  }
}

function isOneLine(chunk: Buffer, longest: number): boolean {
  const end = chunk.length - 1;
  return end > 0 && end <= longest && chunk[end - 1] === CR && chunk.indexOf(LF) === end;
}
