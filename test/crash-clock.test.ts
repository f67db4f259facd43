import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ann, ask, password, sendOne } from './crash-rig.ts';
import { startHouse, testWith, until } from './harness.ts';
import { popMessages, sendRaw } from './mail-talk.ts';
import { nextHop } from './next-hop.ts';
import { signIn } from './site-talk.ts';

const clocked = testWith('faketime', 'faketime');
const hour = 3_600_000;
const day = 24 * hour;

/** Milliseconds of processor time of a process so far; the kernel counts in hundredths of a second. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

clocked('a clock that jumps loses no mail, expires none, and keeps nobody busy', { timeout: 180_000 }, async () => {
  const [library = ''] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
  const file = join(mkdtempSync(join(tmpdir(), 'cwmail-clock-')), 'time');
  /** An offset such as `+1d`, or `@2038-01-19 03:14:05`. */
  const set = (time: string) => writeFileSync(file, `${time}\n`);
  set('+0d');
  const hop = await nextHop({ answers: { RCPT: '450 4.2.0 Later' } });
  const house = await startHouse({
    single: true,
    // By this clock mail does wait for days, and its sender would be told so.
    lines: ['online=always', 'delay_notice=0', `gateway=* 127.0.0.1:${hop.port}`],
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
  await house.addUser(ann, password);
  const login = Buffer.from(`\0${ann}\0${password}`).toString('base64');
  const submit = async (to: string) => {
    const data = Buffer.from(`Subject: ${to}\r\n\r\ntext\r\n.\r\n`);
    const replies = await sendRaw(house.ports.submission, { from: ann, to: [`${to}@far.example`], login, data });
    expect(replies.at(-1)).toMatch(/^250 /);
  };
  const waiting = () => ask(house, 'select recipient, state, attempts, next_at as next from delivery order by id');
  const tried = (to: string, attempts: number) =>
    until(`attempt ${attempts} for ${to}`, () =>
      waiting().some(
        d => d.recipient === `${to}@far.example` && Number(d.attempts) >= attempts && d.state === 'waiting',
      ),
    );

  await submit('first');
  await tried('first', 1);
  // A host found dead pauses all that goes there: a refused recipient does not make it so. New mail wakes the queue.
  set('+1d');
  await submit('second');
  await tried('first', 2);
  await tried('second', 1);
  // Beyond max_retrytime by the clock alone.
  set('+4d');
  await submit('third');
  await tried('first', 3);
  set('-1d');
  await submit('fourth');
  await tried('fourth', 1);
  const latest = Date.now() - day + 2 * hour + 60_000;
  await until('all to be due soon', () => waiting().every(d => Number(d.next) < latest));
  expect(waiting().map(d => d.recipient)).toEqual(
    ['first', 'second', 'third', 'fourth'].map(to => `${to}@far.example`),
  );

  hop.script.answers = {};
  set('+2d');
  await submit('fifth');
  await until('the queue to be empty', () => waiting().length === 0);
  // Behind a refused RCPT that was pipelined with DATA, nothing is what goes.
  const came = hop.contents.filter(content => content !== '').map(content => /^Subject: (\S+)/m.exec(content)?.[1]);
  expect(came.toSorted()).toEqual(['fifth', 'first', 'fourth', 'second', 'third']);

  set('@2038-01-19 03:14:05');
  expect(await sendOne(house.ports.smtp, 'late', 3_000)).toMatch(/^250 /);
  set('@2038-01-19 03:14:15');
  expect(await sendOne(house.ports.smtp, 'later', 3_000)).toMatch(/^250 /);
  const messages = await popMessages(house.ports.pop3, ann, password);
  expect(messages.map(m => /\w{3}, +(\d+ \w{3} \d{4})/.exec(m.toString())?.[1])).toEqual([
    '19 Jan 2038',
    '19 Jan 2038',
  ]);
  const site = await signIn(`http://127.0.0.1:${house.ports.http}`, 'ann', password);
  expect((await site.get('/mail/inbox')).status).toBe(200);

  const before = cpuOf(house.child.pid!);
  await new Promise(resolve => setTimeout(resolve, 2_000));
  expect(cpuOf(house.child.pid!) - before).toBeLessThan(1_000);
  expect(await house.stop()).toBe(0);
  await house.remove();
  await hop.close();
});
