import { charsetOfCodePage, decodeCharset } from '../header.ts';

/** Fonts say their letters by a number of Windows' own (the charset of a LOGFONT); 1 and what is not here: as the text around. */
const OF_FONT: Record<number, number> = {
  ...{ 0: 1252, 77: 10000, 128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258 },
  ...{ 177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 255: 850 },
};

export const codePageOfFont = (charset: number): number | null => OF_FONT[charset] ?? null;

/** Octets, one a character, as the text they mean. */
export function decodeOctets(octets: string, codePage: number): string {
  if (/^[\x01-\x7f]*$/.test(octets)) return octets;
  return decodeCharset(Buffer.from(octets.replaceAll('\0', ''), 'latin1'), charsetOfCodePage(codePage));
}
