/** Who a message is really from, as far as that is known here, and what is odd about who it says it is from. */
import { derived } from '../daemon/config.ts';
import { parseAddressList } from '../daemon/mail/address.ts';
import {
  type Authenticity,
  authenticity,
  type Believed,
  type LastHop,
  lastHop,
} from '../daemon/mail/authentication.ts';
import type { Header } from '../daemon/mail/header.ts';
import { acquaint, type Known, oddities } from '../daemon/mail/lookalike.ts';
import type { Account, Message } from '../daemon/store.ts';
import { ipList } from '../daemon/wire/ip-pattern.ts';
import type { Person } from '../views/message.ts';
import type { Trust } from '../views/trust.ts';
import type { Site } from './site.ts';

export type TrustOf = {
  /** Once for a page: whom the reader knows. */
  known(account: Account): Promise<Known>;
  of(message: Message, header: Header, from: Person, known: Known): Promise<Trust>;
  authenticityOf(message: Message, header: Header, address: string): Promise<Authenticity>;
};

/** To compare with thousands of people costs as much as a page, and whom one knows changes seldom. */
const acquaintedMs = 60_000;
/** People kept ready, of all accounts. */
const mostAcquainted = 40_000;

/** Nothing is known of it. */
export const noTrust: Trust = { authenticity: { kind: 'unknown' }, encrypted: null, oddities: [] };

export function createTrust(site: Site): TrustOf {
  const hosts = derived(
    () => site.settings.authentication_from,
    lines => lines.map(({ name, from }) => ({ name, fetched: from.length === 0, takes: ipList('selecting', from) })),
  );
  const believes = (name: string, hop: LastHop): boolean =>
    hosts().some(h => h.name === name && (h.fetched ? isFetched(hop) : !hop.signedIn && h.takes(hop.address)));
  const believed = (): Believed => ({ ours: site.settings.host_domain, believes });

  const judge = (header: Header, address: string, submitted: boolean) =>
    authenticity(header, address, { believed: believed(), submitted });

  const acquainted = new Map<number, { at: number; known: Known; size: number }>();
  const keep = (accountId: number, one: { at: number; known: Known; size: number }): void => {
    acquainted.delete(accountId);
    acquainted.set(accountId, one);
    let size = 0;
    for (const { size: some } of acquainted.values()) size += some;
    for (const [oldest, { size: some }] of acquainted) {
      if (size <= mostAcquainted) break;
      acquainted.delete(oldest);
      size -= some;
    }
  };

  return {
    authenticityOf: async (message, header, address) =>
      judge(header, address, await site.store.submissions.isOurs(message.contentId)),
    async known(account) {
      const kept = acquainted.get(account.id);
      if (kept && site.now() - kept.at < acquaintedMs) return kept.known;
      const people = await site.store.correspondents.acquaintances(account.id);
      const known = acquaint(people, [
        ...site.settings.host_domain,
        account.address.slice(account.address.lastIndexOf('@') + 1),
      ]);
      keep(account.id, { at: site.now(), known, size: people.length });
      return known;
    },
    async of(message, header, from, known) {
      const submitted = await site.store.submissions.isOurs(message.contentId);
      const hop = lastHop(header, site.settings.host_domain);
      const verdict = judge(header, from.address, submitted);
      const replyTo = parseAddressList(header.get('reply-to') ?? '');
      const fromList = header.get('list-id') !== null || header.get('list-post') !== null;
      const odd = verdict.kind === 'checked' && verdict.by === null ? [] : oddities({ from, replyTo, fromList }, known);
      // Who hands in here by the site, or is fetched, says nothing of how it came.
      const encrypted = submitted || !hop || hop.signedIn || hop.address === '' ? null : hop.encrypted;
      return { authenticity: verdict, encrypted, oddities: odd };
    },
  };
}

/** The fetcher signs in for nobody, from this machine; a person who signed in has a submission, which was asked first. */
const isFetched = (hop: LastHop): boolean => hop.signedIn && hop.address !== '';
