import { resolve } from 'node:path';
import type { Change } from '../child.ts';
import {
  addressesOf,
  changedSettings,
  type Loaded,
  meet,
  mistakeLine,
  needsRestart,
  type PortSetting,
  type SettingName,
  type Settings,
} from '../config.ts';
import { because, type Log } from '../log.ts';
import type { TlsPair } from '../wire/certificate.ts';
import { type Bound, bind, listeners, type Sockets } from './sockets.ts';

/** What a reload did. With mistakes nothing changed. */
export type ReloadAnswer = {
  file: string | null;
  /** As a person reads them. */
  mistakes: string[];
  warnings: string[];
  /** Changed and in force. */
  applied: SettingName[];
  /** Changed in the file, and in force after a restart. */
  restart: SettingName[];
  /** What went wrong in a process that was told; the log has more. */
  problems: string[];
};

export type Reloader = {
  /** `dry`: only says what would be. */
  reload(options: { dry: boolean }): Promise<ReloadAnswer>;
  /** Settings that hold until the next reload, whatever the file says. */
  apply(settings: Partial<Settings>): Promise<string[]>;
};

type Options = {
  /** Of the whole house: changed in place. */
  settings: Settings;
  tls: TlsPair;
  log: Log;
  reread(): Loaded;
  /** The certificate that these settings name, read anew. Throws a sentence. */
  certificate(settings: Settings): Promise<TlsPair>;
  /** These texts are in force now. */
  keep(texts: Loaded['texts']): void;
  /** Tells every process; answers what went wrong there. */
  tell(change: Change, sockets: Sockets): Promise<string[]>;
};

export function createReloader(o: Options): Reloader {
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time, in the order they were asked for. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = last.then(act);
    last = mine.catch(() => {});
    return mine;
  };

  async function reload(dry: boolean): Promise<ReloadAnswer> {
    const loaded = o.reread();
    const answer: ReloadAnswer = {
      file: loaded.file === null ? null : resolve(loaded.file),
      mistakes: loaded.mistakes.map(mistakeLine),
      warnings: loaded.warnings.map(mistakeLine),
      applied: [],
      restart: [],
      problems: [],
    };
    if (answer.mistakes.length > 0) return answer;
    const changed = changedSettings(o.settings, loaded.settings);
    answer.restart = changed.filter(needsRestart);
    answer.applied = changed.filter(name => !needsRestart(name));
    const next = { ...o.settings, ...picked(loaded.settings, answer.applied) };
    try {
      const tls = await o.certificate(next);
      const isOther = tls.cert !== o.tls.cert || tls.key !== o.tls.key;
      if (isOther && !answer.applied.includes('tls_cert')) answer.applied.push('tls_cert');
      if (dry) return answer;
      const sockets = await boundFor(next, o.settings);
      answer.problems = await put({ settings: picked(next, answer.applied), tls: isOther ? tls : null }, sockets);
    } catch (error) {
      return { ...answer, mistakes: [(error as Error).message], applied: [], restart: [] };
    }
    const { applied, restart, problems } = answer;
    o.keep(loaded.texts);
    o.log.info('settings reloaded', { applied, restart, problems });
    return answer;
  }

  /** First ours, so that a process that starts just now begins with them; then those of all who run. */
  async function put(change: Change, sockets: Sockets): Promise<string[]> {
    Object.assign(o.settings, change.settings);
    if (change.tls) Object.assign(o.tls, change.tls);
    try {
      return await o.tell(change, sockets);
    } finally {
      for (const bound of [...sockets.values()].flat()) bound.close();
    }
  }

  return {
    reload: ({ dry }) =>
      inTurn(() => reload(dry)).then(answer => {
        if (answer.mistakes.length > 0) o.log.warn('settings not reloaded', { mistakes: answer.mistakes });
        return answer;
      }),
    apply: settings => inTurn(() => put({ settings, tls: null }, new Map())),
  };
}

function picked(from: Settings, names: SettingName[]): Partial<Settings> {
  return Object.fromEntries(names.map(name => [name, from[name]]));
}

/** The new ports are bound before the old ones are left; when one cannot be had, all stay as they are. */
async function boundFor(settings: Settings, old: Settings): Promise<Sockets> {
  const sockets = new Map<string, Bound[]>();
  try {
    for (const { name, setting } of listeners.filter(l => settings[l.setting] !== old[l.setting])) {
      const owner = ownerOf(setting, settings, old);
      if (owner !== null)
        throw new Error(
          `${setting}: port ${settings[setting]} is still that of ${owner}: another one first and then that, or a restart`,
        );
      sockets.set(name, await bind(settings, setting, 0));
    }
    return sockets;
  } catch (error) {
    for (const bound of [...sockets.values()].flat()) bound.close();
    throw error;
  }
}

/** Which listener of ours has the port now, on an address that this one wants; null: none. */
function ownerOf(wants: PortSetting, settings: Settings, old: Settings): PortSetting | null {
  const port = settings[wants];
  const holds = (l: PortSetting) =>
    port !== 0 && old[l] === port && meet(addressesOf(old, l), addressesOf(settings, wants));
  return listeners.find(l => holds(l.setting))?.setting ?? null;
}

/** Where nobody asked: what is wrong goes to the log, and the terminal. */
export function reloadUnasked(reloader: Reloader, log: Log, notice: (text: string) => void): void {
  reloader.reload({ dry: false }).then(
    answer => {
      for (const line of reloadReport(answer)) notice(line);
    },
    error => log.error('reload', because(error)),
  );
}

/** What a person reads of a reload, line by line. */
export function reloadReport(a: ReloadAnswer): string[] {
  if (a.mistakes.length > 0) return [...a.mistakes, 'Nothing was changed.'];
  return [
    ...a.warnings.map(w => `${w} (a warning)`),
    a.applied.length > 0 ? `Applied: ${a.applied.join(', ')}` : 'Nothing was changed that can be applied.',
    ...(a.restart.length > 0 ? [`Needs a restart (stop, then cwmail start): ${a.restart.join(', ')}`] : []),
    ...a.problems.map(p => `Went wrong: ${p}; the log has more`),
  ];
}
