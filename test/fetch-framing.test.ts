import { describe, expect, test } from 'vitest';
import { createFraming, type Expected } from '../fetcher/pop3-client/framing.ts';

/** What one answer comes to: status, then content, then how it ended. */
function read(expected: Expected, chunks: Buffer[], longest = 100): string {
  const framing = createFraming(longest);
  framing.expect(expected);
  let text = '';
  for (const chunk of chunks) {
    for (const framed of framing.push(chunk)) {
      if (framed.kind === 'answer') text += `${framed.status}(${framed.text})`;
      else if (framed.kind === 'content') text += framed.bytes.toString('latin1');
      else text += framed.kind === 'end' ? '|end' : `|broken: ${framed.why.split(' ').slice(0, 4).join(' ')}`;
    }
  }
  return text;
}

const bytes = (text: string) => Buffer.from(text, 'latin1');

const whole: [name: string, expected: Expected, input: string, output: string][] = [
  // Status lines.
  ['a status', 'line', '+OK 2 320\r\n', 'ok(2 320)'],
  ['a bare +OK', 'line', '+OK\r\n', 'ok()'],
  ['lower case', 'line', '+ok hi\r\n', 'ok(hi)'],
  ['LF alone', 'line', '+OK hi\n', 'ok(hi)'],
  ['a refusal', 'line', '-ERR [IN-USE] busy\r\n', 'err([IN-USE] busy)'],
  ['a refusal where lines were asked for', 'lines', '-ERR no\r\n', 'err(no)'],
  ['SASL wanting more', 'sasl', '+ \r\n', 'more()'],
  ['SASL wanting more, without the space', 'sasl', '+\r\n', 'more()'],
  // Lines.
  ['no lines', 'lines', '+OK\r\n.\r\n', 'ok()|end'],
  ['lines', 'lines', '+OK\r\na\r\nb\r\n.\r\n', 'ok()a\r\nb\r\n|end'],
  ['stuffed dots', 'lines', '+OK\r\n..a\r\n...\r\n.\r\n', 'ok().a\r\n..\r\n|end'],
  ['8-bit content', 'lines', '+OK\r\n\xe9\xff\0\r\n.\r\n', 'ok()\xe9\xff\0\r\n|end'],
  ['dots that end nothing', 'lines', '+OK\r\na\n.\nb\r.\rc\n.\r\nd\r\n.\r\n', 'ok()a\n.\nb\r.\rc\n.\r\nd\r\n|end'],
  ['a dot inside a line', 'lines', '+OK\r\nprice 5.\r\nx\r\n.\r\n', 'ok()price 5.\r\nx\r\n|end'],
];

const lies: [name: string, expected: Expected, input: string, output: string][] = [
  ['no POP3', 'line', 'HTTP/1.1 400 Bad\r\n', '|broken: not a POP3 answer:'],
  ['nearly +OK', 'line', '+OKAY then\r\n', '|broken: not a POP3 answer:'],
  ['a + nobody wants', 'line', '+ go on\r\n', '|broken: not a POP3 answer:'],
  ['a status without end', 'line', `+OK ${'x'.repeat(200)}`, '|broken: a status line of'],
  ['a status that is too long', 'line', `+OK ${'x'.repeat(200)}\r\n`, '|broken: a status line of'],
];

/** What follows in the same piece must break the session before it is believed. */
const injected: [name: string, expected: Expected, input: string, output: string][] = [
  ['an answer behind STLS', 'line', '+OK go\r\n+OK\r\nPLAIN\r\n.\r\n', '|broken: it sent what nobody'],
  ['content behind its end', 'lines', '+OK\r\na\r\n.\r\nb\r\n', 'ok()a\r\n|broken: it sent what nobody'],
];

describe('createFraming', () => {
  for (const [name, expected, input, output] of [...whole, ...lies, ...injected])
    test(`createFraming reads ${name}`, () => {
      expect(read(expected, [bytes(input)])).toBe(output);
    });

  for (const [name, expected, input, output] of [...whole, ...lies])
    test(`createFraming reads ${name} the same, wherever the pieces are cut`, () => {
      for (let i = 1; i < input.length; i++) {
        expect(read(expected, [bytes(input.slice(0, i)), bytes(input.slice(i))]), `cut at ${i}`).toBe(output);
      }
      expect(read(expected, [...input].map(bytes)), 'octet by octet').toBe(output);
    });

  test('createFraming takes nothing that was not asked for', () => {
    const framing = createFraming(100);
    expect(framing.push(bytes('+OK unasked\r\n'))).toMatchObject([{ kind: 'broken' }]);
    framing.expect('line');
    expect(framing.push(bytes('+OK\r\n')), 'it stays broken').toEqual([]);
  });
});
