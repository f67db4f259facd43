import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDotDecoder, createDotEncoder } from '../daemon/wire/dot.ts';

const cutsOf = (bytes: Buffer, ...at: number[]) =>
  [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));

function encoded(chunks: Buffer[]): string {
  const encoder = createDotEncoder();
  return Buffer.concat([...chunks.map(c => encoder.push(c)), encoder.end()]).toString('latin1');
}

/** The content, then the state or, behind the end, what is left. */
function decoded(chunks: Buffer[]): [string, string] {
  const decoder = createDotDecoder();
  const content: Buffer[] = [];
  for (const [i, chunk] of chunks.entries()) {
    const read = decoder.push(chunk);
    content.push(read.content);
    if (read.rest) return [latin1(content), `ended, then ${latin1([read.rest, ...chunks.slice(i + 1)])}`];
  }
  return [latin1(content), decoder.state];
}

const latin1 = (chunks: Buffer[]) => Buffer.concat(chunks).toString('latin1');

const encodings: [string, string][] = [
  // the terminator, and the CRLF in front of it
  ['', '.\r\n'],
  ['a\r\n', 'a\r\n.\r\n'],
  ['a', 'a\r\n.\r\n'],
  ['a\r', 'a\r\r\n.\r\n'],
  ['a\n', 'a\n\r\n.\r\n'],
  // dots at the start of a line, and only there
  ['.\r\n', '..\r\n.\r\n'],
  ['..a\r\n.b\r\nc.\r\n', '...a\r\n..b\r\nc.\r\n.\r\n'],
  ['\r\n.\r\n', '\r\n..\r\n.\r\n'],
  ['a\r.b\r\n', 'a\r.b\r\n.\r\n'],
  // behind a lone LF too
  ['a\n.\r\nb\r\n', 'a\n..\r\nb\r\n.\r\n'],
  ['\n.\n.\n.', '\n..\n..\n..\r\n.\r\n'],
];

test('createDotEncoder stuffs the same wherever the content is cut', () => {
  for (const [content, wire] of encodings) {
    const bytes = Buffer.from(content, 'latin1');
    for (let a = 0; a <= bytes.length; a++)
      for (let b = a; b <= bytes.length; b++) expect([a, b, encoded(cutsOf(bytes, a, b))]).toEqual([a, b, wire]);
  }
});

const decodings: [string, string, string][] = [
  // the end, and what follows it
  ['.\r\n', '', 'ended, then '],
  ['a\r\n.\r\n+OK', 'a\r\n', 'ended, then +OK'],
  ['\r\n.\r\n.\r\n', '\r\n', 'ended, then .\r\n'],
  // stuffed lines
  ['..\r\n...a\r\n.\r\n', '.\r\n..a\r\n', 'ended, then '],
  ['.a\r\n.\r\n', 'a\r\n', 'ended, then '],
  // ends that are none
  ['a\n.\r\nb', 'a\n.\r\nb', 'inside'],
  ['a\r\n.\nb', 'a\r\n\nb', 'inside'],
  ['a\r\n.\rb', 'a\r\n\rb', 'inside'],
  ['a\r\n.\r\r\nb', 'a\r\n\r\r\nb', 'inside'],
  ['a\n.\n', 'a\n.\n', 'inside'],
  ['a\r.\r\n', 'a\r.\r\n', 'line-start'],
  ['a.\r\n', 'a.\r\n', 'line-start'],
  // where a cut can leave it
  ['a\r\n.\r', 'a\r\n', 'dot-cr'],
  ['a\r\n.', 'a\r\n', 'dot'],
  ['a\r\n', 'a\r\n', 'line-start'],
  ['a\r', 'a\r', 'cr'],
  ['', '', 'line-start'],
];

test('createDotDecoder finds the same content and end wherever the input is cut', () => {
  for (const [wire, content, state] of decodings) {
    const bytes = Buffer.from(wire, 'latin1');
    for (let a = 0; a <= bytes.length; a++)
      for (let b = a; b <= bytes.length; b++)
        expect([wire, a, b, ...decoded(cutsOf(bytes, a, b))]).toEqual([wire, a, b, content, state]);
  }
});

// Long runs of `x` take the native search, crowds of dots the close look, and both meet at the edges.
const unit = fc.constantFrom('\r\n', '.', '\r', '\n', 'a', '\r\n.', 'x'.repeat(127), 'x'.repeat(300));
const pieces = fc.array(fc.string({ unit, maxLength: 30 }), { maxLength: 6 });

test('createDotEncoder agrees with a replacement over the whole content', () => {
  fc.assert(
    fc.property(pieces, chunks => {
      const content = chunks.join('');
      const stuffed = content.replace(/^\.|\n\./g, dot => dot.replace('.', '..'));
      const wire = /(^|\r\n)$/.test(content) ? `${stuffed}.\r\n` : `${stuffed}\r\n.\r\n`;
      expect(encoded(chunks.map(c => Buffer.from(c)))).toBe(wire);
    }),
    { numRuns: 5000 },
  );
});

test('createDotDecoder agrees with a split at the first CRLF.CRLF', () => {
  fc.assert(
    fc.property(pieces, chunks => {
      const wire = chunks.join('');
      const end = `\r\n${wire}`.indexOf('\r\n.\r\n');
      const body = end < 0 ? wire.replace(/(^|\r\n)\.\r?$/, '$1') : wire.slice(0, end);
      const content = `\r\n${body}`.replaceAll('\r\n.', '\r\n').slice(2);
      const [got, state] = decoded(chunks.map(c => Buffer.from(c)));
      expect(got).toBe(content);
      expect(state.startsWith('ended') ? state : 'open').toBe(end < 0 ? 'open' : `ended, then ${wire.slice(end + 3)}`);
    }),
    { numRuns: 5000 },
  );
});

test('createDotDecoder undoes createDotEncoder for all content with CRLF line ends', () => {
  const line = fc.string({ unit: fc.constantFrom('.', 'a', '..', 'x'.repeat(200)), maxLength: 20 });
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 1, max: 50 }), (lines, size) => {
      const content = lines.map(l => `${l}\r\n`).join('');
      const wire = Buffer.from(encoded([Buffer.from(content)]), 'latin1');
      const chunks = Array.from({ length: Math.ceil(wire.length / size) }, (_, i) =>
        wire.subarray(i * size, (i + 1) * size),
      );
      expect(decoded(chunks)).toEqual([content, 'ended, then ']);
    }),
  );
});

/** Megabytes a second, the best of five: the machine is shared. */
function speed(chunk: Buffer, act: (chunk: Buffer) => void): number {
  const runs = Array.from({ length: 5 }, () => {
    const from = performance.now();
    for (let i = 0; i < 500; i++) act(chunk);
    return (500 * chunk.length) / 1000 / (performance.now() - from);
  });
  return Math.max(...runs);
}

test('createDotEncoder and createDotDecoder pass base64 lines at a gigabyte a second', () => {
  const text = Buffer.from(`${'QUJD'.repeat(19)}\r\n`.repeat(840));
  const encoder = createDotEncoder();
  const decoder = createDotDecoder();
  expect(speed(text, c => encoder.push(c))).toBeGreaterThan(1000);
  expect(speed(text, c => decoder.push(c))).toBeGreaterThan(1000);
});

test('createDotEncoder and createDotDecoder take content made of dots in their stride', () => {
  const dots = Buffer.from('..\r\n'.repeat(16_384));
  const encoder = createDotEncoder();
  const decoder = createDotDecoder();
  expect(speed(dots, c => encoder.push(c))).toBeGreaterThan(30);
  expect(speed(dots, c => decoder.push(c))).toBeGreaterThan(30);
});
