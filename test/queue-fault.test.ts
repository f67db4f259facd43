import { afterEach, beforeEach, expect, test } from 'vitest';
import { suspendedHold } from '../daemon/parking.ts';
import { nextLook } from '../daemon/queue/schedule.ts';
import type { Queue, QueueOptions } from '../daemon/queue.ts';
import { type Delivery, StoreError } from '../daemon/store.ts';
import { until } from './harness.ts';
import { createRig, type Rig } from './queue-rig.ts';

const hour = 3_600_000;
let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.close());

const only = async () => (await rig.waiting())[0]!;

/** Sets the clock on to each next look, until it waits for a person; answers the pauses in minutes. */
async function untilSetAside(queue: Queue): Promise<number[]> {
  const pauses: number[] = [];
  for (let attempts = 1; ; attempts++) {
    const d = await until(`look ${attempts}`, async () => {
      const one = await only();
      return one.attempts === attempts && one.state !== 'sending' ? one : null;
    });
    if (d.holdKind === 'operator') return pauses;
    const wait = d.nextAt - Date.now() - rig.clock.shift;
    pauses.push(Math.round(wait / 60_000));
    rig.clock.shift += wait + 1_000;
    queue.wake();
  }
}

const release = (d: Delivery) => ({ command: 'release' as const, which: { ids: [d.id] }, by: 'a test' });

test('what cannot be read is looked at again with growing pauses, then waits for a person, and goes when it is mended', async () => {
  const hop = await rig.hop();
  rig.settings.gateway = [{ domain: '*', host: '127.0.0.1', port: hop.port }];
  rig.settings.max_retrytime = hour;
  let broken = true;
  const content: typeof rig.store.content = {
    ...rig.store.content,
    async *open(id) {
      if (broken) throw new Error('ENOENT: no such file');
      yield* rig.store.content.open(id);
    },
  };
  await rig.accept(['bob@hop.test']);
  const queue = await rig.queue({ store: { ...rig.store, content } });
  // Past its time, too: it is not returned for what is our fault.
  expect(await untilSetAside(queue)).toEqual([1, 2, 4, 8, 16, 32, 64, 120, 120]);
  const d = await only();
  expect(d).toMatchObject({
    state: 'held',
    reason: 'its content cannot be read (ENOENT: no such file): mend it and release it',
  });
  expect([hop.contents, await rig.inbox()]).toEqual([[], []]);
  expect(rig.told).toContainEqual(expect.objectContaining({ event: 'waits for a person', delivery: d.id }));
  // Released while nothing is mended it is held again at once.
  await queue.operate(release(d));
  await until('it is held again', async () => (await only()).attempts === d.attempts + 1);
  expect((await only()).holdKind).toBe('operator');
  broken = false;
  await queue.operate(release(d));
  await until('the queue is empty', async () => (await rig.waiting()).length === 0);
  expect(hop.contents).toHaveLength(1);
});

test('what a hop must be told beforehand is read before its transaction, and stops no other mail', async () => {
  const hop = await rig.hop({ offers: ['SIZE'] });
  rig.settings.gateway = [{ domain: '*', host: '127.0.0.1', port: hop.port }];
  const lost = await rig.accept(['bob@hop.test'], { eightBit: true });
  const content: typeof rig.store.content = {
    ...rig.store.content,
    async *open(id) {
      if (id === lost) throw new Error('EIO');
      yield* rig.store.content.open(id);
    },
  };
  for (let i = 0; i < 3; i++) await rig.accept(['bob@hop.test']);
  await rig.queue({ store: { ...rig.store, content } });
  await until('the others went', async () => (await rig.waiting()).length === 1);
  await until('it waits', async () => (await only()).attempts === 1);
  expect(hop.contents).toHaveLength(3);
  expect((await only()).reason).toBe('its content cannot be read (EIO): tried again');
});

test('parked mail that cannot be read when it is called for is parked again, and tells nobody', async () => {
  const hop = await rig.hop();
  rig.settings.gateway = [{ domain: '*', host: '127.0.0.1', port: hop.port }];
  rig.settings.suspend_domain = ['office.test'];
  rig.settings.delay_notice = hour;
  const content: typeof rig.store.content = {
    ...rig.store.content,
    // biome-ignore lint/correctness/useYield: it fails before it has anything.
    async *open() {
      throw new Error('EIO');
    },
  };
  const hold = suspendedHold(rig.settings, 'office.test');
  await rig.accept([{ address: 'a@office.test', routes: [{ kind: 'relay', address: 'a@office.test', hold }] }]);
  const queue = await rig.queue({ store: { ...rig.store, content } });
  rig.clock.shift = 2 * hour;
  queue.flush({ domains: ['office.test'], by: 'a test' });
  await until('it was tried', async () => (await only()).attempts === 1);
  expect(await only()).toMatchObject({
    state: 'held',
    holdKind: 'suspended domain',
    reason: expect.stringMatching(/cannot be read/),
  });
  expect(await rig.inbox()).toEqual([]);
});

test.each([
  ['a submission held for its time', null, 'could not be released (EIO: read)'],
  ['an errand of who is away', 'answer' as const, 'could not be answered (EIO: read)'],
])(
  '%s that cannot be carried out waits for a person at last, and nothing of it goes',
  async (_, errand, why) => {
    let broken = true;
    const fail = () => Promise.reject(new Error('EIO: read'));
    const prepare: Partial<QueueOptions> = {
      prepareRelease: held =>
        broken ? fail() : Promise.resolve({ release: null, refused: refusedFor(held), reports: [] }),
      prepareAnswer: () => (broken ? fail() : Promise.resolve(null)),
    };
    if (errand === null) {
      const until = Date.now() - 1;
      const routes = [{ kind: 'held' as const, address: 'bob@hop.test' }];
      const hold = { kind: 'future release' as const, reason: 'later', until };
      await rig.accept([{ address: 'bob@hop.test', routes }], { hold, accountId: rig.ann });
    } else await awayFrom('bob@hop.test');
    const queue = await rig.queue(prepare);
    expect(await untilSetAside(queue)).toHaveLength(9);
    const d = await only();
    expect(d.reason).toBe(`${why}: mend it and release it`);
    expect((await rig.store.content.read(d.contentId)).length).toBeGreaterThan(10);
    broken = false;
    await queue.operate(release(d));
    await until('the queue is empty', async () => (await rig.waiting()).length === 0);
  },
  30_000,
);

test('a submission for which there is no room just now is looked at every minute, however long that takes', async () => {
  let looks = 0;
  let full = true;
  const prepareRelease: QueueOptions['prepareRelease'] = async held => {
    looks++;
    if (full) throw new StoreError('full', 'database or disk is full');
    return { release: null, refused: refusedFor(held), reports: [] };
  };
  const routes = [{ kind: 'held' as const, address: 'bob@hop.test' }];
  const hold = { kind: 'future release' as const, reason: 'later', until: Date.now() - 1 };
  await rig.accept([{ address: 'bob@hop.test', routes }], { hold, accountId: rig.ann });
  const queue = await rig.queue({ prepareRelease });
  for (let look = 1; look <= 12; look++) {
    await until(`look ${look}`, async () => looks === look && (await only()).state === 'held');
    rig.clock.shift += 61_000;
    queue.wake();
  }
  expect((await only()).holdKind).toBe('future release');
  full = false;
  rig.clock.shift += 61_000;
  queue.wake();
  await until('the queue is empty', async () => (await rig.waiting()).length === 0);
}, 30_000);

const refusedFor = (held: Delivery[]) =>
  held.map(delivery => ({ delivery, reply: { code: 550, status: '1.1', text: 'Nobody' } }));

/** Mail for ann, who is away. */
async function awayFrom(sender: string): Promise<void> {
  const days = { from: null, until: null, firstDay: '', lastDay: '', zone: '', everyDays: 7 };
  await rig.store.vacations.save(rig.ann, { active: true, ...days, subject: '', text: 'Away.', ownText: '' });
  const routes = [{ kind: 'mailbox' as const, accountId: rig.ann, address: 'ann@us.test' }];
  const bytes = Buffer.from(`From: ${sender}\r\nTo: ann@us.test\r\nSubject: hello\r\n\r\nhello\r\n`);
  const content = { bytes, file: null, size: bytes.length };
  await rig.accept([{ address: 'ann@us.test', routes }], { content, reversePath: sender, origin: 'peer' });
}

test.each([
  [{ attempts: 1, before: false }, 1],
  [{ attempts: 4, before: true }, 8],
  [{ attempts: 9, before: true }, 120],
  [{ attempts: 10, before: true }, null],
  // A host put it off nine times; that it cannot be read is new.
  [{ attempts: 10, before: false }, 120],
  [{ attempts: 500, before: false }, 120],
])('nextLook after %j is in %j minutes', (looks, minutes) => {
  const at = nextLook(looks, 0, { retry_interval: 2 * hour, max_retrytime: 48 * hour });
  expect(at).toBe(minutes === null ? null : minutes * 60_000);
});
