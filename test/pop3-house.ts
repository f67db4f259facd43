import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuth, hashPassword } from '../daemon/auth.ts';
import type { Settings } from '../daemon/config.ts';
import { silentLog } from '../daemon/log.ts';
import { createPop3Server, type Pop3Options } from '../daemon/pop3-server.ts';
import { openStore, type Store } from '../daemon/store.ts';
import { createSeal } from '../daemon/wire/seal.ts';
import { noSummary, plainTerms } from './acceptance.ts';
import { localhost } from './certificate.ts';

export const password = 'correct horse';

/** A POP3 server on a port of the kernel's choice, over a real store in a folder of its own. */
export async function startPop3(options: Partial<Pop3Options> & { folder?: string } = {}) {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'cwmail-pop3-'));
  const store = options.store ?? (await openStore({ path: folder, writer: 'inline', fatal: failLoudly }));
  const settings = {
    host_domain: ['example.org'],
    vdomain: [],
    signup: 'open',
    user_quota: 0,
  } as Partial<Settings> as Settings;
  const now = () => Date.now();
  const auth = createAuth({ store, settings, seal: createSeal('key', 'test'), now, log: silentLog() });
  const pop3 = createPop3Server({ store, auth, log: silentLog(), now, tls: () => localhost, ...options });
  for (const server of [pop3.server, pop3.tlsServer])
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    ...pop3,
    folder,
    store,
    auth,
    port: (pop3.server.address() as AddressInfo).port,
    tlsPort: (pop3.tlsServer.address() as AddressInfo).port,
    async stop(keep = false) {
      await pop3.close(100);
      await store.close();
      if (!keep) rmSync(folder, { recursive: true });
    },
  };
}

function failLoudly(error: Error): never {
  throw error;
}

let hash: Promise<string> | null = null;

/** An account with the one password of these tests. */
export async function addAccount(store: Store, name: string): Promise<number> {
  hash ??= hashPassword(password);
  const account = await store.accounts.create({
    address: `${name}@example.org`,
    name: '',
    passwordHash: await hash,
    quota: 0,
    at: Date.now(),
  });
  return account!.id;
}

let arrived = Date.UTC(2026, 0, 1);

/** Puts content into the Inbox as the door would, a second after the one before it. */
export async function deliver(store: Store, accountId: number, content: Buffer | string): Promise<void> {
  const writer = store.content.create();
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += 65_536) await writer.write(bytes.subarray(at, at + 65_536));
  arrived += 1000;
  await store.accept({
    ...nothingKnown,
    content: await writer.finish(),
    receivedAt: arrived,
    recipients: [
      { address: 'x', notify: null, orcpt: null, routes: [{ kind: 'mailbox', accountId, address: 'x@example.org' }] },
    ],
  });
}

/** What `deliver` writes in front. */
export const prefix = 'Return-Path: <s@example.net>\r\nDelivered-To: x@example.org\r\n';

const nothingKnown = { ...plainTerms, tree: null, summary: noSummary, reversePath: 's@example.net' };
