/**
 * Patterns for names, addresses and domains: `*` is any run of characters (none too), `?` exactly one; the case of
 * letters does not matter. One star is come back to at a time, so the work is at most text times pattern.
 */
export function namePattern(pattern: string): (text: string) => boolean {
  const wanted = pattern.toLowerCase().replace(/\*+/g, '*');
  if (!isWild(wanted)) return text => text.toLowerCase() === wanted;
  if (wanted === '*') return () => true;
  return text => glob(wanted, text.toLowerCase());
}

export const isWild = (pattern: string): boolean => /[*?]/.test(pattern);

/** Which of these domains and patterns takes a domain (lower case)? Names come before patterns; null: none does. */
export function domainList(patterns: readonly string[]): (domain: string) => string | null {
  const exact = new Set(patterns.filter(p => !isWild(p)));
  const wild = patterns.filter(isWild).map(pattern => ({ pattern, matches: namePattern(pattern) }));
  return domain => (exact.has(domain) ? domain : (wild.find(w => w.matches(domain))?.pattern ?? null));
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
