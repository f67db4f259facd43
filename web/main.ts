/** The site as a process: the app, its servers, and its way to the daemon. */
import { runChild, type Start } from '../daemon/child.ts';
import { createSubmitter } from '../daemon/smtp-client.ts';
import { createApp, serveSite } from './app.ts';

export const startWeb: Start = async ({ settings, store, log, now, tls, serviceKey, connect, listen }) => {
  const tell = connect({});
  const submitter = createSubmitter({
    host: settings.listen,
    port: settings.submission_port,
    name: settings.host_domain[0]!,
    service: 'webmail',
    password: serviceKey,
  });
  const app = createApp({
    settings,
    store,
    tell,
    log,
    now,
    submit: (account, s) => submitter.send(account.address, s),
  });
  const site = serveSite({ app, settings, tls });
  await listen(site.http, 'http');
  if (site.https) await listen(site.https, 'https');
  return {
    async stop(graceMs) {
      await site.close(graceMs);
      await submitter.close();
    },
  };
};

if (import.meta.main) runChild('web', startWeb);
