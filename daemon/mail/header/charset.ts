import { isAscii, isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';

/** Names seen in mail that the WHATWG label list, which TextDecoder follows, does not have. */
const ALIASES: Record<string, string> = {
  cp932: 'shift_jis',
  ms932: 'shift_jis',
  'windows-932': 'shift_jis',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  'iso-2022-jp-ms': 'iso-2022-jp',
  cp50220: 'iso-2022-jp',
  cp50221: 'iso-2022-jp',
  cp936: 'gbk',
  ms936: 'gbk',
  'windows-936': 'gbk',
  'euc-cn': 'gbk',
  gb18030_2000: 'gb18030',
  cp949: 'euc-kr',
  ms949: 'euc-kr',
  uhc: 'euc-kr',
  ksc5601: 'euc-kr',
  cp950: 'big5',
  ms950: 'big5',
  'windows-950': 'big5',
  'latin-1': 'windows-1252',
  'latin-9': 'iso-8859-15',
  macroman: 'macintosh',
  'x-mac-roman': 'macintosh',
  'koi8-ru': 'koi8-u',
  utf: 'utf-8',
  utf8mb4: 'utf-8',
  'utf-8-sig': 'utf-8',
  unicode: 'utf-8',
};

const decoders = new Map<string, TextDecoder | null>();

/**
 * Bytes as text. A charset that is unknown, not given or plain ASCII means: UTF-8 where the bytes are
 * UTF-8, else windows-1252, which is what senders that say nothing do. Never throws.
 */
export function decodeCharset(bytes: Buffer, charset: string | null): string {
  const name = charset === null ? '' : normalName(charset);
  if ((name === '' || name === 'utf-8') && isAscii(bytes)) return bytes.toString('latin1');
  if (name === 'utf-7') return decodeUtf7(bytes.toString('latin1'));
  if (name === 'utf-8' && isUtf8(bytes)) return withoutMark(bytes.toString());
  if (name === 'iso-2022-jp') return decodeJapanese(bytes);
  const decoder = /^(?:(?:us-?)?ascii|ansi_x3\.4-1968)?$/.test(name) ? null : decoderOf(name);
  const text = (decoder ?? guess(bytes)).decode(bytes);
  // A wrong label shows by what it cannot read; what is UTF-8 by chance does not exist.
  return name !== 'utf-8' && text.includes('\ufffd') && isUtf8(bytes) ? withoutMark(bytes.toString()) : text;
}

/** Is it one that TextDecoder or we can read? */
export const isKnownCharset = (charset: string): boolean =>
  normalName(charset) === 'utf-7' || decoderOf(normalName(charset)) !== null;

const CODE_PAGES: Record<number, string> = {
  ...{ 866: 'ibm866', 874: 'windows-874', 932: 'shift_jis', 936: 'gbk', 949: 'euc-kr', 950: 'big5' },
  ...{ 10000: 'macintosh', 20866: 'koi8-r', 65001: 'utf-8' },
};

/** By its number at Microsoft; null: none that we can read. Looked up, since to try each that a stranger makes up is dear. */
export const charsetOfCodePage = (number: number): string | null =>
  CODE_PAGES[number] ?? (number >= 1250 && number <= 1258 ? `windows-${number}` : null);

function guess(bytes: Buffer): TextDecoder {
  const whole = withoutCut(bytes);
  const isWide = isUtf8(bytes) || (isUtf8(whole) && hasEightBit(whole));
  return decoderOf(isWide ? 'utf-8' : 'windows-1252')!;
}

const hasEightBit = (bytes: Buffer): boolean => /[\u0080-\u00ff]/.test(bytes.toString('latin1'));

/** The first 64 KB of a text may end inside a character: up to three octets of it are left out of the question. */
function withoutCut(bytes: Buffer): Buffer {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const octet = bytes[bytes.length - back]!;
    if (octet >= 0xc0) return bytes.subarray(0, -back);
    if (octet < 0x80) return bytes;
  }
  return bytes;
}

/** A 7-bit charset; what has the eighth bit set is one of the others, under the name senders always write. */
function decodeJapanese(bytes: Buffer): string {
  if (!hasEightBit(bytes)) return decoderOf('iso-2022-jp')!.decode(withoutIdleEscapes(bytes));
  const texts = ['utf-8', 'euc-jp', 'shift_jis'].map(name => decoderOf(name)!.decode(bytes));
  return texts.find(text => !text.includes('\ufffd')) ?? texts[0]!;
}

const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);

/** `"CP-1251"`, `windows1251`, `win-1251` → `windows-1251`; `iso8859_1` and its like are known to WHATWG. */
function normalName(charset: string): string {
  const name = charset
    .slice(0, 40)
    .trim()
    .toLowerCase()
    .replace(/^x-unknown-?|["']/g, '');
  if (name === 'unicode-1-1-utf-7' || name === 'utf7') return 'utf-7';
  const windows = /^(?:x-)?(?:cp|win|windows|microsoft-cp)[-_]?(125\d|874)$/.exec(name);
  if (windows !== null) return `windows-${windows[1]}`;
  const latin = /^(?:x-)?(?:iso|latin)[-_ ]?8859[-_ ]?(\d{1,2})(?::\d+)?(?:-windows.*)?$/.exec(name);
  return latin === null ? (ALIASES[name] ?? name) : `iso-8859-${latin[1]}`;
}

function decoderOf(name: string): TextDecoder | null {
  const known = decoders.get(name);
  if (known !== undefined) return known;
  const made = tryDecoder(name);
  // Names come from mail: only those that exist are kept, so the map stays as small as the WHATWG list.
  if (made !== null) decoders.set(name, made);
  return made;
}

function tryDecoder(name: string): TextDecoder | null {
  try {
    return new TextDecoder(name);
  } catch {
    return null;
  }
}

/** Each line or encoded word goes back to ASCII; the decoder takes a way back that nothing follows for an error. */
function withoutIdleEscapes(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/(?:\x1b\([BJ])+(?=\x1b[$(])/g, ''), 'latin1');
}

/** RFC 2152: `+` … `-` holds UTF-16BE in base64; `+-` is a plus. */
function decodeUtf7(text: string): string {
  return text.replace(/\+([A-Za-z0-9+/]*)-?/g, (_, word: string) => {
    if (word === '') return '+';
    const bytes = Buffer.from(word, 'base64');
    return bytes
      .subarray(0, bytes.length & ~1)
      .swap16()
      .toString('utf16le');
  });
}
