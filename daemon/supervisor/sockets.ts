import { createServer, type Server } from 'node:net';
import type { Handle, Place } from '../child.ts';
import { addressesOf, isIpv6Only, listenSettingOf, type PortSetting, type Settings } from '../config.ts';

/** A listener's name, the setting that says its port, and the process that serves it. */
export const listeners = [
  { name: 'smtp', setting: 'smtp_port', process: 'daemon' },
  { name: 'submission', setting: 'submission_port', process: 'daemon' },
  { name: 'submissions', setting: 'submissions_port', process: 'daemon' },
  { name: 'odmr', setting: 'odmr_port', process: 'daemon' },
  { name: 'pop3', setting: 'pop_port', process: 'daemon' },
  { name: 'pop3s', setting: 'pops_port', process: 'daemon' },
  { name: 'http', setting: 'http_port', process: 'web' },
  { name: 'https', setting: 'https_port', process: 'web' },
] as const;

export class PortError extends Error {}

/** What listeners move to at a reload, by their names, a socket for each address; none: they end. */
export type Sockets = ReadonlyMap<string, Bound[]>;

/**
 * `handle`: the same as Node's own object, to be passed to a process that runs already. `give`: the object itself, for
 * a server of this process; `close` leaves it open then.
 */
export type Bound = { fd: number; handle: Handle; give(): Handle; close(): void };

/** Where a listener binds: its port, on each of its addresses. None: its port is 0. */
export function placesOf(settings: Settings, port: PortSetting): Place[] {
  if (settings[port] === 0) return [];
  const addresses = addressesOf(settings, port);
  return addresses.map(host => ({ host, port: settings[port], ipv6Only: host === '::' && isIpv6Only(addresses) }));
}

/**
 * Binds a listener here, where a taken or forbidden port can be said in a sentence and where alone one may be root.
 * The child gets the descriptors; ours are closed once it has them. For `patienceMs` a port that is still held by a
 * process of ours that is about to end is waited for. All of its places, or none.
 */
export async function bind(settings: Settings, port: PortSetting, patienceMs: number): Promise<Bound[]> {
  const bound: Bound[] = [];
  try {
    for (const place of placesOf(settings, port)) bound.push(await bindPatiently(place, patienceMs));
    return bound;
  } catch (error) {
    for (const b of bound) b.close();
    throw portError(settings, port, error);
  }
}

async function bindPatiently(place: Place, patienceMs: number): Promise<Bound> {
  for (let waited = 0; ; waited += 100) {
    try {
      return await bindOnce(place);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || waited >= patienceMs) throw error;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
}

function bindOnce(place: Place): Promise<Bound> {
  // A peer that connects before the child has the socket is sent away, and comes again.
  const server = createServer(socket => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...place, backlog: 511 }, () => resolve(boundOf(server)));
  });
}

/** At the birth of a child the number works for every kind of server; later only the object can be handed over. */
function boundOf(server: Server): Bound {
  const inner = server as unknown as { _handle: { fd: number } | null };
  const handle = inner._handle!;
  const give = () => {
    inner._handle = null;
    return handle;
  };
  return { fd: handle.fd, handle, give, close: () => void server.close(() => {}) };
}

/** Whether a listener could be bound now; null: it can, and is not. */
export async function portProblem(settings: Settings, port: PortSetting): Promise<string | null> {
  try {
    for (const bound of await bind(settings, port, 0)) bound.close();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What Node says of a place that cannot be had, in a sentence that names the setting to mend. */
export function portError(settings: Settings, setting: PortSetting, error: unknown): PortError {
  const { code, address: host = '' } = error as NodeJS.ErrnoException & { address?: string };
  const port = settings[setting];
  const other = `Choose another with ${setting} in cwmail.conf, or --set ${setting}=PORT.`;
  if (code === 'EADDRINUSE') return new PortError(`Port ${port} on ${host} is taken by another program. ${other}`);
  if (code === 'EACCES') return new PortError(`Port ${port} may be used by root only. ${other}`);
  const where = listenSettingOf(settings, setting);
  if (code === 'EADDRNOTAVAIL') return new PortError(`This machine has no address ${host}. Mend the setting ${where}.`);
  return new PortError(`Port ${port} on ${host} cannot be used (${code}). ${other}`);
}

/** Those of one process: a socket that another holds as well would not be shut when it ends. */
export function socketsOf(process: 'daemon' | 'web' | 'fetcher', sockets: Sockets): Sockets {
  const own = listeners.filter(l => l.process === process && sockets.has(l.name));
  return new Map(own.map(l => [l.name, sockets.get(l.name)!]));
}
