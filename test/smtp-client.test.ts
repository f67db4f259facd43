import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { isTemporary, replyLine } from '../daemon/mail/reply.ts';
import { parseReply } from '../daemon/smtp-client/replies.ts';
import { everything, type Script } from './next-hop.ts';
import { clientFor, closeAll, drip, mail, text, three } from './smtp-client-rig.ts';

afterEach(closeAll);

describe('send', () => {
  test('send gives the content as it is, with its dots stuffed, and answers what the dot was answered', async () => {
    const { hop, client } = await clientFor({});
    const result = await client.send(mail({ content: text('A: b\r\n\r\n.\r\n..x\r\nend') }));
    expect(result.map(replyLine)).toEqual(['250 2.0.0 Taken']);
    expect(hop.contents).toEqual(['A: b\r\n\r\n..\r\n...x\r\nend\r\n']);
    expect(hop.heard).toEqual(['EHLO us.test', 'MAIL FROM:<ann@us.test> SIZE=30', 'RCPT TO:<bob@hop.test>', 'DATA']);
  });

  test('send gives no peer a line end but CRLF, wherever the content was cut', async () => {
    const { hop, client } = await clientFor({}, { timeouts: {} });
    const whole = '.a\n.b\r.c\r\n.\r\n\n.\n\r.\r';
    for (let cut = 0; cut <= whole.length; cut++) {
      const cuts = [whole.slice(0, cut), whole.slice(cut)].map(octets => Buffer.from(octets));
      await client.send(mail({ content: () => Readable.from(cuts) }));
    }
    const mended = '..a\r\n..b\r\n..c\r\n..\r\n\r\n..\r\n\r\n..\r\n';
    expect(hop.contents).toEqual(Array(whole.length + 1).fill(mended));
  });

  test('send gives content of many pieces whole', async () => {
    const { hop, client } = await clientFor({}, { timeouts: {} });
    const piece = `.${'x'.repeat(77)}\r\n`.repeat(700);
    const result = await client.send(mail({ content: () => Readable.from(Array(20).fill(Buffer.from(piece))) }));
    expect(result.map(replyLine)).toEqual(['250 2.0.0 Taken']);
    expect(hop.contents[0] === piece.replaceAll(/^\./gm, '..').repeat(20)).toBe(true);
  });

  test('send writes <> for a null reverse-path', async () => {
    const { hop, client } = await clientFor({ offers: [] });
    await client.send(mail({ reversePath: null }));
    expect(hop.heard).toContain('MAIL FROM:<>');
  });

  for (const offers of [everything, []]) {
    test(`send answers each recipient for itself, offered ${offers.length} extensions`, async () => {
      const RCPT = ['250 2.1.5 Ok', '550 5.1.1 No such user', '452-4.2.2 Mailbox\r\n452 4.2.2 full'];
      const { hop, client } = await clientFor({ offers, answers: { RCPT } });
      const result = await client.send(mail({ recipients: three }));
      expect(result.map(replyLine)).toEqual(['250 2.0.0 Taken', '550 5.1.1 No such user', '452 4.2.2 Mailbox full']);
      expect(hop.contents).toHaveLength(1);
    });

    test(`send twice works after every recipient was refused, offered ${offers.length} extensions`, async () => {
      const answers = { RCPT: ['550 5.1.1 No', '250 Ok'], DATA: offers.length ? ['503 none', '354 Go'] : '354 Go' };
      const { hop, client } = await clientFor({ offers, answers });
      expect((await client.send(mail())).map(replyLine)).toEqual(['550 5.1.1 No']);
      expect((await client.send(mail())).map(replyLine)).toEqual(['250 2.0.0 Taken']);
      expect(hop.heard).toContain('RSET');
      expect(hop.connections).toBe(1);
    });
  }

  test('send keeps one connection over many transactions, asked for all at once', async () => {
    const { hop, client } = await clientFor({});
    const results = await Promise.all(Array.from({ length: 30 }, () => client.send(mail())));
    expect(results.flat().filter(r => r.code === 250)).toHaveLength(30);
    expect(hop.contents).toHaveLength(30);
    expect(hop.connections).toBe(1);
  });

  // What is refused by a reply: its code stays, and the session serves the next mail.
  const refusals: [string, Script['answers'], string][] = [
    [
      'MAIL 4xx',
      { MAIL: ['451 4.3.0 Later', '250 Ok'], RCPT: ['503 a', '250 b'], DATA: ['503 a', '354 b'] },
      '451 4.3.0 Later',
    ],
    [
      'MAIL 5xx',
      { MAIL: ['550 5.7.1 No', '250 Ok'], RCPT: ['503 a', '250 b'], DATA: ['503 a', '354 b'] },
      '550 5.7.1 No',
    ],
    ['DATA 4xx', { DATA: ['451 Later', '354 Go'] }, '451 Later'],
    ['DATA 5xx', { DATA: ['554 5.6.0 No', '354 Go'] }, '554 5.6.0 No'],
    ['the dot 4xx', { '.': ['452 4.3.1 Full', '250 Ok'] }, '452 4.3.1 Full'],
    ['the dot 5xx', { '.': ['554 5.7.1 Spam', '250 Ok'] }, '554 5.7.1 Spam'],
    ['the dot with a code that is none', { '.': ['354 Hm', '250 Ok'] }, '451 4.5.0 unexpected answer: 354 Hm'],
  ];
  for (const [what, answers, line] of refusals)
    test(`send passes on ${what}, and the next one is taken`, async () => {
      const { client } = await clientFor({ answers });
      expect((await client.send(mail())).map(replyLine)).toEqual([line]);
      expect((await client.send(mail())).map(r => r.code)).toEqual([250]);
    });

  // What breaks: everything still open is temporary and nothing hangs. The last word of a 421 is kept.
  const noise = 'x'.repeat(60_000);
  const breakages: [string, Script['answers'], RegExp][] = [
    ['drops at MAIL', { MAIL: 'DROP' }, /^451 4\.4\.2/],
    ['drops at RCPT', { RCPT: 'DROP' }, /^451 4\.4\.2/],
    ['drops at DATA', { DATA: 'DROP' }, /^451 4\.4\.2/],
    ['drops after the dot', { '.': 'DROP' }, /^451 4\.4\.2/],
    ['is silent at everything', { MAIL: 'SILENCE', RCPT: 'SILENCE', DATA: 'SILENCE' }, /^451 4\.4\.2 .*within 300 ms/],
    ['is silent at DATA', { DATA: 'SILENCE' }, /^451 4\.4\.2 .*within 300 ms/],
    ['is silent after the dot', { '.': 'SILENCE' }, /^451 4\.4\.2 .*dot within 300 ms/],
    ['says 421 at MAIL', { MAIL: '421 4.3.2 Going down' }, /^421 4\.3\.2 Going down/],
    ['says 421 at the dot', { '.': '421 4.3.2 Going down' }, /^421 4\.3\.2 Going down/],
    ['answers DATA with 250', { DATA: '250 Ok' }, /^451 4\.5\.0 unexpected/],
    ['talks nonsense', { RCPT: 'what?' }, /^451 4\.5\.0 not an SMTP answer: what\?/],
    ['never ends a line', { '.': s => drip(s, noise) }, /^451 4\.4\.2 .*size/],
    ['never ends a reply', { '.': s => drip(s, `250-${'y'.repeat(70)}\r\n`.repeat(1000)) }, /^451 4\.4\.2 .*size/],
    ['sends empty lines for ever', { '.': s => drip(s, '\r\n'.repeat(100_000)) }, /^451 4\.4\.2 .*size/],
    ['trickles a reply', { '.': s => drip(s, '2') }, /^451 4\.4\.2 .*within 300 ms/],
  ];
  for (const [what, answers, line] of breakages)
    test(`send is temporary for a peer that ${what}`, async () => {
      const { client } = await clientFor({ answers });
      const result = await client.send(mail({ recipients: three.slice(0, 2) }));
      expect(result).toHaveLength(2);
      for (const r of result) expect(replyLine(r)).toMatch(line);
      expect(result.every(isTemporary)).toBe(true);
      if (/4\\.4\\.2/.test(line.source)) expect(client.usable).toBe(false);
    });

  test('send does not believe a 250 that came before the content had ended', async () => {
    const { hop, client } = await clientFor({ answers: { DATA: s => s.write('354 Go\r\n250 2.0.0 Taken\r\n') } });
    async function* slow() {
      yield Buffer.from('A: b\r\n\r\n');
      await new Promise(resolve => setTimeout(resolve, 100));
      yield Buffer.from('rest\r\n');
    }
    const result = await client.send(mail({ content: slow() }));
    expect(result.map(replyLine)).toEqual(['451 4.4.2 Connection lost: the answer came before the content had ended']);
    expect(client.usable).toBe(false);
    expect(hop.contents).toEqual([]);
  });

  test('send never ends content that could not be read to its end', async () => {
    const { hop, client } = await clientFor({});
    async function* broken() {
      yield Buffer.from('A: b\r\n\r\nhalf');
      throw new Error('disk');
    }
    const result = await client.send(mail({ content: broken() }));
    expect(result.map(r => r.code)).toEqual([451]);
    expect(client.usable).toBe(false);
    await client.close();
    expect(hop.contents).toEqual([]);
  });

  test('abort ends a send under way as temporary', async () => {
    const { client } = await clientFor({ answers: { '.': 'SILENCE' } }, { timeouts: {} });
    const result = client.send(mail());
    setTimeout(() => client.abort(), 50);
    expect((await result).map(r => r.code)).toEqual([451]);
  });
});

test('parseReply reads codes, enhanced codes and texts', () => {
  const lines: [string, string][] = [
    // whole replies
    ['250 2.1.0 Ok', '250 2.1.0 Ok'],
    ['250 Ok', '250 Ok'],
    ['250', '250 '],
    ['550-5.1.1 No\n550 5.1.1 such user', '550 5.1.1 No such user'],
    // the code holds where the enhanced code contradicts it
    ['450 5.1.1 No', '450 No'],
    // not an enhanced code
    ['550 5.1.1.1 No', '550 5.1.1.1 No'],
    ['550 1.2.3 No', '550 1.2.3 No'],
    // controls do not reach a log
    ['550 a\x1b[31m\tb', '550 a [31m b'],
    // not SMTP: temporary
    ['HTTP/1.1 400 Bad', '451 4.5.0 not an SMTP answer: HTTP/1.1 400 Bad'],
    ['999 x', '451 4.5.0 not an SMTP answer: 999 x'],
    ['', '451 4.5.0 not an SMTP answer: '],
  ];
  for (const [raw, line] of lines) expect(replyLine(parseReply(raw))).toBe(line);
  expect(parseReply(`550 ${'x'.repeat(5000)}`).text.length).toBe(500);
});
