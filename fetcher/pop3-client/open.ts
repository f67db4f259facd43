import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates, type TLSSocket } from 'node:tls';
import { connectFailure, Pop3Failure, printable } from './failure.ts';

export type Endpoint = {
  host: string;
  port: number;
  /** Milliseconds. */
  timeout: number;
  /** Opens the connection instead of us: by a proxy, from a chosen address. */
  open?: () => Promise<Socket>;
};

/** A connected socket, or a Pop3Failure; one that comes too late is closed. */
export function openSocket(to: Endpoint): Promise<Socket> {
  const where = `${to.host}:${to.port}`;
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new Pop3Failure('timeout', `${where}: no answer within ${to.timeout} ms`));
    }, to.timeout);
    const opened = (to.open ?? (() => dialDirectly(to)))();
    opened.then(
      socket => {
        clearTimeout(timer);
        if (late) socket.destroy();
        else resolve(socket);
      },
      error => {
        clearTimeout(timer);
        reject(connectFailure(error, where));
      },
    );
  });
}

function dialDirectly({ host, port }: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      // Its owner comes one turn later; a reset in between is told by 'close'.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

export type TlsWish = {
  host: string;
  timeout: number;
  /** False: any certificate will do. */
  verify: boolean;
  /** PEM trusted besides the usual. */
  ca?: string | undefined;
};

/** TLS over a connected socket. The failure says in words what was wrong with the certificate. */
export function secure(socket: Socket, wish: TlsWish): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    socket.on('error', () => {});
    const tls = connectTls({
      socket,
      host: wish.host,
      servername: isIP(wish.host) ? '' : wish.host,
      rejectUnauthorized: wish.verify,
      ...(wish.ca === undefined ? {} : { ca: [...getCACertificates('default'), wish.ca] }),
    });
    const fail = (why: string) => {
      clearTimeout(timer);
      tls.destroy();
      socket.destroy();
      reject(new Pop3Failure('tls', `no safe connection to ${wish.host}: ${why}`));
    };
    const timer = setTimeout(() => fail('the TLS handshake took too long'), wish.timeout);
    tls.on('error', error => fail(printable(error.message)));
    tls.once('close', () => fail('closed during the TLS handshake'));
    tls.once('secureConnect', () => {
      clearTimeout(timer);
      tls.removeAllListeners('close');
      resolve(tls);
    });
  });
}
