import { lstat, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathOf, shownName } from './file.ts';

const longestName = 200;

/** Moves a file that cannot be sent to `bad`, with the reason beside it. Never over another one. */
export async function putAside(folder: string, name: string, why: string, at: number): Promise<void> {
  const bad = join(folder, 'bad');
  await mkdir(bad, { recursive: true, mode: 0o700 });
  const kept = await freeName(bad, name.slice(0, longestName));
  await rename(pathOf(folder, name), pathOf(bad, kept));
  const text = `${new Date(at).toISOString()} ${shownName(name)} was not sent: ${why}\n`;
  // Whoever watches for reasons finds whole ones.
  await writeFile(pathOf(bad, `.${kept}.reason`), text, { mode: 0o600 });
  await rename(pathOf(bad, `.${kept}.reason`), pathOf(bad, `${kept}.reason`));
}

async function freeName(folder: string, name: string): Promise<string> {
  for (let n = 1; ; n++) {
    const tried = n === 1 ? name : `${name}.${n}`;
    const isThere = await lstat(pathOf(folder, tried)).catch(() => null);
    if (isThere === null) return tried;
  }
}
