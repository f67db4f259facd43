import type { Line, Mistake } from './file.ts';
import { nearest } from './nearest.ts';
import { originals } from './originals.ts';
import { type Declaration, declarations, type Settings } from './settings.ts';

/** What became of one line: kept as ours, mapped from the original's name, ignored with a reason, or a mistake. */
export type Verdict = Mistake & { name: string; what: 'kept' | 'mapped' | 'ignored' | 'wrong' };

export type Settled = {
  settings: Settings;
  verdicts: Verdict[];
  /** Odd, though no mistake. */
  warnings: Mistake[];
};

type Collected = { values: Record<string, unknown>; verdicts: Verdict[]; begun: Set<string>; last: Map<string, Line> };

const declared = declarations as Record<string, Declaration<unknown> | undefined>;
const declarationOf = (name: string) => (Object.hasOwn(declarations, name) ? declared[name] : undefined);

/** The values that all lines together make. A line that is wrong leaves its setting as it was. */
export function settle(lines: Line[], folder: string): Settled {
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(declarations).map(([k, d]) => [k, structuredClone(d.initial)]),
  );
  const collected: Collected = { values, verdicts: [], begun: new Set(), last: new Map() };
  const mainDomain = mainDomainOf(lines);
  for (const line of lines) takeLine(line, folder, mainDomain, collected);
  const settings = values as unknown as Settings;
  return { settings, verdicts: collected.verdicts, warnings: warnings(collected) };
}

/** Known before all else: a setting of the original may be about it. */
function mainDomainOf(lines: Line[]): string {
  const named = lines.filter(l => l.name === 'host_domain');
  const first = named.find(l => l.file === '--set') ?? named[0];
  return entries(first?.value ?? '')[0]?.toLowerCase() ?? 'localhost';
}

function takeLine(line: Line, folder: string, mainDomain: string, to: Collected): void {
  const say = (what: Verdict['what'], message: string) =>
    to.verdicts.push({ name: line.name, file: line.file, line: line.line, what, message });
  const declaration = declarationOf(line.name);
  if (declaration) {
    const wrong = takeValue(line, declaration, folder, to);
    for (const message of wrong) say('wrong', `${line.name}: ${message}`);
    if (wrong.length === 0) say('kept', line.name);
    return;
  }
  const original = originals.get(line.name);
  if (!original) return void say('wrong', unknownName(line.name));
  if (original.kind === 'ignored') return void say('ignored', `${line.name}: ignored: ${original.why}`);
  const { how, lines } = original.lines(line.value, mainDomain);
  say('mapped', `${line.name}: ${how}`);
  for (const [name, value] of lines) takeLine({ ...line, name, value }, folder, mainDomain, to);
}

/** Answers what is wrong with it. */
function takeValue(line: Line, declaration: Declaration<unknown>, folder: string, to: Collected): string[] {
  // The first line of a list replaces its default, the first --set what the files say; further ones add.
  const source = `${line.file === '--set'} ${line.name}`;
  if (declaration.kind !== 'single' && !to.begun.has(source)) to.values[line.name] = [];
  to.begun.add(source);
  to.last.set(line.name, line);
  return (declaration.kind === 'comma' ? entries(line.value) : [line.value]).flatMap(text => {
    const parsed = declaration.parse(text, folder);
    // A line that may carry a password is not repeated.
    if (!parsed.ok) return [`${parsed.wrong}${declaration.secret ? '' : `, not "${text}"`}`];
    if (declaration.kind === 'single') to.values[line.name] = parsed.value;
    else (to.values[line.name] as unknown[]).push(...[parsed.value].flat());
    return [];
  });
}

const entries = (text: string): string[] =>
  text
    .split(',')
    .map(t => t.trim())
    .filter(t => t !== '');

function warnings({ values, last }: Collected): Mistake[] {
  return [...last].flatMap(([name, { file, line }]) => {
    const odd = declarationOf(name)!.warning?.(values[name]) ?? null;
    return odd === null ? [] : [{ file, line, message: `${name}: ${odd}` }];
  });
}

function unknownName(name: string): string {
  const near = nearest(name, [...Object.keys(declarations), ...originals.keys()]);
  return `there is no setting "${name}"${near === null ? '' : `; did you mean ${near}?`}`;
}
