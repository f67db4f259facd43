import type { FilterContent } from '../mail/filter.ts';
import { stretchesOf } from '../mail/reading.ts';
import type { Reply } from '../mail/reply.ts';
import { readTexts, type Summary, summarise } from '../mail/summary.ts';
import type { AcceptedRecipient, Delivery, Hold, Origin, Release, Store } from '../store.ts';
import type { Verdict } from './filter.ts';
import type { Chain } from './recipient.ts';
import { redated } from './redate.ts';
import { type forwardTerms, quarantined } from './terms.ts';

export type Routed = {
  /** Null: nobody takes it. */
  release: Release | null;
  refused: { delivery: Delivery; reply: Reply }[];
};

type Options = {
  store: Store;
  chain: Chain;
  /** Does it leave the house whosever it is? */
  leaves: (from: Pick<Delivery, 'origin' | 'errand'>) => boolean;
  now: () => number;
  parked: () => Hold | null;
  sentOn: ReturnType<typeof forwardTerms>;
  /** What the content rules say of it; null: there are none. */
  judge: (content: FilterContent, from: { id: string; visitor: { origin: Origin } }) => Promise<Verdict | null>;
};

/**
 * A submission whose time has come, all recipients of one content: where the chain sends each now, which may differ
 * from what RCPT was told, and what its messages' rows need, read again from the content.
 */
export async function routeHeld(
  held: Delivery[],
  { store, chain, leaves, now, parked, judge, sentOn }: Options,
): Promise<Routed> {
  const recipients: AcceptedRecipient[] = [];
  const ids: number[] = [];
  const refused: Routed['refused'] = [];
  for (const delivery of held) {
    const { routes, refusal } = await chain(delivery.recipient, { leaves: leaves(delivery) });
    if (refusal) {
      refused.push({ delivery, reply: refusal });
      continue;
    }
    const { recipient: address, notify, orcpt, id, acceptedAs } = delivery;
    ids.push(id);
    recipients.push({ address, notify, orcpt, routes, ...(acceptedAs !== null && { acceptedAs }) });
  }
  const [first] = held;
  if (!first || ids.length === 0) return { release: null, refused };
  const { contentId, sender, size, origin, accountId, ret, envid, eightBit, smtpUtf8 } = first;
  const content = await contentOf(contentId, store);
  // By the rules of now: they may have changed, and what marks it is on the messages, of which there were none.
  const verdict = await judge(content, { id: `release:${first.id}`, visitor: { origin } });
  if (verdict?.refusal) {
    const reply = verdict.refusal;
    const now = held.filter(d => ids.includes(d.id)).map(delivery => ({ delivery, reply }));
    return { release: null, refused: [...refused, ...now] };
  }
  // The provider takes what a rule sends on from its owner only, who is told then where that fails. An answer to nobody
  // stays one, or two such reports would call each other up.
  const owner = first.errand && leaves(first) ? await store.accounts.byId(first.errand.accountId) : null;
  const at = now();
  const { header } = content;
  const fresh = (await isNobodysYet()) ? await redated({ contentId, header, at }, store) : null;
  const summary = await summaryOf(content);
  const filing = {
    ...{
      receivedAt: at,
      origin,
      accountId: owner?.id ?? accountId,
      reversePath: owner && sender !== null ? owner.address : sender,
      ret,
      envid,
      eightBit,
      smtpUtf8,
      hold: await holdOf(verdict, contentId),
      ...sentOn,
    },
    ...{ content: { size } },
    summary: fresh ? { ...summary, date: Math.floor(at / 1000) * 1000 } : summary,
    ...{ passed: first.fields, header: header.toString('latin1', 0, mostKept) },
    ...(verdict?.filing && { filing: verdict.filing }),
  };
  const takers = verdict?.discard ? recipients.map(r => ({ ...r, routes: [] })) : recipients;
  return { release: { ids, contentId, filing, recipients: takers, ...(fresh && { content: fresh }) }, refused };

  /** What some have already must not change under them, nor be another letter to the rest. */
  async function isNobodysYet(): Promise<boolean> {
    if (origin !== 'webmail' || first?.errand || accountId === null) return false;
    return (await store.heldSubmissions.get(accountId, contentId)) !== null;
  }

  /** A person who let it go has seen it: what a rule puts away goes back no second time. */
  async function holdOf(verdict: Verdict | null, contentId: number): Promise<Hold | null> {
    if (!verdict?.hold) return parked();
    const steps = await store.deliveries.timeline(contentId);
    return steps.some(s => s.event === 'released') ? parked() : quarantined(verdict.hold, null);
  }
}

const mostHeader = 256 * 1024;
/** Of the header, for the rules of those who get it. */
export const mostKept = 64 * 1024;

export async function contentOf(contentId: number, store: Store): Promise<FilterContent> {
  const content = await store.content.get(contentId);
  if (!content?.tree) throw new Error(`content ${contentId} cannot be read as mail`);
  const { tree, size } = content;
  const read = (from: number, to: number) => store.content.read(contentId, from, to);
  return { header: await read(0, Math.min(tree.bodyFrom, mostHeader)), root: tree, size, read };
}

export async function summaryOf({ header, root, read }: FilterContent): Promise<Summary> {
  const texts = [];
  for (const { part, from, to } of stretchesOf(root)) texts.push({ part, bytes: await read(from, to) });
  return summarise(header, root, readTexts(texts));
}
