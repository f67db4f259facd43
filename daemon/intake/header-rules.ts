import type { Settings } from '../config.ts';
import type { Recipient } from '../mail/envelope.ts';
import type { HeaderRules } from '../mail/reading.ts';
import { dateField, messageId, receivedField } from '../mail/trace.ts';
import { tagField } from './filter.ts';
import type { Handover } from './handover.ts';
import { isSubmission } from './policy.ts';

/** How the header of a message is mended on its way in. */
export function headerRules(
  { visitor, id, helo, protocol, drop = [] }: Handover,
  recipients: Recipient[],
  settings: Pick<Settings, 'host_domain' | 'msg_filter'>,
  at: number,
): HeaderRules {
  const by = settings.host_domain[0]!;
  const oneFor = recipients.length === 1 ? recipients[0]!.address : null;
  const fromHere = isSubmission(visitor) || visitor.origin === 'local';
  // The mark of our own content rules is ours to write.
  const trace = ['return-path', ...drop, ...(settings.msg_filter === '' ? [] : [tagField.toLowerCase()])];
  const author = visitor.account?.address;
  // A browser's address is nobody's business, and a program has none: such mail says only that it came from us.
  const peerAddress = visitor.origin === 'webmail' || visitor.origin === 'local' ? null : visitor.address;
  return {
    prepend: receivedField({ helo, peerAddress, by, with: protocol, id, for: oneFor, at }),
    drop: fromHere ? [...trace, 'bcc', 'resent-bcc'] : trace,
    missing: fromHere
      ? {
          date: dateField(at),
          'message-id': `Message-ID: ${messageId(id, by)}\r\n`,
          ...(author ? { from: `From: ${author}\r\n` } : {}),
        }
      : {},
    keepHead: isSubmission(visitor),
  };
}
