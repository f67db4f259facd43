import { randomBytes } from 'node:crypto';
import type { Settings } from '../config.ts';
import { formatDate } from '../mail/date.ts';
import { plainLetter } from '../mail/plain-letter.ts';
import { messageId } from '../mail/trace.ts';
import type { Acceptance, Accepted, Asked, Store } from '../store.ts';
import type { OwnMail } from './own-mail.ts';

/** A letter to the owner of an address to which mail of the account is to be sent on, in the words of the site. */
export type ForwardLetter = {
  accountId: number;
  address: string;
  /** What the link in the text ends with. */
  secret: string;
  /** The link holds until then. */
  until: number;
  subject: string;
  text: string;
};

type Deps = {
  store: Store;
  settings: Pick<Settings, 'host_domain' | 'webmail_smtp'>;
  now: () => number;
  prepare: (mail: OwnMail) => Promise<Acceptance | null>;
  /** Told of what the letter brought into folders and queue. */
  filed: (accepted: Accepted) => void;
};

/** nobody: no such mailbox takes it. */
export type LetterSent = Asked['kind'] | 'nobody';

/** The letter and its link, in one transaction. It comes from the house, or where a provider takes it, from its user. */
export function createForwardLetters({ store, settings, now, prepare, filed }: Deps) {
  return async ({ subject, text, ...asked }: ForwardLetter): Promise<LetterSent> => {
    const { accountId, address, secret, until } = asked;
    const account = await store.accounts.byId(accountId);
    if (!account || account.disabled) return 'nobody';
    const host = settings.host_domain[0]!;
    const at = now();
    const id = randomBytes(12).toString('hex');
    const bytes = plainLetter(
      [
        ['From', settings.webmail_smtp ? `<${account.address}>` : `Mail forwarding <postmaster@${host}>`],
        ['To', `<${address}>`],
        ['Subject', subject],
        ['Date', formatDate(at)],
        ['Message-ID', messageId(id, host)],
        ['Auto-Submitted', 'auto-generated'],
        ['X-Auto-Response-Suppress', 'All'],
      ],
      text,
    );
    const mail = { to: address, bytes, key: `forward:${id}`, origin: 'mediator' as const, author: accountId };
    const letter = await prepare(mail);
    if (!letter) return 'nobody';
    const answer = await store.forwardConsents.ask({ accountId, address, secret, at, until }, letter);
    if (answer.kind === 'asked') filed(answer.accepted);
    return answer.kind;
  };
}
