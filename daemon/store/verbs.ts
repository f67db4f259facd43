import { acceptRead, acceptReporting, type Packed, readPacked } from './accept.ts';
import { accountVerbs } from './accounts.ts';
import { appPasswordVerbs } from './app-passwords.ts';
import { cannedReplyVerbs } from './canned-replies.ts';
import { choiceVerbs } from './choices.ts';
import { contactVerbs } from './contacts.ts';
import { contentVerbs } from './content.ts';
import { conversationVerbs } from './conversations.ts';
import { correspondentVerbs } from './correspondents.ts';
import { deliveryVerbs } from './deliveries.ts';
import { discardedDraftVerbs } from './discarded-drafts.ts';
import { domainVerbs } from './domains.ts';
import { draftVerbs } from './drafts.ts';
import { fetchedVerbs } from './fetched.ts';
import { folderVerbs } from './folders.ts';
import { consentVerbs } from './forward-consents.ts';
import { heldVerbs } from './held-submissions.ts';
import { identityVerbs } from './identities.ts';
import { keyVerbs } from './keys.ts';
import { labelVerbs } from './labels.ts';
import { ruleVerbs } from './mail-rules.ts';
import { maildropVerbs } from './maildrop.ts';
import { messageVerbs } from './messages.ts';
import { providerLoginVerbs } from './provider-logins.ts';
import { pushVerbs } from './push-subscriptions.ts';
import { quotaVerbs } from './quota.ts';
import { savedSearchVerbs } from './saved-searches.ts';
import { secondFactorVerbs } from './second-factors.ts';
import { sessionVerbs } from './sessions.ts';
import { signInVerbs } from './sign-ins.ts';
import { snoozeVerbs } from './snoozes.ts';
import { spaceVerbs } from './space.ts';
import { trustedBrowserVerbs } from './trusted-browsers.ts';
import { unwantedVerbs } from './unwanted.ts';
import { uploadVerbs } from './uploads.ts';
import { vacationVerbs } from './vacation.ts';

/** Everything that writes, by name: each is one transaction, carried out where the writing connection lives. */
export const verbs = {
  accept: acceptRead,
  acceptReporting,
  ...accountVerbs,
  ...folderVerbs,
  ...messageVerbs,
  ...labelVerbs,
  ...snoozeVerbs,
  ...maildropVerbs,
  ...conversationVerbs,
  ...quotaVerbs,
  ...pushVerbs,
  ...keyVerbs,
  ...contentVerbs,
  ...deliveryVerbs,
  ...heldVerbs,
  ...domainVerbs,
  ...discardedDraftVerbs,
  ...draftVerbs,
  ...sessionVerbs,
  ...signInVerbs,
  ...appPasswordVerbs,
  ...secondFactorVerbs,
  ...trustedBrowserVerbs,
  ...savedSearchVerbs,
  ...choiceVerbs,
  ...fetchedVerbs,
  ...spaceVerbs,
  ...contactVerbs,
  ...correspondentVerbs,
  ...identityVerbs,
  ...ruleVerbs,
  ...unwantedVerbs,
  ...uploadVerbs,
  ...vacationVerbs,
  ...consentVerbs,
  ...providerLoginVerbs,
  ...cannedReplyVerbs,
};

export type Verbs = typeof verbs;
export type VerbName = keyof Verbs;

/** What can be done of a write before it has the store for itself: content is read. */
export const prepared = (verb: VerbName, args: unknown): unknown =>
  verb === 'accept' ? readPacked(args as Packed) : args;

/** What a call of a verb brings along. */
type Arguments<N extends VerbName> = N extends 'accept' ? Packed : Parameters<Verbs[N]>[0];

/** A typed call of a verb, as the sub-rooms make it. */
export type Write = <N extends VerbName>(
  verb: N,
  args: Arguments<N>,
  weight?: number,
) => Promise<ReturnType<Verbs[N]> extends Generator<unknown, infer T, unknown> ? T : never>;

/** A read, on a connection that never waits for a writer. */
export type Read = <T>(work: import('./sql.ts').Work<T>) => Promise<T>;
