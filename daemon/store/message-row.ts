import { labelsOf } from './label-marks.ts';
import type { Message } from './shapes.ts';

/** A row of the table, and the message it is. */
export type MessageRow = {
  id: number;
  account_id: number;
  folder_id: number;
  content_id: number;
  uid: number;
  modseq: number;
  flags: number;
  received_at: number;
  listed_at: number;
  size: number;
  prefix: string;
  subject: string;
  from_name: string;
  from_address: string;
  to_text: string;
  date_at: number | null;
  snippet: string;
  message_id: string | null;
  in_reply_to: string | null;
  refs: string;
  attachments: number;
  conversation: number;
  newest: number;
  labels: string;
};

export const message = (r: MessageRow): Message => ({
  id: r.id,
  accountId: r.account_id,
  folderId: r.folder_id,
  contentId: r.content_id,
  uid: r.uid,
  modseq: r.modseq,
  flags: r.flags,
  receivedAt: r.received_at,
  listedAt: r.listed_at,
  size: r.size,
  prefix: r.prefix,
  subject: r.subject,
  fromName: r.from_name,
  fromAddress: r.from_address,
  to: r.to_text,
  date: r.date_at,
  snippet: r.snippet,
  messageId: r.message_id,
  inReplyTo: r.in_reply_to,
  references: r.refs === '' ? [] : r.refs.split(' '),
  attachments: r.attachments,
  conversation: r.conversation,
  labels: labelsOf(r.labels),
});
