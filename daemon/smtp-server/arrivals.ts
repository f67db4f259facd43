import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { isListed } from '../intake.ts';
import { because } from '../log.ts';
import type { SmtpOptions } from '../smtp-server.ts';
import { plainAddress } from '../wire/ip.ts';
import { type Crowd, createCrowd } from './crowd.ts';
import { packageOptions, socketOptionsOf } from './options.ts';
import { takeProxyHeader } from './proxy.ts';

/** From the first octet of TLS to the last of its handshake; a client far away on a bad line needs a second or two. */
const usualHandshakeMs = 30_000;

/** The package's server, extended: what comes before a session, which is the PROXY header and the handshake of implicit TLS. */
export class ArrivalServer extends SMTPServer {
  readonly #o: SmtpOptions;
  readonly crowd: Crowd;
  /** Of sockets that came through a proxy: from where. */
  readonly #proxied = new WeakMap<Socket, string>();

  constructor(o: SmtpOptions) {
    super(packageOptions(o));
    this.#o = o;
    this.crowd = createCrowd(this.connections, o.settings);
  }

  override _expectsProxyHeader(socket: Socket): boolean {
    return isListed(this.#o.settings.proxy_protocol_ip, socket.remoteAddress ?? '');
  }

  /** The package reads version 1 without the address that was dialled; a domain may hang on that. */
  override _handleProxy(...[socket, callback]: Parameters<SMTPServer['_handleProxy']>): void {
    if (!this._expectsProxyHeader(socket)) return super._handleProxy(socket, callback);
    takeProxyHeader(socket).then(
      ends => {
        if (ends) this.#proxied.set(socket, ends.client.address);
        callback(null, { id: randomBytes(10).toString('hex'), ...socketOptionsOf(ends) });
      },
      error => {
        this.#o.log.warn('not from a proxy', { peer: socket.remoteAddress, ...because(error) });
        socket.on('error', () => {});
        socket.destroy();
        callback(error);
      },
    );
  }

  /**
   * Before the handshake nobody can be told anything, so who may not come in is cut off. The package waits five minutes
   * for the next octet of one, and so for ever where they trickle.
   */
  override _upgrade(...[socket, callback]: Parameters<SMTPServer['_upgrade']>): void {
    const peer = this.#proxied.get(socket) ?? plainAddress(socket.remoteAddress ?? '');
    const place = this.crowd.shake(socket, peer);
    if (!place) {
      this.#o.log.info('too many connections', { peer, listener: 'submissions' });
      socket.on('error', () => {});
      return callback(new Error('too many connections'));
    }
    const late = () => this._pendingSockets.get(socket)?.destroy(new Error('the TLS handshake took too long'));
    const timer = setTimeout(late, this.#o.handshakeMs ?? usualHandshakeMs);
    super._upgrade(socket, (error, secured) => {
      clearTimeout(timer);
      place.leave();
      callback(error, secured);
    });
  }
}
