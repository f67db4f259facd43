import type { Slice, Store } from '../store.ts';

export type Wish = Omit<Slice, 'after' | 'limit'>;
export type Done = {
  /** How many were changed, and the first of them. */
  changed: number;
  first: number[];
  /** How many were chosen and are being sent now, and the first of them. */
  sending: number;
  firstSending: number[];
};

const slice = 500;
const fewest = 20;

/** A change in slices, between which others write; a queue of any length costs no more memory than one of them. */
export async function changeAll(deliveries: Pick<Store['deliveries'], 'change'>, wish: Wish): Promise<Done> {
  const done: Done = { changed: 0, first: [], sending: 0, firstSending: [] };
  for (let after: number | null = 0; after !== null; ) {
    const { changed, sending, next } = await deliveries.change({ ...wish, after, limit: slice });
    done.changed += changed.length;
    done.first.push(...changed.slice(0, fewest - done.first.length));
    done.sending += sending.length;
    done.firstSending.push(...sending.slice(0, fewest - done.firstSending.length));
    after = next;
  }
  return done;
}
