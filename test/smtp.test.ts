import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseBounce } from './bounce-parser.ts';
import { corpusFolder } from './corpus-folder.ts';
import { freePort, type House, startHouse, until } from './harness.ts';
import { openTalk, popMessages, sendRaw } from './mail-talk.ts';
import { signIn } from './site-talk.ts';
import { playTalk, sentenceOf } from './talk.ts';

const password = 'correct horse 1';
const base64 = (text: string) => Buffer.from(text).toString('base64');

let house: House;
let submissions: number;
let values: Record<string, string>;
beforeAll(async () => {
  submissions = await freePort();
  house = await startHouse({ set: { submissions_port: submissions } });
  await house.addUser('ann@localhost', password);
  await house.addUser('bob@localhost', password);
  const serviceKey = readFileSync(join(house.data, 'service.key'), 'utf8').trim();
  values = {
    plain: base64(`\0ann@localhost\0${password}`),
    wrong: base64('\0ann@localhost\0not this one'),
    forOther: base64(`bob@localhost\0ann@localhost\0${password}`),
    password64: base64(password),
    service: base64(`ann@localhost\0webmail\0${serviceKey}`),
    local: base64(`\0local\0${serviceKey}`),
    localWrong: base64('\0local\0not the key'),
    localForOther: base64(`ann@localhost\0local\0${serviceKey}`),
  };
});
afterAll(() => house.remove());

for (const role of ['relay', 'submission', 'submissions'] as const)
  describe(`smtp ${role}`, () => {
    const folder = new URL(`talk/${role}/`, import.meta.url).pathname;
    test.each(readdirSync(folder).map(name => [sentenceOf(join(folder, name)), join(folder, name)]))(
      '%s',
      async (_, path) => {
        const port = { relay: house.ports.smtp, submission: house.ports.submission, submissions }[role];
        await playTalk(path, { host: '127.0.0.1', port, values });
      },
    );
  });

describe('content', () => {
  const inboxOf = async (user: string) => await popMessages(house.ports.pop3, user, password, { remove: true });
  const take = (bytes: string) =>
    sendRaw(house.ports.smtp, { from: 'eve@example.net', to: ['ann@localhost'], data: Buffer.from(bytes, 'latin1') });
  const afterTrace = (message: Buffer) =>
    message.toString('latin1').replace(/^(Return-Path|Delivered-To|Received): .*\r\n([ \t].*\r\n)*/gm, '');

  test('content gains Return-Path, Delivered-To and Received once, and loses an old Return-Path', async () => {
    await inboxOf('ann@localhost');
    await take(
      'Return-Path: <old@example.net>\r\nreturn-path: <older@example.net>\r\nSubject: trace\r\n\r\ntext\r\n.\r\n',
    );
    const [message] = await inboxOf('ann@localhost');
    const text = message!.toString('latin1');
    expect(text).toMatch(
      /^Return-Path: <eve@example\.net>\r\nDelivered-To: ann@localhost\r\nReceived: from \S+ \(\[127\.0\.0\.1\]\)\r\n\tby localhost with ESMTP id [0-9a-f]{16}\.[0-9a-z]+\r\n\tfor <ann@localhost>;\r\n\t\w{3}, .*\r\nSubject: trace\r\n\r\ntext\r\n$/,
    );
  });

  test('content of a submission gains Date and Message-ID and loses Bcc; a peer’s keeps what it has', async () => {
    await inboxOf('bob@localhost');
    await sendRaw(house.ports.submission, {
      from: 'ann@localhost',
      to: ['bob@localhost'],
      login: values.plain!,
      data: Buffer.from('From: ann@localhost\r\nBcc: x@y.example,\r\n z@y.example\r\nSubject: s\r\n\r\ntext\r\n.\r\n'),
    });
    const [message] = await inboxOf('bob@localhost');
    const text = message!.toString('latin1');
    expect(text).not.toMatch(/bcc|y\.example/i);
    expect(text).toMatch(/\r\nDate: \w{3}, /);
    expect(text).toMatch(/\r\nMessage-ID: <[0-9a-f]{16}\.[0-9a-z]+@localhost>\r\n\r\ntext/);
    await take('Subject: bare\r\n\r\n.\r\n');
    expect((await inboxOf('ann@localhost'))[0]!.toString()).not.toMatch(/^(Date|Message-ID):/im);
  });

  test.each([
    ['dots', '.\r\n..\r\n.x\r\n\r\n...\r\n'],
    ['an empty body', ''],
    ['eight bits and NUL', 'caf\xe9\0\xff\r\n'],
    ['a line of a million octets', `${'a'.repeat(1_000_000)}\r\n`],
  ])('content keeps %s', async (_, body) => {
    const stuffed = body.replace(/^\./gm, '..');
    await take(`Subject: kept\r\n\r\n${stuffed}.\r\n`);
    const [message] = await inboxOf('ann@localhost');
    expect(afterTrace(message!)).toBe(`Subject: kept\r\n\r\n${body}`);
  });

  test('content ends at CRLF.CRLF only: none of the false ends smuggles a message in', async () => {
    const path = join(corpusFolder(), 'protocol/smuggling/eod.json');
    const ends = falseEnds(path);
    await inboxOf('ann@localhost');
    for (const end of ends) {
      const inner =
        'MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<ann@localhost>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n';
      const replies = await sendRaw(house.ports.smtp, {
        from: 'eve@example.net',
        to: ['ann@localhost'],
        data: Buffer.concat([Buffer.from('Subject: outer\r\n\r\ntext'), end, Buffer.from(inner)]),
      });
      expect(replies.at(-1)).toMatch(/^250 /);
    }
    const got = await inboxOf('ann@localhost');
    expect(got).toHaveLength(ends.length);
    expect(got.filter(m => m.toString('latin1').startsWith('Return-Path: <smuggled'))).toEqual([]);
    // Lone CR and LF have become CRLF.
    for (const m of got) expect(m.toString('latin1')).not.toMatch(/(^|[^\r])\n|\r(?!\n)/);
  });

  test('content without a header comes in as it is, and its text is seen', async () => {
    await take('Just a line of text,\r\nand another.\r\n.\r\n');
    const site = await signIn(`http://127.0.0.1:${house.ports.http}`, 'ann', password);
    const list = await site.get('/mail/inbox');
    expect(list.text).toContain('Just a line of text, and another.');
    const [message] = await inboxOf('ann@localhost');
    expect(afterTrace(message!)).toBe('Just a line of text,\r\nand another.\r\n');
  });

  test('content over the limit is read to its end, then refused, and the session goes on', async () => {
    const small = await startHouse({ set: { max_message_size: '100k' } });
    await small.addUser('ann@localhost', password);
    const data = Buffer.from(`Subject: big\r\n\r\n${'x'.repeat(200_000)}\r\n.\r\n`);
    const replies = await sendRaw(small.ports.smtp, {
      from: 'eve@example.net',
      to: ['ann@localhost'],
      data,
      afterwards: 'NOOP',
    });
    expect(replies.at(-2)).toMatch(/^552 5\.3\.4 /);
    expect(replies.at(-1)).toMatch(/^250 /);
    expect(await popMessages(small.ports.pop3, 'ann@localhost', password)).toEqual([]);
    await small.remove();
  });

  test('content of a peer that hangs up in the middle is not taken, and leaves nothing behind', async () => {
    await inboxOf('ann@localhost');
    const socket = connect(house.ports.smtp, '127.0.0.1');
    let heard = '';
    socket.on('data', chunk => {
      heard += chunk;
    });
    await until('the banner', () => heard.includes('220 '));
    socket.write('EHLO x\r\nMAIL FROM:<eve@example.net>\r\nRCPT TO:<ann@localhost>\r\nDATA\r\n');
    await until('354', () => heard.includes('354 '));
    socket.write(`Subject: cut\r\n\r\n${'x'.repeat(300_000)}\r\n`);
    await new Promise(resolve => setTimeout(resolve, 100));
    socket.destroy();
    const temporary = join(house.data, 'content', 'tmp');
    await until('the temporary file to go', () => readdirSync(temporary).length === 0);
    expect(await inboxOf('ann@localhost')).toEqual([]);
  });
});

test('NOTIFY on MAIL is the wish for those who have none of their own', async () => {
  await popMessages(house.ports.pop3, 'ann@localhost', password, { remove: true });
  const talk = await openTalk(house.ports.submission);
  await talk.reply();
  await talk.ask('EHLO test.example');
  await talk.ask(`AUTH PLAIN ${values.plain}`);
  await talk.ask('MAIL FROM:<ann@localhost> NOTIFY=SUCCESS ENVID=E+2B1');
  await talk.ask('RCPT TO:<bob@localhost>');
  await talk.ask('RCPT TO:<bob+b@localhost> NOTIFY=FAILURE');
  await talk.ask('RCPT TO:<bob+c@localhost> NOTIFY=NEVER');
  await talk.ask('DATA');
  talk.socket.write('Subject: told\r\n\r\ntext\r\n.\r\n');
  expect(await talk.reply()).toMatch(/^250 /);
  talk.socket.end('QUIT\r\n');
  const [message] = await popMessages(house.ports.pop3, 'ann@localhost', password, { remove: true });
  const { message: about, recipients } = parseBounce(message!);
  expect(about['original-envelope-id']).toBe('E+1');
  expect(recipients).toMatchObject([{ action: 'delivered', 'final-recipient': 'rfc822; bob@localhost' }]);
  expect(recipients).toHaveLength(1);
});

/** The corpus' false ends of DATA, all but the true one. */
function falseEnds(path: string): Buffer[] {
  try {
    const read = JSON.parse(readFileSync(path, 'utf8')) as unknown;
    const texts = JSON.stringify(read)
      .match(/"(?:[^"\\]|\\.)*"/g)!
      .map(t => JSON.parse(t) as string);
    const found = texts.filter(
      t => /^[\r\n.\0 ]+$/.test(t) && t.includes('.') && t !== '\r\n.\r\n' && !t.includes('\r\n.\r\n'),
    );
    if (found.length) return [...new Set(found)].map(t => Buffer.from(t, 'latin1'));
  } catch {
    // Without the corpus: the classes we know.
  }
  return [
    '\n.\n',
    '\n.\r\n',
    '\r\n.\n',
    '\r.\r',
    '\r\n.\r',
    '\n.\r',
    '\r.\r\n',
    '\r.\n',
    '\r\n\0.\r\n',
    '\r\n.\0\r\n',
  ].map(t => Buffer.from(t));
}
