import type { Settings } from '../config.ts';
import { formatDate } from '../mail/date.ts';
import type { Envelope } from '../mail/envelope.ts';
import type { AcceptedRecipient, Hold, Terms } from '../store.ts';

/** What the house says of mail that is sent on. */
export const forwardTerms = (s: Pick<Settings, 'user_max_forwards' | 'forward_confirm'>) => ({
  forwardsPerHour: s.user_max_forwards,
  forwardsFree: !s.forward_confirm,
});

/** What the envelope decides of an acceptance; null: one of our own, to be filled in. */
export const termsOf = (envelope: Envelope | null, receivedAt: number, hold: Hold | null): Terms => ({
  receivedAt,
  origin: 'peer',
  accountId: null,
  key: null,
  draftId: null,
  fileSent: false,
  reversePath: envelope?.reversePath ?? null,
  ret: envelope?.ret ?? null,
  envid: envelope?.envid ?? null,
  eightBit: envelope?.eightBit ?? false,
  smtpUtf8: envelope?.smtpUtf8 ?? false,
  recipients: [],
  hold,
});

/** A recipient that goes through the chain only when its time has come. */
export const unrouted = (r: AcceptedRecipient): AcceptedRecipient => ({
  ...r,
  routes: [{ kind: 'held', address: r.address }],
});

export const heldUntil = (at: number): Hold => ({
  kind: 'future release',
  reason: `held until ${formatDate(at)}, as its author asked`,
  until: at,
});

/** Put away by a content rule until a person lets it go. `until`: what its author asked for, which holds then still. */
export const quarantined = (reason: string, until: number | null): Hold => ({ kind: 'operator', reason, until });

/** Somebody asked to hear of it when it has arrived. */
export const owesReports = (recipients: AcceptedRecipient[]): boolean =>
  recipients.some(r => r.notify?.includes('SUCCESS'));
