import type { IpEntry } from './entry.ts';

/** Beyond so many steps the question is left open: a list that long is not written by mistake. */
const mostSteps = 2_000_000;

/** Is there an address that passes every entry? In doubt there is. */
export function canPass(entries: IpEntry[]): boolean {
  return canPass4(entries) || canPass6(entries);
}

/** Depth first, one octet after the other; what led nowhere once is not tried again. */
function canPass4(entries: IpEntry[]): boolean {
  if (entries.some(e => !e.negated && e.v4 === null)) return false;
  const walks = entries.flatMap(e => (e.v4 === null ? [] : [{ ...e.v4, negated: e.negated }]));
  const barren = new Set<string>();
  let steps = 0;
  const from = (states: number[], place: number): boolean => {
    if (place === 4) return walks.every((w, i) => w.accepts(states[i]!) !== w.negated);
    const key = `${place} ${states}`;
    if (barren.has(key)) return false;
    for (let octet = 0; octet <= 255; octet++) {
      steps += walks.length;
      if (steps > mostSteps) return true;
      const next = walks.map((w, i) => w.step(states[i]!, octet, place));
      const alive = walks.every((w, i) => w.negated || next[i] !== 0);
      if (alive && from(next, place + 1)) return true;
    }
    barren.add(key);
    return false;
  };
  return from(
    walks.map(w => w.start),
    0,
  );
}

/** What all wanted ranges share, less what is excluded. */
function canPass6(entries: IpEntry[]): boolean {
  const wanted = entries.flatMap(e => (e.negated ? [] : [e.v6]));
  if (wanted.includes(null)) return false;
  let at = wanted.reduce((most, r) => (r!.first > most ? r!.first : most), 0n);
  const last = wanted.reduce((least, r) => (r!.last < least ? r!.last : least), (1n << 128n) - 1n);
  const excluded = entries.flatMap(e => (e.negated && e.v6 ? [e.v6] : [])).sort((a, b) => (a.first < b.first ? -1 : 1));
  for (const r of excluded) if (r.first <= at && r.last >= at) at = r.last + 1n;
  return at <= last;
}
