import type { SettingsText } from './files.ts';

/** A line that only one of two texts has; `line` counts from 1 in its own text. */
export type Difference = { path: string; line: number; sign: '-' | '+'; text: string };

/** What makes `after` of `before`, file by file, in their order. Passwords are not in it. */
export function differences(before: SettingsText[], after: SettingsText[]): Difference[] {
  const paths = [...new Set([...before, ...after].map(t => t.path))];
  const of = (texts: SettingsText[], path: string) => linesOf(texts.find(t => t.path === path)?.text ?? '');
  return paths.flatMap(path => lineDifferences(of(before, path), of(after, path)).map(d => ({ path, ...d })));
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/));

/** Texts beyond this are compared as a whole: the table of their pairs would be too large. */
const mostPairs = 25_000_000;

function lineDifferences(a: string[], b: string[]): Omit<Difference, 'path'>[] {
  let [start, fromEnd] = [0, 0];
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  while (fromEnd < Math.min(a.length, b.length) - start && a.at(-1 - fromEnd) === b.at(-1 - fromEnd)) fromEnd++;
  const [old, now] = [a.slice(start, a.length - fromEnd), b.slice(start, b.length - fromEnd)];
  const common = old.length * now.length > mostPairs ? [] : longestCommon(old, now);
  const out = (lines: string[], sign: '-' | '+', kept: Set<number>) =>
    lines.flatMap((text, i) => (kept.has(i) ? [] : [{ line: start + i + 1, sign, text: masked(text) }]));
  const gone = out(old, '-', new Set(common.map(([i]) => i)));
  const come = out(now, '+', new Set(common.map(([, j]) => j)));
  return [...gone, ...come].sort((x, y) => x.line - y.line || (x.sign === '-' ? -1 : 1));
}

/** Pairs of places of equal lines, as many as keep their order in both. */
function longestCommon(a: string[], b: string[]): [number, number][] {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i * width + j] =
        a[i] === b[j]
          ? table[(i + 1) * width + j + 1]! + 1
          : Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!);
  const pairs: [number, number][] = [];
  for (let [i, j] = [0, 0]; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (table[(i + 1) * width + j]! >= table[i * width + j + 1]!) i++;
    else j++;
  }
  return pairs;
}

/** Whatever could be a password, in comments and in lines with mistakes too; the name of a file is none. */
function masked(line: string): string {
  const unlessFile = (whole: string, name: string, sign: string) => (/_file$/i.test(name) ? whole : `${name}${sign}…`);
  return line
    .replace(/(:\/\/[^\s/@]*:)[^\s/]*(@)/g, '$1…$2')
    .replace(/(\w*(?:password|passwd|secret)\w*)(=)\S+/gi, unlessFile)
    .replace(/(\w*(?:password|passwd|secret)\w*)([:\s]+)\S.*$/i, unlessFile);
}
