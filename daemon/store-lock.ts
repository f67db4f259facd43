/**
 * One master of a data folder: a small database held in an exclusive transaction. The system lets go of it with the
 * process, however that ends, so a second start is refused and a restart after kill -9 needs no hand.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Null: another process has it. The answer lets go. */
export function lockStore(path: string): (() => void) | null {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(path, 'lock.db'), { timeout: 0 });
  try {
    db.exec('begin exclusive');
    return () => db.close();
  } catch (error) {
    db.close();
    // 5: SQLITE_BUSY; anything else is a real fault of the folder.
    if ((error as { errcode?: number }).errcode === 5) return null;
    throw error;
  }
}
