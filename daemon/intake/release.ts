import { stretchesOf } from '../mail/reading.ts';
import type { Reply } from '../mail/reply.ts';
import { readTexts, type Summary, summarise } from '../mail/summary.ts';
import type { AcceptedRecipient, Delivery, Hold, Release, Store } from '../store.ts';
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
    summary: await summaryOf(contentId, store),
  };
  return { release: { ids, contentId, filing, recipients }, refused };
}

const mostHeader = 256 * 1024;

async function summaryOf(contentId: number, store: Store): Promise<Summary> {
  const content = await store.content.get(contentId);
  if (!content?.tree) throw new Error(`content ${contentId} cannot be read as mail`);
  const { tree } = content;
  const header = await store.content.read(contentId, 0, Math.min(tree.bodyFrom, mostHeader));
  const texts = [];
  for (const { part, from, to } of stretchesOf(tree))
    texts.push({ part, bytes: await store.content.read(contentId, from, to) });
  return summarise(header, tree, readTexts(texts));
}
