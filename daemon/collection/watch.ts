import type { Settings } from '../config.ts';
import { because, type Log } from '../log.ts';
import { isSuspended } from '../parking.ts';
import type { Store } from '../store.ts';

/** Looks after mail that lies: whose domain nobody calls for, and what will be returned unless its host comes back. */
export type ParkingWatch = {
  /** Warns of what is old; the notice goes at most once a day. Never rejects. */
  look(): Promise<void>;
};

export type Old = {
  domain: string;
  /** When the oldest was accepted. */
  oldest: number;
  /** When it will be returned; null: never, it is parked. */
  expires: number | null;
};

type Options = {
  settings: Pick<Settings, 'suspend_domain' | 'park_warn' | 'max_retrytime' | 'relay_to'>;
  store: Pick<Store, 'domains' | 'kept'>;
  log: Log;
  now: () => number;
  /** Hands a letter to postmaster. */
  notice: (old: Old[]) => Promise<void>;
  /** Does a relay_to line take mail for the domain? */
  isRelayed: (domain: string) => boolean;
};

const day = 86_400_000;
const noticed = 'parking.noticed';

export function createParkingWatch({ settings, store, log, now, notice, isRelayed }: Options): ParkingWatch {
  /** Null: it is not old, or none of those who collect their mail. */
  function old({ domain, oldest }: { domain: string; oldest: number }): Old | null {
    const age = now() - oldest;
    if (isSuspended(settings, domain))
      return settings.park_warn > 0 && age > settings.park_warn ? { domain, oldest, expires: null } : null;
    if (!isRelayed(domain) || age < settings.max_retrytime / 2) return null;
    return { domain, oldest, expires: oldest + settings.max_retrytime };
  }

  async function look(): Promise<void> {
    const found = (await store.domains.oldest()).flatMap(d => old(d) ?? []);
    for (const { domain, oldest, expires } of found)
      log.warn(expires === null ? 'parked mail is old' : 'mail will be returned', {
        domain,
        oldest: new Date(oldest).toISOString(),
        expires: expires === null ? null : new Date(expires).toISOString(),
      });
    const last = Number(await store.kept.load(noticed)) || 0;
    // A clock set back must not silence it for ever.
    const told = last <= now() && now() - last < day;
    if (found.length === 0 || told) return;
    await notice(found);
    await store.kept.save(noticed, String(now()));
  }
  return { look: () => look().catch(error => log.error('parking', because(error))) };
}
