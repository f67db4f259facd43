/**
 * What the settings were: the text of the settings file and its includes, kept below the data folder whenever it
 * comes into force, so that an operator can see what changed and go back.
 * It promises that a snapshot is whole or not there, that only the servers' user can read it, and that putting one
 * back changes all of its files or none. It keeps no file that a line names (passwords, certificates, aliases).
 */
import { chownSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type SettingsText, unchanged } from './snapshots/files.ts';

export { type Difference, differences } from './snapshots/diff.ts';
export { type SettingsText, unchanged, writeBack } from './snapshots/files.ts';

export type Snapshot = {
  /** When it was kept, ms. */
  at: number;
  /** in force: the servers took it · replaced: `config undo` put another in its place. */
  why: 'in force' | 'replaced';
  /** The settings file first, then what it includes; whole paths. */
  texts: SettingsText[];
};

/** So many are kept; older ones give way. */
const most = 50;

const folderOf = (dataPath: string): string => join(dataPath, 'settings');

/** Keeps the text, unless it is there: as what is in force now, or, replaced, as anything. False: it was there. */
export function keepSnapshot(dataPath: string, snapshot: Snapshot): boolean {
  const all = listSnapshots(dataPath);
  const same = (snapshot.why === 'replaced' ? all : all.slice(0, 1)).some(s => unchanged(s.texts, snapshot.texts));
  if (snapshot.texts.length === 0 || same) return false;
  const folder = folderOf(dataPath);
  const { uid, gid } = statSync(dataPath);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${String(snapshot.at).padStart(15, '0')}.json`);
  writeFileSync(`${path}.new`, JSON.stringify(snapshot), { mode: 0o600 });
  for (const made of [folder, `${path}.new`]) give(made, uid, gid);
  renameSync(`${path}.new`, path);
  for (const name of names(folder).slice(most)) rmSync(join(folder, name), { force: true });
  return true;
}

/** What root keeps belongs to whom the data folder belongs, who may not be able to give anything away. */
function give(path: string, uid: number, gid: number): void {
  const own = statSync(path);
  if (own.uid !== uid || own.gid !== gid) chownSync(path, uid, gid);
}

/** The newest first. One that cannot be read is left out: it was cut short, or is none of ours. */
export function listSnapshots(dataPath: string): Snapshot[] {
  const folder = folderOf(dataPath);
  return names(folder).flatMap(name => {
    try {
      return [JSON.parse(readFileSync(join(folder, name), 'utf8')) as Snapshot];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => /^\d{15}\.json$/.test(name))
      .sort()
      .reverse();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
