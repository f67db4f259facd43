import { isLoopback, isPrivate, unknownAddress } from '../wire/ip.ts';
import type { Visitor } from './policy.ts';

type Last = { address: string; at: number };

/** Who, of other machines, last began a mail without signing in: what comes from outside proves that the way in is open. */
export type Heard = {
  /** From an address the whole world can have; null: nobody yet. */
  outside: Last | null;
  /** From a private network. */
  near: Last | null;
};

export function createHeard(now: () => number) {
  let heard: Heard = { outside: null, near: null };
  return {
    note({ origin, address }: Visitor): void {
      if (origin !== 'peer' || isLoopback(address) || address === unknownAddress) return;
      heard = { ...heard, [isPrivate(address) ? 'near' : 'outside']: { address, at: now() } };
    },
    heard: (): Heard => heard,
    /** What `heard` said before a restart. */
    recall(before: Heard): void {
      heard = before;
    },
  };
}
