import { closeSync, fsyncSync, openSync, statfsSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Room kept for a full disk: a file of zeros that is given up when a write finds no room, so that mail can still be
 * read, moved and removed. New mail is refused long before (intake's spare), so only others' files get us here.
 */
export type Reserve = {
  /** False: it was given up before. */
  giveUp(): boolean;
  /** Takes it again when the disk has room, at most once a minute. */
  takeBack(): void;
};

const octets = 8 * 1024 * 1024;
/** Not while it would make the disk look full to others. */
const leastFree = 6 * octets;
const pauseMs = 60_000;

export function createReserve(database: string): Reserve {
  const path = join(dirname(database), 'reserve');
  let isHeld = false;
  let triedAt = Number.NEGATIVE_INFINITY;
  return {
    giveUp() {
      isHeld = false;
      try {
        unlinkSync(path);
        return true;
      } catch {
        return false;
      }
    },
    takeBack() {
      const now = performance.now();
      if (isHeld || now - triedAt < pauseMs) return;
      triedAt = now;
      try {
        isHeld = isWhole(path) || (hasRoom(dirname(path)) && make(path));
      } catch {
        // A disk without room for one more file, say: the reserve is a comfort, and must not end the writer.
      }
    },
  };
}

function isWhole(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === octets;
}

function hasRoom(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > leastFree;
}

function make(path: string): boolean {
  const file = openSync(path, 'w', 0o600);
  try {
    const zeros = Buffer.alloc(octets / 128);
    for (let written = 0; written < octets; ) written += writeSync(file, zeros);
    fsyncSync(file);
    return true;
  } catch {
    unlinkSync(path);
    return false;
  } finally {
    closeSync(file);
  }
}
