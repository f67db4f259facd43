/**
 * Where the words of a search stand in a text, to be marked when it is shown.
 *
 * It finds what the full-text index finds (mail/words.ts splits both), in the text as it is written: accents, letter
 * case and scripts without spaces do not matter. Time is linear in the text.
 */
import type { SearchField, SearchWords } from './search-query.ts';
import { cut, fold, isAscii, isUnspaced, queryWords } from './words.ts';

/** UTF-16 units [from, to) of the text; in order, and none overlaps the next. */
export type Range = { from: number; to: number };

/** More is no longer looked for: a page of marks helps nobody. */
const mostRanges = 2_000;

type Place = Range & { word: string };
const WORD = /[\p{L}\p{N}\p{M}]+/gu;

export function hitRanges(text: string, sought: readonly SearchWords[]): Range[] {
  if (sought.length === 0) return [];
  const isPlain = isAscii(text);
  if (isPlain && !hasOneOf(text.toLowerCase(), sought)) return [];
  const ranges: Range[] = [];
  const places = isPlain ? asciiPlaces(text) : placesIn(text);
  for (let at = 0; at < places.length && ranges.length < mostRanges; at++) {
    const length = Math.max(0, ...sought.map(s => (standsAt(places, at, s) ? s.words.length : 0)));
    if (length === 0) continue;
    const { from } = places[at]!;
    const to = places[at + length - 1]!.to;
    const last = ranges.at(-1);
    // Pairs of characters overlap, and words of a phrase are one mark with what is between them.
    if (last && from < last.to) last.to = Math.max(last.to, to);
    else ranges.push({ from, to });
  }
  return ranges;
}

/** Of these, the words that are looked for in one of the fields. */
export const soughtIn = (sought: readonly SearchWords[], ...fields: SearchField[]): SearchWords[] =>
  sought.filter(s => s.in === 'any' || fields.includes(s.in));

function standsAt(places: Place[], at: number, { words, begins }: SearchWords): boolean {
  return words.every((word, i) => {
    const there = places[at + i]?.word;
    return there === word || (begins && i === words.length - 1 && there?.startsWith(word) === true);
  });
}

/** Without accents a word is in the text by its letters, or it is not in it at all. */
const hasOneOf = (lower: string, sought: readonly SearchWords[]): boolean =>
  sought.some(s => lower.includes(s.words[0]!));

function asciiPlaces(text: string): Place[] {
  const places: Place[] = [];
  for (const { 0: raw, index } of text.matchAll(/[a-z0-9]+/gi))
    places.push({ word: cut(raw.toLowerCase()), from: index, to: index + raw.length });
  return places;
}

function placesIn(text: string): Place[] {
  const places: Place[] = [];
  for (const found of text.matchAll(WORD)) {
    const [raw] = found;
    if (isUnspaced(raw)) addUnspaced(raw, found.index, places);
    else {
      const [word] = queryWords(raw);
      if (word !== undefined) places.push({ word, from: found.index, to: found.index + raw.length });
    }
  }
  return places;
}

/** Pairs of characters, the last one alone; other scripts between them are words. */
function addUnspaced(raw: string, start: number, places: Place[]): void {
  const characters = charactersOf(raw, start);
  for (let at = 0; at < characters.length; ) {
    const unspaced = isUnspaced(characters[at]!.word);
    let end = at;
    while (end < characters.length && isUnspaced(characters[end]!.word) === unspaced) end++;
    const run = characters.slice(at, end);
    // One by one: a text of such a script may be longer than a call has room for arguments.
    if (unspaced) for (const [i, c] of run.entries()) places.push(joined(c, run[i + 1] ?? c, i + 1 < run.length));
    else places.push({ word: run.map(c => c.word).join(''), from: run[0]!.from, to: run.at(-1)!.to });
    at = end;
  }
}

const joined = (a: Place, b: Place, isPair: boolean): Place => ({
  word: isPair ? a.word + b.word : a.word,
  from: a.from,
  to: b.to,
});

function charactersOf(raw: string, start: number): Place[] {
  const characters: Place[] = [];
  let from = start;
  for (const character of raw) {
    const word = fold(character);
    if (word !== '') characters.push({ word, from, to: from + character.length });
    from += character.length;
  }
  return characters;
}

/** UTF-16 units of an excerpt, and how many of them come before the hit. */
const excerptLength = 200;
const excerptLead = 24;

/** One line of the text around the first place where a word of the search stands; null: none does. */
export function excerptAround(text: string, sought: readonly SearchWords[]): string | null {
  const near = nearFirst(text, sought);
  if (near === null) return null;
  const stretch = text.slice(near, near + 2_000);
  const first = hitRanges(stretch, sought)[0];
  if (!first) return null;
  const at = near + first.from;
  const lead = text.slice(Math.max(0, at - excerptLead), at);
  // It begins with a whole word.
  const begun = at <= excerptLead ? lead : lead.replace(/^\S*\s*/, '');
  const line = `${begun}${text.slice(at, at + excerptLength)}`.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return `${at > begun.length ? '… ' : ''}${line.slice(0, excerptLength).toWellFormed()}`;
}

/** A place shortly before one of the words, found the quick way in a text without accents, where nearly all mail is. */
function nearFirst(text: string, sought: readonly SearchWords[]): number | null {
  const first = sought.map(s => s.words[0]!);
  if (!isAscii(text)) return hitRanges(text, sought)[0]?.from ?? null;
  const lower = text.toLowerCase();
  const at = sought.flatMap((s, i) => firstWhole(lower, first[i]!, s) ?? []);
  return at.length ? Math.min(...at) : null;
}

/** Most of what is found by its letters alone is the word; a few tries tell. */
function firstWhole(lower: string, word: string, one: SearchWords): number | null {
  for (let at = lower.indexOf(word), tries = 0; at >= 0 && tries < 20; at = lower.indexOf(word, at + 1), tries++) {
    if (/[a-z0-9]/.test(lower[at - 1] ?? '')) continue;
    if (hitRanges(lower.slice(at, at + 500), [one])[0]?.from === 0) return at;
  }
  return null;
}
