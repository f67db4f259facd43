/**
 * May we go out now? The one question the queue and the fetcher ask before they dial another host.
 * Pure: it is given the settings and the time. It does not say to whom, and it opens nothing.
 */
import type { Settings } from './config.ts';

export type Outing = { yes: true } | { yes: false; reason: string; until: number | null };

/** What a delivery parked for this cause has as its reason: the queue lets such go when we may go out again. */
const offLine = 'off line';

/** `until`: when to ask again, null: when the settings change. */
export function mayGoOut(settings: Pick<Settings, 'online'>, _now: number): Outing {
  if (settings.online === 'always') return { yes: true };
  return { yes: false, reason: `${offLine}: the setting online is never`, until: null };
}

/** Was a delivery parked because we may not go out, rather than by a person? */
export const isOffLine = (reason: string): boolean => reason.startsWith(offLine);
