import { readFile, stat } from 'node:fs/promises';
import type { Settings } from '../../config.ts';
import { because, type Log } from '../../log.ts';
import { domainOf } from '../../mail/address.ts';
import { readAliases } from '../../mail/aliases.ts';

export type AliasFiles = {
  /** The targets the files give an address; null: a file of its domain could never be read, so nobody knows. */
  targets(key: string): Promise<string[] | null>;
  /** The addresses whose targets have one of these; for a person who asks, since all lines are looked at. */
  leadingTo(keys: ReadonlySet<string>): Promise<string[]>;
};

type Known = {
  mark: string;
  aliases: Map<string, string[]> | null;
  lookedAt: number;
  /** A look that is under way. */
  looking: Promise<void> | null;
};

/** A file is looked at again at most so often. */
const lookEveryMs = 1000;

export type AliasFileSettings = Pick<Settings, 'alias_file' | 'host_domain'>;

/**
 * The alias files of the settings, read again when they change. A new version with a mistake is not taken: the one
 * before holds, and the log says what is wrong, since half a file would make people unknown.
 */
export function createAliasFiles({
  settings,
  log,
  now,
}: {
  settings: AliasFileSettings;
  log: Log;
  now: () => number;
}): AliasFiles {
  const files = new Map<string, Known>();

  return {
    async targets(key) {
      const found: string[] = [];
      const domain = domainOf(key);
      for (const { file, domain: named } of settings.alias_file) {
        const own = named ?? settings.host_domain[0]!;
        const aliases = await current(file, own);
        if (aliases) found.push(...(aliases.get(key) ?? []));
        else if (own === domain) return null;
      }
      return found;
    },
    async leadingTo(keys) {
      const found: string[] = [];
      for (const { file, domain } of settings.alias_file)
        for (const [key, targets] of (await current(file, domain ?? settings.host_domain[0]!)) ?? [])
          if (targets.some(target => keys.has(target))) found.push(key);
      return found;
    },
  };

  async function current(file: string, domain: string): Promise<Known['aliases']> {
    const name = `${domain} ${file}`;
    const known = files.get(name) ?? { mark: '', aliases: null, lookedAt: Number.NEGATIVE_INFINITY, looking: null };
    files.set(name, known);
    if (Math.abs(now() - known.lookedAt) >= lookEveryMs) {
      known.lookedAt = now();
      known.looking = look(file, domain, known)
        .catch(error => log.error('alias file cannot be read', { file, ...because(error) }))
        .finally(() => {
          known.looking = null;
        });
    }
    await known.looking;
    return known.aliases;
  }

  async function look(file: string, domain: string, known: Known): Promise<void> {
    const { mtimeMs, size, ino } = await stat(file);
    const mark = `${mtimeMs} ${size} ${ino}`;
    if (mark !== known.mark) await readAgain(file, domain, known, mark);
  }

  async function readAgain(file: string, domain: string, known: Known, mark: string): Promise<void> {
    const { aliases, mistakes } = readAliases(await readFile(file, 'utf8'), domain);
    known.mark = mark;
    if (mistakes.length === 0) {
      known.aliases = aliases;
      log.info('alias file read', { file, aliases: aliases.size });
    }
    for (const { line, message } of mistakes.slice(0, 20))
      log.error('alias file has a mistake; what it said before holds', { file, line, message });
  }
}
