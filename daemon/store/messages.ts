import type { Change, Message, Page, PageKey } from './shapes.ts';

/** What POP3 needs to know of an Inbox message; ids rise with arrival, and the id is the UIDL. */
export type DropEntry = { id: number; size: number };

export type Messages = {
  /** A page of a folder, newest first; `before` is the `next` of the page above it. */
  page(accountId: number, folderId: number, limit: number, before?: PageKey | null): Promise<Page>;
  get(accountId: number, id: number): Promise<Message | null>;
  /** The Inbox as POP3 locks it, oldest first. */
  maildrop(accountId: number): Promise<DropEntry[]>;
  /** Sets and clears flag bits; ids that do not exist are passed over. */
  setFlags(accountId: number, ids: number[], set: number, clear: number): Promise<Change[]>;
  move(accountId: number, ids: number[], folderId: number): Promise<Change[]>;
  /** Gone for good; content nobody refers to goes with it. */
  remove(accountId: number, ids: number[]): Promise<Change[]>;
  /** The messages next to one in its folder, in list order; null at an end. */
  neighbours(accountId: number, id: number): Promise<{ newer: number | null; older: number | null }>;
};
