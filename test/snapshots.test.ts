import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { differences, keepSnapshot, listSnapshots, writeBack } from '../daemon/snapshots.ts';
import { runCli, startHouse } from './harness.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cwmail-snapshots-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (...lines: string[]) => [{ path: '/a.conf', text: lines.map(l => `${l}\n`).join('') }];
const shown = (before: string[], after: string[]) =>
  differences(text(...before), text(...after)).map(d => `${d.sign}${d.line} ${d.text}`);

describe('differences', () => {
  test.each<[string[], string[], string[]]>([
    [['a', 'b'], ['a', 'b'], []],
    [
      ['a', 'b', 'c'],
      ['a', 'x', 'c'],
      ['-2 b', '+2 x'],
    ],
    [['a'], ['a', 'b', 'c'], ['+2 b', '+3 c']],
    [
      ['a', 'b', 'c', 'd'],
      ['b', 'd', 'e'],
      ['-1 a', '-3 c', '+3 e'],
    ],
    [[], ['a'], ['+1 a']],
  ])('of %j and %j', (before, after, expected) => {
    expect(shown(before, after)).toEqual(expected);
  });

  test.each([
    [
      'gateway * mail.isp.example user=office password=tea-of-mine',
      'gateway * mail.isp.example user=office password=…',
    ],
    ['#gateway * x user=a password=tea-of-mine tls=off', '#gateway * x user=a password=… tls=off'],
    ['fetch a@b pop3s://office:tea-of-mine@pop.isp.example', 'fetch a@b pop3s://office:…@pop.isp.example'],
    ['fetch a@b pop3s://office:tea@of@mine@pop.isp.example', 'fetch a@b pop3s://office:…@pop.isp.example'],
    ['manager_password tea-of-mine', 'manager_password …'],
    ['# the password: tea-of-mine', '# the password: …'],
    ['odmr ann@x.example secret=tea-of-mine', 'odmr ann@x.example secret=…'],
    ['PASSWORD=tea-of-mine', 'PASSWORD=…'],
    ['x password_file=a secret=tea-of-mine', 'x password_file=a secret=…'],
    ['gateway * x user=a password_file=isp-password', 'gateway * x user=a password_file=isp-password'],
  ])('show no password of %j', (line, expected) => {
    expect(shown([], [line])).toEqual([`+1 ${expected}`]);
  });

  test('of files that came and went', () => {
    const [a, b] = [
      { path: '/a', text: 'a\n' },
      { path: '/b', text: 'b' },
    ];
    expect(differences([a], [b])).toEqual([
      { path: '/a', line: 1, sign: '-', text: 'a' },
      { path: '/b', line: 1, sign: '+', text: 'b' },
    ]);
  });
});

describe('keepSnapshot', () => {
  const kept = () => listSnapshots(folder).map(s => [s.at, s.texts[0]!.text]);

  test('keeps what is new, fifty of them, the newest first', () => {
    for (let n = 1; n <= 53; n++) keepSnapshot(folder, { at: n, why: 'in force', texts: text(`v${n}`) });
    expect(keepSnapshot(folder, { at: 99, why: 'in force', texts: text('v53') })).toBe(false);
    expect(kept()).toHaveLength(50);
    expect(kept()[0]).toEqual([53, 'v53\n']);
    expect(kept().at(-1)).toEqual([4, 'v4\n']);
    // In force again is a change; replaced, it is known.
    expect(keepSnapshot(folder, { at: 100, why: 'replaced', texts: text('v20') })).toBe(false);
    expect(keepSnapshot(folder, { at: 101, why: 'in force', texts: text('v20') })).toBe(true);
  });

  test('is for the eyes of one user, and leaves out what a crash cut short', () => {
    keepSnapshot(folder, { at: 1, why: 'in force', texts: text('a') });
    const place = join(folder, 'settings');
    expect(statSync(place).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(place)) expect(statSync(join(place, name)).mode & 0o777).toBe(0o600);
    writeFileSync(join(place, '000000000000002.json'), '{"at":2,"te');
    expect(kept()).toEqual([[1, 'a\n']]);
  });

  test.skipIf(userInfo().uid !== 0)('kept by root belongs to whom the data folder belongs', () => {
    execFileSync('chown', ['nobody', folder]);
    keepSnapshot(folder, { at: 1, why: 'in force', texts: text('a') });
    const { uid } = statSync(folder);
    expect(uid).not.toBe(0);
    const place = join(folder, 'settings');
    for (const made of [place, ...readdirSync(place).map(n => join(place, n))]) expect(statSync(made).uid).toBe(uid);
  });
});

describe('writeBack', () => {
  test('keeps rights, follows links, and writes all or nothing', () => {
    const [a, b] = [join(folder, 'a.conf'), join(folder, 'b.conf')];
    writeFileSync(join(folder, 'real.conf'), 'old a');
    chmodSync(join(folder, 'real.conf'), 0o640);
    symlinkSync('real.conf', a);
    writeBack([
      { path: a, text: 'new a' },
      { path: b, text: 'new b' },
    ]);
    expect([readFileSync(a, 'utf8'), readFileSync(b, 'utf8')]).toEqual(['new a', 'new b']);
    expect(lstatSync(a).isSymbolicLink()).toBe(true);
    expect(statSync(a).mode & 0o777).toBe(0o640);
    mkdirSync(`${b}.new`);
    expect(() =>
      writeBack([
        { path: a, text: 'x' },
        { path: b, text: 'x' },
      ]),
    ).toThrow('b.conf.new');
    expect([readFileSync(a, 'utf8'), readFileSync(b, 'utf8')]).toEqual(['new a', 'new b']);
    expect(readdirSync(folder).sort()).toEqual(['a.conf', 'b.conf', 'b.conf.new', 'real.conf']);
  });
});

test('a change can be seen and taken back, with its includes, even when it has mistakes', {
  timeout: 180_000,
}, async () => {
  const house = await startHouse({
    file: ({ smtp, submission, pop3, http }, data) => {
      writeFileSync(join(data, 'more.conf'), 'gateway * mail.isp.example user=a password=tea-of-mine\n');
      const ports = `smtp_port ${smtp}\nsubmission_port ${submission}\npop_port ${pop3}\nhttp_port ${http}\n`;
      return `data_path ${data}\n${ports}online never\nsignup open\n#include more.conf\n`;
    },
  });
  const conf = join(house.data, 'cwmail.conf');
  const first = readFileSync(conf, 'utf8');
  const said = async (...args: string[]) => {
    const { code, stdout, stderr } = await house.cli(args);
    return { code, lines: `${stdout}${stderr}`.trimEnd().split('\n') };
  };
  writeFileSync(conf, first.replace('signup open', 'signup closed'));
  writeFileSync(join(house.data, 'more.conf'), 'gateway * mail.isp.example user=a password=coffee\n');
  const { code, lines } = await said('config', 'diff');
  expect(code).toBe(1);
  expect(lines.filter(l => !l.endsWith(':')).map(l => l.trim())).toEqual([
    '-    7  signup open',
    '+    7  signup closed',
    '-    1  gateway * mail.isp.example user=a password=…',
    '+    1  gateway * mail.isp.example user=a password=…',
  ]);
  expect((await said('reload')).lines).toEqual(['Applied: gateway, signup']);
  expect((await said('config', 'snapshots')).lines).toEqual([
    expect.stringMatching(/^ {2}1 {2}\S+ \S+Z {2}\+2 -2 lines, as the files are now$/),
    expect.stringMatching(/^ {2}2 {2}\S+ \S+Z {2}the first, 2 files$/),
  ]);

  expect((await said('config', 'undo')).code).toBe(0);
  expect(readFileSync(conf, 'utf8')).toBe(first);
  expect(readFileSync(join(house.data, 'more.conf'), 'utf8')).toContain('tea-of-mine');
  expect((await said('config', 'diff', '1')).code).toBe(1);
  expect((await said('config', 'diff', '2')).code).toBe(0);
  expect((await said('reload')).lines).toEqual(['Applied: gateway, signup']);

  // A file that nobody would take is kept, too, and what was in force comes back.
  writeFileSync(conf, first.replace('signup open', 'signup perhaps'));
  expect((await said('reload')).code).toBe(1);
  expect((await said('config', 'undo')).code).toBe(0);
  expect(readFileSync(conf, 'utf8')).toBe(first);
  expect((await said('config', 'undo')).code).toBe(0);
  expect(readFileSync(conf, 'utf8')).toContain('signup perhaps');
  expect((await said('config', 'undo', '9')).lines).toEqual([
    'cwmail: there is no snapshot 9: cwmail config snapshots lists them',
  ]);
  expect((await said('config', 'undo', 'x')).code).toBe(64);
  await house.remove();
});

test('config undo says that there is nothing to go back to', async () => {
  expect((await runCli(['config', 'undo'], '', folder)).stderr).toBe(
    'cwmail: there is no settings file here: --config names it\n',
  );
  writeFileSync(join(folder, 'cwmail.conf'), '');
  expect((await runCli(['config', 'undo'], '', folder)).stderr).toBe(
    'cwmail: there is nothing to go back to: no snapshot differs from the files\n',
  );
  expect(readdirSync(folder)).toEqual(['cwmail.conf']);
});
