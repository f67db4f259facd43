/**
 * The envelope a message names in its own header, for mail that is handed over without one: files of the pickup
 * folder and `sendmail -t`. Pure; whether anybody may send so, or lives there, is asked elsewhere.
 */
import { addressKey, formatAddress, parseAddress, parseAddressList } from './address.ts';
import type { Header } from './header.ts';

export type NamedEnvelope = {
  /** given: an envelope field says it (null: `<>`) · header: addresses of Sender and From, in that order. */
  sender: { kind: 'given'; path: string | null } | { kind: 'header'; addresses: string[] };
  /** Each once. */
  recipients: string[];
  /** What stands where an address should, and is none. */
  wrong: string[];
};

/**
 * Fields that are the envelope, or the last hop's: they do not go out. X-Sender and X-Receiver are Microsoft's, whose
 * pickup folder CDONTS wrote to.
 */
export const envelopeFields = ['x-envelope-from', 'x-envelope-to', 'x-sender', 'x-receiver', 'bcc', 'resent-bcc'];

const senderFields = ['x-envelope-from', 'x-sender', 'return-path'];
const resentFields = ['resent-to', 'resent-cc', 'resent-bcc'];
const plainFields = ['to', 'cc', 'bcc'];
const longestLocal = 255;

/** `domain` belongs to names without one, such as `root`. */
export function namedEnvelope(header: Header, domain: string): NamedEnvelope {
  const wrong: string[] = [];
  // RFC 5322 §3.6.6: who sends a message once more names its recipients in fields of their own.
  const lists = [['x-envelope-to'], ['x-receiver'], resentFields, plainFields];
  const fields = lists.find(names => names.some(n => header.get(n) !== null)) ?? [];
  const recipients = new Map<string, string>();
  for (const name of fields)
    for (const value of header.all(name))
      for (const found of addressesIn(value, domain)) {
        if (found.address === null) wrong.push(`${name}: ${found.written}`);
        else recipients.set(addressKey(found.address), found.address);
      }
  return { sender: senderOf(header, domain, wrong), recipients: [...recipients.values()], wrong };
}

function senderOf(header: Header, domain: string, wrong: string[]): NamedEnvelope['sender'] {
  for (const name of senderFields) {
    const value = header.get(name)?.trim();
    if (value === '<>') return { kind: 'given', path: null };
    const found = value === undefined ? undefined : addressesIn(value, domain)[0];
    if (found?.address) return { kind: 'given', path: found.address };
    // Mailers write X-Sender with other things in it; what names the envelope by our word must be right.
    if (value !== undefined && name === 'x-envelope-from') wrong.push(`${name}: ${value}`);
  }
  const addresses = ['sender', 'from'].flatMap(name => addressesIn(header.get(name) ?? '', domain).slice(0, 1));
  return { kind: 'header', addresses: addresses.flatMap(a => a.address ?? []) };
}

export type WrittenAddress = { written: string /** null: it is none. */; address: string | null };

/** The addresses of a list, names without a domain completed. */
export function addressesIn(value: string, domain: string): WrittenAddress[] {
  return parseAddressList(value).map(({ name, address }) => {
    const written = address === '' ? name : address;
    const parsed = parseAddress(written.includes('@') ? written : `${written}@${domain}`, longestLocal);
    return { written, address: parsed && formatAddress(parsed) };
  });
}
