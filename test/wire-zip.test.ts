import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { distinctNames, safeName, zip } from '../daemon/wire/zip.ts';

async function* chunks(text: string | Buffer): AsyncIterable<Buffer> {
  const bytes = Buffer.from(text as string);
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}
async function zipped(files: [string, string | Buffer][]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const at = new Date(2026, 10, 26, 13, 14, 16).getTime();
  for await (const piece of zip(
    files.map(([name, text]) => ({ name, open: () => chunks(text) })),
    at,
  ))
    pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('zip', () => {
  test('is read by Python, from the directory and one after the other, octet for octet', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'zip-'));
    const big = Buffer.alloc(100_000, 'ab\r\n');
    writeFileSync(
      join(dir, 'x.zip'),
      await zipped([
        ['plan.pdf', big],
        ['Zoë 計画.txt', 'hello'],
        ['plan.pdf', ''],
        ['../../etc/passwd', 'no'],
      ]),
    );
    const script = `
import zipfile, sys, struct
z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
for i in z.infolist(): print(i.filename, i.file_size, i.date_time)
z.extractall(sys.argv[2])
d = open(sys.argv[1], 'rb').read(); at = 0; n = 0
while d[at:at+4] == b'PK\\x03\\x04':
    size, = struct.unpack_from('<I', d, at + 18); name, extra = struct.unpack_from('<HH', d, at + 26)
    at += 30 + name + extra + size; n += 1
print(n, d[at:at+4])`;
    const out = execFileSync('python3', ['-c', script, join(dir, 'x.zip'), join(dir, 'out')], { encoding: 'utf8' });
    expect(out.split('\n')).toEqual([
      'plan.pdf 100000 (2026, 11, 26, 13, 14, 16)',
      'Zoë 計画.txt 5 (2026, 11, 26, 13, 14, 16)',
      'plan (2).pdf 0 (2026, 11, 26, 13, 14, 16)',
      '_.._etc_passwd 2 (2026, 11, 26, 13, 14, 16)',
      "4 b'PK\\x01\\x02'",
      '',
    ]);
    expect(readFileSync(join(dir, 'out', 'plan.pdf'))).toEqual(big);
    expect(readdirSync(join(dir, 'out')).sort()).toEqual(
      ['Zoë 計画.txt', '_.._etc_passwd', 'plan (2).pdf', 'plan.pdf'].sort(),
    );
    rmSync(dir, { recursive: true });
  });

  test('of nothing is an empty zip file', async () => {
    expect((await zipped([])).length).toBe(22);
  });
});

test.each([
  ['a/b\\c:d.txt', 'a_b_c_d.txt'],
  ['..', 'file'],
  ['...hidden. ', 'hidden'],
  ['', 'file'],
  ['NUL.txt', '_NUL.txt'],
  ['console.txt', 'console.txt'],
  ['invoice\u202egpj.exe', 'invoicegpj.exe'],
  ['a\r\nb\u0000.txt', 'ab.txt'],
  ['Zoë.txt', 'Zoë.txt'],
  ['<script>"x"|?*', '_script__x____'],
  [`${'計'.repeat(300)}.pdf`, `${'計'.repeat(65)}.pdf`],
])('safeName of %j is %j', (given, safe) => {
  expect(safeName(given)).toBe(safe);
});

test('distinctNames of many that are alike are different, in linear time', () => {
  const names = distinctNames([...Array<string>(20_000).fill('a.txt'), 'A.TXT', 'a (2).txt']);
  expect(new Set(names.map(n => n.toLowerCase())).size).toBe(20_002);
  expect(names.slice(0, 3)).toEqual(['a.txt', 'a (2).txt', 'a (3).txt']);
});
