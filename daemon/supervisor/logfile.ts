import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const keep = 5;

/** The log file of all processes, one writer, so that it can be rotated: cwmail.log, cwmail.log.1 … .5. */
export function openLogFile(folder: string, maxSize = 10 * 1024 * 1024): { path: string; write(line: string): void } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'cwmail.log');
  let fd = openSync(path, 'a', 0o600);
  let size = fstatSync(fd).size;
  const rotate = () => {
    closeSync(fd);
    rmSync(`${path}.${keep}`, { force: true });
    for (let n = keep - 1; n >= 1; n--) renameIfThere(`${path}.${n}`, `${path}.${n + 1}`);
    renameSync(path, `${path}.1`);
    fd = openSync(path, 'a', 0o600);
    size = 0;
  };
  return {
    path,
    write(line) {
      try {
        size += writeSync(fd, line);
        if (size > maxSize) rotate();
      } catch {
        // A full disk must not stop the mail; the lines of that time are lost.
      }
    },
  };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
