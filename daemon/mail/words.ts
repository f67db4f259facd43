/**
 * Text as search words, the same for what is indexed and for what is asked.
 *
 * NFKC, lower case, accents off; words of letters and digits, joined by single spaces. Scripts that put no
 * spaces between words become overlapping pairs of characters, and the last character of a run stands once
 * alone, so that one character asked for as the start of a word is found wherever it stands. What comes out
 * holds only ASCII letters and digits and characters beyond ASCII: the FTS5 `ascii` tokenizer keeps them all.
 */
const LONGEST_WORD = 64;

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const BEYOND_ASCII = /[^\u0000-\u007f]/;
/** Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowel signs. Vowel signs elsewhere are letters. */
const ACCENTS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]/g;
/** Letters that Unicode does not take apart, and what people type instead. */
const STROKED = /[ßłøđħŧıςæœ]/g;
const PLAIN: Record<string, string> = {
  ß: 'ss',
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  ς: 'σ',
  æ: 'ae',
  œ: 'oe',
};
const UNSPACED =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/u;
const RUNS =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]+|[^\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]+/gu;

/** For each ASCII octet what it is in a word; 0: it is in none. */
const IN_WORD = Uint8Array.from({ length: 128 }, (_, code) => {
  const letter = String.fromCharCode(code).toLowerCase();
  return /[a-z0-9]/.test(letter) ? letter.charCodeAt(0) : 0;
});
const SPACE = 0x20;

/** The line of words that the index keeps of a text. */
export function indexWords(text: string): string {
  return isAscii(text) ? asciiWords(text) : split(text, true).join(' ');
}

/** Most mail is ASCII, and there is much of it: one pass over its octets makes the line. */
function asciiWords(text: string): string {
  const octets = Buffer.from(text, 'latin1');
  let to = 0;
  let length = 0;
  for (let at = 0; at < octets.length; at++) {
    const letter = IN_WORD[octets[at]!]!;
    // In place: a line of words is never longer than its text.
    if (letter === 0) {
      if (length > 0) octets[to++] = SPACE;
      length = 0;
    } else if (length++ < LONGEST_WORD) octets[to++] = letter;
  }
  return octets.toString('latin1', 0, length === 0 && to > 0 ? to - 1 : to);
}

/**
 * The words of a phrase, in order, as they stand next to each other in the index. The last one may be
 * asked for as the start of a word (`語*`): a single character of an unspaced script must be.
 */
export function queryWords(text: string): string[] {
  return split(text, false);
}

export const isAscii = (text: string): boolean => !BEYOND_ASCII.test(text);

/** Is it written in a script that puts no spaces between words? */
export const isUnspaced = (text: string): boolean => UNSPACED.test(text);

function split(text: string, forIndex: boolean): string[] {
  if (isAscii(text)) return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map(cut);
  const words: string[] = [];
  for (const [word] of fold(text).matchAll(WORD)) {
    if (UNSPACED.test(word)) for (const [run] of word.matchAll(RUNS)) addRun(run, forIndex, words);
    else words.push(cut(word));
  }
  return words;
}

/** As written without accents and letter case: how words are compared. */
export function fold(text: string): string {
  const apart = text.toWellFormed().normalize('NFKD').replace(ACCENTS, '').toLowerCase();
  return apart
    .replace(ACCENTS, '')
    .replace(STROKED, letter => PLAIN[letter]!)
    .normalize('NFKC');
}

function addRun(run: string, forIndex: boolean, words: string[]): void {
  if (!UNSPACED.test(run)) {
    words.push(cut(run));
    return;
  }
  const characters = [...run];
  for (let at = 0; at + 1 < characters.length; at++) words.push(characters[at]! + characters[at + 1]!);
  if (forIndex || characters.length === 1) words.push(characters.at(-1)!);
}

/** At most 64 code units, and no half character. */
export const cut = (word: string): string =>
  word.length <= LONGEST_WORD ? word : word.slice(0, LONGEST_WORD).replace(/[\ud800-\udbff]$/, '');
