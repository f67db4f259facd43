import { afterEach, describe, expect, test } from 'vitest';
import { enhancedCode, isPermanent, isTemporary, replyLine } from '../daemon/mail/reply.ts';
import { asciiDomain, findEightBit, xtext } from '../daemon/smtp-client/parameters.ts';
import { parseReply } from '../daemon/smtp-client/replies.ts';
import {
  type ClientOptions,
  ConnectError,
  connectSmtp,
  createSubmitter,
  type Submission,
} from '../daemon/smtp-client.ts';
import { localhost } from './certificate.ts';
import { everything, type NextHop, nextHop, type Script } from './next-hop.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(one => one.close()));
});

async function hopFor(script: Script): Promise<NextHop> {
  const hop = await nextHop(script);
  open.push(hop);
  return hop;
}

const quick = { connect: 500, greeting: 300, command: 300, block: 300, final: 300 };
const to = (hop: NextHop, more: Partial<ClientOptions> = {}): ClientOptions => ({
  host: '127.0.0.1',
  port: hop.port,
  name: 'us.test',
  tls: 'off',
  timeouts: quick,
  ...more,
});

async function clientFor(script: Script, more: Partial<ClientOptions> = {}) {
  const hop = await hopFor(script);
  const client = await connectSmtp(to(hop, more));
  open.push(client);
  return { hop, client };
}

const text = (octets: string) => () => bytes(octets);
async function* bytes(octets: string): AsyncIterable<Buffer> {
  for (let at = 0; at < octets.length; at += 7) yield Buffer.from(octets.slice(at, at + 7), 'latin1');
}

const mail = (more: Partial<Submission> = {}): Submission => ({
  reversePath: 'ann@us.test',
  recipients: [{ address: 'bob@hop.test' }],
  size: 30,
  content: text('Subject: x\r\n\r\nhello\r\n'),
  ...more,
});
const three = ['bob@hop.test', 'cat@hop.test', 'dan@hop.test'].map(address => ({ address }));

const failure = async (hop: NextHop, more: Partial<ClientOptions> = {}): Promise<ConnectError> => {
  const error = await connectSmtp(to(hop, more)).catch(e => e);
  expect(error).toBeInstanceOf(ConnectError);
  return error;
};

describe('send', () => {
  test('send gives the content as it is, with its dots stuffed, and answers what the dot was answered', async () => {
    const { hop, client } = await clientFor({});
    const result = await client.send(mail({ content: text('A: b\r\n\r\n.\r\n..x\r\nend') }));
    expect(result.map(replyLine)).toEqual(['250 2.0.0 Taken']);
    expect(hop.contents).toEqual(['A: b\r\n\r\n..\r\n...x\r\nend\r\n']);
    expect(hop.heard).toEqual(['EHLO us.test', 'MAIL FROM:<ann@us.test> SIZE=30', 'RCPT TO:<bob@hop.test>', 'DATA']);
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
    ['sends empty lines for ever', { '.': s => drip(s, '\r\n'.repeat(20_000)) }, /^451 4\.4\.2 .*size/],
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

describe('parameters', () => {
  const dsn: Partial<Submission> = {
    ret: 'HDRS',
    envid: 'a b+c=é',
    eightBit: true,
    smtpUtf8: true,
    recipients: [
      { address: 'bob@hop.test', notify: ['SUCCESS', 'FAILURE'], orcpt: 'rfc822;bob+x@old.test' },
      { address: 'cat@hop.test', notify: ['NEVER'] },
      { address: 'dan@hop.test' },
    ],
  };

  test('send gives each recipient its own DSN parameters', async () => {
    const { hop, client } = await clientFor({});
    await client.send(mail(dsn));
    expect(hop.heard.slice(1, 5)).toEqual([
      'MAIL FROM:<ann@us.test> SIZE=30 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+20b+2Bc+3D+C3+A9',
      'RCPT TO:<bob@hop.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob+2Bx@old.test',
      'RCPT TO:<cat@hop.test> NOTIFY=NEVER',
      'RCPT TO:<dan@hop.test>',
    ]);
  });

  test('send gives a hop without extensions none of them, when the content needs none', async () => {
    const { hop, client } = await clientFor({ offers: [] });
    expect((await client.send(mail(dsn))).map(r => r.code)).toEqual([250, 250, 250]);
    expect(hop.heard.slice(1, 3)).toEqual(['MAIL FROM:<ann@us.test>', 'RCPT TO:<bob@hop.test>']);
  });

  test('send falls back to HELO', async () => {
    const { hop, client } = await clientFor({ answers: { EHLO: '502 5.5.1 What?' } });
    expect((await client.send(mail(dsn))).map(r => r.code)).toEqual([250, 250, 250]);
    expect(hop.heard.slice(0, 3)).toEqual(['EHLO us.test', 'HELO us.test', 'MAIL FROM:<ann@us.test>']);
    expect(client.extensions.size).toBe(0);
  });

  const eight = text('Subject: x\r\n\r\nh\xc3\xa9\r\n');
  const eightHeader = text('Subject: \xc3\xa9\r\n\r\nh\r\n');
  const plain = text('Subject: x\r\n\r\nh\r\n');
  // [what is offered, what is sent, the answers' enhanced codes; '2.0.0' was taken]
  const needs: [string, string[], Partial<Submission>, string[]][] = [
    // 8BITMIME
    ['8-bit content, declared', [], { eightBit: true, content: eight }, ['5.6.3']],
    ['8-bit content, declared, offered', ['8BITMIME'], { eightBit: true, content: eight }, ['2.0.0']],
    ['8-bit content, declared, readable once', [], { eightBit: true, content: eight() }, ['5.6.3']],
    ['7-bit content declared 8-bit, readable once', [], { eightBit: true, content: plain() }, ['5.6.3']],
    ['8-bit content nobody declared', [], { content: eight }, ['2.0.0']],
    // SMTPUTF8
    ['an 8-bit header', ['8BITMIME'], { smtpUtf8: true, eightBit: true, content: eightHeader }, ['5.6.7']],
    ['SMTPUTF8 without need', ['8BITMIME'], { smtpUtf8: true, content: eight }, ['2.0.0']],
    ['an internationalised sender', [], { reversePath: 'änn@us.test' }, ['5.6.7']],
    ['an internationalised sender, offered', ['SMTPUTF8'], { reversePath: 'änn@us.test' }, ['2.0.0']],
    [
      'one such recipient',
      [],
      { recipients: [{ address: 'böb@x.test' }, { address: 'c@x.test' }] },
      ['5.6.7', '2.0.0'],
    ],
    ['an internationalised domain', [], { recipients: [{ address: 'bob@bücher.test' }] }, ['2.0.0']],
    // SIZE
    ['too much', ['SIZE 20'], {}, ['5.3.4']],
    ['SIZE without a limit', ['SIZE'], {}, ['2.0.0']],
    ['SIZE 0', ['SIZE 0'], {}, ['2.0.0']],
    // our own parameters to one who does not know them
    ['a key', [], { key: 'k' }, ['4.3.5']],
    ['HOLDFOR', [], { holdFor: 60 }, ['5.3.3']],
    // addresses that would write commands
    [
      'a line end in a recipient',
      [],
      { recipients: [{ address: 'a@x\r\nRSET' }, { address: 'b@x' }] },
      ['5.1.3', '2.0.0'],
    ],
    ['a bracket in a recipient', [], { recipients: [{ address: 'a@x> NOTIFY=NEVER' }] }, ['5.1.3']],
    ['an empty recipient', [], { recipients: [{ address: '' }] }, ['5.1.3']],
    ['a line end in the sender', [], { reversePath: 'a@x\r\nRSET' }, ['5.1.7']],
  ];
  for (const [what, offers, more, expected] of needs)
    test(`send gives a hop offering [${offers}] ${what}: ${expected}`, async () => {
      const { client } = await clientFor({ offers, answers: { '.': '250 2.0.0 Ok' } });
      expect((await client.send(mail(more))).map(enhancedCode)).toEqual(expected);
    });

  test('send gives our own daemon key, draft and hold', async () => {
    const { hop, client } = await clientFor({ offers: ['XCWMAIL', 'FUTURERELEASE 1000 2030-01-01T00:00:00Z'] });
    await client.send(mail({ key: 'pop:a b=1', draftId: 7, holdFor: 60 }));
    expect(hop.heard[1]).toBe('MAIL FROM:<ann@us.test> HOLDFOR=60 XKEY=pop:a+20b+3D1 XDRAFT=7');
  });

  test('xtext escapes as RFC 3461 says', () => {
    expect(['a+b', 'a=b', 'a b', 'é', 'a@b', '\n'].map(xtext)).toEqual([
      'a+2Bb',
      'a+3Db',
      'a+20b',
      '+C3+A9',
      'a@b',
      '+0A',
    ]);
  });

  test('asciiDomain changes the domain alone', () => {
    expect(['bob@bücher.test', 'böb@x.test', 'bob', 'bob@x'].map(asciiDomain)).toEqual([
      'bob@xn--bcher-kva.test',
      'böb@x.test',
      'bob',
      'bob@x',
    ]);
  });

  // where the octets lie: [content, header, body]
  const found: [string, boolean, boolean][] = [
    ['A: b\r\n\r\nc', false, false],
    ['A: \xff\r\n\r\nc', true, false],
    ['A: b\r\n\r\n\xff', false, true],
    ['A: b\n\n\xff', false, true],
    ['A: \xff\n\n\xff', true, true],
    ['A: \xff', true, false],
    ['A: b\r\n\r\nc\r\n\r\n\xff', false, true],
  ];
  test('findEightBit tells header from body wherever the content is cut', async () => {
    for (const [content, header, body] of found)
      for (let cut = 0; cut <= content.length; cut++) {
        const pieces = [content.slice(0, cut), content.slice(cut)].map(p => Buffer.from(p, 'latin1'));
        expect(await findEightBit(each(pieces)), JSON.stringify([content, cut])).toEqual({ header, body });
      }
  });
});

async function* each(pieces: Buffer[]): AsyncIterable<Buffer> {
  yield* pieces;
}

const drip = (socket: import('node:net').Socket, octets: string): void => {
  const timer = setInterval(() => socket.writable && socket.write(octets), 10);
  socket.on('close', () => clearInterval(timer));
};

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

describe('connectSmtp', () => {
  // [what the peer does, kind, stage, permanent, offered the second greeting]
  const cases: [string, Script, string, string, boolean][] = [
    ['greets with 554', { greeting: '554 5.7.1 Go away' }, 'protocol', 'greeting', true],
    ['greets with 421', { greeting: '421 4.3.2 Busy' }, 'protocol', 'greeting', false],
    ['greets with nonsense', { greeting: 'HTTP/1.1 400 Bad Request' }, 'protocol', 'greeting', false],
    ['drops at once', { greeting: 'DROP' }, 'protocol', 'greeting', false],
    ['is silent', { greeting: 'SILENCE' }, 'timeout', 'greeting', false],
    ['trickles its greeting', { greeting: s => drip(s, '2') }, 'timeout', 'greeting', false],
    ['greets without end', { greeting: s => drip(s, `220-${'x'.repeat(30_000)}\r\n`) }, 'protocol', 'greeting', false],
    ['greets with a line without end', { greeting: s => drip(s, 'x'.repeat(60_000)) }, 'protocol', 'greeting', false],
    ['drops at EHLO', { answers: { EHLO: 'DROP' } }, 'protocol', 'ehlo', false],
    ['is silent at EHLO', { answers: { EHLO: 'SILENCE' } }, 'timeout', 'ehlo', false],
    ['says 421 to EHLO', { answers: { EHLO: '421 Busy' } }, 'protocol', 'ehlo', false],
    ['refuses EHLO and HELO', { answers: { EHLO: '550 No', HELO: '550 No' } }, 'protocol', 'ehlo', true],
    ['puts EHLO and HELO off', { answers: { EHLO: '450 No', HELO: '450 No' } }, 'protocol', 'ehlo', false],
  ];
  for (const [what, script, kind, stage, permanent] of cases)
    test(`connectSmtp rejects when the peer ${what}`, async () => {
      const error = await failure(await hopFor(script));
      expect({ kind: error.kind, stage: error.stage, permanent: error.permanent }).toEqual({ kind, stage, permanent });
    });

  test('connectSmtp keeps the reply of a refused greeting', async () => {
    const error = await failure(await hopFor({ greeting: '554-5.7.1 Go\r\n554 5.7.1 away' }));
    expect(error.reply && replyLine(error.reply)).toBe('554 5.7.1 Go away');
  });

  test('connectSmtp says refused where nobody listens', async () => {
    const hop = await nextHop();
    await hop.close();
    expect((await failure(hop)).kind).toBe('refused');
  });

  test('connectSmtp says dns for a name that does not exist', async () => {
    const hop = await hopFor({});
    expect((await failure(hop, { host: 'no.such.host.invalid', timeouts: { ...quick, connect: 20_000 } })).kind).toBe(
      'dns',
    );
  });

  test('connectSmtp uses the socket it is given', async () => {
    const { dial } = await import('../daemon/wire/dial.ts');
    const hop = await hopFor({});
    const client = await connectSmtp(to(hop, { host: 'mx.test', socket: await dial(['127.0.0.1'], hop.port, 500) }));
    open.push(client);
    expect((await client.send(mail())).map(r => r.code)).toEqual([250]);
  });
});

describe('TLS', () => {
  const tls = localhost;
  const offers = ['PIPELINING', 'STARTTLS'];

  test('connectSmtp takes any certificate with try', async () => {
    const { hop, client } = await clientFor({ offers, tls }, { tls: 'try' });
    expect((await client.send(mail())).map(r => r.code)).toEqual([250]);
    expect(hop.heard.slice(0, 4)).toEqual(['EHLO us.test', 'STARTTLS', '(TLS)', 'EHLO us.test']);
    expect(client.secure).toBe(true);
  });

  test('connectSmtp goes on without TLS with try, when the handshake or STARTTLS fails', async () => {
    const failing: Script[] = [
      { offers, answers: { STARTTLS: '454 4.7.0 Not now' } },
      { offers, answers: { STARTTLS: s => s.write('220 Ready\r\n', () => s.write('this is not TLS\r\n')) } },
      { offers, answers: { STARTTLS: s => s.write('220 Ready\r\n', () => s.destroy()) } },
      { offers, answers: { STARTTLS: '220 Ready' } },
    ];
    for (const script of failing) {
      const { hop, client } = await clientFor(script, { tls: 'try' });
      expect(
        (await client.send(mail())).map(r => r.code),
        JSON.stringify(hop.heard),
      ).toEqual([250]);
      expect(client.secure).toBe(false);
    }
  });

  test('connectSmtp sends nothing in clear with required', async () => {
    const strict: [string, Script, Partial<ClientOptions>][] = [
      ['no STARTTLS', { offers: [], answers: { STARTTLS: '502 What?' } }, {}],
      ['no EHLO', { answers: { EHLO: '502 What?' } }, {}],
      ['an unknown certificate', { offers, tls }, { host: 'localhost' }],
      ['another name', { offers, tls }, { ca: tls.cert, host: '127.0.0.1' }],
      ['a failed handshake', { offers, answers: { STARTTLS: s => s.write('220 R\r\n', () => s.destroy()) } }, {}],
    ];
    for (const [what, script, more] of strict) {
      const hop = await hopFor(script);
      const error = await failure(hop, { tls: 'required', ...more });
      expect(error.kind, what).toBe(what === 'no EHLO' ? 'protocol' : 'tls');
      expect(hop.heard.join(), what).not.toMatch(/MAIL/);
    }
  });

  test('connectSmtp trusts the certificate it is given, for its name', async () => {
    const { client } = await clientFor({ offers, tls }, { tls: 'required', ca: tls.cert, host: 'localhost' });
    expect((await client.send(mail())).map(r => r.code)).toEqual([250]);
    expect(client.secure).toBe(true);
  });

  test('connectSmtp believes nothing said before the handshake', async () => {
    const injected: Script = { offers, tls, answers: { STARTTLS: '220 Ready\r\n250-fake\r\n250 SIZE 1' } };
    const { client } = await clientFor(injected, { tls: 'try' });
    expect(client.extensions.has('SIZE')).toBe(false);
  });
});

describe('login', () => {
  const offers = ['AUTH PLAIN LOGIN', 'XCWMAIL'];
  const plain = (words: string) => `AUTH PLAIN ${Buffer.from(words).toString('base64')}`;

  test('connectSmtp signs in as a service for a user', async () => {
    const login = { user: 'webmail', password: 'secret', authzid: 'ann@us.test' };
    const { hop } = await clientFor({ offers }, { login });
    expect(hop.heard[1]).toBe(plain('ann@us.test\0webmail\0secret'));
  });

  test('connectSmtp says auth when the login is refused', async () => {
    const hop = await hopFor({ offers, answers: { AUTH: '535 5.7.8 Wrong' } });
    for (const authzid of ['x', undefined]) {
      const error = await failure(hop, { login: { user: 'a', password: 'b', authzid } });
      expect([error.kind, error.permanent, error.reply?.code]).toEqual(['auth', true, 535]);
    }
  });

  test('createSubmitter keeps a connection per account, and acts for nobody with an empty authzid', async () => {
    const hop = await hopFor({ offers });
    const submitter = createSubmitter({
      host: '127.0.0.1',
      port: hop.port,
      name: 'us.test',
      service: 'fetcher',
      password: 's',
    });
    open.push(submitter);
    for (const account of [null, null, 'ann@us.test', null])
      expect((await submitter.send(account, mail({ key: 'k' }))).map(r => r.code)).toEqual([250]);
    expect(hop.heard.filter(line => line.startsWith('AUTH'))).toEqual([
      plain('\0fetcher\0s'),
      plain('ann@us.test\0fetcher\0s'),
    ]);
  });

  test('createSubmitter outlives a restart of the daemon, and is temporary while there is none', async () => {
    let hop = await nextHop({ offers });
    const submitter = createSubmitter({
      host: '127.0.0.1',
      port: hop.port,
      name: 'us.test',
      service: 'webmail',
      password: 's',
      timeouts: quick,
    });
    open.push(submitter);
    const send = async () => (await submitter.send('a@us.test', mail({ key: 'k' }))).map(replyLine);
    expect(await send()).toEqual(['250 2.0.0 Taken']);
    hop.script.answers = { MAIL: 'DROP' };
    hop.script.greeting = '220 again';
    expect((await send())[0]).toMatch(/^451/);
    await hop.close();
    expect((await send())[0]).toMatch(/^451 4\.3\.0 The mail daemon cannot take it now/);
    hop = await nextHop({ offers }, hop.port);
    open.push(hop);
    expect(await send()).toEqual(['250 2.0.0 Taken']);
  });

  test('createSubmitter tries once more when a kept connection turns out dead', async () => {
    const hop = await hopFor({ offers, answers: { MAIL: ['250 Ok', 'DROP', '250 Ok'] } });
    const submitter = createSubmitter({
      host: '127.0.0.1',
      port: hop.port,
      name: 'u',
      service: 'webmail',
      password: 's',
    });
    open.push(submitter);
    const results = [];
    for (const key of ['a', 'b']) results.push(await submitter.send(null, mail({ key })));
    expect(results.flat().map(r => r.code)).toEqual([250, 250]);
    expect(hop.connections).toBe(2);
  });

  test('createSubmitter never makes a refused login permanent', async () => {
    const hop = await hopFor({ offers, answers: { AUTH: '535 5.7.8 Wrong' } });
    const submitter = createSubmitter({
      host: '127.0.0.1',
      port: hop.port,
      name: 'u',
      service: 'webmail',
      password: 's',
    });
    const result = await submitter.send(null, mail());
    expect(result.some(isPermanent)).toBe(false);
  });

  test('createSubmitter opens no more connections than it may', async () => {
    const hop = await hopFor({ offers });
    const submitter = createSubmitter({
      host: '127.0.0.1',
      port: hop.port,
      name: 'u',
      service: 'webmail',
      password: 's',
      most: 2,
    });
    open.push(submitter);
    const results = await Promise.all(Array.from({ length: 12 }, () => submitter.send(null, mail())));
    expect(results.flat().every(r => r.code === 250)).toBe(true);
    expect(hop.most).toBe(2);
  });
});
