import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const chunkSize = 64 * 1024;

/** Names may be any octets; they are kept one octet a letter (latin1). */
export const pathOf = (folder: string, name: string): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);

export const shownName = (name: string): string => Buffer.from(name, 'latin1').toString().slice(0, 200);

/** What changes when a file does. */
export const stampOf = (s: Stats): string => `${s.ino} ${s.size} ${s.mtimeMs} ${s.ctimeMs}`;

/** Never through a link, never waiting for a pipe's other end. A string: why it is no file to send. */
export async function openPlain(folder: string, name: string): Promise<FileHandle | string> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    const file = await open(pathOf(folder, name), flags);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return 'it is no plain file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') return 'it is a symbolic link, and links are not followed';
    if (code === 'ENXIO') return 'it is no plain file';
    throw error;
  }
}

export async function* octetsOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkSize), 0, chunkSize, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

export async function hash(file: FileHandle): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of octetsOf(file)) sum.update(chunk);
  return sum.digest('hex');
}

/** Nobody wrote to it since. */
export async function isAsRead(file: FileHandle, before: Stats): Promise<boolean> {
  const now = await file.stat();
  return now.size === before.size && now.mtimeMs === before.mtimeMs;
}
