import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

/** What a scripted next hop does where it would answer: its words, drop the line, say nothing, or its own thing. */
export type Act = string | 'DROP' | 'SILENCE' | ((socket: Socket) => void);
export type Script = {
  greeting?: Act;
  /** Lines of the EHLO answer after the first, without codes. */
  offers?: string[];
  /** By verb (`EHLO`, `MAIL`, `RCPT`, `DATA`, `.`, `RSET`, `STARTTLS` …); a list is used up one by one, its last stays. */
  answers?: Record<string, Act | Act[]>;
  /** Key and certificate (PEM) for STARTTLS. */
  tls?: { key: string; cert: string };
};
export type NextHop = {
  port: number;
  /** Every command line of every connection, in the order read. */
  heard: string[];
  /** Content as it came, dots still stuffed, without the final dot. */
  contents: string[];
  connections: number;
  /** Most connections open at the same time. */
  most: number;
  script: Script;
  close(): Promise<void>;
};

const usual: Record<string, string> = {
  MAIL: '250 2.1.0 Ok',
  RCPT: '250 2.1.5 Ok',
  DATA: '354 Go on',
  '.': '250 2.0.0 Taken',
  RSET: '250 2.0.0 Ok',
  QUIT: '221 2.0.0 Bye',
  AUTH: '235 2.7.0 Welcome',
  HELO: '250 hop.test',
  STARTTLS: '220 2.0.0 Ready',
};

export const everything = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'DSN', 'SIZE 1000000', 'ENHANCEDSTATUSCODES'];

/** An SMTP server of the tests' own that answers by script, so that each way of failing can be had at will. */
export async function nextHop(script: Script = {}, port = 0, host = '127.0.0.1'): Promise<NextHop> {
  const open = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, socket => {
    open.add(socket);
    hop.connections++;
    hop.most = Math.max(hop.most, open.size);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    converse(socket, hop);
  });
  const hop: NextHop = {
    port: 0,
    heard: [],
    contents: [],
    connections: 0,
    most: 0,
    script,
    close: () =>
      new Promise(resolve => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
  await new Promise<void>(resolve => server.listen(port, host, resolve));
  const address = server.address();
  hop.port = typeof address === 'object' && address ? address.port : 0;
  return hop;
}

function converse(socket: Socket, hop: NextHop): void {
  let buffered = '';
  let inContent = false;
  act(socket, hop.script.greeting ?? '220 hop.test ESMTP');
  const onData = (chunk: Buffer) => {
    buffered += chunk.toString('latin1');
    for (;;) {
      const end = inContent ? /(^|\r\n)\.\r\n/.exec(buffered) : /\r\n/.exec(buffered);
      if (!end) return;
      const text = buffered.slice(0, end.index + (inContent ? (end[1]?.length ?? 0) : 0));
      buffered = buffered.slice(end.index + end[0].length);
      if (inContent) {
        inContent = false;
        hop.contents.push(text);
        act(socket, answerTo('.', hop));
        continue;
      }
      hop.heard.push(text);
      const verb = (text.split(/[ :]/)[0] ?? '').toUpperCase();
      const answer = verb === 'EHLO' ? ehlo(hop) : answerTo(verb, hop);
      act(socket, answer);
      if (verb === 'DATA') inContent = typeof answer === 'string' && answer.startsWith('354');
      if (verb === 'QUIT') socket.end();
      if (verb === 'STARTTLS' && hop.script.tls && typeof answer === 'string' && answer.startsWith('220')) {
        socket.off('data', onData);
        const secureContext = createSecureContext(hop.script.tls);
        const secured = new TLSSocket(socket, { isServer: true, secureContext });
        secured.on('error', () => {});
        converseSecured(secured, hop);
        return;
      }
    }
  };
  socket.on('data', onData);
}

function converseSecured(socket: TLSSocket, hop: NextHop): void {
  hop.heard.push('(TLS)');
  const plain = hop.script;
  // Under TLS there is no second greeting and no STARTTLS on offer.
  const within: NextHop = Object.create(hop);
  within.script = { ...plain, greeting: () => {}, offers: (plain.offers ?? everything).filter(o => o !== 'STARTTLS') };
  converse(socket, within);
}

function ehlo(hop: NextHop): Act {
  const own = answerTo('EHLO', hop);
  if (own !== '') return own;
  const lines = ['hop.test', ...(hop.script.offers ?? everything)];
  return lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n');
}

function answerTo(verb: string, hop: NextHop): Act {
  const own = hop.script.answers?.[verb];
  if (Array.isArray(own)) return (own.length > 1 ? own.shift() : own[0]) ?? '';
  return own ?? usual[verb] ?? (verb === 'EHLO' ? '' : '500 5.5.2 What?');
}

function act(socket: Socket, what: Act): void {
  if (typeof what === 'function') what(socket);
  else if (what === 'DROP') socket.destroy();
  else if (what !== 'SILENCE' && what !== '') socket.write(`${what}\r\n`);
}
