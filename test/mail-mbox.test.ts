import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mboxEntry } from '../daemon/mail/mbox.ts';
import { testWith } from './harness.ts';

const at = Date.UTC(2026, 10, 5, 7, 8, 9);
const plain = { sender: 'a@b.test', at, seen: true, answered: false, flagged: true, folder: 'Inbox' };

async function written(source: string, cut: number, more: Partial<Parameters<typeof mboxEntry>[0]> = {}) {
  const bytes = Buffer.from(source, 'latin1');
  async function* open() {
    for (let i = 0; i < bytes.length; i += cut) yield bytes.subarray(i, i + cut);
  }
  const pieces: Buffer[] = [];
  for await (const piece of mboxEntry({ ...plain, open, ...more })) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

const head = 'From a@b.test Thu Nov  5 07:08:09 2026\nStatus: RO\nX-Status: F\nX-Folder: Inbox\n';

test.each([
  ['a plain one', 'Subject: x\r\n\r\nHello.\r\n', 'Subject: x\n\nHello.\n\n'],
  ['one that ends without a line end', 'a: b\r\n\r\nc', 'a: b\n\nc\n\n'],
  [
    'lines that look like separators',
    'a: b\r\n\r\nFrom me\r\n>From you\r\n>>From all\r\n From\r\nFrom\r\n',
    'a: b\n\n>From me\n>>From you\n>>>From all\n From\nFrom\n\n',
  ],
  ['one that begins like a separator', 'From x\r\na: b\r\n', '>From x\na: b\n\n'],
  ['a lone CR and a lone LF', 'a\rb\nc\r\r\nd\r\n', 'a\rb\nc\r\nd\n\n'],
  ['octets beyond ASCII', 'a: \xe4\r\n\r\n\xff\x00\r\n', 'a: \xe4\n\n\xff\x00\n\n'],
  ['nothing', '', '\n'],
])('%s is the same, wherever it is cut', async (_, source, wanted) => {
  for (let cut = 1; cut <= source.length + 1; cut++) expect(await written(source, cut)).toBe(head + wanted);
});

test('one line of many octets is not held, and keeps its From', async () => {
  const line = `${'x'.repeat(50_000)}From ${'y'.repeat(50_000)}`;
  expect(await written(`${line}\r\nFrom z\r\n`, 1000)).toBe(`${head}${line}\n>From z\n\n`);
});

test('a sender that is no word, and a folder beyond ASCII', async () => {
  const text = await written('a: b\r\n', 9, { sender: 'x y\n@z', folder: 'Entwürfe', seen: false, flagged: false });
  expect(text).toMatch(
    /^From MAILER-DAEMON Thu Nov {2}5 07:08:09 2026\nStatus: O\nX-Status: \nX-Folder: =\?utf-8\?B\?RW50d8O8cmZl\?=\n/,
  );
  expect(await written('a: b\r\n', 9, { sender: null })).toMatch(/^From MAILER-DAEMON /);
});

testWith('python3', 'python3')('Python reads as many as were written, each whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mbox-'));
  const path = join(folder, 'all.mbox');
  const letters = [
    'Subject: one\r\n\r\nFrom here\r\n',
    'Subject: two\r\n\r\n\r\n\r\nFrom there\r\n',
    'Subject: three\r\n\r\nend',
  ];
  const entries = await Promise.all(letters.map(letter => written(letter, 7)));
  writeFileSync(path, entries.join(''), 'latin1');
  const script = `import mailbox,sys\nfor m in mailbox.mbox(sys.argv[1]): print(m['Subject'], m['Status'], m['X-Folder'])`;
  const said = execFileSync('python3', ['-c', script, path], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(said).toBe('one RO Inbox\ntwo RO Inbox\nthree RO Inbox\n');
});
