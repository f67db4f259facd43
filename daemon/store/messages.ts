import type { Change, Message, Page, PageKey } from './shapes.ts';

/** What POP3 needs to know of an Inbox message; ids rise with arrival, and the id is the UIDL. */
export type DropEntry = { id: number; size: number };

/** What RETR sends: the prefix, then the content. Small content comes with its bytes; null: open it by its id. */
export type DropMessage = { prefix: string; contentId: number; bytes: Buffer | null };

export type Messages = {
  /** A page of a folder, newest first; `before` is the `next` of the page above it. */
  page(accountId: number, folderId: number, limit: number, before?: PageKey | null): Promise<Page>;
  get(accountId: number, id: number): Promise<Message | null>;
  /** The Inbox as POP3 locks it, oldest first. */
  maildrop(accountId: number): Promise<DropEntry[]>;
  /** A message of the locked Inbox, without its part tree (a hot path). Null: it left the Inbox since, by removal or move. */
  drop(accountId: number, id: number): Promise<DropMessage | null>;
  /** POP3's UPDATE: as `remove`, all in one transaction, but only those of `ids` still in the Inbox: what was filed elsewhere meanwhile stays. */
  removeDrops(accountId: number, ids: number[]): Promise<Change[]>;
  /** Sets and clears flag bits; ids that do not exist are passed over. */
  setFlags(accountId: number, ids: number[], set: number, clear: number): Promise<Change[]>;
  move(accountId: number, ids: number[], folderId: number): Promise<Change[]>;
  /** Gone for good; content nobody refers to goes with it. */
  remove(accountId: number, ids: number[]): Promise<Change[]>;
  /** The messages next to one in its folder, in list order; null at an end. */
  neighbours(accountId: number, id: number): Promise<{ newer: number | null; older: number | null }>;
};
