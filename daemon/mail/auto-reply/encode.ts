import { encodedWords } from '../encoded-words.ts';

/** Text of a field as it may stand there: plain where it is plain, else encoded words, folded between them. */
export const encodeWords = (text: string): string =>
  /^[ -~]{0,70}$/.test(text) && !text.includes('=?') ? text : encodedWords(text).join('\r\n ');
