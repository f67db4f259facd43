import type { Socket } from 'node:net';
import { type Reply, replyText } from '../mail/reply.ts';
import { argumentOf, type Host, MailConnection } from './connection.ts';
import type { Turn } from './etrn.ts';
import type { MailStream } from './stream.ts';

/** What a connection on which mail may be called for asks of its server. */
export type CallHost = Host & {
  /** Keywords of EHLO for who may call here. */
  calls(): string[];
  /** ETRN and ATRN, as the line came; never reject. */
  etrn(command: string): Promise<Reply>;
  atrn(command: string): Promise<Turn>;
  /** Is this where mail is only called for? Other verbs are not done there (RFC 2645). */
  onlyAtrn: boolean;
  /** Is this the key of our own services, and the peer where they are? */
  isService(key: string): boolean;
};

const onOdmr = new Set(['EHLO', 'HELO', 'STARTTLS', 'AUTH', 'ATRN', 'NOOP', 'RSET', 'HELP', 'QUIT']);

/** Parked mail is called for: by ETRN, and by ATRN, which turns the connection round. */
export class CallingConnection extends MailConnection {
  readonly #host: CallHost;
  /** What is written to the socket now is said by a client, and none of it here. */
  #turned = false;
  #service = false;

  constructor(
    host: CallHost,
    ...rest: ConstructorParameters<typeof MailConnection> extends [unknown, ...infer R] ? R : never
  ) {
    super(host, ...rest);
    this.#host = host;
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (this.#turned) return;
    // EHLO: SIZE stays the last of what everybody is offered.
    const offered = code === 250 && Array.isArray(data) ? data.toSpliced(-1, 0, ...this.#host.calls()) : data;
    super.send(code, offered, context);
  }

  override endWhenIdle(): void {
    if (!this.#turned) super.endWhenIdle();
  }

  /** Before any shorter way of a command: where mail is called for, none comes in. */
  override _onCommand(command: Buffer, callback?: () => void): void {
    const refused = this.#host.onlyAtrn && !this._nextHandler && !this._upgrading && !onOdmr.has(verbOf(command));
    if (refused) this.handler_TURN(command, callback ?? (() => {}));
    else super._onCommand(command, callback);
  }

  /** Whether a turned connection is under TLS was settled before it was turned, and our fetcher counts the answers. */
  override _getHandler(command: string) {
    return this.#service && command === 'STARTTLS' ? undefined : super._getHandler(command);
  }

  handler_ETRN(command: Buffer, callback: () => void): void {
    if (this.#isTooEarly('ETRN')) return callback();
    void this.#host.etrn(command.toString()).then(answer => {
      this.send(answer.code, replyText(answer), false);
      callback();
    });
  }

  handler_ATRN(command: Buffer, callback: () => void): void {
    if (this.#isTooEarly('ATRN')) return callback();
    void this.#host.atrn(command.toString()).then(({ reply, take }) => {
      const turns = take !== null && this.#isSilent();
      if (take !== null && !turns) this.send(503, '5.5.0 Nothing may follow ATRN before its answer', false);
      else this.send(reply.code, replyText(reply), false);
      if (!turns) return callback();
      this.#turned = true;
      void take(this.#release());
    });
  }

  /** RFC 1985: after EHLO, and not within a transaction. */
  #isTooEarly(verb: string): boolean {
    const within = Boolean(this.session.envelope?.mailFrom);
    if (this.openingCommand === 'EHLO' && this.hostNameAppearsAs && !within) return false;
    this.send(503, within ? `5.5.1 ${verb} goes before MAIL or after DATA` : '5.5.1 Say EHLO first', false);
    return true;
  }

  /**
   * Has the peer said nothing beyond the command being answered? It would be read as the words of the SMTP server
   * that the peer is about to become, and may be somebody else's.
   */
  #isSilent(): boolean {
    return (this._parser as MailStream).atEnd && this._socket.readableLength === 0;
  }

  /** Nothing of the socket is read or timed here any more; its end is still noticed. */
  #release(): Socket {
    this._socket.unpipe(this._parser as MailStream);
    (this._parser as MailStream).isClosed = true;
    this._socket.setTimeout(0);
    this._socket.removeAllListeners('timeout');
    return this._socket;
  }

  /** Our own fetcher, with a connection that was turned round elsewhere, says by XCLIENT whose it is. */
  handler_XCWMAIL(command: Buffer, callback: () => void): void {
    // Said again by whose connection it has become, it changes nothing.
    const isOurs = !this._xClient.has('ADDR') && this.#host.isService(argumentOf(command));
    if (isOurs) this.#service = true;
    this.send(isOurs ? 250 : 550, isOurs ? '2.0.0 Go on' : '5.7.0 That is not for you', false);
    callback();
  }

  override _proxyCommandAllowed(command: string): boolean {
    const byService = this.#service && command === 'XCLIENT' && !this._xClient.has('ADDR');
    return byService || super._proxyCommandAllowed(command);
  }
}

const verbOf = (command: Buffer): string => command.toString('latin1').split(' ', 1)[0]!.trim().toUpperCase();
