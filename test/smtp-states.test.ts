import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts, type House, startHouse } from './harness.ts';
import { type Dialogue, openDialogue, plain } from './smtp-dialogue.ts';

const password = 'correct horse 1';
let house: House;
let odmr: number;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cwmail-states-'));
  writeFileSync(join(folder, 'secret'), 'a long enough secret\n');
  [odmr] = (await freePorts(1)) as [number];
  house = await startHouse({
    set: { odmr_port: odmr },
    lines: [
      'relay_to=office.test',
      'suspend_domain=office.test',
      `odmr=office.test ann@localhost secret_file=${join(folder, 'secret')}`,
    ],
  });
  await house.addUser('ann@localhost', password);
});
afterAll(async () => {
  await house.remove();
  rmSync(folder, { recursive: true });
});

const mail = 'MAIL FROM:<ann@localhost>';
const rcpt = 'RCPT TO:<ann@localhost>';
const login = plain('ann@localhost', password);
type Listener = 'relay' | 'submission' | 'odmr';
/** Listener, what was said before, and the answers to MAIL, RCPT and DATA, each of a session of its own. */
const states: [Listener, string, string[], [RegExp, RegExp, RegExp]][] = [
  ['relay', 'before HELO', [], [/^503 5\.5\.1 /, /^503 5\.5\.1 /, /^503 5\.5\.1 /]],
  ['relay', 'after HELO', ['HELO x'], [/^250 /, /^503 /, /^503 /]],
  ['relay', 'after MAIL', ['EHLO x', mail], [/^503 .*nested MAIL/, /^250 /, /^503 /]],
  ['relay', 'after RCPT', ['EHLO x', mail, rcpt], [/^503 .*nested MAIL/, /^250 /, /^354 /]],
  ['relay', 'after a refused RCPT', ['EHLO x', mail, 'RCPT TO:<nobody@localhost>'], [/^503 /, /^250 /, /^503 /]],
  ['relay', 'after RSET', ['EHLO x', mail, rcpt, 'RSET'], [/^250 /, /^503 /, /^503 /]],
  ['relay', 'after EHLO again', ['EHLO x', mail, rcpt, 'EHLO x'], [/^250 /, /^503 /, /^503 /]],
  ['relay', 'under TLS, before EHLO', ['STARTTLS'], [/^503 5\.5\.1 /, /^503 5\.5\.1 /, /^503 5\.5\.1 /]],
  ['submission', 'before EHLO', [], [/^503 5\.5\.1 /, /^503 5\.5\.1 /, /^503 5\.5\.1 /]],
  ['submission', 'before sign-in', ['EHLO x'], [/^530 5\.7\.0 /, /^530 5\.7\.0 /, /^530 5\.7\.0 /]],
  ['submission', 'after a wrong password', ['EHLO x', plain('ann@localhost', 'no')], [/^530 /, /^530 /, /^530 /]],
  ['submission', 'in the middle of AUTH', ['EHLO x', 'AUTH LOGIN'], [/^530 /, /^530 /, /^530 /]],
  ['submission', 'signed in', ['EHLO x', login], [/^250 /, /^503 /, /^503 /]],
  ['submission', 'signed in, after RCPT', ['EHLO x', login, mail, rcpt], [/^503 /, /^250 /, /^354 /]],
  ['odmr', 'before sign-in', ['EHLO x'], [/^502 /, /^502 /, /^502 /]],
  ['odmr', 'signed in', ['EHLO x', login], [/^502 /, /^502 /, /^502 /]],
];

async function reached(listener: Listener, before: string[]): Promise<Dialogue> {
  const port = { relay: house.ports.smtp, submission: house.ports.submission, odmr }[listener];
  const d = await openDialogue(port);
  expect(await d.hear()).toMatch(/^220 /);
  if (before[0] === 'STARTTLS') await d.startTls(false);
  else for (const line of before) await d.say(line);
  return d;
}

/** Alone and whole, which is the short way; cut in two; in small letters; and with a command behind it. */
const forms: [string, (d: Dialogue, command: string) => Promise<string>][] = [
  ['whole', (d, command) => d.say(command)],
  [
    'cut in two',
    async (d, command) => {
      d.socket.write(command.slice(0, 1));
      await new Promise(resolve => setTimeout(resolve, 20));
      return await d.say(command.slice(1));
    },
  ],
  ['in small letters', (d, command) => d.say(command.replace(/^\w+/, verb => verb.toLowerCase()))],
  ['pipelined', (d, command) => d.say(`${command}\r\nNOOP`)],
];

test.each(states)(
  '%s %s answers MAIL, RCPT and DATA alike, however they come',
  async (listener, _, before, answers) => {
    for (const [i, command] of [mail, rcpt, 'DATA'].entries())
      for (const [form, say] of forms) {
        const d = await reached(listener, before);
        const answer = await say(d, command);
        expect([form, command, answer]).toEqual([form, command, expect.stringMatching(answers[i]!)]);
        d.close();
      }
  },
);

test.each([
  ['relay', ['EHLO x'], 'MAIL FROM:<a b>', 150, /^421 4\.7\.0 /],
  ['submission', ['EHLO x'], mail, 20, /^421 /],
] as [Listener, string[], string, number, RegExp][])(
  '%s hangs up on who says what is refused again and again',
  async (listener, before, command, most, end) => {
    const d = await reached(listener, before);
    let answer = '';
    for (let said = 0; said < most && !/^421|^\(end\)/.test(answer); said++) answer = await d.say(command);
    expect(answer).toMatch(end);
    expect(await d.hear()).toBe('(end)');
  },
);
