import { releaseContent } from './content.ts';
import { forgetNames, type Named, settleNewest } from './conversations.ts';
import { nextModseq } from './filing.ts';
import { giveRoom } from './quota.ts';
import { type Change, Flag, type Message, type Page, type PageKey } from './shapes.ts';
import { list, row, rows, run, type Work } from './sql.ts';
import { sqliteDialect } from './sqlite.ts';
import { buried, forgetBuried } from './tombstones.ts';
import type { Read, Write } from './verbs.ts';

export type Messages = {
  /** A page of a folder, newest first; `before` is the `next` of the page above it. */
  page(accountId: number, folderId: number, limit: number, before?: PageKey | null): Promise<Page>;
  get(accountId: number, id: number): Promise<Message | null>;
  /** Ids of a folder from the newest on, a page at a time; nothing but the index is read. */
  ids(accountId: number, folderId: number, limit: number, before?: PageKey | null): Promise<PageKey[]>;
  /** Where these lie: ids by folder; those that do not exist are missing. */
  places(accountId: number, ids: number[]): Promise<Map<number, number[]>>;
  /** Sets and clears flag bits; ids that do not exist are passed over. */
  setFlags(accountId: number, ids: number[], set: number, clear: number): Promise<Change[]>;
  /** Nothing moves into Drafts. */
  move(accountId: number, ids: number[], folderId: number): Promise<Change[]>;
  /** Gone for good; content nobody refers to goes with it. */
  remove(accountId: number, ids: number[]): Promise<Change[]>;
  /** The messages next to one in its folder, in list order; null at an end. */
  neighbours(accountId: number, id: number): Promise<{ newer: number | null; older: number | null }>;
};

export type MessageRow = {
  id: number;
  account_id: number;
  folder_id: number;
  content_id: number;
  uid: number;
  modseq: number;
  flags: number;
  received_at: number;
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
});

type Place = Pick<MessageRow, 'id' | 'folder_id' | 'content_id' | 'uid' | 'flags' | 'size' | 'conversation'>;

/** Those of the ids that are the account's, by folder. */
function* places(accountId: number, ids: number[]): Work<Map<number, Place[]>> {
  const found = yield* rows<Place>(
    `select id, folder_id, content_id, uid, flags, size, conversation from message where account_id = ? and id in ${list(ids)}`,
    accountId,
    ...ids,
  );
  return Map.groupBy(found, p => p.folder_id);
}

function* namesAmong(accountId: number, ids: number[]): Work<Named[]> {
  return yield* rows<Named>(
    `select conversation, message_id, in_reply_to, refs from message where account_id = ? and id in ${list(ids)}`,
    accountId,
    ...ids,
  );
}

const unreadAmong = (some: Place[]): number => some.filter(p => !(p.flags & Flag.seen)).length;

/** Counts and modseq of one folder, after messages left it or changed. */
function* recount(folderId: number, modseq: number, total: number, unread: number): Work<void> {
  yield* run(
    'update folder set total = total + ?, unread = unread + ?, modseq = ? where id = ?',
    total,
    unread,
    modseq,
    folderId,
  );
}

export function* removeMessages({ accountId, ids }: { accountId: number; ids: number[] }): Work<Change[]> {
  const byFolder = yield* places(accountId, ids);
  if (byFolder.size === 0) return [];
  const named = yield* namesAmong(accountId, ids);
  const modseq = yield* nextModseq(accountId);
  let freed = 0;
  for (const [folderId, gone] of byFolder) {
    const goneIds = gone.map(p => p.id);
    yield* run(`delete from message where id in ${list(goneIds)}`, ...goneIds);
    yield* sqliteDialect.unindex(goneIds);
    for (const p of gone) {
      yield* buried(accountId, folderId, p.uid, modseq);
      yield* releaseContent(p.content_id);
      freed += p.size;
    }
    yield* recount(folderId, modseq, -gone.length, -unreadAmong(gone));
  }
  const left = yield* settleNewest(
    accountId,
    named.map(m => m.conversation),
  );
  yield* forgetNames(accountId, named, left);
  yield* giveRoom(accountId, freed);
  yield* forgetBuried(accountId, modseq);
  return [...byFolder.keys()].map(folderId => ({ accountId, folderId, modseq }));
}

export const messageVerbs = {
  removeMessages,
  *setFlags(a: { accountId: number; ids: number[]; set: number; clear: number }): Work<Change[]> {
    const byFolder = yield* places(a.accountId, a.ids);
    const changed: Change[] = [];
    for (const [folderId, found] of byFolder) {
      const differing = found.filter(p => ((p.flags & ~a.clear) | a.set) !== p.flags);
      if (differing.length === 0) continue;
      const modseq = yield* nextModseq(a.accountId);
      const ids = differing.map(p => p.id);
      yield* run(
        `update message set flags = (flags & ~?) | ?, modseq = ? where id in ${list(ids)}`,
        a.clear,
        a.set,
        modseq,
        ...ids,
      );
      const after = differing.map(p => ({ ...p, flags: (p.flags & ~a.clear) | a.set }));
      yield* recount(folderId, modseq, 0, unreadAmong(after) - unreadAmong(differing));
      changed.push({ accountId: a.accountId, folderId, modseq });
    }
    return changed;
  },
  /** A moved message keeps its id (and so its UIDL) and gets a new uid in the new folder. */
  *moveMessages(a: { accountId: number; ids: number[]; folderId: number }): Work<Change[]> {
    // Drafts holds drafts, and counts those: a message in it would be seen by nobody.
    const target = yield* row<{ next_uid: number }>(
      "select next_uid from folder where account_id = ? and id = ? and role is not 'drafts'",
      a.accountId,
      a.folderId,
    );
    if (!target) return [];
    const byFolder = yield* places(a.accountId, a.ids);
    byFolder.delete(a.folderId);
    if (byFolder.size === 0) return [];
    const modseq = yield* nextModseq(a.accountId);
    let uid = target.next_uid;
    for (const [folderId, found] of byFolder) {
      for (const p of found) {
        yield* run(
          'update message set folder_id = ?, uid = ?, modseq = ? where id = ?',
          a.folderId,
          uid++,
          modseq,
          p.id,
        );
        yield* buried(a.accountId, folderId, p.uid, modseq);
      }
      yield* recount(folderId, modseq, -found.length, -unreadAmong(found));
      yield* recount(a.folderId, modseq, found.length, unreadAmong(found));
    }
    yield* run('update folder set next_uid = ? where id = ?', uid, a.folderId);
    const moved = [...byFolder.values()].flat().map(p => p.conversation);
    yield* settleNewest(a.accountId, moved);
    yield* forgetBuried(a.accountId, modseq);
    return [...byFolder.keys(), a.folderId].map(folderId => ({ accountId: a.accountId, folderId, modseq }));
  },
};

/** Bulk changes go in slices, so that no write holds the others up for long. */
const slice = 500;

export function createMessages(read: Read, write: Write, swept: () => void): Messages {
  const sliced = async (ids: number[], act: (some: number[]) => Promise<Change[]>): Promise<Change[]> => {
    const changed: Change[] = [];
    for (let i = 0; i < ids.length; i += slice) changed.push(...(await act(ids.slice(i, i + slice))));
    return changed;
  };
  return {
    page: (accountId, folderId, limit, before) => read(page(accountId, folderId, limit, before ?? null)),
    async get(accountId, id) {
      const found = await read(row<MessageRow>('select * from message where id = ? and account_id = ?', id, accountId));
      return found ? message(found) : null;
    },
    ids: (accountId, folderId, limit, before) => read(idsOf(accountId, folderId, limit, before ?? null)),
    async places(accountId, ids) {
      const found = new Map<number, number[]>();
      for (let i = 0; i < ids.length; i += slice)
        for (const [folder, some] of await read(places(accountId, ids.slice(i, i + slice))))
          found.set(folder, (found.get(folder) ?? []).concat(some.map(p => p.id)));
      return found;
    },
    setFlags: (accountId, ids, set, clear) =>
      sliced(ids, some => write('setFlags', { accountId, ids: some, set, clear })),
    move: (accountId, ids, folderId) => sliced(ids, some => write('moveMessages', { accountId, ids: some, folderId })),
    async remove(accountId, ids) {
      const changed = await sliced(ids, some => write('removeMessages', { accountId, ids: some }));
      swept();
      return changed;
    },
    neighbours: (accountId, id) => read(neighbours(accountId, id)),
  };
}

function* page(accountId: number, folderId: number, limit: number, before: PageKey | null): Work<Page> {
  const found = yield* rows<MessageRow>(
    `select * from message where folder_id = ? and account_id = ? ${before ? 'and (received_at, id) < (?, ?)' : ''}
      order by received_at desc, id desc limit ?`,
    folderId,
    accountId,
    ...(before ? [before.receivedAt, before.id] : []),
    limit + 1,
  );
  const messages = found.slice(0, limit).map(message);
  const last = messages.at(-1);
  return { messages, next: found.length > limit && last ? { receivedAt: last.receivedAt, id: last.id } : null };
}

function* idsOf(accountId: number, folderId: number, limit: number, before: PageKey | null): Work<PageKey[]> {
  return yield* rows<PageKey>(
    `select m.received_at as "receivedAt", m.id from folder f join message m on m.folder_id = f.id
      where f.id = ? and f.account_id = ? ${before ? 'and (m.received_at, m.id) < (?, ?)' : ''}
      order by m.received_at desc, m.id desc limit ?`,
    folderId,
    accountId,
    ...(before ? [before.receivedAt, before.id] : []),
    limit,
  );
}

function* neighbours(accountId: number, id: number): Work<{ newer: number | null; older: number | null }> {
  const self = yield* row<MessageRow>(
    'select folder_id, received_at from message where id = ? and account_id = ?',
    id,
    accountId,
  );
  if (!self) return { newer: null, older: null };
  const next = (comparison: '<' | '>', order: 'asc' | 'desc') =>
    row<{ id: number }>(
      `select id from message where folder_id = ? and (received_at, id) ${comparison} (?, ?)
        order by received_at ${order}, id ${order} limit 1`,
      self.folder_id,
      self.received_at,
      id,
    );
  return { newer: (yield* next('>', 'asc'))?.id ?? null, older: (yield* next('<', 'desc'))?.id ?? null };
}
