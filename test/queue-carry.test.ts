import { afterEach, describe, expect, test } from 'vitest';
import { silentLog } from '../daemon/log.ts';
import { replyLine } from '../daemon/mail/reply.ts';
import { type Carrier, carry, loadsOf, type Result } from '../daemon/queue/carry.ts';
import { createHostMemory } from '../daemon/queue/hop/memory.ts';
import type { Host } from '../daemon/queue/hop.ts';
import { connectSmtp } from '../daemon/smtp-client.ts';
import type { Delivery } from '../daemon/store.ts';
import { until } from './harness.ts';
import { everything, type NextHop, nextHop, type Script } from './next-hop.ts';

const open: NextHop[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(hop => hop.close()));
});

async function hopFor(script: Script): Promise<NextHop> {
  const hop = await nextHop(script);
  open.push(hop);
  return hop;
}

const delivery = (id: number, more: Partial<Delivery> = {}): Delivery => ({
  id,
  contentId: 1,
  size: 20,
  sender: 'ann@us.test',
  recipient: `r${id}@hop.test`,
  domain: 'hop.test',
  state: 'sending',
  holdKind: null,
  reason: '',
  routed: true,
  origin: 'submitter',
  attempts: 0,
  nextAt: 0,
  lastReply: null,
  since: 0,
  notify: null,
  orcpt: null,
  ret: null,
  envid: null,
  eightBit: false,
  smtpUtf8: false,
  accountId: null,
  delayedAt: null,
  acceptedAs: null,
  fields: '',
  errand: null,
  ...more,
});
const some = (count: number, more: (id: number) => Partial<Delivery> = () => ({})): Delivery[] =>
  Array.from({ length: count }, (_, i) => delivery(i + 1, more(i + 1)));

const at = (hop: { port: number }): Host => ({
  host: `h${hop.port}.test`,
  port: hop.port,
  addresses: ['127.0.0.1'],
  tls: 'try',
  implicitTls: false,
  login: null,
  ca: null,
  proxy: null,
});

async function send(deliveries: Delivery[], hosts: Host[], more: Partial<Carrier> = {}) {
  const settled: Result[][] = [];
  const journey = await carry(deliveries, hosts, {
    connect: connectSmtp,
    name: 'us.test',
    settings: { outgoing_ip: [] },
    memory: createHostMemory(),
    now: Date.now,
    openContent: async function* (id) {
      yield Buffer.from(`Subject: ${id}\r\n\r\nh\xc3\xa9\r\n`, 'latin1');
    },
    settle: async results => void settled.push(results),
    signal: new AbortController().signal,
    log: silentLog(),
    timeouts: { connect: 300, greeting: 200, command: 200, block: 200, final: 200 },
    ...more,
  });
  const results = settled.flat().sort((a, b) => a.delivery.id - b.delivery.id);
  const lines = results.map(r => `${r.verdict} ${replyLine(r.reply)}`);
  return { ...journey, settled, results, lines, untried: journey.untried.map(d => d.id) };
}

describe('carry', () => {
  // What each way of failing means: [how, script, per recipient the outcome; else what the whole hop failed with]
  const replies: [string, Script, string[]][] = [
    ['takes it', {}, ['delivered 250 2.0.0 Taken', 'delivered 250 2.0.0 Taken']],
    ['knows no ESMTP', { answers: { EHLO: '500 What?' } }, ['delivered 250 2.0.0 Taken', 'delivered 250 2.0.0 Taken']],
    ['has no extensions', { offers: [] }, ['delivered 250 2.0.0 Taken', 'delivered 250 2.0.0 Taken']],
    ['4xx at MAIL', { answers: { MAIL: '451 4.3.0 a', DATA: '503 b' } }, ['later 451 4.3.0 a', 'later 451 4.3.0 a']],
    ['5xx at MAIL', { answers: { MAIL: '550 5.7.1 a', DATA: '503 b' } }, ['failed 550 5.7.1 a', 'failed 550 5.7.1 a']],
    [
      '4xx and 2xx at RCPT',
      { answers: { RCPT: ['450 4.2.0 a', '250 b'] } },
      ['later 450 4.2.0 a', 'delivered 250 2.0.0 Taken'],
    ],
    [
      '5xx and 4xx at RCPT',
      { answers: { RCPT: ['550 5.1.1 a', '450 b'], DATA: '503 c' } },
      ['failed 550 5.1.1 a', 'later 450 b'],
    ],
    ['4xx at DATA', { answers: { DATA: '451 a' } }, ['later 451 a', 'later 451 a']],
    ['5xx at DATA', { answers: { DATA: '554 5.3.2 a' } }, ['failed 554 5.3.2 a', 'failed 554 5.3.2 a']],
    ['4xx at the dot', { answers: { '.': '452 4.3.1 a' } }, ['later 452 4.3.1 a', 'later 452 4.3.1 a']],
    ['5xx at the dot', { answers: { '.': '554 5.7.1 a' } }, ['failed 554 5.7.1 a', 'failed 554 5.7.1 a']],
    [
      '4xx at RSET, when it is done',
      { answers: { RSET: '451 a' } },
      ['delivered 250 2.0.0 Taken', 'delivered 250 2.0.0 Taken'],
    ],
  ];
  for (const [how, script, lines] of replies)
    test(`carry gives each recipient its outcome when the hop ${how}`, async () => {
      const sent = await send(some(2), [at(await hopFor(script))]);
      expect(sent.lines).toEqual(lines);
      expect(sent.failure).toBe(null);
      expect(sent.untried).toEqual([]);
    });

  // The mail was offered and the line broke: it may or may not be there, so it is tried again later.
  const broken: [string, Script['answers']][] = [
    ['drops at MAIL', { MAIL: 'DROP' }],
    ['drops at RCPT', { RCPT: 'DROP' }],
    ['drops at DATA', { DATA: 'DROP' }],
    ['drops after the dot', { '.': 'DROP' }],
    ['is silent after the dot', { '.': 'SILENCE' }],
  ];
  for (const [how, answers] of broken)
    test(`carry puts off what was offered when the hop ${how}`, async () => {
      const { lines } = await send(some(2), [at(await hopFor({ answers }))]);
      expect(lines).toHaveLength(2);
      for (const line of lines) expect(line).toMatch(/^later 451 4\.4\.2 Connection lost/);
    });

  // Nothing was offered: the hop as a whole failed.
  const dead: [string, Script, boolean, RegExp][] = [
    ['greets with 421', { greeting: '421 4.3.2 a' }, false, /^421 4\.3\.2 a$/],
    ['greets with 554', { greeting: '554 5.7.1 a' }, false, /^554 5\.7\.1 a$/],
    ['greets with 521', { greeting: '521 5.3.2 a' }, true, /^521 5\.3\.2 a$/],
    ['greets with nonsense', { greeting: 'SSH-2.0-x' }, false, /SSH/],
    ['drops at once', { greeting: 'DROP' }, false, /^451 4\.4\.1 .*closed/],
    ['is silent', { greeting: 'SILENCE' }, false, /^451 4\.4\.1 .*within 200 ms/],
    ['4xx at EHLO', { answers: { EHLO: '450 a', HELO: '450 a' } }, false, /^450 a$/],
    ['5xx at EHLO', { answers: { EHLO: '550 a', HELO: '550 a' } }, true, /^550 a$/],
    ['says 421 at MAIL', { answers: { MAIL: '421 4.3.2 a' } }, false, /^421 4\.3\.2 a$/],
    ['says 421 at the dot', { answers: { '.': '421 4.3.2 a' } }, false, /^421 4\.3\.2 a$/],
  ];
  for (const [how, script, permanent, line] of dead)
    test(`carry says that the hop failed when it ${how}, and takes the next one`, async () => {
      const first = await hopFor(script);
      const alone = await send(some(2), [at(first)]);
      expect(alone.lines).toEqual([]);
      expect(alone.untried).toEqual([1, 2]);
      expect(alone.failure && replyLine(alone.failure.reply)).toMatch(line);
      expect(alone.failure?.permanent).toBe(permanent);
      const next = await send(some(2), [at(first), at(await hopFor({}))]);
      expect(next.lines).toEqual(['delivered 250 2.0.0 Taken', 'delivered 250 2.0.0 Taken']);
    });

  test('carry says refused where nobody listens, and that a failure that may pass counts before one that will not', async () => {
    const gone = await nextHop();
    await gone.close();
    const final = await hopFor({ greeting: '521 5.3.2 Never' });
    const sent = await send(some(1), [at(final), at(gone)]);
    expect(sent.failure?.permanent).toBe(false);
    expect(sent.failure?.reply.text).toMatch(/connection refused$/);
  });

  test('carry gives the next connection to a host that takes only so many messages, each once', async () => {
    const hop = await hopFor({});
    let taken = 0;
    const full: Script['answers'] = {
      MAIL: s => s.write(++taken % 4 === 0 ? '421 4.7.0 Enough\r\n' : '250 Ok\r\n'),
    };
    hop.script.answers = full;
    hop.script.offers = [];
    const sent = await send(
      some(10, id => ({ contentId: id })),
      [at(hop)],
    );
    expect(sent.lines.filter(line => line.startsWith('delivered'))).toHaveLength(10);
    expect(hop.contents).toHaveLength(10);
    expect(hop.connections).toBe(4);
  });

  const patient = { connect: 9_000, greeting: 9_000, command: 9_000, block: 9_000, final: 9_000 };

  test('carry begins the next message while an outcome is written, and gives no content before it is', async () => {
    const hop = await hopFor({});
    const disk = Promise.withResolvers<void>();
    const letters = some(3, id => ({ contentId: id }));
    const timeouts = { ...patient, block: 400 };
    const sending = send(letters, [at(hop)], { settle: () => disk.promise, timeouts });
    await until('the second is offered', async () => hop.heard.filter(line => line === 'DATA').length === 2);
    // Our own disk's time is not the peer's.
    await new Promise(resolve => setTimeout(resolve, 600));
    expect(hop.contents).toHaveLength(1);
    disk.resolve();
    expect((await sending).untried).toEqual([]);
    expect(hop.contents).toHaveLength(3);
    expect(hop.connections).toBe(1);
  });

  test('carry gives out nothing more where an outcome cannot be written', async () => {
    const hop = await hopFor({});
    const settle = () => Promise.reject(new Error('the disk is gone'));
    const sending = send(
      some(3, id => ({ contentId: id })),
      [at(hop)],
      { settle, timeouts: patient },
    );
    await expect(sending).rejects.toThrow('the disk is gone');
    expect(hop.contents).toHaveLength(1);
  });

  test('carry sends one content to a hundred recipients at once, and different ones one after another', async () => {
    const hop = await hopFor({});
    const sent = await send([...some(130), delivery(200, { contentId: 2 }), delivery(201, { ret: 'HDRS' })], [at(hop)]);
    expect(sent.settled.map(s => s.length)).toEqual([100, 30, 1, 1]);
    expect(hop.contents).toHaveLength(4);
    expect(hop.connections).toBe(1);
  });

  test('carry returns 8-bit mail a hop cannot take, and knows whether the hop reports', async () => {
    const plain = await send(
      some(1, () => ({ eightBit: true })),
      [at(await hopFor({ offers: [] }))],
    );
    expect(plain.lines[0]).toMatch(/^failed 554 5\.6\.3/);
    expect(plain.results[0]?.reports).toBe(false);
    const able = await send(
      some(1, () => ({ eightBit: true })),
      [at(await hopFor({ offers: everything }))],
    );
    expect(able.results[0]).toMatchObject({ verdict: 'delivered', reports: true });
  });

  test('carry goes on with the others when one content cannot be read', async () => {
    const hop = await hopFor({});
    const openContent: Carrier['openContent'] = async function* (id) {
      yield Buffer.from('Subject: x\r\n\r\n');
      if (id === 1) throw new Error('ENOENT');
    };
    const sent = await send(
      some(3, id => ({ contentId: id })),
      [at(hop)],
      { openContent },
    );
    expect(sent.lines.map(line => line.split(' ')[0])).toEqual(['later', 'delivered', 'delivered']);
    expect(hop.contents).toHaveLength(2);
  });

  test('carry leaves untried what a stop cuts off', async () => {
    const hop = await hopFor({ answers: { '.': ['250 Ok', 'SILENCE'] } });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const timeouts = { final: 10_000 };
    const sent = await send(
      some(3, id => ({ contentId: id })),
      [at(hop)],
      { signal: stop.signal, timeouts },
    );
    expect(sent.lines).toEqual(['delivered 250 Ok']);
    expect(sent.untried).toEqual([2, 3]);
    expect(sent.failure).toBe(null);
  });

  test('carry goes on without TLS when the hop offers it and cannot', async () => {
    const hop = await hopFor({
      offers: ['STARTTLS'],
      answers: { STARTTLS: s => s.write('220 Go\r\n', () => s.destroy()) },
    });
    expect((await send(some(1), [at(hop)])).lines).toEqual(['delivered 250 2.0.0 Taken']);
  });
});

test('loadsOf puts together what differs in the recipient alone', () => {
  const alike = delivery(1);
  const different: Partial<Delivery>[] = [
    { contentId: 2 },
    { sender: null },
    { ret: 'FULL' },
    { envid: 'x' },
    { eightBit: true },
    { smtpUtf8: true },
  ];
  expect(loadsOf([alike, delivery(2, { notify: ['NEVER'] }), delivery(3, { recipient: 'x@y' })])).toHaveLength(1);
  for (const more of different) expect(loadsOf([alike, delivery(2, more)])).toHaveLength(2);
});
