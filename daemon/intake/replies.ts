import { type Reply, reply } from '../mail/reply.ts';
import { type Objection, StoreError } from '../store.ts';

/** What is said of content that was read and is not taken. */
export const objections: Record<Objection, Reply> = {
  hops: reply(554, '4.6', 'Too many hops: this is a mail loop'),
  bareNewlines: reply(550, '5.2', 'A lone CR or LF in the message: lines end in CRLF (RFC 5321 §2.3.8)'),
};

/** What went wrong here is never the sender's fault for good. */
export function temporary(error: unknown): Reply {
  const full =
    (error instanceof StoreError && error.kind === 'full') || (error as NodeJS.ErrnoException).code === 'ENOSPC';
  return full
    ? reply(452, '3.1', 'There is no room for it now, try again later')
    : reply(451, '3.0', 'It could not be stored now, try again later');
}
