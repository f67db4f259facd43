import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAtrn, parseEtrn } from '../daemon/smtp-server/etrn.ts';
import { type House, startHouse, until } from './harness.ts';
import { sendRaw } from './mail-talk.ts';
import { type NextHop, nextHop } from './next-hop.ts';
import { type Dialogue, openDialogue, plain } from './smtp-dialogue.ts';

describe('parseEtrn', () => {
  const rows: [string, ReturnType<typeof parseEtrn> | number][] = [
    ['ETRN office.example', { kind: 'domain', domain: 'office.example' }],
    ['etrn  Office.Example ', { kind: 'domain', domain: 'office.example' }],
    ['ETRN bücher.example', { kind: 'domain', domain: 'xn--bcher-kva.example' }],
    ['ETRN @office.example', { kind: 'below', domain: 'office.example' }],
    ['ETRN #All', { kind: 'queue', name: 'all' }],
    ['ETRN #gate.example:2525', { kind: 'queue', name: 'gate.example:2525' }],
    // No argument, or more than one.
    ['ETRN', 500],
    ['ETRN a.example b.example', 500],
    [`ETRN ${'a'.repeat(600)}`, 500],
    // Neither a domain nor a queue.
    ['ETRN @', 501],
    ['ETRN #', 501],
    ['ETRN #../etc', 501],
    ['ETRN [192.0.2.1]', 501],
    ['ETRN -x.example', 501],
    ['ETRN a..example', 501],
    ['ETRN office.example;id', 501],
    ['ETRN $(id).example', 501],
    ['ETRN office.example\x00', 501],
    ['ETRN office.example%0d%0aQUIT', 501],
    [`ETRN ${'a'.repeat(64)}.example`, 501],
  ];
  test.each(rows)('parseEtrn reads %j', (line, wanted) => {
    const node = parseEtrn(line);
    expect('code' in node ? node.code : node).toEqual(wanted);
  });
});

test('parseAtrn reads domains, each once, and refuses what is none', () => {
  expect(parseAtrn('ATRN')).toBeNull();
  expect(parseAtrn('ATRN b.example,A.example, b.example')).toEqual(['b.example', 'a.example']);
  for (const line of ['ATRN ,', 'ATRN a b', 'ATRN @a.example', `ATRN ${'a.example,'.repeat(60)}`])
    expect(parseAtrn(line)).toMatchObject({ code: line.length > 510 ? 500 : 501 });
});

const password = 'correct horse 1';

describe('ETRN', () => {
  let house: House;
  let hop: NextHop;
  let peer: NextHop;
  beforeAll(async () => {
    hop = await nextHop();
    peer = await nextHop({ offers: ['ETRN'], answers: { ETRN: '251 OK' } }, 0, '127.0.0.3');
    house = await startHouse({
      set: { online: 'always', etrn_interval: '1h', etrn_ip: '127.0.0.1,127.0.0.3' },
      lines: [
        'relay_to=office.test,*.office.test,other.test,third.test,fourth.test,live.test',
        'suspend_domain=office.test,*.office.test,other.test,third.test,fourth.test',
        `gateway=* 127.0.0.1:${hop.port}`,
        'etrn_allow=other.test 127.0.0.2',
        'etrn_allow=third.test user=ann@localhost',
        `etrn_relay=127.0.0.3:${peer.port}`,
      ],
    });
    await house.addUser('ann@localhost', password);
    await house.addUser('bob@localhost', password);
  });
  afterAll(async () => {
    await house.remove();
    await Promise.all([hop.close(), peer.close()]);
  });

  const send = (...to: string[]) =>
    sendRaw(house.ports.smtp, { from: 'eve@far.test', to, data: Buffer.from('Subject: x\r\n\r\ny\r\n.\r\n') });
  const greeted = async (from?: string, port = house.ports.smtp): Promise<Dialogue> => {
    const d = await openDialogue(port, from);
    await d.hear();
    await d.say('EHLO client.test');
    return d;
  };
  const heard = (address: string) => hop.heard.includes(`RCPT TO:<${address}>`);
  const listed = async () => JSON.parse((await house.cli(['queue', 'domains', '--json'])).stdout);

  test('ETRN is refused to who keeps asking for the mail of others, and the connection ends', async () => {
    const d = await greeted('127.0.0.4');
    for (let n = 0; n < 100; n++) expect(await d.say(`ETRN x${n}.test`)).toMatch(/^459 4\.7\.1 /);
    expect(await d.say('ETRN x.test')).toMatch(/^421 4\.7\.0 Too many errors/);
  });

  test('ETRN has parked mail of one domain sent, and says how much there is', async () => {
    await send('a@office.test', 'b@office.test', 'c@sub.office.test', 'd@other.test');
    expect((await listed()).map((d: { domain: string; parked: number }) => [d.domain, d.parked])).toEqual([
      ['office.test', 2],
      ['other.test', 1],
      ['sub.office.test', 1],
    ]);
    expect(hop.heard).toEqual([]);
    const d = await greeted();
    expect(await d.say('ETRN office.test')).toBe('253 2.0.0 OK, 2 pending messages for node office.test started');
    await until('both came', () => heard('a@office.test') && heard('b@office.test'));
    expect(heard('c@sub.office.test')).toBe(false);
    expect(await d.say('ETRN office.test')).toMatch(
      /^458 4\.7\.0 Node office\.test was asked for just now: try again in \d+ seconds$/,
    );
    expect(await d.say('ETRN @office.test')).toBe('253 2.0.0 OK, 1 pending messages for node @office.test started');
    await until('the one below came', () => heard('c@sub.office.test'));
    expect(await d.say('ETRN fourth.test')).toBe('251 2.0.0 OK, no messages waiting for node fourth.test');
    expect(await d.say('ETRN #nothing')).toMatch(/^459 4\.7\.1 Node #nothing not allowed/);
    expect(await d.say('ETRN #127.0.0.1')).toBe('250 2.0.0 OK, queuing for node #127.0.0.1 started');
    await until('all came', () => heard('d@other.test'));
    expect(await d.say('ETRN')).toMatch(/^500 /);
    expect(await d.say('ETRN ..')).toMatch(/^501 /);
    expect(await d.say('QUIT')).toMatch(/^221 /);
  });

  test('ETRN is offered to who may ask, and answers 459 for what they may not', async () => {
    const stranger = await greeted('127.0.0.4');
    expect(await stranger.say('EHLO x')).not.toContain('ETRN');
    expect(await stranger.say('ETRN office.test')).toMatch(/^459 4\.7\.1 Node office\.test not allowed/);
    const named = await greeted('127.0.0.2');
    expect(await named.say('EHLO x')).toContain('ETRN');
    expect(await named.say('ETRN office.test')).toMatch(/^459 /);
    expect(await named.say('ETRN #all')).toMatch(/^459 /);
    expect(await named.say('ETRN other.test')).toMatch(/^251 /);
    const user = await greeted('127.0.0.4', house.ports.submission);
    expect(await user.say('ETRN third.test')).toMatch(/^530 5\.7\.0 /);
    await user.startTls();
    expect(await user.say(plain('ann@localhost', password))).toMatch(/^235 /);
    expect(await user.say('EHLO x')).toContain('ETRN');
    expect(await user.say('ETRN third.test')).toMatch(/^251 /);
    expect(await user.say('ETRN office.test')).toMatch(/^459 /);
    for (const d of [stranger, named, user]) d.close();
  });

  test('ETRN wants EHLO, and no transaction around it', async () => {
    const d = await openDialogue(house.ports.smtp);
    await d.hear();
    expect(await d.say('ETRN fourth.test')).toMatch(/^503 5\.5\.1 Say EHLO first$/);
    await d.say('HELO client.test');
    expect(await d.say('ETRN fourth.test')).toMatch(/^503 /);
    await d.say('EHLO client.test');
    await d.say('MAIL FROM:<eve@far.test>');
    expect(await d.say('ETRN fourth.test')).toMatch(/^503 5\.5\.1 ETRN goes before MAIL or after DATA$/);
    await d.say('RSET');
    expect(await d.say('ATRN fourth.test')).toMatch(/^502 /);
    d.close();
  });

  test('ETRN is passed on to the farm once, and not what came from it', async () => {
    const told = () => peer.heard.filter(l => l.startsWith('ETRN'));
    await until('the peer was told', () => told().includes('ETRN office.test'));
    const d = await greeted('127.0.0.3');
    expect(await d.say('ETRN live.test')).toMatch(/^251 /);
    d.close();
    const other = await greeted();
    expect(await other.say('ETRN @live.test')).toMatch(/^251 /);
    other.close();
    await until('the peer was told of the next', () => told().includes('ETRN @live.test'));
    expect(told()).not.toContain('ETRN live.test');
    // Neither what was refused nor what came too early.
    expect(told().filter(l => l === 'ETRN office.test')).toHaveLength(1);
    expect(told()).not.toContain('ETRN #nothing');
  });

  test('queue domains shows who called last, and when what waits will be returned', async () => {
    await send('z@office.test', 'q@live.test');
    const { stdout, code } = await house.cli(['queue', 'domains']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^DOMAIN +STATE +PARKED/);
    expect(stdout).toMatch(/^office\.test +suspended +1 +0 .* never +ETRN \S+ \S+ 127\.0\.0\.1 \(\d{3}\)$/m);
    const [office] = (await listed()).filter((d: { domain: string }) => d.domain === 'office.test');
    expect(office).toMatchObject({ expires: null, parked: 1, called: { verb: 'ETRN', by: '127.0.0.1' } });
    expect(await house.cli(['queue', 'release', '--domain', 'office.test'])).toMatchObject({ code: 0 });
    await until('it came', () => heard('z@office.test'));
  });

  test('ETRN in the audit log has its caller and its answer', async () => {
    const lines = readFileSync(join(house.data, 'log/cwmail.log'), 'utf8').trim().split('\n');
    const audit = lines.map(l => JSON.parse(l)).filter(l => l.event === 'etrn');
    expect(audit).toContainEqual(
      expect.objectContaining({
        ...{ peer: '127.0.0.1', account: null, node: 'office.test' },
        answer: '253 2.0.0 OK, 2 pending messages for node office.test started',
      }),
    );
    expect(audit.some(l => l.account === 'ann@localhost' && l.answer.startsWith('459'))).toBe(true);
  });
});
