import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { distinctNames, safeName, zip, zipStream } from '../daemon/wire/zip.ts';

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

describe('zipStream', () => {
  const listed = `
import zipfile, sys
z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
print(len(z.infolist()))
for i in z.infolist()[:3]: print(i.filename, i.file_size, i.date_time, hash(z.read(i)) == hash(open(sys.argv[2], 'rb').read()))`;
  const large = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${i}\r\n`).join(''));
  const at = new Date(2026, 10, 26, 13, 14, 16).getTime();

  test.each([
    ['plain', undefined],
    ['Zip64 from its smallest number on', 1],
  ])(
    '%s is read by Python, octet for octet',
    async (_, most) => {
      const dir = mkdtempSync(join(tmpdir(), 'zip-'));
      writeFileSync(join(dir, 'large'), large);
      const some = Array.from({ length: 3 }, (_, i) => ({
        name: `${i}.mbox`,
        open: () => chunks(i < 1 ? large : ''),
      }));
      const pieces: Buffer[] = [];
      for await (const piece of zipStream(some.toSpliced(1, 0, { name: 'Zoë', open: () => chunks(large) }), at, most))
        pieces.push(piece);
      const file = Buffer.concat(pieces);
      expect(file.length).toBeLessThan(large.length);
      expect(file.includes(Buffer.from([0x50, 0x4b, 6, 6]))).toBe(most === 1);
      writeFileSync(join(dir, 'x.zip'), file);
      const out = execFileSync('python3', ['-c', listed, join(dir, 'x.zip'), join(dir, 'large')], { encoding: 'utf8' });
      expect(out.split('\n')).toEqual([
        '4',
        `0.mbox ${large.length} (2026, 11, 26, 13, 14, 16) True`,
        `Zoë ${large.length} (2026, 11, 26, 13, 14, 16) True`,
        '1.mbox 0 (2026, 11, 26, 13, 14, 16) False',
        '',
      ]);
      rmSync(dir, { recursive: true });
    },
    60_000,
  );

  test('breaks off where a file does, and lets go of it where its reader goes away', async () => {
    const failing = async function* () {
      yield Buffer.from('a');
      throw new Error('no such content');
    };
    const read = async () => {
      for await (const _ of zipStream([{ name: 'x', open: failing }], at));
    };
    await expect(read()).rejects.toThrow('no such content');
    let open = 0;
    const endless = async function* () {
      open++;
      try {
        for (;;) yield randomBytes(50_000);
      } finally {
        open--;
      }
    };
    let seen = 0;
    for await (const piece of zipStream([{ name: 'x', open: endless }], at)) {
      seen += piece.length;
      if (seen > 200_000) break;
    }
    await vi.waitFor(() => expect(open).toBe(0));
  });
});

test.each([
  ['a/b\\c:d.txt', 'a_b_c_d.txt'],
  ['..', 'file'],
  ['...hidden. ', 'hidden'],
  ['', 'file'],
  ['NUL.txt', '_NUL.txt'],
  ['console.txt', 'console.txt'],
  ['con .txt', '_con .txt'],
  ['COM\u00b9', '_COM\u00b9'],
  ['conin$', '_conin$'],
  [`${'x'.repeat(198)}. ${'y'.repeat(50)}`, 'x'.repeat(198)],
  ['../../etc/passwd', '_.._etc_passwd'],
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
