import type { Socket } from 'node:net';
import { type ConnectionOptions, createSecureContext, getCACertificates } from 'node:tls';
import type { SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import { isPermanent, type Reply, replyLine } from '../mail/reply.ts';
import type { ClientOptions, SmtpClient } from '../smtp-client.ts';
import { DialError, dial } from '../wire/dial.ts';
import { isLoopback } from '../wire/ip.ts';
import { asRefusal } from './replies.ts';
import { type ClientTimeouts, Session } from './session.ts';
import { clientOver } from './transaction.ts';

export type ConnectFailure = 'refused' | 'proxy' | 'dns' | 'timeout' | 'tls' | 'protocol' | 'auth';

/** Why there is no connection to send over. */
export class ConnectError extends Error {
  readonly kind: ConnectFailure;
  /** How far we had come: nothing was heard before the greeting. */
  readonly stage: 'dial' | 'greeting' | 'ehlo' | 'auth';
  /** The server's own words; null: it said none. */
  readonly reply: Reply | null;
  /** The server refused with 5xx; all else may be better later. */
  readonly permanent: boolean;

  constructor(kind: ConnectFailure, stage: ConnectError['stage'], message: string, reply: Reply | null = null) {
    super(reply === null ? message : replyLine(reply));
    this.name = 'ConnectError';
    this.kind = kind;
    this.stage = stage;
    this.reply = reply;
    this.permanent = reply !== null && isPermanent(reply);
  }
}

const minute = 60_000;
const rfc5321: ClientTimeouts = {
  connect: minute,
  greeting: 5 * minute,
  command: 5 * minute,
  block: 3 * minute,
  final: 10 * minute,
};

/** A session ready for mail, or a ConnectError. */
export async function connectSmtp(options: ClientOptions): Promise<SmtpClient> {
  const timeouts = { ...rfc5321, ...options.timeouts };
  const session = await openSession(options, timeouts);
  if (options.login) await login(session, options.login, options.tls);
  return clientOver(session);
}

/**
 * Opportunistic TLS must not be worse than none: where the handshake fails, the next try does without (RFC 7435 §3).
 * Never when a password is to follow: then a broken handshake may be an attack on it.
 */
async function openSession(options: ClientOptions, timeouts: ClientTimeouts): Promise<Session> {
  const first = await attempt(options, timeouts, options.tls === 'off');
  if (first instanceof Session) return first;
  const again = options.tls === 'try' && !options.implicitTls && !options.login && !options.socket;
  if (first.kind !== 'tls' || !again) throw first;
  const second = await attempt(options, timeouts, true);
  if (second instanceof Session) return second;
  throw second;
}

async function attempt(
  options: ClientOptions,
  timeouts: ClientTimeouts,
  clear: boolean,
): Promise<Session | ConnectError> {
  const socket = await dialled(options, timeouts);
  if (socket instanceof ConnectError) return socket;
  const session = new Session(
    {
      connection: socket,
      host: options.host,
      port: options.port,
      name: options.name,
      secure: options.implicitTls === true,
      ignoreTLS: clear,
      opportunisticTLS: options.tls === 'try',
      requireTLS: options.tls === 'required' && !options.implicitTls,
      tls: tlsOptions(options),
      customAuth: plainWithAuthzid,
    },
    timeouts,
  );
  try {
    await session.open();
    return session;
  } catch (error) {
    session.close();
    return failureOf(session, error);
  }
}

async function dialled(options: ClientOptions, timeouts: ClientTimeouts): Promise<Socket | ConnectError> {
  try {
    // A socket that closed before anybody listened says so to nobody any more.
    if (options.socket?.destroyed) return new ConnectError('refused', 'dial', 'the connection was closed');
    if (options.socket) return options.socket;
    return await (options.dial ? options.dial() : dial([options.host], options.port, timeouts.connect));
  } catch (error) {
    const kind = error instanceof DialError ? error.kind : 'unreachable';
    return new ConnectError(kind === 'unreachable' ? 'refused' : kind, 'dial', messageOf(error));
  }
}

type NodemailerError = Error & { code?: string; response?: string };

function failureOf(session: Session, error: unknown): ConnectError {
  const { code, response } = error as NodemailerError;
  const stage = session.greeted ? 'ehlo' : 'greeting';
  const heard = response && /^\d{3}/.test(response) ? asRefusal(response) : null;
  if (session.brokeInTls) return new ConnectError('tls', stage, `TLS: ${messageOf(error)}`, null);
  if (code === 'ETIMEDOUT') return new ConnectError('timeout', stage, messageOf(error));
  return new ConnectError('protocol', stage, messageOf(error), heard);
}

type Login = NonNullable<ClientOptions['login']>;

async function login(session: Session, as: Login, tls: ClientOptions['tls']) {
  const peer = session._socket ? (session._socket.remoteAddress ?? '') : '';
  try {
    if (!session.secure && tls !== 'off' && !isLoopback(peer)) throw new Error('no TLS to send the password under');
    await session.authenticate(as, mechanismFor(session, as));
    if (as.authzid !== undefined) await session.askAgain();
  } catch (error) {
    session.close();
    const { code, response } = error as NodemailerError;
    const heard = response ? withoutSecrets(asRefusal(response), as) : null;
    throw new ConnectError(code === 'ETIMEDOUT' ? 'timeout' : 'auth', 'auth', messageOf(error), heard);
  }
}

/** PLAIN with an authorization identity (RFC 4616), which nodemailer's own PLAIN always leaves empty. */
const plainWithAuthzid: NonNullable<SMTPConnectionOptions['customAuth']> = {
  PLAIN: async ctx => {
    const { user, pass } = ctx.auth.credentials;
    const authzid = typeof ctx.auth.options?.authzid === 'string' ? ctx.auth.options.authzid : '';
    const answer = await ctx.sendCommand(
      `AUTH PLAIN ${Buffer.from(`${authzid}\0${user}\0${pass}`).toString('base64')}`,
    );
    if (answer.status !== 235) throw new Error('the login was refused');
  },
};

/** RFC 4616, RFC 2195; LOGIN has no RFC, and some hosts know nothing else. */
const mechanisms = ['PLAIN', 'LOGIN', 'CRAM-MD5'];

/** The simplest of those offered; in clear, the one that does not show the password. */
function mechanismFor(session: Session, { authzid }: Login): string {
  if (authzid !== undefined) return 'PLAIN';
  const offered = (session.keywords().get('AUTH') ?? '').toUpperCase().split(/[\s=]+/);
  const known = session.secure ? mechanisms : mechanisms.toReversed();
  const chosen = known.find(m => offered.includes(m));
  if (chosen !== undefined) return chosen;
  throw new Error(`no way to sign in that we know (offered: ${offered.join(' ').slice(0, 100) || 'none'})`);
}

/** A host that repeats what it was told must not bring the password into a log. */
function withoutSecrets(heard: Reply, { user, password }: Login): Reply {
  const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');
  const secrets = [base64(`\0${user}\0${password}`), base64(password), password];
  return { ...heard, text: secrets.reduce((text, secret) => text.replaceAll(secret, '…'), heard.text) };
}

function tlsOptions(options: ClientOptions): ConnectionOptions {
  const verify = options.tls === 'required';
  return verify ? { rejectUnauthorized: true, secureContext: trusting(options.ca) } : { rejectUnauthorized: false };
}

/** Building a context from some hundred certificates takes tens of milliseconds; there are few different ones. */
const contexts = new Map<string, ReturnType<typeof createSecureContext>>();

function trusting(ca: string | undefined) {
  const known = contexts.get(ca ?? '');
  if (known) return known;
  const own = ca === undefined ? [] : [ca];
  const all = [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...own])];
  const made = createSecureContext({ ca: all });
  contexts.set(ca ?? '', made);
  return made;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
