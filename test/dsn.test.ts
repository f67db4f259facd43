import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Notify } from '../daemon/mail/envelope.ts';
import { createDsnRig, type DsnRig } from './dsn-rig.ts';
import { until } from './harness.ts';
import { everything, type Script } from './next-hop.ts';

let rig: DsnRig;
beforeEach(async () => {
  rig = await createDsnRig();
  for (const name of ['bob', 'cat'])
    await rig.store.accounts.create({ address: `${name}@us.test`, name, passwordHash: null, quota: 0, at: 1 });
});
afterEach(() => rig.close());

const hour = 3_600_000;
const refusing = { answers: { RCPT: '550 5.1.1 No such user', DATA: '503 None' } };
const busy = { answers: { RCPT: '450 4.2.1 Busy', DATA: '503 None' } };
const success: Notify[] = ['SUCCESS'];

async function gated(script?: Script) {
  const hop = await rig.hop(script);
  rig.settings.gateway.splice(0, 1, { domain: '*', host: '127.0.0.1', port: hop.port });
  return hop;
}
const told = (name?: string) =>
  rig.reports(name).then(all => all.flatMap(b => b.recipients.map(r => `${r.action} ${r['final-recipient']}`)));

describe('success', () => {
  test('accept reports at once what it delivered here, to whom asked for it', async () => {
    const orcpt = 'rfc822;robert@else.test';
    await rig.submit(
      [
        { address: 'bob@us.test', notify: success, orcpt },
        { address: 'cat@us.test', notify: ['FAILURE', 'DELAY'] },
      ],
      { envid: 'QQ+1', ret: 'FULL' },
    );
    await rig.submit([{ address: 'bob@us.test' }]);
    await rig.submit([{ address: 'bob@us.test', notify: ['NEVER'] }]);
    await rig.submit([{ address: 'bob@us.test', notify: success }], { reversePath: null });
    const [report, ...others] = await rig.reports();
    expect(others).toEqual([]);
    expect(report?.message).toMatchObject({ 'original-envelope-id': 'QQ+1', 'reporting-mta': 'dns; us.test' });
    expect(report?.recipients).toMatchObject([
      { action: 'delivered', status: '2.1.5', 'final-recipient': 'rfc822; bob@us.test', 'original-recipient': orcpt },
    ]);
    expect(report?.text).toMatch(/was delivered to the following addresses[\s\S]*<bob@us\.test>/);
    // RET is for failures; of what went well the header is enough.
    expect(report?.returned?.type).toBe('text/rfc822-headers');
    expect(report?.returned?.text).toContain('Subject: Tea');
    expect(report?.returned?.text).not.toContain('At five?');
  });

  test('accept reports one recipient that became several as expanded, and asks them for no success', async () => {
    rig.rules.alias = ['bob@us.test', 'x@hop.test'].map(to => ({ from: 'all@us.test', to }));
    const hop = await gated();
    await rig.submit([{ address: 'all@us.test', notify: ['SUCCESS', 'FAILURE'] }]);
    await rig.carry();
    await rig.settled();
    expect(await told()).toEqual(['expanded rfc822; all@us.test']);
    expect(hop.heard.filter(l => l.startsWith('RCPT'))).toEqual([
      'RCPT TO:<x@hop.test> NOTIFY=FAILURE ORCPT=rfc822;all@us.test',
    ]);
  });

  test('queue hands the wish to a hop that knows DSN, forwarded once too, and reports nothing itself', async () => {
    rig.rules.forward = [{ from: 'fay@us.test', to: 'fay@hop.test' }];
    const hop = await gated({ offers: everything });
    const params = { envid: 'a b', ret: 'HDRS' as const };
    await rig.submit([{ address: 'fay@us.test', notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;f+f@x.test' }], params);
    await rig.carry();
    await rig.settled();
    expect(hop.heard.find(l => l.startsWith('MAIL'))).toMatch(/ RET=HDRS ENVID=a\+20b$/);
    const rcpt = 'RCPT TO:<fay@hop.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;f+2Bf@x.test';
    expect(hop.heard.filter(l => l.startsWith('RCPT'))).toEqual([rcpt]);
    expect(await told()).toEqual([]);
  });

  test('queue reports relayed where the hop knows no DSN', async () => {
    const hop = await gated({ offers: ['PIPELINING'] });
    await rig.submit([{ address: 'x@hop.test', notify: success }, { address: 'y@hop.test' }]);
    await rig.carry();
    await rig.settled();
    expect(hop.heard.filter(l => l.startsWith('RCPT'))).toEqual(['RCPT TO:<x@hop.test>', 'RCPT TO:<y@hop.test>']);
    expect(await told()).toEqual(['relayed rfc822; x@hop.test']);
  });
});

describe('delay', () => {
  test('queue tells of a delay once, after delay_notice, to whom may be told', async () => {
    rig.settings.delay_notice = 4 * hour;
    await gated(busy);
    const wishes: (Notify[] | null)[] = [null, ['DELAY'], ['FAILURE'], ['NEVER']];
    await rig.submit(
      wishes.map((notify, i) => ({ address: `r${i}@hop.test`, notify })),
      { envid: 'E1' },
    );
    await rig.submit([{ address: 'null@hop.test' }], { reversePath: null });
    const queue = await rig.carry();
    for (const [attempts, after] of [0, 3.9, 4.2, 9, 20].entries()) {
      rig.clock.shift = after * hour;
      await queue.operate({ command: 'retry', which: {}, by: 'test' });
      const tried = async () => (await rig.waiting()).every(d => d.attempts > attempts);
      await until(`attempt ${attempts + 1}`, tried);
      expect(await rig.reports()).toHaveLength(after > 4 ? 1 : 0);
    }
    const [report] = await rig.reports();
    expect(report?.recipients.map(r => r['final-recipient'])).toEqual(['rfc822; r0@hop.test', 'rfc822; r1@hop.test']);
    expect(report?.message['original-envelope-id']).toBe('E1');
    expect(report?.recipients[0]).toMatchObject({ action: 'delayed', status: '4.2.1', 'remote-mta': 'dns; 127.0.0.1' });
    const ends = Date.parse(report?.recipients[0]?.['will-retry-until'] ?? '');
    expect(Math.abs(ends - ((await rig.waiting())[0]?.since ?? 0) - 48 * hour)).toBeLessThan(1000);
    expect(report?.text).toMatch(/could not be delivered yet[\s\S]*tried again until[\s\S]*You need not do anything/);
  });

  test('queue tells of no delay where delay_notice is 0', async () => {
    await gated(busy);
    await rig.submit([{ address: 'x@hop.test', notify: ['DELAY'] }]);
    rig.clock.shift = 30 * hour;
    await rig.carry();
    await until('it was tried', async () => (await rig.waiting())[0]?.attempts === 1);
    expect(await rig.reports()).toEqual([]);
  });
});

describe('where a forward leads', () => {
  const secret = /elsewhere|hop\.test|127\.0\.0\.1/;

  test('is not told in a report of failure, nor what the host there said', async () => {
    rig.rules.forward = [{ from: 'fay@us.test', to: 'elsewhere@hop.test' }];
    rig.rules.alias = ['elsewhere1@hop.test', 'elsewhere2@hop.test'].map(to => ({ from: 'all@us.test', to }));
    await gated(refusing);
    await rig.submit([
      { address: 'fay@us.test', orcpt: 'rfc822;f@x.test' },
      { address: 'all@us.test' },
      { address: 'x@far.test' },
    ]);
    await rig.carry();
    await rig.settled();
    const reports = await rig.reports();
    const told = reports.flatMap(r => r.recipients);
    expect(told.filter(r => r['final-recipient'] !== 'rfc822; x@far.test')).toMatchObject([
      { 'final-recipient': 'rfc822; fay@us.test', 'original-recipient': 'rfc822;f@x.test', status: '5.2.0' },
      { 'final-recipient': 'rfc822; all@us.test', status: '5.2.0', action: 'failed' },
    ]);
    const ofForwards = told.filter(r => r['final-recipient'] !== 'rfc822; x@far.test');
    expect(JSON.stringify(ofForwards)).not.toMatch(secret);
    const text = reports.map(r => r.text).join('');
    expect(text).toMatch(
      /<fay@us\.test>\r\n {4}550 5\.2\.0 Mail for it is sent on from here, and was not taken there\r\n {4}The address is right\./,
    );
    expect(text).not.toMatch(/elsewhere|hop\.test/);
  });

  test('is not told of a delay, nor where the hop knows no DSN', async () => {
    rig.rules.forward = [{ from: 'fay@us.test', to: 'elsewhere@hop.test' }];
    await gated({ offers: ['PIPELINING'] });
    await rig.submit([{ address: 'fay@us.test', notify: success }]);
    await rig.carry();
    await rig.settled();
    const [report] = await rig.reports();
    expect(report?.recipients).toMatchObject([{ action: 'relayed', 'final-recipient': 'rfc822; fay@us.test' }]);
    expect(JSON.stringify(report?.recipients) + report?.text).not.toMatch(secret);
  });
});

describe('failure', () => {
  test('queue reports a failure in one message, plainly, with what to do', async () => {
    await gated(refusing);
    await rig.submit([
      { address: 'x@hop.test' },
      { address: 'y@hop.test', notify: ['NEVER'] },
      { address: 'z@hop.test' },
    ]);
    await rig.carry();
    await rig.settled();
    const [report, ...others] = await rig.reports();
    expect(others).toEqual([]);
    expect(report?.recipients.map(r => r['final-recipient'])).toEqual(['rfc822; x@hop.test', 'rfc822; z@hop.test']);
    expect(report?.text).toMatch(
      /could not be delivered\r\nto the following addresses[\s\S]*<x@hop\.test>\r\n {4}127\.0\.0\.1 said: 550 5\.1\.1 No such user\r\n {4}There is no such address/,
    );
    expect(report?.header.subject).toBe('Your message could not be delivered');
    expect(report?.returned?.text).toContain('At five?');
  });

  test('queue carries a report for a sender elsewhere with a null reverse-path, and asks for none of it', async () => {
    const refused = await gated({ answers: { RCPT: ['550 5.1.1 No', '250 Ok'], DATA: ['503 a', '354 b'] } });
    await rig.submit([{ address: 'x@hop.test' }], { reversePath: 'eve@far.test', from: 'ourselves' });
    await rig.carry();
    await rig.settled();
    expect(refused.contents).toHaveLength(1);
    expect(refused.heard).toContainEqual(expect.stringMatching(/^MAIL FROM:<> /));
    expect(refused.heard).toContain('RCPT TO:<eve@far.test> NOTIFY=NEVER');
  });

  test('a report of ours that fails goes to the postmaster once, and no further', async () => {
    await gated(refusing);
    await rig.submit([{ address: 'x@hop.test' }], { reversePath: 'eve@far.test', from: 'ourselves' });
    await rig.carry();
    await rig.settled();
    const [report, ...others] = await rig.reports('postmaster');
    expect(others).toEqual([]);
    expect(report?.recipients).toMatchObject([{ action: 'failed', 'final-recipient': 'rfc822; eve@far.test' }]);
    expect(report?.text).toContain('A report this server made');
    expect(report?.returned?.text).toContain('Final-Recipient: rfc822; x@hop.test');
    expect(await rig.reports()).toEqual([]);
  });

  test('a report that fails on its way to a postmaster elsewhere ends in the log', async () => {
    rig.rules.alias = [{ from: 'postmaster@us.test', to: 'boss@hop.test' }];
    const hop = await gated(refusing);
    await rig.submit([{ address: 'x@hop.test' }], { reversePath: 'eve@far.test', from: 'ourselves' });
    await rig.carry();
    await rig.settled();
    expect(hop.heard.filter(l => l.startsWith('RCPT'))).toEqual([
      'RCPT TO:<x@hop.test>',
      'RCPT TO:<eve@far.test> NOTIFY=NEVER',
      'RCPT TO:<boss@hop.test> NOTIFY=NEVER ORCPT=rfc822;postmaster@us.test',
    ]);
    expect(rig.told.filter(t => t.event === 'double bounce').map(t => t.to)).toEqual(['eve@far.test', 'boss@hop.test']);
  });

  test('a peer’s bounce that we sent on and that fails is no business of the postmaster', async () => {
    rig.rules.forward = [{ from: 'bob@us.test', to: 'bob@hop.test' }];
    await gated(refusing);
    await rig.submit([{ address: 'bob@us.test' }], { reversePath: null, from: 'peer' });
    await rig.carry();
    await rig.settled();
    expect(await rig.reports('postmaster')).toEqual([]);
    expect(rig.told).toContainEqual(expect.objectContaining({ event: 'double bounce', to: 'bob@hop.test' }));
  });
});

describe('held for later', () => {
  const soon = () => Date.now() + rig.clock.shift + hour;

  test('queue routes at its time what was held, for local recipients too, as the chain is then', async () => {
    const hop = await gated();
    const at = soon();
    const to = [{ address: 'bob@us.test', notify: success }, { address: 'cat@us.test' }, { address: 'x@hop.test' }];
    await rig.submit(to, { releaseAt: at });
    const queue = await rig.carry();
    queue.wake();
    const held = await rig.waiting();
    expect(held.map(d => [d.recipient, d.state, d.holdKind, d.nextAt])).toEqual(
      to.map(r => [r.address, 'held', 'future release', at]),
    );
    expect(held[0]?.reason).toMatch(/^held until \w{3}, \d+ \w{3} \d{4} .*, as its author asked$/);
    expect(hop.connections).toBe(0);
    // What the chain says has changed meanwhile.
    rig.rules.forward = [{ from: 'cat@us.test', to: 'cat@hop.test' }];
    await queue.stop();
    rig.clock.shift += hour + 1000;
    await rig.carry();
    await rig.settled();
    expect(hop.heard.filter(l => l.startsWith('RCPT')).sort()).toEqual([
      'RCPT TO:<cat@hop.test> ORCPT=rfc822;cat@us.test',
      'RCPT TO:<x@hop.test>',
    ]);
    const inbox = async (name: string) => {
      const { id } = (await rig.store.accounts.byAddress(`${name}@us.test`))!;
      return (await rig.store.messages.page(id, (await rig.store.folders.byRole(id, 'inbox')).id, 5)).messages;
    };
    const [message] = await inbox('bob');
    expect(message).toMatchObject({ subject: 'Tea', snippet: expect.stringContaining('At five?') });
    expect(message?.prefix).toBe('Return-Path: <ann@us.test>\r\nDelivered-To: bob@us.test\r\n');
    expect(message?.receivedAt).toBeGreaterThanOrEqual(at);
    expect(await inbox('cat')).toEqual([]);
    expect(await told()).toEqual(['delivered rfc822; bob@us.test']);
  });

  test('queue releases what is for people here also while it is off line, and parks the rest', async () => {
    rig.settings.online = 'never';
    const parked = { kind: 'off line' as const, reason: 'off line', until: null };
    const intake = { ...rig.intake };
    await rig.submit([{ address: 'bob@us.test' }, { address: 'x@hop.test' }], { releaseAt: soon() });
    rig.clock.shift += hour + 1000;
    const prepareRelease: typeof intake.prepareRelease = async held => {
      const prepared = await intake.prepareRelease(held);
      if (prepared.release) prepared.release.filing.hold = parked;
      return prepared;
    };
    await rig.carry({ prepareRelease });
    await until('one is left', async () => (await rig.waiting()).length === 1);
    expect(await rig.waiting()).toMatchObject([{ recipient: 'x@hop.test', holdKind: 'off line', routed: true }]);
  });

  test('queue tries again what the chain puts off at its time, and parks it for no domain', async () => {
    rig.settings.suspend_domain = ['us.test'];
    await rig.submit([{ address: 'bob@us.test' }]);
    await rig.submit([{ address: 'bob@us.test' }], { releaseAt: soon() });
    rig.clock.shift += hour + 1000;
    const { id } = (await rig.store.accounts.byAddress('bob@us.test'))!;
    await rig.store.accounts.set(id, { quota: 1 });
    const queue = await rig.carry();
    await until('it was tried', async () => (await rig.waiting())[0]?.attempts === 1);
    expect(await rig.waiting()).toMatchObject([{ state: 'held', holdKind: 'future release', routed: false }]);
    await rig.store.accounts.set(id, { quota: 0 });
    rig.clock.shift += hour;
    queue.wake();
    await rig.settled();
    expect(await rig.store.messages.maildrop(id)).toHaveLength(2);
  });

  test('queue reports to its author whom nobody takes any more, and the others get it', async () => {
    await rig.submit([{ address: 'bob@us.test' }, { address: 'cat@us.test' }], { releaseAt: soon() });
    await rig.store.accounts.remove((await rig.store.accounts.byAddress('cat@us.test'))!.id, 5);
    rig.clock.shift += hour + 1000;
    await rig.carry();
    await rig.settled();
    expect(await told()).toEqual(['failed rfc822; cat@us.test']);
  });

  test('queue tries again what could not be released, and loses nothing', async () => {
    await rig.submit([{ address: 'bob@us.test' }], { releaseAt: soon() });
    rig.clock.shift += hour + 1000;
    let failures = 1;
    const prepareRelease: typeof rig.intake.prepareRelease = async held => {
      if (failures-- > 0) throw new Error('the disk is full');
      return await rig.intake.prepareRelease(held);
    };
    const queue = await rig.carry({ prepareRelease });
    const back = async () => (await rig.waiting())[0]?.reason.startsWith('could not be released');
    await until('it is held again', back);
    expect((await rig.waiting())[0]).toMatchObject({ state: 'held', routed: false });
    rig.clock.shift += 61_000;
    queue.wake();
    await rig.settled();
  });
});
