/**
 * The POP3 listener (RFC 1939, 2449, 2595, 3206, 5034, 6856): an Inbox, locked for one session at a time, read
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
  /** The certificate in PEM; asked anew for every STLS, so that a renewed one is taken up. */
  tls(): { key: string; cert: string };
  /** Told what QUIT removed, once it is gone. */
  changed?(changes: Change[]): void;
  /** May this address connect? Absent: every one may. */
  mayConnect?(address: string): boolean;
  limits?: Partial<Limits & ConnectionLimits>;
};

/** Sessions at the same time: of one peer (IPv6: one /64; an office behind one address is one), and of all. */
type ConnectionLimits = { perPeer: number; total: number };

export type Pop3Server = {
  /** The caller makes it listen. */
  server: Server;
  /** Stops listening, ends idle sessions at once and others behind their command, all of them after `graceMs`. */
  close(graceMs: number): Promise<void>;
  sessions(): number;
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
  const sessions = new Set<Session>();
  const perPeer = new Map<string, number>();
  const counted = (net: string, step: number) => {
    const count = (perPeer.get(net) ?? 0) + step;
    if (count > 0) perPeer.set(net, count);
    else perPeer.delete(net);
  };
  // A client may close its half as soon as it has sent all its commands; it gets its answers.
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
  server.on('connection', socket => {
    const peer = socket.remoteAddress ?? '';
    if (options.mayConnect?.(peer) === false) {
      options.log.info('pop3 connection refused', { peer, setting: 'user_ip_address' });
      return turnAway(socket, refusal('Your address may not connect here', 'SYS/PERM'));
    }
    const net = networkOf(peer);
    if (sessions.size >= limits.total || (perPeer.get(net) ?? 0) >= limits.perPeer) {
      return turnAway(socket, refusal('Too many connections', 'SYS/TEMP'));
    }
    counted(net, 1);
    const session = startSession(socket, peer, house, limits, () => {
      sessions.delete(session);
      counted(net, -1);
    });
    sessions.add(session);
  });
  return { server, sessions: () => sessions.size, close: graceMs => close(server, sessions, graceMs) };
}

function turnAway(socket: Socket, answer: string): void {
  socket.on('error', () => {});
  socket.end(`${answer}\r\n`, () => socket.destroy());
}

async function close(server: Server, sessions: Set<Session>, graceMs: number): Promise<void> {
  const closed = new Promise<void>(resolve => (server.listening ? server.close(() => resolve()) : resolve()));
  for (const session of sessions) session.stop();
  const timer = setTimeout(() => {
    for (const session of sessions) session.destroy();
  }, graceMs);
  await closed;
  // The listener knows that the sockets are closed a little before the sessions do.
  while (sessions.size > 0) await new Promise(resolve => setImmediate(resolve));
  clearTimeout(timer);
}

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
