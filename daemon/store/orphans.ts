import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { row } from './sql.ts';
import type { Read } from './verbs.ts';

/** A file older than this with no row behind it was left by a crash before its commit. */
const orphanAge = 3_600_000;

/**
 * Each call is one sweep; it answers how many files it unlinked. A clock set forward makes a file look old that came
 * a moment ago and whose commit is under way, so only what an earlier sweep saw too is taken for an orphan.
 */
export function createOrphans(directory: string, read: Read): (now: number) => Promise<number> {
  let seen = new Set<string>();
  return async now => {
    const orphans = await orphansIn(directory, now, read);
    const doomed = orphans.filter(path => seen.has(path));
    seen = new Set(orphans);
    for (const path of doomed) await unlinkQuietly(path);
    return doomed.length;
  };
}

async function orphansIn(directory: string, now: number, read: Read): Promise<string[]> {
  const orphans: string[] = [];
  for (const sub of await readdir(directory).catch(() => []))
    for (const name of await readdir(join(directory, sub)).catch(() => [])) {
      const path = join(directory, sub, name);
      const info = await stat(path).catch(() => null);
      if (!info || now - info.mtimeMs < orphanAge) continue;
      const known = sub !== 'tmp' && (await read(row('select 1 from content where file = ?', join(sub, name))));
      if (!known) orphans.push(path);
    }
  return orphans;
}

export async function unlinkQuietly(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
