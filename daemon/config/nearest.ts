/** The known name that may have been meant; null: none is near. */
export function nearest(name: string, known: Iterable<string>): string | null {
  let best: { name: string; far: number } | null = null;
  for (const candidate of known) {
    const far = distance(name, candidate);
    if (best === null || far < best.far) best = { name: candidate, far };
  }
  const enough = Math.min(Math.max(2, name.length / 3), name.length - 1);
  return best !== null && best.far <= enough ? best.name : null;
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= Math.min(a.length, 64); i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
