import type { Message, Search } from './shapes.ts';

export type Searches = {
  /** Messages that match, newest arrival first; `beforeId` is the id of the last row of the page above. */
  find(accountId: number, search: Search, limit: number, beforeId?: number | null): Promise<Message[]>;
};
