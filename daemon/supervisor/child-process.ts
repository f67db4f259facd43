import { type ChildProcess, type SendHandle, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Change, FromChild, Handle, Init, ToChild } from '../child.ts';
import type { Log } from '../log.ts';
import type { Channel, Message, Target } from '../tell.ts';
import { type Bound, bind, listeners, type Sockets } from './sockets.ts';

export type ChildOptions = {
  name: 'daemon' | 'web' | 'fetcher';
  /** The file Node runs. */
  file: string;
  init: Omit<Init, 'sockets'>;
  log: Log;
  /** A line the child wrote. */
  line(text: string): void;
  attach(name: Target, channel: Channel): void;
};

export type Child = {
  /** Resolves once it serves; rejects when its first start failed. */
  ready: Promise<void>;
  stop(graceMs: number): Promise<void>;
  /**
   * Gives a running child what changed, and listeners other sockets (none: they end). Resolves with what went wrong there;
   * null: nothing. One that is away begins with the new settings anyhow.
   */
  reload(change: Change, sockets: Sockets): Promise<string | null>;
  status(): { pid: number | null; restarts: number };
};

const firstPause = 500;
const longestPause = 60_000;
/** A child that lived this long starts afresh: its next death is not part of a row. */
const soundAfter = 60_000;
const portPatience = 3000;
/** Of a child, behind its standard streams and its channel. */
const firstFd = 4;

/** One child, kept alive: a death is said and answered by a restart after a growing pause. */
export function keepChild(o: ChildOptions): Child {
  let current: ChildProcess | null = null;
  let stopping = false;
  let restarts = 0;
  let pause = firstPause;
  let timer: NodeJS.Timeout | null = null;
  let hasServed = false;
  /** The last launch got as far as a process, whose exit will be heard. */
  let wasBorn = false;

  const launch = async (): Promise<void> => {
    wasBorn = false;
    const child = await spawned(o);
    wasBorn = true;
    current = child;
    const born = performance.now();
    child.once('exit', (code, signal) => {
      current = null;
      if (stopping) return;
      // A first start that fails is for whoever started us to mend.
      if (!hasServed) return o.log.warn('process ended before it served', { process: o.name, code, signal });
      if (performance.now() - born > soundAfter) pause = firstPause;
      o.log.error('process died', { process: o.name, code, signal, restartIn: later() });
    });
    if (stopping) child.kill('SIGKILL');
    await readiness(child);
    hasServed = true;
  };
  const again = () => {
    restarts++;
    void launched().then(
      () => o.log.info('process restarted', { process: o.name, restarts }),
      error => {
        o.log.error('process did not start', { process: o.name, error: (error as Error).message });
        // With no process there is no death to answer: its port was taken meanwhile, or the system has no room for it.
        if (!wasBorn) later();
      },
    );
  };
  const later = (): number => {
    const after = pause;
    if (!stopping) timer = setTimeout(again, after);
    pause = Math.min(pause * 2, longestPause);
    return after;
  };
  /** Settled when the last launch has served, or has not. */
  let starting: Promise<unknown> = Promise.resolve();
  const launched = () => {
    const launching = launch();
    starting = launching.catch(() => {});
    return launching;
  };
  return {
    ready: launched(),
    async reload(change, sockets) {
      await starting;
      return current ? reloaded(current, change, sockets) : null;
    },
    status: () => ({ pid: current?.pid ?? null, restarts }),
    async stop(graceMs) {
      stopping = true;
      if (timer) clearTimeout(timer);
      if (current) await ended(current, graceMs);
    },
  };
}

/** What the launcher says of the heap holds for all processes. */
const heapOptions = process.execArgv.filter(option => option.startsWith('--max-semi-space-size='));

async function spawned(o: ChildOptions): Promise<ChildProcess> {
  const bound: Bound[] = [];
  const sockets: Record<string, number[]> = {};
  try {
    for (const { name, setting } of listeners.filter(l => l.process === o.name)) {
      const places = await bind(o.init.settings, setting, portPatience);
      sockets[name] = places.map((_, i) => firstFd + bound.length + i);
      bound.push(...places);
    }
    const child = spawn(process.execPath, [...heapOptions, o.file], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', ...bound.map(b => b.fd)],
    });
    await birth(child);
    for (const stream of [child.stdout!, child.stderr!])
      createInterface({ input: stream }).on('line', text => o.line(`${text}\n`));
    o.attach(o.name, channelOf(child));
    tell(child, { kind: 'init', init: { ...o.init, sockets } });
    return child;
  } finally {
    for (const b of bound) b.close();
  }
}

/** A process that could not be made has no streams and never exits: it only says so. */
function birth(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.on('error', reject);
  });
}

function readiness(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let why = 'it ended before it was ready; the log says why';
    child.on('message', (m: FromChild) => {
      if (m.kind === 'ready') resolve();
      if (m.kind === 'failed') why = m.message;
    });
    child.once('exit', () => reject(new Error(why)));
  });
}

function ended(child: ChildProcess, graceMs: number): Promise<void> {
  return new Promise(resolve => {
    const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.once('exit', () => {
      clearTimeout(kill);
      resolve();
    });
    // The child is given less than we wait, so that it can end by itself.
    tell(child, { kind: 'stop', graceMs: Math.max(graceMs - 2000, 0) });
  });
}

let reloads = 0;
/** Parking a long queue takes its time; a process that is stuck must not hold up the next reload. */
const reloadPatience = 60_000;

function reloaded(child: ChildProcess, change: Change, sockets: Sockets): Promise<string | null> {
  const id = ++reloads;
  for (const [name, places] of sockets) for (const bound of places) tell(child, { kind: 'socket', name }, bound.handle);
  tell(child, { kind: 'reload', id, change, moved: [...sockets.keys()] });
  return new Promise(resolve => {
    const late = setTimeout(() => done('it has not answered for a minute'), reloadPatience);
    const done = (problem: string | null) => {
      clearTimeout(late);
      child.off('message', hear);
      child.off('exit', gone);
      resolve(problem);
    };
    const hear = (m: FromChild) => {
      if (m.kind === 'reloaded' && m.id === id) done(m.problem);
    };
    const gone = () => done(null);
    child.on('message', hear);
    child.on('exit', gone);
  });
}

function tell(child: ChildProcess, message: ToChild, handle?: Handle): void {
  if (child.connected) child.send(message, handle as SendHandle | undefined, () => {});
}

function channelOf(child: ChildProcess): Channel {
  return {
    post: message => tell(child, message),
    onMessage: listener =>
      void child.on('message', (m: FromChild) => {
        if (m.kind === 'ask' || m.kind === 'answer' || m.kind === 'changed') listener(m as Message);
      }),
    onClose: listener => void child.once('exit', listener),
    close: () => {},
  };
}
