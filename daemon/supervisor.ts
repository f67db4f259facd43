/**
 * The supervisor, heir of dwatch: takes the data folder's lock, makes what a first start needs, binds the ports,
 * starts daemon, web and fetcher and keeps them alive, relays between them, writes the log, and stops them in order.
 * It handles no mail. Only it may ever be root.
 */
import { rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Init } from './child.ts';
import type { Settings } from './config.ts';
import { controlPath, createSwitchboard, listenControl } from './control.ts';
import { createLog, printable } from './log.ts';
import { lockStore } from './store-lock.ts';
import { type Child, keepChild } from './supervisor/child-process.ts';
import { openLogFile } from './supervisor/logfile.ts';
import { runHere } from './supervisor/single.ts';
import type { Verbs } from './tell.ts';
import { certificate, secretFile } from './wire/certificate.ts';

export { PortError } from './supervisor/sockets.ts';

/** What a person at the terminal must mend; its message says what is wrong and how. */
export class StartError extends Error {}

export type House = {
  logFile: string;
  /** Ends everything within about `graceMs`. */
  stop(graceMs: number): Promise<void>;
};

export type StartOptions = {
  settings: Settings;
  /** All in this one process. */
  single: boolean;
  /** Something a person should see at once. */
  notice(text: string): void;
};

/** Starts the whole house; resolves once it serves. Throws StartError or PortError for what a person can mend. */
export async function startHouse({ settings, single, notice }: StartOptions): Promise<House> {
  const unlock = lockedBy(settings.data_path);
  if (!unlock)
    throw new StartError(
      `Another cwmail is running on ${settings.data_path}. Stop it first, or set another data_path.`,
    );
  const file = openLogFile(join(settings.data_path, 'log'));
  const log = createLog(settings.log_level, line => heard(line, file.write, notice), { process: 'supervisor' });
  const init: Omit<Init, 'sockets'> = {
    settings,
    tls: await tlsPair(settings),
    serviceKey: secretFile(join(settings.data_path, 'service.key')),
  };
  const children = new Map<string, Child>();
  const switchboard = createSwitchboard(ownVerbs(children));
  const control = await listenControl(controlPath(settings.data_path), switchboard);
  const names =
    settings.fetch.length && settings.online !== 'never'
      ? (['daemon', 'web', 'fetcher'] as const)
      : (['daemon', 'web'] as const);
  const line = (text: string) => heard(text, file.write, notice);
  log.info('starting', { data: settings.data_path, single, processes: [...names] });
  try {
    if (single) children.set('all', await runHere(init, [...names], switchboard, line));
    else
      for (const name of names)
        children.set(name, keepChild({ name, file: entry(name), init, log, line, attach: switchboard.attach }));
    await Promise.all([...children.values()].map(c => c.ready));
  } catch (error) {
    await end(children, control, settings, 2000);
    unlock();
    throw error instanceof Error && error.constructor === Error ? new StartError(error.message) : error;
  }
  log.info('serving');
  return {
    logFile: file.path,
    async stop(graceMs) {
      log.info('stopping');
      await end(children, control, settings, graceMs);
      log.info('stopped');
      unlock();
    },
  };
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
async function end(children: Map<string, Child>, control: Server, settings: Settings, graceMs: number): Promise<void> {
  const { daemon, ...others } = Object.fromEntries(children);
  await Promise.all(Object.values(others).map(c => c.stop(Math.min(graceMs, graceMs * 0.4))));
  await daemon?.stop(graceMs * 0.6);
  control.close();
  rmSync(controlPath(settings.data_path), { force: true });
}

async function tlsPair(settings: Settings): Promise<Init['tls']> {
  try {
    const names = [...new Set([...settings.host_domain, 'localhost'])];
    return await certificate({ cert: settings.tls_cert, key: settings.tls_key }, settings.data_path, names);
  } catch (error) {
    throw new StartError(`The certificate cannot be used: ${(error as Error).message}. Mend tls_cert and tls_key.`);
  }
}

function ownVerbs(children: Map<string, Child>): Verbs {
  return {
    status: async () => Object.fromEntries([...children].map(([name, child]) => [name, child.status()])),
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
