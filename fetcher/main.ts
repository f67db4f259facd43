/** The fetcher as a process: rounds over the upstream accounts, and asking others to send what they keep for us. */
import { runChild, type Start } from '../daemon/child.ts';
import { connectSmtp, ourSubmitter } from '../daemon/smtp-client.ts';
import { createSeal, providerPasswords } from '../daemon/wire/seal.ts';
import { createAlarm } from './alarm.ts';
import { startEtrn } from './etrn.ts';
import { askProvider, createProvided } from './provided.ts';
import { startFetcher } from './rounds.ts';

export const startFetching: Start = async ({ settings, store, log, now, serviceKey, connect, reloaded }) => {
  const submitter = ourSubmitter(settings, 'fetcher', serviceKey);
  const alarm = createAlarm({ settings, submitter, log, now });
  const shared = { settings, log, now, alarm, random: Math.random };
  const seal = createSeal(serviceKey, providerPasswords);
  const provided = createProvided({ settings, store, seal, now });
  const asker = startEtrn({ ...shared, connect: connectSmtp });
  const fetcher = startFetcher({ ...shared, store, submitter, serviceKey, provided });
  if (settings.webmail_for) await fetcher.reconsider();
  reloaded(async () => {
    asker.reconsider();
    await fetcher.reconsider();
  });
  connect({
    'fetch.now': async ({ name }: { name: string | null }) => fetcher.runNow(name ?? undefined),
    'etrn.now': async ({ name }: { name: string | null }) => asker.runNow(name ?? undefined),
    'fetch.status': async () => fetcher.status(),
    'fetch.signedIn': async ({ address }: { address: string }) => {
      await fetcher.reconsider();
      const name = provided.nameOf(address);
      if (name !== null) void fetcher.runNow(name);
    },
    'provider.ask': async ({ user, password }: { user: string; password: string }) => {
      if (!settings.webmail_for) throw new Error('there is no provider');
      return askProvider(settings.webmail_for, user, password);
    },
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
