/**
 * Patterns for names, addresses and domains: `*` is any run of characters (none too), `?` exactly one; the case of
 * letters does not matter. One star is come back to at a time, so the work is at most text times pattern.
 */
export function namePattern(pattern: string): (text: string) => boolean {
  const wanted = pattern.toLowerCase().replace(/\*+/g, '*');
  if (!/[*?]/.test(wanted)) return text => text.toLowerCase() === wanted;
  if (wanted === '*') return () => true;
  return text => glob(wanted, text.toLowerCase());
}

/** Any of the patterns may match; one with `!` in front excludes what it matches, wherever it stands. */
export function namePatterns(patterns: readonly string[]): (text: string) => boolean {
  const taking = patterns.filter(p => !p.startsWith('!'));
  const exact = new Set(taking.filter(p => !/[*?]/.test(p)).map(p => p.toLowerCase()));
  const wild = taking.filter(p => /[*?]/.test(p)).map(namePattern);
  const excluding = patterns.filter(p => p.startsWith('!')).map(p => namePattern(p.slice(1).trim()));
  return text =>
    (exact.has(text.toLowerCase()) || wild.some(matches => matches(text))) && !excluding.some(matches => matches(text));
}

function glob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  // Where the last star stood, and up to where it has taken the text.
  let star = -1;
  let taken = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++taken;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
