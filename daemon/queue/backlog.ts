import type { Settings } from '../config.ts';
import { because, type Log } from '../log.ts';
import { isOffLine, mayGoOut } from '../online.ts';
import type { Delivery, Store } from '../store.ts';

type Options = {
  store: { deliveries: Store['deliveries'] };
  settings: Pick<Settings, 'online' | 'retry_interval'>;
  now: () => number;
  random: () => number;
  log: Log;
};

/** What lies in the queue and is not under way: parked, given back, made due, set right after the clock was. */
export type Backlog = {
  /** At start: what was under way when we died waits again, what may not go out is parked, and the clock may be another. */
  prepare(): Promise<void>;
  /** Whether we may go out has changed. */
  reconsider(): Promise<void>;
  /** Claimed deliveries untried back, due `wait` milliseconds from now; never rejects. */
  giveBack(group: Pick<Delivery, 'id'>[], wait: number, reason: string): Promise<void>;
  /** Before each round: what the store would not take back, and what a clock set back has put far away. */
  mend(): Promise<void>;
  makeDue(ids: number[] | null): Promise<number>;
};

const minute = 60_000;
const slice = 500;

export function createBacklog({ store, settings, now, random, log }: Options): Backlog {
  const { deliveries } = store;
  let stranded: Pick<Delivery, 'id'>[] = [];
  let drift = now() - performance.now();

  async function* all(): AsyncIterable<Delivery> {
    let after = 0;
    for (;;) {
      const page = await deliveries.list(slice, after);
      yield* page;
      const last = page.at(-1);
      if (!last) return;
      after = last.id;
    }
  }

  async function choose(wanted: (d: Delivery) => boolean): Promise<number[]> {
    const ids: number[] = [];
    for await (const d of all()) if (wanted(d)) ids.push(d.id);
    return ids;
  }

  async function inSlices(ids: number[], act: (some: number[]) => Promise<unknown>): Promise<void> {
    for (let i = 0; i < ids.length; i += slice) await act(ids.slice(i, i + slice));
  }

  /** Answers how many: some of them may have been claimed since they were chosen. */
  async function reschedule(ids: number[], at: () => number): Promise<number> {
    let changed = 0;
    await inSlices(ids, async some => {
      changed += await deliveries.reschedule(some, at());
    });
    return changed;
  }

  /** While we may not go out all that waits is held and says why; what was held for that goes on when we may again. */
  async function parkOrUnpark(): Promise<void> {
    const outing = mayGoOut(settings, now());
    if (outing.yes) {
      const ids = await choose(d => d.state === 'held' && isOffLine(d.reason));
      const released = await reschedule(ids, now);
      if (released > 0) log.info('on line', { released });
      return;
    }
    const ids = await choose(d => d.state === 'waiting');
    await inSlices(ids, some => deliveries.hold(some, outing.reason, now()));
    log.warn('parked', { deliveries: ids.length, reason: outing.reason });
  }

  async function giveBack(group: Pick<Delivery, 'id'>[], wait: number, reason: string): Promise<void> {
    try {
      const ids = group.map(d => d.id);
      await deliveries.release(ids, now() + wait, reason);
    } catch (error) {
      log.error('delivery not given back', because(error));
      stranded.push(...group);
    }
  }

  async function mendClock(): Promise<void> {
    const before = drift;
    drift = now() - performance.now();
    if (drift > before - minute) return;
    log.warn('clock set back', { seconds: Math.round((before - drift) / 1000) });
    await fetchBack();
  }

  /** No pause is longer than `retry_interval`: what is due later than that was put off by another clock. */
  async function fetchBack(): Promise<void> {
    const latest = now() + settings.retry_interval;
    const ids = await choose(d => d.state === 'waiting' && d.nextAt > latest);
    await reschedule(ids, () => now() + settings.retry_interval * random());
  }

  return {
    async prepare() {
      const recovered = await deliveries.recover(now());
      if (recovered > 0) log.info('recovered', { deliveries: recovered });
      await parkOrUnpark();
      await fetchBack();
    },
    reconsider: parkOrUnpark,
    giveBack,
    async mend() {
      const back = stranded;
      stranded = [];
      if (back.length > 0) await giveBack(back, 0, '');
      await mendClock();
    },
    async makeDue(ids) {
      if (!mayGoOut(settings, now()).yes) return 0;
      const named = (d: Delivery) =>
        ids === null ? d.state === 'waiting' : d.state !== 'sending' && ids.includes(d.id);
      return reschedule(await choose(named), now);
    },
  };
}
