/**
 * What a person says is junk, or is not, is remembered of its senders: a word about an address, not about words. Where
 * more than a page of rows is meant, nothing is learned.
 */
import { addressKey } from '../daemon/mail/address.ts';
import type { Account, Folder } from '../daemon/store.ts';
import type { Site } from './site.ts';

const mostSenders = 50;

export type Lesson = { kind: 'junk' | 'welcome'; senders: string[] };

type Moved = { ids: number[]; from: (Folder | undefined)[]; to: Folder; isUndo: boolean };

/** Null: the move says nothing of anybody. */
export async function learn(site: Site, account: Account, m: Moved): Promise<Lesson | null> {
  const wasJunk = m.from.some(f => f?.role === 'junk');
  const isJunk = m.to.role === 'junk';
  if (wasJunk === isJunk || m.to.role === 'trash') return null;
  const senders = await site.store.messages.senders(account.id, m.ids);
  if (senders.length > mostSenders) return null;
  const taught = isJunk ? await unwanted(site, account, senders) : await welcomed(site, account, senders, m.isUndo);
  return taught.length === 0 ? null : { kind: isJunk ? 'junk' : 'welcome', senders: taught };
}

/** An address is easily forged: nobody one knows becomes a sender of junk. */
async function unwanted(site: Site, account: Account, senders: string[]): Promise<string[]> {
  const known = new Set((await site.store.correspondents.acquaintances(account.id)).map(p => addressKey(p.address)));
  const taught: string[] = [];
  for (const address of senders.filter(one => one !== account.address && !known.has(addressKey(one)))) {
    await site.store.choices.remove(account.id, 'welcome', addressKey(address));
    const there = await site.store.unwanted.blocks(account.id, address);
    if (there && addressKey(there.address) === addressKey(address)) continue;
    if (await site.store.unwanted.block(account.id, address, 'junk', site.now())) taught.push(address);
  }
  return taught;
}

/** Taken back at once, it is as if nothing had been said. */
async function welcomed(site: Site, account: Account, senders: string[], isUndo: boolean): Promise<string[]> {
  for (const address of senders) {
    const block = await site.store.unwanted.blocks(account.id, address);
    if (block?.place === 'junk' && addressKey(block.address) === addressKey(address))
      await site.store.unwanted.unblock(account.id, block.id);
    if (isUndo) continue;
    const choice = { kind: 'welcome', key: addressKey(address), value: '', at: site.now() } as const;
    await site.store.choices.set(account.id, choice);
  }
  return isUndo ? [] : senders;
}
