import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Notify } from '../daemon/mail/envelope.ts';
import { until } from './harness.ts';
import { everything } from './next-hop.ts';
import { createRig, letter, type Rig } from './queue-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.close());

async function gated(script?: Parameters<Rig['hop']>[0]) {
  const hop = await rig.hop(script);
  rig.settings.gateway.push({ domain: '*', host: '127.0.0.1', port: hop.port });
  return hop;
}

async function settled(): Promise<string[]> {
  const queue = await rig.queue();
  await until('the queue is empty', async () => (await rig.waiting()).length === 0);
  await queue.stop();
  return (await rig.inbox()).map(report => report.toString());
}

const refusing = { answers: { RCPT: '550 5.1.1 No such user', DATA: '503 None' } };

type Parsed = {
  type: string;
  report: string | null;
  parts: string[];
  auto: string;
  message: Record<string, string>;
  recipients: Record<string, string>[];
  returned: string;
};

/** Python's email package is the judge of what a report says. */
const judge = `
import email, email.policy, json, sys
m = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
parts = list(m.iter_parts())
status = parts[1].get_payload()
print(json.dumps({
  'type': m.get_content_type(), 'report': m.get_param('report-type'), 'auto': m['auto-submitted'],
  'parts': [p.get_content_type() for p in parts],
  'message': {k.lower(): str(v) for k, v in status[0].items()},
  'recipients': [{k.lower(): str(v) for k, v in s.items()} for s in status[1:]],
  'returned': parts[2].get_payload() if parts[2].get_content_type() == 'text/rfc822-headers' else parts[2].get_payload()[0].as_string(),
}))
`;
const python = spawnSync('python3', ['-c', 'import email']).status === 0;
if (!python && process.env.CI === 'true') throw new Error('the package python3 is missing');

function parse(report: string | undefined): Parsed {
  const done = spawnSync('python3', ['-c', judge], { input: report ?? '' });
  if (done.status !== 0) throw new Error(done.stderr.toString());
  return JSON.parse(done.stdout.toString());
}

describe.skipIf(!python)('report (judged by the package python3)', () => {
  test('reportsFor tells one sender once of all recipients that failed alike', async () => {
    await gated(refusing);
    const orcpt = 'rfc822;old@else.test';
    await rig.accept(['bob@hop.test', { address: 'cat@hop.test', orcpt }], { envid: 'QQ314159' });
    const reports = await settled();
    expect(reports).toHaveLength(1);
    const report = parse(reports[0]);
    expect(report).toMatchObject({ type: 'multipart/report', report: 'delivery-status', auto: 'auto-replied' });
    expect(report.parts).toEqual(['text/plain', 'message/delivery-status', 'message/rfc822']);
    expect(report.message).toMatchObject({ 'reporting-mta': 'dns; us.test', 'original-envelope-id': 'QQ314159' });
    const alike = { action: 'failed', status: '5.1.1', 'diagnostic-code': 'smtp; 550 5.1.1 No such user' };
    expect(report.recipients).toMatchObject([
      { ...alike, 'final-recipient': 'rfc822; bob@hop.test' },
      { ...alike, 'final-recipient': 'rfc822; cat@hop.test', 'original-recipient': orcpt },
    ]);
    expect(report.returned).toContain('At five?');
  });

  test('reportsFor returns what RET asks for, and of much only the header', async () => {
    await gated(refusing);
    const large = Buffer.from(letter + `${'x'.repeat(70)}\r\n`.repeat(1000));
    const content = { bytes: large, file: null, size: large.length };
    await rig.accept(['a@hop.test'], { ret: 'HDRS' });
    await rig.accept(['b@hop.test'], { ret: 'FULL', content });
    for (const report of (await settled()).map(parse)) {
      expect(report.parts[2]).toBe('text/rfc822-headers');
      expect(report.returned.replaceAll('\r\n', '\n').trim()).toBe('From: ann@us.test\nTo: bob@hop.test\nSubject: Tea');
    }
  });

  test('reportsFor says what became of mail no host could be found for', async () => {
    await rig.accept(['bob@[127.0.0.1]']);
    const { recipients } = parse((await settled())[0]);
    expect(recipients).toMatchObject([{ status: '5.4.6', action: 'failed' }]);
    expect(recipients[0]).not.toHaveProperty('remote-mta');
  });
});

describe('NOTIFY (RFC 3461 §4.1)', () => {
  const asked: (Notify[] | null)[] = [null, ['NEVER'], ['SUCCESS'], ['FAILURE'], ['DELAY'], ['SUCCESS', 'FAILURE']];
  // What is reported of each, in the order asked: f failed, r relayed, - nothing.
  const rows: [string, Parameters<Rig['hop']>[0], string[]][] = [
    ['refuses', { ...refusing, offers: [] }, ['f', '-', '-', 'f', '-', 'f']],
    ['refuses, knowing DSN', { ...refusing, offers: everything }, ['f', '-', '-', 'f', '-', 'f']],
    ['takes it', { offers: ['PIPELINING'] }, ['-', '-', 'r', '-', '-', 'r']],
    ['takes it, knowing DSN', { offers: everything }, ['-', '-', '-', '-', '-', '-']],
  ];
  for (const [how, script, expected] of rows)
    test(`reportsFor respects NOTIFY when the hop ${how}`, async () => {
      await gated(script);
      for (const [i, notify] of asked.entries()) await rig.accept([{ address: `r${i}@hop.test`, notify }]);
      const reports = await settled();
      const of = (i: number) => reports.find(r => r.includes(`r${i}@hop.test`));
      const seen = asked.map((_, i) => (of(i) ? /^Action: (.)/m.exec(of(i) ?? '')?.[1] : '-'));
      expect(seen).toEqual(expected);
      expect(reports).toHaveLength(expected.filter(e => e !== '-').length);
    });
});

test('reportsFor never answers <>, and says so in the log', async () => {
  await gated(refusing);
  await rig.accept([{ address: 'bob@hop.test', notify: ['SUCCESS', 'FAILURE'] }], { reversePath: null });
  expect(await settled()).toEqual([]);
  expect(rig.told).toContainEqual(expect.objectContaining({ event: 'double bounce', to: 'bob@hop.test' }));
  expect(rig.told).not.toContainEqual(expect.objectContaining({ event: 'report not taken' }));
});

test('reportsFor goes on when nobody takes the report', async () => {
  await gated(refusing);
  await rig.accept(['bob@hop.test'], { reversePath: 'gone@us.test' });
  expect(await settled()).toEqual([]);
  expect(rig.told).toContainEqual(expect.objectContaining({ event: 'report not taken', to: 'gone@us.test' }));
});

test('settle called twice for one delivery makes one report', async () => {
  await gated(refusing);
  await rig.accept(['bob@hop.test']);
  const id = (await rig.waiting())[0]?.id;
  const { deliveries } = rig.store;
  const calls: Parameters<typeof deliveries.settle>[] = [];
  const noting: typeof deliveries.settle = (...args) => {
    calls.push(args);
    return deliveries.settle(...args);
  };
  const queue = await rig.queue({ store: { ...rig.store, deliveries: { ...deliveries, settle: noting } } });
  await until('the queue is empty', async () => (await rig.waiting()).length === 0);
  await queue.stop();
  expect(calls.map(([, reports]) => reports.map(r => r.key))).toEqual([[`bounce:${id}`]]);
  for (const call of calls) await deliveries.settle(...call);
  expect(await rig.inbox()).toHaveLength(1);
});
