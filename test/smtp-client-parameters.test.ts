import { afterEach, describe, expect, test } from 'vitest';
import { enhancedCode } from '../daemon/mail/reply.ts';
import { asciiDomain, findEightBit, orcptText, xtext } from '../daemon/smtp-client/parameters.ts';
import type { Submission } from '../daemon/smtp-client.ts';
import { clientFor, closeAll, mail, text } from './smtp-client-rig.ts';

afterEach(closeAll);

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
    await client.send(mail({ key: 'k', holdUntil: Date.UTC(2029, 0, 2, 3, 4, 5, 678) }));
    expect(hop.heard.at(-3)).toBe('MAIL FROM:<ann@us.test> HOLDUNTIL=2029-01-02T03:04:05Z XKEY=k');
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

  test('orcptText writes an address beyond ASCII as RFC 6533 says, and no other', () => {
    const given = ['rfc822;a+b@x.test', 'x400;c=us', 'utf-8;bö+b@x.test', 'rfc822;ü ü@😀.test', 'utf-8;\\x{FC}@x.test'];
    expect(given.map(orcptText)).toEqual([
      'rfc822;a+2Bb@x.test',
      'x400;c+3Dus',
      'utf-8;b\\x{F6}\\x{2B}b@x.test',
      'utf-8;\\x{FC}\\x{20}\\x{FC}@\\x{1F600}.test',
      'utf-8;\\x{FC}@x.test',
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
