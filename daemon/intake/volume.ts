/** How much somebody sent lately, in memory: one number a key, in a table of bounded size. */
export type Volume = {
  /** Counts one, or says in how many milliseconds there is room for one more; 0: it is counted. `perHour` 0: no limit. */
  take(key: string, perHour: number): number;
  /** The state as text, and back; what cannot be read is passed over. */
  snapshot(): string;
  restore(saved: string): void;
};

const hour = 3_600_000;
const sweepEveryMs = 60_000;

/**
 * A bucket that drains evenly over an hour (the generic cell rate algorithm): of each key only the time is kept
 * when all it holds will have drained. What has drained tells nothing, so it is forgotten.
 */
export function createVolume(now: () => number, mostKeys = 20_000): Volume {
  const drained = new Map<string, number>();
  let sweptAt = Number.NEGATIVE_INFINITY;

  return {
    take(key, perHour) {
      if (perHour === 0) return 0;
      const at = now();
      const stored = drained.get(key) ?? 0;
      // A full bucket drains within an hour. What would take far longer was written before the clock was set back.
      const known = stored > at + 2 * hour ? at : stored;
      const empty = Math.min(Math.max(known, at), at + hour);
      const next = empty + hour / perHour;
      if (next > at + hour + 1) return Math.ceil(next - at - hour);
      drained.delete(key);
      if (drained.size >= mostKeys) makeRoom(at);
      drained.set(key, next);
      return 0;
    },
    snapshot: () => JSON.stringify([...drained].filter(([, empty]) => empty > now())),
    restore(saved) {
      for (const [key, empty] of readPairs(saved).slice(-mostKeys)) drained.set(key, empty);
    },
  };

  /** Whoever has been quiet for longest goes first, when nobody's bucket has drained. */
  function makeRoom(at: number): void {
    if (Math.abs(at - sweptAt) >= sweepEveryMs) {
      sweptAt = at;
      for (const [key, empty] of drained) if (empty <= at) drained.delete(key);
    }
    for (const key of drained.keys()) {
      if (drained.size < mostKeys) return;
      drained.delete(key);
    }
  }
}

function readPairs(text: string): [string, number][] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(p => typeof p?.[0] === 'string' && Number.isFinite(p?.[1])) : [];
  } catch {
    return [];
  }
}

/** `in 12 minutes`, for a reply. */
export function inWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return seconds < 100 ? `in ${seconds} second${seconds === 1 ? '' : 's'}` : `in ${Math.ceil(seconds / 60)} minutes`;
}
