import type { Settings } from '../config.ts';
import { addressKey, domainOf, localOf, subaddress } from '../mail/address.ts';
import { type Reply, reply } from '../mail/reply.ts';
import type { Account, Origin } from '../store.ts';

/** Who is at the door. */
export type Visitor = {
  origin: Origin;
  /** The account it acts for; null: a peer, or the fetcher. */
  account: Account | null;
  /** Where the connection comes from. */
  address: string;
};

export type PolicySettings = Pick<Settings, 'host_domain' | 'max_message_size' | 'min_space' | 'alias'>;

/** May this visitor send with this reverse-path, and is there room? Null: yes. */
export function refuseSender(
  visitor: Visitor,
  reversePath: string | null,
  declaredSize: number | null,
  free: number,
  settings: PolicySettings,
): Reply | null {
  if ((declaredSize ?? 0) > settings.max_message_size) return tooLarge(settings.max_message_size);
  if (free < settings.min_space + (declaredSize ?? 0) * 2)
    return reply(452, '3.1', 'There is no room for it now, try again later');
  const bySubmission = visitor.origin === 'submitter' || visitor.origin === 'webmail';
  if (bySubmission && reversePath !== null && !isOwn(visitor.account, reversePath, settings))
    return reply(550, '7.1', 'You may send with your own addresses only');
  if (visitor.origin === 'local' && reversePath !== null && !settings.host_domain.includes(domainOf(reversePath)))
    return reply(550, '7.1', 'Programs of this machine send with addresses of its own domains only');
  return null;
}

export const tooLarge = (limit: number): Reply => reply(552, '3.4', `The message is larger than ${limit} octets`);

/** The account's address, with any tag, and its aliases. */
function isOwn(account: Account | null, reversePath: string, settings: PolicySettings): boolean {
  if (account === null) return false;
  const key = addressKey(reversePath);
  const base = `${subaddress(localOf(key)).user}@${domainOf(key)}`;
  if (base === account.address || key === account.address) return true;
  return settings.alias.some(a => a.from === key && a.to === account.address);
}

/** Only those who signed in and programs of this machine, and the fetcher for nobody, may send to other domains. */
export function refuseRelay(visitor: Visitor): Reply | null {
  const may = ['submitter', 'webmail', 'local', 'ourselves'].includes(visitor.origin);
  return may ? null : reply(550, '7.1', 'Relaying denied: sign in at the submission port to send elsewhere');
}
