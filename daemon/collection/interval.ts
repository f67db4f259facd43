/** How often the same thing may be asked for. */
export type Interval = {
  /** Counts a call, or says in how many milliseconds the next will be heard; 0: it is counted. */
  enter(key: string): number;
};

const mostKeys = 10_000;

/** Who was heard keeps the others of the same key waiting for `length()` milliseconds. */
export function createInterval(length: () => number, now: () => number): Interval {
  const heard = new Map<string, number>();
  return {
    enter(key) {
      const at = now();
      const last = heard.get(key);
      const wait = last === undefined ? 0 : last + length() - at;
      // A clock set back must not close a domain for longer than the interval.
      if (wait > 0 && wait <= length()) return wait;
      heard.delete(key);
      heard.set(key, at);
      // In the order of their calls: the first is the oldest.
      if (heard.size > mostKeys) heard.delete(heard.keys().next().value as string);
      return 0;
    },
  };
}
