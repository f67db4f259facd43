/**
 * How one process speaks to another: questions by verb, and the daemon's events.
 * In one process (`--single`) the same type is served by plain calls.
 */
import type { Change } from './store.ts';

export type Tell = {
  /** Asks a process to carry out a verb. Rejects when it cannot be reached or refuses. */
  ask(target: 'daemon' | 'web' | 'fetcher' | 'supervisor', verb: string, args: unknown): Promise<unknown>;
  /** Called after each change of a folder, by whichever process; hints, not a journal. */
  onChange(listener: (change: Change) => void): () => void;
  /** Tells the others what this process changed. */
  changed(changes: Change[]): void;
  close(): void;
};
