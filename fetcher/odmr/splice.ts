import type { Socket } from 'node:net';
import { createLineReader } from '../../daemon/wire/lines.ts';

/** What can be seen of a session from our door's answers; under TLS within it, nothing can. */
export type Tally = {
  octets(count: number): void;
  answer(chunk: Buffer): void;
  /** `complete`: the upstream said QUIT. */
  counts(): { fetched: number; refused: number; bytes: number; complete: boolean };
};

export function createTally(): Tally {
  const lines = createLineReader({ limit: 2048, ending: 'lf' });
  const seen = { fetched: 0, refused: 0, bytes: 0, complete: false };
  let afterData = false;
  return {
    octets(count) {
      seen.bytes += count;
    },
    answer(chunk) {
      for (const line of lines.push(chunk)) {
        if (line.kind !== 'line' || line.bytes[3] === 45) continue;
        const code = line.bytes.subarray(0, 3).toString('latin1');
        if (afterData) seen[code.startsWith('2') ? 'fetched' : 'refused']++;
        afterData = code === '354';
        seen.complete = code === '221' || seen.complete;
      }
    },
    counts: () => ({ ...seen }),
  };
}

type Options = {
  /** Milliseconds without an octet either way. */
  timeout: number;
  signal?: AbortSignal | undefined;
};

/** As long as a provider may think between two commands, or our door about a message (RFC 5321 §4.5.3.2). */
const quietMs = 10 * 60_000;

/** Lays two connections onto each other until one of them ends. Never rejects; both are closed then. */
export function splice(upstream: Socket, door: Socket, tally: Tally, { timeout, signal }: Options): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      // What was said last, such as the answer to QUIT, still goes out.
      for (const socket of [upstream, door]) {
        socket.end();
        setTimeout(() => socket.destroy(), 2_000).unref();
      }
      resolve();
    };
    let timer = setTimeout(end, Math.max(timeout, quietMs));
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(end, Math.max(timeout, quietMs));
    };
    const pass = (from: Socket, to: Socket, watch: (chunk: Buffer) => void) => {
      from.on('data', chunk => {
        alive();
        watch(chunk);
      });
      from.on('error', end).once('close', end);
      from.pipe(to);
    };
    pass(upstream, door, chunk => tally.octets(chunk.length));
    pass(door, upstream, chunk => tally.answer(chunk));
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}
