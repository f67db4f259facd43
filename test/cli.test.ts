import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../daemon/cli/commands.ts';
import { freePorts, type House, launcher, runCli, startHouse, until } from './harness.ts';
import { openTalk, popMessages, sendRaw } from './mail-talk.ts';
import { signIn } from './site-talk.ts';

const password = 'correct horse 1';
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Commands on a data folder of their own, without a running house. */
function desk() {
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-cli-'));
  const set = ['--set', `data_path=${join(folder, 'data')}`, '--set', 'host_domain=x.example'];
  return { folder, run: (args: string[], input = '') => runCli([...args, ...set], input, folder) };
}

describe('user', () => {
  const { folder, run } = desk();
  afterAll(() => rmSync(folder, { recursive: true }));

  test('user add makes an account, list tells of it, passwd changes it, del removes it', async () => {
    expect(await run(['user', 'list', '--json'])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    const before = Date.now();
    expect(await run(['user', 'add', 'Ann@X.example', '--password-stdin', '--name', 'Ann'], password)).toEqual({
      code: 0,
      stdout: 'ann@x.example is made\n',
      stderr: '',
    });
    const { code, stdout } = await run(['user', 'list', '--json']);
    const [ann, ...others] = JSON.parse(stdout) as Record<string, unknown>[];
    expect({ code, others }).toEqual({ code: 0, others: [] });
    expect(ann).toEqual({
      address: 'ann@x.example',
      created: expect.stringMatching(iso),
      quota: null,
      used: 0,
      pop3: true,
      disabled: false,
    });
    expect(Date.parse(String(ann!.created))).toBeGreaterThanOrEqual(before);
    expect(await run(['user', 'passwd', 'ann@x.example', '--password-stdin'], 'another one 2\n')).toMatchObject({
      code: 0,
    });
    expect(await run(['user', 'del', 'ann@x.example'])).toMatchObject({ code: 0 });
    expect((await run(['user', 'list', '--json'])).stdout).toBe('[]\n');
    // Old mail must not reach a new owner.
    const again = await run(['user', 'add', 'ann@x.example', '--password-stdin'], password);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/^cwmail: ann@x\.example is taken, or was somebody's/);
  });

  test.each<[number, string[], string, RegExp]>([
    // The call is wrong: 64.
    [64, ['user', 'add', '--password-stdin'], password, /NAME@DOMAIN is missing; it is: cwmail user add NAME/],
    [64, ['user', 'add', 'ann', '--password-stdin'], password, /an address such as/],
    [
      64,
      ['user', 'add', 'a@x.example', 'b@x.example', '--password-stdin'],
      password,
      /"b@x\.example" is too much; it is: cwmail user add/,
    ],
    [
      64,
      ['user', 'add', 'b@x.example'],
      password,
      /--password-stdin \(the password is the first line of standard input\) is missing/,
    ],
    [
      64,
      ['user', 'add', 'b@x.example', '--password', 'x'],
      '',
      /user add has no option --password \(cwmail help user add\)/,
    ],
    [64, ['user', 'add', 'b@x.example\r\nRCPT TO:<c@x.example>', '--password-stdin'], password, /an address such as/],
    [64, ['user', 'list', 'ann'], '', /"ann" is too much/],
    [64, ['user'], '', /a word is missing behind user; it is one of: user add, user passwd, /],
    [64, ['user', 'rename'], '', /there is no command "user rename"/],
    [64, ['user', 'lits'], '', /there is no command "user lits"; did you mean user list\?/],
    // The call is right and cannot be done: 1.
    [
      1,
      ['user', 'add', 'b@other.example', '--password-stdin'],
      password,
      /other\.example is none of ours: host_domain is x\.example/,
    ],
    [1, ['user', 'add', 'b@x.example', '--password-stdin'], '', /no password came on standard input/],
    [1, ['user', 'add', 'b@x.example', '--password-stdin'], 'short', /the password is too short: it needs at least 8/],
    [1, ['user', 'add', 'b%c@x.example', '--password-stdin'], password, /a user name has letters/],
    [1, ['user', 'passwd', 'nobody@x.example', '--password-stdin'], password, /there is no account nobody@x\.example/],
    [1, ['user', 'del', 'nobody@x.example'], '', /there is no account nobody@x\.example/],
    [64, ['user', 'set', 'b@x.example'], '', /SWITCH=VALUE is missing; it is: cwmail user set NAME/],
    [64, ['user', 'set', 'b@x.example', 'pop3'], '', /"pop3" is none of: pop3=on\|off/],
    [64, ['user', 'set', 'b@x.example', 'address=c@x.example'], '', /is none of: pop3=on\|off/],
    [64, ['user', 'set', 'b@x.example', 'pop3=maybe'], '', /on or off belongs here, not "maybe"/],
    [
      64,
      ['user', 'quota', 'b@x.example'],
      '',
      /SIZE\|none is missing; it is: cwmail user quota NAME@DOMAIN SIZE\|none/,
    ],
    [
      64,
      ['user', 'quota', 'b@x.example', 'much'],
      '',
      /a size such as 10000000, 500k, 25M or 2G belongs here; none is no limit/,
    ],
    [1, ['user', 'quota', 'nobody@x.example', '5G'], '', /there is no account nobody@x\.example/],
    [1, ['user', 'recount', 'nobody@x.example'], '', /there is no account nobody@x\.example/],
  ])('user answers %i to %j', async (code, args, input, pattern) => {
    const answer = await run(args, input);
    expect(answer).toMatchObject({ code, stdout: '' });
    expect(answer.stderr).toMatch(/^cwmail: /);
    expect(answer.stderr).toMatch(pattern);
    expect(answer.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('cwmail', () => {
  const { folder, run } = desk();
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each<[number, string[], RegExp]>([
    [
      0,
      ['--help'],
      /^cwmail COMMAND [\s\S]*\nRunning\n {2}start [\s\S]*\nAccounts\n {2}user add NAME@DOMAIN --password-stdin /,
    ],
    [0, ['--version'], /^cwmail \d+\.\d+\.\d+, Node v2[4-9]\./],
    [64, [], /^cwmail COMMAND/],
    [64, ['nonsense'], /there is no command "nonsense"; cwmail --help lists them/],
    [64, ['start', 'now'], /"now" is too much; it is: cwmail start/],
    [64, ['start', '--nonsense'], /start has no option --nonsense \(cwmail help start\)/],
    [64, ['start', '--bounce'], /start has no option --bounce/],
    [64, ['queue', 'list', '--lmit', '3'], /queue list has no option --lmit; did you mean --limit\?/],
    [64, ['queue', 'list', '--limit'], /'--limit' argument is ambiguous|argument missing/],
    [64, ['strat'], /there is no command "strat"; did you mean start\?/],
    [64, ['help', 'strat'], /did you mean start\?/],
    [0, ['help', 'queue'], /^ {2}queue list \[FILTER\] +list what waits[\s\S]*queue counters/],
    [
      0,
      ['queue', 'list', '--help'],
      /^cwmail queue list \[FILTER\]\n[\s\S]*--limit N[\s\S]*\nExample {5}cwmail queue list/,
    ],
    [0, ['sendmail', '--help'], /^cwmail sendmail \[OPTION …\][\s\S]*64, 65, 67/],
    [64, ['queue', 'retry', 'first'], /queue ids are numbers/],
    [64, ['route', 'ann'], /an address such as/],
    [64, ['config', 'check', 'file.conf'], /"file\.conf" is too much/],
    [64, ['config', 'test-ip', 'http_port', '1.2.3.4'], /"http_port" is no setting with a list of IP addresses/],
    [64, ['config', 'import-report'], /FILE is missing; it is: cwmail config import-report FILE/],
    [1, ['config', 'test-ip', 'user_ip_address', 'localhost'], /"localhost" is no IP address/],
    [64, ['queue', 'delete'], /say which: ids, --domain, --sender, --recipient, or --all/],
    [64, ['queue', 'hold', '--domain', 'a b'], /--domain: a domain such as example\.org belongs here/],
    [64, ['queue', 'hold', '--sender', 'ann'], /--sender: an address such as ann@example\.org belongs here/],
    [64, ['queue', 'list', '--limit', 'ten'], /--limit: a whole number belongs here/],
    [64, ['queue', 'show'], /ID is missing; it is: cwmail queue show ID/],
    [1, ['queue', 'show', '7'], /there is no delivery 7; queue list shows them/],
    [1, ['queue', 'retry'], /nothing goes out now: off line: the setting online is never/],
    [1, ['queue', 'delete', '7'], /^0 deliveries are deleted/],
    [1, ['queue', 'counters'], /nothing runs on .*: start it first/],
    [1, ['fetch', 'now'], /no fetch line stands in the settings/],
    [1, ['user', 'list', '--set', 'nonsense=1'], /the settings have mistakes:\n--set: there is no setting "nonsense"/],
    [1, ['start', '--config', 'gone.conf'], /gone\.conf: cannot be read: ENOENT/],
  ])('cwmail answers %i to %j', async (code, args, pattern) => {
    const answer = await run(args);
    expect(answer.code).toBe(code);
    expect(answer.stdout + answer.stderr.replace(/^cwmail: /, '')).toMatch(pattern);
    expect(answer.stderr).not.toMatch(/^\s+at /m);
  });

  test('config check names every mistake with its line and ends with 1; without one it says so', async () => {
    writeFileSync(join(folder, 'bad.conf'), 'http_prot 1\nsmtp_port x\n#include more.conf\n');
    writeFileSync(join(folder, 'more.conf'), '\nsignup maybe\n');
    expect(await runCli(['config', 'check', '--config', 'bad.conf'], '', folder)).toEqual({
      code: 1,
      stdout: [
        'bad.conf:1: there is no setting "http_prot"; did you mean http_port?',
        'bad.conf:2: smtp_port: a whole number from 1 to 65535 belongs here, not "x"',
        'more.conf:2: signup: one of open, closed belongs here, not "maybe"',
        '',
      ].join('\n'),
      stderr: '',
    });
    writeFileSync(join(folder, 'good.conf'), 'http_port 8081\n');
    expect(await runCli(['config', 'check', '--config', 'good.conf'], '', folder)).toEqual({
      code: 0,
      stdout: 'good.conf is good\n',
      stderr: '',
    });
    const { code, stdout } = await runCli(['config', 'check'], '', folder);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'There is no settings file here; the defaults hold.\n' });
  });

  test.each([
    ['Europe/Atlantis', /^TZ is "Europe\/Atlantis", which names no zone: .* \(a warning\)$/m],
    ['CET-1CEST', /^TZ is "CET-1CEST", which names no zone/m],
    ['Europe/Berlin', null],
    [':Etc/UTC', null],
  ])('config check looks at the zone of the machine: TZ=%s', async (zone, pattern) => {
    const { stdout } = await new Promise<{ stdout: string }>(resolve =>
      execFile(launcher, ['config', 'check'], { cwd: folder, env: { ...process.env, TZ: zone } }, (_, stdout) =>
        resolve({ stdout }),
      ),
    );
    if (pattern) expect(stdout).toMatch(pattern);
    else expect(stdout).toBe('There is no settings file here; the defaults hold.\n');
  });

  test('config test-ip says which entries an address fails', async () => {
    writeFileSync(join(folder, 'ip.conf'), 'user_ip_address *,!161.29.5.*,161.29.0-9.1\nservice_ip 10.*,!10.0.0.5\n');
    const ask = (name: string, address: string) =>
      runCli(['config', 'test-ip', name, address, '--config', 'ip.conf'], '', folder);
    expect(await ask('user_ip_address', '161.29.5.1')).toEqual({
      code: 1,
      stdout: [
        '  passes  *',
        '  fails   !161.29.5.*',
        '  passes  161.29.0-9.1',
        '161.29.5.1 is not taken by user_ip_address (restrictive: every entry must pass)',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect(await ask('service_ip', '10.0.0.6')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^10\.0\.0\.6 is taken by service_ip \(selecting: /m),
    });
  });

  test('config files lists what must move with the settings, and ends with 1 when one cannot be read', async () => {
    writeFileSync(join(folder, 'files.conf'), '#include pop.conf\nfetch a@x.example pop3://u@h password_file=pw\n');
    writeFileSync(join(folder, 'pop.conf'), 'pop_port 2111\n');
    writeFileSync(join(folder, 'pw'), 'hidden\n');
    const list = () => runCli(['config', 'files', '--config', 'files.conf'], '', folder);
    const at = (name: string) => join(folder, name);
    expect(await list()).toEqual({
      code: 0,
      stdout: `${at('files.conf')}  (settings)\n${at('pop.conf')}  (#include)\n${at('pw')}  (fetch)\n`,
      stderr: '',
    });
    writeFileSync(join(folder, 'files.conf'), 'tls_cert gone.pem\n');
    const { code, stdout } = await list();
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringMatching(/gone\.pem {2}\(tls_cert\) {2}cannot be read: ENOENT/),
    });
  });

  test('config import-report tells of each line of a dmail.conf, and never of a password', async () => {
    const lines = [
      'host_domain x.example',
      'work_path /d',
      'sysadmin ann',
      'manager_password swordfish',
      'colour blue',
    ];
    writeFileSync(join(folder, 'dmail.conf'), `${lines.join('\n')}\n`);
    const { code, stdout } = await runCli(['config', 'import-report', 'dmail.conf'], '', folder);
    expect(code).toBe(1);
    expect(stdout.split('\n').map(l => l.slice(0, 60))).toEqual(
      [
        'dmail.conf:1: host_domain: kept',
        'dmail.conf:2: work_path: ignored: mail, queue and logs lie b',
        'dmail.conf:3: sysadmin: read as: alias postmaster@x.example ',
        'dmail.conf:4: manager_password: ignored: the servers are mana',
        'dmail.conf:5: there is no setting "colour"',
        'dmail.conf: smtp_port is not named: it was 25 by default, he',
        'dmail.conf: pop_port is not named: it was 110 by default, he',
        'dmail.conf: listen is not named: it was every interface by d',
        '',
      ].map(l => l.slice(0, 60)),
    );
    expect(stdout).not.toContain('swordfish');
  });

  test('config reference prints docs/settings.md', async () => {
    const reference = readFileSync(new URL('../docs/settings.md', import.meta.url), 'utf8');
    expect(await run(['config', 'reference'])).toEqual({ code: 0, stdout: reference, stderr: '' });
  });
});

describe('of a running house', () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse();
    await house.addUser('ann@localhost', password);
  });
  afterAll(() => house.remove());

  test('queue list --json tells of every delivery, held while off line', async () => {
    expect((await house.cli(['queue', 'list', '--json'])).stdout).toBe('[]\n');
    expect((await house.cli(['queue', 'list'])).stdout).toBe('The queue is empty.\n');
    const replies = await sendRaw(house.ports.submission, {
      from: 'ann@localhost',
      to: ['bob@far.example', 'eve@away.example'],
      login: Buffer.from(`\0ann@localhost\0${password}`).toString('base64'),
      data: Buffer.from('Subject: x\r\n\r\ntext\r\n.\r\n'),
    });
    expect(replies.at(-1)).toMatch(/^250 /);
    const { code, stdout } = await house.cli(['queue', 'list', '--json']);
    const held = (recipient: string) => ({
      id: expect.any(Number),
      content: expect.any(Number),
      sender: 'ann@localhost',
      recipient,
      state: 'held',
      reason: expect.stringContaining('off line'),
      attempts: 0,
      next: null,
      lastReply: null,
      since: expect.stringMatching(iso),
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([held('bob@far.example'), held('eve@away.example')]);
    const plain = (await house.cli(['queue', 'list'])).stdout.trimEnd().split('\n');
    expect(plain).toHaveLength(2);
    expect(plain[0]).toMatch(/held {2}ann@localhost -> bob@far\.example/);
    expect((await house.cli(['queue', 'list', '--limit', '1'])).stdout).toMatch(
      /^1 {2}held .* bob@far.*\nThere may be more: --after 1\n$/,
    );
    const beyond = await house.cli(['queue', 'list', '--after', '1', '--domain', 'Away.example', '--json']);
    expect(JSON.parse(beyond.stdout)).toEqual([held('eve@away.example')]);
    expect((await house.cli(['queue', 'list', '--domain', 'none.example'])).stdout).toMatch(/^Nothing like that/);
  });

  test('queue show tells what is known of one delivery, and prints its content', async () => {
    const { stdout } = await house.cli(['queue', 'show', '1']);
    for (const line of [/^from {8}ann@localhost$/m, /^to {10}bob@far\.example$/m, /^state {7}held \(off line\)$/m])
      expect(stdout).toMatch(line);
    expect(stdout).toMatch(/^\S+Z {2}accepted {2}bob@far\.example -> bob@far\.example; .*$/m);
    expect(stdout).toMatch(/^Subject: x$/m);
    expect(stdout).not.toMatch(/^text/m);
    expect((await house.cli(['queue', 'show', '1', '--content'])).stdout).toMatch(
      /\r\nSubject: x\r\n[\s\S]*\r\n\r\ntext\r\n$/,
    );
    const json = JSON.parse((await house.cli(['queue', 'show', '1', '--json'])).stdout);
    expect(json).toMatchObject({ id: 1, hold: 'off line', origin: 'submitter', timeline: [{ event: 'accepted' }] });
  });

  test('queue hold, release and delete do what they say while it runs, and the log says who asked', async () => {
    expect(await house.cli(['queue', 'hold', '--domain', 'far.example'])).toMatchObject({
      code: 0,
      stdout: '1 delivery is held: 1\n',
    });
    const states = async () =>
      (JSON.parse((await house.cli(['queue', 'list', '--json'])).stdout) as Record<string, unknown>[]).map(
        d => d.reason,
      );
    expect(await states()).toEqual(['held by the administrator', expect.stringContaining('off line')]);
    expect(await house.cli(['queue', 'release', '1'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^cwmail: nothing goes out now: off line/),
    });
    expect(await house.cli(['queue', 'delete', '--recipient', 'BOB@far.example', '--bounce'])).toMatchObject({
      code: 0,
      stdout: '1 delivery is returned to the sender: 1\n',
    });
    const [report] = await popMessages(house.ports.pop3, 'ann@localhost', password);
    expect(report?.toString()).toMatch(/Diagnostic-Code: smtp; 554 5\.3\.0 The administrator of this mail server/);
    expect(await house.cli(['queue', 'delete', '--all'])).toMatchObject({
      code: 0,
      stdout: '1 delivery is deleted; nobody is told: 2\n',
    });
    expect(await house.cli(['queue', 'delete', '--all'])).toMatchObject({ code: 0 });
    expect(await house.cli(['queue', 'delete', '2'])).toMatchObject({ code: 1 });
    const log = readFileSync(join(house.data, 'log', 'cwmail.log'), 'utf8').split('\n');
    const orders = log.filter(l => l.includes('"event":"queue changed"')).map(l => JSON.parse(l));
    expect(orders).toMatchObject([
      { command: 'hold', which: '{"domain":"far.example"}', by: userInfo().username, changed: 1, ids: ['1'] },
      { command: 'release', changed: 0 },
      { command: 'bounce', changed: 1 },
      { command: 'delete', which: '{}', changed: 1 },
      { command: 'delete', which: '{}', changed: 0 },
      { command: 'delete', which: '{"ids":[2]}', changed: 0 },
    ]);
  });

  test('queue counters are what Prometheus reads', async () => {
    const { stdout } = await house.cli(['queue', 'counters']);
    expect(stdout).toMatch(/^# TYPE cwmail_accepted_total counter\ncwmail_accepted_total\{origin="submitter"\} 1$/m);
    expect(stdout).toMatch(/^cwmail_failed_total 1$/m);
    expect(stdout).toMatch(/^cwmail_bounced_total\{action="failed"\} 1$/m);
    expect(stdout).toMatch(/^cwmail_queue\{state="waiting",why=""\} 0$/m);
    expect(stdout).toMatch(/^cwmail_connections\{listener="submission"\} \d+$/m);
    for (const line of stdout.trimEnd().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? \d+)$/);
  });

  test('queue orders work on the store where nothing runs, and what is held for later outlasts it', async () => {
    const talk = await openTalk(house.ports.submission);
    await talk.reply();
    await talk.ask('EHLO test.example');
    await talk.ask(`AUTH PLAIN ${Buffer.from(`\0ann@localhost\0${password}`).toString('base64')}`);
    expect(await talk.ask('MAIL FROM:<ann@localhost> HOLDFOR=86400')).toMatch(/^250 /);
    for (const to of ['ann@localhost', 'bob@far.example']) await talk.ask(`RCPT TO:<${to}>`);
    await talk.ask('DATA');
    talk.socket.write('Subject: later\r\n\r\ntext\r\n.\r\n');
    expect(await talk.reply()).toMatch(/^250 /);
    talk.socket.end('QUIT\r\n');
    const list = async () =>
      JSON.parse((await house.cli(['queue', 'list', '--json'])).stdout) as Record<string, unknown>[];
    const [first, second] = await list();
    expect(first).toMatchObject({
      recipient: 'ann@localhost',
      state: 'held',
      reason: expect.stringMatching(/^held until /),
    });
    expect(Date.parse(String(first!.next)) - Date.now()).toBeGreaterThan(86_000_000);
    await house.stop();
    expect(await house.cli(['queue', 'delete', String(second!.id)])).toMatchObject({ code: 0 });
    expect(await house.cli(['queue', 'release', '--all'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 delivery is released/),
    });
    const log = readFileSync(join(house.data, 'log', 'cwmail.log'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(JSON.parse(log.at(-1)!)).toMatchObject({ event: 'queue changed', process: 'cli', command: 'release' });
    await house.restart();
    const mails = async () => await popMessages(house.ports.pop3, 'ann@localhost', password);
    await until('it is in the mailbox', async () => (await mails()).some(m => m.includes('Subject: later')));
    expect(await list()).toEqual([]);
  });

  test('user set pop3=off shuts POP3 alone, disabled=on everything, and both can be undone', async () => {
    const login = () => popMessages(house.ports.pop3, 'web@localhost', password);
    const site = `http://127.0.0.1:${house.ports.http}`;
    await house.addUser('web@localhost', password);
    const session = await signIn(site, 'web', password);
    expect((await session.get('/mail/inbox')).status).toBe(200);
    const shut = await house.cli(['user', 'set', 'web@localhost', 'pop3=off', 'name=Web Only']);
    expect(shut).toEqual({ code: 0, stdout: 'web@localhost: pop3=off, name=Web Only\n', stderr: '' });
    await expect(login()).rejects.toThrow('-ERR [SYS/PERM] POP3 is not enabled for this account');
    expect((await (await signIn(site, 'web', password)).get('/mail/inbox')).status).toBe(200);

    await house.cli(['user', 'set', 'web@localhost', 'pop3=on', 'disabled=on']);
    await expect(login()).rejects.toThrow('-ERR [AUTH]');
    expect((await session.get('/mail/inbox')).status).not.toBe(200);
    const replies = await sendRaw(house.ports.smtp, {
      from: 'e@far.example',
      to: ['web@localhost'],
      data: Buffer.of(),
    });
    expect(replies.find(r => r.startsWith('550 5.2.1'))).toBeDefined();
    await house.cli(['user', 'set', 'web@localhost', 'disabled=off']);
    expect(await login()).toEqual([]);
  });

  test('user quota holds at once, and user recount makes true what was not', async () => {
    await house.addUser('small@localhost', password);
    const give = () =>
      sendRaw(house.ports.smtp, { from: 'e@far.example', to: ['small@localhost'], data: Buffer.from('x\r\n.\r\n') });
    expect((await give()).at(-1)).toMatch(/^250 /);
    const usedOf = async () => {
      const all = JSON.parse((await house.cli(['user', 'list', '--json'])).stdout) as Record<string, unknown>[];
      return all.find(a => a.address === 'small@localhost');
    };
    const { used } = (await usedOf())!;
    const set = await house.cli(['user', 'quota', 'small@localhost', '1k']);
    expect(set.stdout).toBe(`small@localhost has a quota of 1024 octets, and uses ${used}\n`);
    const db = new DatabaseSync(join(house.data, 'cwmail.db'));
    db.exec("update account set used = 5000 where address = 'small@localhost'");
    db.close();
    expect((await give()).find(r => r.startsWith('452 4.2.2'))).toBeDefined();
    expect((await house.cli(['user', 'recount', 'small@localhost'])).stdout).toBe(
      `small@localhost uses ${used} octets (5000 were noted)\n`,
    );
    expect((await give()).at(-1)).toMatch(/^250 /);
    expect((await house.cli(['user', 'recount'])).stdout).toContain(
      `small@localhost uses ${2 * Number(used)} octets\n`,
    );
    await house.cli(['user', 'quota', 'small@localhost', 'none']);
    expect(await usedOf()).toMatchObject({ quota: null, used: 2 * Number(used) });
  });

  test('user passwd and user del hold at once', async () => {
    await house.addUser('tmp@localhost', password);
    expect(await popMessages(house.ports.pop3, 'tmp@localhost', password)).toEqual([]);
    await house.cli(['user', 'passwd', 'tmp@localhost', '--password-stdin'], 'quite another 3\n');
    await expect(popMessages(house.ports.pop3, 'tmp@localhost', password)).rejects.toThrow('-ERR');
    expect(await popMessages(house.ports.pop3, 'tmp@localhost', 'quite another 3')).toEqual([]);
    await house.cli(['user', 'del', 'tmp@localhost']);
    await expect(popMessages(house.ports.pop3, 'tmp@localhost', 'quite another 3')).rejects.toThrow('-ERR');
    const replies = await sendRaw(house.ports.smtp, {
      from: 'eve@example.net',
      to: ['tmp@localhost'],
      data: Buffer.from('x\r\n.\r\n'),
    });
    expect(replies.find(r => /^550 5\.1\.1 /.test(r))).toBeDefined();
  });
});

test('$CWMAIL_CONFIG names the settings where no --config does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-cli-'));
  for (const name of ['env', 'given']) writeFileSync(join(folder, `${name}.conf`), `data_path ${name}\n`);
  process.env.CWMAIL_CONFIG = join(folder, 'env.conf');
  try {
    const { stdout } = await runCli(['config', 'check'], '', folder);
    expect(stdout).toBe(`${join(folder, 'env.conf')} is good\n`);
    expect((await runCli(['config', 'check', '--config', 'given.conf'], '', folder)).stdout).toBe(
      'given.conf is good\n',
    );
  } finally {
    delete process.env.CWMAIL_CONFIG;
    rmSync(folder, { recursive: true });
  }
});

test('--set wins over the settings file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-cli-'));
  const [smtp, submission, pop, http] = await freePorts(4);
  const lines = [`smtp_port ${smtp}`, `submission_port ${submission}`, `pop_port ${pop}`, 'http_port 1'];
  writeFileSync(join(folder, 'cwmail.conf'), `${lines.join('\n')}\ndata_path mail\nhost_domain file.example\n`);
  const house = await startHouse({ data: folder, lines: ['host_domain=set.example'], set: { http_port: http! } });
  expect(house.output[0]).toBe('CWMail is running for set.example.');
  expect((await fetch(`http://127.0.0.1:${http}/health`)).status).toBe(200);
  await house.remove();
});

test('cwmail --help fits 100 columns, and each of its commands tells of options that it takes', {
  timeout: 180_000,
}, async () => {
  const { stdout } = await runCli(['--help']);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  for (const [name, { options = {}, example }] of Object.entries(commands)) {
    expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    expect(example).toContain(`cwmail ${name}`);
    const given = Object.keys(options).flatMap(o => [o.split(' ')[0]!, ...(o.includes(' ') ? ['7'] : [])]);
    const { stderr } = await runCli([...name.split(' '), ...given, '--set', 'nonsense=1']);
    expect(stderr).not.toMatch(/has no option|argument/);
  }
});

describe('launcher', () => {
  // A copy of the launcher alone, in a tree where npm has brought nothing.
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-launcher-'));
  const copy = join(folder, 'daemon/cwmail');
  beforeAll(() => {
    mkdirSync(join(folder, 'daemon'));
    mkdirSync(join(folder, 'bin'));
    cpSync(launcher, copy);
    for (const tool of ['dirname', 'readlink']) cpSync(`/usr/bin/${tool}`, join(folder, 'bin', tool));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const launch = (script: string | null) => {
    if (script !== null) {
      writeFileSync(join(folder, 'bin/node'), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, 'bin/node'), 0o755);
    }
    return new Promise<{ code: number; stdout: string; stderr: string }>(resolve =>
      execFile(copy, ['start'], { env: { PATH: join(folder, 'bin') } }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      ),
    );
  };

  test('launcher says in one sentence that there is no Node', async () => {
    expect(await launch(null)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'cwmail needs Node.js 24 or newer, and there is none on this machine.\n',
    });
  });

  test('launcher says in one sentence that the machine’s Node is too old', async () => {
    const { code, stdout, stderr } = await launch('echo v20.0.0');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^cwmail needs Node\.js 24 or newer; this machine has v20\.0\.0[^\n]*\n$/);
  });

  test('launcher runs the machine’s Node when it is new enough', async () => {
    const { code, stdout } = await launch('[ "$1" = --version ] && echo v24.0.0 || echo "$@"');
    expect({ code, stdout }).toEqual({ code: 0, stdout: `--max-semi-space-size=8 ${folder}/daemon/cli.ts start\n` });
  });
});
