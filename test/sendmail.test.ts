import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentFrom, untilDot } from '../daemon/cli/sendmail/content.ts';
import { readOptions } from '../daemon/cli/sendmail/options.ts';
import { runCommand } from './commands.ts';
import { type House, launcher, startHouse, testWith, until } from './harness.ts';
import { popMessages } from './mail-talk.ts';

const password = 'correct horse 1';

describe('readOptions', () => {
  test.each<[string, object]>([
    // As programs call it: PHP, cron, git send-email, mail(1), mutt.
    ['-t -i', { fromHeader: true, ignoreDots: true }],
    ['-ti', { fromHeader: true, ignoreDots: true }],
    ['-i -FCronDaemon -B8BITMIME -oem root', { ignoreDots: true, fullName: 'CronDaemon', recipients: ['root'] }],
    [
      '-i -f ann@x.example -- bo@x.example -cy@x.example',
      { sender: 'ann@x.example', recipients: ['bo@x.example', '-cy@x.example'] },
    ],
    ['-oi -oem -odi -fann@x.example bo', { ignoreDots: true, sender: 'ann@x.example', recipients: ['bo'] }],
    ['-r ann -F Ann bo', { sender: 'ann', fullName: 'Ann', recipients: ['bo'] }],
    ['-N success,failure -R hdrs -V id bo', { notify: ['SUCCESS', 'FAILURE'], ret: 'HDRS', envid: 'id' }],
    ['-N never bo', { notify: ['NEVER'] }],
    ['-O Timeout=1 -h 3 -v -m -n -X log bo', { mode: 'm', recipients: ['bo'] }],
    // Other modes.
    ['-bp', { mode: 'p' }],
    ['-q', { mode: 'q' }],
    ['-q30m', { mode: 'q' }],
    ['-bi', { mode: 'i' }],
    ['-bm bo', { mode: 'm', recipients: ['bo'] }],
    // Ours.
    ['-C a.conf --set x=y --config=b.conf bo', { config: 'b.conf', set: ['x=y'], recipients: ['bo'] }],
  ])('%s', (args, expected) => {
    expect(readOptions(args.split(' '))).toMatchObject(expected);
  });

  test.each<[string, RegExp]>([
    ['-Z', /there is no option -Z/],
    ['-f', /a value belongs behind -f/],
    ['-N sometimes', /-N is never/],
    ['-N never,delay', /-N is never/],
    ['--set', /a value belongs behind --set/],
  ])('%s is wrong', (args, why) => {
    expect(() => readOptions(args.split(' '))).toThrow(why);
  });
});

const pieces = async function* (...texts: string[]) {
  for (const text of texts) yield Buffer.from(text, 'latin1');
};
const joined = async (source: AsyncIterable<Buffer>) => Buffer.concat(await Array.fromAsync(source)).toString('latin1');

describe('untilDot', () => {
  test.each<[string, string]>([
    ['a\nb\n.\nc\n', 'a\nb\n'],
    ['a\r\n.\r\nc\r\n', 'a\r\n'],
    ['.\nb\n', ''],
    ['a\n..\n.b\nc.\n', 'a\n..\n.b\nc.\n'],
    ['a\n.', 'a\n'],
    ['a', 'a'],
    ['', ''],
  ])('%j, wherever it is cut', async (text, expected) => {
    for (let cut = 0; cut <= text.length; cut++)
      for (let second = cut; second <= text.length; second++)
        expect(await joined(untilDot(pieces(text.slice(0, cut), text.slice(cut, second), text.slice(second))))).toBe(
          expected,
        );
  });
});

describe('contentFrom', () => {
  const author = { sender: 'ann@x.example', fullName: '', domain: 'x.example' };
  test.each<[string, string, Partial<typeof author> | { sender: null }, string]>([
    ['a whole message', 'From: b\nTo: c\n\ntext\n', {}, 'From: b\r\nTo: c\r\n\r\ntext\r\n'],
    ['one without From', 'To: c\n\ntext\n', {}, 'From: ann@x.example\r\nTo: c\r\n\r\ntext\r\n'],
    ['text alone', 'hello: no, hello you\n', {}, 'From: ann@x.example\r\nhello: no, hello you\r\n'],
    [
      'text that begins with no field',
      'just text\n\nmore\n',
      {},
      'From: ann@x.example\r\n\r\njust text\r\n\r\nmore\r\n',
    ],
    ['a body behind an empty line', '\ntext\n', {}, 'From: ann@x.example\r\n\r\ntext\r\n'],
    ['an mbox line', 'From ann Mon\nTo: c\n\nx\n', {}, 'From: ann@x.example\r\nTo: c\r\n\r\nx\r\n'],
    ['a name', 'To: c\n\n', { fullName: 'Ann "A" L' }, 'From: "Ann \\"A\\" L" <ann@x.example>\r\nTo: c\r\n\r\n'],
    [
      'a name beyond ASCII',
      'To: c\n\n',
      { fullName: 'J\u00fcrgen\n' },
      'From: =?utf-8?B?SsO8cmdlbg==?= <ann@x.example>\r\nTo: c\r\n\r\n',
    ],
    ['nobody', 'To: c\n\n', { sender: null }, 'From: MAILER-DAEMON@x.example\r\nTo: c\r\n\r\n'],
  ])('%s', async (_, text, by, expected) => {
    for (let cut = 0; cut <= text.length; cut++) {
      const { content } = await contentFrom(pieces(text.slice(0, cut), text.slice(cut)), true, { ...author, ...by });
      expect(await joined(content)).toBe(expected);
    }
  });
});

describe('sendmail', () => {
  let house: House;
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-sendmail-'));
  const names = Object.fromEntries(['sendmail', 'mailq', 'newaliases'].map(n => [n, join(folder, n)]));
  const conf = join(folder, 'cwmail.conf');
  const good = join(folder, 'good.conf');
  const drop = join(folder, 'drop');
  const root = process.getuid?.() === 0;

  beforeAll(async () => {
    for (const path of Object.values(names)) symlinkSync(launcher, path);
    house = await startHouse({ set: { pickup_path: drop } });
    for (const user of ['ann', 'bo', 'cy', 'root']) await house.addUser(`${user}@localhost`, password);
    const lines = house.flags.filter(f => f !== '--set').map(f => f.replace('=', ' '));
    writeFileSync(good, lines.join('\n'));
    // A mistake elsewhere, such as a password file that only the house may read, is no business of ours.
    writeFileSync(conf, `${lines.join('\n')}\nfetch ann@localhost pop3://u@h.example password_file=gone\n`);
    chmodSync(folder, 0o755);
    chmodSync(conf, 0o644);
  });
  afterAll(async () => {
    await house.remove();
    rmSync(folder, { recursive: true });
  });

  const run = (args: string[], input: string | Buffer = '', more: { as?: string; env?: Record<string, string> } = {}) =>
    new Promise<{ code: number; out: string; err: string }>(resolve => {
      const [name = '', ...rest] = args;
      const command = more.as ? 'runuser' : names[name]!;
      const env = { ...process.env, CWMAIL_CONFIG: conf, ...more.env };
      const all = more.as ? ['-u', more.as, '--', names[name]!, ...rest] : rest;
      const child = execFile(command, all, { cwd: folder, env }, (error, out, err) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
      );
      child.stdin!.on('error', () => {});
      child.stdin!.end(input);
    });
  const quiet = { code: 0, out: '', err: '' };
  const inbox = async (user: string) =>
    (await popMessages(house.ports.pop3, `${user}@localhost`, password, { remove: true })).map(m =>
      m.toString('latin1'),
    );

  test('as cron calls it: the sender is who calls, and what is missing is added', async () => {
    expect(
      await run(
        ['sendmail', '-i', '-FCronDaemon', '-B8BITMIME', '-oem', 'ann'],
        'To: ann\nSubject: Cron\n\n.\nout: \u00fc\n',
      ),
    ).toEqual(quiet);
    const [mail] = await inbox('ann');
    expect(mail).toMatch(
      /^Return-Path: <\w+@localhost>\r\nDelivered-To: ann@localhost\r\nReceived: by localhost with ESMTPS?A id /,
    );
    expect(mail).toMatch(
      /\r\nFrom: "CronDaemon" <\w+@localhost>\r\nTo: ann\r\nSubject: Cron\r\nDate: .*\r\nMessage-ID: <.*\r\n\r\n\.\r\nout: \xc3\xbc\r\n$/,
    );
  });

  test('as PHP calls it: recipients from the header, Bcc too, which does not go out', async () => {
    const text =
      'To: ann@localhost\r\nSubject: Form\r\nFrom: visitor@far.example\r\nBcc: bo@localhost,\r\n cy@localhost\r\n\r\nHello\r\n';
    expect(await run(['sendmail', '-t', '-i', '-f', 'root@localhost'], text)).toEqual(quiet);
    for (const user of ['ann', 'bo', 'cy']) {
      const [mail] = await inbox(user);
      expect(mail).toMatch(/^Return-Path: <root@localhost>[\s\S]*From: visitor@far\.example\r\n/);
      expect(mail).not.toMatch(/bcc|cy@localhost,|bo@localhost,/i);
    }
  });

  test('as git send-email calls it, and typed by hand up to a dot', async () => {
    expect(
      await run(
        ['sendmail', '-i', '-f', 'ann@localhost', 'bo@localhost', 'cy@localhost'],
        'From: Ann <ann@localhost>\nTo: bo@localhost\n\npatch\n',
      ),
    ).toEqual(quiet);
    expect((await inbox('bo'))[0]).toMatch(/\npatch\r\n$/);
    expect((await inbox('cy'))[0]).toMatch(/\npatch\r\n$/);
    expect(await run(['sendmail', 'ann,bo'], 'hello there\n.\nnot this\n')).toEqual(quiet);
    for (const user of ['ann', 'bo'])
      expect((await inbox(user))[0]).toMatch(/\r\nFrom: .*\r\n(.*\r\n)*\r\nhello there\r\n$/);
  });

  test('mail for elsewhere is in the queue, as mailq says', async () => {
    expect(await run(['sendmail', '-f', '', '-N', 'never', 'dave@far.example'], 'Subject: x\n\ny\n')).toEqual(quiet);
    expect(await run(['mailq'])).toMatchObject({ code: 69, err: expect.stringMatching(/the settings have mistakes/) });
    const { code, out } = await run(['mailq', '-C', good]);
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+ {2}held {2}<> -> dave@far\.example /);
    const aged = (text: string) => text.replace(/ for \d+ s /, ' for N s ');
    expect(aged((await run(['sendmail', '-bp', '-C', good])).out)).toBe(aged(out));
    expect(await run(['newaliases'])).toEqual(quiet);
    expect(await run(['sendmail', '-bi'])).toEqual(quiet);
    // Off line, nothing is tried, and the house says so.
    expect(await run(['sendmail', '-q', '-C', good])).toMatchObject({
      code: 69,
      err: expect.stringMatching(/off line/),
    });
  });

  test.each<[number, string[], string, RegExp]>([
    [64, ['sendmail'], '', /recipients belong on the command line, or -t/],
    [64, ['sendmail', '-Z', 'ann'], '', /there is no option -Z/],
    [64, ['sendmail', '-f', 'a@b@c', 'ann'], '', /-f a@b@c: it is no address/],
    [65, ['sendmail', '-t'], 'Subject: x\n\ny\n', /names no recipient/],
    [65, ['sendmail', 'a@b@c'], 'x\n', /it is no address: a@b@c/],
    [67, ['sendmail', 'nobody@localhost'], 'x\n', /nobody@localhost: 550 5\.1\.1 No such user here/],
    [69, ['sendmail', '-bs'], '', /-bs is not here/],
    [75, ['sendmail', '-C', '/nonexistent/x.conf', 'ann'], 'x\n', /no such file/],
    [77, ['sendmail', '-f', 'ann@far.example', 'ann'], 'x\n', /550 5\.7\.1 Programs of this machine/],
  ])('exits with %i for %j', async (code, args, input, why) => {
    const answer = await run(args, input);
    expect(answer).toMatchObject({ code, out: '' });
    expect(answer.err).toMatch(why);
    expect(answer.err).toMatch(/^sendmail: [^\n]*\n$/);
  });

  test('while the house is down the mail lies in the pickup folder; without one it is exit 75', async () => {
    await house.stop();
    const header = 'X-Envelope-To: cy@localhost\nFrom: ann@localhost\nTo: bo@localhost\nBcc: ann@localhost\n\nlater\n';
    expect(await run(['sendmail', '-f', 'ann@localhost', 'bo@localhost'], header)).toEqual(quiet);
    expect(readdirSync(drop).filter(n => n !== 'bad')).toEqual([expect.stringMatching(/^sendmail-[0-9a-f]{32}$/)]);
    expect(await run(['sendmail', '--set', 'pickup_path=', 'ann'], 'x\n')).toMatchObject({
      code: 75,
      err: expect.stringMatching(
        /^sendmail: the house cannot be reached: .*connection refused; and there is no pickup_path/,
      ),
    });
    expect(await run(['sendmail', '--set', 'pickup_path=/nonexistent', 'ann'], 'x\n')).toMatchObject({
      code: 75,
      err: expect.stringMatching(/nor can it be left in \/nonexistent \(ENOENT\)/),
    });
    await house.restart();
    const mail = await until('the mail', async () => (await inbox('bo'))[0]);
    expect(mail).toMatch(/^Return-Path: <ann@localhost>[\s\S]*\r\nTo: bo@localhost\r\n[\s\S]*later\r\n$/);
    expect(mail).not.toMatch(/^(x-envelope|bcc)/im);
    expect([...(await inbox('cy')), ...(await inbox('ann'))]).toEqual([]);
  });

  test.skipIf(!root)('another user of the machine gets in by the pickup folder, if its rights say so', async () => {
    chmodSync(drop, 0o700);
    const shut = await run(['sendmail', 'ann'], 'Subject: x\n\nfrom nobody\n', { as: 'nobody' });
    expect(shut).toMatchObject({
      code: 75,
      err: expect.stringMatching(/service\.key|the key of .* cannot be read .*EACCES.*; nor can it/),
    });
    chmodSync(drop, 0o3733);
    expect(await run(['sendmail', 'ann'], 'Subject: x\n\nfrom nobody\n', { as: 'nobody' })).toEqual(quiet);
    const mail = await until('the mail', async () => (await inbox('ann'))[0]);
    expect(mail).toMatch(/^Return-Path: <nobody@localhost>[\s\S]*from nobody\r\n$/);
  });

  test.skipIf(!root)(
    'another user of the machine is told whose commands these are, not that nothing runs',
    async () => {
      const args = ['-u', 'nobody', '--', 'env', `CWMAIL_CONFIG=${good}`, launcher, 'status'];
      const { code, err } = await runCommand('runuser', args);
      expect(code).toBe(1);
      expect(Buffer.from(err, 'latin1').toString()).toMatch(
        /^cwmail: only the servers’ own user may open \S+: run this as that user\n$/,
      );
    },
  );

  testWith('php', 'php-cli')('PHP’s mail() sends by it', async () => {
    const call = `exit(mail("bo@localhost", "From PHP", "line\\n.\\nline", ["From" => "shop@localhost", "Bcc" => "cy@localhost"], "-f shop@localhost") ? 0 : 1);`;
    const args = ['-n', '-d', `sendmail_path=${names.sendmail} -t -i`, '-r', call];
    expect(await runCommand('php', args, { env: { CWMAIL_CONFIG: conf } })).toMatchObject({ code: 0, err: '' });
    for (const user of ['bo', 'cy']) {
      const mail = await until('the mail', async () => (await inbox(user))[0]);
      expect(mail).toMatch(
        /^Return-Path: <shop@localhost>[\s\S]*Subject: From PHP\r\n[\s\S]*\r\n\r\nline\r\n\.\r\nline\r\n$/,
      );
      expect(mail).not.toMatch(/bcc/i);
    }
  });

  testWith('s-nail', 's-nail')('mail(1) sends by it', async () => {
    const env = { CWMAIL_CONFIG: conf, MAILRC: '/dev/null' };
    const args = ['-n', '-S', `mta=${names.sendmail}`, '-S', 'from=ann@localhost', '-s', 'By mail', 'bo@localhost'];
    const answer = await runCommand('s-nail', args, { input: 'written by hand\n', env });
    expect(answer).toMatchObject({ code: 0 });
    const mail = await until('the mail', async () => (await inbox('bo'))[0]);
    expect(mail).toMatch(/Subject: By mail\r\n[\s\S]*\r\n\r\nwritten by hand\r\n$/);
  });
});
