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
  const lines = text.slice(0, READ).split('\n').map(plainLine);
  const own = ownLines(lines).join(' ');
  return shorten(own !== '' ? own : lines.map(line => line.replace(/^(?:> ?)+/, '')).join(' '));
}

const plainLine = (line: string): string =>
  cleanText(line)
    .split(/\s+/)
    .map(word => word.replace(EDGES, ''))
    .filter(word => word !== '' && !INVISIBLE.test(word))
    .join(' ');

function ownLines(lines: string[]): string[] {
  const own: string[] = [];
  for (const [index, line] of lines.entries()) {
    // RFC 3676 §4.3; its trailing space is folded away by now.
    if (line === '--' || ORIGINAL.test(line)) break;
    if (line.startsWith('>') || !/[\p{L}\p{N}]/u.test(line)) continue;
    if (!introducesQuote(lines, index)) own.push(line);
  }
  return own;
}

/** `On Monday Ann wrote:` in any language: one or two lines, a colon, and then the quote. */
function introducesQuote(lines: string[], index: number): boolean {
  let next = index + 1;
  if (!lines[index]!.endsWith(':') && lines[next]?.endsWith(':')) next += 1;
  else if (!lines[index]!.endsWith(':')) return false;
  while (lines[next] === '' && next < index + 4) next += 1;
  return lines[next]?.startsWith('>') ?? false;
}

function shorten(text: string): string {
  const words = text.replace(/\s+/g, ' ').trim();
  if (words.length <= LONGEST) return words;
  return words
    .slice(0, LONGEST)
    .replace(/[\ud800-\udbff]$/, '')
    .trimEnd();
}
