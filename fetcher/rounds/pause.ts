import {
  addressesOf,
  type FetchAccount,
  isListening,
  isOwnAddress,
  type ListenSettings,
  type Settings,
} from '../../daemon/config.ts';
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

const mailPorts = ['pop_port', 'pops_port', 'smtp_port', 'submission_port', 'submissions_port', 'odmr_port'] as const;
export type OwnPorts = Pick<Settings, (typeof mailPorts)[number]>;

/** Does this account lead back to us? Names are compared, not looked up: that would go on-line. */
export function isOurs(
  account: Pick<FetchAccount, 'host' | 'port'>,
  own: ListenSettings & Pick<Settings, 'host_domain'> & OwnPorts,
): boolean {
  const listeners = mailPorts.filter(port => own[port] === account.port);
  const host = plain(account.host);
  if (listeners.length > 0 && own.host_domain.includes(host)) return true;
  return isOwnAddress(host) && listeners.some(port => isListening(addressesOf(own, port), host));
}

const plain = (host: string): string => {
  const lower = host.toLowerCase().replace(/^\[|\]$|\.$/g, '');
  return lower === 'localhost' ? '127.0.0.1' : lower.replace(/^::ffff:/, '');
};
