import type { Context, Init, Start } from '../child.ts';
import { createLive, endOnDiskFailure, verbsOfAll } from '../child.ts';
import { channelPair, type Switchboard } from '../control.ts';
import { createLog } from '../log.ts';
import { openStore } from '../store.ts';
import { createTell, type Target, type Tell } from '../tell.ts';
import type { Child } from './child-process.ts';
import { listeners, placesOf, portError } from './sockets.ts';

type Name = 'daemon' | 'web' | 'fetcher';

const bodies: Record<Name, () => Promise<Start>> = {
  daemon: async () => (await import('../main.ts')).startDaemon,
  web: async () => (await import('../../web/main.ts')).startWeb,
  fetcher: async () => (await import('../../fetcher/main.ts')).startFetching,
};

/** `--single`: the same bodies in this process, on one store; less memory, and a fault takes all of it down. */
export async function openHere(
  init: Omit<Init, 'sockets'>,
  switchboard: Switchboard,
  line: (text: string) => void,
): Promise<{ run(name: Name): Child; close(): Promise<void> }> {
  const { settings } = init;
  const log = createLog(() => settings.log_level, line);
  const store = await openStore({ path: settings.data_path, writer: 'thread', fatal: endOnDiskFailure(log) });

  function run(name: Name): Child {
    const live = createLive(settings, init.tls);
    const tells: Tell[] = [];
    const context: Context = {
      ...init,
      store,
      log: log.child({ process: name }),
      now: () => Date.now(),
      connect(verbs) {
        const [ours, theirs] = channelPair();
        switchboard.attach(name satisfies Target, theirs);
        tells.push(createTell(ours, { ...verbsOfAll, ...verbs }));
        return tells.at(-1)!;
      },
      async listen(server, socket) {
        const { setting } = listeners.find(l => l.name === socket)!;
        await live.serve(socket, server, placesOf(settings, setting)).catch(error => {
          throw portError(settings, setting, error);
        });
      },
      reloaded: live.reloaded,
    };
    const running = bodies[name]().then(start => start(context));
    return {
      ready: running.then(() => {}),
      status: () => ({ pid: process.pid, restarts: 0 }),
      async reload(change, sockets) {
        const handles = new Map([...sockets].map(([socket, bound]) => [socket, bound.map(b => b.give())]));
        return await live.take(change, handles).then(
          () => null,
          error => (error instanceof Error ? error.message : String(error)),
        );
      },
      async stop(graceMs) {
        const body = await running.catch(() => null);
        live.leave();
        await body?.stop(graceMs);
        for (const tell of tells) tell.close();
      },
    };
  }
  return { run, close: () => store.close() };
}
