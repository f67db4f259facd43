/** The site as a process: the app, its servers, and its way to the daemon. */
import { runChild, type Start } from '../daemon/child.ts';
import { ourSubmitter } from '../daemon/smtp-client.ts';
import { createApp, serveSite } from './app.ts';
import { listenForCgi } from './cgi-socket.ts';

export const startWeb: Start = async ({ settings, store, log, now, tls, serviceKey, connect, listen, reloaded }) => {
  const tell = connect({});
  const submitter = ourSubmitter(settings, 'webmail', serviceKey);
  const app = createApp({
    settings,
    store,
    tell,
    log,
    now,
    submit: (account, s) => submitter.send(account.address, s),
  });
  const site = serveSite({ app, tls });
  reloaded(changed => {
    if (changed.has('tls_cert')) site.certify(tls);
  });
  await listen(site.http, 'http');
  await listen(site.https, 'https');
  if (settings.cgi_socket) await listenForCgi(site.cgi, settings.cgi_socket);
  return {
    async stop(graceMs) {
      await site.close(graceMs);
      await submitter.close();
    },
  };
};

if (import.meta.main) runChild('web', startWeb);
