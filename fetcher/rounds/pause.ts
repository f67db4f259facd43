import type { FetchAccount, Settings } from '../../daemon/config.ts';
import { isLoopback } from '../../daemon/wire/ip.ts';
import type { FetchResult } from '../popfetch.ts';

const minute = 60_000;
const hour = 60 * minute;

/** A refused login waits half an hour, then longer, a day at last; other trouble an hour at last. */
const auth = { least: 30 * minute, most: 24 * hour };
const other = { least: minute, most: hour };

/** Milliseconds until the next visit; `failures` counts the one just ended, `random` is 0 to 1. */
export function pauseAfter(every: number, failure: FetchResult['failure'], failures: number, random: number): number {
  const spread = 0.9 + 0.2 * random;
  if (failure === null) return every * spread;
  const { least, most } = failure === 'auth' ? auth : other;
  const grown = Math.max(every, least) * 2 ** Math.min(failures - 1, 20);
  return Math.max(every, Math.min(grown, most)) * spread;
}

export type OwnPorts = Pick<Settings, 'pop_port' | 'smtp_port' | 'submission_port' | 'odmr_port'>;

/** Does this account lead back to us? Names are compared, not looked up: that would go on-line. */
export function isOurs(
  account: Pick<FetchAccount, 'host' | 'port'>,
  own: Pick<Settings, 'listen' | 'host_domain'> & OwnPorts,
): boolean {
  if (![own.pop_port, own.smtp_port, own.submission_port, own.odmr_port].includes(account.port)) return false;
  const host = plain(account.host);
  const listen = plain(own.listen);
  if (host === listen || own.host_domain.includes(host)) return true;
  return (listen === '0.0.0.0' || listen === '::') && isLoopback(host);
}

const plain = (host: string): string => {
  const lower = host.toLowerCase().replace(/^\[|\]$|\.$/g, '');
  return lower === 'localhost' ? '127.0.0.1' : lower.replace(/^::ffff:/, '');
};
