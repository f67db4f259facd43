import type { Notify } from '../mail/envelope.ts';
import type { Part } from '../mail/parts.ts';
import type { HeaderRules, Limits, Objection } from '../mail/reading.ts';
import type { Summary } from '../mail/summary.ts';
import type { Hold } from './queue-shapes.ts';

/** Times are milliseconds since 1970 UTC; sizes are octets; ids are positive integers, never used twice. */

export type { Account } from './account-shape.ts';

/** Bits of an account's `sorting`: there are rules · blocked senders · muted conversations · an answer for who is away. */
export const Sorting = { rules: 1, blocks: 2, mutes: 4, vacation: 8 } as const;

/** `snoozed`: there from the first message on that is put off. */
export type FolderRole = 'inbox' | 'drafts' | 'sent' | 'junk' | 'trash' | 'archive' | 'snoozed';

export type Folder = {
  id: number;
  name: string;
  /** What the folder is for; null: one the user made. */
  role: FolderRole | null;
  total: number;
  unread: number;
  modseq: number;
  uidValidity: number;
  nextUid: number;
};

/** Bits of a message's flags. `returned`, `unanswered`: why it came back (see Snoozes), while it lies in the Inbox. */
export const Flag = {
  seen: 1,
  answered: 2,
  flagged: 4,
  draft: 8,
  forwarded: 16,
  returned: 32,
  unanswered: 64,
  /** Read once, and put back to unread by hand. */
  unreadAgain: 128,
} as const;

export type * from './queue-shapes.ts';
export type { Objection, Summary };

export type Message = Summary & {
  id: number;
  accountId: number;
  folderId: number;
  contentId: number;
  uid: number;
  modseq: number;
  flags: number;
  /** When it came into this mailbox; of what was fetched, into that one. */
  receivedAt: number;
  /** Where it stands in lists: when it came, or when it was brought back. */
  listedAt: number;
  /** Octets as POP3 and the source view give it: prefix and content. */
  size: number;
  /** Return-Path and Delivered-To of this recipient, with their CRLFs; written in front of the content. */
  prefix: string;
  /** What it belongs to, of the account's; 0: not known yet. */
  conversation: number;
  /** Ids of its labels, in rising order. */
  labels: number[];
};

/** One page of a list, newest first; the key of its last row asks for the next page. */
export type PageKey = { listedAt: number; id: number };
export type Page = { messages: Message[]; next: PageKey | null };

export type Content = {
  id: number;
  size: number;
  /** The part tree with byte offsets into the content; null: it could not be read as mail. */
  tree: Part | null;
  /** The bytes themselves when they lie in the row (up to 64 KB); null: they lie in a file, use `open`. */
  bytes: Buffer | null;
};

/** Content on its way in: either small and in memory, or a durable file of `content.create()`. */
export type NewContent = { bytes: Buffer; file: null; size: number } | { bytes: null; file: string; size: number };

/** Where the recipient chain sends one envelope recipient. */
export type Route =
  | { kind: 'mailbox'; accountId: number; address: string }
  /** `hold`: what its delivery is held for whatever the others of its message are; none: nothing. */
  | {
      kind: 'relay';
      address: string;
      hold?: Hold | null;
      via?: Via;
      /** Others who send the same on to there, which goes once: one of them does when the first may not. */
      also?: Via[];
      /** In whose name it leaves, where each has a way of their own (`webmail_smtp`); none: as it came. */
      author?: Via;
    };

/** The mailbox whose owner sends it on: mail that has been there before goes no further than into it. */
export type Via = { accountId: number; address: string };

/** Goes through the chain when its time has come (RFC 4865): until then it is one delivery, unrouted. */
export type HeldRoute = { kind: 'held'; address: string };

/**
 * `local`: a program of this machine, by the pickup folder or the sendmail command · `mediator`: an answer of ours in a
 * person's name.
 */
export type Origin = 'peer' | 'submitter' | 'webmail' | 'fetcher' | 'local' | 'ourselves' | 'mediator';

/** What `intake.accept` hands to the one transaction that makes content ours, besides the content. */
export type Terms = {
  receivedAt: number;
  origin: Origin;
  /** The account that submitted it; null: it came from outside. */
  accountId: number | null;
  /** Idempotency key (DESIGN: hand-over); null: none, always written. */
  key: string | null;
  /** The draft this was built from: it is removed and the Sent copy filed; null: none. */
  draftId: number | null;
  /** File a copy in the submitter's Sent. */
  fileSent: boolean;
  reversePath: string | null;
  ret: 'FULL' | 'HDRS' | null;
  envid: string | null;
  eightBit: boolean;
  smtpUtf8: boolean;
  recipients: AcceptedRecipient[];
  /** Where recipients' messages go instead of the Inbox, and fields of ours in front of them, with their CRLFs. */
  filing?: { role: 'inbox' | 'junk'; fields: string };
  /** Delivered-To of the mailboxes it was sent on from; written in front wherever it goes. */
  passed?: string;
  /** Copies an hour that may be sent on for one account; none or 0: no limit. */
  forwardsPerHour?: number;
  /** Nobody is asked whether mail may be sent on to them; none: rules send on where an address said yes, or need not. */
  forwardsFree?: boolean;
  /** What its deliveries are held for from the start; null: they are not. Held routes have a hold with a time. */
  hold: Hold | null;
};

/** Content that was read, and what for. */
export type Acceptance = Terms & {
  content: NewContent;
  tree: Part | null;
  summary: Summary;
  /** The header block as latin1, of content that lies in a file. */
  header?: string;
};

/**
 * Content as it came, small enough for a row: it is read where it is written. Line ends that are mended may make
 * the row twice as large.
 */
export type Unread = { bytes: Buffer; rules: HeaderRules; limits: Limits };

export type AcceptedRecipient = {
  address: string;
  notify: Notify[] | null;
  orcpt: string | null;
  /** What its sender knows it as, where that is another address; absent: `address`. */
  acceptedAs?: string;
  routes: (Route | HeldRoute)[];
};

export type Accepted = {
  contentId: number;
  /** Octets of the content as it is kept. */
  size: number;
  /** Folders that changed, for events. */
  changed: Change[];
  /** Deliveries written to the queue. */
  queued: number;
  /** Every (key, recipient) pair was known already: nothing was written. */
  duplicate: boolean;
  /** What people's own rules could not do, as sentences for the log; none: nothing was amiss. */
  troubles?: string[];
};

export type Change = { accountId: number; folderId: number; modseq: number };
