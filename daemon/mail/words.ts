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
const ASCII = /^[\u0000-\u007f]*$/;
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

/** The line of words that the index keeps of a text. */
export function indexWords(text: string): string {
  // Most mail is ASCII without long words: one replacement makes the whole line.
  if (ASCII.test(text)) {
    const line = text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, ' ')
      .trim();
    if (!hasLongWord(line)) return line;
  }
  return split(text, true).join(' ');
}

/**
 * The words of a phrase, in order, as they stand next to each other in the index. The last one may be
 * asked for as the start of a word (`語*`): a single character of an unspaced script must be.
 */
export function queryWords(text: string): string[] {
  return split(text, false);
}

function hasLongWord(line: string): boolean {
  for (let from = 0; from < line.length; ) {
    const space = line.indexOf(' ', from);
    const end = space < 0 ? line.length : space;
    if (end - from > LONGEST_WORD) return true;
    from = end + 1;
  }
  return false;
}

function split(text: string, forIndex: boolean): string[] {
  if (ASCII.test(text)) return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map(cut);
  const words: string[] = [];
  for (const [word] of fold(text).matchAll(WORD)) {
    if (UNSPACED.test(word)) for (const [run] of word.matchAll(RUNS)) addRun(run, forIndex, words);
    else words.push(cut(word));
  }
  return words;
}

function fold(text: string): string {
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
const cut = (word: string): string =>
  word.length <= LONGEST_WORD ? word : word.slice(0, LONGEST_WORD).replace(/[\ud800-\udbff]$/, '');
