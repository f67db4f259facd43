/** What travels with content but is not in it (RFC 5321 §2.3.1, with the DSN parameters of RFC 3461). */
export type Envelope = {
  /** Where failures are reported; null is `<>`, to which nothing is ever answered. */
  reversePath: string | null;
  recipients: Recipient[];
  /** What a report gives back (RFC 3461 §4.3); null: the author did not say. */
  ret: 'FULL' | 'HDRS' | null;
  /** The author's id of this submission, xtext decoded (RFC 3461 §4.4); null: none given. */
  envid: string | null;
  /** The author declared 8-bit content (RFC 6152). */
  eightBit: boolean;
  /** The author declared internationalised addresses or header fields (RFC 6531). */
  smtpUtf8: boolean;
};

export type Notify = 'NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY';

export type Recipient = {
  /** The address as given: local part untouched, domain in lower case. */
  address: string;
  /** When the author wants a report (RFC 3461 §4.1); null: not said, which means FAILURE and perhaps DELAY. */
  notify: Notify[] | null;
  /** The original recipient, `rfc822;user@example.org`, xtext decoded (RFC 3461 §4.2); null: none given. */
  orcpt: string | null;
};

/** An address as an original recipient is written; beyond ASCII it is of another type (RFC 6533 §3). */
export const originalRecipient = (address: string): string =>
  `${/^[\x00-\x7f]*$/.test(address) ? 'rfc822' : 'utf-8'};${address}`;
