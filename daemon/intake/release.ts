import { formatDate } from '../mail/date.ts';
import type { Reply } from '../mail/reply.ts';
import { type IndexText, type Summary, summarise } from '../mail/summary.ts';
import type { AcceptedRecipient, Delivery, Hold, Release, Store } from '../store.ts';
import { textsOf } from './incoming.ts';
import type { Chain } from './recipient.ts';

export type Routed = {
  /** Null: nobody takes it. */
  release: Release | null;
  refused: { delivery: Delivery; reply: Reply }[];
};

type Options = { store: Store; chain: Chain; now: () => number; parked: () => Hold | null };

/**
 * A submission whose time has come, all recipients of one content: where the chain sends each now, which may differ
 * from what RCPT was told, and what its messages' rows need, read again from the content.
 */
export async function routeHeld(held: Delivery[], { store, chain, now, parked }: Options): Promise<Routed> {
  const recipients: AcceptedRecipient[] = [];
  const ids: number[] = [];
  const refused: Routed['refused'] = [];
  for (const delivery of held) {
    const { routes, refusal } = await chain(delivery.recipient);
    if (refusal) {
      refused.push({ delivery, reply: refusal });
      continue;
    }
    const { recipient: address, notify, orcpt, id } = delivery;
    ids.push(id);
    recipients.push({ address, notify, orcpt, routes });
  }
  const [first] = held;
  if (!first || ids.length === 0) return { release: null, refused };
  const { contentId, sender, size, origin, accountId, ret, envid, eightBit, smtpUtf8 } = first;
  const filing = {
    ...{ receivedAt: now(), origin, accountId, reversePath: sender, ret, envid, eightBit, smtpUtf8, hold: parked() },
    ...{ content: { size } },
    ...(await rowOf(contentId, store)),
  };
  return { release: { ids, contentId, filing, recipients }, refused };
}

const mostHeader = 256 * 1024;

async function rowOf(contentId: number, store: Store): Promise<{ summary: Summary; index: IndexText }> {
  const content = await store.content.get(contentId);
  if (!content?.tree) throw new Error(`content ${contentId} cannot be read as mail`);
  const { tree } = content;
  const read = (from: number, to: number) => store.content.read(contentId, from, to);
  const header = await read(0, Math.min(tree.bodyFrom, mostHeader));
  return summarise(header, tree, await textsOf(tree, read));
}

/** A recipient of a submission that is held: where it goes is found when its time has come. */
export const unrouted = (r: AcceptedRecipient): AcceptedRecipient => ({
  ...r,
  routes: [{ kind: 'held', address: r.address }],
});

export const heldUntil = (at: number): Hold => ({
  kind: 'future release',
  reason: `held until ${formatDate(at)}, as its author asked`,
  until: at,
});
