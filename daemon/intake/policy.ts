import type { Settings } from '../config.ts';
import { type Reply, reply } from '../mail/reply.ts';
import type { Account, Origin } from '../store.ts';
import { isLoopback, networkOf } from '../wire/ip.ts';
import { isListed } from './tables.ts';
import { createVolume, inWords } from './volume.ts';

/** Who is at the door. */
export type Visitor = {
  origin: Origin;
  /** The account it acts for; null: a peer, or the fetcher. */
  account: Account | null;
  /** Where the connection comes from. */
  address: string;
};

export type PolicySettings = Pick<
  Settings,
  | 'max_message_size'
  | 'min_space'
  | 'forward_from_ip'
  | 'fromip_nolimit'
  | 'fromip_max_messages'
  | 'fromip_max_rcpts'
  | 'user_max_messages'
  | 'user_max_rcpts'
  | 'user_max_forwards'
>;

/** Is there room for a message of this visitor? Null: yes. */
export function refuseSize(declaredSize: number | null, free: number, settings: PolicySettings): Reply | null {
  if ((declaredSize ?? 0) > settings.max_message_size) return tooLarge(settings.max_message_size);
  if (free < settings.min_space + (declaredSize ?? 0) * 2)
    return reply(452, '3.1', 'There is no room for it now, try again later');
  return null;
}

export const tooLarge = (limit: number): Reply => reply(552, '3.4', `The message is larger than ${limit} octets`);

/** A person who signed in, by a mail program or on the site. */
export const isSubmission = ({ origin }: Visitor): boolean => origin === 'submitter' || origin === 'webmail';

const relayDenied = reply(550, '7.1', 'Relaying denied: sign in at the submission port to send elsewhere');

/** May this visitor send to other domains, and by what right? The fetcher may not: it brings mail for us. */
export function relayRight(visitor: Visitor, settings: PolicySettings): { refusal: Reply | null; why: string } {
  if (isSubmission(visitor) || visitor.origin === 'local' || visitor.origin === 'ourselves')
    return { refusal: null, why: 'another domain' };
  if (visitor.origin === 'peer' && isListed(settings.forward_from_ip, visitor.address))
    return { refusal: null, why: `another domain (forward_from_ip takes ${visitor.address})` };
  return { refusal: relayDenied, why: '' };
}

/** Who counts what a visitor sends: the account, and the network it comes from. The house's own are not counted. */
export type Limits = {
  refuseMessage(visitor: Visitor): Reply | null;
  refuseRecipient(visitor: Visitor): Reply | null;
  snapshot(): string;
  restore(saved: string): void;
};

export function createLimits(settings: PolicySettings, now: () => number): Limits {
  const messages = { user: createVolume(now), peer: createVolume(now) };
  const recipients = { user: createVolume(now), peer: createVolume(now) };
  const all = {
    messages: messages.user,
    rcpts: recipients.user,
    peerMessages: messages.peer,
    peerRcpts: recipients.peer,
  };
  return {
    refuseMessage: v => refuse(v, messages, settings.user_max_messages, settings.fromip_max_messages, 'messages'),
    refuseRecipient: v => refuse(v, recipients, settings.user_max_rcpts, settings.fromip_max_rcpts, 'recipients'),
    snapshot: () => JSON.stringify(Object.fromEntries(Object.entries(all).map(([name, v]) => [name, v.snapshot()]))),
    restore(saved) {
      const state = readState(saved);
      for (const [name, volume] of Object.entries(all)) volume.restore(state[name] ?? '');
    },
  };

  function refuse(
    visitor: Visitor,
    { user, peer }: typeof messages,
    perUser: number,
    perPeer: number,
    what: string,
  ): Reply | null {
    const wait = visitor.account ? user.take(String(visitor.account.id), perUser) : 0;
    if (wait > 0) return tooMany(what, 'your account', wait);
    const counted = visitor.origin === 'peer' || visitor.origin === 'submitter';
    if (!counted || isLoopback(visitor.address) || isListed(settings.fromip_nolimit, visitor.address)) return null;
    const peerWait = peer.take(networkOf(visitor.address), perPeer);
    return peerWait > 0 ? tooMany(what, 'your address', peerWait) : null;
  }
}

const tooMany = (what: string, whose: string, wait: number): Reply =>
  reply(450, '7.1', `Too many ${what} from ${whose} within an hour: come back ${inWords(wait)}`);

function readState(text: string): Record<string, string> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
