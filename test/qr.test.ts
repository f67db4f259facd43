import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { qrCode, qrPicture } from '../views/qr.ts';
import { runCommand } from './commands.ts';
import { testWith } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'cwmail-qr-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** As a picture that others can read (PGM), four pixels a cell, with the quiet zone. */
function picture(code: boolean[][], name: string): string {
  const [scale, quiet] = [4, 4];
  const side = (code.length + 2 * quiet) * scale;
  const pixels = Buffer.alloc(side * side, 255);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      if (code[Math.floor(y / scale) - quiet]?.[Math.floor(x / scale) - quiet]) pixels[y * side + x] = 0;
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([Buffer.from(`P5\n${side} ${side}\n255\n`), pixels]));
  return path;
}

const uri = 'otpauth://totp/CWMail:ann%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=CWMail';

// The most octets that a version holds at level M (ISO/IEC 18004 table 7), and one more.
const fullest = [14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666];
test('qrCode takes the least version that holds the text, up to the 20th', () => {
  for (const [i, octets] of fullest.entries()) {
    expect(qrCode('x'.repeat(octets))?.length).toBe(17 + 4 * (i + 1));
    expect(qrCode('x'.repeat(octets + 1))?.length).toBe(i === 19 ? undefined : 17 + 4 * (i + 2));
  }
  expect(qrPicture('x'.repeat(667), 'too long')).toBeNull();
});

testWith('zbarimg', 'zbar-tools')(
  'qrCode is read by zbar, in every version',
  async () => {
    const texts = [uri, 'Grüße', ...fullest.map(n => uri.repeat(8).slice(0, n))];
    const read = await Promise.all(
      texts.map(async (text, i) => {
        const path = picture(qrCode(text)!, `${i}.pgm`);
        const { out } = await runCommand('zbarimg', ['-q', '--raw', '-Sbinary', path]);
        return Buffer.from(out, 'latin1').toString();
      }),
    );
    expect(read.map(one => one.replace(/\n$/, ''))).toEqual(texts);
  },
  60_000,
);
