import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { suspendedHold } from '../daemon/parking.ts';
import type { Queue } from '../daemon/queue.ts';
import type { Route } from '../daemon/store.ts';
import { until } from './harness.ts';
import { createRig, type Rig } from './queue-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.close());

const domains = ['office.test', 'else.test', 'third.test'];
const by = 'a test';

/** In an order that is another for each seed and the same at each run. */
function shuffled<T>(list: T[], seed: number): T[] {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return list
    .map(value => ({ value, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

// One office parks, and all that may be done to the queue is done at once: by its rounds, people, callers and reloads.
test.each([1, 2, 3, 4])(
  'calls, orders and reloads in any order send each delivery once (%i)',
  async seed => {
    const hop = await rig.hop();
    rig.settings.gateway = [{ domain: '*', host: '127.0.0.1', port: hop.port }];
    rig.settings.suspend_domain = ['office.test'];
    for (let i = 0; i < 40; i++)
      for (const domain of domains) {
        const address = `r${i}@${domain}`;
        const route: Route = { kind: 'relay', address, hold: suspendedHold(rig.settings, domain) };
        await rig.accept([{ address, routes: [route] }]);
      }
    const queue: Queue = await rig.queue({ timeouts: {} });
    const turned = async () => {
      const socket = connect(hop.port, '127.0.0.1');
      await once(socket, 'connect');
      await queue.collect({ domains, by }, { socket, host: 'ann' });
    };
    const each = (act: (domain: string) => Promise<unknown>) => domains.map(domain => () => act(domain));
    const acts = [
      ...each(domain => queue.operate({ command: 'hold', which: { domain }, by })),
      ...each(domain => queue.operate({ command: 'release', which: { domain }, by })),
      ...each(domain => queue.operate({ command: 'retry', which: { domain }, by })),
      ...each(async domain => queue.flush({ domains: [domain], by })),
      turned,
      turned,
      async () => {
        rig.settings.suspend_domain = ['third.test'];
        await queue.reconsider();
      },
      async () => {
        rig.settings.online = 'never';
        await queue.reconsider();
        rig.settings.online = 'always';
        await queue.reconsider();
      },
    ];
    // While we are off line an order may be refused, and says so.
    await Promise.all(
      shuffled(acts, seed).map(act => act().catch((e: Error) => expect(e.message).toMatch(/nothing goes out/))),
    );
    rig.settings.suspend_domain = [];
    await queue.reconsider();
    await queue.operate({ command: 'release', which: {}, by });
    await queue.operate({ command: 'retry', which: {}, by });
    await until('the queue is empty', async () => (await rig.waiting()).length === 0, 60_000);
    const sent = hop.heard.filter(line => line.startsWith('RCPT'));
    expect(new Set(sent).size).toBe(sent.length);
    expect(sent.length).toBe(40 * domains.length);
    expect(hop.contents).toHaveLength(sent.length);
  },
  120_000,
);
