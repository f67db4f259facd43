/**
 * The queue: 4 KB messages out to smtp-sink over 20 connections, beside Postfix relaying the same; and what a hundred
 * thousand parked deliveries cost, beside a hundred of them. Both queues are filled first and then let go. Both are
 * measured warm, by what the sink has taken: the clock starts with the message behind the first `warmUp`.
 */
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { controlPath } from '../daemon/control.ts';
import { type Acceptance, openStore, type Store } from '../daemon/store.ts';
import { createTell, dialControl, type Tell } from '../daemon/tell.ts';
import { inMemory, noSummary, plainTerms, recipientAt } from '../test/acceptance.ts';
import { family, startHouse } from '../test/harness.ts';
import { smtpSink, startPostfix } from '../test/postfix.ts';
import { openDialogue } from '../test/smtp-dialogue.ts';
import { pssOf } from './process.ts';
import { compared, masterOf, stopwatch, type Taken } from './processor.ts';
import { median, ms, type Row, times } from './row.ts';
import { type CountingSink, countingSink } from './sink.ts';

const run = promisify(execFile);
const rounds = 3;
const warmUp = 2000;
const count = 4000;

export async function benchQueue(): Promise<Row[]> {
  const out: Record<'ours' | 'peer', Taken[]> = { ours: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    out.ours.push(await oursOut());
    out.peer.push(await postfixOut());
  }
  const what = 'Queue out to smtp-sink, 4 KB, 20 connections';
  const sent = compared(what, 'Postfix, relaying', out.ours, out.peer);
  return [
    ...sent,
    aliveRow(await alive(50_000), await alive(0)),
    ...parkedRows(await parked(100_000), await parked(100)),
  ];
}

/** A house on a store that `fill` has filled before. */
async function houseOn(
  fill: (store: Store) => Promise<void>,
  set: Record<string, string | number>,
  lines: string[] = [],
) {
  const data = mkdtempSync(join(tmpdir(), 'cwmail-bench-queue-'));
  const fatal = (error: Error) => {
    throw error;
  };
  const store = await openStore({ path: data, writer: 'inline', fatal });
  await fill(store);
  await store.close();
  const house = await startHouse({ data, set, lines });
  return { house, tell: createTell((await dialControl(controlPath(data)))!) };
}

/** Of the messages behind the first. */
async function measured(sink: CountingSink, process: number): Promise<Taken> {
  await sink.has(warmUp);
  const before = sink.taken();
  const watch = await stopwatch(process, warmUp + count - before);
  await sink.has(warmUp + count);
  return watch();
}

async function oursOut(): Promise<Taken> {
  const sink = await countingSink();
  const bytes = Buffer.alloc(4096, `Subject: bench\r\n\r\n${'x'.repeat(70)}\r\n`);
  const { house, tell } = await houseOn(
    async store => {
      const fill = (i: number) => store.accept(acceptance([`r${i}@out.test`], bytes));
      for (let i = 0; i < warmUp + count; i += 500)
        await Promise.all(Array.from({ length: 500 }, (_, k) => fill(i + k)));
    },
    { online: 'always', gateway: `* 127.0.0.1:${sink.port}`, destination_connections: 20 },
  );
  const taken = await measured(sink, house.child.pid!);
  tell.close();
  await house.remove();
  sink.close();
  return taken;
}

async function postfixOut(): Promise<Taken> {
  const sink = await countingSink();
  const postfix = await startPostfix(`
relayhost = [127.0.0.1]:${sink.port}
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = permit_mynetworks, reject
smtp_destination_concurrency_limit = 20
initial_destination_concurrency = 20
defer_transports = smtp
`);
  const to = ['-f', 'eve@example.net', '-t', 'bob@out.test', `127.0.0.1:${postfix.port}`];
  await run('smtp-source', ['-d', '-s', '10', '-m', String(warmUp + count), '-l', '4096', ...to]);
  const queue = join(postfix.conf, '../queue');
  const parked = async () =>
    (await readdir(join(queue, 'active'))).length + (await readdir(join(queue, 'incoming'))).length;
  while ((await parked()) > 0) await pause(200);
  const quiet = { stdio: 'ignore' } as const;
  execFileSync('postconf', ['-c', postfix.conf, '-e', 'defer_transports='], quiet);
  execFileSync('postfix', ['-c', postfix.conf, 'reload'], quiet);
  await pause(1000);
  execFileSync('postqueue', ['-c', postfix.conf, '-f'], quiet);
  const taken = await measured(sink, await masterOf(postfix.conf));
  await postfix.close();
  sink.close();
  return taken;
}

/** Milliseconds from the start until a thousand messages have reached a host that lives, behind so many for one that is silent. */
async function alive(dead: number): Promise<number> {
  const sink = await countingSink();
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const bytes = Buffer.from('Subject: bench\r\n\r\ntext\r\n');
  const began = { at: 0 };
  const { house, tell } = await houseOn(
    async store => {
      const many = (n: number, domain: string) => Array.from({ length: n }, (_, i) => `r${i}@${domain}`);
      for (let i = 0; i < dead / 100; i++) await store.accept(acceptance(many(100, 'dead.test'), bytes));
      for (let i = 0; i < 1000; i += 500)
        await Promise.all(many(500, 'live.test').map(to => store.accept(acceptance([to], bytes))));
      began.at = performance.now();
    },
    { online: 'always' },
    [`gateway=dead.test 127.0.0.1:${port}`, `gateway=live.test 127.0.0.1:${sink.port}`],
  );
  await sink.has(1000);
  const taken = performance.now() - began.at;
  tell.close();
  await house.kill();
  sink.close();
  silent.close();
  rmSync(house.data, { recursive: true, force: true });
  return taken;
}

const aliveRow = (behind: number, alone: number): Row => ({
  what: 'From the start until 1,000 messages are with a live host, 50,000 before them for a silent one',
  ours: ms(behind),
  peer: ms(alone),
  peerName: 'ours with none for it',
  ratio: times(behind, alone),
});

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

type Status = { counts: { waiting: number; sending: number; held: number } };
const status = (tell: Tell) => tell.ask('daemon', 'queue.status', {}) as Promise<Status>;

type Parked = { list: number; domains: number; release: number; etrn: number; memory: number };

/** So many parked deliveries, a hundred of them of the domain that is released, and of the one asked for. */
async function parked(many: number): Promise<Parked> {
  const sink = await smtpSink();
  const hold = { kind: 'suspended domain' as const, reason: 'parked', until: null };
  const bytes = Buffer.from('Subject: parked\r\n\r\ntext\r\n');
  const one = (domain: string) => Array.from({ length: 100 }, (_, i) => `r${i}@${domain}`);
  const { house, tell } = await houseOn(
    async store => {
      for (let i = 0; i < many / 100; i++) await store.accept({ ...acceptance(one(`d${i}.test`), bytes), hold });
    },
    { online: 'always', gateway: `* 127.0.0.1:${sink.port}`, suspend_domain: '*.test', etrn_ip: '127.0.0.1' },
  );
  await pause(2000);
  const list = await read(house.data, (store, i) => store.deliveries.list(50, i * 4));
  const domains = await read(house.data, store => store.domains.list());
  const began = performance.now();
  await tell.ask('daemon', 'queue.operate', { command: 'release', which: { domain: 'd0.test' }, by: 'bench' });
  const release = performance.now() - began;
  const left = async () => {
    const { held, waiting, sending } = (await status(tell)).counts;
    return held + waiting + sending;
  };
  while ((await left()) > many - 100) await pause(50);
  const etrn = await asked(house.ports.smtp, many === 100 ? 'd0.test' : 'd1.test');
  while ((await left()) > Math.max(0, many - 200)) await pause(50);
  const memory = await daemonMemory(house.child.pid!);
  tell.close();
  await house.remove();
  await sink.close();
  rmSync(house.data, { recursive: true, force: true });
  return { list, domains, release, etrn, memory };
}

/** As a command line reads it: a page of the list, or the figures of all domains. */
async function read(data: string, what: (store: Store, i: number) => Promise<unknown>): Promise<number> {
  const store = await openStore({ path: data, writer: 'inline', fatal: () => {} });
  const taken: number[] = [];
  for (let i = 0; i < 20; i++) {
    const began = performance.now();
    await what(store, i);
    taken.push(performance.now() - began);
  }
  await store.close();
  return median(taken);
}

/** From ETRN to its answer. */
async function asked(port: number, domain: string): Promise<number> {
  const peer = await openDialogue(port);
  await peer.hear();
  await peer.say('EHLO bench.test');
  const began = performance.now();
  const answer = await peer.say(`ETRN ${domain}`);
  const taken = performance.now() - began;
  if (!answer.startsWith('25')) throw new Error(answer);
  peer.close();
  return taken;
}

async function daemonMemory(pid: number): Promise<number> {
  const pids = await family(pid);
  const daemon = pids.find(p => readFileSync(`/proc/${p}/cmdline`, 'utf8').includes('daemon/main.ts'));
  return pssOf(daemon ?? pid) / 1024;
}

function parkedRows(many: Parked, few: Parked): Row[] {
  const row = (what: string, ours: string, peer: string, ratio: string): Row => ({
    what: `${what}, 100,000 deliveries parked`,
    ours,
    peer,
    peerName: 'ours with 100 parked',
    ratio,
  });
  return [
    row('A page of 50 of the queue', ms(many.list), ms(few.list), times(many.list, few.list)),
    row('The figures of every domain', ms(many.domains), ms(few.domains), times(many.domains, few.domains)),
    row('Answering ETRN for a domain of 100', ms(many.etrn), ms(few.etrn), times(many.etrn, few.etrn)),
    row('Releasing one domain of 100', ms(many.release), ms(few.release), times(many.release, few.release)),
    row('Memory of the daemon (PSS)', mb(many.memory), mb(few.memory), times(many.memory, few.memory)),
  ];
}

const mb = (n: number): string => `${Math.round(n)} MB`;

function acceptance(to: string[], bytes: Buffer): Acceptance {
  return {
    ...plainTerms,
    ...inMemory(bytes),
    summary: { ...noSummary, subject: 'bench', fromAddress: 'eve@example.net' },
    receivedAt: Date.now(),
    origin: 'submitter',
    reversePath: 'eve@example.net',
    recipients: to.map(address => recipientAt({ kind: 'relay', address })),
  };
}
