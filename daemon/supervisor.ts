/**
 * The supervisor, heir of dwatch: takes the data folder's lock, makes what a first start needs, binds the ports,
 * starts daemon, web and fetcher and keeps them alive, relays between them, writes the log, and stops them in order.
 * It handles no mail. Only it may ever be root.
 */
import { rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Change, Init } from './child.ts';
import { type Loaded, ownDomains, type Settings } from './config.ts';
import { controlPath, createSwitchboard, listenControl } from './control.ts';
import { because, createLog, type Log, printable } from './log.ts';
import { keepSnapshot } from './snapshots.ts';
import { lockStore } from './store-lock.ts';
import { type Child, keepChild } from './supervisor/child-process.ts';
import { openLogFile } from './supervisor/logfile.ts';
import { createReloader, type Reloader, reloadUnasked } from './supervisor/reload.ts';
import { openHere } from './supervisor/single.ts';
import { type Sockets, socketsOf } from './supervisor/sockets.ts';
import type { Verbs } from './tell.ts';
import { certificate, secretFile } from './wire/certificate.ts';

export { openLogFile } from './supervisor/logfile.ts';
export { type ReloadAnswer, reloadReport } from './supervisor/reload.ts';
export { PortError, portProblem } from './supervisor/sockets.ts';

/** What a person at the terminal must mend; its message says what is wrong and how. */
export class StartError extends Error {}

export type House = {
  logFile: string;
  /** Reads the settings anew and applies what may change; what is wrong is told by notice and log. */
  reload(): void;
  /** Ends everything within about `graceMs`. */
  stop(graceMs: number): Promise<void>;
};

export type StartOptions = {
  settings: Settings;
  /** What stands in the files these settings came from. */
  texts: Loaded['texts'];
  /** Reads the settings anew, from where these came. */
  reread(): Loaded;
  /** All in this one process. */
  single: boolean;
  /** Something a person should see at once. */
  notice(text: string): void;
  /** Somebody has asked, over the control socket, that the house be stopped. */
  stopAsked(): void;
};

type Name = 'daemon' | 'web' | 'fetcher';

/** Starts the whole house; resolves once it serves. Throws StartError or PortError for what a person can mend. */
export async function startHouse({ settings, texts, reread, single, notice, stopAsked }: StartOptions): Promise<House> {
  const unlock = lockedBy(settings.data_path);
  if (!unlock)
    throw new StartError(
      `Another cwmail is running on ${settings.data_path}. Stop it first, or set another data_path.`,
    );
  const file = openLogFile(join(settings.data_path, 'log'));
  const line = (text: string) => heard(text, file.write, notice);
  const log = createLog(() => settings.log_level, line, { process: 'supervisor' });
  const init: Omit<Init, 'sockets'> = {
    settings,
    tls: await tlsPair(settings),
    serviceKey: secretFile(join(settings.data_path, 'service.key')),
  };
  const children = new Map<Name, Child>();
  const verbs: Verbs = {};
  const switchboard = createSwitchboard(verbs);
  const control = await listenControl(controlPath(settings.data_path), switchboard);
  const here = single ? await openHere(init, switchboard, line) : null;
  const begin = async (name: Name) => {
    const spawned = { name, file: entry(name), init, log, line, attach: switchboard.attach };
    const child = here?.run(name) ?? keepChild(spawned);
    children.set(name, child);
    await child.ready;
  };
  const close = async (graceMs: number) => {
    await end(children, control, settings, graceMs);
    await here?.close();
    unlock();
  };
  const keep = (inForce: Loaded['texts']) => keepQuietly(settings, inForce, log);
  const reloader = createReloader({
    keep,
    settings,
    tls: init.tls,
    log,
    reread,
    certificate: tlsPair,
    tell: (change, sockets) => tellAll(children, change, sockets, begin, settings),
  });
  const started = Date.now();
  Object.assign(verbs, ownVerbs({ children, reloader, started, stopAsked }));
  log.info('starting', { data: settings.data_path, single, processes: wanted(settings) });
  try {
    await Promise.all(wanted(settings).map(begin));
  } catch (error) {
    await close(2000);
    throw error instanceof Error && error.constructor === Error ? new StartError(error.message) : error;
  }
  keep(texts);
  log.info('serving');
  return {
    logFile: file.path,
    reload: () => reloadUnasked(reloader, log, notice),
    async stop(graceMs) {
      log.info('stopping');
      await close(graceMs);
      log.info('stopped');
    },
  };
}

/** What is in force now, for who wants it back later; serving does not hang on it. */
function keepQuietly({ data_path }: Settings, texts: Loaded['texts'], log: Log): void {
  try {
    keepSnapshot(data_path, { at: Date.now(), why: 'in force', texts });
  } catch (error) {
    log.warn('settings not kept', because(error));
  }
}

/** The fetcher only while there is something to fetch, or somebody to ask, and we may. */
function wanted(settings: Settings): Name[] {
  const asks = settings.webmail_for !== null || settings.fetch.length + settings.etrn_from.length > 0;
  return asks && settings.online !== 'never' ? ['daemon', 'web', 'fetcher'] : ['daemon', 'web'];
}

/** Tells all who run; then the fetcher comes or goes. Answers what went wrong. */
async function tellAll(
  children: Map<Name, Child>,
  change: Change,
  sockets: Sockets,
  begin: (name: Name) => Promise<void>,
  settings: Settings,
): Promise<string[]> {
  const told = [...children].map(async ([name, child]) => {
    const problem = await child.reload(change, socketsOf(name, sockets));
    return problem === null ? [] : [`${name}: ${problem}`];
  });
  const problems = (await Promise.all(told)).flat();
  const fetcher = children.get('fetcher');
  const isWanted = wanted(settings).includes('fetcher');
  if (fetcher && !isWanted) {
    children.delete('fetcher');
    await fetcher.stop(8000);
  }
  if (!fetcher && isWanted)
    await begin('fetcher').catch(error => {
      children.delete('fetcher');
      problems.push(`fetcher: ${error.message}`);
    });
  return problems;
}

function lockedBy(folder: string): (() => void) | null {
  try {
    return lockStore(folder);
  } catch (error) {
    throw new StartError(
      `The data folder ${folder} cannot be used: ${(error as Error).message}. Mend data_path or its rights.`,
    );
  }
}

const entries = { daemon: 'main.ts', web: '../web/main.ts', fetcher: '../fetcher/main.ts' };
const entry = (name: keyof typeof entries): string => new URL(entries[name], import.meta.url).pathname;

/** The webmail and the fetcher go first: what they hand over is still taken. */
async function end(children: Map<Name, Child>, control: Server, settings: Settings, graceMs: number): Promise<void> {
  const others = [...children].filter(([name]) => name !== 'daemon');
  await Promise.all(others.map(([, c]) => c.stop(graceMs * 0.4)));
  await children.get('daemon')?.stop(graceMs * 0.6);
  control.close();
  rmSync(controlPath(settings.data_path), { force: true });
}

async function tlsPair(settings: Settings): Promise<Init['tls']> {
  try {
    const names = [...new Set([...ownDomains(settings), 'localhost'])];
    return await certificate({ cert: settings.tls_cert, key: settings.tls_key }, settings.data_path, names);
  } catch (error) {
    throw new StartError(`The certificate cannot be used: ${(error as Error).message}. Mend tls_cert and tls_key.`);
  }
}

type Parts = {
  children: Map<Name, Child>;
  reloader: Reloader;
  /** When it was started, in ms. */
  started: number;
  stopAsked(): void;
};

function ownVerbs({ children, reloader, started, stopAsked }: Parts): Verbs {
  return {
    status: async () => ({
      uptime: Math.round((Date.now() - started) / 1000),
      processes: Object.fromEntries([...children].map(([name, child]) => [name, child.status()])),
    }),
    reload: async ({ dry }: { dry: boolean }) => reloader.reload({ dry }),
    'log.level': async ({ level }: { level: Settings['log_level'] }) => reloader.apply({ log_level: level }),
    stop: async () => void setImmediate(stopAsked),
  };
}

/** Every line goes to the file; the gravest also to the terminal, as words. */
function heard(line: string, write: (line: string) => void, notice: (text: string) => void): void {
  // What Node itself says, of a crash say, is no JSON of ours.
  if (!line.startsWith('{"time":'))
    return createLog('error', own => heard(own, write, notice)).error('said', { text: line.trimEnd() });
  write(line);
  if (!line.includes('"level":"error"')) return;
  try {
    const { event, process, error, text } = JSON.parse(line) as Record<string, string>;
    notice(printable([process, event, error ?? text].filter(Boolean).join(': ')));
  } catch {
    notice(printable(line.trimEnd()));
  }
}
