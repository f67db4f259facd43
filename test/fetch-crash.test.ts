import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { openDoor } from './fetch-door.ts';
import { letter, startUpstream } from './fetch-upstream.ts';

const child = new URL('fetch-child.ts', import.meta.url).pathname;

/** The signal that ended the fetcher; null: it came home. */
function runFetcher(folder: string, doorPort: number, upstreamPort: number, dieAt: number): Promise<string | null> {
  const args = [child, folder, doorPort, upstreamPort, dieAt].map(String);
  const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise(resolve => process_.once('exit', (_, signal) => resolve(signal)));
}

test('fetcher killed at any line of its log loses and doubles nothing', { timeout: 180_000 }, async () => {
  const names = ['a', 'b', 'c'];
  const lost: string[] = [];
  let doubled = 0;
  let kills = 0;
  for (let n = 1, killed = true; killed; n++) {
    const door = await openDoor();
    const upstream = await startUpstream({ letters: names.map(name => letter(name)) });
    killed = (await runFetcher(door.folder, door.port, upstream.port, n)) === 'SIGKILL';
    if (killed) kills++;
    await runFetcher(door.folder, door.port, upstream.port, 0);
    const inbox = await door.inbox('ann');
    lost.push(...names.filter(name => !inbox.includes(letter(name).bytes.toString('latin1'))));
    doubled += inbox.length - new Set(inbox).size;
    expect(upstream.letters).toEqual([]);
    await upstream.stop();
    await door.close();
  }
  // Four lines a message and six for its two sessions.
  expect(kills).toBeGreaterThanOrEqual(12);
  expect({ lost, doubled }).toEqual({ lost: [], doubled: 0 });
});
