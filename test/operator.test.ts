import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { certificateFound } from '../daemon/cli/deep-check/certificate.ts';
import { questions, settingsText } from '../daemon/cli/init/questions.ts';
import { loadSettings, mistakeLine, type Settings } from '../daemon/config.ts';
import { localhost } from './certificate.ts';
import { launcher, runCli, startHouse, until } from './harness.ts';

// What an operator meets in the first hour, and now and then later.
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cwmail-operator-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const asRoot = userInfo().uid === 0;
const nobody = 65534;
const run = (...args: string[]) => runCli(args, '', folder);

describe('init', () => {
  const read = (text: string) => {
    const file = join(folder, 'a.conf');
    writeFileSync(file, text);
    const { mistakes, warnings, settings } = loadSettings({ config: file, set: [] });
    return { wrong: [...mistakes, ...warnings].map(mistakeLine), settings };
  };

  test.each<[Parameters<typeof settingsText>[0], Partial<Settings>]>([
    [
      {},
      {
        listen: ['127.0.0.1'],
        smtp_port: 2525,
        http_port: 8080,
        https_port: 0,
        submissions_port: 2465,
        pops_port: 2995,
        signup: 'open',
        online: 'never',
      },
    ],
    [
      { domain: 'a.example, b.example', listen: 'all' },
      {
        host_domain: ['a.example', 'b.example'],
        listen: ['0.0.0.0', '::'],
        smtp_port: 25,
        https_port: 443,
        submissions_port: 465,
        pops_port: 995,
        signup: 'closed',
        online: 'always',
      },
    ],
    [
      { listen: '127.0.0.2', ports: 'high', out: 'smtp.isp.example:587', signup: 'open' },
      { listen: ['127.0.0.2'], smtp_port: 2525, gateway: [{ domain: '*', host: 'smtp.isp.example', port: 587 }] },
    ],
    [
      { listen: 'all', site: 'https://mail.a.example' },
      {
        http_listen: ['127.0.0.1'],
        http_port: 8080,
        https_port: 0,
        site_url: 'https://mail.a.example',
        trusted_proxy: ['127.0.0.1'],
      },
    ],
  ])('writes settings without a mistake for %j', (answers, expected) => {
    const { wrong, settings } = read(settingsText(answers));
    expect(wrong).toEqual([]);
    expect(settings).toMatchObject(expected);
  });

  test('every usual answer can be taken, and nonsense cannot', () => {
    for (const { usual, wrong } of questions) expect(wrong(usual({}))).toBeNull();
    for (const option of ['domain', 'listen', 'ports', 'site', 'signup', 'out'])
      expect(questions.find(q => q.option === option)!.wrong('no thing'), option).toMatch(/belongs? here/);
  });

  test('writes a file that others may read, and overwrites none', async () => {
    const conf = join(folder, 'cwmail.conf');
    const { code, stdout } = await run('init', '--domain', 'office.example');
    expect({ code, first: stdout.split('\n')[0] }).toEqual({
      code: 0,
      first: 'cwmail.conf is written. Look through it, then:',
    });
    expect(readFileSync(conf, 'utf8')).toMatch(/^host_domain +office\.example$/m);
    expect(statSync(conf).mode & 0o777).toBe(0o644);
    writeFileSync(conf, 'mine');
    expect(await run('init')).toMatchObject({ code: 1, stderr: expect.stringContaining('init overwrites nothing') });
    expect(readFileSync(conf, 'utf8')).toBe('mine');
    expect(await run('init', '--domain', 'not ok', '--config', 'b.conf')).toMatchObject({ code: 64 });
    expect(existsSync(join(folder, 'b.conf'))).toBe(false);
  });

  /** On a terminal of its own. */
  const typed = (answers: string) =>
    new Promise<string>(resolve => {
      const command = `${launcher} init --signup closed`;
      const child = execFile('script', ['-qec', command, '/dev/null'], { cwd: folder }, (_, stdout) => resolve(stdout));
      child.stdin!.end(answers);
    });

  test('asks what its options leave open, again after nonsense', async () => {
    const said = await typed('not ok\noffice.example\n\nall\n\n\n\n');
    expect(said).toContain('a domain name such as example.org belongs here, not "not ok"');
    expect(said).not.toContain('May visitors');
    const text = readFileSync(join(folder, 'cwmail.conf'), 'utf8');
    expect(text).toMatch(/^host_domain +office\.example$/m);
    expect(text).toMatch(/^listen +0\.0\.0\.0,::$/m);
    expect(text).toMatch(/^signup +closed$/m);
  });

  test('writes nothing when the answers end early', async () => {
    expect(await typed('office.example\n\x04')).toContain('nothing was written');
    expect(existsSync(join(folder, 'cwmail.conf'))).toBe(false);
  });
});

describe('config check --deep', () => {
  test('of a house to be: folders, certificate, ports, each with what to do', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    writeFileSync(join(folder, 'cert.pem'), localhost.cert);
    writeFileSync(join(folder, 'key.pem'), localhost.key);
    chmodSync(join(folder, 'key.pem'), 0o644);
    writeFileSync(join(folder, 'cwmail.conf'), `pop_port ${port}\ntls_cert cert.pem\ntls_key key.pem\n`);
    const { code, stdout } = await run('config', 'check', '--deep');
    server.close();
    expect(code).toBe(1);
    expect(stdout).toContain(`  ok    data_path ${join(folder, 'data')} is made at the first start\n`);
    expect(stdout).toContain(`everybody on this machine may read ${join(folder, 'key.pem')}\n          chmod 600 `);
    expect(stdout).toMatch(/ {2}ok {4}\S+cert\.pem is valid for \d+ days/);
    expect(stdout).toContain(
      `  MEND  Port ${port} on 127.0.0.1 is taken by another program. Choose another with pop_port`,
    );
    expect(stdout).toContain('        SMTP is for this machine only, so no name was looked up\n');
    expect(existsSync(join(folder, 'data'))).toBe(false);
    const plain = await run('config', 'check');
    expect(plain).toEqual({ code: 0, stdout: 'cwmail.conf is good\n', stderr: '' });
  });

  test('of a certificate: when it ends, and for whom it is', async () => {
    const cert = join(folder, 'cert.pem');
    const key = join(folder, 'key.pem');
    writeFileSync(cert, localhost.cert);
    writeFileSync(key, localhost.key);
    const { settings } = loadSettings({ config: '/dev/null', set: [`tls_cert=${cert}`, `tls_key=${key}`] });
    const ends = Date.parse(
      execFileSync('openssl', ['x509', '-in', cert, '-noout', '-enddate']).toString().split('=')[1]!,
    );
    const day = 86_400_000;
    const said = async (now: number) => (await certificateFound(settings, now)).map(f => `${f.verdict}: ${f.text}`)[0];
    expect(await said(ends - 30.5 * day)).toMatch(/^good: .*cert\.pem is valid for 30 days, until /);
    expect(await said(ends - 3.5 * day)).toMatch(/^mend: .*cert\.pem is valid for 3 days, until /);
    expect(await said(ends + day)).toMatch(/^mend: .*cert\.pem ended on /);
    expect(await said(0)).toMatch(/^mend: .*cert\.pem is not valid before /);
    writeFileSync(key, 'no key');
    expect(await said(ends - 30 * day)).toMatch(/^mend: the certificate cannot be used: /);
  });

  test.skipIf(!asRoot)('says to the user of the service what may not be written', async () => {
    mkdirSync(join(folder, 'closed'), { mode: 0o755 });
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'cwmail.conf'), 'data_path closed/data\npickup_path closed/pickup\n');
    chmodSync(join(folder, 'cwmail.conf'), 0o644);
    const stdout = await new Promise<string>(resolve => {
      const args = ['--reuid=nobody', '--clear-groups', launcher, 'config', 'check', '--deep'];
      execFile('setpriv', args, { cwd: folder }, (_, out) => resolve(out));
    });
    for (const setting of ['data_path', 'pickup_path'])
      expect(stdout).toContain(`  MEND  ${setting}: nobody may not write in ${join(folder, 'closed')}\n`);
  });
});

describe('as root', () => {
  test.skipIf(!asRoot)('a command that writes into the folder of another user warns', async () => {
    mkdirSync(join(folder, 'data'));
    chownSync(join(folder, 'data'), nobody, nobody);
    const other = await run('user', 'list', '--set', 'data_path=data');
    expect(other.code).toBe(0);
    expect(other.stderr).toMatch(
      /^cwmail: you are root, and \S+\/data belongs to nobody, who may not be able to open what you write there: .*\(a warning\)\n$/,
    );
    mkdirSync(join(folder, 'own'));
    expect((await run('user', 'list', '--set', 'data_path=own')).stderr).toBe('');
  });

  test.skipIf(!asRoot)(
    'a start as somebody who may not write in the pickup folder says so',
    { timeout: 180_000 },
    async () => {
      const [data, pickup] = [join(folder, 'data'), join(folder, 'pickup')];
      chmodSync(folder, 0o755);
      mkdirSync(data);
      chownSync(data, nobody, nobody);
      mkdirSync(pickup, { mode: 0o755 });
      const through = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'];
      const house = await startHouse({ data, through, set: { pickup_path: pickup, online: 'never' } });
      await until('the word', () => house.output.some(l => l.includes('the pickup folder must be writable for us')));
      await house.remove();
    },
  );
});

test.each([
  [['user', 'add'], 'NAME@DOMAIN is missing; it is: cwmail user add NAME@DOMAIN --password-stdin'],
  [
    ['user', 'add', 'a@x.example'],
    '--password-stdin (the password is the first line of standard input) is missing; it is: cwmail user add NAME@DOMAIN --password-stdin',
  ],
  [['user', 'set', 'a@x.example'], 'SWITCH=VALUE is missing; it is: cwmail user set NAME@DOMAIN SWITCH=VALUE …'],
  [['config', 'test-ip', 'user_ip_address'], 'ADDRESS is missing; it is: cwmail config test-ip SETTING ADDRESS'],
  [['route'], 'ADDRESS is missing; it is: cwmail route ADDRESS'],
  [['queue', 'show'], 'ID is missing; it is: cwmail queue show ID'],
])('cwmail %j says what is missing', async (args, expected) => {
  expect(await run(...args)).toEqual({ code: 64, stdout: '', stderr: `cwmail: ${expected}\n` });
});

test('queue list tells how old each delivery is', { timeout: 180_000 }, async () => {
  const house = await startHouse({ set: { online: 'never' } });
  await house.cli(['sendmail', '-f', 'postmaster@localhost', 'carol@far.example'], 'Subject: x\n\nx\n');
  const { stdout } = await house.cli(['queue', 'list']);
  expect(stdout).toMatch(/^1 {2}held {2}postmaster@localhost -> carol@far\.example {2}for \d+ s {2}\(off line/);
  await house.remove();
});
