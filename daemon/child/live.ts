import { createServer, type Server, type Socket } from 'node:net';
import type { SettingName, Settings } from '../config.ts';
import { isZoneText, overrideZone } from '../mail/date.ts';
import type { TlsPair } from '../wire/certificate.ts';

/** What a reload changes: the new values, and the certificate where it is another. */
export type Change = { settings: Partial<Settings>; tls: TlsPair | null };

/** A bound socket as Node's own object, such as one process hands to another. */
export type Handle = object;

/** Where a server is to accept: a socket that was bound before, or an address of this machine. */
export type Place = { fd: number } | { host: string; port: number /** `::` without IPv4. */; ipv6Only: boolean };

/** Called behind a change; what it returns is waited for before the reload is said to be done. */
export type Reloaded = (changed: ReadonlySet<SettingName>) => void | Promise<void>;

export type Live = {
  reloaded(act: Reloaded): void;
  /** Makes a server accept at each of the places; without any it waits for some. */
  serve(name: string, server: Server, places: Place[]): Promise<void>;
  /** Exchanges values in place, moves servers to other sockets (none: they end), then tells who asked for it. */
  take(change: Change, sockets: ReadonlyMap<string, Handle[]>): Promise<void>;
  /** Before the servers are closed: nobody comes in by their further places any more. */
  leave(): void;
};

const machineZone = process.env.TZ;

/** Node reads the zone anew whenever TZ is set, and from then on its dates are local without asking Intl each time. */
function keepZone(timezone: string): void {
  const isText = isZoneText(timezone);
  const zone = timezone === '' || isText ? machineZone : timezone;
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
  overrideZone(isText ? timezone : null);
}

/** The part of a process that changes while it runs. */
export function createLive(settings: Settings, tls: TlsPair): Live {
  const acts: Reloaded[] = [];
  keepZone(settings.timezone);
  const servers = new Map<string, { server: Server; doors: Server[] }>();
  return {
    reloaded: act => void acts.push(act),
    async serve(name, server, places) {
      const doors: Server[] = [];
      servers.set(name, { server, doors });
      for (const [i, place] of places.entries()) {
        if (i > 0) doors.push(doorTo(server));
        await listening(doors.at(-1) ?? server, place);
      }
    },
    async take(change, sockets) {
      Object.assign(settings, change.settings);
      if (change.tls) Object.assign(tls, change.tls);
      if (change.settings.timezone !== undefined) keepZone(settings.timezone);
      for (const [name, handles] of sockets) move(servers.get(name), handles);
      const changed = new Set(Object.keys(change.settings) as SettingName[]);
      if (change.tls) changed.add('tls_cert');
      const done = await Promise.allSettled(acts.map(async act => act(changed)));
      const failed = done.flatMap(d => (d.status === 'rejected' ? [d.reason as Error] : []));
      if (failed.length > 0) throw failed[0];
    },
    leave: () => [...servers.values()].forEach(closeDoors),
  };
}

/** Sessions stay with the server they came to; only where new ones knock is another socket. */
function move(listener: { server: Server; doors: Server[] } | undefined, [first, ...further]: Handle[]): void {
  if (!listener) return;
  const { server, doors } = listener;
  closeDoors(listener);
  if (server.listening) server.close();
  if (first) server.listen(first);
  for (const handle of further) doors.push(doorTo(server).listen(handle));
}

function closeDoors({ doors }: { doors: Server[] }): void {
  for (const door of doors.splice(0)) door.close();
}

type Inner = { _connections: number; server: Server; _server: Server };

/**
 * A server of Node accepts at one place. A door takes connections at another and makes them the server's own: its
 * options hold, and it counts and awaits them like those that came to it.
 */
function doorTo(server: Server): Server {
  const { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay } = server as unknown as Options;
  const options = { allowHalfOpen, pauseOnConnect, noDelay, keepAlive };
  const door = createServer({ ...options, keepAliveInitialDelay: (keepAliveInitialDelay ?? 0) * 1000 });
  door.on('connection', (socket: Socket) => {
    const [from, to] = [door, server] as unknown as [Inner, Inner];
    from._connections--;
    to._connections++;
    Object.assign(socket, { server, _server: server } satisfies Partial<Inner>);
    server.emit('connection', socket);
  });
  return door;
}

/** As Node keeps them on a server; the delay in seconds. */
type Options = {
  allowHalfOpen: boolean;
  pauseOnConnect: boolean;
  noDelay: boolean;
  keepAlive: boolean;
  keepAliveInitialDelay: number;
};

export function listening(server: Server, where: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
