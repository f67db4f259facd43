import { networkInterfaces } from 'node:os';
import { ownDomains, type Settings } from '../../config.ts';

export type OwnNames = Pick<Settings, 'host_domain' | 'vdomain' | 'smtp_port'>;

/** Which exchangers are we? Our names; and, where we are what answers on port 25 here, our addresses. */
export function ourselves(settings: OwnNames): (hostOrAddress: string) => boolean {
  const own = Object.values(networkInterfaces()).flatMap(i => i ?? []);
  const addresses = new Set(settings.smtp_port === 25 ? own.filter(i => !i.internal).map(i => i.address) : []);
  return which => ownDomains(settings).includes(which) || addresses.has(which);
}
