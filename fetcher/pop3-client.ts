/**
 * A POP3 client (RFC 1939, 2449, 2595, 5034) for one session with one upstream: node-pop3 leads the dialogue; socket,
 * TLS, framing and content are ours, since its own lose, cut and damage messages.
 *
 * It promises: content comes octet by octet as the server has it, at the reader's pace, and ends without an error
 * only at its terminator; `quit` resolves only when the server has said that deletions are done; no credential goes
 * out before the TLS that was asked for; no answer is waited for longer than the timeout.
 * It never connects a second time: on another connection the same number is another message.
 */
import type { Readable } from 'node:stream';
import Pop3 from 'node-pop3';
import { Pop3Failure, refusalOf } from './pop3-client/failure.ts';
import type { Answer, Expected } from './pop3-client/framing.ts';
import { Link } from './pop3-client/link.ts';
import { parseNumbers, parseUidl, readLines, readWhole } from './pop3-client/lists.ts';
import { type Endpoint, openSocket, secure } from './pop3-client/open.ts';

export { Pop3Failure, type Pop3FailureKind, printable } from './pop3-client/failure.ts';

export type Pop3Options = Endpoint & {
  user: string;
  password: string;
  /** TLS from the first octet (port 995). */
  implicitTls: boolean;
  /** required: TLS with a certificate that verifies, or nothing · try: TLS if it can be had, of whomever · off: no STLS. */
  tls: 'required' | 'try' | 'off';
  /** PEM trusted besides the usual. */
  ca?: string;
  /** Octets of a status line, or of one entry of a list; 8 KB where not given. */
  maxLine?: number;
  /** Entries of LIST and UIDL; a million where not given. */
  maxList?: number;
};

export type Pop3Client = {
  /** Keywords in upper case, with what follows them; empty: the server does not know CAPA. */
  readonly capabilities: ReadonlyMap<string, string>;
  /** False once the connection is gone; a refused command leaves it true. */
  readonly usable: boolean;
  stat(): Promise<{ count: number; size: number }>;
  list(): Promise<{ number: number; size: number }[]>;
  /** As the server wrote them; null: it does not know UIDL. */
  uidl(): Promise<{ number: number; uidl: string }[] | null>;
  /** One at a time. Leaving the iteration before its end closes the connection. */
  retr(number: number): AsyncIterable<Buffer>;
  /** Header and the first lines of the body; null: the server refuses TOP. */
  top(number: number, lines: number): Promise<Buffer | null>;
  /** Marks for deletion; done at `quit` only. */
  dele(number: number): Promise<void>;
  /** Resolves when the server has said that all marked messages are deleted. */
  quit(): Promise<void>;
  /** Closes at once; nothing marked is deleted. */
  destroy(): void;
};

export async function connectPop3(options: Pop3Options): Promise<Pop3Client> {
  try {
    return await open(options);
  } catch (error) {
    const mayGoOn = options.tls === 'try' && !options.implicitTls;
    if (!mayGoOn || !(error instanceof Pop3Failure) || error.kind !== 'tls') throw error;
    return open({ ...options, tls: 'off' });
  }
}

async function open(options: Pop3Options): Promise<Pop3Client> {
  const session = new Session(options);
  try {
    await session._connect();
  } catch (error) {
    session.end('the session could not be opened');
    throw error;
  }
  return session.client();
}

/** Octets of a header asked for by TOP. */
const mostHeader = 4 * 1024 * 1024;
const mostCapabilities = 1000;

class Session extends Pop3 {
  readonly #o: Pop3Options & { maxLine: number; maxList: number };
  readonly #link: Link;
  #capabilities: ReadonlyMap<string, string> = new Map();
  /** The last answer was `+`: the server wants more (RFC 5034 §4). */
  #wantsMore = false;

  constructor(options: Pop3Options) {
    super({ host: options.host, port: options.port, user: options.user, password: '' });
    this.#o = { ...options, maxLine: options.maxLine ?? 8192, maxList: options.maxList ?? 1_000_000 };
    this.#link = new Link({
      timeout: options.timeout,
      maxLine: this.#o.maxLine,
      secret: options.password,
      answered: (answer, content) => this.#answered(answer, content),
      failed: failure => this.#failed(failure),
    });
    // node-pop3 waits by 'error' and 'response'; an 'error' that nobody waits for must not end the process.
    this.on('error', () => {});
  }

  client(): Pop3Client {
    const link = this.#link;
    return {
      capabilities: this.#capabilities,
      get usable() {
        return link.failure === null;
      },
      stat: () => this.#stat(),
      list: () => this.#list(),
      uidl: () => this.#uidl(),
      retr: number => this.#retr(number),
      top: (number, lines) => this.#top(number, lines),
      dele: async number => void (await this.#say('DELE', number)),
      quit: () => this.#quit(),
      destroy: () => this.end('the connection was closed by us'),
    };
  }

  end(why: string): void {
    this.#link.fail(new Pop3Failure('temporary', why));
  }

  /** Greeting, TLS, login. node-pop3's verbs call it too: they get no second connection. */
  override async _connect(): Promise<string> {
    if (this.#link.failure !== null) throw this.#link.failure;
    if (this._socket !== null) return this._PASSInfo;
    const tcp = await openSocket(this.#o);
    this._socket = this.#o.implicitTls ? await secure(tcp, this.#tlsWish()) : tcp;
    this.#link.expect('line', 'the greeting');
    const greeting = this.#nextAnswer();
    this.#link.attach(this._socket);
    await greeting;
    this.#capabilities = await this.#capa();
    if (!this.#o.implicitTls && this.#o.tls !== 'off') await this.#stls();
    this._PASSInfo = await this.#login();
    return this._PASSInfo;
  }

  #tlsWish() {
    return { host: this.#o.host, timeout: this.#o.timeout, verify: this.#o.tls !== 'try', ca: this.#o.ca };
  }

  async #stls(): Promise<void> {
    // A server without CAPA may know STLS all the same.
    const offered = this.#capabilities.has('STLS') || this.#capabilities.size === 0;
    const refusal = offered ? await this.#say('STLS').then(() => null, wordsIfRefused) : 'STLS is not offered';
    if (refusal === null) {
      this._socket = await secure(this.#link.detach(), this.#tlsWish());
      this.#link.attach(this._socket);
      // RFC 2595 §4: what was said before TLS may have been anybody's.
      this.#capabilities = await this.#capa();
    } else if (this.#o.tls === 'required') {
      throw new Pop3Failure('tls', `no safe connection to ${this.#o.host}: ${refusal}`);
    }
  }

  async #capa(): Promise<ReadonlyMap<string, string>> {
    const content = await this.#ask('CAPA').catch(nullIfRefused);
    const lines = content === null ? [] : await this.#lines(content, mostCapabilities);
    return new Map(lines.map(line => [line.split(' ')[0]?.toUpperCase() ?? '', line.replace(/^\S+ ?/, '')]));
  }

  async #login(): Promise<string> {
    const { user, password } = this.#o;
    if (/[\r\n\0]/.test(user + password)) throw new Pop3Failure('auth', 'user or password contains a line end');
    const mechanisms = (this.#capabilities.get('SASL') ?? '').toUpperCase().split(' ');
    if (!mechanisms.includes('PLAIN')) {
      await this.#write('line', 'USER', user);
      return this.#write('line', 'PASS', password);
    }
    const response = Buffer.from(`\0${user}\0${password}`).toString('base64');
    // RFC 5034 §4: an initial response only where the line stays within 255 octets.
    const text = await this.#write('sasl', 'AUTH', response.length <= 240 ? `PLAIN ${response}` : 'PLAIN');
    return this.#wantsMore ? this.#write('line', '', response) : text;
  }

  async #stat(): Promise<{ count: number; size: number }> {
    const [count, size] = parseNumbers(await this.#say('STAT')) ?? this.#nonsense();
    return { count, size };
  }

  async #list(): Promise<{ number: number; size: number }[]> {
    const lines = await this.#lines(await this.#ask('LIST'), this.#o.maxList);
    return lines.map(line => {
      const [number, size] = parseNumbers(line) ?? this.#nonsense();
      return { number, size };
    });
  }

  async #uidl(): Promise<{ number: number; uidl: string }[] | null> {
    const content = await this.#ask('UIDL').catch(nullIfRefused);
    if (content === null) return null;
    return (await this.#lines(content, this.#o.maxList)).map(line => parseUidl(line) ?? this.#nonsense());
  }

  async *#retr(number: number): AsyncGenerator<Buffer> {
    yield* (await this.#ask('RETR', number)) as AsyncIterable<Buffer>;
  }

  async #top(number: number, lines: number): Promise<Buffer | null> {
    const content = await this.#ask('TOP', number, lines).catch(nullIfRefused);
    return content && readWhole(content, mostHeader, () => this.#nonsense());
  }

  async #quit(): Promise<void> {
    await this.#say('QUIT');
    this.end('the session has ended');
  }

  #lines(content: Readable, most: number): Promise<string[]> {
    return readLines(content, { line: this.#o.maxLine, lines: most }, () => this.#nonsense());
  }

  #nonsense(): never {
    throw this.#link.fail(new Pop3Failure('protocol', `its answer to ${this.#link.asked} makes no sense`));
  }

  /** A command that is answered by one line; resolves to what stands behind +OK. */
  async #say(verb: string, ...args: number[]): Promise<string> {
    return (await this.#dialogue('line', verb, args))[0];
  }

  /** A command that is answered by many lines; resolves at the first. */
  async #ask(verb: string, ...args: number[]): Promise<Readable> {
    return (await this.#dialogue('lines', verb, args))[1];
  }

  async #dialogue(expected: Expected, verb: string, args: number[]): Promise<[string, Readable]> {
    if (!args.every(n => Number.isSafeInteger(n) && n >= 0)) throw new Error(`${verb} takes whole numbers`);
    this.#link.expect(expected, verb);
    try {
      return await super.command(verb, ...args);
    } catch (error) {
      throw this.#link.failure ?? error;
    }
  }

  /** Credentials go past node-pop3: it cuts white space off their end, and keeps them in what it says of errors. */
  async #write(expected: Expected, verb: string, argument: string): Promise<string> {
    this.#link.expect(expected, verb || 'AUTH');
    const answer = this.#nextAnswer();
    this._socket?.write(verb === '' ? `${argument}\r\n` : `${verb} ${argument}\r\n`, 'utf8');
    return answer;
  }

  #nextAnswer(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.once('error', reject);
      this.once('response', (text: string) => {
        this.removeListener('error', reject);
        resolve(text);
      });
    });
  }

  #answered(answer: Answer, content: Readable | null): void {
    this.#wantsMore = answer.status === 'more';
    if (answer.status !== 'err') this.emit('response', answer.text, content);
    else this.#rejected(refusalOf(this.#link.asked, answer.text, this.#otherwise()));
  }

  /** What a refusal without a response code means. */
  #otherwise(): 'auth' | 'temporary' {
    const atLogin = ['USER', 'PASS', 'AUTH'].includes(this.#link.asked);
    // RFC 3206 §6: a server that offers these codes would have said [AUTH] if it were the password.
    return atLogin && !this.#capabilities.has('AUTH-RESP-CODE') ? 'auth' : 'temporary';
  }

  #failed(failure: Pop3Failure): void {
    this._socket = null;
    this.#rejected(failure);
  }

  #rejected(failure: Pop3Failure): void {
    this.emit('error', failure);
    // node-pop3 leaves its other listener behind, for the next answer to call.
    this.removeAllListeners('response');
  }
}

const wasRefused = (error: unknown): error is Pop3Failure => error instanceof Pop3Failure && error.refusal;

function nullIfRefused(error: unknown): null {
  if (wasRefused(error)) return null;
  throw error;
}

function wordsIfRefused(error: unknown): string {
  if (wasRefused(error)) return error.message;
  throw error;
}
