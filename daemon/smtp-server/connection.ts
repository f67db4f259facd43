import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { formatAddress, parseAddress } from '../mail/address.ts';
import { type Reply, replyText } from '../mail/reply.ts';
import { isLoopback } from '../wire/ip.ts';
import { MailStream } from './stream.ts';
import { withAddress } from './xclient.ts';

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
/** What the package takes out of a reply: it would split it. */
const unprintable = /[\0-\x1f\x7f-\x9f]/;

/** What a connection asks of its server. */
export type Host = {
  /** Keywords this session is offered besides the usual ones. */
  extras(): string[];
  /** Where the content of this transaction goes, and what to answer to it. */
  content(): ContentTaker;
  /** The text behind our name in the greeting. */
  welcome(): string;
  /** May this address say who its clients are? */
  mayNameClients(address: string): boolean;
  /** The client has another address from now on, and is nobody yet. */
  renamed(): void;
  /** VRFY and EXPN: one line an answer; a refusal has one. */
  inquire(verb: 'VRFY' | 'EXPN', name: string): Promise<Reply[]>;
  /** The recipient just taken is one of ours whose mail goes elsewhere, and peers are to be told so. */
  redirected(): boolean;
  /** Refusals until we hang up: who gets so many is guessing names. */
  mostRefusals(): number;
};

/** RFC 5321 §4.5.1 and what is offered beyond it; what only one listener has is in its EHLO. */
const help = '2.0.0 Commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY EXPN HELP STARTTLS QUIT';
const asNamed = 'XCLIENT NAME ADDR PORT PROTO HELO';

/**
 * The package's connection, extended: banner at once, our DATA decoder, our own enhanced codes, quoted local parts,
 * VRFY and EXPN, proxies by pattern, AUTH shown and taken only where a password is safe. Its command grammar and TLS
 * switch stay the package's.
 */
export class MailConnection extends SMTPConnection {
  readonly #host: Host;
  #refusals = 0;
  #taking: ContentTaker | null = null;

  constructor(host: Host, ...rest: ConstructorParameters<typeof SMTPConnection>) {
    super(...rest);
    this.#host = host;
  }

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
    parser.oncommand = (command, callback) => {
      parser.took();
      this._onCommand(command, callback);
    };
    parser.on('error', error => this.send(421, `4.5.0 ${error.message}`));
    return parser;
  }

  /** The commands of every message, where nothing the package looks for can be the matter, go to their handler at once. */
  override _onCommand(command: Buffer, callback?: () => void): void {
    const handler = callback && this.#plainly() ? this.#handlerOf(command) : null;
    if (!handler) return super._onCommand(command, callback);
    let open = true;
    const done = () => {
      open = false;
      this._handlerPending = false;
      this._whenWritable(callback!);
    };
    this._handlerPending = true;
    try {
      handler.call(this, command, done);
    } catch (error) {
      this._server.emit('error', error);
      if (!open) return;
      this.send(451, 'Error: internal server error');
      done();
    }
  }

  #plainly(): boolean {
    const { options, _closeTimeout: closing } = this._server;
    const greeted = this._ready && !this._upgrading && !this._nextHandler && this.hostNameAppearsAs;
    return !!greeted && !closing && (options.authOptional === true || !!this.session.user);
  }

  #handlerOf(command: Buffer): ((command: Buffer, callback: () => void) => void) | null {
    switch (command.toString('latin1', 0, 5).toUpperCase()) {
      case 'MAIL ':
        return this.handler_MAIL;
      case 'RCPT ':
        return this.handler_RCPT;
      case 'DATA':
        return this.handler_DATA;
      default:
        return null;
    }
  }

  /** A text that begins with an enhanced code of its own keeps it: the package would put one of its table in front. */
  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (code === 250 && Array.isArray(data)) return super.send(code, this.#features(data), context);
    // 459 is for good too (RFC 1985 §5.3): it asks for what is kept for others, and each is a line in the log.
    if ((code >= 500 || code === 459) && ++this.#refusals > this.#host.mostRefusals())
      return super.send(421, '4.7.0 Too many errors, come back later', false);
    // RFC 5321 §3.4; where it goes is nobody's business.
    if (context === 'RCPT_TO_OK' && this.#host.redirected())
      return super.send(251, '2.1.5 Not a mailbox of its own; it will be passed on', false);
    const own = typeof data === 'string' && /^[245]\.\d{1,3}\.\d{1,3} /.test(data);
    if (code >= 400 || typeof data !== 'string' || unprintable.test(data))
      return super.send(code, data, own ? false : context);
    // What the package does for a reply that ends nothing and is no error.
    const status = own ? '' : this._getEnhancedStatusCode(code, context);
    if (!this._upgrading && this._socket.readyState === 'open')
      this._socket.write(`${code} ${status === '' ? '' : `${status} `}${data}\r\n`);
  }

  override _sendGreeting(): void {
    this.send(220, `${this.name} ${this.#host.welcome()}`, false);
  }

  override handler_HELP(_command: Buffer, callback: () => void): void {
    super.send(214, help, false);
    callback();
  }

  override handler_RSET(command: Buffer, callback: () => void): void {
    if (argumentOf(command) === '') return super.handler_RSET(command, callback);
    this.send(501, '5.5.4 RSET takes no argument');
    callback();
  }

  override handler_VRFY(command: Buffer, callback: () => void): void {
    this.#inquire('VRFY', argumentOf(command), callback);
  }

  handler_EXPN(command: Buffer, callback: () => void): void {
    this.#inquire('EXPN', argumentOf(command), callback);
  }

  #inquire(verb: 'VRFY' | 'EXPN', name: string, callback: () => void): void {
    if (name === '') {
      this.send(501, `5.5.4 ${verb} needs a name`);
      return callback();
    }
    // Never rejects.
    void this.#host.inquire(verb, name).then(answers => {
      const [first] = answers;
      if (answers.length === 1) this.send(first!.code, replyText(first!), false);
      else super.send(first!.code, answers.map(replyText), false);
      callback();
    });
  }

  /** RFC 5321 §4.2.4: known, but not done here. */
  handler_TURN(_command: Buffer, callback: () => void): void {
    this.send(502, '5.5.1 That is not done here');
    callback();
  }
  readonly handler_SEND = this.handler_TURN;
  readonly handler_SOML = this.handler_TURN;
  readonly handler_SAML = this.handler_TURN;

  /** The package knows lists of exact addresses; ours are patterns. XFORWARD is for logs of others: nobody has it. */
  override _proxyCommandAllowed(command: string): boolean {
    return (
      command === 'XCLIENT' && !this._xClient.has('ADDR') && this.#host.mayNameClients(this._originalRemoteAddress)
    );
  }

  /** A proxy's word says where a client comes from, and never who it is: passwords are checked here. */
  override handler_XCLIENT(command: Buffer, callback: () => void): void {
    if (!this._proxyCommandAllowed('XCLIENT')) {
      this.send(550, '5.7.0 XCLIENT is not for you');
      return callback();
    }
    if (/\sLOGIN=(?!\[)/i.test(command.toString())) {
      this.send(501, '5.5.4 LOGIN is not taken: sign in by AUTH');
      return callback();
    }
    super.handler_XCLIENT(withAddress(command), () => {
      if (this._xClient.has('ADDR')) this.#host.renamed();
      callback();
    });
  }

  /** The package makes a stream a message and asks it for its end; content goes straight to its taker here. */
  override handler_DATA(command: Buffer, callback: () => void): void {
    if (argumentOf(command) !== '') {
      this.send(501, '5.5.4 DATA takes no argument');
      return callback();
    }
    if (this.session.envelope.rcptTo.length === 0) {
      this.send(503, 'Error: need RCPT command');
      return callback();
    }
    const taker = this.#host.content();
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
        if (answer.code === 250) this.#refusals = 0;
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
    if (!this.passwordsAreSafe && !/^AUTH CRAM-MD5\s*$/i.test(command.toString())) {
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
    const [, head = '', path = '', rest] = pathCommand.exec(command) ?? [];
    // `<>`, postmaster alone, and what is no path at all.
    if (!path.includes('@')) return super._parseAddressCommand(name, command);
    const address = path.length > longestPath ? null : parseAddress(path, longestPath);
    const bare = rest === '>' && head.toUpperCase() === `${name.toUpperCase()}:<`;
    if (address && bare) return { address: formatAddress(address), args: false as const };
    const parsed = address && super._parseAddressCommand(name, `${head}address@read.example${rest}`);
    return parsed ? { ...parsed, address: formatAddress(address) } : false;
  }

  #features(lines: string[]): string[] {
    const [first = '', ...keywords] = lines;
    const shown = this.passwordsAreSafe ? keywords : keywords.flatMap(withoutPasswords);
    const named = shown.map(k => (k.startsWith('XCLIENT ') ? asNamed : k));
    return [first, ...named, ...this.#host.extras()];
  }

  /** The server is closing: a client between two transactions is told at once, others when they are done. */
  endWhenIdle(): void {
    if (!this.session.envelope?.mailFrom && !this._handlerPending)
      this.send(421, '4.3.2 Shutting down, try again soon');
  }
}

/** Of the ways to sign in, that which shows no password (RFC 2195). */
function withoutPasswords(keyword: string): string[] {
  if (!keyword.startsWith('AUTH')) return [keyword];
  return keyword.includes('CRAM-MD5') ? ['AUTH CRAM-MD5'] : [];
}

/** What stands behind the verb. */
export const argumentOf = (command: Buffer): string => /^\S+\s*(.*?)\s*$/s.exec(command.toString())?.[1] ?? '';
