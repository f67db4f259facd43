/** Octets of text in one word, which may have 75 characters (RFC 2047 §2). */
const mostOctets = 45;

/** Text as encoded words of UTF-8, at least one, none cut within a letter. Who joins them says where the line is folded. */
export function encodedWords(text: string): string[] {
  const pieces = [''];
  for (const letter of text) {
    if (Buffer.byteLength(pieces.at(-1)! + letter) > mostOctets) pieces.push('');
    pieces[pieces.length - 1] += letter;
  }
  return pieces.map(piece => `=?utf-8?B?${Buffer.from(piece).toString('base64')}?=`);
}
