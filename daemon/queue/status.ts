import type { Outing } from '../online.ts';
import type { QueueCounts } from '../store.ts';

/** How the queue does, for whoever asks. */
export type QueueStatus = {
  outing: Outing;
  counts: QueueCounts;
  hops: { hop: string; connections: number; pausedUntil: number | null }[];
  /** What is on a connection now, or about to be. */
  sending: { id: number; sender: string | null; recipient: string; hop: string }[];
};
