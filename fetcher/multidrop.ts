/**
 * For whom a message was that came out of one upstream mailbox for a whole domain. Pure: header in, addresses out.
 *
 * It promises addresses of that domain only. It believes what the provider wrote when it took the message in, and the
 * outermost hop first: a header further in was written by somebody further away, and in the end by the sender. To and
 * Cc are never looked at: they are not the envelope, and guessing sends list mail and Bcc to the wrong people.
 */
import type { FetchAccount } from '../daemon/config.ts';
import { addressKey, domainOf, formatAddress, parseAddress, parseAddressList } from '../daemon/mail/address.ts';
import { readHeader, withoutComments } from '../daemon/mail/header.ts';

export type Multidrop = Extract<FetchAccount['to'], { kind: 'multidrop' }>;

export type Sorted = {
  recipients: string[];
  /** The field that told us; null: none did, the fallback gets it. */
  by: string | null;
};

/** What providers call it; within one hop the earlier name wins. `Received … for` comes after them. */
const known = ['x-envelope-to', 'x-original-to', 'envelope-to', 'delivered-to'];
/** Written once a hop: a second one is older. */
const single = new Set(['x-original-to', 'delivered-to']);

const mostRecipients = 100;

export const fallbackOf = (to: Multidrop): string => to.fallback ?? `postmaster@${to.domain}`;

export function sortRecipients(to: Multidrop, header: Buffer): Sorted {
  const names = to.envelope === null ? known : [to.envelope.toLowerCase()];
  const mayUseReceived = to.envelope === null || names[0] === 'received';
  const domain = to.domain.toLowerCase();
  for (const hop of hops(header)) {
    for (const name of names) {
      const found = hop.fields
        .filter(f => f.name === name && !/[\x00-\x08\x0a-\x1f\x7f]/.test(f.value))
        .slice(0, single.has(name) ? 1 : undefined);
      const recipients = ofDomain(
        domain,
        found.flatMap(f => parseAddressList(f.value).map(a => a.address)),
      );
      if (recipients.length > 0) return { recipients, by: name };
    }
    const recipients = mayUseReceived ? ofDomain(domain, [forClause(hop.received)]) : [];
    if (recipients.length > 0) return { recipients, by: 'received' };
  }
  return { recipients: [fallbackOf(to)], by: null };
}

type Hop = { fields: { name: string; value: string }[]; received: string };

/** Outermost first: each host writes its Received, and above it what else it knows (RFC 5321 §4.4). */
function hops(header: Buffer): Hop[] {
  const found: Hop[] = [{ fields: [], received: '' }];
  for (const { name, value } of readHeader(header).fields) {
    const hop = found.at(-1)!;
    const text = value.replace(/\r?\n/g, '').trim();
    if (name !== 'received') hop.fields.push({ name, value: text });
    else {
      hop.received = text;
      found.push({ fields: [], received: '' });
    }
  }
  return found;
}

/** RFC 5321 §4.4: `For` names the one recipient of that hop. */
const forClause = (received: string): string =>
  /(?:^|\s)for\s+<?([^\s<>;]+@[^\s<>;]+)>?/i.exec(withoutComments(received))?.[1] ?? '';

function ofDomain(domain: string, addresses: string[]): string[] {
  const found = new Map<string, string>();
  for (const text of addresses) {
    const address = parseAddress(text);
    if (address === null || domainOf(text) !== domain) continue;
    if (found.size < mostRecipients) found.set(addressKey(address), formatAddress(address));
  }
  return [...found.values()];
}
