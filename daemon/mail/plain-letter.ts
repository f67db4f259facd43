/** A letter of plain text that a program of the house writes, in any language. */
import { encodedWords } from './encoded-words.ts';
import { cleanText } from './header.ts';

/** Names and values of the first fields, in order; an empty one is left out. A Subject is encoded where it must be. */
export function plainLetter(fields: [name: string, value: string][], text: string): Buffer {
  const all: typeof fields = [
    ...fields,
    ['MIME-Version', '1.0'],
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Transfer-Encoding', 'base64'],
  ];
  const line = ([name, value]: (typeof fields)[number]) =>
    value === '' ? '' : `${name}: ${name === 'Subject' ? encodeWords(cleanText(value)) : value}\r\n`;
  const body = Buffer.from(text.replace(/\r?\n/g, '\r\n').concat('\r\n')).toString('base64');
  return Buffer.from(`${all.map(line).join('')}\r\n${(body.match(/.{1,76}/g) ?? []).join('\r\n')}\r\n`);
}

/** Text of a field as it may stand there: plain where it is plain, else encoded words, folded between them. */
export const encodeWords = (text: string): string =>
  /^[ -~]{0,70}$/.test(text) && !text.includes('=?') ? text : encodedWords(text).join('\r\n ');
