import type { Notify } from '../mail/envelope.ts';
import type { Origin } from './shapes.ts';

export type DeliveryState = 'waiting' | 'sending' | 'held';

/**
 * Why something is held, for machines: we may not go out · a person said so · its author named a time (RFC 4865) ·
 * its domain is suspended until somebody asks for it.
 */
export type HoldKind = 'off line' | 'operator' | 'future release' | 'suspended domain';

export type Hold = {
  kind: HoldKind;
  /** In words for a person. */
  reason: string;
  /** When it goes on by itself; null: no time is set. */
  until: number | null;
};

/** One content for one recipient, waiting in the queue. */
export type Delivery = {
  id: number;
  contentId: number;
  /** Octets of the content. */
  size: number;
  /** Reverse-path; null is `<>`. */
  sender: string | null;
  recipient: string;
  domain: string;
  state: DeliveryState;
  /** Null: it is not held. */
  holdKind: HoldKind | null;
  /** Why it waits, in words for a person. */
  reason: string;
  /** False: the recipient is as the envelope named it, and goes through the chain at its release. */
  routed: boolean;
  /** Who brought the content. */
  origin: Origin;
  attempts: number;
  /** When it is due; for a held one, when it is released by itself, else when it was held. */
  nextAt: number;
  lastReply: string | null;
  since: number;
  notify: Notify[] | null;
  /** As the sender gave it; null: none given. */
  orcpt: string | null;
  /** The recipient as it was accepted, where it was led elsewhere from here; null: nowhere. */
  acceptedAs: string | null;
  ret: 'FULL' | 'HDRS' | null;
  envid: string | null;
  eightBit: boolean;
  smtpUtf8: boolean;
  /** The account that submitted it; null: none. */
  accountId: number | null;
  /** When its sender was told of the delay; null: not yet. */
  delayedAt: number | null;
  /** Written in front of the content, with their CRLFs; empty: nothing is. */
  fields: string;
  /** For a mediator of ours, that takes it through the door again; null: for a host. */
  errand: Errand | null;
};

/** forward: a rule of the account sends it on · answer: the account's owner is away. */
export type Errand = { kind: 'forward' | 'answer'; accountId: number };

/** What became of one delivery after an attempt. */
export type Outcome = { id: number; at: number } & (
  | { kind: 'delivered'; reply: string; hop: string }
  | { kind: 'failed'; reply: string; hop: string | null }
  | {
      kind: 'later';
      reply: string;
      hop: string | null;
      nextAt: number;
      reason: string;
      /** Its sender is told of the delay in this transaction. */
      delayed: boolean;
      /** It is held again; none: it waits for `nextAt`. */
      hold?: Hold | null;
    }
);

/** Which deliveries; what is left out does not matter, so `{}` is all of them. */
export type Which = {
  ids?: number[];
  domain?: string;
  /** Null: `<>`. */
  sender?: string | null;
  recipient?: string;
  /** In whose name they are. */
  accountId?: number;
  holdKind?: HoldKind;
};

/** What is done to deliveries that are not under way. */
export type QueueChange =
  | { kind: 'hold'; hold: Hold }
  /** It goes on at once, or at `at`. */
  | { kind: 'go on'; at: number }
  | { kind: 'remove' }
  /** It counts as under way, for whoever asked; `settle` or `release` ends that. */
  | { kind: 'take' };

/** One step in the life of a content, as its sender may read it. */
export type TimelineStep = {
  at: number;
  event: 'accepted' | 'routed' | 'tried' | 'delivered' | 'failed' | 'held' | 'released' | 'removed';
  recipient: string | null;
  detail: string;
};
