export type Recall = { remember(mark: string, now: number): void; has(mark: string, now: number): boolean };

/** Marks kept for a while; of more than `most` the one longest unused is forgotten. */
export function createRecall(ms: number, most: number): Recall {
  const until = new Map<string, number>();
  const remember = (mark: string, now: number) => {
    until.delete(mark);
    until.set(mark, now + ms);
    if (until.size > most) until.delete(until.keys().next().value!);
  };
  return {
    remember,
    has(mark, now) {
      const end = until.get(mark);
      // Further off than it can be: somebody set the clock back.
      if (end === undefined || end <= now || end > now + ms) return false;
      return true;
    },
  };
}
