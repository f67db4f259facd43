/**
 * The POP3 listeners (RFC 1939, 2449, 2595, 3206, 5034, 6856, 8314): an Inbox, locked for one session at a time, read
 * and emptied. It promises exact sizes, ids that never change or come again, and that nothing is removed before
 * QUIT nor told as removed before it is on the disk. Memory does not grow with messages. It files and moves nothing.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Auth } from './auth.ts';
import type { Log } from './log.ts';
import { refusal } from './pop3-server/answer.ts';
import { type Limits, type Session, startSession } from './pop3-server/session.ts';
import type { House } from './pop3-server/talk.ts';
import type { Change, Store } from './store.ts';
import { networkOf } from './wire/ip.ts';

export type Pop3Options = {
  store: Store;
  auth: Auth;
  log: Log;
  now(): number;
  /** The certificate in PEM; asked anew for every handshake, so that a renewed one is taken up. */
  tls(): { key: string; cert: string };
  /** Told what QUIT removed, once it is gone. */
  changed?(changes: Change[]): void;
  /** May this address connect? Absent: every one may. */
  mayConnect?(address: string): boolean;
  limits?: Partial<Limits & ConnectionLimits>;
};

/** Sessions of both listeners at the same time: of one peer (IPv6: one /64; an office behind one address is one), and of all. */
type ConnectionLimits = { perPeer: number; total: number };

export type Pop3Server = {
  /** The caller makes them listen: in the clear until STLS, and under TLS from the first octet. */
  server: Server;
  tlsServer: Server;
  /** Stops listening, ends idle sessions at once and others behind their command, all of them after `graceMs`. */
  close(graceMs: number): Promise<void>;
  sessions(): { pop3: number; pop3s: number };
};

const usual = { idle: 600_000, login: 60_000, errors: 10, perPeer: 50, total: 1000 };

export function createPop3Server(options: Pop3Options): Pop3Server {
  const limits = { ...usual, ...options.limits };
  const house: House = {
    ...options,
    lock: createLocks(),
    context: createContexts(options.tls),
    changed: options.changed ?? (() => {}),
  };
  /** Each with whether TLS came first. */
  const sessions = new Map<Session, boolean>();
  const perPeer = new Map<string, number>();
  const counted = (net: string, step: number) => {
    const count = (perPeer.get(net) ?? 0) + step;
    if (count > 0) perPeer.set(net, count);
    else perPeer.delete(net);
  };
  const arrived = (socket: Socket, tlsFirst: boolean) => {
    const peer = socket.remoteAddress ?? '';
    if (options.mayConnect?.(peer) === false) {
      options.log.info('pop3 connection refused', { peer, setting: 'user_ip_address' });
      return turnAway(socket, tlsFirst ? null : refusal('Your address may not connect here', 'SYS/PERM'));
    }
    const net = networkOf(peer);
    if (sessions.size >= limits.total || (perPeer.get(net) ?? 0) >= limits.perPeer) {
      if (tlsFirst) options.log.info('too many connections', { peer, listener: 'pop3s' });
      return turnAway(socket, tlsFirst ? null : refusal('Too many connections', 'SYS/TEMP'));
    }
    counted(net, 1);
    const session = startSession({ socket, peer, tlsFirst }, house, limits, () => {
      sessions.delete(session);
      counted(net, -1);
    });
    sessions.set(session, tlsFirst);
  };
  const listener = (tlsFirst: boolean) =>
    // A client may close its half as soon as it has sent all its commands; it gets its answers.
    createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, socket =>
      arrived(socket, tlsFirst),
    );
  const [server, tlsServer] = [listener(false), listener(true)];
  return {
    ...{ server, tlsServer },
    sessions() {
      const pop3s = [...sessions.values()].filter(Boolean).length;
      return { pop3: sessions.size - pop3s, pop3s };
    },
    close: graceMs => close([server, tlsServer], sessions, graceMs),
  };
}

/** Null: with TLS from the first octet nothing can be said before the handshake, which is the dear part. */
function turnAway(socket: Socket, answer: string | null): void {
  socket.on('error', () => {});
  if (answer === null) socket.destroy();
  else socket.end(`${answer}\r\n`, () => socket.destroy());
}

async function close(servers: Server[], sessions: Map<Session, boolean>, graceMs: number): Promise<void> {
  const closed = Promise.all(servers.map(closedOf));
  for (const session of sessions.keys()) session.stop();
  const timer = setTimeout(() => {
    for (const session of sessions.keys()) session.destroy();
  }, graceMs);
  await closed;
  // The listener knows that the sockets are closed a little before the sessions do.
  while (sessions.size > 0) await new Promise(resolve => setImmediate(resolve));
  clearTimeout(timer);
}

const closedOf = (server: Server): Promise<void> =>
  new Promise(resolve => (server.listening ? server.close(() => resolve()) : resolve()));

/** RFC 1939 §4: an exclusive lock on the maildrop. It lives in this process, the only one that serves POP3, and dies with it. */
function createLocks(): House['lock'] {
  const held = new Set<number>();
  return accountId => {
    if (held.has(accountId)) return null;
    held.add(accountId);
    return () => held.delete(accountId);
  };
}

/** Making a context takes a millisecond, so it is kept while the certificate is the same. */
function createContexts(tls: Pop3Options['tls']): () => SecureContext {
  let last: { key: string; cert: string; context: SecureContext } | null = null;
  return () => {
    const { key, cert } = tls();
    if (last?.key !== key || last.cert !== cert) last = { key, cert, context: createSecureContext({ key, cert }) };
    return last.context;
  };
}
