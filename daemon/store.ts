/**
 * The store: accounts, folders, messages, content, the queue and what the fetcher knows.
 *
 * It promises that what a resolved write did is on the disk, that a write is one transaction,
 * and that reads never wait for a write. It knows SQL; nobody else does. It does not decide
 * who may do what, and it never looks at the clock: times are given to it.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { packed, packedUnread } from './store/accept.ts';
import { type Accounts, createAccounts } from './store/accounts.ts';
import { type AppPasswords, createAppPasswords } from './store/app-passwords.ts';
import { type CannedReplies, createCannedReplies } from './store/canned-replies.ts';
import { type Choices, createChoices } from './store/choices.ts';
import { type Contacts, createContacts } from './store/contacts.ts';
import { type Contents, createContents } from './store/content.ts';
import { type Conversations, createConversations } from './store/conversation-pages.ts';
import { type Correspondents, createCorrespondents } from './store/correspondents.ts';
import { createDeliveries, type Deliveries } from './store/deliveries.ts';
import { createDomains, type Domains } from './store/domains.ts';
import { createDrafts, type Drafts } from './store/drafts.ts';
import { createFetched, createKeptState, type FetchedLedger, type KeptState } from './store/fetched.ts';
import { createFolders, type Folders } from './store/folders.ts';
import { createForwardConsents, type ForwardConsents } from './store/forward-consents.ts';
import { createForwardVolume, type ForwardVolume } from './store/forward-volume.ts';
import { createHeldSubmissions, type HeldSubmissions } from './store/held-submissions.ts';
import { createIdentities, type Identities } from './store/identities.ts';
import { type GivenKey, wasAccepted } from './store/keys.ts';
import { createLabels, type Labels } from './store/labels.ts';
import { createMailRules, type MailRules } from './store/mail-rules.ts';
import { createMaildrop, type Maildrop } from './store/maildrop.ts';
import { createMessages, type Messages } from './store/messages.ts';
import { createProviderLogins, type ProviderLogins } from './store/provider-logins.ts';
import { createPushSubscriptions, type PushSubscriptions } from './store/push-subscriptions.ts';
import { createSavedSearches, type SavedSearches } from './store/saved-searches.ts';
import { migrate, schemaVersion, storeVersion } from './store/schema.ts';
import { createSearches, type Searches } from './store/search.ts';
import { createSecondFactors, type SecondFactors } from './store/second-factors.ts';
import { createSessions, type Sessions } from './store/sessions.ts';
import type { Acceptance, Accepted, Objection, Terms, Unread } from './store/shapes.ts';
import { createSignIns, type SignIns } from './store/sign-ins.ts';
import { createSnoozes, type Snoozes } from './store/snoozes.ts';
import { createSortedPages, type SortedPages } from './store/sorted-pages.ts';
import { giveBackSpace } from './store/space.ts';
import { connect, isStoresOwn, StoreError, sqliteNames } from './store/sqlite.ts';
import { createSubmissions, type Submissions } from './store/submissions.ts';
import { createTrustedBrowsers, type TrustedBrowsers } from './store/trusted-browsers.ts';
import { createUnwanted, type Unwanted } from './store/unwanted.ts';
import { createUsage, type Usage } from './store/usage.ts';
import { createVacations, type Vacations } from './store/vacation.ts';
import type { Read, Write } from './store/verbs.ts';
import { inlineWriter, startWriter } from './store/writer.ts';

export type { AccountFields } from './store/accounts.ts';
export { type AppPassword, type AppPasswords, mostAppPasswords } from './store/app-passwords.ts';
export type { CannedReplies, CannedReply, CannedReplyFields, CannedReplySaved } from './store/canned-replies.ts';
export type { Choice, ChoiceKind } from './store/choices.ts';
export type { Contact, ContactFields, ContactGroup, ContactKey } from './store/contacts.ts';
export type { ContentWriter } from './store/content.ts';
export type { Conversation } from './store/conversation-pages.ts';
export type { Correspondent, Suggestion } from './store/correspondents.ts';
export type { QueueCounts } from './store/deliveries.ts';
export type { DomainCall, DomainMail } from './store/domains.ts';
export type { Draft, DraftFields } from './store/drafts.ts';
export type { Fetched } from './store/fetched.ts';
export type { Asked, Asking, ConsentState, ForwardConsent, ForwardWish } from './store/forward-consents.ts';
export type { HeldBack } from './store/forward-volume.ts';
export type { HeldAnswer, HeldSubmission, Release } from './store/held-submissions.ts';
export type { Identity, IdentityFields } from './store/identities.ts';
export {
  type Label,
  type LabelColour,
  type LabelFields,
  type Labelling,
  labelColours,
  mostLabels,
} from './store/labels.ts';
export { type KeptRule, type MessageHead, mostRules, type RuleFields } from './store/mail-rules.ts';
export type { DropEntry } from './store/maildrop.ts';
export type { ProviderLogin, ProviderLogins } from './store/provider-logins.ts';
export type { PushSubscription } from './store/push-subscriptions.ts';
export type { Changed, Slice } from './store/queue-changes.ts';
export type { NoRoom } from './store/quota.ts';
export type { SavedSearch } from './store/saved-searches.ts';
export type { Found } from './store/search.ts';
export type { SecondFactor } from './store/second-factors.ts';
export type { Session } from './store/sessions.ts';
export * from './store/shapes.ts';
export { mostSignIns, type SignIn, type SignInResult, type SignIns, type SignInWay } from './store/sign-ins.ts';
export { mostReminders, type SnoozedPage, type Waiting, type WaitingKey } from './store/snoozes.ts';
export { mostSorted, type SortColumn, type Sorted, type SortedKey, type SortWish } from './store/sorted-pages.ts';
export type { Stay } from './store/stays.ts';
export type { SubmissionFacts } from './store/submissions.ts';
export type { TrustedBrowser } from './store/trusted-browsers.ts';
export type { BlockedSender, MutedConversation } from './store/unwanted.ts';
export type { Upload } from './store/uploads.ts';
export type { Heavy, Weight } from './store/usage.ts';
export { isAway, longestEveryDays, type Vacation } from './store/vacation.ts';
export { isStoresOwn, StoreError };

export type Store = {
  accounts: Accounts;
  folders: Folders;
  labels: Labels;
  snoozes: Snoozes;
  usage: Usage;
  messages: Messages & Maildrop & SortedPages;
  conversations: Conversations;
  search: Searches;
  savedSearches: SavedSearches;
  pushSubscriptions: PushSubscriptions;
  choices: Choices;
  content: Contents;
  deliveries: Deliveries;
  domains: Domains;
  heldSubmissions: HeldSubmissions;
  drafts: Drafts;
  contacts: Contacts;
  correspondents: Correspondents;
  identities: Identities;
  mailRules: MailRules;
  forwardConsents: ForwardConsents;
  forwardVolume: ForwardVolume;
  unwanted: Unwanted;
  vacations: Vacations;
  cannedReplies: CannedReplies;
  submissions: Submissions;
  sessions: Sessions;
  signIns: SignIns;
  appPasswords: AppPasswords;
  secondFactors: SecondFactors;
  trustedBrowsers: TrustedBrowsers;
  providerLogins: ProviderLogins;
  fetched: FetchedLedger;
  kept: KeptState;
  /** The one transaction that makes content ours: messages, deliveries, keys, Sent copy, timeline, reports owed. */
  accept(acceptance: Acceptance, reports?: Acceptance[]): Promise<Accepted>;
  /** The same for content nobody has read yet; an objection: it was read, and nothing was written. */
  acceptUnread(terms: Terms, unread: Unread): Promise<Accepted | { objection: Objection }>;
  /** Was anything accepted under this key? For a giver that never heard the answer. */
  wasAccepted(given: GivenKey): Promise<boolean>;
  /** Forgets keys of before `before`, of the fetcher's those of before `fetchedBefore`. Answers how many. */
  forgetKeys(before: number, fetchedBefore: number): Promise<number>;
  /** Gives the room that deletions left in the database back to the disk, in slices. */
  giveBackSpace(): Promise<void>;
  /** Writes of this process that wait for their commit. */
  pendingWrites(): number;
  /** Finishes what is under way and closes the connections. */
  close(): Promise<void>;
};

export type StoreOptions = {
  /** The folder of the store; made when it is not there. */
  path: string;
  /** thread: for servers, a slow disk holds nobody up · inline: for short commands, which then start at once. */
  writer: 'thread' | 'inline';
  /** Called when a sync failed: the process must end (DESIGN: kinds of failure). */
  fatal(error: Error): void;
  /** Keeps the full-text index up to date from here; false: another process of the house does. */
  indexes?: boolean;
};

/** Opens the store, bringing it to the newest version. Throws StoreError `damaged` for what is no store. */
export async function openStore({ path, writer: kind, fatal, indexes = true }: StoreOptions): Promise<Store> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const file = join(path, 'cwmail.db');
  await upgrade(file).catch(error => {
    throw damaged(error) ? new StoreError('damaged', notSound(file, error), error) : error;
  });
  const reader = connect(file, 'read');
  const writer = kind === 'thread' ? startWriter(file, fatal, indexes) : inlineWriter(file, fatal, indexes);
  const read: Read = async work => reader.perform(work);
  const write = writer.write as Write;
  const content = createContents(join(path, 'content'), read, write, fatal);
  // Files go soon after their rows did; one that cannot go now is tried at the next removal.
  const unlinkFiles = () => content.unlinkDoomed().catch(() => 0);
  let sweeps = false;
  /** What one commit has answered comes in one turn, and one look at the doomed files is enough for it. */
  const swept = () => {
    if (!sweeps) queueMicrotask(sweep);
    sweeps = true;
  };
  const sweep = () => {
    sweeps = false;
    void unlinkFiles();
  };
  const drafts = createDrafts(read, write, swept);
  return {
    accounts: createAccounts(read, write, { removeDrafts: drafts.removeAll, unlinkFiles }),
    folders: createFolders(read, write),
    labels: createLabels(read, write),
    snoozes: createSnoozes(read, write),
    usage: createUsage(read),
    messages: {
      ...createSortedPages(read),
      ...createMessages(read, write, swept),
      ...createMaildrop(read, write, swept),
    },
    conversations: createConversations(read, write),
    search: createSearches(read),
    savedSearches: createSavedSearches(read, write),
    pushSubscriptions: createPushSubscriptions(read, write),
    choices: createChoices(read, write),
    content,
    deliveries: createDeliveries(read, write, swept),
    domains: createDomains(read, write),
    heldSubmissions: createHeldSubmissions(read, write, swept),
    drafts,
    contacts: createContacts(read, write),
    correspondents: createCorrespondents(read, write),
    identities: createIdentities(read, write),
    mailRules: createMailRules(read, write),
    forwardConsents: createForwardConsents(read, write),
    forwardVolume: createForwardVolume(read),
    unwanted: createUnwanted(read, write),
    vacations: createVacations(read, write),
    cannedReplies: createCannedReplies(read, write),
    submissions: createSubmissions(read),
    sessions: createSessions(read, write),
    signIns: createSignIns(read, write),
    appPasswords: createAppPasswords(read, write),
    secondFactors: createSecondFactors(read, write),
    trustedBrowsers: createTrustedBrowsers(read, write),
    providerLogins: createProviderLogins(read, write),
    fetched: createFetched(read, write),
    kept: createKeptState(read, write),
    wasAccepted: given => read(wasAccepted(given)),
    async forgetKeys(before, fetchedBefore) {
      let forgotten = 0;
      for (let some = -1; some !== 0; forgotten += some)
        some = await write('forgetKeys', { before, fetchedBefore, limit: 500 });
      return forgotten;
    },
    async accept(a, reports = []) {
      const weight = 500 + (a.content.bytes?.length ?? 0);
      const accepted = reports.length
        ? await write('acceptReporting', { mail: packed(a), reports }, weight)
        : await write('accept', packed(a), weight);
      if ('objection' in accepted) throw new Error('nobody asked for an objection');
      return accepted;
    },
    acceptUnread: (terms, unread) => write('accept', packedUnread(terms, unread), 500 + unread.bytes.length),
    giveBackSpace: () => giveBackSpace(write),
    pendingWrites: writer.pending,
    async close() {
      await writer.close();
      reader.close();
    },
  };
}

const damaged = (error: unknown): error is StoreError => error instanceof StoreError && error.kind === 'damaged';

const notSound = (file: string, { message }: Error): string =>
  `The mail store ${file} is damaged (${message}). Put back a copy of the data folder, or move the file away to begin with an empty store.`;

const patienceMs = 5_000;
const longestUpgradeMs = 3_600_000;

/** One that is only being made, too. */
function isOlder(db: ReturnType<typeof connect>): boolean {
  try {
    return db.perform(storeVersion()) < schemaVersion;
  } catch {
    return true;
  }
}

/**
 * Several processes may open a store at the same moment: the lock decides who makes it, or brings it to our version.
 * Of a large one that takes minutes, and whoever gave up meanwhile would take the others, and all of it, down.
 */
async function upgrade(file: string): Promise<void> {
  const db = connect(file, 'write');
  const since = performance.now();
  try {
    while (!db.begin()) {
      const waited = performance.now() - since;
      if (waited > longestUpgradeMs || (waited > patienceMs && !isOlder(db)))
        throw new StoreError('busy', 'the store was locked for too long');
      await new Promise(resolve => setTimeout(resolve, waited < patienceMs ? 5 : 100));
    }
    db.perform(migrate(sqliteNames));
    db.exec('commit');
  } finally {
    db.close();
  }
}
