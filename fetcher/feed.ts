/**
 * Hands one fetched message to our own door, as the service `fetcher`, while it still comes in from the upstream.
 *
 * It promises that nothing is held in memory but the header, that the door gets the whole message or none of it (an
 * upstream that drops in the middle ends the SMTP connection before the final dot), and that the same message under
 * the same key is taken once, however often it is fed. It deletes nothing and remembers nothing.
 */
import { parseAddress } from '../daemon/mail/address.ts';
import { readHeader } from '../daemon/mail/header.ts';
import { isPermanent, isPositive, isTemporary, type Reply, replyLine } from '../daemon/mail/reply.ts';
import type { Submitter } from '../daemon/smtp-client.ts';
import type { Incoming } from './feed/incoming.ts';

export { type Incoming, openIncoming, TooLarge } from './feed/incoming.ts';

export type Fed = {
  /**
   * accepted: at least one recipient has it, and all have a final answer · later: some have none yet · nobody: no
   * recipient is known here, which is the account's fault, not the message's · refused: the message itself, for good.
   */
  kind: 'accepted' | 'refused' | 'later' | 'nobody';
  /** Recipients that were refused for good, with the door's words. */
  refusals: string[];
  /** What the door said last. */
  reply: string;
};

export type Parcel = {
  key: string;
  recipients: string[];
  /** Gets what the door does not know a recipient for; null: nobody does. */
  fallback: string | null;
  /** Octets as the upstream lists them. */
  size: number;
};

/** `again` fetches the message once more: for the fallback, when others have taken the content already. */
export type Feed = (message: Incoming, parcel: Parcel, again: () => Promise<Incoming>) => Promise<Fed>;

type Answer = { address: string; reply: Reply };

export function createFeed(submitter: Pick<Submitter, 'send'>): Feed {
  return async (message, parcel, again) => {
    const answers = await give(submitter, message, parcel, parcel.recipients);
    const unknown = answers.filter(a => isPermanent(a.reply));
    const { fallback } = parcel;
    // Refused after the content was given: it is the content that the door does not like.
    const disliked = message.touched && unknown.length === answers.length;
    if (unknown.length === 0 || disliked || fallback === null || parcel.recipients.includes(fallback))
      return judge(answers, []);
    // Somebody must have it: the sender is told nothing by us, and the address may have been a forgery.
    const second = message.touched ? await again() : message;
    const last = await give(submitter, second, parcel, [fallback]);
    return judge([...answers.filter(a => !isPermanent(a.reply)), ...last], unknown);
  };
}

async function give(submitter: Pick<Submitter, 'send'>, message: Incoming, parcel: Parcel, to: string[]) {
  const replies = await submitter.send(null, {
    reversePath: reversePathOf(message.header),
    recipients: to.map(address => ({ address })),
    size: parcel.size,
    key: parcel.key,
    eightBit: true,
    content: () => message.content(),
  });
  // The door's answers mean nothing when it was our upstream that failed.
  if (message.failure !== null) throw message.failure;
  return to.map((address, i): Answer => ({ address, reply: replies[i]! }));
}

/** `before`: answers that another recipient has made good for. */
function judge(answers: Answer[], before: Answer[]): Fed {
  const refused = answers.filter(a => isPermanent(a.reply));
  const waiting = answers.find(a => isTemporary(a.reply));
  const accepted = answers.find(a => isPositive(a.reply));
  const said = waiting ?? accepted ?? refused[0];
  return {
    kind: waiting ? 'later' : accepted ? 'accepted' : refused.every(isUnknown) ? 'nobody' : 'refused',
    refusals: [...before, ...refused].map(a => `${a.address}: ${replyLine(a.reply)}`),
    reply: said === undefined ? '' : replyLine(said.reply),
  };
}

/** RFC 3463 §3.2, §3.3: no such mailbox, no such domain, mailbox disabled. */
const isUnknown = ({ reply }: Answer): boolean => ['1.1', '1.2', '1.10', '2.1'].includes(reply.status ?? '');

/** The upstream's last hop noted it in Return-Path (RFC 5321 §4.4); without a good one, nobody is answered. */
export function reversePathOf(header: Buffer): string | null {
  const [, path = ''] = /^<([^<>]*)>/.exec(readHeader(header).get('return-path')?.trim() ?? '') ?? [];
  return parseAddress(path, 255) === null ? null : path;
}
