import type { Envelope } from '../mail/envelope.ts';
import type { AcceptedRecipient } from '../store.ts';
import type { Visitor } from './policy.ts';

/** One message being handed in: who brings it, and how the session named itself. */
export type Handover = {
  visitor: Visitor;
  /** The id under which the log tells of it, and the peer is told. */
  id: string;
  /** What the peer called itself in HELO or EHLO. */
  helo: string;
  /** `ESMTP`, `ESMTPSA` … (RFC 3848). */
  protocol: string;
  /** Header fields that were the envelope, and stay outside; by lower-case name. */
  drop?: readonly string[];
};

export type Submitted = {
  envelope: Envelope;
  recipients: AcceptedRecipient[];
  /** XCWMAIL: idempotency key and the draft it was built from. */
  key: string | null;
  draftId: number | null;
  /** Held until then, and routed only then (RFC 4865); null: it goes now. */
  releaseAt: number | null;
};
