/** Our own door as the fetcher meets it: store, intake and submission listener, with the service's submitter. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuth } from '../daemon/auth.ts';
import { loadSettings, type Settings } from '../daemon/config.ts';
import { createIntake } from '../daemon/intake.ts';
import { type Log, silentLog } from '../daemon/log.ts';
import { createSubmitter } from '../daemon/smtp-client.ts';
import { type Collecting, createSmtpServer, type SmtpOptions } from '../daemon/smtp-server.ts';
import { openStore } from '../daemon/store.ts';
import { createSeal } from '../daemon/wire/seal.ts';
import { createFeed } from '../fetcher/feed.ts';
import { connectPop3 } from '../fetcher/pop3-client.ts';
import { type FetchDeps, fetchAccount, type MailboxAccount } from '../fetcher/popfetch.ts';
import { localhost } from './certificate.ts';

export const serviceKey = 'the key of the service';

/** For servers that keep no mail for anybody. */
export const nobodyCollects: Collecting = {
  offersEtrn: () => false,
  offersAtrn: () => false,
  etrn: () => Promise.reject(new Error('nobody is asked here')),
  atrn: () => Promise.reject(new Error('nobody is asked here')),
};

export type Door = Awaited<ReturnType<typeof openDoor>>;

/** Accounts: ann, bob and postmaster of example.org. */
export async function openDoor(over: Partial<Settings> = {}, listener: Partial<SmtpOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-'));
  const loaded = loadSettings({ config: null, set: [] }).settings;
  const settings: Settings = { ...loaded, host_domain: ['example.org'], data_path: folder, ...over };
  const store = await openStore({ path: folder, writer: 'inline', fatal: error => console.error(error) });
  for (const name of ['ann', 'bob', 'postmaster'])
    await store.accounts.create({ address: `${name}@example.org`, name, passwordHash: null, quota: 0, at: 1 });
  const log = silentLog();
  const now = Date.now;
  const auth = createAuth({ store, settings, seal: createSeal('key', 'test'), now, log });
  const intake = createIntake({ store, settings, log, now, parked: () => null, wake: () => {}, changed: () => {} });
  const collecting = nobodyCollects;
  const shared = { settings, store, auth, intake, log, tls: localhost, serviceKey, collecting };
  const smtp = createSmtpServer({ ...shared, role: 'submission', ...listener });
  await new Promise<void>(resolve => smtp.server.listen(0, '127.0.0.1', resolve));
  const { port } = smtp.server.address() as AddressInfo;
  const submitter = createSubmitter({
    host: '127.0.0.1',
    port,
    name: 'localhost',
    service: 'fetcher',
    password: serviceKey,
  });
  return {
    folder,
    settings,
    store,
    submitter,
    port,
    /** The content of every message in an Inbox, oldest first, without the line that our Received adds. */
    async inbox(name: string): Promise<string[]> {
      const account = (await store.accounts.byAddress(`${name}@example.org`))!;
      const found: string[] = [];
      for (const { id } of await store.messages.maildrop(account.id)) {
        const message = (await store.messages.get(account.id, id))!;
        const bytes = await store.content.read(message.contentId);
        found.push(bytes.toString('latin1').replace(/^Received:.*\r\n(?:[ \t].*\r\n)*/, ''));
      }
      return found;
    },
    async close() {
      await submitter.close();
      await smtp.close(100);
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** An account that fetches all mail of the upstream for ann. */
export const accountAt = (port: number, over: Partial<MailboxAccount> = {}): MailboxAccount => ({
  name: 'u@upstream:110',
  to: { kind: 'address', address: 'ann@example.org' },
  host: 'localhost',
  port,
  user: 'u',
  password: 'secret',
  implicitTls: false,
  tls: 'off',
  every: 600_000,
  after: { kind: 'delete' },
  ...over,
});

export type VisitOver = Partial<Omit<FetchDeps, 'account'>> & { account?: Partial<MailboxAccount>; timeout?: number };

/** One visit, with everything real. */
export function visit(door: Door, port: number, over: VisitOver = {}) {
  const { account: accountOver, timeout = 5000, ...deps } = over;
  const account = accountAt(port, accountOver);
  return fetchAccount({
    connect: () => connectPop3({ ...account, timeout }),
    fetched: door.store.fetched,
    feed: createFeed(door.submitter),
    maxSize: door.settings.max_message_size,
    now: Date.now,
    log: silentLog(),
    ...deps,
    account,
  });
}

/** A log that tells of every line it gets. */
export function tellingLog(tell: (event: string) => void): Log {
  const say = (event: string) => tell(event);
  const log: Log = { debug: say, info: say, warn: say, error: say, always: say, child: () => log };
  return log;
}
