import { addressKey, domainOf } from '../mail/address.ts';
import { isPermanent } from '../mail/reply.ts';
import type { Account } from '../store.ts';
import { type PolicySettings, relayRight, type Visitor } from './policy.ts';
import type { Chain, ChainSettings } from './recipient.ts';
import { isLocal } from './tables.ts';

/** `asks`: it is elsewhere, and its owner is to say yes before anything goes there. */
export type ForwardCheck = { kind: 'ok'; asks: boolean } | { kind: 'circle' } | { kind: 'refused'; why: string };

/** What would become of an account's mail, sent on to an address; what may pass, such as a full mailbox, is none of its owner's business. */
export function createForwardCheck({ chain, settings }: { chain: Chain; settings: PolicySettings & ChainSettings }) {
  const asks = (to: string) => settings.forward_confirm && !isLocal(domainOf(addressKey(to)), settings);
  return async (account: Account, address: string): Promise<ForwardCheck> => {
    const visitor: Visitor = { origin: 'submitter', account, address: '127.0.0.1' };
    const { trace, refusal } = await chain(address, { relay: relayRight(visitor, settings), overQuota: true });
    const isOwn = (a: string) => addressKey(a) === account.address;
    if (trace.some(t => isOwn(t.address) || t.adds.some(isOwn))) return { kind: 'circle' };
    return refusal && isPermanent(refusal)
      ? { kind: 'refused', why: refusal.text }
      : { kind: 'ok', asks: asks(address) };
  };
}
