import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** One `name value` line, with where it stands. */
export type Line = { name: string; value: string; file: string; line: number };
export type Mistake = { file: string; line: number; message: string };

/**
 * Reads the file and what it includes. `#include FILE` takes another file in (relative to the one that names it);
 * other lines beginning with # are comments, as in dmail.conf.
 */
export function readLines(path: string, from: string[] = []): { lines: Line[]; mistakes: Mistake[] } {
  const found: { lines: Line[]; mistakes: Mistake[] } = { lines: [], mistakes: [] };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const message = `cannot be read: ${(error as Error).message}`;
    return { lines: [], mistakes: [{ file: path, line: 0, message }] };
  }
  // Editors of Windows put a mark in front.
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((raw, at) => {
      takeLine(raw.trim(), { file: path, line: at + 1 }, [...from, path], found);
    });
  return found;
}

type Place = { file: string; line: number };

function takeLine(text: string, place: Place, path: string[], found: { lines: Line[]; mistakes: Mistake[] }): void {
  const include = /^#include\s+(\S.*)$/.exec(text);
  if (include) takeInclude(include[1]!, place, path, found);
  else if (text !== '' && !text.startsWith('#')) {
    const m = /^(\S+)(?:\s+(.*))?$/.exec(text)!;
    found.lines.push({ name: m[1]!.toLowerCase(), value: m[2] ?? '', ...place });
  }
}

function takeInclude(name: string, place: Place, path: string[], found: { lines: Line[]; mistakes: Mistake[] }): void {
  const target = isAbsolute(name) ? name : join(dirname(place.file), name);
  if (path.includes(target)) {
    found.mistakes.push({ ...place, message: `${name} includes itself by way of this line` });
    return;
  }
  const inner = readLines(target, path);
  found.lines.push(...inner.lines);
  // A file that is not there is the fault of the line that names it.
  for (const m of inner.mistakes) found.mistakes.push(m.line === 0 ? { ...place, message: `${name} ${m.message}` } : m);
}
