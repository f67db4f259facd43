/**
 * The settings: declared once in config/settings.ts, read from cwmail.conf and --set, all mistakes at once.
 * It promises values that need no further check. It opens no files but the settings', and it changes nothing.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Line, type Mistake, readLines } from './config/file.ts';
import { readFilterFile } from './config/filter-file.ts';
import { listenMistakes, listenWarnings } from './config/listening.ts';
import { otherDefaults } from './config/originals.ts';
import {
  type Declaration,
  declarations,
  egressMistakes,
  egressWarnings,
  parkingWarnings,
  providerMistakes,
  type Settings,
} from './config/settings.ts';
import { settle, type Verdict } from './config/settle.ts';

export { type FilterFile, readFilterFile } from './config/filter-file.ts';
export {
  addressesOf,
  allAddresses,
  fromHere,
  isIpv6Only,
  isListening,
  isOwnAddress,
  type ListenSettings,
  listenSettingOf,
  meet,
  ownAddresses,
  type PortSetting,
  siteUrl,
  written,
} from './config/listening.ts';
export { changedSettings, derived, needsRestart, perList, type SettingName } from './config/live.ts';
export { nearest } from './config/nearest.ts';
export { settingsReference } from './config/reference.ts';
export type {
  AliasRule,
  EtrnSource,
  FallbackRule,
  FetchAccount,
  ForwardRule,
  Gateway,
  MailboxProvider,
  ProxyRule,
  SendingProvider,
  Settings,
} from './config/settings.ts';
export { levels } from './config/settings.ts';
export { size } from './config/values.ts';
export type { Mistake, Verdict };

export type Loaded = {
  settings: Settings;
  mistakes: Mistake[];
  /** What is odd, and does not stop the start. */
  warnings: Mistake[];
  /** What became of settings that only the original knew. */
  notes: Mistake[];
  /** What became of each line. */
  verdicts: Verdict[];
  /** The settings file that was read; null: none, so these are the defaults of a trial. */
  file: string | null;
  /** The settings file and what it includes. */
  read: string[];
  /** The same by whole paths, each once, with what stood in it. */
  texts: { path: string; text: string }[];
};

const defaultFile = 'cwmail.conf';

/**
 * Reads `--config FILE` (or cwmail.conf of this folder, where there is one) and `--set name=value` lines, which
 * come last and so win. Relative paths are taken from the settings file's folder.
 */
export function loadSettings(given: { config: string | null; set: string[] }): Loaded {
  const file = given.config ?? (existsSync(defaultFile) ? defaultFile : null);
  const read = file === null ? { lines: [], mistakes: [], files: [], texts: [] } : readLines(file);
  const lines = [...read.lines, ...given.set.map(asLine)];
  const folder = file === null ? '.' : dirname(file);
  const { settings, verdicts, warnings } = settle(lines, folder);
  // A trial without a settings file dials nobody; who writes a file means it.
  if (file === null && !lines.some(l => l.name === 'online')) settings.online = 'never';
  settings.data_path = resolve(folder, settings.data_path);
  for (const name of ['tls_cert', 'tls_key', 'msg_filter', 'pickup_path'] as const)
    if (settings[name]) settings[name] = resolve(folder, settings[name]);
  const wrong = verdicts.filter(v => v.what === 'wrong').map(remark);
  const filter = readFilterFile(settings.msg_filter);
  const rest = [...filter.mistakes, ...together(settings, file ?? defaultFile, wrong.length > 0)];
  const notes = verdicts.filter(v => v.what === 'mapped' || v.what === 'ignored').map(remark);
  const mistakes = [...read.mistakes, ...wrong, ...rest];
  const odd = [...listenWarnings(settings), ...parkingWarnings(settings), ...egressWarnings(settings)].map(message => ({
    file: file ?? defaultFile,
    line: 0,
    message,
  }));
  return {
    settings,
    mistakes,
    warnings: [...warnings, ...filter.warnings, ...odd],
    notes,
    verdicts,
    file,
    read: read.files,
    texts: [...new Map(read.files.map((path, i) => [resolve(path), read.texts[i]!]))].map(([path, text]) => ({
      path,
      text,
    })),
  };
}

const remark = ({ file, line, message }: Mistake): Mistake => ({ file, line, message });

function asLine(text: string): Line {
  const at = text.indexOf('=');
  const [name, value] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  return { name: name.trim().toLowerCase(), value: value.trim(), file: '--set', line: 0 };
}

/** What no line alone can be wrong about. */
function together(s: Settings, file: string, hasMistakes: boolean): Mistake[] {
  const mistakes: Mistake[] = [];
  const say = (message: string) => mistakes.push({ file, line: 0, message });
  if (s.host_domain.length === 0 && !hasMistakes) say('host_domain: a domain name such as example.org belongs here');
  if (s.listen.length === 0 && !hasMistakes) say('listen: an IP address such as 127.0.0.1 or ::1 belongs here');
  if ((s.tls_cert === '') !== (s.tls_key === '')) say('tls_cert and tls_key go together: one of them is missing');
  for (const name of ['tls_cert', 'tls_key'] as const)
    if (s[name] && !existsSync(s[name])) say(`${name}: there is no file ${s[name]}`);
  for (const wrong of [...listenMistakes(s), ...egressMistakes(s)]) say(wrong);
  // Whatever lies there is sent, or moved to its folder bad.
  const ours = [s.data_path, join(s.data_path, 'log'), join(s.data_path, 'content'), resolve(dirname(file))];
  if (ours.includes(s.pickup_path))
    say(`pickup_path: ${s.pickup_path} has other files of ours; give it a folder of its own`);
  for (const wrong of providerMistakes(s)) say(wrong);
  const names = s.fetch.map(f => f.name);
  for (const name of new Set(names.filter((n, i) => names.indexOf(n) !== i))) say(`fetch: ${name} is named twice`);
  return mistakes;
}

/** A mistake as a person reads it: `cwmail.conf:12: …`. */
export function mistakeLine(m: Mistake): string {
  return m.line === 0 ? `${m.file}: ${m.message}` : `${m.file}:${m.line}: ${m.message}`;
}

export type NeededFile = { path: string; setting: string /** Null: it can be read. */; problem: string | null };

/** Every file that must move along with the settings, each once. */
export function neededFiles({ settings, read }: Pick<Loaded, 'settings' | 'read'>): NeededFile[] {
  const all = Object.entries(declarations) as [keyof Settings, Declaration<unknown>][];
  const named = all.flatMap(([setting, d]) =>
    (d.files?.(settings[setting]) ?? []).map(path => ({ path: resolve(path), setting: setting as string })),
  );
  const files = [
    ...read.map((path, i) => ({ path: resolve(path), setting: i === 0 ? 'settings' : '#include' })),
    ...named,
  ];
  return files
    .filter((f, i) => files.findIndex(g => g.path === f.path) === i)
    .map(f => ({ ...f, problem: unreadable(f.path) }));
}

function unreadable(path: string): string | null {
  try {
    accessSync(path, constants.R_OK);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Settings that a file of the original leaves to defaults which differ here: name, theirs, ours. */
export function differingDefaults({
  settings,
  verdicts,
}: Pick<Loaded, 'settings' | 'verdicts'>): [string, string, string][] {
  const named = new Set(verdicts.map(v => v.name));
  return otherDefaults
    .filter(([name]) => !named.has(name))
    .map(([name, theirs]) => [name, theirs, String(settings[name as keyof Settings])]);
}

/** Of which kind is this list of IP addresses? Null: it is no such list. */
export function ipListKindOf(name: string): 'restrictive' | 'selecting' | null {
  return Object.hasOwn(declarations, name) ? (declarations[name as keyof Settings].list ?? null) : null;
}

/** The domains whose users are ours, the main one first. */
export const ownDomains = ({ host_domain, vdomain }: Pick<Settings, 'host_domain' | 'vdomain'>): string[] => [
  ...new Set([...host_domain, ...vdomain.map(v => v.domain)]),
];
