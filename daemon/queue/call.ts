import type { Socket } from 'node:net';
import type { Settings } from '../config.ts';
import { because, type Log } from '../log.ts';
import { suspendedHold } from '../parking.ts';
import type { ClientOptions, SmtpClient } from '../smtp-client.ts';
import type { Delivery, Store } from '../store.ts';
import { type Carrier, carry, type Result } from './carry.ts';
import { changeAll } from './changes.ts';
import { createHostMemory } from './hop/memory.ts';
import type { Host } from './hop.ts';

/** Mail called for: by whom, for which domains, and which way it goes. */
export type Call = {
  domains: string[];
  /** Who called, in words for the timeline. */
  by: string;
};

/** What became of the deliveries that were called for. */
export type Called = { delivered: number; failed: number; kept: number };
export const nothing: Called = { delivered: 0, failed: 0, kept: 0 };

type Flusher = { store: Pick<Store, 'deliveries'>; now: () => number };

/** What is parked or waits for the domains goes now, the usual way; what a person held stays. */
export async function flush({ domains, by }: Call, { store, now }: Flusher): Promise<number> {
  let released = 0;
  for (const domain of domains) {
    const wish = { change: { kind: 'go on' as const, at: now() }, at: now() };
    const parked = { domain, holdKind: 'suspended domain' as const };
    const note = { event: 'released' as const, detail: by };
    const done = await changeAll(store.deliveries, { ...wish, which: parked, from: ['held'], note });
    const due = await changeAll(store.deliveries, { ...wish, which: { domain }, from: ['waiting'], note: null });
    released += done.changed + due.changed;
  }
  return released;
}

/** A connection that stands, with its peer's name for the log and the timeline; or a host to connect to. */
export type Way = { socket: Socket; host: string } | { host: string; port: number };

export type Caller = Carrier & {
  store: Pick<Store, 'deliveries'>;
  settings: Pick<Settings, 'suspend_domain'>;
  now: () => number;
  /** What is not settled yet of what is on a connection, and where it goes. */
  underWay: Map<Set<Delivery>, string>;
  /** The listeners may be up before the queue: what is taken before this would count as cut off by its start. */
  ready: Promise<void>;
};

const atOnce = 100;
/** Who has just asked for the mail is there: no need for the minutes a busy host is given. */
const greetingMs = 60_000;

const plainly = {
  ...{ addresses: null, tls: 'try' as const, implicitTls: false, login: null, ca: null, proxy: null },
};

/** Sends what is called for by the way given, and ends the connection. */
export async function collect(call: Call, way: Way, by: Caller): Promise<Called> {
  await by.ready;
  const { host } = way;
  if (!('socket' in way)) return sendAll(call, { ...plainly, host, port: way.port, addresses: [host] }, by);
  const session = overSocket(way.socket, by.connect);
  try {
    return await sendAll(
      call,
      { ...plainly, host, port: 0 },
      { ...by, connect: session.connect, memory: createHostMemory() },
    );
  } finally {
    await session.end();
  }
}

/**
 * Takes what is parked or waits for the domains to one host, in slices, each under way only while it is being sent.
 * Every delivery is tried once. Ends early when the host is gone; what was not tried is as it was before.
 */
async function sendAll({ domains }: Call, host: Host, by: Caller): Promise<Called> {
  const called = { ...nothing };
  for (const domain of domains) {
    const parked = { which: { domain, holdKind: 'suspended domain' as const }, from: ['held' as const] };
    const waiting = { which: { domain }, from: ['waiting' as const] };
    for (const chosen of [parked, waiting]) {
      // What fails goes back behind us, and what comes in meanwhile is ahead: ids only grow.
      for (let after: number | null = 0; after !== null; ) {
        const slice = { ...chosen, change: { kind: 'take' as const }, at: by.now(), note: null, after, limit: atOnce };
        const { changed, next } = await by.store.deliveries.change(slice);
        const gone = changed.length > 0 && !(await send(changed, host, by, called));
        if (gone || by.signal.aborted) return called;
        after = next;
      }
    }
  }
  return called;
}

/** False: the host is gone. What was taken has its outcome then, or is as it was. */
async function send(ids: number[], host: Host, by: Caller, called: Called): Promise<boolean> {
  const taken = await by.store.deliveries.list(ids.length, 0, { ids });
  const open = new Set(taken);
  const settle = async (results: Result[]) => {
    await by.settle(results);
    for (const { delivery, verdict } of results) {
      open.delete(delivery);
      called[verdict === 'later' ? 'kept' : verdict]++;
    }
  };
  let failed = true;
  by.underWay.set(open, host.host);
  try {
    const journey = await carry(taken, [host], { ...by, settle });
    failed = journey.failure !== null || journey.untried.length > 0;
  } catch (error) {
    by.log.error('queue', { hop: host.host, ...because(error) });
  } finally {
    by.underWay.delete(open);
  }
  called.kept += open.size;
  await giveBack([...open], by);
  return !failed;
}

async function giveBack(open: Delivery[], { store, settings, now, log }: Caller): Promise<void> {
  for (const [domain, group] of Map.groupBy(open, d => d.domain)) {
    const ids = group.map(d => d.id);
    const hold = suspendedHold(settings, domain);
    await store.deliveries
      .release(ids, now(), hold ? '' : 'waits for another connection', hold)
      .catch(error => log.error('delivery not given back', because(error)));
  }
}

/** One SMTP session over a socket that stands, for many slices: it is ended by `end` and not before. */
function overSocket(socket: Socket, connect: Carrier['connect']) {
  let opened: Promise<SmtpClient> | null = null;
  const kept = (client: SmtpClient): SmtpClient => ({
    extensions: client.extensions,
    send: s => client.send(s),
    ask: command => client.ask(command),
    turn: command => client.turn(command),
    close: async () => {},
    abort: () => client.abort(),
    get usable() {
      return client.usable;
    },
    get secure() {
      return client.secure;
    },
  });
  return {
    connect: async (given: ClientOptions): Promise<SmtpClient> => {
      const { dial: _, ...rest } = given;
      // Under TLS it is already, or never will be: clients lay it on to a server of theirs line by line (fetchmail).
      opened ??= connect({ ...rest, tls: 'off', socket, timeouts: { greeting: greetingMs, ...rest.timeouts } });
      return kept(await opened);
    },
    /** QUIT, and the end of the connection. Never throws. */
    async end(): Promise<void> {
      const client = await opened?.catch(() => null);
      await client?.close();
      socket.destroy();
    },
  };
}

type Tracker = { journeys: Set<Promise<void>>; log: Log };

/** Work of its own, which counts as a journey until it has ended. Never rejects. */
export function tracked<T>(work: Promise<T>, orElse: T, { journeys, log }: Tracker): Promise<T> {
  const safe = work.catch(error => {
    log.error('queue', because(error));
    return orElse;
  });
  const journey: Promise<void> = safe.then(() => void journeys.delete(journey));
  journeys.add(journey);
  return safe;
}

/** What is on connections now, each journey's open deliveries with where they go. */
export const sendingOf = (underWay: ReadonlyMap<Set<Delivery>, string>) =>
  [...underWay].flatMap(([open, hop]) =>
    [...open].map(({ id, sender, recipient }) => ({ id, sender, recipient, hop })),
  );
