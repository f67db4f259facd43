/**
 * May we go out now? The one question the queue and the fetcher ask before they dial another host.
 * Pure: it is given the settings and the time. It does not say to whom, and it opens nothing.
 */
import type { Settings } from './config.ts';

export type Outing = { yes: true } | { yes: false; reason: string; until: number | null };

export type OnlineSettings = Pick<Settings, 'online'>;

/** `until`: when to ask again, null: when the settings change. */
export function mayGoOut(settings: OnlineSettings, _now: number): Outing {
  if (settings.online === 'always') return { yes: true };
  return { yes: false, reason: 'off line: the setting online is never', until: null };
}
