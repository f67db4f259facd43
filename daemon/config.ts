/**
 * The settings: declared once in config/settings.ts, read from cwmail.conf and --set, all mistakes at once.
 * It promises values that need no further check. It opens no files but the settings', and it changes nothing.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Line, type Mistake, readLines } from './config/file.ts';
import { type Declaration, declarations, type Settings } from './config/settings.ts';

export type { AliasRule, FallbackRule, FetchAccount, ForwardRule, Gateway, Settings } from './config/settings.ts';
export type { Mistake };

export type Loaded = {
  settings: Settings;
  mistakes: Mistake[];
  /** The settings file that was read; null: none, so these are the defaults of a trial. */
  file: string | null;
};

const defaultFile = 'cwmail.conf';

/**
 * Reads `--config FILE` (or cwmail.conf of this folder, where there is one) and `--set name=value` lines, which
 * come last and so win. Relative paths are taken from the settings file's folder.
 */
export function loadSettings(given: { config: string | null; set: string[] }): Loaded {
  const file = given.config ?? (existsSync(defaultFile) ? defaultFile : null);
  const read = file === null ? { lines: [], mistakes: [] } : readLines(file);
  const overrides = given.set.map(asLine);
  const folder = file === null ? '.' : dirname(file);
  const { settings, mistakes } = settle([...read.lines, ...overrides], folder);
  // A trial without a settings file dials nobody; who writes a file means it.
  const named = [...read.lines, ...overrides].some(l => l.name === 'online');
  if (file === null && !named) settings.online = 'never';
  settings.data_path = resolve(folder, settings.data_path);
  for (const name of ['tls_cert', 'tls_key'] as const)
    if (settings[name]) settings[name] = resolve(folder, settings[name]);
  mistakes.push(...together(settings, file ?? defaultFile, mistakes.length > 0));
  return { settings, mistakes: [...read.mistakes, ...mistakes], file };
}

function asLine(text: string): Line {
  const at = text.indexOf('=');
  const [name, value] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  return { name: name.trim().toLowerCase(), value: value.trim(), file: '--set', line: 0 };
}

function settle(lines: Line[], folder: string): { settings: Settings; mistakes: Mistake[] } {
  const settings: Record<string, unknown> = Object.fromEntries(
    Object.entries(declarations).map(([k, d]) => [k, structuredClone(d.initial)]),
  );
  const mistakes: Mistake[] = [];
  const begun = new Set<string>();
  for (const line of lines) {
    const declaration = (declarations as Record<string, Declaration<unknown> | undefined>)[line.name];
    if (!declaration || !Object.hasOwn(declarations, line.name)) {
      mistakes.push({ ...place(line), message: unknownName(line.name) });
      continue;
    }
    // The first line of a list replaces its default, the first --set what the files say; further ones add.
    const source = `${line.file === '--set'} ${line.name}`;
    if (declaration.kind !== 'single' && !begun.has(source)) settings[line.name] = [];
    begun.add(source);
    for (const text of declaration.kind === 'comma' ? entries(line.value) : [line.value]) {
      const parsed = declaration.parse(text, folder);
      if (!parsed.ok) mistakes.push({ ...place(line), message: `${line.name}: ${parsed.wrong}${shown(line, text)}` });
      else if (declaration.kind === 'single') settings[line.name] = parsed.value;
      else (settings[line.name] as unknown[]).push(parsed.value);
    }
  }
  return { settings: settings as unknown as Settings, mistakes };
}

const entries = (text: string): string[] =>
  text
    .split(',')
    .map(t => t.trim())
    .filter(t => t !== '');
const place = ({ file, line }: Line) => ({ file, line });
/** A line that may carry a password is not repeated. */
const shown = (line: Line, text: string): string => (line.name === 'fetch' ? '' : `, not "${text}"`);

function unknownName(name: string): string {
  const near = Object.keys(declarations)
    .map(known => ({ known, far: distance(name, known) }))
    .sort((a, b) => a.far - b.far)[0]!;
  const hint = near.far <= Math.max(2, name.length / 3) ? `; did you mean ${near.known}?` : '';
  return `there is no setting "${name}"${hint}`;
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= Math.min(a.length, 64); i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

/** What no line alone can be wrong about. */
function together(s: Settings, file: string, hasMistakes: boolean): Mistake[] {
  const mistakes: Mistake[] = [];
  const say = (message: string) => mistakes.push({ file, line: 0, message });
  if (s.host_domain.length === 0 && !hasMistakes) say('host_domain: a domain name such as example.org belongs here');
  if ((s.tls_cert === '') !== (s.tls_key === '')) say('tls_cert and tls_key go together: one of them is missing');
  for (const name of ['tls_cert', 'tls_key'] as const)
    if (s[name] && !existsSync(s[name])) say(`${name}: there is no file ${s[name]}`);
  const ports = (['smtp_port', 'submission_port', 'pop_port', 'http_port', 'https_port'] as const).filter(
    p => s[p] !== 0,
  );
  for (const [i, p] of ports.entries())
    for (const q of ports.slice(i + 1))
      if (s[p] === s[q]) say(`${p} and ${q} are both ${s[p]}: each listener needs its own port`);
  const names = s.fetch.map(f => f.name);
  for (const name of new Set(names.filter((n, i) => names.indexOf(n) !== i))) say(`fetch: ${name} is named twice`);
  return mistakes;
}

/** A mistake as a person reads it: `cwmail.conf:12: …`. */
export function mistakeLine(m: Mistake): string {
  return m.line === 0 ? `${m.file}: ${m.message}` : `${m.file}:${m.line}: ${m.message}`;
}

/** The reference of all settings, as Markdown; docs/settings.md is this text. */
export function settingsReference(): string {
  const all = Object.entries(declarations) as [string, Declaration<unknown>][];
  const groups = [...new Set(all.map(([, d]) => d.group))];
  const one = ([name, d]: [string, Declaration<unknown>]) =>
    `### \`${name} ${d.form}\`\n\n${d.doc}\n\nDefault: ${shownDefault(d)}.${d.kind === 'lines' ? ' May be repeated.' : ''}\n`;
  const group = (g: string) =>
    `## ${g}\n\n${all
      .filter(([, d]) => d.group === g)
      .map(one)
      .join('\n')}`;
  return `# Settings\n\n${referenceHead}\n\n${groups.map(group).join('\n')}`.trimEnd();
}

const referenceHead =
  'One line a setting in `cwmail.conf`: its name, then its value. Lines beginning with `#` are comments; `#include FILE` ' +
  'takes another file in. `cwmail config check` names every mistake with its line. Without a file the defaults hold, ' +
  'and `online` is `never`.';

function shownDefault(d: Declaration<unknown>): string {
  const value = Array.isArray(d.initial) ? d.initial.join(',') : String(d.initial);
  if (value === '') return 'none';
  if (d.form === 'TIME') return `\`${Number(value) / 3_600_000}h\``;
  if (d.form === 'SIZE' && value !== '0') return `\`${Number(value) / 1024 ** 2}M\``;
  return `\`${value}\``;
}
