import { cleanText } from '../header.ts';

const LONGEST = 200;
/** A snippet is looked for in this much of the text. */
const READ = 20_000;

/** Newsletters fill the line after their first words with these, so that the list shows nothing else. */
const INVISIBLE = /^(?:\p{Default_Ignorable_Code_Point}|\u2800)+$/u;
/** Joiners stand between letters; at the end of a word they are filler too. */
const EDGES = /^[\u034f\u200c\u200d]{1,9}|[\u034f\u200c\u200d]{1,9}$/gu;
const ORIGINAL = /^-{2,}\s?(?:Original|Forwarded|Weitergeleitete|Ursprüngliche|Message|Mensaje)[^-]{0,60}-{2,}$/i;

/** The first words a person wrote: quoted lines, what introduces them, rules and signatures only where nothing else is. */
export function snippetOf(text: string): string {
  const lines = text.slice(0, READ).split('\n');
  return shorten(ownWords(lines) || firstWords(lines.map(line => line.replace(/^(?:> ?)+/, ''))));
}

/** Lists are made of these for every message: reading stops as soon as there is enough. */
function firstWords(lines: string[]): string {
  let words = '';
  for (const line of lines) {
    if (words.length > LONGEST) break;
    words += ` ${plainLine(line)}`;
  }
  return words.trim();
}

function plainLine(line: string): string {
  if (/^[ -~\r]*$/.test(line)) return line.trim();
  return cleanText(line)
    .split(/\s+/)
    .map(word => word.replace(EDGES, ''))
    .filter(word => word !== '' && !INVISIBLE.test(word))
    .join(' ');
}

function ownWords(lines: string[]): string {
  let words = '';
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    // RFC 3676 §4.3; its trailing space is off by now.
    if (line === '--' || ORIGINAL.test(line) || words.length > LONGEST) break;
    if (line.startsWith('>') || !/[\p{L}\p{N}]/u.test(line)) continue;
    if (!introducesQuote(lines, index)) words += ` ${plainLine(line)}`;
  }
  return words.trim();
}

/** `On Monday Ann wrote:` in any language: one or two lines, a colon, and then the quote. */
function introducesQuote(lines: string[], index: number): boolean {
  const at = (place: number): string => (lines[place] ?? '').trim();
  const here = at(index).endsWith(':');
  if (!here && !at(index + 1).endsWith(':')) return false;
  let next = index + (here ? 1 : 2);
  while (at(next) === '' && next < index + 4) next += 1;
  return at(next).startsWith('>');
}

function shorten(text: string): string {
  const words = text.replace(/\s+/g, ' ').trim();
  if (words.length <= LONGEST) return words;
  return words
    .slice(0, LONGEST)
    .replace(/[\ud800-\udbff]$/, '')
    .trimEnd();
}
