/**
 * Opens a TCP connection: tries the given addresses in their order, within one deadline for all of them.
 * It promises a connected socket or a DialError that says which kind of failure it was, and leaves no
 * socket behind. Host names are looked up by the system; it knows no MX and speaks no protocol.
 */
import { connect, type Socket } from 'node:net';

export type DialFailure = 'dns' | 'refused' | 'timeout' | 'unreachable';

export class DialError extends Error {
  readonly kind: DialFailure;
  constructor(kind: DialFailure, message: string) {
    super(message);
    this.name = 'DialError';
    this.kind = kind;
  }
}

/** `timeout`: milliseconds for all addresses together; each gets an equal share of what is left. */
export async function dial(addresses: string[], port: number, timeout: number): Promise<Socket> {
  const deadline = performance.now() + timeout;
  let last = new DialError('dns', 'no address to connect to');
  for (const [tried, address] of addresses.entries()) {
    const share = (deadline - performance.now()) / (addresses.length - tried);
    if (share <= 0) break;
    const opened = await dialOne(address, port, share);
    if (!(opened instanceof DialError)) return opened;
    last = opened;
  }
  throw last;
}

function dialOne(address: string, port: number, timeout: number): Promise<Socket | DialError> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port });
    const fail = (error: DialError) => {
      socket.destroy();
      resolve(error);
    };
    const timer = setTimeout(
      () => fail(new DialError('timeout', `no answer from ${at(address, port)} within ${Math.round(timeout)} ms`)),
      timeout,
    );
    socket.once('error', error => {
      clearTimeout(timer);
      fail(new DialError(kindOf(error), `${at(address, port)}: ${wordsOf(error)}`));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      // Until its new owner listens, an early reset must not be an uncaught 'error' event.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

const at = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** A name with several addresses fails as an AggregateError; its first error says what happened. */
const cause = (error: Error): NodeJS.ErrnoException =>
  error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;

function kindOf(error: Error): DialFailure {
  const code = cause(error).code ?? '';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ETIMEDOUT') return 'timeout';
  return /^(ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/.test(code) ? 'dns' : 'unreachable';
}

const words: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be looked up now',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ECONNRESET: 'connection reset',
};

const wordsOf = (error: Error): string => words[cause(error).code ?? ''] ?? cause(error).message;
