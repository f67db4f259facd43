import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { family } from '../test/harness.ts';
import { median, perSecond, type Row, times } from './row.ts';

/** Of one round: messages a second, and milliseconds of processor time a message (that of the benches' own programs not counted). */
export type Taken = { rate: number; cpu: number };

/** From now on; asked as often as one likes. */
export async function stopwatch(process: number, count: number): Promise<() => Promise<Taken>> {
  const cpu = await cpuOf(process);
  const began = performance.now();
  return async () => {
    const rate = (count / (performance.now() - began)) * 1000;
    return { rate, cpu: ((await cpuOf(process)) - cpu) / count };
  };
}

/** Milliseconds that a process and all below it have had, with those that have ended. */
async function cpuOf(process: number): Promise<number> {
  const tick = 10;
  let ticks = 0;
  for (const pid of await family(process)) {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
    const fields = stat.replace(/^.*\) /, '').split(' ');
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return ticks * tick;
}

export const masterOf = async (conf: string): Promise<number> =>
  Number(await readFile(join(conf, '../queue/pid/master.pid'), 'utf8'));

/** The clock first; processor time tells more where the machine is shared. */
export function compared(what: string, peerName: string, ours: Taken[], peer: Taken[]): Row[] {
  const rate = { ours: median(ours.map(t => t.rate)), peer: median(peer.map(t => t.rate)) };
  const cpu = { ours: median(ours.map(t => t.cpu)), peer: median(peer.map(t => t.cpu)) };
  return [
    { what, ours: perSecond(rate.ours), peer: perSecond(rate.peer), peerName, ratio: times(rate.ours, rate.peer) },
    {
      what: `the same, processor time a message`,
      ours: `${cpu.ours.toFixed(2)} ms`,
      peer: `${cpu.peer.toFixed(2)} ms`,
      peerName,
      ratio: times(cpu.peer, cpu.ours),
    },
  ];
}
