/**
 * What every process of the house begins and ends with: it is given settings, sockets and keys by the supervisor,
 * opens the store, starts its servers, says that it is ready, and drains when told to stop or left alone.
 */
import { flushCompileCache } from 'node:module';
import type { Server } from 'node:net';
import { type Change, createLive, type Handle, type Live, type Reloaded } from './child/live.ts';
import type { Settings } from './config.ts';
import { because, createLog, flushLog, type Log } from './log.ts';
import { openStore, type Store } from './store.ts';
import { type Channel, createTell, type Message, type Tell, type Verbs } from './tell.ts';
import type { TlsPair } from './wire/certificate.ts';

export { type Change, createLive, type Handle, type Place } from './child/live.ts';

/** What the supervisor hands down. */
export type Init = {
  settings: Settings;
  tls: TlsPair;
  serviceKey: string;
  /** Bound sockets by the listener's name, one for each address, as descriptors of the child. */
  sockets: Record<string, number[]>;
};

export type Context = {
  /** Read where they are used: a reload exchanges values in place. */
  settings: Settings;
  tls: TlsPair;
  serviceKey: string;
  store: Store;
  log: Log;
  now: () => number;
  /** Joins the switchboard with the verbs this process answers. */
  connect(verbs: Verbs): Tell;
  /** Makes a server accept on the sockets of this name; where its port is 0, when a reload gives it one. */
  listen(server: Server, name: string): Promise<void>;
  /** For what must happen when settings changed; who only reads them need not be told. */
  reloaded(act: Reloaded): void;
};

export type Running = { stop(graceMs: number): Promise<void> };
export type Start = (context: Context) => Promise<Running>;

/** The supervisor's words to a child, and the child's back; everything else on the channel is a Message. */
export type ToChild =
  | { kind: 'init'; init: Init }
  /** With a handle: a socket a listener moves to at the next reload. */
  | { kind: 'socket'; name: string }
  /** `moved`: listeners that leave where they are, for the sockets that came before, or for none. */
  | { kind: 'reload'; id: number; change: Change; moved: string[] }
  | { kind: 'stop'; graceMs: number }
  | Message;
export type FromChild =
  | { kind: 'ready' }
  | { kind: 'failed'; message: string }
  /** `problem` null: all of it is done. */
  | { kind: 'reloaded'; id: number; problem: string | null }
  | Message;

/** Runs a process body as a child of the supervisor; for the mains. */
export function runChild(name: string, start: Start): void {
  process.on('SIGINT', () => {}); // the terminal tells everybody; the supervisor decides
  process.on('SIGTERM', () => {});
  process.on('SIGHUP', () => {});
  // Without a supervisor there is nobody to restart us, and a new one needs our ports.
  process.once('disconnect', () => process.exit(0));
  process.once('message', (first: ToChild) => {
    if (first.kind === 'init') void begin(name, start, first.init);
  });
}

/** What every process answers. `memory`: octets it holds; `uptime`: seconds. */
export const verbsOfAll: Verbs = {
  'process.status': async () => ({ memory: process.memoryUsage.rss(), uptime: Math.round(process.uptime()) }),
};

/** So long those who wait for an answer may still be given it. */
const lastWordsMs = 200;

/** What to do when a sync failed: what the disk holds is unknown now, and only a new process reads it anew. */
export function endOnDiskFailure(log: Log): (error: Error) => void {
  return error => {
    log.error('the disk failed, the process ends', because(error));
    setTimeout(() => process.exit(1), lastWordsMs);
  };
}

async function begin(name: string, start: Start, init: Init): Promise<void> {
  const log = createLog(() => init.settings.log_level).child({ process: name });
  const die = (error: unknown): never => {
    log.error('process ends', because(error));
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  try {
    const fatal = endOnDiskFailure(log);
    const indexes = name === 'daemon';
    const store = await openStore({ path: init.settings.data_path, writer: 'thread', fatal, indexes });
    const live = createLive(init.settings, init.tls);
    const context: Context = {
      ...init,
      store,
      log,
      now: () => Date.now(),
      connect: verbs => createTell(parentChannel(), { ...verbsOfAll, ...verbs }),
      listen: (server, socket) =>
        live.serve(
          socket,
          server,
          (init.sockets[socket] ?? []).map(fd => ({ fd })),
        ),
      reloaded: live.reloaded,
    };
    const running = await start(context);
    process.on('message', (message: ToChild) => {
      if (message.kind !== 'stop') return;
      live.leave();
      void end(running, store, message.graceMs);
    });
    obeyReloads(live, log);
    post({ kind: 'ready' });
    flushCompileCache();
  } catch (error) {
    // The supervisor says it, once, to whoever starts us.
    post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    log.warn('did not start', because(error));
    flushLog();
    process.exit(1);
  }
}

/** Sockets come one by one, each as a handle beside its message, before the reload that uses them. */
function obeyReloads(live: Live, log: Log): void {
  let came: [name: string, handle: Handle][] = [];
  process.on('message', (message: ToChild, handle: unknown) => {
    if (message.kind === 'socket') came.push([message.name, handle as Handle]);
    if (message.kind !== 'reload') return;
    const { id, change, moved } = message;
    const handlesOf = (name: string) => came.filter(([whose]) => whose === name).map(([, h]) => h);
    const sockets = new Map(moved.map(name => [name, handlesOf(name)]));
    came = [];
    const done = (problem: string | null) => post({ kind: 'reloaded', id, problem });
    live.take(change, sockets).then(
      () => done(null),
      error => {
        log.error('reload', because(error));
        done(error instanceof Error ? error.message : String(error));
      },
    );
  });
}

async function end(running: Running, store: Store, graceMs: number): Promise<void> {
  await running.stop(graceMs);
  await store.close();
  flushLog();
  process.exit(0);
}

function post(message: FromChild): void {
  if (process.connected) process.send!(message);
}

function parentChannel(): Channel {
  return {
    post,
    onMessage: listener =>
      void process.on('message', (m: ToChild) => {
        if (m.kind === 'ask' || m.kind === 'answer' || m.kind === 'changed') listener(m);
      }),
    onClose: listener => void process.on('disconnect', listener),
    close: () => {},
  };
}
