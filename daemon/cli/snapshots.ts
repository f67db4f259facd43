import { resolve } from 'node:path';
import type { Loaded } from '../config.ts';
import {
  type Difference,
  differences,
  keepSnapshot,
  listSnapshots,
  type SettingsText,
  type Snapshot,
  unchanged,
  writeBack,
} from '../snapshots.ts';
import { type CommandContext, PlainError, print, readSettings, UsageError } from './command.ts';

type Known = { loaded: Loaded; now: SettingsText[]; snapshots: Snapshot[] };

/** Those of this settings file, whatever mistakes it has now. */
function known(context: CommandContext): Known {
  const loaded = readSettings(context);
  if (loaded.file === null) throw new PlainError('there is no settings file here: --config names it');
  const main = resolve(loaded.file);
  const all = listSnapshots(loaded.settings.data_path).filter(s => s.texts[0]!.path === main);
  return { loaded, now: loaded.texts, snapshots: all };
}

const time = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`;

export async function snapshots(context: CommandContext): Promise<number> {
  const { now, snapshots: all } = known(context);
  if (all.length === 0) print('There are none yet: one is kept at each start and reload that changes something.');
  for (const [i, s] of all.entries())
    print(`${String(i + 1).padStart(3)}  ${time(s.at)}  ${about(s, all[i + 1], now)}`);
  return 0;
}

function about(s: Snapshot, before: Snapshot | undefined, now: SettingsText[]): string {
  const step = before ? count(differences(before.texts, s.texts)) : `the first, ${files(s)}`;
  const notes = [
    s.why === 'replaced' ? 'replaced by config undo' : '',
    unchanged(s.texts, now) ? 'as the files are now' : '',
  ];
  return [step, ...notes].filter(n => n !== '').join(', ');
}

const files = ({ texts }: Snapshot): string => (texts.length === 1 ? 'one file' : `${texts.length} files`);
const count = (changes: Difference[]): string => {
  const of = (sign: string) => changes.filter(c => c.sign === sign).length;
  return `+${of('+')} -${of('-')} lines`;
};

/** 1, as diff has it: there are differences. */
export async function diff(context: CommandContext): Promise<number> {
  const { now, snapshots: all } = known(context);
  const then = numbered(all, context.args[0] ?? '1');
  const changes = differences(then.texts, now);
  if (changes.length === 0) print(`Nothing differs from ${time(then.at)}.`);
  for (const [path, lines] of Map.groupBy(changes, c => c.path)) {
    print(`${path}, since ${time(then.at)}:`);
    for (const { sign, line, text } of lines) print(`${sign} ${String(line).padStart(4)}  ${text}`);
  }
  return changes.length === 0 ? 0 : 1;
}

function numbered(all: Snapshot[], text: string): Snapshot {
  if (!/^\d+$/.test(text)) throw new UsageError(`"${text}" is no number of cwmail config snapshots`);
  const found = all[Number(text) - 1];
  if (!found) throw new PlainError(`there is no snapshot ${text}: cwmail config snapshots lists them`);
  return found;
}

/** Puts back the files as they were; what they are now is kept, so that another undo brings it again. */
export async function undo(context: CommandContext): Promise<number> {
  const { loaded, now, snapshots: all } = known(context);
  const [given] = context.args;
  const then = given === undefined ? all.find(s => !unchanged(s.texts, now)) : numbered(all, given);
  if (!then) throw new PlainError('there is nothing to go back to: no snapshot differs from the files');
  const changed = then.texts.filter(t => !now.some(n => n.path === t.path && n.text === t.text));
  try {
    keepSnapshot(loaded.settings.data_path, { at: Date.now(), why: 'replaced', texts: now });
    writeBack(changed);
  } catch (error) {
    throw new PlainError(`nothing was put back: ${(error as Error).message}`);
  }
  for (const { path } of changed) print(`${path} is as it was at ${time(then.at)}`);
  print('cwmail reload applies it; cwmail config undo takes it back.');
  return 0;
}
