import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { silentLog } from '../daemon/log.ts';
import { type Change, openStore, type Store } from '../daemon/store.ts';
import { startSweep } from '../daemon/sweep.ts';
import { startHouse, until } from './harness.ts';
import { acceptance } from './store-contract.ts';

const fatal = (error: Error) => {
  throw error;
};
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function snoozed(store: Store, address: string, at: number) {
  const ann =
    (await store.accounts.byAddress(address)) ??
    (await store.accounts.create({ address, name: '', passwordHash: null, quota: 0, at: 1 }))!;
  const route = { kind: 'mailbox', accountId: ann.id, address } as const;
  await store.accept(acceptance('later', [route], 1000, {}));
  const inbox = await store.folders.byRole(ann.id, 'inbox');
  const [m] = (await store.messages.page(ann.id, inbox.id, 1)).messages;
  await store.snoozes.snooze(ann.id, [m!.id], at, 1000);
  return {
    ann,
    inbox,
    id: m!.id,
    isBack: async () => (await store.messages.get(ann.id, m!.id))!.folderId === inbox.id,
  };
}

test('startSweep brings back by its clock, tells of it once, and makes up for the time nobody ran', async () => {
  const path = mkdtempSync(join(tmpdir(), 'cwmail-sweep-'));
  const store = await openStore({ path, writer: 'inline', fatal });
  const clock = { now: 5000 };
  const told: Change[] = [];
  const changed = (changes: Change[]) => void told.push(...changes);
  const sweep = startSweep({ store, now: () => clock.now, log: silentLog(), changed });
  stops.push(
    () => rmSync(path, { recursive: true }),
    () => store.close(),
    sweep.stop,
  );
  const { isBack, inbox } = await snoozed(store, 'ann@x.org', 9000);
  await sweep.look();
  expect([await isBack(), told]).toEqual([false, []]);
  clock.now = 9_000_000;
  await Promise.all([sweep.look(), sweep.look()]);
  expect(await isBack()).toBe(true);
  expect(told.at(-1)).toMatchObject({ folderId: inbox.id });
  told.length = 0;
  // A clock that was set back brings nothing back twice.
  clock.now = 100;
  await sweep.look();
  expect(told).toEqual([]);
});

test('the daemon brings back what fell due while it was away', async () => {
  const house = await startHouse();
  stops.push(() => house.remove());
  await house.addUser('ann@localhost', 'correct horse 1');
  await house.kill();
  const store = await openStore({ path: house.data, writer: 'inline', fatal, indexes: false });
  const { isBack } = await snoozed(store, 'ann@localhost', Date.now() - 1000);
  expect(await isBack()).toBe(false);
  await house.restart();
  await until('what was due', isBack, 30_000);
  await store.close();
});
