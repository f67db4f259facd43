import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { formatAddress, parseAddress } from '../mail/address.ts';
import { type Reply, replyText } from '../mail/reply.ts';
import { isLoopback } from '../wire/ip.ts';
import { MailStream } from './stream.ts';

/**
 * The package's connection, extended: banner at once, our DATA decoder, our own enhanced codes, quoted local parts,
 * AUTH shown and taken only where a password is safe. Its command grammar and TLS switch stay the package's.
 */
/** Takes the content of one transaction. */
export type ContentTaker = {
  push(content: Buffer): Promise<void> | void;
  /** All of it is here: what to answer. Never rejects. */
  end(): Promise<Reply>;
  /** The peer went away in the middle. */
  abandon(): void;
};

/** Up to the address, the address without its source route (RFC 5321 appendix C: accept and ignore), and behind it. */
const pathCommand =
  /^([^:]*:\s*<)(?:@[^\s,:@<>]+(?:,@[^\s,:@<>]+)*:)?("(?:[^"\\\r\n]|\\[^\r\n])*"@[^\s<>]*|[^\s<>]*)(>.*)$/s;
/** RFC 5321 §4.5.3.1.3, without the brackets. Local parts over 64 do occur: VERP, forwarding services. */
const longestPath = 254;

export class MailConnection extends SMTPConnection {
  /** Told by the server which keywords this session is offered besides the usual ones. */
  extras: () => string[] = () => [];
  /** Told by the server where the content of this transaction goes, and what to answer to it. */
  content: () => ContentTaker = () => {
    throw new Error('no one takes content');
  };
  #taking: ContentTaker | null = null;

  /** The package waits 100 ms for early talkers before its banner; that costs every honest peer the same. */
  override init(): void {
    this._setListeners(() => {
      const { maxClients } = this._server.options;
      if (maxClients && this._server.connections.size > maxClients)
        return this.send(421, '4.3.2 Too many connections here, try again in a moment');
      this.connectionReady();
    });
  }

  override _createParser(): MailStream {
    const parser = new MailStream({ maxCommandLength: this._server.options.maxCommandLength });
    parser.oncommand = (command, callback) => this._onCommand(command, callback);
    parser.on('error', error => this.send(421, `4.5.0 ${error.message}`));
    return parser;
  }

  /** A text that begins with an enhanced code of its own keeps it: the package would put one of its table in front. */
  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (code === 250 && Array.isArray(data)) return super.send(code, this.#features(data), context);
    const own = typeof data === 'string' && /^[245]\.\d{1,3}\.\d{1,3} /.test(data);
    super.send(code, data, own ? false : context);
  }

  /** The package makes a stream a message and asks it for its end; content goes straight to its taker here. */
  override handler_DATA(_command: Buffer, callback: () => void): void {
    if (this.session.envelope.rcptTo.length === 0) {
      this.send(503, 'Error: need RCPT command');
      return callback();
    }
    const taker = this.content();
    this.#taking = taker;
    (this._parser as MailStream).takeContent({
      push: content => taker.push(content),
      end: async () => {
        this.#taking = null;
        // While the answer is ours to find, the peer's silence is no idling.
        this._handlerPending = true;
        const answer = await taker.end();
        this._handlerPending = false;
        this._transactionCounter++;
        this._unrecognizedCommands = 0;
        this.send(answer.code, replyText(answer), false);
        this._resetSession();
      },
    });
    this.send(354, 'End data with <CR><LF>.<CR><LF>');
    callback();
  }

  override _onClose(): void {
    super._onClose();
    this.#taking?.abandon();
    this.#taking = null;
  }

  override handler_AUTH(command: Buffer, callback: () => void): void {
    if (!this.passwordsAreSafe) {
      this.send(538, '5.7.11 Encryption is required first: send STARTTLS');
      return callback();
    }
    super.handler_AUTH(command, callback);
  }

  /** Under TLS, or on a wire that does not leave this machine. */
  get passwordsAreSafe(): boolean {
    // From an address of this machine to the same one the packets go over loopback, whatever the address.
    return this.secure || isLoopback(this.remoteAddress) || this.remoteAddress === this.localAddress;
  }

  /**
   * Addresses are read by our own grammar: the package splits quoted local parts at @ and space (RFC 5321 §4.1.2),
   * takes comments and half a quote for letters, and makes U-labels of A-labels. Parameters stay the package's.
   */
  override _parseAddressCommand(name: string, raw: Buffer | string) {
    const command = raw.toString();
    const [, head, path = '', rest] = pathCommand.exec(command) ?? [];
    // `<>`, postmaster alone, and what is no path at all.
    if (!path.includes('@')) return super._parseAddressCommand(name, command);
    const address = path.length > longestPath ? null : parseAddress(path, longestPath);
    const parsed = address && super._parseAddressCommand(name, `${head}address@read.example${rest}`);
    return parsed ? { ...parsed, address: formatAddress(address) } : false;
  }

  #features(lines: string[]): string[] {
    const [first = '', ...keywords] = lines;
    const shown = this.passwordsAreSafe ? keywords : keywords.filter(k => !k.startsWith('AUTH'));
    return [first, ...shown, ...this.extras()];
  }

  /** The server is closing: a client between two transactions is told at once, others when they are done. */
  endWhenIdle(): void {
    if (!this.session.envelope?.mailFrom && !this._handlerPending)
      this.send(421, '4.3.2 Shutting down, try again soon');
  }
}
