import { spawn } from 'node:child_process';
import { freePort } from '../test/harness.ts';

/** Postfix's smtp-sink, which throws away what it takes and says how much that was. */
export type CountingSink = {
  port: number;
  /** Messages taken so far. */
  taken(): number;
  /** Resolves when there are so many. */
  has(messages: number): Promise<void>;
  close(): void;
};

export async function countingSink(): Promise<CountingSink> {
  const port = await freePort();
  const child = spawn('smtp-sink', ['-c', '-u', 'nobody', `127.0.0.1:${port}`, '100'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown = (shown + chunk.toString('latin1')).slice(-200);
  });
  // It writes its counters over one another; the last may not be whole yet.
  const taken = () => Number([...shown.matchAll(/mesg=(\d+)\D/g)].at(-1)?.[1] ?? 0);
  return {
    port,
    taken,
    async has(messages) {
      while (taken() < messages) await new Promise(resolve => setTimeout(resolve, 5));
    },
    close: () => void child.kill(),
  };
}
