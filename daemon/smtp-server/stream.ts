import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { createDotDecoder, type DotDecoder } from '../wire/dot.ts';

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

  /** From the next octet on it is content, up to the terminator. */
  takeContent(sink: ContentSink): void {
    this.#decoder = createDotDecoder();
    this.#sink = sink;
    this._dataMode = true;
  }

  override _feedDataStream(chunk: Buffer, done: (error?: Error | null) => void): void {
    this.#content(chunk).then(
      rest => {
        if (rest !== null && rest.length > 0 && !this.isClosed) this._write(rest, 'buffer', done);
        else done();
      },
      (error: Error) => done(error),
    );
  }

  /** Answers what follows the terminator; null: it has not come yet. */
  async #content(chunk: Buffer): Promise<Buffer | null> {
    const sink = this.#sink!;
    const { content, rest } = this.#decoder!.push(chunk);
    if (content.length) await sink.push(content);
    // The peer went away while the disk was slow: its content is abandoned, and it will bring it again.
    if (rest === null || this.isClosed) return null;
    this.#decoder = null;
    this.#sink = null;
    this._dataMode = false;
    this._remainder = '';
    await sink.end();
    return rest;
  }
}
