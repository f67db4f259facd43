import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from './commands.ts';
import { type House, startHouse, testWith, until } from './harness.ts';
import { openTalk, popMessages, sendRaw, type Talk } from './mail-talk.ts';
import { type NextHop, nextHop } from './next-hop.ts';

/** Who may send what to whom, as peers, users and proxies meet it on real sockets. */

const password = 'correct horse 1';
const plain = (user: string) => Buffer.from(`\0${user}\0${password}`).toString('base64');

async function begin(port: number, ...commands: string[]): Promise<Talk & { last: string }> {
  const talk = await openTalk(port);
  let last = await talk.reply();
  for (const command of ['EHLO client.example', ...commands]) last = await talk.ask(command);
  return Object.assign(talk, { last });
}

const logOf = (house: House): Record<string, unknown>[] =>
  readFileSync(join(house.data, 'log/cwmail.log'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));

describe('senders', () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse({
      set: { host_domain: 'us.test,syn.test' },
      lines: [
        'alias=info@us.test ann@us.test',
        'alias=office@us.test info@us.test',
        'alias=team@us.test ann@us.test',
        'alias=team@us.test bob@us.test',
        'forward=old@us.test ann@us.test',
        'forward_cc=*@us.test archive@us.test',
        'send_as=ann@us.test ceo@us.test',
        'send_as=ann@us.test *@shop.test',
        'send_as=app@us.test *',
        'fallback_address=us.test ann@us.test',
      ],
    });
    for (const name of ['ann', 'bob', 'archive', 'app']) await house.addUser(`${name}@us.test`, password);
  }, 180_000);
  afterAll(() => house?.remove());

  test.each([
    // own, tagged, in any case, nobody's
    ['ann@us.test', true],
    ['ANN+x@US.test', true],
    ['', true],
    // by alias, an alias of an alias, a group, a further name of the domain
    ['info@us.test', true],
    ['office@us.test', true],
    ['office+x@us.test', false],
    ['team@us.test', true],
    ['ann@syn.test', true],
    ['info@syn.test', true],
    // what an administrator allows
    ['ceo@us.test', true],
    ['anything@shop.test', true],
    ['ceo@sub.shop.test', false],
    // what only leads here by forward or fallback
    ['old@us.test', false],
    ['whoever@us.test', false],
    ['bob@us.test', false],
    ['bob@syn.test', false],
    ['eve@far.test', false],
  ])('MAIL and From take %s of ann: %s', async (sender, taken) => {
    const talk = await begin(house.ports.submission, `AUTH PLAIN ${plain('ann@us.test')}`, `MAIL FROM:<${sender}>`);
    expect(talk.last).toMatch(
      taken ? /^250 / : /^550 5\.7\.1 You may send with your own addresses only \(ann@us\.test\)/,
    );
    talk.socket.destroy();
    if (sender === '') return;
    const replies = await submit(`From: ${sender}\r\nSubject: x\r\n\r\n`);
    expect(replies.at(-1)).toMatch(taken ? /^250 / : /^550 5\.7\.1 /);
  });

  const submit = (head: string, from = 'ann@us.test', user = 'ann@us.test') =>
    sendRaw(house.ports.submission, {
      from,
      to: ['bob@us.test'],
      login: plain(user),
      data: Buffer.from(`${head}x\r\n.\r\n`, 'latin1'),
    });

  test('an archive that gets copies of everybody may be nobody but itself', async () => {
    expect((await submit('From: ann@us.test\r\n\r\n', 'archive@us.test', 'archive@us.test')).at(-1)).toMatch(
      /^550 5\.7\.1 /,
    );
    expect((await submit('From: archive@us.test\r\n\r\n', 'archive@us.test', 'archive@us.test')).at(-1)).toMatch(
      /^250 /,
    );
  });

  test('an open session of an account that is disabled meanwhile sends nothing more', async () => {
    await house.addUser('eve@us.test', password);
    const talk = await begin(house.ports.submission, `AUTH PLAIN ${plain('eve@us.test')}`, 'MAIL FROM:<eve@us.test>');
    expect(talk.last).toMatch(/^250 /);
    await house.cli(['user', 'set', 'eve@us.test', 'disabled=on']);
    const refused = async () => {
      await talk.ask('RSET');
      return (await talk.ask('MAIL FROM:<eve@us.test>')) === '550 5.2.1 This account is disabled';
    };
    await until('it is refused', refused);
    expect(await talk.ask('MAIL FROM:<>')).toMatch(/^550 5\.2\.1 /);
    talk.socket.destroy();
  });

  test('a program that may send as anybody does', async () => {
    for (const from of ['bob@us.test', 'eve@far.test'])
      expect((await submit(`From: ${from}\r\n\r\n`, from, 'app@us.test')).at(-1)).toMatch(/^250 /);
  });

  test.each([
    // what people's programs write
    ['Ann <ann@us.test>', true],
    ['"ann@us.test" <ann+shop@us.test>', true],
    ['"bob@us.test" <ann@us.test>', true],
    ['=?utf-8?Q?Ann_=C3=84?= <ann@us.test>', true],
    ['ann@us.test (bob@us.test)', true],
    ['ann@us.test, ceo@us.test', true],
    // another's, however it is written
    ['bob@us.test', false],
    ['Ann <bob@us.test>', false],
    ['ann@us.test, bob@us.test', false],
    ['bob@us.test, ann@us.test', false],
    ['<bob@us.test> <ann@us.test>', false],
    ['bob@us.test <ann@us.test>', false],
    ['Group: ann@us.test, bob@us.test;', false],
    ['"bob"@us.test', false],
    ['\r\n bob@us.test', false],
    ['(c) bob@us.test (d)', false],
    // nobody's
    ['', false],
    ['<>', false],
    ['Ann', false],
    ['undisclosed:;', false],
    ['ann@us.test, Bob', false],
    ['ann at us.test', false],
    [`${'a'.repeat(300)} <ann@us.test>, `.repeat(50), false],
  ])('a submission From: %s is taken: %s', async (from, taken) => {
    expect((await submit(`From: ${from}\r\nSubject: x\r\n\r\n`)).at(-1)).toMatch(taken ? /^250 / : /^550 5\.7\.1 /);
  });

  test.each([
    ['two From fields', false, 'From: ann@us.test\r\nFrom: bob@us.test\r\n'],
    ['two From fields, one with blanks', false, 'From: ann@us.test\r\nFROM \t: bob@us.test\r\n'],
    ['a From behind a lone CR', false, 'X: y\rFrom: bob@us.test\r\nFrom: ann@us.test\r\n'],
    ['an own Sender', true, 'From: ann@us.test\r\nSender: ann@us.test\r\n'],
    ['a foreign Sender', false, 'From: ann@us.test\r\nSender: bob@us.test\r\n'],
    ['a foreign From with an own Sender', false, 'From: eve@far.test\r\nSender: ann@us.test\r\n'],
    ['a letter of somebody elsewhere, sent on', true, 'From: eve@far.test\r\nResent-From: ann@us.test\r\n'],
    ['a letter of a colleague, sent on', false, 'From: bob@us.test\r\nResent-From: ann@us.test\r\n'],
    ['a letter sent on by another', false, 'From: eve@far.test\r\nResent-From: bob@us.test\r\n'],
    ['a header without end', false, `From: ann@us.test\r\n${'X: y\r\n'.repeat(60_000)}From: bob@us.test\r\n`],
    ['no From at all', true, 'Subject: none\r\n'],
  ])('of a submission, %s is taken: %s', async (_, taken, head) => {
    expect((await submit(`${head}\r\n`)).at(-1)).toMatch(taken ? /^250 / : /^550 5\.7\.1 /);
  });

  test('a submission without From gets the account’s', async () => {
    await popMessages(house.ports.pop3, 'bob@us.test', password, { remove: true });
    await submit('Subject: none\r\n\r\n');
    await submit('\r\njust text\r\n');
    const got = await popMessages(house.ports.pop3, 'bob@us.test', password, { remove: true });
    expect(got.map(m => /^From: .*$/m.exec(m.toString())?.[0].trim())).toEqual([
      'From: ann@us.test',
      'From: ann@us.test',
    ]);
  });

  test('a peer writes From as it likes', async () => {
    const [last] = (
      await sendRaw(house.ports.smtp, {
        from: 'eve@far.test',
        to: ['bob@us.test'],
        data: Buffer.from('From: a@b.test\r\nFrom: ann@us.test\r\n\r\nx\r\n.\r\n'),
      })
    ).slice(-1);
    expect(last).toMatch(/^250 /);
  });

  testWith('swaks', 'swaks')('swaks is told why in words', async () => {
    const { code, out } = await runCommand('swaks', [
      ...['--server', `127.0.0.1:${house.ports.submission}`, '--auth', 'PLAIN', '--auth-user', 'ann@us.test'],
      ...['--auth-password', password, '--from', 'ann@us.test', '--to', 'bob@us.test'],
      ...['--header', 'From: The Chief <bob@us.test>'],
    ]);
    expect(code).not.toBe(0);
    expect(out).toContain('550 5.7.1 You may send with your own addresses only (ann@us.test), not as bob@us.test');
  });
});

describe('relaying and limits', () => {
  let house: House;
  let hop: NextHop;
  beforeAll(async () => {
    hop = await nextHop({});
    house = await startHouse({
      set: {
        host_domain: 'us.test',
        online: 'always',
        forward_from_ip: '192.0.2.0/24,!192.0.2.66',
        xclient_ip: '127.0.0.1',
        max_rcpts: 3,
        user_max_messages: 4,
        user_max_rcpts: 6,
        fromip_max_messages: 3,
        fromip_nolimit: '192.0.2.*',
        fromip_max: 5,
        smtp_welcome: 'at your service',
        fake_vrfy: 'false',
        reply_251: 'true',
        log_level: 'error',
        log_chain: 'true',
      },
      lines: [
        `gateway=* 127.0.0.1:${hop.port}`,
        'relay_to=backup.test',
        'alias=team@us.test ann@us.test',
        'alias=team@us.test bob@us.test',
        'forward=away@us.test gone@far.test',
      ],
    });
    for (const name of ['ann', 'bob', 'carl', 'dave']) await house.addUser(`${name}@us.test`, password);
  }, 180_000);
  afterAll(async () => {
    await house?.remove();
    await hop?.close();
  });

  const as = (address: string, ...commands: string[]) =>
    begin(house.ports.smtp, `XCLIENT ADDR=${address} NAME=client.far.test`, 'EHLO far.test', ...commands);

  test('the greeting says smtp_welcome and no version', async () => {
    const talk = await openTalk(house.ports.smtp);
    expect(await talk.reply()).toBe('220 us.test at your service');
    talk.socket.destroy();
  });

  test.each([
    ['192.0.2.9', 'x@far.test', /^250 /],
    ['192.0.2.66', 'x@far.test', /^550 5\.7\.1 /],
    ['198.51.100.1', 'x@far.test', /^550 5\.7\.1 /],
    ['198.51.100.2', 'x@backup.test', /^250 /],
    ['198.51.100.2', 'x@sub.backup.test', /^550 5\.7\.1 /],
    ['IPV6:2001:db8::7', 'ann@us.test', /^250 /],
  ])('RCPT from %s to %s is answered %s', async (address, to, reply) => {
    const talk = await as(address, 'MAIL FROM:<eve@far.test>', `RCPT TO:<${to}>`);
    expect(talk.last).toMatch(reply);
    talk.socket.destroy();
  });

  test('mail that forward_from_ip lets in goes out, and the log and Received name the client, not the proxy', async () => {
    const talk = await as(
      '192.0.2.9',
      'MAIL FROM:<me@far.test>',
      'RCPT TO:<out@far.test>',
      'RCPT TO:<ann@us.test>',
      'DATA',
    );
    talk.socket.write('Subject: x\r\n\r\nx\r\n.\r\n');
    expect(await talk.reply()).toMatch(/^250 /);
    talk.socket.destroy();
    await until('it is at the next hop', async () => hop.heard.some(l => l.includes('out@far.test')));
    const [message] = await popMessages(house.ports.pop3, 'ann@us.test', password, { remove: true });
    expect(message!.toString()).toMatch(/^Received: from far\.test \(\[192\.0\.2\.9\]\)/m);
  });

  test.each(['[UNAVAILABLE]', '[tempunavail]', '+5BUNAVAILABLE+5D'])(
    'XCLIENT ADDR=%s is nobody, with nothing of the rights of the proxy',
    async address => {
      const talk = await begin(house.ports.submission, `AUTH PLAIN ${plain('dave@us.test')}`);
      expect(await talk.ask(`XCLIENT ADDR=${address}`)).toMatch(/^220 /);
      expect(await talk.ask('EHLO x')).not.toMatch(/XCLIENT/);
      expect(await talk.ask('MAIL FROM:<dave@us.test>')).toMatch(/^530 /);
      // Only under TLS, as from beyond this machine.
      expect(await talk.ask(`AUTH PLAIN ${plain('dave@us.test')}`)).toMatch(/^538 /);
      talk.socket.destroy();
    },
  );

  test('XCLIENT takes no LOGIN, comes once, and forgets who signed in', async () => {
    const talk = await begin(house.ports.submission, `AUTH PLAIN ${plain('dave@us.test')}`);
    expect(await talk.ask('XCLIENT ADDR=192.0.2.9 LOGIN=ann@us.test')).toMatch(/^501 5\.5\.4 LOGIN/);
    expect(await talk.ask('XCLIENT ADDR=192.0.2.9')).toMatch(/^220 /);
    await talk.ask('EHLO x');
    expect(await talk.ask('MAIL FROM:<dave@us.test>')).toMatch(/^530 /);
    expect(await talk.ask(`AUTH PLAIN ${plain('dave@us.test')}`)).toMatch(/^538 /);
    expect(await talk.ask('XCLIENT ADDR=127.0.0.1')).toMatch(/^550 /);
    talk.socket.destroy();
  });

  test('max_rcpts tells to come with another message', async () => {
    const talk = await begin(house.ports.smtp, 'MAIL FROM:<eve@far.test>');
    for (const name of ['ann', 'bob', 'carl']) expect(await talk.ask(`RCPT TO:<${name}@us.test>`)).toMatch(/^250 /);
    expect(await talk.ask('RCPT TO:<dave@us.test>')).toMatch(/^452 4\.5\.3 /);
    talk.socket.destroy();
  });

  test('an account and a network have so many an hour, and are told when to come back; a restart forgets nothing', async () => {
    const one = (user: string) => begin(house.ports.submission, `AUTH PLAIN ${plain(user)}`, `MAIL FROM:<${user}>`);
    const mail = async (user: string) => {
      const talk = await one(user);
      talk.socket.destroy();
      return talk.last;
    };
    for (let i = 0; i < 4; i++) expect(await mail('carl@us.test')).toMatch(/^250 /);
    expect(await mail('carl@us.test')).toMatch(
      /^450 4\.7\.1 Too many messages from your account within an hour: come back in 1[45] minutes$/,
    );
    const many = await one('bob@us.test');
    for (let i = 0; i < 3; i++) expect(await many.ask(`RCPT TO:<m${i}@far.test>`)).toMatch(/^250 /);
    await many.ask('RSET');
    await many.ask('MAIL FROM:<bob@us.test>');
    for (let i = 0; i < 3; i++) expect(await many.ask(`RCPT TO:<n${i}@far.test>`)).toMatch(/^250 /);
    expect(await many.ask('RCPT TO:<one-more@far.test>')).toMatch(/^45[02] 4\.(7\.1|5\.3) /);
    await many.ask('RSET');
    await many.ask('MAIL FROM:<bob@us.test>');
    expect(await many.ask('RCPT TO:<one-more@far.test>')).toMatch(/^450 4\.7\.1 Too many recipients from your account/);
    many.socket.destroy();
    // Two addresses of one /64 are one; those of fromip_nolimit are not counted.
    for (const last of ['1', '2', '3']) {
      const talk = await as(`IPV6:2001:db8:1:2::${last}`, 'MAIL FROM:<eve@far.test>');
      expect(talk.last).toMatch(/^250 /);
      talk.socket.destroy();
    }
    const fourth = await as('IPV6:2001:db8:1:2::4', 'MAIL FROM:<eve@far.test>');
    expect(fourth.last).toMatch(/^450 4\.7\.1 Too many messages from your address/);
    fourth.socket.destroy();
    for (let i = 0; i < 5; i++) {
      const talk = await as('192.0.2.8', 'MAIL FROM:<eve@far.test>');
      expect(talk.last).toMatch(/^250 /);
      talk.socket.destroy();
    }
    await house.stop();
    await house.restart();
    expect(await mail('carl@us.test')).toMatch(/^450 4\.7\.1 /);
  }, 180_000);

  test('fromip_max holds for connections at the same time', async () => {
    const talks = await Promise.all(Array.from({ length: 5 }, () => openTalk(house.ports.smtp)));
    for (const talk of talks) expect(await talk.reply()).toMatch(/^220 /);
    const sixth = await openTalk(house.ports.smtp);
    expect(await sixth.reply()).toMatch(/^421 4\.7\.0 Too many connections from your address/);
    for (const talk of [...talks, sixth]) talk.socket.destroy();
    await until('there is room again', async () => {
      const talk = await openTalk(house.ports.smtp);
      const reply = await talk.reply();
      talk.socket.destroy();
      return reply.startsWith('220');
    });
  });

  test('VRFY tells who is here where fake_vrfy is false, and EXPN users who signed in what an alias is', async () => {
    const talk = await begin(house.ports.smtp);
    expect(await talk.ask('VRFY ann')).toBe('250 2.1.5 <ann@us.test>');
    expect(await talk.ask('VRFY Ann Lind <ANN@us.test>')).toBe('250 2.1.5 <ANN@us.test>');
    expect(await talk.ask('VRFY team')).toBe('250 2.1.5 <team@us.test>');
    expect(await talk.ask('VRFY nobody')).toMatch(/^550 5\.1\.1 /);
    expect(await talk.ask('VRFY x@backup.test')).toMatch(/^252 2\.5\.2 /);
    expect(await talk.ask('VRFY x@far.test')).toMatch(/^550 5\.7\.1 /);
    expect(await talk.ask('VRFY a b c')).toMatch(/^501 5\.5\.4 /);
    expect(await talk.ask('EXPN team')).toMatch(/^502 5\.5\.1 /);
    talk.socket.destroy();
    const user = await begin(house.ports.submission, `AUTH PLAIN ${plain('dave@us.test')}`);
    let heard = '';
    user.socket.on('data', chunk => {
      heard += chunk;
    });
    await user.ask('EXPN team');
    expect(heard).toBe('250-2.1.5 <ann@us.test>\r\n250 2.1.5 <bob@us.test>\r\n');
    expect(await user.ask('EXPN ann')).toMatch(/^550 5\.1\.1 /);
    user.socket.destroy();
  });

  test('reply_251 says that it is passed on, and not where', async () => {
    const talk = await begin(house.ports.smtp, 'MAIL FROM:<eve@far.test>', 'RCPT TO:<away@us.test>');
    expect(talk.last).toMatch(/^251 2\.1\.5 (?!.*gone)/);
    expect(await talk.ask('RCPT TO:<ann@us.test>')).toMatch(/^250 /);
    expect(await talk.ask('RCPT TO:<ann+x@us.test>')).toMatch(/^250 /);
    talk.socket.destroy();
  });

  test('a hundred refusals end the talk', async () => {
    const talk = await begin(house.ports.smtp, 'MAIL FROM:<eve@far.test>');
    for (let i = 0; i < 100; i++) expect(await talk.ask(`RCPT TO:<guess${i}@us.test>`)).toMatch(/^550 /);
    expect(await talk.ask('RCPT TO:<guess@us.test>')).toMatch(/^421 4\.7\.0 /);
    expect(await talk.reply()).toBe('000 closed');
  });

  test('log_chain writes every step at log_level error', async () => {
    const talk = await begin(house.ports.smtp, 'MAIL FROM:<eve@far.test>', 'RCPT TO:<team@us.test>');
    talk.socket.destroy();
    await until('the log has it', async () => {
      const events = logOf(house).map(l => l.event);
      return ['Starting rcpt chain for team@us.test', 'Adding bob@us.test to rcpt chain'].every(e =>
        events.includes(e),
      );
    });
  });

  test('cwmail route answers as the door would, for a user and for a stranger', async () => {
    const route = async (...args: string[]) => {
      const { code, stdout } = await house.cli(['route', ...args]);
      return [code, ...stdout.trimEnd().split('\n')];
    };
    expect(await route('x@far.test')).toEqual([0, 'x@far.test -> relay: another domain', 'sent on to x@far.test']);
    expect(await route('x@far.test', '--as', 'relay')).toEqual([
      1,
      expect.stringMatching(/^x@far\.test -> relay: Relaying denied/),
      expect.stringMatching(/^refused: 550 5\.7\.1 /),
    ]);
    expect(await route('x@far.test', '--from', '192.0.2.1')).toEqual([
      0,
      'x@far.test -> relay: another domain (forward_from_ip takes 192.0.2.1)',
      'sent on to x@far.test',
    ]);
    expect((await route('x@far.test', '--from', '192.0.2.66'))[0]).toBe(1);
    expect(await route('x@backup.test', '--as', 'relay')).toEqual([
      0,
      'x@backup.test -> relay: relay_to backup.test',
      'sent on to x@backup.test',
    ]);
    expect((await house.cli(['route', 'x@far.test', '--as', 'king'])).code).toBe(64);
    expect((await house.cli(['route', 'x@far.test', '--from', 'home'])).code).toBe(64);
  });

  test('cwmail tellsmtp plays a script, says what was said, and the log has the chain', async () => {
    const before = (await popMessages(house.ports.pop3, 'ann@us.test', password)).length;
    const play = async (text: string) => {
      const file = join(house.data, 'team.msc');
      writeFileSync(file, text);
      const { code, stdout } = await house.cli(['tellsmtp', file]);
      return [code, ...stdout.trimEnd().split('\n')];
    };
    expect(await play('Mail From: <>\nRcpt To: <team@us.test>\n')).toEqual([
      0,
      '220 us.test at your service',
      'Send (HELO us.test)',
      '250 us.test',
      'Send (Mail From: <>)',
      '250 2.1.0 Accepted',
      'Send (Rcpt To: <team@us.test>)',
      '251 2.1.5 Not a mailbox of its own; it will be passed on',
      'Send (QUIT)',
      '221 2.0.0 Bye',
    ]);
    expect(await popMessages(house.ports.pop3, 'ann@us.test', password)).toHaveLength(before);
  });

  test('cwmail user forward leads an account’s mail elsewhere, and back', async () => {
    const forward = async (...args: string[]) => {
      const { code, stdout, stderr } = await house.cli(['user', 'forward', 'dave@us.test', ...args]);
      return [code, (stdout || stderr).trim()];
    };
    expect(await forward()).toEqual([0, 'mail for dave@us.test stays here']);
    expect(await forward('friend@far.test', '--keep')).toEqual([
      0,
      'mail for dave@us.test goes to friend@far.test, and a copy stays here',
    ]);
    expect((await house.cli(['route', 'dave@us.test'])).stdout).toContain('own forward: friend@far.test');
    await sendRaw(house.ports.smtp, {
      from: 'eve@far.test',
      to: ['dave@us.test'],
      data: Buffer.from('Subject: f\r\n\r\n.\r\n'),
    });
    await until('it is at the next hop', async () => hop.heard.some(l => l.includes('friend@far.test')));
    expect(await popMessages(house.ports.pop3, 'dave@us.test', password)).toHaveLength(1);
    expect(await forward('--off')).toEqual([0, 'mail for dave@us.test stays here']);
    expect(await forward('|prog')).toEqual([1, expect.stringMatching(/a program cannot be a target/)]);
    expect(await forward(...Array.from({ length: 21 }, (_, i) => `m${i}@far.test`))).toEqual([
      1,
      expect.stringMatching(/at most 20 addresses, not 21/),
    ]);
    expect(await forward(...Array.from({ length: 20 }, (_, i) => `${'long'.repeat(14)}${i}@far.test`))).toEqual([
      1,
      expect.stringMatching(/1000 octets, not/),
    ]);
    expect(await forward('nonsense')).toEqual([64, expect.stringMatching(/"nonsense" is no address/)]);
  }, 30_000);
});

describe('proxies and virtual domains', () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse({
      set: { host_domain: 'us.test', proxy_protocol_ip: '127.0.0.2', forward_from_ip: '192.0.2.1', listen: '0.0.0.0' },
      lines: ['vdomain=abc /xdom vir.test', 'vdomain=def 127.0.0.3 ip.test', 'vdomain=ghi 10.9.8.7 dialled.test'],
    });
    for (const domain of ['us.test', 'vir.test', 'ip.test', 'dialled.test'])
      await house.addUser(`fred@${domain}`, password);
  }, 180_000);
  afterAll(() => house?.remove());

  /** One dialogue over a socket from an address of this machine to another, with what goes first. */
  async function talkFrom(local: string, to: string, port: number, first: Buffer, lines: string[]): Promise<string> {
    const socket = connect({ port, host: to, localAddress: local });
    let heard = '';
    socket.on('data', chunk => {
      heard += chunk;
    });
    socket.on('error', () => {});
    const ended = new Promise<void>(resolve => socket.on('close', () => resolve()));
    await new Promise<void>(resolve => socket.once('connect', () => resolve()));
    // In two pieces: a header may come cut.
    socket.write(first.subarray(0, 5));
    await new Promise(resolve => setTimeout(resolve, 20));
    socket.write(first.subarray(5));
    for (const line of lines) {
      await until(
        `an answer before ${line}`,
        async () => /(^|\n)(\d{3} |\+OK|-ERR)[^\n]*\r\n$|\r\n\.\r\n$/.test(heard) || socket.destroyed,
      );
      if (socket.destroyed) break;
      heard += `> ${line}\n`;
      socket.write(`${line}\r\n`);
    }
    await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 5000))]);
    socket.destroy();
    return heard;
  }
  const rcpt = ['EHLO x', 'MAIL FROM:<a@far.test>', 'RCPT TO:<x@far.test>', 'QUIT'];
  const v2 = Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1'),
    Buffer.from([192, 0, 2, 1, 10, 9, 8, 7, 0, 99, 0, 25]),
  ]);

  test.each([
    ['version 1', Buffer.from('PROXY TCP4 192.0.2.1 10.9.8.7 99 25\r\n'), /^250 2\.1\.5 /m],
    ['version 2', v2, /^250 2\.1\.5 /m],
    ['version 1, another client', Buffer.from('PROXY TCP4 192.0.2.2 10.9.8.7 99 25\r\n'), /^550 5\.7\.1 /m],
    ['version 1, no client', Buffer.from('PROXY UNKNOWN\r\n'), /^550 5\.7\.1 /m],
  ])('a PROXY header names the client: %s', async (_, header, reply) => {
    expect(await talkFrom('127.0.0.2', '127.0.0.1', house.ports.smtp, header, rcpt)).toMatch(reply);
  });

  test('a named proxy without a header, and a header from anybody else, get nowhere', async () => {
    const bare = await talkFrom('127.0.0.2', '127.0.0.1', house.ports.smtp, Buffer.from('EHLO client.example\r\n'), []);
    expect(bare).toBe('');
    const header = Buffer.from('PROXY TCP4 192.0.2.1 10.9.8.7 99 25\r\n');
    expect(await talkFrom('127.0.0.4', '127.0.0.1', house.ports.smtp, header, rcpt)).not.toMatch(/^250 2\.1\.5 /m);
  });

  test('the dialled address of a PROXY header chooses the domain', async () => {
    const heard = await talkFrom(
      '127.0.0.2',
      '127.0.0.1',
      house.ports.submission,
      Buffer.from('PROXY TCP4 127.0.0.1 10.9.8.7 99 25\r\n'),
      ['EHLO x', `AUTH PLAIN ${plain('fred')}`, 'MAIL FROM:<fred@us.test>', 'MAIL FROM:<fred@dialled.test>', 'QUIT'],
    );
    expect(heard).toMatch(/fred@us\.test>\n550 5\.7\.1 .*\(fred@dialled\.test\)/);
    expect(heard).toMatch(/fred@dialled\.test>\n250 /);
  });

  test.each([
    ['fred', '127.0.0.1', 'us.test'],
    ['fred/xdom', '127.0.0.1', 'vir.test'],
    ['fred@vir.test', '127.0.0.1', 'vir.test'],
    ['fred%vir.test', '127.0.0.1', 'vir.test'],
    ['fred', '127.0.0.3', 'ip.test'],
    ['fred@us.test', '127.0.0.3', 'us.test'],
  ])('%s on %s signs in for %s, by submission and by POP3', async (name, to, domain) => {
    await sendRaw(house.ports.smtp, {
      from: 'eve@far.test',
      to: [`fred@${domain}`],
      data: Buffer.from('Subject: x\r\n\r\nx\r\n.\r\n'),
    });
    const mail = await talkFrom('127.0.0.1', to, house.ports.submission, Buffer.from('NOOP x\r\n'), [
      'EHLO x',
      `AUTH PLAIN ${plain(name)}`,
      `MAIL FROM:<fred@${domain}>`,
      'QUIT',
    ]);
    expect(mail).toMatch(/>\n250 2\.1\.0 /);
    const pop = await talkFrom('127.0.0.1', to, house.ports.pop3, Buffer.from('NOOP\r\n'), [
      `USER ${name}`,
      `PASS ${password}`,
      'RETR 1',
      'QUIT',
    ]);
    expect(pop).toContain(`Delivered-To: fred@${domain}`);
  });

  test('postmaster of a virtual domain is ours, and its users are its own', async () => {
    const { stdout } = await house.cli(['route', 'postmaster@vir.test']);
    expect(stdout).toContain('mailbox postmaster@us.test');
    const { code } = await house.cli(['route', 'nobody@vir.test']);
    expect(code).toBe(1);
  });
});
