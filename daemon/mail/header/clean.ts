/**
 * Controls, line ends and bidi marks: in a name or subject they only ever forge (a second line, a terminal
 * command, a reversed file name). Unicode calls the bidi ones Bidi_Control.
 */
const NOT_PLAIN = /[^\u0020-\u007e]/;
const WHITE = /[\t\r\n\v\f\u0085\u2028\u2029]+/g;
const FORGING = /[\p{Cc}\p{Bidi_Control}\u200b\u2060\ufeff\ufff9-\ufffb]/gu;

/** The text on one line, without what cannot be seen; lone surrogates become U+FFFD. */
export function cleanText(text: string): string {
  if (!NOT_PLAIN.test(text)) return text;
  return text.replace(WHITE, ' ').replace(FORGING, '').toWellFormed();
}

/** Without the letters at its end that `drop` matches. A pattern of many, bound to the end, would be tried at each of them. */
export function trimEndOf(text: string, drop: RegExp): string {
  let end = text.length;
  while (end > 0 && drop.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
