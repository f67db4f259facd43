import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSettings } from '../daemon/config.ts';
import { createIntake, type Intake } from '../daemon/intake.ts';
import { silentLog } from '../daemon/log.ts';
import { openStore, type Store } from '../daemon/store.ts';

let path: string;
let store: Store;
let intake: Intake;
beforeAll(async () => {
  path = mkdtempSync(join(tmpdir(), 'cwmail-report-'));
  const fatal = (error: Error) => {
    throw error;
  };
  store = await openStore({ path, writer: 'inline', fatal });
  intake = createIntake({
    store,
    settings: { ...loadSettings({ config: null, set: [] }).settings, data_path: path },
    log: silentLog(),
    now: () => 1,
    parked: () => null,
    wake: () => {},
    changed: () => {},
  });
});
afterAll(async () => {
  await store.close();
  rmSync(path, { recursive: true });
});

const report = (to: string) => ({ to, bytes: Buffer.from('Subject: Not delivered\r\n\r\ntext\r\n'), key: `k ${to}` });

test('prepareReport reaches a full mailbox, which takes nothing else', async () => {
  const address = 'full@localhost';
  const account = (await store.accounts.create({ address, name: '', passwordHash: null, quota: 10, at: 1 }))!;
  await store.accept((await intake.prepareReport(report(address)))!);
  expect((await store.accounts.byId(account.id))?.used).toBeGreaterThan(10);
  const stranger = { origin: 'peer' as const, account: null, address: '127.0.0.1' };
  expect((await intake.routeRecipient(stranger, address, 's')).refusal).toMatchObject({ code: 452, status: '2.2' });
  const second = await intake.prepareReport({ ...report(address), key: 'another' });
  expect(second?.recipients[0]?.routes).toMatchObject([{ kind: 'mailbox', accountId: account.id }]);
});

test('prepareReport is for nobody where there is no mailbox, or a disabled one', async () => {
  const address = 'off@localhost';
  const account = (await store.accounts.create({ address, name: '', passwordHash: null, quota: 0, at: 1 }))!;
  await store.accounts.set(account.id, { disabled: true });
  expect(await intake.prepareReport(report(address))).toBeNull();
  expect(await intake.prepareReport(report('nobody@localhost'))).toBeNull();
});
