import { joinConversation, type Place } from './conversations.ts';
import { countLabels, labelText, ownLabels, pointAt } from './label-marks.ts';
import type { Change, Summary } from './shapes.ts';
import { Flag } from './shapes.ts';
import { mailCame } from './snoozes.ts';
import type { Placement } from './sorting.ts';
import { mustRow, run, type Work } from './sql.ts';
import { mute } from './unwanted.ts';

export type NewMessage = {
  accountId: number;
  /** By role; the Inbox for what arrives. */
  role: 'inbox' | 'sent' | 'junk';
  contentId: number;
  contentSize: number;
  prefix: string;
  flags: number;
  /** Its place in lists, which lies before `filedAt` where it was fetched. */
  receivedAt: number;
  /** Now. */
  filedAt: number;
  summary: Summary;
  /** Given at once; those that are not the account's are passed over. */
  labels?: number[];
  /** False: a report or an automatic reply, which answers nothing. */
  isAnswer?: boolean;
  /** Where it goes and how it is marked, by its owner's wish; asked only where there are any. */
  sort?: (account: {
    sorting: number;
    address: string;
  }) => Work<Pick<Placement, 'to' | 'flags' | 'labels' | 'muted' | 'quiet'>>;
};

export type Filed = { id: number; change: Change };

/** Files one message: row, conversation, counts, quota, and a note for the full-text index. The account must be there. */
export function* addMessage(m: NewMessage): Work<Filed> {
  const size = Buffer.byteLength(m.prefix) + m.contentSize;
  const account = yield* mustRow<{ modseq: number; fresh: number; sorting: number; address: string }>(
    `update account set modseq = modseq + 1, used = used + ?, conversations = conversations + 1 where id = ?
      returning modseq, conversations as fresh, sorting, address`,
    size,
    m.accountId,
  );
  const { modseq } = account;
  const placed = m.sort && account.sorting !== 0 ? yield* m.sort(account) : null;
  const flags = m.flags | (placed?.flags ?? 0);
  const to = placed?.to ?? { role: m.role };
  const folder = yield* mustRow<{ id: number; uid: number }>(
    `update folder set next_uid = next_uid + 1, total = total + 1, unread = unread + ?, modseq = ?
      where account_id = ? and ${'folder' in to ? 'id' : 'role'} = ? returning id, next_uid - 1 as uid`,
    flags & Flag.seen ? 0 : 1,
    modseq,
    m.accountId,
    'folder' in to ? to.folder : to.role,
  );
  const place = yield* joinConversation({ ...m, folderId: folder.id }, account.fresh);
  // One that is full goes on in another, which is as quiet.
  if (placed?.muted && placed.muted !== place.conversation)
    yield* mute({ accountId: m.accountId, conversation: place.conversation, at: m.filedAt });
  const id = yield* insertMessage({ ...m, flags }, { ...folder, ...place }, modseq, size);
  const labels = [...(m.labels ?? []), ...(placed?.labels ?? [])];
  if (labels.length > 0) yield* labelNew({ ...m, flags }, labels, id, folder.id);
  yield* run('insert into to_index (message_id) values (?)', id);
  const quiet = m.role === 'sent' || isQuiet(to) || placed?.quiet;
  const woken =
    quiet || place.conversation === account.fresh ? [] : yield* woke(m, place.conversation, account.address);
  return { id, change: woken.at(-1) ?? { accountId: m.accountId, folderId: folder.id, modseq } };
}

/** What is junk, thrown away or muted wakes nobody; nor does what one wrote. */
const isQuiet = (to: Placement['to'] | { role: NewMessage['role'] }): boolean =>
  'role' in to && (to.role === 'junk' || to.role === 'trash');

/** Changes are told by the newest modseq. */
function* woke(m: NewMessage, conversation: number, own: string): Work<Change[]> {
  const { accountId, contentId, summary, isAnswer = true, filedAt: at } = m;
  return yield* mailCame({ accountId, conversation, contentId, fromAddress: summary.fromAddress, own, isAnswer, at });
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
    `insert into message (account_id, folder_id, content_id, uid, modseq, flags, received_at, listed_at, size, prefix, subject,
      from_name, from_address, to_text, date_at, snippet, message_id, in_reply_to, refs, attachments,
      conversation, newest) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) returning id`,
    m.accountId,
    at.id,
    m.contentId,
    at.uid,
    modseq,
    m.flags,
    m.receivedAt,
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
