/** Runs the benches named (all: none named), one after the other, and prints one table of ratios. */
import { cpus } from 'node:os';
import { benchPop3 } from './pop3.ts';
import { benchProcess } from './process.ts';
import { benchQueue } from './queue.ts';
import { perSecond, type Row, times } from './row.ts';
import { benchSearch } from './search.ts';
import { benchSite } from './site.ts';
import { benchSmtp } from './smtp.ts';
import { benchWebmail } from './webmail.ts';

const benches: Record<string, () => Promise<Row[]>> = {
  smtp: benchSmtp,
  pop3: async () =>
    (await benchPop3()).map(r => ({
      what: r.what,
      ours: perSecond(r.ours),
      peer: r.peer === null ? null : perSecond(r.peer),
      peerName: r.peerName,
      ratio: r.peer === null ? '' : times(r.ours, r.peer),
    })),
  queue: benchQueue,
  site: benchSite,
  search: benchSearch,
  webmail: benchWebmail,
  process: benchProcess,
};

const named = process.argv.slice(2);
const rows: Row[] = [];
for (const [name, bench] of Object.entries(benches))
  if (named.length === 0 || named.includes(name)) rows.push(...(await bench()));
console.log(`\n${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`);
console.log('| what | ours | beside | | ratio |\n| --- | ---: | ---: | --- | ---: |');
for (const r of rows) console.log(`| ${r.what} | ${r.ours} | ${r.peer ?? ''} | ${r.peerName} | ${r.ratio} |`);
process.exit(0);
