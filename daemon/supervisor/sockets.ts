import { createServer, type Server } from 'node:net';
import type { Handle } from '../child.ts';
import type { Settings } from '../config.ts';

/** A listener's name, the setting that says its port, and the process that serves it. */
export const listeners = [
  { name: 'smtp', setting: 'smtp_port', process: 'daemon' },
  { name: 'submission', setting: 'submission_port', process: 'daemon' },
  { name: 'odmr', setting: 'odmr_port', process: 'daemon' },
  { name: 'pop3', setting: 'pop_port', process: 'daemon' },
  { name: 'http', setting: 'http_port', process: 'web' },
  { name: 'https', setting: 'https_port', process: 'web' },
] as const;

export class PortError extends Error {}

/** What listeners move to at a reload, by their names; null: to nothing, they end. */
export type Sockets = ReadonlyMap<string, Bound | null>;

/**
 * `handle`: the same as Node's own object, to be passed to a process that runs already. `give`: the object itself, for
 * a server of this process; `close` leaves it open then.
 */
export type Bound = { fd: number; handle: Handle; give(): Handle; close(): void };

/**
 * Binds one port here, where a taken or forbidden one can be said in a sentence and where alone one may be root.
 * The child gets the descriptor; ours is closed once it has it. For `patienceMs` a port that is still held by a
 * process of ours that is about to end is waited for.
 */
export async function bind(setting: string, host: string, port: number, patienceMs: number): Promise<Bound> {
  for (let waited = 0; ; waited += 100) {
    try {
      return await bindOnce(host, port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' || waited >= patienceMs) throw new PortError(explained(setting, host, port, code));
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
}

function bindOnce(host: string, port: number): Promise<Bound> {
  // A peer that connects before the child has the socket is sent away, and comes again.
  const server = createServer(socket => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 511 }, () => resolve(boundOf(server)));
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

function explained(setting: string, host: string, port: number, code: string | undefined): string {
  const other = `Choose another with ${setting} in cwmail.conf, or --set ${setting}=PORT.`;
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is taken by another program. ${other}`;
  if (code === 'EACCES') return `Port ${port} may be used by root only. ${other}`;
  if (code === 'EADDRNOTAVAIL') return `This machine has no address ${host}. Mend the setting listen.`;
  return `Port ${port} on ${host} cannot be used (${code}). ${other}`;
}

/** Those of one process: a socket that another holds as well would not be shut when it ends. */
export function socketsOf(process: 'daemon' | 'web' | 'fetcher', sockets: Sockets): Sockets {
  const own = listeners.filter(l => l.process === process && sockets.has(l.name));
  return new Map(own.map(l => [l.name, sockets.get(l.name) ?? null]));
}

export function portsOf(settings: Settings, process: 'daemon' | 'web' | 'fetcher') {
  return listeners
    .filter(l => l.process === process)
    .map(l => ({ ...l, port: settings[l.setting] }))
    .filter(l => l.port !== 0);
}
