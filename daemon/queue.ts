/**
 * The queue: carries deliveries to other hosts until each has its outcome, and reports what failed to its sender.
 *
 * It promises that no accepted delivery is lost: whatever is unclear is tried again until its time is over, and a
 * report is made in the transaction that ends it. One destination, dead or slow, never stops another. While we may
 * not go out it parks what waits and dials nobody. It owns the only timer; mail comes in by the door, not here.
 */
import type { Settings } from './config.ts';
import type { Counters } from './counters.ts';
import { because, type Log } from './log.ts';
import { mayGoOut } from './online.ts';
import { createBacklog } from './queue/backlog.ts';
import * as calls from './queue/call.ts';
import { type Carrier, carry, type Failure, type Journey, type Result, sharesOf, unreached } from './queue/carry.ts';
import type { Done } from './queue/changes.ts';
import { createFinder, type Ways } from './queue/hop/finder.ts';
import { createHostMemory } from './queue/hop/memory.ts';
import type { OwnNames } from './queue/hop/ourselves.ts';
import { type HopNaming, hopName } from './queue/hop.ts';
import { Lanes, type Limits } from './queue/lanes.ts';
import { type Order, operate } from './queue/operate.ts';
import { type PreparedRelease, releaseDue } from './queue/release.ts';
import { type Settler, settle, settleSurely } from './queue/settle.ts';
import type { QueueStatus } from './queue/status.ts';
import { within } from './queue/within.ts';
import type { ClientOptions, ClientTimeouts, SmtpClient } from './smtp-client.ts';
import type { Acceptance, Accepted, Change, Delivery, Store } from './store.ts';
import type { Resolver } from './wire/dns.ts';

export type { Call, Called, Way } from './queue/call.ts';
export type { Done } from './queue/changes.ts';
export { type AuthorsGateway, createAuthorsGateway } from './queue/hop/author.ts';
export { gatewaysFor, wayTo } from './queue/hop.ts';
export { type Command, type Order, operate } from './queue/operate.ts';
export { type ProbeOptions, probe } from './queue/probe.ts';
export type { PreparedRelease } from './queue/release.ts';
export type { QueueStatus } from './queue/status.ts';

/** Read at each use: a reload may swap them. */
export type QueueSettings = Pick<
  Settings,
  'online' | 'retry_interval' | 'max_retrytime' | 'delay_notice' | 'destination_connections' | 'suspend_domain'
> &
  HopNaming &
  OwnNames;

export type QueueOptions = Ways &
  Pick<Settler, 'prepareReport' | 'prepareStay'> & {
    store: Pick<Store, 'content' | 'deliveries' | 'domains' | 'heldSubmissions'>;
    settings: QueueSettings;
    log: Log;
    now: () => number;
    resolver: Resolver;
    connect: (options: ClientOptions) => Promise<SmtpClient>;
    /** Where a submission goes whose time has come. */
    prepareRelease: (held: Delivery[]) => Promise<PreparedRelease>;
    /** The answer somebody who is away owes; null: none any more, or nobody takes it. */
    prepareAnswer: (errand: Delivery) => Promise<Acceptance | null>;
    random: () => number;
    counters: Counters;
    /** Told which folders a report came into. */
    changed?: (changes: Change[]) => void;
    limits?: Partial<Limits>;
    timeouts?: Partial<ClientTimeouts>;
  };

export type Queue = {
  start(): Promise<void>;
  /** There may be something due: call it after each accept. */
  wake(): void;
  /** Lets journeys end within `grace` milliseconds; what is cut off then is due at the next start. */
  stop(grace?: number): Promise<void>;
  /** What a person asks for; throws a sentence where it cannot be done. */
  operate(order: Order): Promise<Done>;
  /** Whether we may go out is decided anew: parks what waits, or lets go what was parked for that. */
  reconsider(): Promise<void>;
  status(): Promise<QueueStatus>;
  /** What is parked or waits for these domains is tried once, the usual way, in the background. Never rejects. */
  flush(call: calls.Call): void;
  /** The same over a connection that stands (RFC 2645), or to a host the operator lets us choose. Never rejects. */
  collect(call: calls.Call, way: calls.Way): Promise<calls.Called>;
};

const second = 1_000;
const minute = 60 * second;
const claimed = 200;
/** Messages for one more connection to a hop that has some. */
const share = 25;

export function createQueue(options: QueueOptions): Queue {
  const { store, settings, log, now, random } = options;
  const { deliveries } = store;
  const limits = () => ({ perHop: settings.destination_connections, proven: 60, unproven: 40, ...options.limits });
  const lanes = new Lanes(limits);
  const backlog = createBacklog(options);
  const journeys = new Set<Promise<void>>();
  /** Of each journey what it has not settled yet, and where it goes. */
  const underWay = new Map<Set<Delivery>, string>();
  const given = new AbortController();
  /** Settings may be exchanged while we run, so they are read where they are used. */
  const name = () => settings.host_domain[0] ?? 'localhost';
  const settler = () => ({ ...options, name: name() });
  const memory = createHostMemory();
  const find = createFinder(options, memory);
  const caller = (): calls.Caller => {
    const openContent = (id: number) => store.content.open(id);
    const own = { openContent, settle: settleAll, signal: given.signal, memory, underWay, ready: prepared.promise };
    return { ...options, name: name(), ...own };
  };
  /** What was under way when we died lies still again: from now on something may be. */
  const prepared = Promise.withResolvers<void>();
  let stopping = true;
  let rounds: Promise<void> | null = null;
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  function wake(): void {
    again = true;
    if (stopping || rounds) return;
    rounds = turn().finally(() => {
      rounds = null;
      if (again) wake();
    });
  }

  /** Rounds until nothing more can be started; then sleeps until something is due. */
  async function turn(): Promise<void> {
    clearTimeout(timer);
    let pause = minute;
    try {
      while (again && !stopping) {
        again = false;
        if (await round()) again = true;
      }
      pause = await untilDue();
    } catch (error) {
      log.error('queue', because(error));
      again = false;
      pause = 5 * second;
    }
    if (!stopping) timer = setTimeout(wake, pause);
  }

  /** True: there may be more to start. */
  async function round(): Promise<boolean> {
    const released = await releaseDue({ ...options, settle: settleAll, giveBack: backlog.giveBack, changed });
    await backlog.mend();
    if (!mayGoOut(settings, now()).yes) return released;
    // Where all domains share one gateway, nothing can be claimed that does not wait for it.
    const only = settings.gateway.length > 0 && settings.gateway.every(g => g.domain === '*');
    if (only && settings.proxy_domain.length === 0 && lanes.room(hopName('*', settings)) === 0) return released;
    const busy = lanes.busyDomains();
    const dead = lanes.pausedDomains(now());
    // What waits for a hop found dead is put off when nothing else is to be started, however much of it there is.
    // So much that no connection gets what others, free a moment later, would have to wait for.
    const most = Math.min(claimed, (lanes.roomiest() ?? claimed) * share);
    const started = await start(most, [...busy, ...dead]);
    const putOff = started < most && dead.length > 0 ? await start(claimed, busy) : 0;
    return released || started === most || putOff === claimed;
  }

  async function start(most: number, except: string[]): Promise<number> {
    const due = await deliveries.claim(now(), most, except);
    const noRoom: Delivery[] = [];
    for (const [hop, group] of Map.groupBy(due, d => hopName(d.domain, settings, d.accountId)))
      if (!(await startFor(hop, group))) noRoom.push(...group);
    // Of many destinations at once, so that a crowd of them costs one write.
    if (noRoom.length > 0) await backlog.giveBack(noRoom, 10 * second, 'waits for a free connection');
    return due.length;
  }

  /** False: there is no room for them now. */
  async function startFor(hop: string, group: Delivery[]): Promise<boolean> {
    // Where each author goes alone, no domain is another's because one of them is slow.
    if (!settings.webmail_smtp) for (const d of group) lanes.saw(hop, d.domain);
    const failure = lanes.paused(hop, now());
    if (failure) {
      await putOff(group, failure);
      return true;
    }
    const room = lanes.room(hop);
    if (room === 0) return false;
    for (const part of sharesOf(group, room)) {
      lanes.begin(hop);
      const journey = travel(hop, part).finally(() => journeys.delete(journey));
      journeys.add(journey);
    }
    return true;
  }

  /** The hop was found dead a moment ago: that counts for these too. */
  async function putOff(group: Delivery[], failure: Failure): Promise<void> {
    try {
      await settleOnce(unreached(group, failure));
    } catch (error) {
      log.error('outcome not written', because(error));
      await backlog.giveBack(group, minute, '');
    }
  }

  /** One connection's worth of deliveries, to the end. Never rejects. */
  async function travel(hop: string, part: Delivery[]): Promise<void> {
    const open = new Set(part);
    underWay.set(open, hop);
    const done = async (results: Result[]) => {
      await settleAll(results);
      for (const r of results) open.delete(r.delivery);
      if (results.some(r => r.verdict === 'delivered') && lanes.prove(hop)) wake();
    };
    let failure: Failure | null = null;
    try {
      const journey = await journeyTo(part, done);
      // Where another connection to it stands, the hop is not dead: it takes no more of them.
      if (journey.failure && lanes.alone(hop)) {
        failure = journey.failure;
        await done(unreached(journey.untried, failure));
      }
    } catch (error) {
      log.error('queue', { hop, ...because(error) });
    }
    underWay.delete(open);
    const wait = given.signal.aborted ? 0 : minute;
    if (open.size > 0) await backlog.giveBack([...open], wait, `waits for another connection to ${hop}`);
    // What will not pass (no such domain) fails this mail; the next one asks again, for it may have been mended.
    const pause = failure?.permanent ? 0 : Math.min(5 * minute, settings.retry_interval / 2) * (0.5 + random() / 2);
    lanes.end(hop, failure, pause, now());
    wake();
  }

  async function journeyTo(part: Delivery[], done: Carrier['settle']): Promise<Journey> {
    const answer = await find(part[0]?.domain ?? '', part[0]?.accountId ?? null);
    if (answer.kind !== 'hosts')
      return { untried: part, failure: { host: null, reply: answer.reply, permanent: answer.kind === 'failed' } };
    return carry(part, answer.hosts, { ...caller(), settle: done });
  }

  const settleOnce = async (results: Result[]) => told(await settle(results, settler()));
  const settleAll = async (results: Result[]) => told(await settleSurely(results, settler()));

  /** What the reports of a settlement brought. */
  function told(accepted: Accepted[]): void {
    changed(accepted.flatMap(a => a.changed));
    // A report for somebody elsewhere has come into the queue.
    if (accepted.some(a => a.queued > 0)) wake();
  }

  function changed(changes: Change[]): void {
    if (changes.length > 0) options.changed?.(changes);
  }

  /** Milliseconds to sleep: at most a minute, so that a clock set forward is noticed. */
  async function untilDue(): Promise<number> {
    const due = mayGoOut(settings, now()).yes ? await deliveries.nextDue() : null;
    const release = await deliveries.nextRelease();
    const wait = Math.min(due ?? Number.POSITIVE_INFINITY, release ?? Number.POSITIVE_INFINITY) - now();
    // What is due and was not claimed waits for a connection, whose end wakes us.
    return wait <= 0 ? 5 * second : Math.min(wait, minute);
  }

  return {
    async start() {
      await backlog.prepare();
      prepared.resolve();
      stopping = false;
      wake();
    },
    wake,
    async stop(grace = 8 * second) {
      stopping = true;
      clearTimeout(timer);
      await rounds;
      await within(grace, Promise.all(journeys));
      given.abort();
      await within(second, Promise.all(journeys));
    },
    async operate(order) {
      if (order.command === 'retry') {
        lanes.unpause();
        memory.forget();
      }
      const done = await operate(order, settler());
      wake();
      return done;
    },
    reconsider: () => backlog.reconsider(),
    flush(call) {
      lanes.unpause(new Set(call.domains.map(d => hopName(d, settings))));
      void calls.tracked(calls.flush(call, options).then(wake), undefined, { journeys, log });
    },
    collect: (call, way) => calls.tracked(calls.collect(call, way, caller()), calls.nothing, { journeys, log }),
    async status() {
      const outing = mayGoOut(settings, now());
      const counts = await deliveries.count();
      return { outing, counts, hops: lanes.status(now()), sending: calls.sendingOf(underWay) };
    },
  };
}
