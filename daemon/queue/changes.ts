import type { Changed, Slice, Store } from '../store.ts';

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
const named = 20;

export const nothingDone = (): Done => ({ changed: 0, first: [], sending: 0, firstSending: [] });

/** Adds what one slice did. */
export function count(done: Done, { changed, sending }: Changed): void {
  done.changed += changed.length;
  done.first.push(...changed.slice(0, named - done.first.length));
  done.sending += sending.length;
  done.firstSending.push(...sending.slice(0, named - done.firstSending.length));
}

/** A change in slices, between which others write; a queue of any length costs no more memory than one of them. */
export async function changeAll(deliveries: Pick<Store['deliveries'], 'change'>, wish: Wish): Promise<Done> {
  const done = nothingDone();
  for (let after: number | null = 0; after !== null; ) {
    const changed = await deliveries.change({ ...wish, after, limit: slice });
    count(done, changed);
    after = changed.next;
  }
  return done;
}
