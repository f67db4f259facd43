/**
 * The text of a message that its sender's Outlook kept as RTF, compressed ([MS-OXRTFCP]): the HTML or the plain text
 * that was put into RTF's clothes ([MS-OXRTFEX]) comes out again; of true RTF the words come, without their looks.
 *
 * Time is linear and memory bounded by `MOST_RTF`, whatever lengths are claimed. What is broken is read as far as it
 * goes; nothing throws. The HTML is the sender's: whoever shows it makes it safe first.
 */
import { RtfReader, type RtfText } from './rtf/reader.ts';

export { decompressRtf } from './rtf/decompress.ts';
export type { RtfText };

/** Octets of RTF that are read; pictures are among them. */
export const MOST_RTF = 8 * 1024 * 1024;

/** Null: it is none. */
export function readRtf(bytes: Buffer): RtfText | null {
  const rtf = bytes.toString('latin1', 0, MOST_RTF);
  return /^\s{0,20}\{\\rtf/.test(rtf) ? new RtfReader().read(rtf) : null;
}
