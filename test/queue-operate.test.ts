import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Command } from '../daemon/queue.ts';
import { until } from './harness.ts';
import type { Script } from './next-hop.ts';
import { createRig, type Rig } from './queue-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.close());

async function gated(script?: Script) {
  const hop = await rig.hop(script);
  rig.settings.gateway.push({ domain: '*', host: '127.0.0.1', port: hop.port });
  return hop;
}
const by = 'operator ann';

describe('operate', () => {
  // What each order makes of one that waits, one that is held, and one that is being sent.
  const rows: [Command, [string, string, string][], string[]][] = [
    [
      'hold',
      [
        ['w', 'held', 'operator'],
        ['h', 'held', 'operator'],
        ['s', 'sending', ''],
      ],
      ['w', 'h'],
    ],
    [
      'release',
      [
        ['w', 'waiting', ''],
        ['h', 'waiting', ''],
        ['s', 'sending', ''],
      ],
      ['h'],
    ],
    [
      'retry',
      [
        ['w', 'waiting', ''],
        ['h', 'held', 'operator'],
        ['s', 'sending', ''],
      ],
      ['w'],
    ],
    ['delete', [['s', 'sending', '']], ['w', 'h']],
    ['bounce', [['s', 'sending', '']], ['w', 'h']],
  ];
  for (const [command, left, changed] of rows)
    test(`operate ${command} leaves alone what is being sent, and logs who asked`, async () => {
      await gated({ greeting: 'SILENCE' });
      await rig.accept(['s@hop.test']);
      const queue = await rig.queue({ timeouts: { connect: 60_000, greeting: 60_000 } });
      await until('it is being sent', async () => (await rig.waiting())[0]?.state === 'sending');
      await rig.accept(['w@hop.test'], { receivedAt: Date.now() + 3_600_000 });
      await rig.accept(['h@hop.test'], { hold: { kind: 'operator', reason: 'held', until: null } });
      const [s, w, h] = (await rig.waiting()).map(d => d.id);
      const ids: Record<string, number | undefined> = { s, w, h };
      // While one connection is opened to a hop, nothing else of it is claimed.
      const done = await queue.operate({ command, which: { domain: 'hop.test' }, by });
      const now = (await rig.waiting()).map(d => [d.recipient.slice(0, 1), d.state, d.holdKind ?? '']);
      expect(now.sort()).toEqual([...left].sort());
      expect(done).toEqual({ changed: changed.length, first: changed.map(c => ids[c]), sending: 1, firstSending: [s] });
      expect(rig.told).toContainEqual(expect.objectContaining({ event: 'queue changed', command, by, sending: 1 }));
      expect(await rig.inbox()).toHaveLength(command === 'bounce' ? 2 : 0);
      if (command !== 'bounce') return;
      const [report] = await rig.inbox();
      expect(report?.toString()).toMatch(/554 5\.3\.0 The administrator of this mail server took it out of the queue/);
    });

  test('operate retry names a held one by its id, and it goes', async () => {
    const hop = await gated();
    await rig.accept(['h@hop.test'], { hold: { kind: 'operator', reason: 'held', until: null } });
    const queue = await rig.queue();
    const [held] = await rig.waiting();
    expect(await queue.operate({ command: 'retry', which: {}, by })).toMatchObject({ changed: 0 });
    expect(await queue.operate({ command: 'retry', which: { ids: [held!.id] }, by })).toMatchObject({ changed: 1 });
    await until('it has gone', () => hop.contents.length === 1);
  });

  test('operate under load neither loses nor doubles: each is sent, or deleted, once', async () => {
    const hop = await gated();
    for (let i = 0; i < 60; i++) await rig.accept([`r${i}@d${i % 6}.test`]);
    const queue = await rig.queue();
    const orders: Promise<{ changed: number }>[] = [];
    for (let i = 0; i < 6; i++) {
      const which = { domain: `d${i}.test` };
      orders.push(queue.operate({ command: 'hold', which, by }), queue.operate({ command: 'retry', which, by }));
      orders.push(queue.operate({ command: 'release', which, by }), queue.operate({ command: 'delete', which, by }));
    }
    const done = await Promise.all(orders);
    const deleted = done.filter((_, i) => i % 4 === 3).reduce((sum, d) => sum + d.changed, 0);
    await queue.operate({ command: 'release', which: {}, by });
    await until('the queue is empty', async () => (await rig.waiting()).length === 0);
    const sent = hop.heard.filter(l => l.startsWith('RCPT'));
    expect(new Set(sent).size).toBe(sent.length);
    expect(sent.length + deleted).toBe(60);
  });
});

test('counters tell what the queue did', async () => {
  await gated({ answers: { RCPT: ['250 a', '550 b', '450 c'], DATA: ['354 a', '503 b'] } });
  for (const name of ['a', 'b', 'c']) await rig.accept([`${name}@hop.test`]);
  await rig.queue();
  await until('each was tried', async () => (await rig.waiting())[0]?.attempts === 1);
  await until('all was counted', () => rig.counters.samples().length >= 4);
  const counted = Object.fromEntries(rig.counters.samples().map(s => [s.name, s.value]));
  expect(counted).toEqual({ delivered: 1, failed: 1, deferred: 1, bounced: 1 });
});
