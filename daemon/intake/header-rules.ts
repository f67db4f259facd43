import type { Handover } from '../intake.ts';
import type { Recipient } from '../mail/envelope.ts';
import { dateField, messageId, receivedField } from '../mail/trace.ts';
import type { HeaderRules } from './incoming.ts';
import { isSubmission } from './policy.ts';

/** How the header of a message is mended on its way in; `by`: our name. */
export function headerRules(
  { visitor, id, helo, protocol }: Handover,
  recipients: Recipient[],
  by: string,
  at: number,
): HeaderRules {
  const oneFor = recipients.length === 1 ? recipients[0]!.address : null;
  const submitted = isSubmission(visitor);
  const author = visitor.account?.address;
  // A browser's address is nobody's business: the webmail's mail says only that it came from us.
  const peerAddress = visitor.origin === 'webmail' ? null : visitor.address;
  return {
    prepend: receivedField({ helo, peerAddress, by, with: protocol, id, for: oneFor, at }),
    drop: submitted ? ['return-path', 'bcc', 'resent-bcc'] : ['return-path'],
    missing: submitted
      ? {
          date: dateField(at),
          'message-id': `Message-ID: ${messageId(id, by)}\r\n`,
          ...(author ? { from: `From: ${author}\r\n` } : {}),
        }
      : {},
    keepHead: submitted,
  };
}
