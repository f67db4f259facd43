/**
 * The store: accounts, folders, messages, content, the queue and what the fetcher knows.
 *
 * It promises that what a resolved write did is on the disk, that a write is one transaction,
 * and that reads never wait for a write. It knows SQL; nobody else does. It does not decide
 * who may do what, and it never looks at the clock: times are given to it.
 */
import type { Accounts } from './store/accounts.ts';
import type { Contents } from './store/content.ts';
import type { Deliveries } from './store/deliveries.ts';
import type { Drafts } from './store/drafts.ts';
import type { FetchedLedger } from './store/fetched.ts';
import type { Folders } from './store/folders.ts';
import type { Messages } from './store/messages.ts';
import type { Searches } from './store/search.ts';
import type { Sessions } from './store/sessions.ts';
import type { Acceptance, Accepted } from './store/shapes.ts';

export * from './store/shapes.ts';

export type Store = {
  accounts: Accounts;
  folders: Folders;
  messages: Messages;
  search: Searches;
  content: Contents;
  deliveries: Deliveries;
  drafts: Drafts;
  sessions: Sessions;
  fetched: FetchedLedger;
  /** The one transaction that makes content ours: messages, deliveries, keys, Sent copy, timeline. */
  accept(acceptance: Acceptance): Promise<Accepted>;
  /** Finishes what is under way and closes the connections. */
  close(): Promise<void>;
};
