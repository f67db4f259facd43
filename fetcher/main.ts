/** The fetcher as a process: rounds over the upstream accounts, and asking others to send what they keep for us. */
import { runChild, type Start } from '../daemon/child.ts';
import { connectSmtp, ourSubmitter } from '../daemon/smtp-client.ts';
import { createAlarm } from './alarm.ts';
import { startEtrn } from './etrn.ts';
import { startFetcher } from './rounds.ts';

export const startFetching: Start = async ({ settings, store, log, now, serviceKey, connect, reloaded }) => {
  const submitter = ourSubmitter(settings, 'fetcher', serviceKey);
  const alarm = createAlarm({ settings, submitter, log, now });
  const shared = { settings, log, now, alarm, random: Math.random };
  const fetcher = startFetcher({ ...shared, store, submitter, serviceKey });
  const asker = startEtrn({ ...shared, connect: connectSmtp });
  reloaded(async () => {
    asker.reconsider();
    await fetcher.reconsider();
  });
  connect({
    'fetch.now': async ({ name }: { name: string | null }) => fetcher.runNow(name ?? undefined),
    'etrn.now': async ({ name }: { name: string | null }) => asker.runNow(name ?? undefined),
    'fetch.status': async () => fetcher.status(),
  });
  return {
    async stop(graceMs) {
      asker.stop();
      await fetcher.stop(graceMs);
      await submitter.close();
    },
  };
};

if (import.meta.main) runChild('fetcher', startFetching);
