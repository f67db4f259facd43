import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replyLine } from '../daemon/mail/reply.ts';
import { createSubmitter, type Submitter } from '../daemon/smtp-client.ts';
import { type House, startHouse, until } from './harness.ts';
import { popMessages } from './mail-talk.ts';
import { type NextHop, nextHop } from './next-hop.ts';

const password = 'correct horse 1';
let house: House;
let hop: NextHop;
let submitter: Submitter;
beforeAll(async () => {
  hop = await nextHop({
    answers: { RCPT: s => s.write(/nobody/.test(hop.heard.at(-1) ?? '') ? '550 5.1.1 No\r\n' : '250 Ok\r\n') },
  });
  house = await startHouse({ set: { online: 'always' }, lines: [`gateway=* 127.0.0.1:${hop.port}`] });
  await house.addUser('ann@localhost', password);
  await house.addUser('bob@localhost', password);
  submitter = serviceOf('webmail');
});
afterAll(async () => {
  await submitter?.close();
  await house?.remove();
  await hop?.close();
});

const serviceOf = (service: 'webmail' | 'fetcher') =>
  createSubmitter({
    host: '127.0.0.1',
    port: house.ports.submission,
    name: 'localhost',
    service,
    password: readFileSync(join(house.data, 'service.key'), 'utf8').trim(),
  });

const letter = 'From: ann@localhost\r\nSubject: Tea\r\n\r\n.\r\nAt five?\r\n';
const mail = (to: string[], key: string, reversePath: string | null = 'ann@localhost') => ({
  reversePath,
  recipients: to.map(address => ({ address })),
  size: letter.length,
  key,
  content: async function* () {
    yield Buffer.from(letter);
  },
});
const inbox = async (user: string) =>
  (await popMessages(house.ports.pop3, user, password, { remove: true })).map(m => m.toString());

test('createSubmitter hands mail to our own daemon for a user, which takes the same key once', async () => {
  for (let i = 0; i < 2; i++) {
    const result = await submitter.send(
      'ann@localhost',
      mail(['bob@localhost', 'x@far.test', 'gone@localhost'], 'draft:1'),
    );
    expect(result.map(r => r.code)).toEqual([250, 250, 550]);
  }
  await until('the hop has it', () => hop.contents.length > 0);
  await new Promise(resolve => setTimeout(resolve, 300));
  expect(hop.contents).toHaveLength(1);
  expect(hop.contents[0]).toMatch(/\r\n\r\n\.\.\r\nAt five\?\r\n$/);
  expect(await inbox('bob@localhost')).toHaveLength(1);
});

test('createSubmitter hands mail from outside in for nobody', async () => {
  const fetcher = serviceOf('fetcher');
  const result = await fetcher.send(null, mail(['bob@localhost'], 'pop:1', 'eve@far.test'));
  expect(result.map(replyLine)).toEqual([expect.stringMatching(/^250 2\.0\.0/)]);
  await fetcher.close();
  expect((await inbox('bob@localhost'))[0]).toMatch(/^Return-Path: <eve@far\.test>/);
});

test('queue reports to the Inbox of the author, by the door', async () => {
  await submitter.send('ann@localhost', mail(['nobody@far.test'], 'draft:2'));
  let reports: string[] = [];
  await until('the report', async () => {
    reports = await inbox('ann@localhost');
    return reports.length > 0;
  });
  expect(reports).toHaveLength(1);
  expect(reports[0]).toMatch(/^Return-Path: <>\r\n/);
  expect(reports[0]).toMatch(/^Final-Recipient: rfc822; nobody@far\.test\r$/m);
  expect(JSON.parse((await house.cli(['queue', 'list', '--json'])).stdout)).toEqual([]);
});
