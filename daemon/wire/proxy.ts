/**
 * Opens connections the way a destination is to be reached: directly, or by a SOCKS5, HTTP CONNECT or telnet proxy.
 * It promises a connected socket on which nothing but the destination has been heard, or a DialError whose kind
 * `proxy` says that no other address would fare better. A proxy holds it no longer than the time given, and makes
 * it keep no more than 16 KB. It chooses no proxy and looks up names the system's way, where it must.
 */
import { isIP, type Socket } from 'node:net';
import { DialError, dial, type LocalAddresses } from './dial.ts';
import { systemAddresses } from './dns.ts';
import type { Destination, Handshake, Step } from './proxy/handshake.ts';
import { httpConnect } from './proxy/http-connect.ts';
import { type Login, socks5 } from './proxy/socks5.ts';
import { telnet } from './proxy/telnet.ts';

export type { Login } from './proxy/socks5.ts';

export type ProxyServer = { host: string; port: number } & (
  | {
      kind: 'socks5' | 'http';
      login: Login | null /** Names of hosts go to the proxy as they are. */;
      remoteNames: boolean;
    }
  | { kind: 'telnet' /** May hold $IP, $HOST and $PORT. */; request: string }
);

/** How to get to a destination. */
export type Egress = { /** Null: directly. */ proxy: ProxyServer | null; from: LocalAddresses };
/** `addresses` null: the name is looked up by the proxy, where it does that, else by the system. */
export type Target = { host: string; port: number; addresses: string[] | null };

export const proxyName = (p: ProxyServer): string =>
  `${p.kind}://${p.host.includes(':') ? `[${p.host}]` : p.host}:${p.port}`;

/** `timeout`: milliseconds for all addresses together; a proxy gets as much again for connecting on. */
export async function dialBy(egress: Egress, to: Target, timeout: number): Promise<Socket> {
  const { proxy, from } = egress;
  if (!proxy) return dial(to.addresses ?? [to.host], to.port, timeout, from);
  const deadline = performance.now() + 2 * timeout;
  let last = new DialError('dns', 'no address to connect to');
  const addresses = to.addresses ?? (await whoLooksUp(proxy, to.host));
  for (const [tried, address] of addresses.entries()) {
    const share = (deadline - performance.now()) / (addresses.length - tried);
    if (share <= 0) break;
    const opened = await viaProxy(proxy, { name: to.host, address, port: to.port }, from, share);
    if (!(opened instanceof DialError)) return opened;
    last = opened;
    if (last.kind === 'proxy') break;
  }
  throw last;
}

/** Null stands for the name itself. */
async function whoLooksUp(proxy: ProxyServer, host: string): Promise<(string | null)[]> {
  if (isIP(host)) return [host];
  if (proxy.kind !== 'telnet' && proxy.remoteNames) return [null];
  return systemAddresses(host).catch(() => {
    throw new DialError('dns', `${host}: no such host`);
  });
}

async function viaProxy(proxy: ProxyServer, to: Destination, from: LocalAddresses, timeout: number) {
  const started = performance.now();
  let socket: Socket;
  let handshake: Handshake;
  try {
    handshake = handshakeFor(proxy, to);
    socket = await dial([proxy.host], proxy.port, timeout, from);
  } catch (error) {
    if (error instanceof TypeError) return new DialError('dns', error.message);
    return new DialError('proxy', `${proxyName(proxy)}: ${(error as Error).message}`);
  }
  const end = await shakeHands(socket, handshake, timeout - (performance.now() - started));
  if (end === null) return socket;
  socket.destroy();
  return new DialError(end.failure, `${proxyName(proxy)} ${end.why}`);
}

function handshakeFor(proxy: ProxyServer, to: Destination): Handshake {
  if (proxy.kind === 'telnet') return telnet(to, proxy.request);
  return proxy.kind === 'socks5' ? socks5(to, proxy.login) : httpConnect(to, proxy.login);
}

type Failed = Step & { kind: 'failed' };

/**
 * Null: the way is open. Octets are taken by `read`, so that the socket flows as soon as its new owner listens,
 * and what was read too far is put back.
 */
function shakeHands(socket: Socket, handshake: Handshake, timeout: number): Promise<Failed | null> {
  return new Promise(resolve => {
    const late = () => finish({ kind: 'failed', failure: 'timeout', why: 'gave no connection in time' });
    const timer = setTimeout(late, Math.max(1, timeout));
    const hungUp = () => finish(handshake.hungUp());
    const finish = (end: Failed | null) => {
      clearTimeout(timer);
      socket.off('readable', read).off('end', hungUp).off('close', hungUp);
      resolve(end);
    };
    const read = () => {
      for (let octets: Buffer | null = socket.read(); octets !== null; octets = socket.read()) {
        let step = handshake.hear(octets);
        for (; step.kind === 'send'; step = handshake.hear(Buffer.alloc(0))) socket.write(step.bytes);
        if (step.kind === 'wait') continue;
        if (step.kind === 'open' && step.rest.length > 0) socket.unshift(step.rest);
        return finish(step.kind === 'failed' ? step : null);
      }
    };
    socket.on('readable', read).on('end', hungUp).on('close', hungUp);
    socket.write(handshake.opening);
  });
}
