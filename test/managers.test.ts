import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type House, startHouse, until } from './harness.ts';
import { openTalk, popMessages, sendRaw } from './mail-talk.ts';
import { nextHop } from './next-hop.ts';

const password = 'correct horse 1';
const ann = 'ann@x.example';

describe('tellsmtp and tellpop', { timeout: 180_000 }, () => {
  let house: House;
  const hop = nextHop();
  beforeAll(async () => {
    const gateway = `gateway=* 127.0.0.1:${(await hop).port}`;
    house = await startHouse({
      set: { host_domain: 'x.example', online: 'always' },
      lines: [gateway, `alias=post@x.example ${ann}`],
    });
    await house.addUser(ann, password);
  }, 180_000);
  afterAll(async () => {
    await house.remove();
    await (await hop).close();
  });
  /** Runs the lines as a script. */
  const script = async (...lines: string[]) => {
    writeFileSync(join(house.data, 'try.msc'), lines.join('\n'));
    const { code, stdout, stderr } = await house.cli(['tellsmtp', 'try.msc']);
    return { code, said: stdout.trimEnd().split('\n'), stderr };
  };

  test('tellsmtp SCRIPT.msc asks about recipients and delivers nothing', async () => {
    const { code, said } = await script(
      '# who takes it?',
      'Mail From: <>',
      '',
      'Rcpt To: <post@x.example>',
      'Rcpt To: <ann@x.example>',
    );
    expect({ code, said }).toEqual({
      code: 0,
      said: [
        expect.stringMatching(/^220 x\.example /),
        'Send (HELO x.example)',
        expect.stringMatching(/^250 /),
        'Send (Mail From: <>)',
        expect.stringMatching(/^250 /),
        'Send (Rcpt To: <post@x.example>)',
        expect.stringMatching(/^25[01] /),
        'Send (Rcpt To: <ann@x.example>)',
        expect.stringMatching(/^25[01] /),
        'Send (QUIT)',
        expect.stringMatching(/^221 /),
      ],
    });
    expect(await popMessages(house.ports.pop3, ann, password)).toEqual([]);
  });

  test('tellsmtp SCRIPT.msc sends content up to a lone dot', async () => {
    const { code, said } = await script(
      ...['EHLO me.example', 'MAIL FROM:<eve@else.example>', `RCPT TO:<${ann}>`, 'DATA'],
      ...['Subject: from a script', '', '# no comment here', '..', '.', 'NOOP'],
    );
    expect({ code, stderr: said.filter(l => /^[45]/.test(l)) }).toEqual({ code: 0, stderr: [] });
    expect(said).toContain('Send (4 lines of content and .)');
    expect(said.at(-3)).toMatch(/^250/);
    const [mail] = await popMessages(house.ports.pop3, ann, password, { remove: true });
    expect(mail!.toString()).toMatch(/Subject: from a script\r\n\r\n# no comment here\r\n\.\r\n$/);
  });

  test('tellsmtp SCRIPT.msc ends with 1 when a reply was none of 2xx and 3xx, and sends no content unasked', async () => {
    const { code, said } = await script(
      ...['MAIL FROM:<eve@else.example>', 'RCPT TO:<nobody@x.example>', 'DATA', 'MAIL FROM:<oh@no.example>', '.'],
    );
    expect(code).toBe(1);
    expect(said.filter(l => l.startsWith('Send'))).toEqual([
      'Send (HELO x.example)',
      'Send (MAIL FROM:<eve@else.example>)',
      'Send (RCPT TO:<nobody@x.example>)',
      'Send (DATA)',
      'Send (QUIT)',
    ]);
    expect((await script('DATA', 'no end')).stderr).toMatch(/the content behind DATA does not end/);
    expect((await house.cli(['tellsmtp', 'gone.msc'])).stderr).toMatch(/the script cannot be read: ENOENT/);
  });

  test('tellsmtp status shows sessions, what is being sent, memory and processes', async () => {
    const smtp = await openTalk(house.ports.smtp);
    await smtp.reply();
    (await hop).script.answers = { DATA: 'SILENCE' };
    const login = Buffer.from(`\0${ann}\0${password}`).toString('base64');
    const data = Buffer.from('Subject: x\r\n\r\nx\r\n.\r\n');
    await sendRaw(house.ports.submission, { from: ann, to: ['bob@far.example'], login, data });
    await until('the hop', async () => (await hop).heard.includes('DATA'));
    const { code, stdout } = await house.cli(['tellsmtp', 'status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Running {4}for (\d min )?\d+ s$/m);
    expect(stdout).toMatch(/^ {2}daemon {3}pid \d+, \d+ MB, restarted 0 times$/m);
    expect(stdout).toMatch(/^Sessions {3}smtp 1, submission \d, pop3 0$/m);
    expect(stdout).toMatch(/^Queue {6}0 waiting, 1 being sent, 0 held$/m);
    expect(stdout).toMatch(/^ {2}\d+ {2}ann@x\.example -> bob@far\.example {2}to 127\.0\.0\.1/m);
    expect(stdout).toMatch(/^Store {6}\d+ writes under way$/m);
    const json = JSON.parse((await house.cli(['status', '--json'])).stdout);
    expect(json).toMatchObject({
      uptime: expect.any(Number),
      processes: { daemon: { restarts: 0, memory: expect.any(Number) }, web: { memory: expect.any(Number) } },
      daemon: {
        sessions: { smtp: 1 },
        queue: { sending: [{ recipient: 'bob@far.example' }] },
        writes: expect.any(Number),
      },
    });
    smtp.socket.end();
  });

  test('tellpop log_level holds until the next reload', async () => {
    const log = () => readFileSync(join(house.data, 'log/cwmail.log'), 'utf8');
    const debugLines = () => log().split('"level":"debug"').length;
    expect((await house.cli(['tellpop', 'log_level', 'debug'])).stdout).toBe(
      'The log level is debug until the next reload or restart.\n',
    );
    const before = debugLines();
    await script('MAIL FROM:<>', `RCPT TO:<${ann}>`);
    await until('a debug line', () => debugLines() > before);
    expect((await house.cli(['tellpop', 'reload'])).stdout).toBe('Applied: log_level\n');
    const after = debugLines();
    await script('MAIL FROM:<>', `RCPT TO:<${ann}>`);
    expect(debugLines()).toBe(after);
  });

  test.each<[string[], RegExp]>([
    [['tellsmtp', 'dance'], /there is no "tellsmtp dance"; tellsmtp help lists what there is/],
    [['tellpop', 'constructor'], /there is no "tellpop constructor"/],
    [['tellpop', 'pass', 'swordfish'], /there is no manager password/],
    [['tellpop', 'password', 'swordfish'], /there is no manager password/],
    [['tellpop', 'try.msc'], /there is no "tellpop try\.msc"/],
    [['tellsmtp', 'log_level'], /one of debug, info, warn, error belongs behind log_level/],
    [['tellsmtp', 'reload', 'now'], /"now" is too much; it is: cwmail tellsmtp reload/],
  ])('%j is called wrongly', async (args, pattern) => {
    const { code, stderr } = await house.cli(args);
    expect({ code, said: pattern.test(stderr) }).toEqual({ code: 64, said: true });
  });

  test('tellsmtp help lists what there is, as tellsmtp alone does', async () => {
    const { code, stdout } = await house.cli(['tellsmtp', 'help']);
    expect({ code, names: stdout.match(/^ {2}\w+/gm)!.map(l => l.trim()) }).toEqual({
      code: 0,
      names: expect.arrayContaining(['reload', 'status', 'log_level', 'shutdown', 'SCRIPT']),
    });
    expect((await house.cli(['tellsmtp'])).stdout).toBe(stdout);
    expect((await house.cli(['tellpop'])).stdout).not.toContain('SCRIPT');
  });

  test('tellpop shutdown stops the whole house, and says so', async () => {
    expect((await house.cli(['tellpop', 'shutdown'])).stdout).toMatch(
      /^All of cwmail is stopping: SMTP, POP3 and the site\./,
    );
    await until('the end', () => house.child.exitCode !== null);
    expect(house.child.exitCode).toBe(0);
    expect((await house.cli(['tellsmtp', 'status'])).stderr).toMatch(/nothing runs on/);
  });
});
