import { statfs } from 'node:fs/promises';
import type { Settings } from '../config.ts';
import type { Log } from '../log.ts';

type Watched = { settings: Pick<Settings, 'data_path' | 'min_space'>; now: () => number; log: Log };

/** Free octets of the disk, looked at once a second at most; the log tells when they come below min_space, and above. */
export function freeRoom({ settings, now, log }: Watched): () => Promise<number> {
  let known = Number.POSITIVE_INFINITY;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let low = false;
  return async () => {
    if (Math.abs(now() - lookedAt) < 1000) return known;
    lookedAt = now();
    known = await statfs(settings.data_path).then(
      s => s.bavail * s.bsize,
      () => Number.POSITIVE_INFINITY,
    );
    if (low !== known < settings.min_space) {
      low = !low;
      const free = Number.isFinite(known) ? `${Math.floor(known / 1024 ** 2)} MB` : 'unknown';
      if (low) log.error('the disk is nearly full, no mail is taken', { free, setting: 'min_space' });
      else log.warn('the disk has room again, mail is taken', { free });
    }
    return known;
  };
}
