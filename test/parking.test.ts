import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCollection, createParkingWatch, type Old, parkingNotice } from '../daemon/collection.ts';
import { type Fields, type Log, silentLog } from '../daemon/log.ts';
import { covers, isSuspended, mayCall, mayCallFor, odmrDomains } from '../daemon/parking.ts';
import type { Call, Way } from '../daemon/queue.ts';
import { connectSmtp } from '../daemon/smtp-client.ts';
import { createRig, type Rig } from './queue-rig.ts';

const rights = {
  etrn_ip: ['10.0.0.0/8', '!10.9.*'],
  etrn_allow: [
    { domain: 'office.test', by: { kind: 'address' as const, ips: ['192.0.2.0/28', '2001:db8::/32'] } },
    { domain: '*.branch.test', by: { kind: 'account' as const, account: 'ann@isp.test' } },
  ],
  odmr: [
    { domains: ['a.test', 'b.test'], account: 'ann@isp.test', secret: null },
    { domains: ['b.test', 'c.test'], account: 'ann@isp.test', secret: 'x' },
  ],
};

describe('rights to call for mail', () => {
  // [address, account, domain, may]
  const rows: [string, string | null, string, boolean][] = [
    ['10.1.2.3', null, 'anything.test', true],
    ['192.0.2.5', null, 'office.test', true],
    ['2001:db8::9', null, 'office.test', true],
    ['203.0.113.1', 'ann@isp.test', 'x.branch.test', true],
    // A right to one domain is none to another, nor to what is above or below it.
    ['10.9.2.3', null, 'anything.test', false],
    ['192.0.2.5', null, 'sub.office.test', false],
    ['192.0.2.99', null, 'office.test', false],
    ['203.0.113.1', 'ann@isp.test', 'branch.test', false],
    ['203.0.113.1', 'ann@isp.test', 'xbranch.test', false],
    ['203.0.113.1', 'bob@isp.test', 'x.branch.test', false],
    ['203.0.113.1', null, 'x.branch.test', false],
  ];
  test.each(rows)('mayCallFor: %s as %s for %s: %s', (address, account, domain, may) => {
    expect(mayCallFor({ address, account }, domain, rights)).toBe(may);
  });

  test('mayCall says who is told that there is ETRN', () => {
    const of = (address: string, account: string | null = null) => mayCall({ address, account }, rights);
    expect([of('10.1.1.1'), of('192.0.2.1'), of('203.0.113.1', 'ann@isp.test')]).toEqual([true, true, true]);
    expect([of('203.0.113.1'), of('203.0.113.1', 'bob@isp.test')]).toEqual([false, false]);
  });

  test('odmrDomains of all lines of an account, each once', () => {
    expect(odmrDomains('ann@isp.test', rights)).toEqual(['a.test', 'b.test', 'c.test']);
    expect(odmrDomains('bob@isp.test', rights)).toEqual([]);
  });

  test('covers and isSuspended: a star is every name below, and not the domain itself', () => {
    expect([covers('*.a.test', 'x.a.test'), covers('*.a.test', 'y.x.a.test')]).toEqual([true, true]);
    expect([covers('*.a.test', 'a.test'), covers('*.a.test', 'xa.test'), covers('*.a.test', '.a.test')]).toEqual([
      ...[false, false, false],
    ]);
    const suspended = { suspend_domain: ['one.test', '*.a.test'] };
    expect(['one.test', 'x.a.test', 'a.test', 'two.test'].map(d => isSuspended(suspended, d))).toEqual([
      ...[true, true, false, false],
    ]);
  });
});

describe('the store behind them', () => {
  let rig: Rig;
  let told: (Fields & { event: string })[];
  let log: Log;
  beforeEach(async () => {
    rig = await createRig();
    told = [];
    const note = (event: string, fields: Fields = {}) => void told.push({ event, ...fields });
    log = { ...silentLog(), info: note, warn: note, error: note };
  });
  afterEach(() => rig.close());

  const day = 86_400_000;
  const now = Date.UTC(2026, 10, 25);
  const waiting = async (domain: string, days: number) =>
    rig.accept([`a@${domain}`], { receivedAt: now - days * day, hold: null });

  describe('createParkingWatch', () => {
    const settings = { suspend_domain: ['parked.test', 'fresh.test'], park_warn: 7 * day, max_retrytime: 2 * day };
    const watch = (notices: Old[][], at: () => number, more: Partial<typeof settings> = {}) =>
      createParkingWatch({
        settings: { ...settings, relay_to: ['relayed.test', 'soon.test'], ...more },
        store: rig.store,
        log,
        now: at,
        notice: async old => void notices.push(old),
        isRelayed: domain => ['relayed.test', 'soon.test'].includes(domain),
      });

    test('look warns of old parked mail and of what will be returned, and writes once a day', async () => {
      await waiting('parked.test', 9);
      await waiting('fresh.test', 6);
      await waiting('relayed.test', 1.5);
      await waiting('soon.test', 0.5);
      await waiting('else.test', 20);
      const notices: Old[][] = [];
      let at = now;
      const { look } = watch(notices, () => at);
      await look();
      expect(told.map(t => [t.event, t.domain])).toEqual([
        ['parked mail is old', 'parked.test'],
        ['mail will be returned', 'relayed.test'],
      ]);
      expect(notices).toEqual([
        [
          { domain: 'parked.test', oldest: now - 9 * day, expires: null },
          { domain: 'relayed.test', oldest: now - 1.5 * day, expires: now + 0.5 * day },
        ],
      ]);
      at += day - 1;
      await look();
      expect(notices).toHaveLength(1);
      at += 1;
      // A restart changes nothing about it.
      await watch(notices, () => at).look();
      expect(notices).toHaveLength(2);
      // A clock set back silences it for a day at most.
      await watch(notices, () => at - 30 * day, { park_warn: 0, max_retrytime: 0.1 * day }).look();
      expect(notices.length).toBeLessThanOrEqual(3);
    });

    test('look with park_warn 0 warns of no parked mail', async () => {
      await waiting('parked.test', 90);
      const notices: Old[][] = [];
      await watch(notices, () => now, { park_warn: 0 }).look();
      expect([told, notices]).toEqual([[], []]);
    });
  });

  test('parkingNotice is a letter in plain ASCII that no machine answers', () => {
    const old = Array.from({ length: 60 }, (_, i) => ({ domain: `d${i}.test`, oldest: now, expires: null }));
    const to = { host: 'isp.test', to: 'postmaster@isp.test', at: now };
    const text = parkingNotice([...old, { domain: 'gone.test', oldest: now, expires: now + day }], to).toString();
    expect(text).toMatch(/^From: Mail Delivery System <postmaster@isp\.test>\r\nTo: <postmaster@isp\.test>\r\n/);
    expect(text).toContain('\r\nAuto-Submitted: auto-generated\r\n');
    expect(text).toContain('  and 10 more\r\n');
    expect(text).toMatch(/ {2}gone\.test {2}oldest of .*, returned Thu, 26 Nov 2026/);
    expect(text).not.toMatch(/[^\r]\n|[^\x20-\x7e\r\n]/);
  });

  describe('createCollection', () => {
    const caller = { address: '192.0.2.5', account: null };
    function collection(etrn_to: 'route' | 'asker') {
      const flushed: Call[] = [];
      const collected: [Call, Way][] = [];
      const made = createCollection({
        settings: {
          ...{ ...rights, etrn_to, online: 'always', gateway: [], etrn_interval: 60_000, etrn_relay: [] },
          ...{ host_domain: ['isp.test'], suspend_domain: ['office.test'] },
        },
        store: rig.store,
        queue: {
          flush: call => void flushed.push(call),
          collect: async (call, way) => {
            collected.push([call, way]);
            return { delivered: 0, failed: 0, kept: 0 };
          },
        },
        log,
        now: () => now + rig.clock.shift,
        isRelayed: () => false,
        peers: {
          connect: connectSmtp,
          resolver: { addresses: () => Promise.reject(new Error('nobody is looked up')) },
        },
      });
      return { made, flushed, collected };
    }
    const office = { kind: 'domain' as const, domain: 'office.test' };

    test('etrn sends where the mail of the domain always goes, whoever asks', async () => {
      const { made, flushed, collected } = collection('route');
      await rig.accept(['a@office.test', 'b@office.test']);
      expect((await made.etrn(caller, office, '1')).code).toBe(253);
      expect(flushed).toEqual([{ domains: ['office.test'], by: 'asked for by ETRN from 192.0.2.5' }]);
      expect(collected).toEqual([]);
    });

    test('etrn sends to the asker only where etrn_to says so and a line names the asker for the domain', async () => {
      const { made, flushed, collected } = collection('asker');
      await rig.accept(['a@office.test', 'b@else.test']);
      await made.etrn(caller, office, '1');
      expect(collected.map(([call, way]) => [call.domains, way])).toEqual([
        [['office.test'], { host: '192.0.2.5', port: 25 }],
      ]);
      // Of etrn_ip, which may ask for everything and be sent nothing.
      await made.etrn({ address: '10.0.0.1', account: null }, { kind: 'queue', name: 'all' }, '2');
      expect(flushed.map(f => f.domains)).toEqual([['else.test', 'office.test']]);
      expect(collected).toHaveLength(1);
    });

    test('etrn for a domain again within etrn_interval is put off, also when it is asked a thousand times', async () => {
      const { made, flushed } = collection('route');
      await made.etrn(caller, office, '1');
      for (let i = 0; i < 1000; i++) expect((await made.etrn(caller, office, '1')).code).toBe(458);
      rig.clock.shift = 60_000;
      expect((await made.etrn(caller, office, '1')).code).toBe(251);
      expect(flushed).toHaveLength(2);
      expect(told.filter(t => t.event === 'etrn')).toHaveLength(1002);
    });

    test('etrn says 252 where there is too much to count, or all is under way already', async () => {
      const { made } = collection('route');
      await rig.accept(Array.from({ length: 1001 }, (_, i) => `a${i}@office.test`));
      expect((await made.etrn(caller, office, '1')).code).toBe(252);
      const all = { which: {}, from: ['waiting' as const], note: null, at: 1, after: 0, limit: 2000 };
      await rig.store.deliveries.change({ ...all, change: { kind: 'take' } });
      rig.clock.shift = 60_000;
      expect((await made.etrn(caller, office, '1')).code).toBe(252);
    });
  });
});
