import type { Socket } from 'node:net';
import SMTPConnection, { type SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import { Outpour, type Poured } from './outpour.ts';
import type { PlannedRecipient } from './parameters.ts';

/** Milliseconds (RFC 5321 §4.5.3.2). */
export type ClientTimeouts = {
  /** Until a TCP connection stands, all addresses of a host together. */
  connect: number;
  greeting: number;
  /** Each answer to a command, and the TLS handshake. */
  command: number;
  /** Until the peer has taken the next piece of content. */
  block: number;
  /** Until the answer to the final dot. */
  final: number;
};

/** Most octets a peer may say while we connect, or during one transaction; a hundred recipients need some 10 KB. */
const mostSaid = 256 * 1024;

/** What nodemailer does inside and its published types leave out; exact for the version in package.json. */
type Internals = {
  destroyed: boolean;
  _ehloLines?: string[];
  _currentDataStream: unknown;
  _responseActions: ((text: string) => void)[];
  _responseQueue: string[];
  _remainder: string;
  _onSocketData: () => void;
  _onSocketTimeout: () => void;
  _onSocketClose: () => void;
  _onSocketEnd: () => void;
  _destroy(): void;
  _parseEhloExtensions(text: string): void;
  _sendCommand(text: string, logged?: string): void;
  _onData(chunk: Buffer): void;
  _onError(error: Error, code: string, response: string | false, command?: string): void;
  _onResponseTooLarge(): void;
  _createSendStream(done: unknown): unknown;
  _actionGreeting(text: string): void;
  _actionEHLO(text: string): void;
  _actionSTARTTLS(text: string): void;
  _actionMAIL(text: string, done: unknown): void;
  _actionRCPT(text: string, done: unknown): void;
  _actionDATA(text: string, done: unknown): void;
  _actionSMTPStream(text: string, done: unknown): void;
};

type NodemailerError = Error & { code?: string };

const Base = SMTPConnection as unknown as new (options: SMTPConnectionOptions) => SMTPConnection & Internals;

/** Everything the peer answered in one transaction, word for word, in the order asked. */
export type Heard = {
  mail: string | null;
  recipients: string[];
  data: string | null;
  /** The answer to the final dot; null: none came, or it came before the dot and so cannot be one. */
  final: string | null;
  /** What ended the transaction early; null: nothing did. */
  broken: string | null;
};

const silence = (): Heard => ({ mail: null, recipients: [], data: null, final: null, broken: null });

/**
 * nodemailer's connection with four things added: parameters per recipient, every answer kept, content in few writes,
 * and a clock and a byte budget on the peer that no trickle of octets can stretch.
 */
export class Session extends Base {
  readonly #timeouts: ClientTimeouts;
  #timer: NodeJS.Timeout | undefined;
  #budget = mostSaid;
  #heard = silence();
  #mail: string[] = [];
  #recipients: string[][] = [];
  /** nodemailer reports a failed handshake as a plain socket error; only this tells it apart. */
  brokeInTls = false;
  greeted = false;
  /** What waits for an answer: nodemailer does not always call back when its socket goes. */
  #pending: ((error: NodemailerError | null) => void) | null = null;
  #failure: NodemailerError = new Error('the connection was closed');

  constructor(options: SMTPConnectionOptions, timeouts: ClientTimeouts) {
    super({
      ...options,
      // nodemailer's own clocks stay behind ours: it has one for connecting as a whole and one for silence.
      connectionTimeout: timeouts.greeting + 4 * timeouts.command,
      greetingTimeout: timeouts.greeting,
      socketTimeout: 2 * Math.max(timeouts.command, timeouts.block, timeouts.final),
      socketCloseTimeout: 2_000,
      maxResponseSize: mostSaid,
    });
    this.#timeouts = timeouts;
    this.on('error', (error: NodemailerError) => {
      this.#failure = error;
    });
    this.on('end', () => this.#finish(this.#failure));
  }

  /** Starts one step and waits for its end, by nodemailer's answer, by our clock or by the connection's end. */
  #step(after: number, what: string, start: (done: (error?: NodemailerError | null) => void) => void) {
    return new Promise<NodemailerError | null>(resolve => {
      this.#pending = resolve;
      this.#arm(after, what);
      start(error => this.#finish(error ?? null));
    });
  }

  #finish(error: NodemailerError | null): void {
    clearTimeout(this.#timer);
    this.#pending?.(error);
    this.#pending = null;
  }

  /** Greeting, EHLO and STARTTLS over the socket handed in; throws nodemailer's error. */
  async open(): Promise<void> {
    const error = await this.#step(this.#timeouts.greeting, 'greeting', done => this.connect(done));
    if (error) throw error;
  }

  async authenticate(as: { user: string; password: string; authzid?: string }, method: string): Promise<void> {
    const auth = { user: as.user, pass: as.password, method, options: { authzid: as.authzid } };
    const error = await this.#step(this.#timeouts.command, 'AUTH', done => this.login(auth, done));
    if (error) throw error;
  }

  /** EHLO once more: a peer may offer more to those it knows, as our daemon does XCWMAIL to its services. */
  async askAgain(): Promise<void> {
    const error = await this.#step(this.#timeouts.command, 'EHLO', done => {
      this._responseActions.push(text => {
        if (text.startsWith('2')) this._parseEhloExtensions(text);
        done(text.startsWith('2') ? null : Object.assign(new Error('EHLO was refused'), { response: text }));
      });
      this._sendCommand(`EHLO ${this.name}`);
    });
    if (error) throw error;
  }

  /** One transaction. Never rejects: how far it came is in what was heard. */
  async transact(
    from: string | null,
    plan: { mail: string[]; recipients: PlannedRecipient[] },
    content: AsyncIterable<Buffer>,
    after?: Promise<void>,
  ): Promise<Heard> {
    const asked = plan.recipients.filter(r => r.refusal === null);
    this.#mail = plan.mail;
    this.#recipients = asked.map(r => r.parameters);
    this.#budget = mostSaid;
    const heard = silence();
    this.#heard = heard;
    const envelope = { from: from ?? false, to: asked.map(r => r.address) } as const;
    // No stream and no octets: nodemailer hands it on as it is, to what `_createSendStream` answers.
    const message = { content, after } satisfies Poured as unknown as Buffer;
    const error = await this.#step(this.#timeouts.command, 'MAIL', done => this.send(envelope, message, done));
    // Anything said about content we had not finished leaves the session inside DATA: it cannot be used again.
    if (this._currentDataStream) this.close();
    if (heard.final === null) heard.broken = error?.message ?? 'the answer came before the content had ended';
    return heard;
  }

  /** RSET after a transaction that did not end well: nodemailer leaves that to us. */
  async forget(): Promise<void> {
    const error = await this.#step(this.#timeouts.command, 'RSET', done => this.reset(done));
    if (error) this.close();
  }

  /** A verb nodemailer does not know, and the answer word for word; null: none came. */
  async ask(command: string): Promise<string | null> {
    if (/[\r\n]/.test(command)) throw new Error('a command is one line');
    this.#budget = mostSaid;
    let answer: string | null = null;
    const error = await this.#step(this.#timeouts.command, command.slice(0, 4), done => {
      this._responseActions.push(text => {
        answer = text;
        done(null);
      });
      this._sendCommand(command);
    });
    if (error) this.close();
    return answer;
  }

  /** Hands the socket over as it is; null, and closed: the peer has said more than it was asked for. */
  letGo(): Socket | null {
    const socket = this._socket;
    if (!socket || this._remainder !== '' || this._responseQueue.length > 0 || socket.readableLength > 0) {
      this.close();
      return null;
    }
    socket.pause();
    socket.setTimeout(0);
    socket.removeListener('data', this._onSocketData);
    socket.removeListener('timeout', this._onSocketTimeout);
    socket.removeListener('close', this._onSocketClose);
    socket.removeListener('end', this._onSocketEnd);
    this._destroy();
    return socket;
  }

  /** EHLO keywords in upper case with what follows them; empty after HELO. */
  keywords(): Map<string, string> {
    const lines = (this._ehloLines ?? []).map(line => /^([A-Za-z0-9-]+)(?:[ =](.*))?$/.exec(line));
    return new Map(lines.flatMap(m => (m?.[1] ? [[m[1].toUpperCase(), m[2] ?? ''] as const] : [])));
  }

  #arm(after: number, what: string): void {
    clearTimeout(this.#timer);
    if (this.destroyed) return;
    const tooLate = () => this._onError(new Error(`no answer to ${what} within ${after} ms`), 'ETIMEDOUT', false, what);
    this.#timer = setTimeout(tooLate, after);
  }

  override _onData(chunk: Buffer): void {
    this.#budget -= chunk.length;
    if (this.#budget < 0) this._onResponseTooLarge();
    else super._onData(chunk);
  }

  override _onError(error: Error, code: string, response: string | false, command?: string): void {
    this.brokeInTls ||= this.upgrading === true || code === 'ETLS';
    super._onError(error, code, response, command);
  }

  /** nodemailer writes `MAIL FROM:<…>` and `RCPT TO:<…>`; what follows the path is ours. */
  override _sendCommand(text: string, logged?: string): void {
    if (text.startsWith('MAIL FROM:<')) super._sendCommand([text.replace(/> SMTPUTF8$/, '>'), ...this.#mail].join(' '));
    else if (text.startsWith('RCPT TO:<')) super._sendCommand([text, ...(this.#recipients.shift() ?? [])].join(' '));
    else super._sendCommand(text, logged);
  }

  override _actionGreeting(text: string): void {
    this.greeted = text.startsWith('220');
    this.#arm(this.#timeouts.command, 'EHLO');
    super._actionGreeting(text);
  }

  override _actionEHLO(text: string): void {
    this.#arm(this.#timeouts.command, 'HELO or STARTTLS');
    super._actionEHLO(text);
  }

  override _actionSTARTTLS(text: string): void {
    this.#arm(this.#timeouts.command, 'the TLS handshake');
    super._actionSTARTTLS(text);
  }

  override _actionMAIL(text: string, done: unknown): void {
    this.#heard.mail = text;
    this.#arm(this.#timeouts.command, 'RCPT');
    super._actionMAIL(text, done);
  }

  override _actionRCPT(text: string, done: unknown): void {
    this.#heard.recipients.push(text);
    this.#arm(this.#timeouts.command, 'RCPT or DATA');
    super._actionRCPT(text, done);
  }

  override _actionDATA(text: string, done: unknown): void {
    this.#heard.data = text;
    this.#arm(this.#timeouts.block, 'content');
    // nodemailer takes 250 for 354; such a peer would read the content as commands.
    if (text.startsWith('2')) this._onError(new Error('DATA was not answered by 354'), 'EPROTOCOL', text, 'DATA');
    else super._actionDATA(text, done);
  }

  /** The peer waits for content now. */
  override _createSendStream(done: unknown): unknown {
    this._responseActions.push(text => this._actionSMTPStream(text, done));
    const stream = new Outpour(this._socket as Socket, {
      waiting: () => clearTimeout(this.#timer),
      piece: () => this.#arm(this.#timeouts.block, 'content'),
      last: () => {
        this._currentDataStream = false;
        this.#arm(this.#timeouts.final, 'the final dot');
      },
      failed: error => this.#finish(error),
    });
    this._currentDataStream = stream;
    return stream;
  }

  override _actionSMTPStream(text: string, done: unknown): void {
    // A refusal may come early and stands; a 250 for content not yet sent must never be believed.
    if (!this._currentDataStream || !text.startsWith('2')) this.#heard.final = text;
    super._actionSMTPStream(text, done);
  }
}
