import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { createDotDecoder, type DotDecoder } from '../wire/dot.ts';

/**
 * The package's parser with our decoder for DATA: strict CRLF.CRLF, native search, and no turn of the event loop
 * per stuffed dot (1 MB of dots took it a second). Commands stay the package's.
 */
export class MailStream extends SMTPStream {
  #decoder: DotDecoder | null = null;

  override startDataMode(maxBytes?: number) {
    this.#decoder = createDotDecoder();
    return super.startDataMode(maxBytes);
  }

  override _feedDataStream(chunk: Buffer, done: (error?: Error | null) => void): void {
    const { content, rest } = this.#decoder!.push(chunk);
    this._countDataBytes(content.length);
    if (rest !== null) {
      this.#decoder = null;
      this._endDataMode(content, rest, done);
      return;
    }
    const stream = this._dataStream;
    // A stream that was destroyed never drains: it only closes.
    if (!stream?.writable || content.length === 0 || stream.write(content) || stream.destroyed) return done();
    const go = () => {
      stream.off('drain', go);
      stream.off('close', go);
      done();
    };
    stream.once('drain', go);
    stream.once('close', go);
  }
}
