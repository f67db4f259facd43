import { addressKey, parseAddress } from './address.ts';

/**
 * Alias files, as sendmail made them known: `name: address, address`, `#` comments, and lines that begin with a
 * blank continue the one before. A name or target without a domain belongs to the file's. Programs, files and
 * `:include:` are refused: mail here starts nothing and writes nothing but mail.
 */
export type AliasFile = {
  /** Targets by address, both as `addressKey` spells them. Lines for one name add up. */
  aliases: Map<string, string[]>;
  /** What is wrong, each with its line. */
  mistakes: { line: number; message: string }[];
};

export function readAliases(text: string, domain: string): AliasFile {
  const file: AliasFile = { aliases: new Map(), mistakes: [] };
  for (const { line, text: entry } of entriesOf(text)) {
    const wrong = takeEntry(entry, domain, file.aliases);
    if (wrong !== null) file.mistakes.push({ line, message: wrong });
  }
  return file;
}

/** Whole entries, with the line each begins on. */
function entriesOf(text: string): { line: number; text: string }[] {
  const entries: { line: number; text: string }[] = [];
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((raw, at) => {
      if (/^\s*(#|$)/.test(raw)) return;
      const last = entries.at(-1);
      if (/^[ \t]/.test(raw) && last) last.text += ` ${raw.trim()}`;
      else entries.push({ line: at + 1, text: raw.trim() });
    });
  return entries;
}

/** What is wrong with the entry; null: it was taken. */
function takeEntry(entry: string, domain: string, aliases: Map<string, string[]>): string | null {
  const m = /^("(?:[^"\\]|\\.)*"(?:@[^\s:]*)?|[^\s":]+)\s*:\s*(.*)$/.exec(entry);
  if (!m) return `the form is: name: address, address`;
  const name = qualified(m[1]!, domain);
  if (name === null) return `"${m[1]}" is no name an address can have`;
  const targets: string[] = [];
  for (const word of splitTargets(m[2]!)) {
    const problem = targetProblem(word);
    if (problem !== null) return problem;
    const target = qualified(word, domain);
    if (target === null) return `"${word}" is no address`;
    targets.push(target);
  }
  if (targets.length === 0) return `${m[1]} has no target: name: address, address`;
  aliases.set(name, [...(aliases.get(name) ?? []), ...targets]);
  return null;
}

/** At commas, but for those within quotes. */
const splitTargets = (text: string): string[] =>
  (text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? []).map(t => t.trim()).filter(t => t !== '');

/** Why a target of a forward or an alias that is no address is not taken; null: it may be an address. */
export function targetProblem(target: string): string | null {
  const bare = target.replace(/^"+/, '');
  if (bare.startsWith('|'))
    return `a program cannot be a target (${target}): mail starts no programs here; name an address`;
  if (bare.startsWith('/') || /^[a-z]:\\/i.test(bare)) return `a file cannot be a target (${target}): name an address`;
  if (/^:include:/i.test(bare)) return 'there is no :include: here: write the addresses into this file';
  return null;
}

function qualified(word: string, domain: string): string | null {
  const parsed = parseAddress(/@[^"]*$/.test(word) ? word : `${word}@${domain}`);
  return parsed === null ? null : addressKey(parsed);
}
