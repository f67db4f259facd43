import { chmodSync, chownSync, existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export type SettingsText = { path: string; text: string };

export const unchanged = (a: SettingsText[], b: SettingsText[]): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Writes these files anew, each beside the old one and then in its place; rights and owner stay. Where one cannot be
 * written nothing is changed, and the error says which.
 */
export function writeBack(texts: SettingsText[]): void {
  const made: { from: string; to: string }[] = [];
  try {
    for (const { path, text } of texts) {
      // A link leads to the file that is meant.
      const to = existsSync(path) ? realpathSync(path) : path;
      const from = `${to}.new`;
      writeFileSync(from, text, { mode: 0o600 });
      made.push({ from, to });
      likeBefore(to, from);
    }
    for (const { from, to } of made) renameSync(from, to);
  } finally {
    for (const { from } of made) rmSync(from, { force: true });
  }
}

function likeBefore(old: string, made: string): void {
  const like = statSync(existsSync(old) ? old : dirname(old));
  const own = statSync(made);
  if (own.uid !== like.uid || own.gid !== like.gid) chownSync(made, like.uid, like.gid);
  if (existsSync(old)) chmodSync(made, like.mode & 0o7777);
}
