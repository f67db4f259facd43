/** An upstream for tests of the fetcher: a small POP3 server whose every answer a test can replace, cut or delay. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { localhost } from './certificate.ts';

export type Letter = { uidl: string; bytes: Buffer; size?: number };

export type Upstream = {
  port: number;
  /** What lies there; changed by deletions at QUIT, and by the test. */
  letters: Letter[];
  /** Every line a client sent, by all connections, `PASS` and all; what came under TLS begins with `tls `. */
  said: string[];
  /** Numbers of RETRs so far. */
  retrieved(): number;
  stop(): Promise<void>;
};

/** What answers a line instead of the server; undefined: the server does. */
export type Answer = string | Buffer | (() => void) | undefined;

export type Behaviour = {
  letters?: Letter[];
  /** Null: CAPA is not known. */
  capa?: string[] | null;
  greeting?: string;
  /** The UIDL of a letter in this session; null: UIDL is not known at all. */
  uidl?: ((letter: Letter, index: number, session: number) => string | null) | null;
  top?: boolean;
  answer?: (line: string, socket: Socket, session: number) => Answer;
  /** TLS from the first octet. */
  implicitTls?: boolean;
  /** Milliseconds before each answer. */
  slow?: number;
};

export const letter = (
  uidl: string,
  text = `Subject: ${uidl}\r\nMessage-ID: <${uidl}@there>\r\n\r\nbody of ${uidl}\r\n`,
) => ({
  uidl,
  bytes: Buffer.from(text, 'latin1'),
});

export async function startUpstream(b: Behaviour = {}): Promise<Upstream> {
  const letters = b.letters ?? [];
  const said: string[] = [];
  const sockets = new Set<Socket>();
  let sessions = 0;
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new Talker(socket, { ...b, letters }, said, ++sessions).start();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    letters,
    said,
    retrieved: () => said.filter(line => /^(tls )?RETR/.test(line)).length,
    stop: () =>
      new Promise(resolve => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

export const stuffed = (bytes: Buffer): Buffer => {
  const text = bytes.toString('latin1').replace(/(^|\r\n)\./g, '$1..');
  return Buffer.from(text.endsWith('\r\n') || text === '' ? `${text}.\r\n` : `${text}\r\n.\r\n`, 'latin1');
};

class Talker {
  #socket: Socket;
  #received = '';
  readonly #b: Behaviour & { letters: Letter[] };
  readonly #said: string[];
  readonly #session: number;
  /** The maildrop as this session sees it. */
  readonly #drop: Letter[];
  readonly #marked = new Set<Letter>();

  constructor(socket: Socket, b: Behaviour & { letters: Letter[] }, said: string[], session: number) {
    this.#socket = socket;
    this.#b = b;
    this.#said = said;
    this.#session = session;
    this.#drop = [...b.letters];
  }

  start(): void {
    if (this.#b.implicitTls) this.#secure();
    else this.#listen();
    this.#socket.write(this.#b.greeting ?? '+OK ready\r\n');
  }

  #listen(): void {
    this.#socket.on('error', () => {});
    this.#socket.on('data', chunk => {
      this.#received += chunk.toString('latin1');
      for (let end = this.#received.indexOf('\r\n'); end >= 0; end = this.#received.indexOf('\r\n')) {
        const line = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 2);
        this.#said.push(this.#socket instanceof TLSSocket ? `tls ${line}` : line);
        if (this.#b.slow) setTimeout(() => this.#hear(line), this.#b.slow);
        else this.#hear(line);
      }
    });
  }

  #hear(line: string): void {
    if (this.#socket.destroyed) return;
    const own = this.#b.answer?.(line, this.#socket, this.#session);
    if (typeof own === 'function') return own();
    this.#socket.write(own ?? this.#reply(line));
    if (/^STLS/i.test(line) && own === undefined) this.#secure();
    if (/^QUIT/i.test(line)) this.#socket.end();
  }

  #secure(): void {
    this.#socket.removeAllListeners('data');
    this.#socket = new TLSSocket(this.#socket, { isServer: true, ...localhost });
    this.#listen();
  }

  #reply(line: string): string | Buffer {
    const [verb = '', first = '', second = ''] = line.split(' ');
    const found = this.#drop[Number(first) - 1];
    const all = (text: (l: Letter, i: number) => string | null) =>
      `+OK\r\n${this.#drop.map((l, i) => (text(l, i) === null ? '' : `${i + 1} ${text(l, i)}\r\n`)).join('')}.\r\n`;
    switch (verb.toUpperCase()) {
      case 'CAPA':
        return this.#b.capa === null
          ? '-ERR\r\n'
          : `+OK\r\n${(this.#b.capa ?? ['USER', 'UIDL', 'TOP']).map(c => `${c}\r\n`).join('')}.\r\n`;
      case 'LIST':
        return all(l => String(l.size ?? l.bytes.length));
      case 'UIDL':
        return this.#b.uidl === null
          ? '-ERR\r\n'
          : all((l, i) => (this.#b.uidl ? this.#b.uidl(l, i, this.#session) : l.uidl));
      case 'RETR':
        return found ? Buffer.concat([Buffer.from('+OK\r\n'), stuffed(found.bytes)]) : '-ERR no such message\r\n';
      case 'TOP':
        if (this.#b.top === false || !found || second !== '0') return '-ERR\r\n';
        return Buffer.concat([
          Buffer.from('+OK\r\n'),
          stuffed(found.bytes.subarray(0, found.bytes.indexOf('\r\n\r\n') + 4)),
        ]);
      case 'STAT':
        return `+OK ${this.#drop.length} ${this.#drop.reduce((sum, l) => sum + l.bytes.length, 0)}\r\n`;
      case 'DELE':
        if (found) this.#marked.add(found);
        return '+OK\r\n';
      case 'QUIT':
        for (const gone of this.#marked) this.#b.letters.splice(this.#b.letters.indexOf(gone), 1);
        return '+OK bye\r\n';
      default:
        return '+OK\r\n';
    }
  }
}

export const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** The promise's value or error, or `hang` when it takes longer than it may. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | 'hang'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'hang'>(resolve => {
    timer = setTimeout(() => resolve('hang'), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
