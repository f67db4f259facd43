/**
 * The answer of somebody who is away: a mediator between the queue, which brings the errand, and the door.
 *
 * Whether a message is answered was decided in the transaction that delivered it. Here the answer is written, from what
 * its author says now, and goes through the recipient chain like any mail, with reverse-path `<>` (RFC 3834 §3.3). The
 * errand ends in the transaction that accepts the answer: a crash neither loses it nor sends it twice.
 */
import { randomBytes } from 'node:crypto';
import type { Settings } from './config.ts';
import type { Log } from './log.ts';
import { domainOf } from './mail/address.ts';
import { autoReply } from './mail/auto-reply.ts';
import { messageId } from './mail/trace.ts';
import { type Acceptance, type Delivery, isAway, type Store, type Vacation } from './store.ts';

export type AutoreplyOptions = {
  store: Pick<Store, 'accounts' | 'content' | 'vacations'>;
  settings: Pick<Settings, 'host_domain' | 'vdomain'>;
  log: Log;
  now: () => number;
  /** The door: null where nobody takes it. */
  prepare: (mail: {
    to: string;
    bytes: Buffer;
    key: string;
    origin: 'mediator';
    author: number;
  }) => Promise<Acceptance | null>;
};

/** Octets of the answered message that are read. */
const mostHeader = 64 * 1024;

/** The answer to an errand as an acceptance; null: its author is back meanwhile, or nobody takes it. */
export function createAutoreply({ store, settings, log, now, prepare }: AutoreplyOptions) {
  return async ({ id, contentId, recipient: to, errand }: Delivery): Promise<Acceptance | null> => {
    const account = await store.accounts.byId(errand?.accountId ?? 0);
    const vacation = account && (await store.vacations.get(account.id));
    if (!vacation || account.disabled || !isAway(vacation, now())) return null;
    const bytes = autoReply({
      from: { name: account.name, address: account.address },
      to,
      subject: vacation.subject,
      text: textFor(to, vacation),
      at: now(),
      messageId: messageId(randomBytes(12).toString('hex'), settings.host_domain[0]!),
      answered: await store.content.read(contentId, 0, mostHeader),
    });
    const answer = await prepare({ to, bytes, key: `answer:${id}`, origin: 'mediator', author: account.id });
    log.info(answer ? 'answered' : 'answer not taken', { errand: id, from: account.address, to });
    return answer;
  };

  function textFor(to: string, { text, ownText }: Vacation): string {
    const ours = [...settings.host_domain, ...settings.vdomain.map(v => v.domain)];
    return ownText !== '' && ours.includes(domainOf(to)) ? ownText : text;
  }
}
