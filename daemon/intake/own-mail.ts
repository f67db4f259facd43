import type { Settings } from '../config.ts';
import type { Fields } from '../log.ts';
import type { Acceptance, Hold, Store } from '../store.ts';
import { Incoming } from './incoming.ts';
import type { ChainOptions, Routing } from './recipient.ts';
import { forwardTerms, termsOf } from './terms.ts';

export type OwnMail = {
  to: string;
  bytes: Buffer;
  key: string;
  /** Our own, unless it says so; no report of its failure is made either way. */
  origin?: 'mediator';
  /** In whose name it is; where the mailboxes are a provider's, it goes out by their sign-in. */
  author?: number;
  /** Delivered-To of mailboxes that do not send it on, since that is what it is about. */
  passed?: string;
};

type Deps = {
  store: Store;
  settings: Pick<Settings, 'webmail_smtp' | 'user_max_forwards' | 'forward_confirm'>;
  now: () => number;
  parked: () => Hold | null;
  chain: (of: Fields, address: string, options: ChainOptions) => Promise<Routing>;
};

/** Mail that we write: reports, answers, letters of ours, as an acceptance with reverse-path `<>`; null: nobody takes it. */
export function createOwnMail({ store, settings, now, parked, chain }: Deps) {
  return async ({ to, bytes, key, origin, author, passed }: OwnMail): Promise<Acceptance | null> => {
    const leaves = settings.webmail_smtp !== null && author !== undefined;
    // Whose mail has failed must learn of it, also while the own mailbox is full.
    const { routes, refusal } = await chain({ report: key }, to, { overQuota: true, leaves });
    if (refusal) return null;
    const incoming = new Incoming(store, { prepend: '', drop: [], missing: {} });
    await incoming.push(bytes);
    const { content, tree, summary } = await incoming.finish().catch(async error => {
      await incoming.discard().catch(() => {});
      throw error;
    });
    const mine = {
      ...termsOf(null, now(), parked()),
      origin: origin ?? ('ourselves' as const),
      accountId: leaves ? author : null,
      key,
      ...(passed !== undefined && { passed }),
      ...forwardTerms(settings),
      smtpUtf8: /[^\0-\x7f]/.test(to),
      recipients: [{ address: to, notify: ['NEVER' as const], orcpt: null, routes }],
    };
    return { ...mine, content, tree, summary };
  };
}
