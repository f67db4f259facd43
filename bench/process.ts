/** Memory after start as the sum of PSS, and the time from the command to serving: first start, then warm. */
import { readFileSync } from 'node:fs';
import { family, startHouse } from '../test/harness.ts';
import { median, type Row } from './row.ts';

export async function benchProcess(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const single of [false, true]) {
    const house = await startHouse({ single });
    await fetch(`http://127.0.0.1:${house.ports.http}/health`);
    await new Promise(resolve => setTimeout(resolve, 1500));
    const pids = await family(house.child.pid!);
    const pss = pids.reduce((sum, pid) => sum + pssOf(pid), 0);
    rows.push({
      what: `Memory after start, ${single ? '--single' : `${pids.length} processes`} (PSS)`,
      ours: `${Math.round(pss / 1024)} MB`,
      peer: null,
      peerName: '',
      ratio: `under ${single ? 140 : 260} MB`,
    });
    await house.remove();
  }
  const first: number[] = [];
  const warm: number[] = [];
  for (let i = 0; i < 3; i++) {
    const empty = { NODE_COMPILE_CACHE: `/tmp/cwmail-bench-cache-${process.pid}-${i}` };
    let began = performance.now();
    const house = await startHouse({ env: empty });
    first.push(performance.now() - began);
    await house.stop();
    began = performance.now();
    await house.restart();
    warm.push(performance.now() - began);
    await house.remove();
  }
  const seconds = (values: number[]) => `${(median(values) / 1000).toFixed(2)} s`;
  rows.push({
    what: 'From the command to serving, very first start',
    ours: seconds(first),
    peer: null,
    peerName: '',
    ratio: 'under 4 s',
  });
  rows.push({
    what: 'From the command to serving, warm',
    ours: seconds(warm),
    peer: null,
    peerName: '',
    ratio: 'under 2 s',
  });
  return rows;
}

export function pssOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))![1]);
  } catch {
    return 0; // ended meanwhile, such as the ps that listed it
  }
}
