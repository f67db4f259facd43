import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { suspendedHold } from '../daemon/parking.ts';
import type { Route } from '../daemon/store.ts';
import { until } from './harness.ts';
import { createRig, type Rig } from './queue-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
  rig.settings.suspend_domain = ['office.test', '*.branch.test'];
});
afterEach(() => rig.close());

const day = 86_400_000;
const domainOf = (address: string) => address.slice(address.indexOf('@') + 1);
/** As the chain routes it. */
const accept = (...to: string[]) =>
  rig.accept(
    to.map(address => {
      const route: Route = { kind: 'relay', address, hold: suspendedHold(rig.settings, domainOf(address)) };
      return { address, routes: [route] };
    }),
  );
const lies = async () => (await rig.waiting()).map(d => [d.recipient, d.state, d.holdKind, d.attempts]);
const viaHop = (domain: string, port: number) => ({ domain, host: '127.0.0.1', port });

describe('suspended domains', () => {
  test('suspended mail is parked from the start, beside what goes', async () => {
    const hop = await rig.hop();
    rig.settings.gateway = [viaHop('*', hop.port)];
    const queue = await rig.queue();
    await accept('a@office.test', 'b@else.test', 'c@east.branch.test', 'd@branch.test');
    queue.wake();
    await until('two went', () => hop.heard.filter(h => h.startsWith('RCPT')).length === 2);
    await until('the rest went', async () => (await rig.waiting()).length === 2);
    expect(await lies()).toEqual([
      ['a@office.test', 'held', 'suspended domain', 0],
      ['c@east.branch.test', 'held', 'suspended domain', 0],
    ]);
  });

  test('flush tries parked mail once; what fails is parked again, whatever its age, and nobody is told', async () => {
    const hop = await rig.hop({ answers: { RCPT: ['450 4.2.0 Not now', '250 2.1.5 Ok'] } });
    rig.settings.gateway = [viaHop('*', hop.port)];
    rig.settings.delay_notice = 3_600_000;
    const queue = await rig.queue();
    const content = await accept('a@office.test');
    rig.clock.shift = 30 * day;
    queue.flush({ domains: ['office.test'], by: 'a test' });
    await until('it was tried', async () => (await rig.waiting())[0]?.attempts === 1);
    expect(await lies()).toEqual([['a@office.test', 'held', 'suspended domain', 1]]);
    expect((await rig.waiting())[0]?.lastReply).toBe('450 4.2.0 Not now');
    expect(await rig.inbox()).toEqual([]);
    const steps = await rig.store.deliveries.timeline(content);
    expect(steps.map(s => [s.event, s.detail]).slice(1)).toEqual([
      ['released', 'a test'],
      ['tried', '127.0.0.1: 450 4.2.0 Not now'],
    ]);
    queue.flush({ domains: ['office.test'], by: 'a test' });
    await until('the rest went', async () => (await rig.waiting()).length === 0);
  });

  test('flush dials a host again that was found dead, and parks what it finds dead still', async () => {
    const hop = await rig.hop({ greeting: 'DROP' });
    rig.settings.gateway = [viaHop('office.test', hop.port)];
    const queue = await rig.queue();
    await accept('a@office.test');
    for (const times of [1, 2]) {
      queue.flush({ domains: ['office.test'], by: 'a test' });
      await until('it was tried', async () => (await rig.waiting())[0]?.attempts === times);
      expect(await lies()).toEqual([['a@office.test', 'held', 'suspended domain', times]]);
      expect(hop.connections).toBe(times);
      await until('the journey ended', async () => (await queue.status()).hops.every(h => h.connections === 0));
    }
  });

  test('flush asks for one domain only, leaves what a person held, and hurries what waits', async () => {
    const hop = await rig.hop();
    rig.settings.gateway = [viaHop('*', hop.port)];
    await accept('a@office.test', 'b@east.branch.test', 'c@office.test');
    const [, , held] = await rig.waiting();
    const hold = { kind: 'operator' as const, reason: 'by a person', until: null };
    await rig.store.deliveries.change({
      ...{ which: { ids: [held!.id] }, from: ['held'], change: { kind: 'hold', hold }, at: 1, note: null },
      ...{ after: 0, limit: 10 },
    });
    const queue = await rig.queue();
    queue.flush({ domains: ['office.test'], by: 'a test' });
    await until('the rest went', async () => (await rig.waiting()).length === 2);
    expect(await lies()).toEqual([
      ['b@east.branch.test', 'held', 'suspended domain', 0],
      ['c@office.test', 'held', 'operator', 0],
    ]);
  });

  test('start parks what waits for a domain suspended now, and lets go what no longer is', async () => {
    const hop = await rig.hop();
    rig.settings.gateway = [viaHop('*', hop.port)];
    await accept('a@office.test', 'b@else.test');
    rig.settings.suspend_domain = ['else.test'];
    const queue = await rig.queue();
    await until('the rest went', async () => (await rig.waiting()).length === 1);
    expect(await lies()).toEqual([['b@else.test', 'held', 'suspended domain', 0]]);
    expect(hop.heard).toContain('RCPT TO:<a@office.test>');
    rig.settings.online = 'never';
    await queue.stop();
    rig.settings.suspend_domain = [];
    await rig.queue();
    expect(await lies()).toEqual([['b@else.test', 'held', 'off line', 0]]);
  });
});

describe('collect', () => {
  /** Our end of a connection whose far end is the hop, which greets, as after ATRN. */
  async function turned(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }
  const call = { domains: ['office.test', 'else.test'], by: 'a test' };

  test('collect sends parked and waiting mail over the connection, in one session, and says QUIT', async () => {
    const hop = await rig.hop({ offers: ['PIPELINING', 'DSN'] });
    const queue = await rig.queue();
    for (let i = 0; i < 230; i++) await accept(`a${i}@office.test`);
    await accept('x@else.test', 'y@other.test');
    await rig.store.deliveries.release([231], Date.now() + day, '');
    const called = await queue.collect(call, { socket: await turned(hop.port), host: 'ann' });
    expect(called).toEqual({ delivered: 231, failed: 0, kept: 0 });
    expect(hop.connections).toBe(1);
    expect(hop.heard.filter(h => h === 'QUIT')).toHaveLength(1);
    expect(hop.heard.at(-1)).toBe('QUIT');
    expect((await lies()).map(l => l[0])).toEqual(['y@other.test']);
  });

  test('collect parks again what a dropped line or a refusal left, and fails what is refused for good', async () => {
    const answers = { RCPT: ['550 5.1.1 Nobody', '450 4.2.0 Later', '250 2.1.5 Ok'], '.': 'DROP' };
    const hop = await rig.hop({ answers, offers: ['8BITMIME'] });
    const queue = await rig.queue();
    for (const who of ['no', 'later', 'lost', 'untried']) await accept(`${who}@office.test`);
    const called = await queue.collect(call, { socket: await turned(hop.port), host: 'ann' });
    expect(called).toEqual({ delivered: 0, failed: 1, kept: 3 });
    expect(await lies()).toEqual([
      ['later@office.test', 'held', 'suspended domain', 1],
      ['lost@office.test', 'held', 'suspended domain', 1],
      ['untried@office.test', 'held', 'suspended domain', 0],
    ]);
    expect((await rig.inbox()).join('')).toContain('no@office.test');
  });

  test('collect waits for the start, which would take what is under way for what was cut off', async () => {
    const hop = await rig.hop();
    const queue = await rig.queue({}, false);
    await accept('a@office.test');
    const called = queue.collect(call, { socket: await turned(hop.port), host: 'ann' });
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(await lies()).toEqual([['a@office.test', 'held', 'suspended domain', 0]]);
    await queue.start();
    expect(await called).toEqual({ delivered: 1, failed: 0, kept: 0 });
    expect(hop.contents).toHaveLength(1);
  });

  test('collect believes nothing a peer says before it is asked, and keeps the mail', async () => {
    const hop = await rig.hop({ greeting: '554 5.3.2 Go away' });
    const queue = await rig.queue();
    await accept('a@office.test');
    expect(await queue.collect(call, { socket: await turned(hop.port), host: 'ann' })).toEqual({
      ...{ delivered: 0, failed: 0, kept: 1 },
    });
    expect(await lies()).toEqual([['a@office.test', 'held', 'suspended domain', 0]]);
  });

  test('collect is cut off by stop, and loses nothing', async () => {
    const hop = await rig.hop({ answers: { '.': 'SILENCE' } });
    const queue = await rig.queue({ timeouts: { final: 60_000 } });
    await accept('a@office.test');
    await accept('b@office.test');
    const under = queue.collect(call, { socket: await turned(hop.port), host: 'ann' });
    await until('content came', () => hop.contents.length === 1);
    await queue.stop(10);
    await under;
    expect(await lies()).toEqual([
      ['a@office.test', 'held', 'suspended domain', 0],
      ['b@office.test', 'held', 'suspended domain', 0],
    ]);
  });

  test('collect of what was under way at a kill -9 is parked again at the next start', async () => {
    await accept('a@office.test');
    await rig.store.deliveries.change({
      ...{ which: {}, from: ['held'], change: { kind: 'take' }, at: 1, note: null, after: 0, limit: 10 },
    });
    expect((await lies())[0]?.[1]).toBe('sending');
    await rig.queue();
    expect(await lies()).toEqual([['a@office.test', 'held', 'suspended domain', 0]]);
  });
});
