import { joinConversation, type Place } from './conversations.ts';
import { countLabels, labelText, ownLabels, pointAt } from './label-marks.ts';
import type { Change, Summary } from './shapes.ts';
import { Flag } from './shapes.ts';
import { mustRow, run, type Work } from './sql.ts';

/** The account's next modseq: every change takes one, in its own transaction. */
export function* nextModseq(accountId: number): Work<number> {
  const sql = 'update account set modseq = modseq + 1 where id = ? returning modseq';
  return (yield* mustRow<{ modseq: number }>(sql, accountId)).modseq;
}

export type NewMessage = {
  accountId: number;
  /** By role; the Inbox for what arrives. */
  role: 'inbox' | 'sent' | 'junk';
  contentId: number;
  contentSize: number;
  prefix: string;
  flags: number;
  receivedAt: number;
  summary: Summary;
  /** Given at once; those that are not the account's are passed over. */
  labels?: number[];
};

/** Files one message: row, conversation, counts, quota, and a note for the full-text index. The account must be there. */
export function* addMessage(m: NewMessage): Work<Change> {
  const size = Buffer.byteLength(m.prefix) + m.contentSize;
  const { modseq, fresh } = yield* mustRow<{ modseq: number; fresh: number }>(
    `update account set modseq = modseq + 1, used = used + ?, conversations = conversations + 1 where id = ?
      returning modseq, conversations as fresh`,
    size,
    m.accountId,
  );
  const folder = yield* mustRow<{ id: number; uid: number }>(
    `update folder set next_uid = next_uid + 1, total = total + 1, unread = unread + ?, modseq = ?
      where account_id = ? and role = ? returning id, next_uid - 1 as uid`,
    m.flags & Flag.seen ? 0 : 1,
    modseq,
    m.accountId,
    m.role,
  );
  const place = yield* joinConversation({ ...m, folderId: folder.id }, fresh);
  const id = yield* insertMessage(m, { ...folder, ...place }, modseq, size);
  if (m.labels?.length) yield* labelNew(m, m.labels, id, folder.id);
  yield* run('insert into to_index (message_id) values (?)', id);
  return { accountId: m.accountId, folderId: folder.id, modseq };
}

function* labelNew({ accountId, flags }: NewMessage, wanted: number[], id: number, folderId: number): Work<void> {
  const own = yield* ownLabels(accountId, wanted);
  const labels = labelText(own);
  yield* run('update message set labels = ? where id = ?', labels, id);
  for (const label of own) yield* pointAt(label, [id]);
  yield* countLabels(accountId, [], [{ folder_id: folderId, flags, labels }]);
}

function* insertMessage(
  m: NewMessage,
  at: { id: number; uid: number } & Place,
  modseq: number,
  size: number,
): Work<number> {
  const s = m.summary;
  const { id } = yield* mustRow<{ id: number }>(
    `insert into message (account_id, folder_id, content_id, uid, modseq, flags, received_at, size, prefix, subject,
      from_name, from_address, to_text, date_at, snippet, message_id, in_reply_to, refs, attachments,
      conversation, newest) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) returning id`,
    m.accountId,
    at.id,
    m.contentId,
    at.uid,
    modseq,
    m.flags,
    m.receivedAt,
    size,
    m.prefix,
    s.subject,
    s.fromName,
    s.fromAddress,
    s.to,
    s.date,
    s.snippet,
    s.messageId,
    s.inReplyTo,
    s.references.join(' '),
    s.attachments,
    at.conversation,
    Number(at.newest),
  );
  return id;
}
