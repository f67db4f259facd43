import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDsnRig, type DsnRig } from './dsn-rig.ts';
import { type Exim, hasExim, startExim } from './exim.ts';
import { until } from './harness.ts';
import { letter } from './queue-rig.ts';

let rig: DsnRig;
let exim: Exim | null = null;
beforeEach(async () => {
  rig = await createDsnRig();
});
afterEach(async () => {
  await rig.close();
  await exim?.close();
  exim = null;
});

async function through(more?: string): Promise<Exim> {
  exim = await startExim(more);
  rig.settings.gateway.push({ domain: '*', host: '127.0.0.1', port: exim.port });
  return exim;
}

describe.skipIf(!hasExim)('Exim (package exim4-daemon-light, unpacked by .ci/run; as root)', () => {
  const wishes = [
    { address: 'bob@ex.test', notify: ['SUCCESS' as const] },
    { address: 'nobody@ex.test' },
    { address: 'busy@ex.test' },
  ];
  // Whether it knows DSN decides who reports a success.
  for (const [how, more, told] of [
    ['that knows DSN', 'dsn_advertise_hosts = *', ['failed nobody@ex.test']],
    ['that does not', '', ['failed nobody@ex.test', 'relayed bob@ex.test']],
  ] as const)
    test(`queue gives each recipient its outcome at an Exim ${how}`, async () => {
      const peer = await through(more);
      await rig.submit(wishes);
      await rig.carry({ timeouts: {} });
      await until('one is left', async () => (await rig.waiting()).length === 1);
      expect(await rig.waiting()).toMatchObject([{ recipient: 'busy@ex.test', attempts: 1, state: 'waiting' }]);
      await until('it is filed', async () => (await peer.taken()).length === 1);
      const body = (text: string) => text.slice(text.search(/\r?\n\r?\n/)).replaceAll('\r\n', '\n');
      expect(body((await peer.taken())[0]!.toString())).toBe(body(letter));
      const reports = await rig.reports();
      const seen = reports.flatMap(b => b.recipients.map(r => `${r.action} ${r['final-recipient']?.slice(8)}`));
      expect(seen.sort()).toEqual(told);
    });
});
