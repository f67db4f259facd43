import type { Server } from 'node:net';
import type { SettingName, Settings } from '../config.ts';
import { isZoneText, overrideZone } from '../mail/date.ts';
import type { TlsPair } from '../wire/certificate.ts';

/** What a reload changes: the new values, and the certificate where it is another. */
export type Change = { settings: Partial<Settings>; tls: TlsPair | null };

/** A bound socket as Node's own object, such as one process hands to another. */
export type Handle = object;

/** Called behind a change; what it returns is waited for before the reload is said to be done. */
export type Reloaded = (changed: ReadonlySet<SettingName>) => void | Promise<void>;

export type Live = {
  reloaded(act: Reloaded): void;
  /** Makes a server accept; without a place it waits for one. */
  serve(name: string, server: Server, where: { fd: number } | { host: string; port: number } | null): Promise<void>;
  /** Exchanges values in place, moves servers to other sockets (null: to none), then tells who asked for it. */
  take(change: Change, sockets: ReadonlyMap<string, Handle | null>): Promise<void>;
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
  const servers = new Map<string, Server>();
  return {
    reloaded: act => void acts.push(act),
    async serve(name, server, where) {
      servers.set(name, server);
      if (where) await listening(server, where);
    },
    async take(change, sockets) {
      Object.assign(settings, change.settings);
      if (change.tls) Object.assign(tls, change.tls);
      if (change.settings.timezone !== undefined) keepZone(settings.timezone);
      for (const [name, handle] of sockets) move(servers.get(name), handle);
      const changed = new Set(Object.keys(change.settings) as SettingName[]);
      if (change.tls) changed.add('tls_cert');
      const done = await Promise.allSettled(acts.map(async act => act(changed)));
      const failed = done.flatMap(d => (d.status === 'rejected' ? [d.reason as Error] : []));
      if (failed.length > 0) throw failed[0];
    },
  };
}

/** Sessions stay with the server they came to; only where new ones knock is another socket. */
function move(server: Server | undefined, handle: Handle | null): void {
  if (server?.listening) server.close();
  if (handle) server?.listen(handle);
}

export function listening(server: Server, where: { fd: number } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
