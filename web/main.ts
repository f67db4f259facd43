/** The site as a process: the app, its servers, and its way to the daemon. */
import { runChild, type Start } from '../daemon/child.ts';
import { derived } from '../daemon/config.ts';
import { mayGoOut } from '../daemon/online.ts';
import { ourSubmitter } from '../daemon/smtp-client.ts';
import { localAddresses } from '../daemon/wire/dial.ts';
import { createResolver } from '../daemon/wire/dns.ts';
import { post } from '../daemon/wire/post.ts';
import { createVapid } from '../daemon/wire/web-push.ts';
import { createApp, serveSite } from './app.ts';
import { listenForCgi } from './cgi-socket.ts';

const postTimeoutMs = 15_000;

export const startWeb: Start = async ({ settings, store, log, now, tls, serviceKey, connect, listen, reloaded }) => {
  const tell = connect({});
  const resolver = createResolver({ servers: settings.dns_host, timeout: 5_000 });
  const submitter = ourSubmitter(settings, 'webmail', serviceKey);
  const road = derived(
    () => settings.outgoing_ip,
    ips => ({ addresses: resolver.addresses, from: localAddresses(ips), timeout: postTimeoutMs }),
  );
  const app = createApp({
    settings,
    store,
    tell,
    log,
    now,
    vapid: createVapid(serviceKey, `mailto:postmaster@${settings.host_domain[0] ?? 'localhost'}`),
    submit: (account, s) => submitter.send(account.address, s),
    post: (url, form) =>
      mayGoOut(settings, now()).yes ? post(url, form, road()) : Promise.resolve({ kind: 'off line' }),
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
