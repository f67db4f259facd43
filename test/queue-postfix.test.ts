import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from './harness.ts';
import { hasPostfix, type Peer, smtpSink, startPostfix } from './postfix.ts';
import { createRig, letter, type Rig } from './queue-rig.ts';

let rig: Rig;
const peers: Peer[] = [];
beforeEach(async () => {
  rig = await createRig();
});
afterEach(async () => {
  await rig.close();
  await Promise.all(peers.splice(0).map(peer => peer.close()));
});

const through = (peer: Peer) => {
  peers.push(peer);
  rig.settings.gateway.splice(0, 1, { domain: '*', host: '127.0.0.1', port: peer.port });
  return peer;
};
const content = (bytes: Buffer) => ({ content: { bytes, file: null, size: bytes.length } as const });
/** Both dump with LF alone. */
const unix = (bytes: Buffer | string) => Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n');

describe.skipIf(!hasPostfix)('smtp-sink (package postfix, as root)', () => {
  // [flags, what becomes of a delivery: gone and taken, gone with a report, waiting]
  type Row = [string, string[], 'taken' | 'reported' | 'waiting'];
  const others: Row[] = [
    ['takes all', [], 'taken'],
    ['knows no ESMTP', ['-e'], 'taken'],
    ['knows no PIPELINING', ['-p'], 'taken'],
    ['knows no DSN', ['-N'], 'taken'],
    ['knows no DSN, 8BITMIME, enhanced codes', ['-N', '-8', '-E'], 'taken'],
    ['refuses content it has not yet read', ['-A', '1'], 'reported'],
    ['is slow at the dot', ['-W', '.:1'], 'taken'],
    ['is slow at each answer', ['-w', '1'], 'taken'],
    // HELO is asked where EHLO is refused.
    ['refuses EHLO and HELO', ['-f', 'EHLO,HELO'], 'reported'],
    ['puts EHLO and HELO off', ['-r', 'EHLO,HELO'], 'waiting'],
    ['says 421 at EHLO and HELO', ['-Q', 'EHLO,HELO'], 'waiting'],
  ];
  // What each verb means where it fails by 5xx, by 4xx, by hanging up, by 421: t taken, r reported, w waiting.
  const verbs: [string, string][] = [
    ['CONNECT', 'wwww'],
    ['EHLO', 'ttww'],
    ['MAIL', 'rwww'],
    ['RCPT', 'rwww'],
    ['DATA', 'rwww'],
    ['.', 'rwww'],
    ['QUIT', 'tttt'],
  ];
  const ways = ['-f', '-r', '-q', '-Q'];
  const ends = { t: 'taken', r: 'reported', w: 'waiting' } as const;
  const failing = verbs.flatMap(([verb, expected]) =>
    ways.map((way, i): Row => [`fails at ${verb} by ${way}`, [way, verb], ends[expected[i] as keyof typeof ends]]),
  );
  const rows = [...others, ...failing];
  for (const [how, flags, end] of rows)
    test(`queue does right by a sink that ${how}`, async () => {
      const sink = through(await smtpSink(...flags));
      await rig.accept(['bob@hop.test']);
      await rig.queue({ timeouts: { connect: 5000, greeting: 5000, command: 5000, final: 5000, block: 5000 } });
      await until('it had its outcome', async () => (await rig.waiting()).every(d => d.attempts === 1));
      expect(await rig.waiting()).toHaveLength(end === 'waiting' ? 1 : 0);
      expect(await rig.inbox()).toHaveLength(end === 'reported' ? 1 : 0);
      if (end !== 'taken') return;
      await until('it lies there', async () => (await sink.taken()).length === 1);
      expect(unix((await sink.taken())[0] ?? '')).toContain(unix(letter));
    });
});

describe.skipIf(!hasPostfix)('Postfix (package postfix, as root)', () => {
  test('queue hands mail to Postfix under TLS, byte for byte, and reports whom it refuses', async () => {
    const postfix = through(await startPostfix());
    const mails = [
      letter,
      'Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n',
      `Subject: eight\r\n\r\ngr\xfc\xdfe\r\n`,
      'Subject: no end\r\n\r\nlast line',
      `Subject: much\r\n\r\n${`${'y'.repeat(76)}\r\n`.repeat(20_000)}`,
    ].map(text => Buffer.from(text, 'latin1'));
    for (const bytes of mails) await rig.accept(['bob@pf.test'], { ...content(bytes), eightBit: true, envid: 'a b' });
    await rig.accept(
      Array.from({ length: 150 }, (_, i) => `r${i}@pf.test`),
      { reversePath: null },
    );
    await rig.accept(['carl@pf.test', 'nobody@pf.test'], { ret: 'HDRS' });
    await rig.queue({ timeouts: {} });
    await until('the queue is empty', async () => (await rig.waiting()).length === 0, 20_000);
    await until('all lie there', async () => (await postfix.taken()).length === mails.length + 150 + 1, 20_000);
    const taken = (await postfix.taken()).map(unix);
    for (const bytes of mails) {
      const expected = unix(bytes).replace(/([^\n])$/, '$1\n');
      const body = (text: string) => text.slice(text.indexOf('\n\n'));
      expect(
        taken.some(t => body(t) === body(expected)),
        expected.slice(0, 20),
      ).toBe(true);
    }
    expect(taken.every(t => /\(using TLSv1/.test(t))).toBe(true);
    const reports = (await rig.inbox()).map(r => r.toString());
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatch(/Final-Recipient: rfc822; ?nobody@pf\.test/);
    expect(reports[0]).not.toContain('carl@pf.test');
  });
});
