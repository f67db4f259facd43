import { afterEach, beforeEach, expect, test } from 'vitest';
import { createResolver } from '../daemon/wire/dns.ts';
import { until } from './harness.ts';
import { nameServer, type Zone } from './name-server.ts';
import { createRig, type Rig } from './queue-rig.ts';

// A zone of our own: hosts on addresses of loopback, each a hop of its own at one port.
const zone: Zone = {
  'pref.test': {
    MX: [
      [20, 'second.mx.test'],
      [10, 'first.mx.test'],
      [5, 'gone.mx.test'],
    ],
  },
  'down.test': {
    MX: [
      [10, 'down.mx.test'],
      [20, 'second.mx.test'],
    ],
  },
  'plain.test': { A: ['127.0.0.11'] },
  'null.test': { MX: [[0, '']], A: ['127.0.0.11'] },
  'alias.test': { CNAME: 'pref.test' },
  'mx-alias.test': { MX: [[10, 'www.test']] },
  'www.test': { CNAME: 'first.mx.test' },
  'round.test': { CNAME: 'and-round.test' },
  'and-round.test': { CNAME: 'round.test' },
  'mx-round.test': { MX: [[10, 'round.test']] },
  'ours.test': { MX: [[10, 'us.test']] },
  'ours-second.test': {
    MX: [
      [10, 'down.mx.test'],
      [20, 'us.test'],
      [30, 'first.mx.test'],
    ],
  },
  'no-address.test': { MX: [[10, 'gone.mx.test']] },
  'broken.test': 'SERVFAIL',
  'first.mx.test': { A: ['127.0.0.11'] },
  'second.mx.test': { A: ['127.0.0.12'] },
  'down.mx.test': { A: ['127.0.0.13'] },
  'us.test': { A: ['127.0.0.14'] },
};

let rig: Rig;
let dns: Awaited<ReturnType<typeof nameServer>>;
beforeEach(async () => {
  rig = await createRig();
  dns = await nameServer(zone);
});
afterEach(async () => {
  dns.close();
  await rig.close();
});

// [domain, what becomes of its mail: who took it, or the status of its report, or that it waits]
const rows: [string, string][] = [
  ['pref.test', 'first'],
  ['down.test', 'second'],
  ['plain.test', 'first'],
  ['null.test', '5.1.10'],
  ['alias.test', 'first'],
  ['mx-alias.test', 'first'],
  ['round.test', '5.4.4'],
  ['mx-round.test', '5.4.4'],
  ['ours.test', '5.4.6'],
  ['ours-second.test', 'waits'],
  ['no-address.test', '5.4.4'],
  ['missing.test', '5.1.2'],
  ['broken.test', 'waits'],
];

test.each(rows)('queue finds what takes mail for %s: %s', async (domain, expected) => {
  const first = await rig.hop({}, 0, '127.0.0.11');
  const second = await rig.hop({}, first.port, '127.0.0.12');
  await rig.accept([`bob@${domain}`]);
  await rig.queue({
    resolver: createResolver({ servers: [dns.address], timeout: 1000 }),
    exchangers: { port: first.port, allowLoopback: true },
  });
  await until('it had its outcome', async () => (await rig.waiting()).every(d => d.attempts === 1));
  const waits = (await rig.waiting()).length > 0;
  const status = /^Status: (.*)\r$/m.exec((await rig.inbox())[0]?.toString() ?? '')?.[1];
  const took = first.contents.length ? 'first' : second.contents.length ? 'second' : null;
  expect(waits ? 'waits' : (took ?? status)).toBe(expected);
});
