/** So many events within so many milliseconds, in any such window. */
export type Limit = { count: number; ms: number };

export type Budget = {
  /** Milliseconds until one more may be counted; 0: now. `pending` are events under way that may yet be counted. */
  wait(key: string, now: number, pending?: number): number;
  count(key: string, now: number): void;
  /** What `load` takes back after a restart. */
  save(now: number): [string, number[]][];
  load(saved: [string, number[]][]): void;
};

/** Counts events by key within all limits at once. Of more than `most` keys the one longest untouched is forgotten. */
export function createBudget(limits: Limit[], most: number): Budget {
  const longest = Math.max(...limits.map(l => l.ms));
  const highest = Math.max(...limits.map(l => l.count));
  const times = new Map<string, number[]>();
  // What lies in the future was counted before somebody set the clock back, and must not block for that long.
  const recent = (key: string, now: number) => (times.get(key) ?? []).filter(t => t > now - longest && t <= now);
  const makeRoom = (now: number) => {
    for (const key of times.keys()) if (recent(key, now).length === 0) times.delete(key);
    for (const key of times.keys()) {
      if (times.size <= 0.9 * most) return;
      times.delete(key);
    }
  };
  return {
    wait(key, now, pending = 0) {
      const counted = [...recent(key, now), ...Array<number>(Math.min(pending, highest)).fill(now)];
      const waits = limits.map(({ count, ms }) => (counted.length < count ? 0 : counted.at(-count)! + ms - now));
      return Math.max(0, ...waits);
    },
    count(key, now) {
      const kept = [...recent(key, now), now].slice(-highest);
      times.delete(key);
      times.set(key, kept);
      if (times.size > most) makeRoom(now);
    },
    save: now =>
      [...times.keys()].map((key): [string, number[]] => [key, recent(key, now)]).filter(([, t]) => t.length > 0),
    load(saved) {
      for (const [key, t] of saved) times.set(key, t);
    },
  };
}
