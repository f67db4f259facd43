import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { isWild, namePattern } from '../mail/pattern.ts';

/** One `name value` line, with where it stands. */
export type Line = { name: string; value: string; file: string; line: number };
/** Something to say about a place in a file; line 0: about the file. */
export type Mistake = { file: string; line: number; message: string };

export type Read = {
  lines: Line[];
  mistakes: Mistake[];
  /** Every file that was opened, in that order. */
  files: string[];
  /** What stood in each. */
  texts: string[];
};

/** A chain of includes is no longer, and all together are no more. */
const deepest = 16;
const mostFiles = 200;

/**
 * Reads the file and what it includes. `#include FILE` takes another file in (relative to the one that names it), and
 * `#include FOLDER/*.conf` all that match, by name; other lines beginning with # are comments, as in dmail.conf.
 */
export function readLines(path: string): Read {
  const found: Read = { lines: [], mistakes: [], files: [], texts: [] };
  const problem = takeFile(path, [], found);
  if (problem !== null) found.mistakes.push({ file: path, line: 0, message: problem });
  return found;
}

/** Answers why it cannot be read: a file that is not there is the fault of the line that names it. */
function takeFile(path: string, from: string[], found: Read): string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`;
  }
  found.files.push(path);
  found.texts.push(text);
  // Editors of Windows put a mark in front.
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((raw, at) => {
      takeLine(raw.trim(), { file: path, line: at + 1 }, [...from, path], found);
    });
  return null;
}

type Place = { file: string; line: number };

function takeLine(text: string, place: Place, path: string[], found: Read): void {
  const include = /^#include\s+(\S.*)$/.exec(text);
  if (include) takeInclude(include[1]!, place, path, found);
  else if (text !== '' && !text.startsWith('#')) {
    const m = /^(\S+)(?:\s+(.*))?$/.exec(text)!;
    found.lines.push({ name: m[1]!.toLowerCase(), value: m[2] ?? '', ...place });
  }
}

function takeInclude(name: string, place: Place, path: string[], found: Read): void {
  const say = (message: string) => void found.mistakes.push({ ...place, message });
  const target = isAbsolute(name) ? name : join(dirname(place.file), name);
  if (isWild(dirname(target))) return say(`${name}: * and ? may stand in the last part of it only`);
  for (const file of isWild(basename(target)) ? matching(target) : [target]) {
    if (path.includes(file)) return say(`${name} includes itself by way of this line`);
    if (path.length >= deepest) return say(`${name} is not read: includes go ${deepest} files deep at most`);
    if (found.files.length >= mostFiles) return say(`${name} is not read: ${mostFiles} files were read before it`);
    const problem = takeFile(file, path, found);
    if (problem !== null) say(`${name} ${problem}`);
  }
}

/** By name, without hidden ones. A folder that is not there has none. */
function matching(pattern: string): string[] {
  const folder = dirname(pattern);
  const matches = namePattern(basename(pattern));
  try {
    const names = readdirSync(folder).filter(n => !n.startsWith('.') && matches(n));
    return names.sort().map(n => join(folder, n));
  } catch {
    return [];
  }
}
