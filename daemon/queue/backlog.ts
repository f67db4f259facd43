import type { Settings } from '../config.ts';
import { because, type Log } from '../log.ts';
import { mayGoOut } from '../online.ts';
import { suspendedHold } from '../parking.ts';
import type { Delivery, Store } from '../store.ts';
import { changeAll, type Wish } from './changes.ts';

type Options = {
  store: Pick<Store, 'deliveries' | 'domains'>;
  settings: Pick<Settings, 'online' | 'retry_interval' | 'suspend_domain'>;
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
};

const minute = 60_000;
const slice = 500;

export function createBacklog({ store, settings, now, random, log }: Options): Backlog {
  const { deliveries } = store;
  let stranded: Pick<Delivery, 'id'>[] = [];
  let drift = now() - performance.now();

  const change = async (wish: Pick<Wish, 'which' | 'from' | 'change'>): Promise<number> =>
    (await changeAll(deliveries, { ...wish, at: now(), note: null })).changed;

  /** What was held because we might not go out goes on. */
  async function unpark(): Promise<void> {
    const wish = { which: { holdKind: 'off line' as const }, change: { kind: 'go on' as const, at: now() } };
    const released = await change({ ...wish, from: ['held'] });
    if (released > 0) log.info('on line', { released });
  }

  /** While we may not go out all that waits is held and says why. */
  async function park(reason: string): Promise<void> {
    const hold = { kind: 'off line' as const, reason, until: null };
    const parked = await change({ which: {}, from: ['waiting'], change: { kind: 'hold', hold } });
    log.warn('parked', { deliveries: parked, reason });
  }

  /** What waits for a domain that is suspended now is parked; what was parked for one that no longer is goes on. */
  async function parkDomains(): Promise<void> {
    for (const { domain, waiting, parked } of await store.domains.list()) {
      const hold = suspendedHold(settings, domain);
      if (hold && waiting > 0) await change({ which: { domain }, from: ['waiting'], change: { kind: 'hold', hold } });
      if (hold || parked === 0) continue;
      const which = { domain, holdKind: 'suspended domain' as const };
      const released = await change({ which, from: ['held'], change: { kind: 'go on', at: now() } });
      log.info('no longer suspended', { domain, released });
    }
  }

  async function parkOrUnpark(): Promise<void> {
    const outing = mayGoOut(settings, now());
    if (outing.yes) await unpark();
    await parkDomains();
    if (!outing.yes) await park(outing.reason);
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
    // Each slice at another moment, so that they do not all go at once.
    while ((await deliveries.bringForward(latest, now() + settings.retry_interval * random(), slice)) === slice);
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
  };
}
