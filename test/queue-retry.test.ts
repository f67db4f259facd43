import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../daemon/log.ts';
import { createBacklog } from '../daemon/queue/backlog.ts';
import { createRig, type Rig } from './queue-rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.close());

const now = () => 5_000_000_000_000;

test('makeDue leaves alone what is claimed while it chooses: it would be sent twice', async () => {
  for (const name of ['bob', 'cat', 'dan']) await rig.accept([`${name}@hop.test`]);
  const { deliveries } = rig.store;
  let claimed: number[] = [];
  // A round of the queue comes between the look and the change.
  const list: typeof deliveries.list = async (...args) => {
    const page = await deliveries.list(...args);
    if (page.length > 0) claimed = (await deliveries.claim(now(), 2, [])).map(d => d.id);
    return page;
  };
  const settings = { online: 'always' as const, retry_interval: 1000 };
  const store = { deliveries: { ...deliveries, list } };
  const backlog = createBacklog({ store, settings, now, random: () => 0, log: silentLog() });
  expect(await backlog.makeDue(null)).toBe(1);
  expect(claimed).toHaveLength(2);
  expect((await deliveries.claim(now(), 10, [])).map(d => d.id)).not.toEqual(expect.arrayContaining(claimed));
});

test('hold leaves alone what is under way; release takes back only that', async () => {
  const { deliveries } = rig.store;
  const ids = (await rig.waiting()).map(d => d.id);
  await deliveries.hold(ids, 'parked', 1);
  expect(await deliveries.count()).toEqual({ waiting: 0, sending: 3, held: 0 });
  await deliveries.release(ids, 2, '');
  expect(await deliveries.count()).toEqual({ waiting: 3, sending: 0, held: 0 });
  await deliveries.hold(ids, 'parked', 3);
  await deliveries.release(ids, 4, '');
  expect(await deliveries.count()).toEqual({ waiting: 0, sending: 0, held: 3 });
});
