import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { isPermanent, replyLine } from '../daemon/mail/reply.ts';
import { type ClientOptions, connectSmtp, createSubmitter } from '../daemon/smtp-client.ts';
import { dial } from '../daemon/wire/dial.ts';
import { localhost } from './certificate.ts';
import { nextHop, type Script } from './next-hop.ts';
import { clientFor, closeAll, drip, failure, hopFor, mail, open, quick, to } from './smtp-client-rig.ts';

afterEach(closeAll);

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

  const login = { user: 'site', password: 'tea for two' };
  const word = (text: string) => Buffer.from(text).toString('base64');

  test('connectSmtp signs in by what the host offers', async () => {
    const asked = '334 PDEyMzRAaG9wLnRlc3Q+';
    // HMAC-MD5 of the challenge under the password (RFC 2195).
    const digest = createHmac('md5', login.password).update('<1234@hop.test>').digest('hex');
    const byLogin = ['AUTH LOGIN', word('site'), word('tea for two')];
    const rows: [string, boolean, string[]][] = [
      ['AUTH PLAIN LOGIN CRAM-MD5', true, [plain('\0site\0tea for two')]],
      ['AUTH CRAM-MD5 LOGIN', true, byLogin],
      ['AUTH=login', true, byLogin],
      ['AUTH XOAUTH2 CRAM-MD5', true, ['AUTH CRAM-MD5', word(`site ${digest}`)]],
      // in clear, what does not show the password
      ['AUTH PLAIN LOGIN CRAM-MD5', false, ['AUTH CRAM-MD5', word(`site ${digest}`)]],
      ['AUTH LOGIN PLAIN', false, byLogin],
    ];
    for (const [offer, tls, said] of rows) {
      const steps = said[0] === 'AUTH CRAM-MD5' ? asked : '334 VXNlcm5hbWU6';
      const answers = {
        AUTH: said.length > 1 ? steps : '235 2.7.0 Welcome',
        [word('site')]: '334 UGFzc3dvcmQ6',
        [word('tea for two')]: '235 2.7.0 Welcome',
        [word(`site ${digest}`)]: '235 2.7.0 Welcome',
      };
      // The scripted host reads the first word of a line as a verb, in upper case.
      const upper = Object.fromEntries(Object.entries(answers).map(([k, v]) => [k.toUpperCase(), v]));
      const script = { offers: [offer, ...(tls ? ['STARTTLS'] : [])], tls: localhost, answers: upper };
      const strict = { tls: 'required', ca: localhost.cert, host: 'localhost' } as const;
      const { hop } = await clientFor(script, { login, ...(tls ? strict : { tls: 'off' }) });
      const from = hop.heard.findIndex(line => line.startsWith('AUTH'));
      expect(hop.heard.slice(from, from + said.length), offer).toEqual(said);
    }
  });

  test('connectSmtp signs in nowhere without a way it knows, and never in clear beyond the machine', async () => {
    for (const offers of [['AUTH XOAUTH2'], ['AUTH'], ['PIPELINING']]) {
      const hop = await hopFor({ offers });
      const error = await failure(hop, { login });
      expect([error.kind, error.permanent, error.message]).toEqual([
        'auth',
        false,
        expect.stringMatching(/no way to sign in/),
      ]);
      expect(hop.heard.join()).not.toMatch(/AUTH/);
    }
  });

  test('connectSmtp keeps the password out of what a host says that repeats it', async () => {
    const echo = `535 5.7.8 ${login.password} ${word(login.password)} ${word('\0site\0tea for two')} is wrong`;
    const error = await failure(await hopFor({ offers: ['AUTH PLAIN'], answers: { AUTH: echo } }), { login });
    expect(error.message).toBe('535 5.7.8 … … … is wrong');
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
