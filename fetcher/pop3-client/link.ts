import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Pop3Failure, printable } from './failure.ts';
import { type Answer, createFraming, type Expected, type Framed, type Framing } from './framing.ts';

export type LinkOptions = {
  /** Milliseconds for each answer. */
  timeout: number;
  /** Octets of a status line. */
  maxLine: number;
  /** Not to be repeated in what we tell, whatever the upstream says. */
  secret: string;
  answered(answer: Answer, content: Readable | null): void;
  /** Called once: the link is of no use any more. */
  failed(failure: Pop3Failure): void;
};

/** Fewer octets than this in the time of one timeout, while we would read more, is a stalled upstream. */
const leastProgress = 256;
const highWater = 64 * 1024;

/** The connection: socket, framing, clock and back-pressure. The upstream sends no faster than content is read. */
export class Link {
  readonly #o: LinkOptions;
  readonly #framing: Framing;
  #socket: Socket | null = null;
  #failure: Pop3Failure | null = null;
  #content: Readable | null = null;
  #timer: NodeJS.Timeout | undefined;
  #arrived = 0;
  #expected: Expected = 'line';
  /** The command under way, as a failure names it. */
  asked = 'the greeting';

  constructor(options: LinkOptions) {
    this.#o = options;
    this.#framing = createFraming(options.maxLine);
  }

  get failure(): Pop3Failure | null {
    return this.#failure;
  }

  /** Before each command: what its answer may look like. Throws when the link is gone or busy. */
  expect(expected: Expected, name: string): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#content !== null) throw new Error(`${name} asked in the middle of the answer to ${this.asked}`);
    this.asked = name;
    this.#expected = expected;
    this.#framing.expect(expected);
    clearTimeout(this.#timer);
    const late = () => this.fail(new Pop3Failure('timeout', `no answer to ${name} within ${this.#o.timeout} ms`));
    this.#timer = setTimeout(late, this.#o.timeout);
  }

  attach(socket: Socket): void {
    this.#socket = socket;
    const hungUp = () => this.fail(new Pop3Failure('temporary', `the upstream hung up at ${this.asked}`));
    socket.on('data', chunk => this.#read(chunk));
    socket.on('error', e => this.fail(new Pop3Failure('temporary', `connection lost: ${printable(e.message)}`)));
    socket.on('end', hungUp);
    socket.on('close', hungUp);
  }

  /** Gives the socket back, for TLS over it. */
  detach(): Socket {
    const socket = this.#socket;
    if (socket === null || this.#failure !== null) throw this.#failure ?? new Error('no socket attached');
    for (const event of ['data', 'error', 'end', 'close']) socket.removeAllListeners(event);
    this.#socket = null;
    return socket;
  }

  /** Ends everything; the first failure stays the reason. */
  fail(failure: Pop3Failure): Pop3Failure {
    if (this.#failure !== null) return this.#failure;
    this.#failure = failure;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    const content = this.#content;
    this.#content = null;
    content?.destroy(failure);
    this.#o.failed(failure);
    return failure;
  }

  #read(chunk: Buffer): void {
    this.#arrived += chunk.length;
    for (const framed of this.#framing.push(chunk)) this.#heard(framed);
  }

  #heard(framed: Framed): void {
    if (this.#failure !== null) return;
    if (framed.kind === 'broken') this.fail(new Pop3Failure('protocol', printable(framed.why, this.#o.secret)));
    else if (framed.kind === 'content') this.#pass(framed.bytes);
    else if (framed.kind === 'end') this.#ended();
    else this.#answered(framed);
  }

  #answered(answer: Answer): void {
    clearTimeout(this.#timer);
    if (answer.status === 'ok' && this.#expected === 'lines') this.#content = this.#openContent();
    this.#o.answered({ ...answer, text: printable(answer.text, this.#o.secret) }, this.#content);
  }

  #openContent(): Readable {
    this.#watchProgress();
    const content: Readable = new Readable({
      highWaterMark: highWater,
      read: () => void this.#socket?.resume(),
      destroy: (error, done) => {
        // Who leaves before the terminator leaves the upstream in the middle of a message: nothing can follow.
        if (this.#content === content) this.fail(new Pop3Failure('temporary', 'left in the middle of an answer'));
        done(error);
      },
    });
    // It may break off before its reader is there; the reader is told when it comes.
    content.on('error', () => {});
    return content;
  }

  #pass(bytes: Buffer): void {
    if (this.#content?.push(bytes) === false) this.#socket?.pause();
  }

  #ended(): void {
    clearTimeout(this.#timer);
    const content = this.#content;
    this.#content = null;
    content?.push(null);
    this.#socket?.resume();
  }

  #watchProgress(): void {
    this.#arrived = 0;
    const look = () => {
      if (this.#arrived < leastProgress && this.#socket?.isPaused() === false)
        this.fail(new Pop3Failure('timeout', `the upstream stalled in its answer to ${this.asked}`));
      this.#arrived = 0;
    };
    this.#timer = setInterval(look, this.#o.timeout);
  }
}
