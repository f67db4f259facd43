import { cleanText, type Header, paramReadings, trimEndOf } from '../header.ts';

/** A uuencoded file in text, as mailers before MIME sent files; POSIX writes `begin-base64` for its other form. */
const BEGIN = /^begin(?:-base64)? [0-7]{3,4} +(\S[^\r\n]{0,254})/gm;

/** Every file name some reader could see in this header: of both fields, given twice, folded, RFC 2231 or RFC 2047. */
export function namesInHeader(header: Header): string[] {
  const readings = [
    ...header.all('content-disposition').flatMap(v => paramReadings(v, ['filename', 'name'])),
    ...header.all('content-type').flatMap(v => paramReadings(v, ['name', 'filename'])),
  ];
  return [...new Set(readings.flatMap(spellings))];
}

export function uuencodedNames(text: string): string[] {
  if (!text.includes('begin')) return [];
  return [...text.matchAll(BEGIN)].flatMap(m => spellings(m[1]!));
}

/** With its path and without; readers and Windows drop dots and blanks at the end. */
export function spellings(name: string): string[] {
  const whole = trimEndOf(cleanText(name).trim(), /[. ]/);
  const last = whole.split(/[/\\]/).at(-1)!;
  return whole === '' ? [] : last === whole || last === '' ? [whole] : [whole, last];
}
