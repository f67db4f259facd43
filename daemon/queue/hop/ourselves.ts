import { networkInterfaces } from 'node:os';
import type { Settings } from '../../config.ts';

/** Which exchangers are we? Our names; and, where we are what answers on port 25 here, our addresses. */
export function ourselves(settings: Pick<Settings, 'host_domain' | 'smtp_port'>): (hostOrAddress: string) => boolean {
  const own = Object.values(networkInterfaces()).flatMap(i => i ?? []);
  const addresses = new Set(settings.smtp_port === 25 ? own.filter(i => !i.internal).map(i => i.address) : []);
  return which => settings.host_domain.includes(which) || addresses.has(which);
}
