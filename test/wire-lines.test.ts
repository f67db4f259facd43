import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineReader, type Line, type LineOptions } from '../daemon/wire/lines.ts';

const shown = (lines: Line[]) => lines.map(l => (l.kind === 'line' ? l.bytes.toString('latin1') : l));
const long = { kind: 'too-long' };

/** Input, the lines expected with a limit of 8, and what is left over. */
const tables: Record<LineOptions['ending'], [string, unknown[], string][]> = {
  crlf: [
    // whole lines
    ['', [], ''],
    ['a\r\n', ['a'], ''],
    ['\r\n\r\n', ['', ''], ''],
    ['a\r\nbc\r\n', ['a', 'bc'], ''],
    // not whole yet
    ['a', [], 'a'],
    ['a\r', [], 'a\r'],
    ['a\r\nb', ['a'], 'b'],
    // lone CR and LF are part of the line
    ['a\nb\r\n', ['a\nb'], ''],
    ['\n\r\n', ['\n'], ''],
    ['a\rb\r\n', ['a\rb'], ''],
    ['a\r\r\n', ['a\r'], ''],
    ['\n\n\n', [], '\n\n\n'],
    // the limit
    ['12345678\r\n', ['12345678'], ''],
    ['123456789\r\nb\r\n', [long, 'b'], ''],
    ['1234567890123456789\nx\r\nb\r\n', [long, 'b'], ''],
    ['12345678\r', [], '12345678\r'],
    ['1234567\r\r\n', ['1234567\r'], ''],
    ['12345678\rx', [long], ''],
    ['12345678\r\r\nb\r\n', [long, 'b'], ''],
    ['123456789\r\n123456789\r\n', [long, long], ''],
  ],
  lf: [
    ['a\nb\r\n', ['a', 'b'], ''],
    ['\n\n', ['', ''], ''],
    ['a\rb\n', ['a\rb'], ''],
    ['a\r\r\n', ['a\r'], ''],
    ['123456789\nb\n', [long, 'b'], ''],
    ['12345678\r\nb\n', ['12345678', 'b'], ''],
  ],
};

for (const ending of ['crlf', 'lf'] as const) {
  test(`createLineReader with ${ending} reads the same lines wherever the input is cut`, () => {
    for (const [input, lines, left] of tables[ending]) {
      const bytes = Buffer.from(input, 'latin1');
      for (let first = 0; first <= bytes.length; first++)
        for (let second = first; second <= bytes.length; second++) {
          const reader = createLineReader({ limit: 8, ending });
          const cuts = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
          expect([input, first, second, shown(cuts.flatMap(c => reader.push(c)))]).toEqual([
            input,
            first,
            second,
            lines,
          ]);
          if (left) expect(reader.rest().toString('latin1')).toBe(left);
        }
    }
  });
}

function reference(input: string, { limit, ending }: LineOptions): unknown[] {
  const parts = input.split(ending === 'crlf' ? '\r\n' : /\r?\n/);
  const open = parts.pop()!;
  const lines: unknown[] = parts.map(p => (p.length > limit ? long : p));
  return open.replace(/\r$/, '').length > limit ? [...lines, long] : lines;
}

test('createLineReader agrees with splitting the whole input', () => {
  const octets = fc.string({ unit: fc.constantFrom('\r', '\n', 'a', '\r\n'), maxLength: 60 });
  fc.assert(
    fc.property(
      fc.array(octets, { maxLength: 5 }),
      fc.constantFrom('crlf' as const, 'lf' as const),
      (chunks, ending) => {
        const reader = createLineReader({ limit: 6, ending });
        const lines = chunks.flatMap(c => reader.push(Buffer.from(c)));
        expect(shown(lines)).toEqual(reference(chunks.join(''), { limit: 6, ending }));
      },
    ),
    { numRuns: 3000 },
  );
});

test('createLineReader gives lines one by one, so that what follows one can go elsewhere', () => {
  const reader = createLineReader({ limit: 100, ending: 'crlf' });
  reader.feed(Buffer.from('+OK\r\nSubject: x\r\n'));
  expect(shown([reader.next()!])).toEqual(['+OK']);
  expect(reader.rest().toString()).toBe('Subject: x\r\n');
  expect(reader.next()).toBeNull();
});

test('createLineReader holds no more than a line of an endless one', () => {
  const reader = createLineReader({ limit: 1000, ending: 'crlf' });
  const chunk = Buffer.alloc(65_536, 'x');
  const seen = Array.from({ length: 1000 }, () => reader.push(chunk)).flat();
  expect(shown(seen)).toEqual([long]);
  expect(shown(reader.push(Buffer.from('\r\nb\r\n')))).toEqual(['b']);
});
