/** The site's servers for HTTP, HTTPS and CGI, made but not yet listening: who binds the ports decides the caller. */
import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import { createAdaptorServer } from '@hono/node-server';
import type { TlsPair } from '../daemon/wire/certificate.ts';
import type { App } from './app.ts';

export type Servers = {
  http: HttpServer;
  https: HttpsServer;
  /** For `cwmail cgi`: what it says of the visitor is believed. */
  cgi: HttpServer;
  /** New connections get this certificate. */
  certify(tls: TlsPair): void;
  /** Takes no new connections, ends event streams, and cuts after `grace` milliseconds what is still open. */
  close(grace: number): Promise<void>;
};

/** A slow or silent client may not hold a connection for ever; the upload of a large file may take its time. */
const limits = { headersTimeout: 20_000, requestTimeout: 15 * 60_000, keepAliveTimeout: 15_000, maxHeaderSize: 16_384 };

export function serveSite({ app, tls }: { app: App; tls?: TlsPair }): Servers {
  const shared = { fetch: app.fetch };
  const http = createAdaptorServer({ ...shared, createServer, serverOptions: limits }) as HttpServer;
  const https = createAdaptorServer({
    ...shared,
    createServer: createTlsServer,
    serverOptions: { ...limits, ...tls, minVersion: 'TLSv1.2' },
  }) as HttpsServer;
  const viaCgi = (request: Request, env: object) => app.fetch(request, { ...env, cgi: true });
  const cgi = createAdaptorServer({ ...shared, fetch: viaCgi, createServer, serverOptions: limits }) as HttpServer;
  const all = [http, https, cgi];
  for (const server of all) server.maxRequestsPerSocket = 1000;
  return {
    http,
    https,
    cgi,
    certify: ({ key, cert }) => https.setSecureContext({ key, cert, minVersion: 'TLSv1.2' }),
    async close(grace) {
      app.endStreams();
      const cut = setTimeout(
        () =>
          all.forEach(server => {
            server.closeAllConnections();
          }),
        grace,
      );
      await Promise.all(all.map(closed));
      clearTimeout(cut);
    },
  };
}

const closed = (server: HttpServer | HttpsServer): Promise<void> =>
  new Promise(resolve => {
    server.closeIdleConnections();
    server.close(() => resolve());
    if (!server.listening) resolve();
  });
