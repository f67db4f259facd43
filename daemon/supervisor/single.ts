import type { Context, Init, Running, Start } from '../child.ts';
import { endOnDiskFailure, listening } from '../child.ts';
import { channelPair, type Switchboard } from '../control.ts';
import { createLog } from '../log.ts';
import { openStore } from '../store.ts';
import { createTell, type Target } from '../tell.ts';
import type { Child } from './child-process.ts';
import { PortError, portsOf } from './sockets.ts';

type Name = 'daemon' | 'web' | 'fetcher';

const bodies: Record<Name, () => Promise<Start>> = {
  daemon: async () => (await import('../main.ts')).startDaemon,
  web: async () => (await import('../../web/main.ts')).startWeb,
  fetcher: async () => (await import('../../fetcher/main.ts')).startFetching,
};

/** `--single`: the same bodies in this process, on one store; less memory, and a fault takes all of it down. */
export async function runHere(
  init: Omit<Init, 'sockets'>,
  names: Name[],
  switchboard: Switchboard,
  line: (text: string) => void,
): Promise<Child> {
  const { settings } = init;
  const log = createLog(settings.log_level, line);
  const store = await openStore({ path: settings.data_path, writer: 'thread', fatal: endOnDiskFailure(log) });
  const running: Running[] = [];
  for (const name of names) {
    const context: Context = {
      ...init,
      store,
      log: log.child({ process: name }),
      now: () => Date.now(),
      connect(verbs) {
        const [ours, theirs] = channelPair();
        switchboard.attach(name satisfies Target, theirs);
        return createTell(ours, verbs);
      },
      async listen(server, socket) {
        const at = portsOf(settings, name).find(p => p.name === socket)!;
        await listening(server, { host: settings.listen, port: at.port }).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EADDRINUSE') throw error;
          throw new PortError(
            `Port ${at.port} on ${settings.listen} is taken by another program. Choose another with ${at.setting}.`,
          );
        });
      },
    };
    running.push(await (await bodies[name]())(context));
  }
  return {
    ready: Promise.resolve(),
    status: () => ({ pid: process.pid, restarts: 0 }),
    async stop(graceMs) {
      for (const r of running.reverse()) await r.stop(graceMs / running.length);
      await store.close();
    },
  };
}
