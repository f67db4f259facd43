import { releaseContent } from './content.ts';
import { forgetNames, type Named, settleNewest } from './conversations.ts';
import { countLabels, forgetLabelled } from './label-marks.ts';
import { idsOf, neighbours, page } from './message-pages.ts';
import { type MessageRow, message } from './message-row.ts';
import { nextModseq } from './modseq.ts';
import { giveRoom } from './quota.ts';
import { type Change, Flag, type Message, type Page, type PageKey } from './shapes.ts';
import { list, row, rows, run, type Work } from './sql.ts';
import { sqliteDialect } from './sqlite.ts';
import { buried, forgetBuried } from './tombstones.ts';
import type { Read, Write } from './verbs.ts';
import { forgetWakes } from './wakes.ts';

export type Messages = {
  /** A page of a folder, newest first; `before` is the `next` of the page above it. */
  page(accountId: number, folderId: number, limit: number, before?: PageKey | null): Promise<Page>;
  get(accountId: number, id: number): Promise<Message | null>;
  /** Ids of a folder from the newest on, a page at a time; nothing but the index is read. */
  ids(accountId: number, folderId: number, limit: number, before?: PageKey | null): Promise<PageKey[]>;
  /** Where these lie: ids by folder; those that do not exist are missing. */
  places(accountId: number, ids: number[]): Promise<Map<number, number[]>>;
  /** Who wrote these, each once, in lower case. */
  senders(accountId: number, ids: number[]): Promise<string[]>;
  /** Sets and clears flag bits; ids that do not exist are passed over. */
  setFlags(accountId: number, ids: number[], set: number, clear: number): Promise<Change[]>;
  /** Nothing moves into Drafts, nor, without a time, into Snoozed. */
  move(accountId: number, ids: number[], folderId: number): Promise<Change[]>;
  /** Gone for good; content nobody refers to goes with it. */
  remove(accountId: number, ids: number[]): Promise<Change[]>;
  /** The messages next to one in its folder, in list order; null at an end. */
  neighbours(accountId: number, id: number): Promise<{ newer: number | null; older: number | null }>;
};

type Place = Pick<MessageRow, 'id' | 'folder_id' | 'content_id' | 'uid' | 'flags' | 'size' | 'conversation' | 'labels'>;

/** Those of the ids that are the account's, by folder. */
function* places(accountId: number, ids: number[]): Work<Map<number, Place[]>> {
  const found = yield* rows<Place>(
    `select id, folder_id, content_id, uid, flags, size, conversation, labels from message
      where account_id = ? and id in ${list(ids)}`,
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
  const all = [...byFolder.values()].flat();
  yield* forgetLabelled(all);
  const allIds = all.map(p => p.id);
  yield* forgetWakes(allIds, null);
  yield* countLabels(accountId, all, []);
  yield* giveRoom(accountId, freed);
  yield* forgetBuried(accountId, modseq);
  return [...byFolder.keys()].map(folderId => ({ accountId, folderId, modseq }));
}

type SetFlags = { accountId: number; ids: number[]; set: number; clear: number };

export function* setFlags(a: SetFlags): Work<Change[]> {
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
    yield* countLabels(a.accountId, differing, after);
    changed.push({ accountId: a.accountId, folderId, modseq });
  }
  return changed;
}

type Move = { accountId: number; ids: number[]; folderId: number };
type Goal = { next_uid: number; role: string | null };

/**
 * Drafts holds drafts, and counts those: a message in it would be seen by nobody. Into Snoozed leads `snooze` only,
 * which knows a time.
 */
export function* moveMessages(a: Move): Work<Change[]> {
  const goal = yield* row<Goal>(
    `select next_uid, role from folder
      where account_id = ? and id = ? and (role is null or role not in ('drafts', 'snoozed'))`,
    a.accountId,
    a.folderId,
  );
  return goal ? yield* moveInto(a, goal) : [];
}

/** A moved message keeps its id (and so its UIDL) and gets a new uid in the new folder. */
export function* moveInto(a: Move, goal: Goal): Work<Change[]> {
  const byFolder = yield* places(a.accountId, a.ids);
  byFolder.delete(a.folderId);
  if (byFolder.size === 0) return [];
  const modseq = yield* nextModseq(a.accountId);
  // Why it came back matters in the Inbox only.
  const kept = goal.role === 'inbox' ? ~0 : ~(Flag.returned | Flag.unanswered);
  let uid = goal.next_uid;
  for (const [folderId, found] of byFolder) {
    for (const p of found) {
      yield* run(
        'update message set folder_id = ?, uid = ?, modseq = ?, flags = flags & ? where id = ?',
        a.folderId,
        uid++,
        modseq,
        kept,
        p.id,
      );
      yield* buried(a.accountId, folderId, p.uid, modseq);
    }
    yield* recount(folderId, modseq, -found.length, -unreadAmong(found));
    yield* recount(a.folderId, modseq, found.length, unreadAmong(found));
  }
  yield* run('update folder set next_uid = ? where id = ?', uid, a.folderId);
  const moved = [...byFolder.values()].flat();
  const ids = moved.map(p => p.id);
  yield* forgetWakes(ids, 'snooze');
  const after = moved.map(p => ({ ...p, folder_id: a.folderId }));
  yield* countLabels(a.accountId, moved, after);
  const conversations = moved.map(p => p.conversation);
  yield* settleNewest(a.accountId, conversations);
  yield* forgetBuried(a.accountId, modseq);
  return [...byFolder.keys(), a.folderId].map(folderId => ({ accountId: a.accountId, folderId, modseq }));
}

export const messageVerbs = { removeMessages, setFlags, moveMessages };

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
    async senders(accountId, ids) {
      const found = new Set<string>();
      for (let i = 0; i < ids.length; i += slice) {
        const some = ids.slice(i, i + slice);
        const sql = `select distinct lower(from_address) as address from message where account_id = ? and id in ${list(some)}`;
        for (const { address } of await read(rows<{ address: string }>(sql, accountId, ...some))) found.add(address);
      }
      return [...found].filter(address => address !== '');
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
