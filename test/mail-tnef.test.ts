import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cutOut, TnefReader } from '../daemon/mail/tnef.ts';
import { attribute, property, tnef } from './tnef-writer.ts';

const read = (bytes: Buffer, step = bytes.length || 1) => {
  const reader = new TnefReader();
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  return reader.end();
};
const text = (bytes: Buffer, file: { from: number; to: number }) => bytes.toString('latin1', file.from, file.to);

const two = tnef(
  attribute(2, 0x9002, Buffer.alloc(14)),
  attribute(2, 0x8010, 'SHORT~1.TXT\0'),
  attribute(2, 0x800f, 'first'),
  attribute(2, 0x9005, property([0x3707, 'Zoë and a long name.txt'], [0x370e, 'text/x-note'])),
  attribute(2, 0x9002, Buffer.alloc(14)),
  attribute(2, 0x800f, 'second'),
  attribute(2, 0x8010, '..\\..\\b\u202ecod.exe\0'),
);

describe('TnefReader', () => {
  test('finds each file with its long name and its place, wherever the stream is cut', () => {
    for (let step = 1; step <= two.length; step++) {
      const files = read(two, step)!;
      expect(files.map(f => [f.name, f.type, text(two, f)])).toEqual([
        ['Zoë and a long name.txt', 'text/x-note', 'first'],
        [expect.stringContaining('cod.exe'), '', 'second'],
      ]);
    }
  });

  test('reads a beginning as far as it goes', () => {
    for (let to = 0; to < two.length; to++) {
      const files = read(two.subarray(0, to)) ?? [];
      for (const file of files) expect(file.to).toBeLessThanOrEqual(to);
    }
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('this is no winmail.dat at all')],
  ])('says of %s that it is none', (_, bytes) => {
    expect(read(bytes)).toBeNull();
  });

  test('is not led on by lengths that are not there', () => {
    const huge = attribute(2, 0x800f, 'x');
    huge.writeUInt32LE(0xffffffff, 5);
    expect(read(tnef(attribute(2, 0x9002, ''), huge))).toEqual([]);
    const props = property([0x3707, 'name']);
    for (let at = 0; at < props.length; at += 2) {
      const broken = Buffer.from(props);
      broken.writeUInt16LE(0xffff, at);
      expect(
        read(tnef(attribute(2, 0x9002, ''), attribute(2, 0x9005, broken), attribute(2, 0x800f, 'x'))),
      ).toHaveLength(1);
    }
  });

  const bodyOf = (...values: Parameters<typeof property>) => {
    const bytes = tnef(attribute(1, 0x9007, Buffer.from([0xe3, 4, 0, 0])), attribute(1, 0x9003, property(...values)));
    for (let step = 1; step < bytes.length; step++) expect(read(bytes, step)).toEqual(read(bytes));
    return read(bytes)!.map(f => [f.name, f.body, f.charset, bytes.toString('latin1', f.from, f.to)]);
  };

  test('finds the text of the message, the best version of it, with its letters', () => {
    const wide = Buffer.from('Zoë', 'utf16le').toString('latin1');
    const subject: [number, string] = [0x37, 'x'];
    const [html, rtf] = [Buffer.from('<p>x'), Buffer.from('packed')];
    expect(bodyOf(subject, [0x1000, 'Zoë'])).toEqual([['message.txt', 'plain', 'utf-16le', wide]]);
    expect(bodyOf([0x1000, 'Zoë'], [0x1009, rtf])).toEqual([['', 'rtf', null, 'packed']]);
    expect(bodyOf([0x1009, rtf], subject, [0x1013, html])).toEqual([['message.html', 'plain', null, '<p>x']]);
    expect(bodyOf(subject)).toEqual([]);
  });

  test('takes one compressed text, however many are said to be the message', () => {
    const one = attribute(1, 0x9003, property([0x1000, 'plain'], [0x1009, Buffer.from('packed')]));
    const bodies = read(tnef(...Array<Buffer>(50).fill(one)))!.map(f => f.body);
    expect(bodies.filter(body => body === 'rtf')).toHaveLength(1);
    expect(bodies).toHaveLength(50);
  });

  test('finds a text longer than what is kept of its properties, and none that runs over their end', () => {
    const long = Buffer.alloc(1_000_000, 'x');
    const bytes = tnef(attribute(1, 0x9003, property([0x1009, long])));
    const [file] = read(bytes, 10_000)!;
    expect(file && bytes.subarray(file.from, file.to).equals(long)).toBe(true);
    const over = property([0x1009, Buffer.from('four')]);
    over.writeUInt32LE(1000, 12);
    expect(read(tnef(attribute(1, 0x9003, over), attribute(2, 0x9002, Buffer.alloc(2000))))).toEqual([]);
  });

  test('takes any number of files in linear time, and keeps 200', () => {
    const one = Buffer.concat([attribute(2, 0x9002, ''), attribute(2, 0x800f, 'x')]);
    const many = tnef(...Array<Buffer>(50_000).fill(one));
    expect(read(many, 64_000)).toHaveLength(200);
  });

  const corpus = `${process.env.MAIL_CORPUS ?? new URL('../../shared/corpus', import.meta.url).pathname}/mimekit-tnef`;
  test.skipIf(!existsSync(corpus))('opens those of the corpus', () => {
    const found = Object.fromEntries(
      readdirSync(corpus).map(name => [name, read(readFileSync(`${corpus}/${name}`), 1000)!]),
    );
    expect(found['two-files.tnef']!.map(f => f.name)).toEqual(['AUTHORS', 'README']);
    expect(found['missing-filenames.tnef']!.map(f => f.name)).toContain('TechlibDEC99-JAN00.doc');
    expect(found['panic.tnef']!.map(f => f.type)).toEqual(['text/html', 'image/jpeg', 'image/jpeg', 'image/png']);
  });
});

test('cutOut gives a place of a stream, wherever it is cut', async () => {
  for (let step = 1; step < 8; step++) {
    async function* pieces(): AsyncIterable<Buffer> {
      for (let at = 0; at < 7; at += step) yield Buffer.from('abcdefg'.slice(at, at + step));
    }
    const out: Buffer[] = [];
    for await (const piece of cutOut(pieces(), 2, 5)) out.push(piece);
    expect(Buffer.concat(out).toString()).toBe('cde');
  }
});
