/** A message of the Inbox: `id` is the UIDL, `size` the octets of prefix and content. */
export type Entry = { id: number; size: number };

/** The Inbox as it was at sign-in: numbers from 1, marks, and nothing that came or went since (RFC 1939 §5). */
export type Maildrop = {
  /** Of those not marked as deleted. */
  readonly count: number;
  readonly octets: number;
  /** Null: there is none of that number, or it is marked. */
  entry(number: number): Entry | null;
  /** Those not marked, with their numbers. */
  entries(): Generator<[number, Entry]>;
  mark(number: number): void;
  unmarkAll(): void;
  markedIds(): number[];
};

export function createMaildrop(all: Entry[]): Maildrop {
  const total = all.reduce((sum, e) => sum + e.size, 0);
  const marked = new Set<number>();
  let markedOctets = 0;
  const entry = (number: number) => (marked.has(number) ? null : (all[number - 1] ?? null));
  return {
    get count() {
      return all.length - marked.size;
    },
    get octets() {
      return total - markedOctets;
    },
    entry,
    *entries() {
      for (const [i, e] of all.entries()) if (!marked.has(i + 1)) yield [i + 1, e];
    },
    mark(number) {
      markedOctets += entry(number)?.size ?? 0;
      marked.add(number);
    },
    unmarkAll() {
      marked.clear();
      markedOctets = 0;
    },
    markedIds: () => [...marked].map(number => all[number - 1]!.id),
  };
}
