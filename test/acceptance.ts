import type { AcceptedRecipient, Summary, Terms } from '../daemon/store.ts';

/** A summary in which nothing is known. */
export const noSummary: Summary = {
  subject: '',
  fromName: '',
  fromAddress: '',
  to: '',
  date: null,
  snippet: '',
  messageId: null,
  inReplyTo: null,
  references: [],
  attachments: 0,
};

/** From a peer, without a sender, for nobody: a test says what matters to it. */
export const plainTerms: Terms = {
  receivedAt: 1,
  origin: 'peer',
  accountId: null,
  key: null,
  draftId: null,
  fileSent: false,
  reversePath: null,
  ret: null,
  envid: null,
  eightBit: false,
  smtpUtf8: false,
  recipients: [],
  hold: null,
};

/** One recipient, who leads to one place. */
export const recipientAt = (route: AcceptedRecipient['routes'][number]): AcceptedRecipient => ({
  address: route.address,
  notify: null,
  orcpt: null,
  routes: [route],
});

/** What content in memory is to an acceptance. */
export const inMemory = (bytes: Buffer) => ({ content: { bytes, file: null, size: bytes.length }, tree: null });
