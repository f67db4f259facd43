import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const keep = 5;

/** The log file of all processes, one writer, so that it can be rotated: cwmail.log, cwmail.log.1 … .5. */
export function openLogFile(folder: string, maxSize = 10 * 1024 * 1024): { path: string; write(line: string): void } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'cwmail.log');
  let fd = openSync(path, 'a', 0o600);
  let size = fstatSync(fd).size;
  let torn = false;
  const rotate = () => {
    rmSync(`${path}.${keep}`, { force: true });
    for (let n = keep - 1; n >= 1; n--) renameIfThere(`${path}.${n}`, `${path}.${n + 1}`);
    renameSync(path, `${path}.1`);
    const next = openSync(path, 'a', 0o600);
    // Not before: a closed descriptor's number may be the database's next.
    closeSync(fd);
    fd = next;
    size = 0;
  };
  return {
    path,
    write(line) {
      try {
        const whole = torn ? `\n${line}` : line;
        const written = writeSync(fd, whole);
        // A disk that fills up takes a part of a line; the next one must not be glued to it.
        torn = written < Buffer.byteLength(whole);
        size += written;
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
