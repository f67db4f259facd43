import { resolve } from 'node:path';
import {
  differingDefaults,
  ipListKindOf,
  loadSettings,
  type Mistake,
  mistakeLine,
  neededFiles,
  type Settings,
  settingsReference,
} from '../config.ts';
import { controlPath } from '../control.ts';
import type { ReloadAnswer } from '../supervisor.ts';
import { createTell, dialControl } from '../tell.ts';
import { ipList } from '../wire/ip-pattern.ts';
import { clockProblem } from './clock.ts';
import { type CommandContext, PlainError, print, readSettings, settingsOf, UsageError } from './command.ts';
import { deepCheck } from './deep-check.ts';
import { findingLines } from './findings.ts';

export async function check(context: CommandContext): Promise<number> {
  const { settings, mistakes, warnings, notes, file } = readSettings(context);
  for (const m of mistakes) print(mistakeLine(m));
  for (const m of warnings) print(`${mistakeLine(m)} (a warning)`);
  for (const m of notes) print(mistakeLine(m));
  const clock = clockProblem(settings);
  if (clock !== null) print(`${clock} (a warning)`);
  if (mistakes.length === 0) print(file ? `${file} is good` : 'There is no settings file here; the defaults hold.');
  if (mistakes.length === 0) await compareWithRunning(settings, file);
  if (mistakes.length > 0) return 1;
  return context.options.deep ? await deeply(settings) : 0;
}

/** 1: something is to be mended. */
async function deeply(settings: Settings): Promise<number> {
  let toMend = 0;
  for await (const found of deepCheck(settings)) {
    if (found.verdict === 'mend') toMend++;
    for (const line of findingLines(found)) print(line);
  }
  return toMend === 0 ? 0 : 1;
}

/** Where a house runs on this very file: what a reload would apply, and what a restart. */
async function compareWithRunning(settings: Settings, file: string | null): Promise<void> {
  const channel = file === null ? null : await dialControl(controlPath(settings.data_path)).catch(() => null);
  if (channel === null || file === null) return;
  const tell = createTell(channel);
  const would = (await tell.ask('supervisor', 'reload', { dry: true })) as ReloadAnswer;
  tell.close();
  if (would.file !== resolve(file)) return;
  if (would.applied.length > 0) print(`cwmail reload would apply: ${would.applied.join(', ')}`);
  if (would.restart.length > 0) print(`A restart is needed for: ${would.restart.join(', ')}`);
}

export async function reference(): Promise<number> {
  print(settingsReference());
  return 0;
}

/** What becomes of each line of an old dmail.conf, and what it leaves to defaults that are others here. */
export async function importReport({ args, options }: CommandContext): Promise<number> {
  const [config = ''] = args;
  const found = loadSettings({ config, set: options.set ?? [] });
  const at = ({ file, line }: Mistake) => `${file}:${line}`;
  const mapped = new Set(found.verdicts.filter(v => v.what === 'mapped').map(at));
  for (const v of found.verdicts)
    if (v.what !== 'kept') print(mistakeLine(v));
    else if (!mapped.has(at(v))) print(mistakeLine({ ...v, message: `${v.name}: kept` }));
  const lineless = found.mistakes.filter(m => !found.verdicts.some(v => v.file === m.file && v.line === m.line));
  for (const m of lineless) print(mistakeLine(m));
  for (const [name, theirs, ours] of differingDefaults(found))
    print(`${config}: ${name} is not named: it was ${theirs} by default, here it is ${ours}`);
  return found.mistakes.length ? 1 : 0;
}

/** Every file the settings need, for who moves or copies them. */
export async function files(context: CommandContext): Promise<number> {
  const found = neededFiles(readSettings(context));
  for (const f of found) print(`${f.path}  (${f.setting})${f.problem ? `  cannot be read: ${f.problem}` : ''}`);
  if (found.length === 0) print('There is no settings file here, and the defaults need no other.');
  return found.some(f => f.problem) ? 1 : 0;
}

/** What a list of IP addresses makes of an address, entry by entry. */
export async function testIp(context: CommandContext): Promise<number> {
  const [name = '', address = ''] = context.args;
  const kind = ipListKindOf(name);
  if (kind === null) throw new UsageError(`"${name}" is no setting with a list of IP addresses`);
  const entries = settingsOf(context)[name as keyof Settings] as string[];
  const list = ipList(kind, entries);
  if (!ipList('selecting', ['*'])(address)) throw new PlainError(`"${address}" is no IP address`);
  for (const { entry, passes } of list.explain(address)) print(`  ${passes ? 'passes' : 'fails '}  ${entry}`);
  const rule = kind === 'restrictive' ? 'every entry must pass' : 'one entry is enough, an entry with ! excludes';
  print(`${address} is ${list(address) ? '' : 'not '}taken by ${name} (${kind}: ${rule})`);
  return list(address) ? 0 : 1;
}
