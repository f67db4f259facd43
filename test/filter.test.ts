import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type House, runCli, startHouse, until } from './harness.ts';
import { popMessages, sendRaw } from './mail-talk.ts';

const password = 'correct horse 1';
const folder = mkdtempSync(join(tmpdir(), 'cwmail-filter-'));
const rules = join(folder, 'filter.txt');
afterAll(() => rmSync(folder, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');
const login = base64(`\0ann@localhost\0${password}`);

describe('msg_filter', () => {
  let house: House;
  beforeAll(async () => {
    writeFileSync(
      rules,
      [
        '# what comes in here',
        'tag "careful" header Subject *offer*',
        'reject "No programs by mail" attachment *.exe',
        'discard body drop this',
        'quarantine header X-Spam yes',
        'reject for peers body only from peers',
        'reject header Subject *viagra*',
      ].join('\n'),
    );
    house = await startHouse({ set: { msg_filter: rules } });
    await house.addUser('ann@localhost', password);
    await house.addUser('bo@localhost', password);
  });
  afterAll(() => house.remove());

  const letter = (header: string, body = 'text', author = 'eve@example.net') =>
    `From: ${author}\r\n${header}\r\n\r\n${body}\r\n`;
  const give = async (
    content: string | Buffer,
    more: { port?: number; login?: string; to?: string[]; from?: string } = {},
  ) => {
    const text = Buffer.isBuffer(content) ? content : Buffer.from(content);
    const replies = await sendRaw(more.port ?? house.ports.smtp, {
      from: more.from ?? 'eve@example.net',
      to: more.to ?? ['ann@localhost'],
      ...(more.login && { login: more.login }),
      data: Buffer.concat([text, Buffer.from('.\r\n')]),
    });
    return replies.at(-1)!;
  };
  const inbox = async (user = 'ann@localhost') =>
    (await popMessages(house.ports.pop3, user, password, { remove: true })).map(m => m.toString('latin1'));
  const told = (event: string) =>
    readFileSync(join(house.data, 'log/cwmail.log'), 'utf8')
      .trim()
      .split('\n')
      .map(l => JSON.parse(l))
      .filter(l => l.event === event);

  test('reject is 550 5.7.1 behind the content, with its text or the number, and the number is in the log', async () => {
    expect(await give(letter("Content-Disposition: attachment;\r\n filename*=utf-8''x%2Eexe", 'MZ'))).toBe(
      '550 5.7.1 No programs by mail',
    );
    expect(await give(letter(`Subject: =?utf-8?B?${base64('cheap VIAGRA')}?=`))).toBe(
      '550 5.7.1 Refused by a rule of this site (rule 6)',
    );
    expect(await inbox()).toEqual([]);
    const lines = await until('log', () => told('filtered').length === 2 && told('filtered'));
    expect(lines).toMatchObject([
      { rule: 2, line: 3, action: 'reject', where: 'attachment x.exe, part 1' },
      { rule: 6, line: 7, action: 'reject', where: 'header field subject' },
    ]);
  });

  test('what matches nothing comes in as ever, and the session goes on after a refusal', async () => {
    expect(await give(letter('Subject: hello'))).toMatch(/^250 2\.0\.0 /);
    const [mail] = await inbox();
    expect(mail).toMatch(/\r\nSubject: hello\r\n\r\ntext\r\n$/);
    expect(mail).not.toMatch(/X-CWMail-Filter/);
  });

  test('discard is answered 250 and given to nobody', async () => {
    expect(await give(letter('Content-Transfer-Encoding: base64', base64('please DROP THIS now')))).toMatch(/^250 /);
    expect(await inbox()).toEqual([]);
  });

  test('tag writes a field in front; the content stays octet for octet, and sizes are right', async () => {
    const content = letter('Subject: an offer\r\nX-CWMail-Filter: forged', 'eight bits: \u00fc');
    expect(await give(content)).toMatch(/^250 /);
    const [mail] = await inbox();
    expect(mail).toMatch(/^Return-Path: .*\r\nDelivered-To: .*\r\nX-CWMail-Filter: careful\r\nReceived: /);
    const kept = Buffer.from(content.replace('X-CWMail-Filter: forged\r\n', '')).toString('latin1');
    expect(mail!.endsWith(kept)).toBe(true);
    expect(mail).not.toMatch(/forged/);
  });

  test('quarantine is Junk of each recipient here, and held for recipients elsewhere', async () => {
    const to = ['ann@localhost', 'bo@localhost', 'carol@far.example'];
    const port = house.ports.submission;
    const from = 'ann@localhost';
    expect(await give(letter('X-Spam: yes', 'text', from), { port, login, to, from })).toMatch(/^250 /);
    expect(await inbox()).toEqual([]);
    expect(await inbox('bo@localhost')).toEqual([]);
    const queue = JSON.parse((await house.cli(['queue', 'list', '--json'])).stdout);
    expect(queue).toMatchObject([{ recipient: 'carol@far.example', state: 'held', reason: 'held by filter rule 4' }]);
    const { openStore } = await import('../daemon/store.ts');
    const store = await openStore({ path: house.data, writer: 'inline', fatal: () => {} });
    for (const address of to.slice(0, 2)) {
      const account = (await store.accounts.byAddress(address))!;
      const junk = (await store.folders.list(account.id)).find(f => f.role === 'junk');
      expect(junk).toMatchObject({ total: 1, unread: 1 });
    }
    await store.close();
  });

  test('a rule for peers leaves our users alone', async () => {
    const from = 'ann@localhost';
    const text = (author: string) => letter('Subject: x', 'this is only from peers', author);
    expect(await give(text('eve@example.net'))).toMatch(/^550 5\.7\.1 .*rule 5/);
    expect(await give(text(from), { port: house.ports.submission, login, from })).toMatch(/^250 /);
    await inbox();
  });

  test('large content is looked through to its end, wherever a string lies', async () => {
    const filler = Buffer.alloc(78 * 38_000, `${'x'.repeat(76)}\r\n`);
    for (const at of [64 * 1024, 128 * 1024, 2_900_000]) {
      const big = Buffer.concat([Buffer.from(letter('Subject: big')), filler]);
      big.write('only from peers', at - 7);
      expect(await give(big)).toMatch(/^550 5\.7\.1 .*rule 5/);
    }
    expect(await give(Buffer.concat([Buffer.from(letter('Subject: big')), filler]))).toMatch(/^250 /);
    expect((await inbox())[0]).toMatch(/Subject: big/);
    const { readdirSync } = await import('node:fs');
    await until('no file is left', () => {
      const files = readdirSync(join(house.data, 'content'), { recursive: true, withFileTypes: true });
      return files.filter(f => f.isFile()).length === 0;
    });
  });

  test('filter list and tellsmtp filters tell numbers and hits, over a change of the file and a restart', async () => {
    const { stdout } = await house.cli(['filter', 'list']);
    expect(stdout).toContain('2  line 3  hits 1  reject "No programs by mail" attachment *.exe\n');
    expect((await house.cli(['tellsmtp', 'filters'])).stdout).toBe(stdout);
    writeFileSync(rules, 'reject body a new one\nreject "No programs by mail"  attachment *.exe\n');
    const changed = await until('the new rules', async () => {
      const out = (await house.cli(['filter', 'list', '--json'])).stdout;
      return out.includes('a new one') && JSON.parse(out);
    });
    expect(changed).toEqual([
      { number: 1, line: 1, rule: 'reject body a new one', hits: 0 },
      { number: 2, line: 2, rule: 'reject "No programs by mail" attachment *.exe', hits: 1 },
    ]);
    expect(await give(letter('X: y', 'A NEW ONE'))).toMatch(/^550 .*rule 1/);
    await house.stop();
    await house.restart();
    expect((await house.cli(['filter', 'list'])).stdout).toMatch(/^1 {2}line 1 {2}hits 1 .*\n2 {2}line 2 {2}hits 1 /);
  });

  test('a file with a mistake leaves the rules before it in place, and says so', async () => {
    writeFileSync(rules, 'reject nothing at all\n');
    await until(
      'the mistake in the log',
      () => told('filter rules not read, those before stay').length > 0 || give(letter('X: y')).then(() => false),
    );
    expect(await give(letter('X: y', 'a new one'))).toMatch(/^550 .*rule 1/);
    rmSync(rules);
    expect(await give(letter('X: y', 'a new one'))).toMatch(/^550 .*rule 1/);
  });
});

describe('of a rules file', () => {
  const conf = join(folder, 'cwmail.conf');
  const run = (args: string[]) => runCli([...args, '--config', conf], '', folder);

  test('config check names its mistakes by its own lines, and warns of a star', async () => {
    writeFileSync(conf, 'msg_filter my.rules\n');
    expect((await run(['config', 'check'])).stdout).toMatch(/^\S+my\.rules: msg_filter: cannot be read: ENOENT/);
    writeFileSync(join(folder, 'my.rules'), 'reject body *.vbs\n\nrejct body x.vbs\n');
    const bad = await run(['config', 'check']);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain(`${folder}/my.rules:3: a rule begins with one of reject, discard`);
    expect(bad.stdout).toContain(`${folder}/my.rules:1: body strings have no wildcards`);
    writeFileSync(join(folder, 'my.rules'), 'reject body *.vbs\n');
    const good = await run(['config', 'check']);
    expect(good).toMatchObject({ code: 0 });
    expect(good.stdout).toMatch(/\(a warning\)\n.*cwmail\.conf is good\n$/);
  });

  test('filter test says which rules match and where', async () => {
    writeFileSync(join(folder, 'my.rules'), 'tag header Subject *x*\nreject attachment *.scr\nreject body nowhere\n');
    const eml = join(folder, 'a.eml');
    writeFileSync(
      eml,
      'Subject: xyz\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b; name=y.scr\n\n--b--\n',
    );
    expect(await run(['filter', 'test', eml])).toEqual({
      code: 2,
      stdout: [
        'rule 1 (line 1) matches: header field subject',
        '  tag header Subject *x*',
        'rule 2 (line 2) matches: attachment y.scr, part 1',
        '  reject attachment *.scr',
        'It would be refused by rule 2.',
        '',
      ].join('\n'),
      stderr: '',
    });
    writeFileSync(eml, 'Subject: abc\n\ntext\n');
    expect(await run(['filter', 'test', eml])).toMatchObject({ code: 0, stdout: 'No rule matches.\n' });
    expect(await run(['filter', 'test', join(folder, 'gone.eml')])).toMatchObject({ code: 1 });
    expect(await run(['filter', 'test'])).toMatchObject({ code: 64 });
    const { stdout } = await run(['filter', 'list']);
    expect(stdout).toContain('2  line 2  not running  reject attachment *.scr\n');
  });
});
