import type { QueueStatus } from '../queue.ts';
import type { Tell } from '../tell.ts';
import { inWords } from './age.ts';
import { type CommandContext, print, withTell } from './command.ts';

type Process = { pid: number | null; restarts: number /** Octets; null: it does not answer. */; memory: number | null };
type Daemon = {
  sessions: Record<string, number>;
  queue: QueueStatus /** Writes that wait for their commit. */;
  writes: number;
};
type Status = {
  /** Seconds. */
  uptime: number;
  processes: Record<string, Process>;
  /** Null: the daemon does not answer now. */
  daemon: Daemon | null;
};

export async function status(context: CommandContext): Promise<number> {
  return await withTell(context, async tell => {
    const found = await gather(tell);
    if (context.options.json) print(JSON.stringify(found));
    else for (const line of shown(found)) print(line);
    return found.daemon === null ? 1 : 0;
  });
}

async function gather(tell: Tell): Promise<Status> {
  const house = (await tell.ask('supervisor', 'status', {})) as Omit<Status, 'daemon'>;
  const processes = await Promise.all(
    Object.entries(house.processes).map(async ([name, about]) => {
      const own = await tell.ask(name as 'daemon', 'process.status', {}).catch(() => null);
      return [name, { ...about, memory: (own as { memory: number } | null)?.memory ?? null }] as const;
    }),
  );
  const daemon = (await tell.ask('daemon', 'status', {}).catch(() => null)) as Daemon | null;
  return { ...house, processes: Object.fromEntries(processes), daemon };
}

function shown({ uptime, processes, daemon }: Status): string[] {
  const lines = [`Running    for ${inWords(uptime)}`];
  for (const [name, p] of Object.entries(processes)) {
    const memory = p.memory === null ? 'does not answer' : `${Math.round(p.memory / 1024 ** 2)} MB`;
    lines.push(
      `  ${name.padEnd(8)} pid ${p.pid ?? '-'}, ${memory}, restarted ${p.restarts === 1 ? 'once' : `${p.restarts} times`}`,
    );
  }
  if (daemon === null) return [...lines, 'The daemon does not answer now; the log says why.'];
  const { sessions, queue, writes } = daemon;
  const { waiting, sending, held } = queue.counts;
  const open = Object.entries(sessions).map(([name, n]) => `${name} ${n}`);
  return [
    ...lines,
    `Sessions   ${open.join(', ')}`,
    `Queue      ${waiting} waiting, ${sending} being sent, ${held} held`,
    ...queue.sending.map(d => `  ${d.id}  ${d.sender ?? '<>'} -> ${d.recipient}  to ${d.hop}`),
    ...queue.hops
      .filter(h => h.pausedUntil !== null)
      .map(h => `  ${h.hop} answered nothing, next try ${iso(h.pausedUntil!)}`),
    `Out        ${queue.outing.yes ? 'yes' : `no, ${queue.outing.reason}`}`,
    `Store      ${writes} writes under way`,
  ];
}

const iso = (at: number): string => new Date(at).toISOString();
