/** Octets of text in one encoded word, which may have 75 characters (RFC 2047 §2). */
const mostOctets = 45;

/** Text of a field as it may stand there: plain where it is plain, else encoded words, folded between them. */
export function encodeWords(text: string): string {
  if (/^[ -~]{0,70}$/.test(text) && !text.includes('=?')) return text;
  const words: string[] = [];
  let piece = '';
  for (const character of text) {
    if (Buffer.byteLength(piece + character) > mostOctets) {
      words.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...words, piece].map(word => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}
