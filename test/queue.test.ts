import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createResolver } from '../daemon/wire/dns.ts';
import { until } from './harness.ts';
import { nameServer, type Zone } from './name-server.ts';
import { createRig, letter, type Rig } from './queue-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.close());

const gateway = (port: number, domain = '*') => ({ domain, host: '127.0.0.1', port });
const empty = async () => (await rig.waiting()).length === 0;
const hour = 3_600_000;
const offLine = 'off line: the setting online is never';
const retryAll = { command: 'retry' as const, which: {}, by: 'a test' };

/** A gateway for everything, by script. */
async function gated(script?: Parameters<Rig['hop']>[0]) {
  const hop = await rig.hop(script);
  rig.settings.gateway.push(gateway(hop.port));
  return hop;
}

test('queue carries what waits, byte for byte, and keeps what happened', async () => {
  const hop = await gated();
  await rig.queue();
  const kept = {
    address: 'ann@us.test',
    routes: [{ kind: 'mailbox' as const, accountId: rig.ann, address: 'ann@us.test' }],
  };
  const content = await rig.accept(['bob@hop.test', 'cat@hop.test', kept]);
  const queue = await rig.queue();
  await until('the queue is empty', empty);
  expect(hop.contents).toEqual([letter.replace('\r\n.\r\n', '\r\n..\r\n')]);
  expect(hop.heard.filter(line => line.startsWith('MAIL'))).toEqual([`MAIL FROM:<ann@us.test> SIZE=${letter.length}`]);
  const steps = await rig.store.deliveries.timeline(content);
  expect(steps.filter(s => s.event === 'delivered').map(s => [s.recipient, s.detail])).toEqual([
    ['bob@hop.test', '127.0.0.1: 250 2.0.0 Taken'],
    ['cat@hop.test', '127.0.0.1: 250 2.0.0 Taken'],
  ]);
  expect((await queue.status()).counts).toEqual({ waiting: 0, sending: 0, held: 0, holds: {} });
  expect(await rig.inbox()).toHaveLength(1);
});

test('wake starts what was accepted just now', async () => {
  await gated();
  const queue = await rig.queue();
  await rig.accept(['bob@hop.test']);
  queue.wake();
  await until('the queue is empty', empty, 2000);
});

test('queue tries again later what was put off, and says why it waits', async () => {
  const hop = await gated({ answers: { RCPT: ['450 4.2.0 Greylisted', '250 Ok'], DATA: ['503 a', '354 b'] } });
  await rig.accept(['bob@hop.test']);
  const queue = await rig.queue();
  await until('it was tried', async () => (await rig.waiting())[0]?.attempts === 1);
  const [d] = await rig.waiting();
  expect(d).toMatchObject({
    state: 'waiting',
    lastReply: '450 4.2.0 Greylisted',
    reason: '127.0.0.1 answered: 450 4.2.0 Greylisted',
  });
  const pause = ((d?.nextAt ?? 0) - Date.now()) / 60_000;
  expect(pause).toBeGreaterThan(5);
  expect(pause).toBeLessThan(30);
  queue.wake();
  await new Promise(resolve => setTimeout(resolve, 100));
  expect(hop.heard.filter(line => line.startsWith('RCPT'))).toHaveLength(1);
  rig.clock.shift += 31 * 60_000;
  queue.wake();
  await until('the queue is empty', empty);
  expect(hop.contents).toHaveLength(1);
});

test('operate retry asks at once, also a host found dead', async () => {
  const hop = await gated({ greeting: '421 4.3.2 Later' });
  await rig.accept(['bob@hop.test']);
  const queue = await rig.queue();
  await until('it is known as dead', async () => (await queue.status()).hops[0]?.pausedUntil != null);
  expect((await queue.status()).hops).toMatchObject([{ connections: 0 }]);
  expect(await rig.waiting()).toMatchObject([{ attempts: 1 }]);
  hop.script.greeting = '220 hop.test';
  expect(await queue.operate(retryAll)).toMatchObject({ changed: 1 });
  await until('the queue is empty', empty);
});

test('queue dials a dead host once for all that waits for it', async () => {
  const hop = await gated({ greeting: '421 4.3.2 Later' });
  for (let i = 0; i < 5; i++) await rig.accept([`r${i}@hop${i}.test`]);
  const queue = await rig.queue();
  await until('all were tried', async () => (await rig.waiting()).every(d => d.attempts === 1));
  await rig.accept(['new@hop.test']);
  queue.wake();
  await until('the new one counts as tried', async () => (await rig.waiting()).every(d => d.attempts === 1));
  expect(hop.connections).toBe(1);
});

describe('online', () => {
  test('queue parks all that waits while online is never, dials nobody, and lets it go later', async () => {
    const hop = await gated();
    await rig.accept(['bob@hop.test']);
    await rig.accept(['cat@hop.test'], { hold: { kind: 'operator', reason: 'held by a person', until: null } });
    rig.settings.online = 'never';
    const queue = await rig.queue();
    await rig.accept(['dan@hop.test'], { hold: { kind: 'off line', reason: offLine, until: null } });
    queue.wake();
    await expect(queue.operate(retryAll)).rejects.toThrow('nothing goes out now: off line');
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(hop.connections).toBe(0);
    expect((await rig.waiting()).map(d => [d.state, d.reason])).toEqual([
      ['held', offLine],
      ['held', 'held by a person'],
      ['held', offLine],
    ]);
    expect(rig.told.filter(t => t.event === 'parked')).toHaveLength(1);
    rig.settings.online = 'always';
    await rig.queue();
    await until('the two are gone', async () => (await rig.waiting()).length === 1);
    expect((await rig.waiting())[0]).toMatchObject({ state: 'held', reason: 'held by a person' });
  });
});

describe('settings', () => {
  test('queue reads its settings at each use: on line, gateway, limits', async () => {
    const hop = await rig.hop();
    rig.settings.online = 'never';
    await rig.accept(['bob@hop.test']);
    const queue = await rig.queue();
    expect((await rig.waiting())[0]?.holdKind).toBe('off line');
    rig.settings.online = 'always';
    rig.settings.gateway = [gateway(hop.port)];
    await queue.reconsider();
    queue.wake();
    await until('it has gone', empty);
    hop.script.answers = { RCPT: '450 a', DATA: '503 a' };
    rig.settings.retry_interval = 60_000;
    await rig.accept(['cat@hop.test']);
    queue.wake();
    await until('it was tried', async () => (await rig.waiting())[0]?.attempts === 1);
    expect((await rig.waiting())[0]?.nextAt).toBeLessThan(Date.now() + 61_000);
    rig.settings.online = 'never';
    await queue.reconsider();
    expect((await rig.waiting())[0]?.holdKind).toBe('off line');
  });
});

describe('expiry', () => {
  test('queue gives up when max_retrytime is reached, and reports it', async () => {
    await gated({ answers: { RCPT: '450 4.2.2 Full' } });
    await rig.accept(['bob@hop.test']);
    const queue = await rig.queue();
    let attempts = 0;
    for (let step = 0; step < 40 && !(await empty()); step++) {
      await until(
        'an attempt was made',
        async () => (await empty()) || ((await rig.waiting())[0]?.attempts ?? 0) > attempts,
      );
      const [d] = await rig.waiting();
      if (!d) break;
      attempts = d.attempts;
      rig.clock.shift = d.nextAt - Date.now();
      queue.wake();
    }
    await until('the queue is empty', empty);
    expect(attempts).toBeGreaterThan(20);
    expect(rig.clock.shift / hour).toBeGreaterThan(47.9);
    expect(rig.clock.shift / hour).toBeLessThan(48.1);
    const [report] = await rig.inbox();
    expect(report?.toString()).toMatch(/Status: 4\.4\.7/);
  });

  test('queue mends what a clock set back has put far away', async () => {
    const hop = await gated({ answers: { RCPT: ['450 a', '250 b'], DATA: ['503 a', '354 b'] } });
    rig.clock.shift = 24 * hour;
    await rig.accept(['bob@hop.test']);
    const queue = await rig.queue();
    await until('it was tried', async () => (await rig.waiting())[0]?.attempts === 1);
    rig.clock.shift = 0;
    queue.wake();
    await until('it is due soon', async () => ((await rig.waiting())[0]?.nextAt ?? 0) < Date.now() + 2 * hour);
    rig.clock.shift = 2 * hour;
    queue.wake();
    await until('the queue is empty', empty);
    expect(hop.contents).toHaveLength(1);
  });
});

test('queue mends at its start what a wrong clock put far away in its last life', async () => {
  const hop = await gated();
  rig.clock.shift = 365 * 24 * hour;
  await rig.accept(['bob@hop.test']);
  rig.clock.shift = 0;
  await rig.queue();
  const [d] = await rig.waiting();
  expect((d?.nextAt ?? 0) - Date.now()).toBeLessThanOrEqual(rig.settings.retry_interval);
  expect(hop.connections).toBe(0);
});

describe('fairness', () => {
  const silent = Array.from({ length: 30 }, (_, i) => `dead${i}.test`);
  let dns: Awaited<ReturnType<typeof nameServer>>;
  afterEach(() => dns.close());

  test('queue serves a live destination while thirty others are dead and slow', async () => {
    const live = await rig.hop({}, 0, '127.0.0.1');
    const dead = await rig.hop({ greeting: 'SILENCE' }, live.port, '127.0.0.2');
    const zone: Zone = { 'live.test': { A: ['127.0.0.1'] } };
    for (const domain of silent) zone[domain] = { A: ['127.0.0.2'] };
    dns = await nameServer(zone);
    for (const domain of silent) for (let i = 0; i < 5; i++) await rig.accept([`r${i}@${domain}`]);
    await rig.accept(Array.from({ length: 50 }, (_, i) => `r${i}@live.test`));
    await rig.queue({
      resolver: createResolver({ servers: [dns.address], timeout: 200 }),
      exchangers: { port: live.port, allowLoopback: true },
      timeouts: { connect: 60_000, greeting: 60_000, command: 60_000 },
    });
    await until('live.test has its mail', async () => (await rig.waiting()).every(d => d.domain !== 'live.test'));
    // None of the dead ones had to be given up for that.
    expect((await rig.waiting()).filter(d => d.attempts > 0)).toEqual([]);
    await until('each of the dead is dialled', () => dead.connections === 30);
    expect(live.contents).toHaveLength(1);
  });

  // However a destination is dead: it says nothing, or nobody is there.
  for (const how of ['SILENCE', 'refused'] as const)
    test(`queue serves a live destination at once while thousands wait for a dead one (${how})`, async () => {
      const live = await rig.hop();
      if (how === 'SILENCE') await rig.hop({ greeting: how }, live.port, '127.0.0.2');
      dns = await nameServer({ 'live.test': { A: ['127.0.0.1'] }, 'dead.test': { A: ['127.0.0.2'] } });
      const crowd = 6000;
      for (let i = 0; i < crowd; i += 1000)
        await rig.accept(Array.from({ length: 1000 }, (_, n) => `r${i + n}@dead.test`));
      let inMemory = 0;
      let most = 0;
      const { deliveries } = rig.store;
      const counting: typeof deliveries = {
        ...deliveries,
        async claim(...args) {
          const claimed = await deliveries.claim(...args);
          inMemory += claimed.length;
          most = Math.max(most, inMemory);
          return claimed;
        },
        async settle(...args) {
          inMemory -= args[0].length;
          return await deliveries.settle(...args);
        },
      };
      const queue = await rig.queue({
        store: { ...rig.store, deliveries: counting },
        resolver: createResolver({ servers: [dns.address], timeout: 500 }),
        exchangers: { port: live.port, allowLoopback: true },
        timeouts: { connect: 60_000, greeting: 60_000 },
      });
      const untried = async () => (await rig.store.deliveries.list(crowd)).filter(d => d.attempts === 0).length;
      await until('the dead one was dialled', async () => (await queue.status()).hops.length > 0);
      for (let i = 0; i < 20; i++) {
        await rig.accept([`r${i}@live.test`]);
        queue.wake();
        await until('it has gone', () => live.contents.length === i + 1);
        if (i === 0) expect(await untried()).toBeGreaterThan(200);
      }
      // Only a page of them is ever in memory, for each of the two.
      expect(most).toBeLessThanOrEqual(600);
    });

  test('queue opens no more connections to a destination than it may, and uses them once it is proven', async () => {
    dns = await nameServer({});
    const hop = await gated({ answers: { '.': s => setTimeout(() => s.write('250 Ok\r\n'), 30) } });
    for (let i = 0; i < 30; i++) await rig.accept([`r${i}@d${i}.test`]);
    const queue = await rig.queue();
    await until('the first is delivered', () => hop.contents.length > 0);
    expect(hop.most).toBe(1);
    for (let i = 0; i < 60; i++) await rig.accept([`r${i}@d${i}.test`]);
    queue.wake();
    await until('the queue is empty', empty);
    expect(hop.contents).toHaveLength(90);
    expect(hop.most).toBe(4);
  });
});

describe('restart', () => {
  test('queue sends what was under way when it died', async () => {
    const hop = await gated();
    await rig.accept(['bob@hop.test']);
    expect(await rig.store.deliveries.claim(Date.now(), 10, [])).toHaveLength(1);
    await rig.queue();
    await until('the queue is empty', empty);
    expect(hop.contents).toHaveLength(1);
  });

  test('stop lets a delivery end within its grace', async () => {
    const hop = await gated({ answers: { '.': s => setTimeout(() => s.write('250 Ok\r\n'), 300) } });
    await rig.accept(['bob@hop.test']);
    const queue = await rig.queue({ timeouts: {} });
    await until('it is under way', () => hop.contents.length === 1);
    await queue.stop(5000);
    expect(await rig.waiting()).toEqual([]);
  });

  test('stop cuts off what does not end, and that is due at the next start', async () => {
    const hop = await gated({ answers: { '.': ['SILENCE', '250 Ok'] } });
    await rig.accept(['bob@hop.test']);
    const queue = await rig.queue({ timeouts: {} });
    await until('it is under way', () => hop.contents.length === 1);
    const began = performance.now();
    await queue.stop(100);
    // By itself the host would be waited for for minutes.
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(await rig.waiting()).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    await rig.queue();
    await until('the queue is empty', empty);
  });

  test('queue writes an outcome it could not write at once, and sends nothing twice', async () => {
    const hop = await gated();
    await rig.accept(['bob@hop.test']);
    let failures = 1;
    const deliveries: typeof rig.store.deliveries = {
      ...rig.store.deliveries,
      async settle(...args) {
        if (failures-- > 0) throw new Error('the disk is full');
        return rig.store.deliveries.settle(...args);
      },
    };
    await rig.queue({ store: { ...rig.store, deliveries } });
    await until('the queue is empty', empty);
    expect(hop.contents).toHaveLength(1);
  });

  test('queue offers again to the store what it would not take back', async () => {
    await gated();
    await rig.accept(['bob@hop.test']);
    let failures = 1;
    const deliveries: typeof rig.store.deliveries = {
      ...rig.store.deliveries,
      async release(...args) {
        if (failures-- > 0) throw new Error('the disk is full');
        return rig.store.deliveries.release(...args);
      },
    };
    let broken = true;
    const connect = async () => {
      if (broken) throw new Error('something nobody thought of');
      return (await import('../daemon/smtp-client.ts')).connectSmtp({
        host: '127.0.0.1',
        port: rig.settings.gateway[0]?.port ?? 0,
        name: 'u',
        tls: 'off',
      });
    };
    const queue = await rig.queue({ store: { ...rig.store, deliveries }, connect });
    await until('it is waiting again', async () => (await rig.waiting())[0]?.state === 'waiting' && failures < 0);
    broken = false;
    await queue.operate(retryAll);
    await until('the queue is empty', empty);
  });
});
