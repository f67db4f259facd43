/**
 * Opens a TCP connection: tries the given addresses in their order, within one deadline for all of them.
 * It promises a connected socket or a DialError that says which kind of failure it was, and leaves no
 * socket behind. Host names are looked up by the system; it knows no MX and speaks no protocol.
 */
import { connect, isIP, type Socket } from 'node:net';
import { systemAddresses } from './dns.ts';

/** proxy: what should have connected us does not work, whatever the destination. */
export type DialFailure = 'dns' | 'refused' | 'timeout' | 'unreachable' | 'proxy';

/** Where connections of each family go out from; null: as the system chooses. */
export type LocalAddresses = { ipv4: string | null; ipv6: string | null };
export const anyLocal: LocalAddresses = { ipv4: null, ipv6: null };

/** One address of each family at most stands in such a list. */
export const localAddresses = (ips: string[]): LocalAddresses => ({
  ipv4: ips.find(ip => isIP(ip) === 4) ?? null,
  ipv6: ips.find(ip => isIP(ip) === 6) ?? null,
});

export class DialError extends Error {
  readonly kind: DialFailure;
  constructor(kind: DialFailure, message: string) {
    super(message);
    this.name = 'DialError';
    this.kind = kind;
  }
}

/** An address that gives no answer holds up the next one, of another family perhaps, no longer than this. */
const longestHope = 10_000;

/** `timeout`: milliseconds for all addresses together; each gets an equal share of what is left. */
export async function dial(
  addresses: string[],
  port: number,
  timeout: number,
  from: LocalAddresses = anyLocal,
): Promise<Socket> {
  const deadline = performance.now() + timeout;
  let last = new DialError('dns', 'no address to connect to');
  const all = await lookedUp(addresses, from);
  for (const [tried, address] of all.entries()) {
    const left = all.length - tried;
    const share = (deadline - performance.now()) / left;
    if (share <= 0) break;
    const opened = await dialOne(address, port, left > 1 ? Math.min(share, longestHope) : share, from);
    if (!(opened instanceof DialError)) return opened;
    last = opened;
  }
  throw last;
}

/** A source address goes with addresses of its family only, so names must be looked up before one is bound. */
async function lookedUp(addresses: string[], from: LocalAddresses): Promise<string[]> {
  if ((from.ipv4 === null && from.ipv6 === null) || addresses.every(a => isIP(a) !== 0)) return addresses;
  try {
    const found = await Promise.all(addresses.map(a => (isIP(a) ? [a] : systemAddresses(a))));
    return found.flat();
  } catch (error) {
    throw new DialError('dns', wordsOf(error as Error));
  }
}

function dialOne(address: string, port: number, timeout: number, from: LocalAddresses): Promise<Socket | DialError> {
  const localAddress = { 0: null, 4: from.ipv4, 6: from.ipv6 }[isIP(address) as 0 | 4 | 6];
  return new Promise(resolve => {
    const socket = connect({ host: address, port, ...(localAddress === null ? {} : { localAddress }) });
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
  EADDRNOTAVAIL: 'no such address on this machine to go out from',
};

const wordsOf = (error: Error): string => words[cause(error).code ?? ''] ?? cause(error).message;
