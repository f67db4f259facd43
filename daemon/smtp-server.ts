/**
 * SMTP in, over the package smtp-server: the relay listener, where other servers bring mail for our users, and the
 * submission listener, where users and the services of this house send from, signed in.
 * It asks the door about every sender and recipient, and says 250 only when the door did.
 */
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:net';
import type { SMTPServer, SMTPServerAddress, SMTPServerSession } from 'smtp-server';
import type { Auth } from './auth.ts';
import { allAddresses, derived, type Settings } from './config.ts';
import { type Handover, type Intake, isListed, isRedirected } from './intake.ts';
import { because, type Log } from './log.ts';
import { type Reply, reply, replyLine } from './mail/reply.ts';
import { ArrivalServer } from './smtp-server/arrivals.ts';
import { type CallHost, CallingConnection } from './smtp-server/calling-connection.ts';
import type { ContentTaker } from './smtp-server/connection.ts';
import { type Asking, type Collecting, callHost, signInAgain } from './smtp-server/etrn.ts';
import { inquire } from './smtp-server/inquire.ts';
import { login, sameSecret } from './smtp-server/login.ts';
import { liveOptions } from './smtp-server/options.ts';
import * as s from './smtp-server/session.ts';
import type { Store } from './store.ts';
import { isLoopback, plainAddress, unknownAddress } from './wire/ip.ts';
import { type IpList, ipList } from './wire/ip-pattern.ts';

export type { Collecting, Node, Turn } from './smtp-server/etrn.ts';
export { nodeText } from './smtp-server/etrn.ts';

export type SmtpServer = {
  /** The caller makes it listen. */
  server: Server;
  /** Settings or the certificate are others: what is offered from now on says so. */
  refresh(): void;
  /** Takes no more connections, lets commands under way end, and then says 421. */
  close(graceMs: number): Promise<void>;
  connections(): number;
};

export type SmtpOptions = {
  /** odmr: parked mail is called for there, and nothing else is done. */
  role: 'relay' | 'submission' | 'odmr';
  /** TLS from the first octet (RFC 8314 §3); absent: STARTTLS is offered. */
  implicitTls?: boolean;
  /** How long such a handshake may take, in ms; absent: half a minute. */
  handshakeMs?: number;
  settings: Settings;
  store: Store;
  auth: Auth;
  intake: Intake;
  log: Log;
  tls: { key: string; cert: string };
  serviceKey: string;
  collecting: Collecting;
};

/** Of one connection without a message in between; lists do bring many unknown names. */
const mostRefusals = 100;
/** Of one message, all recipients together. */
const mostRoutes = 10_000;

export function createSmtpServer(options: SmtpOptions): SmtpServer {
  const listener = new Listener(options);
  return {
    server: listener.server,
    refresh() {
      Object.assign(listener.options, liveOptions(options));
      listener.updateSecureContext();
    },
    connections: () => listener.connections.size,
    close: graceMs =>
      new Promise(resolve => {
        listener.options.closeTimeout = graceMs;
        listener.close(() => resolve());
        for (const connection of listener.connections)
          if (connection instanceof CallingConnection) connection.endWhenIdle();
      }),
  };
}

class Listener extends ArrivalServer {
  readonly #o: SmtpOptions;
  readonly #visits = new WeakMap<SMTPServerSession, s.Visit>();
  readonly #mayServe: () => IpList;

  constructor(o: SmtpOptions) {
    super(o);
    this.#o = o;
    // Who comes from an address we listen on is this machine.
    const { settings } = o;
    this.#mayServe = derived(
      () => settings.service_ip,
      addresses => ipList('selecting', [...addresses, `!${unknownAddress}`, ...allAddresses(settings)]),
    );
    this.on('error', error => o.log.debug('smtp connection', because(error)));
  }

  override connect(...[socket, socketOptions]: Parameters<SMTPServer['connect']>): void {
    const connection = new CallingConnection(
      this.#host(() => connection),
      this,
      socket,
      socketOptions,
    );
    this.connections.add(connection);
    connection.on('error', error => this._onError(error));
    connection.init();
  }

  /** What is offered to those only who signed in. */
  #extras(visit: s.Visit | undefined): string[] {
    const longest = this.#o.settings.max_future_release;
    const holds = visit && visit.visitor.origin !== 'peer' && longest > 0;
    return [...(holds ? [s.futureRelease(Date.now(), longest)] : []), ...(visit?.service ? ['XCWMAIL'] : [])];
  }

  #host(connection: () => CallingConnection): CallHost {
    const { settings, intake } = this.#o;
    const visit = () => this.#visits.get(connection().session);
    return {
      extras: () => this.#extras(visit()),
      content: () => this.#taker(connection().session),
      welcome: () => settings.smtp_welcome || 'ESMTP',
      mayNameClients: address => isListed(settings.xclient_ip, address),
      renamed: () => {
        const { session, remoteAddress } = connection();
        this.#visits.set(session, s.newVisit(plainAddress(remoteAddress)));
      },
      inquire: (verb, name) =>
        inquire(verb, name, visit()!.visitor, { settings, intake }).catch(error => [
          this.#fault(error, connection().session),
        ]),
      redirected: () => settings.reply_251 && visit()!.redirected,
      ...callHost(
        this.#o.role,
        () => this.#asking(connection().session),
        error => this.#fault(error, connection().session),
      ),
      isService: key => {
        const { address } = visit()!.visitor;
        return (isLoopback(address) || this.#mayServe()(address)) && sameSecret(key, this.#o.serviceKey);
      },
      mostRefusals: () => (visit()?.service ? Number.POSITIVE_INFINITY : mostRefusals),
    };
  }

  #asking(session: SMTPServerSession): Asking {
    const { role, collecting } = this.#o;
    const visit = this.#visits.get(session)!;
    const [caller, stands] = [s.callerOf(visit), () => this.#stands(visit)];
    return { role, collecting, caller, isSignedIn: Boolean(session.user), stands, id: session.id };
  }

  /** A connection may be open for hours after that by which it was let in opens nothing any more. */
  async #stands({ standing }: s.Visit): Promise<boolean> {
    return standing === null || (await this.#o.auth.stands(standing));
  }

  override onConnect(session: SMTPServerSession, callback: (error?: Error | null) => void): void {
    const address = plainAddress(session.remoteAddress);
    this.#visits.set(session, s.newVisit(address));
    if (!this.crowd.tooManyFrom(address)) return callback();
    callback(s.refusal({ code: 421, status: '7.0', text: 'Too many connections from your address' }));
  }

  override onAuth(...[auth, session, callback]: Parameters<SMTPServer['onAuth']>): void {
    const visit = this.#visits.get(session)!;
    const { store, settings, serviceKey, log } = this.#o;
    const local = session.localAddress;
    const odmrSecret = (a: string) => settings.odmr.find(o => o.account === a && o.secret !== null)?.secret ?? null;
    const options = { auth: this.#o.auth, store, serviceKey, local, odmrSecret, mayServe: this.#mayServe() };
    login(auth as never, visit.visitor.address, options).then(
      result => {
        if ('code' in result) {
          log.warn('sign-in refused', {
            id: session.id,
            name: auth.username?.slice(0, 100),
            peer: visit.visitor.address,
          });
          return callback(s.refusal(result));
        }
        s.signIn(visit, result);
        callback(null, { user: result.name });
      },
      error => callback(this.#failed(error, session)),
    );
  }

  override onMailFrom(
    address: SMTPServerAddress,
    session: SMTPServerSession,
    callback: (error?: Error | null) => void,
  ): void {
    this.#answer(session, callback, async visit => {
      // The package asks for a signed-in user only while AUTH is on; this must not hang on that.
      if (this.#o.role === 'submission' && !session.user)
        return s.refusal({ code: 530, status: '7.0', text: 'Sign in first' });
      if (!(await this.#stands(visit))) return s.refusal(signInAgain);
      const args = (address.args || {}) as Record<string, string | boolean | undefined>;
      const size = typeof args.SIZE === 'string' ? Number(args.SIZE) : null;
      const refused =
        s.takeParameters(visit, args, Date.now(), this.#o.settings.max_future_release) ??
        (await this.#o.intake.refuseSender(visit.visitor, address.address || null, size));
      return refused && s.refusal(refused);
    });
  }

  override onRcptTo(
    address: SMTPServerAddress,
    session: SMTPServerSession,
    callback: (error?: Error | null) => void,
  ): void {
    this.#answer(session, callback, async visit => {
      const refusedParameter = s.refuseRcptParameters(address.args || {});
      if (refusedParameter) return s.refusal(refusedParameter);
      // RFC 5321 §4.1.1.3: postmaster needs no domain.
      if (!address.address.includes('@')) address.address += `@${this.#o.settings.host_domain[0]}`;
      const recipient = s.recipientOf(address, visit.notify);
      const { intake } = this.#o;
      const routing = await intake.routeRecipient(visit.visitor, recipient.address, session.id);
      const refusal = routing.refusal ?? (visit.routes + routing.routes.length > mostRoutes ? tooManyRoutes : null);
      visit.redirected = isRedirected(routing);
      if (!refusal) s.take(visit, recipient, routing.routes);
      else this.#o.log.info('refused', { id: session.id, recipient: recipient.address, reply: replyLine(refusal) });
      return refusal && s.refusal(refusal);
    });
  }

  /** Content for the door; a fault on its way, such as a full disk, is answered at its end. */
  #taker(session: SMTPServerSession): ContentTaker {
    const visit = this.#visits.get(session)!;
    const { intake } = this.#o;
    const envelope = s.envelopeOf(session, visit);
    const handover: Handover = {
      visitor: visit.visitor,
      id: nextId(),
      helo: session.hostNameAppearsAs || '',
      protocol: s.protocolOf(session),
    };
    const { routed, key, draftId, releaseAt } = visit;
    const recipients = envelope.recipients.map(r => routed.get(r.address)!);
    const incoming = intake.receive(handover, envelope.recipients);
    return {
      push: content => incoming.push(content),
      end: () => intake.accept(handover, incoming, { envelope, recipients, key, draftId, releaseAt }),
      abandon: () => void incoming.discard().catch(error => this.#o.log.error('discard', because(error))),
    };
  }

  /** Runs a check for a callback; what nobody foresaw is logged with its cause and answered temporarily. */
  #answer(
    session: SMTPServerSession,
    callback: (error?: Error | null) => void,
    check: (visit: s.Visit) => Promise<Error | null>,
  ): void {
    check(this.#visits.get(session)!).then(
      refusal => callback(refusal),
      error => callback(this.#failed(error, session)),
    );
  }

  #failed(error: unknown, session: SMTPServerSession): Error {
    return s.refusal(this.#fault(error, session));
  }

  #fault(error: unknown, session: SMTPServerSession): Reply {
    this.#o.log.error('smtp session', { id: session.id, ...because(error) });
    return reply(451, '3.0', `Something is wrong here; it is noted as ${session.id}`);
  }
}

/** RFC 5321 §4.5.3.1.10: the sender comes with the others in another transaction. */
const tooManyRoutes = reply(452, '5.3', 'These recipients lead to too many others: bring them in several messages');

const idBase = randomBytes(8).toString('hex');
let idCount = 0;

/** Never used again, also after a restart: it goes into Received and Message-ID. Nobody needs to be unable to guess it. */
function nextId(): string {
  return `${idBase}.${(++idCount).toString(36)}`;
}
