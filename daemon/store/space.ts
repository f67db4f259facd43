import type { Work } from './sql.ts';
import { sqliteDialect } from './sqlite.ts';
import type { Write } from './verbs.ts';

/** A slice holds the other writers up for a few milliseconds. */
const slicePages = 500;

export const spaceVerbs = {
  *giveBackSpace({ pages }: { pages: number }): Work<number> {
    return yield* sqliteDialect.giveBackSpace(pages);
  },
};

/** Deletion leaves room inside the database, which it would keep for itself; this gives it back to the disk. */
export async function giveBackSpace(write: Write): Promise<void> {
  let left = Number.POSITIVE_INFINITY;
  for (;;) {
    const now = await write('giveBackSpace', { pages: slicePages });
    if (now === 0 || now >= left) return;
    left = now;
  }
}
