import { type Conversation, conversationsOf } from './conversation-pages.ts';
import { settleNewest } from './conversations.ts';
import { type MessageRow, message } from './message-row.ts';
import { moveInto, moveMessages, setFlags } from './messages.ts';
import { nextModseq } from './modseq.ts';
import { type Change, Flag, type Message } from './shapes.ts';
import { list, mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';
import { forgetWakes, type WakeKind, wakeAt } from './wakes.ts';

/** A message that comes back, and when. */
export type Waiting = { message: Message; until: number };
/** The key of the last row asks for the next page. */
export type WaitingKey = { until: number; id: number };
export type SnoozedPage = {
  waiting: Waiting[];
  /** What each row stands for, by the id of its message; null: each for itself. */
  conversations: Conversation[] | null;
  next: WaitingKey | null;
};

/** What leaves the Inbox, or the mind, until a time. The sweep brings it back; so does an answer. */
export type Snoozes = {
  /** Out of sight until then, then unread at the top of the Inbox; what is snoozed already gets the new time. */
  snooze(accountId: number, ids: number[], until: number, now: number): Promise<Change[]>;
  /** What is snoozed, soonest first; `whole`: one row for a conversation. */
  page(accountId: number, limit: number, whole: boolean, after?: WaitingKey | null): Promise<SnoozedPage>;
  /** Until when: those of these messages that are snoozed. */
  untils(accountId: number, ids: number[]): Promise<Map<number, number>>;
  /** A copy of what one sent comes to the Inbox then, unless somebody answers. gone: it was not sent by the account. */
  remind(accountId: number, id: number, at: number): Promise<'set' | 'answered' | 'gone' | 'full'>;
  /** False: there was no such reminder. */
  forget(accountId: number, id: number): Promise<boolean>;
  /** What waits for an answer, soonest first; there are never more than `mostReminders`. */
  reminders(accountId: number): Promise<Waiting[]>;
  /** When one is reminded of it; null: one is not. */
  reminderOf(accountId: number, id: number): Promise<number | null>;
  countReminders(accountId: number): Promise<number>;
  /** Brings back what is due, in slices. */
  wakeDue(now: number): Promise<Change[]>;
};

export const mostReminders = 200;

const role = 'snoozed';

/** No name that a person can give is its key. */
function* snoozedFolder(accountId: number, now: number): Work<{ id: number; next_uid: number; role: string }> {
  const sql = 'select id, next_uid, role from folder where account_id = ? and role = ?';
  const there = yield* row<{ id: number; next_uid: number; role: string }>(sql, accountId, role);
  if (there) return there;
  return yield* mustRow(
    `insert into folder (account_id, name, name_key, role, uid_validity) values (?,'Snoozed','\u0001snoozed',?,?)
      returning id, next_uid, role`,
    accountId,
    role,
    Math.trunc(now / 1000),
  );
}

function* snooze(a: { accountId: number; ids: number[]; until: number; now: number }): Work<Change[]> {
  const sql = `select id from message where account_id = ? and id in ${list(a.ids)}`;
  const ids = (yield* rows<{ id: number }>(sql, a.accountId, ...a.ids)).map(m => m.id);
  if (ids.length === 0) return [];
  const folder = yield* snoozedFolder(a.accountId, a.now);
  const moved = yield* moveInto({ accountId: a.accountId, ids, folderId: folder.id }, folder);
  yield* wakeAt(a.accountId, ids, 'snooze', a.until);
  if (moved.length > 0) return moved;
  const modseq = yield* nextModseq(a.accountId);
  yield* run('update folder set modseq = ? where id = ?', modseq, folder.id);
  return [{ accountId: a.accountId, folderId: folder.id, modseq }];
}

/** Unread, at the top of the Inbox. */
function* bringBack(accountId: number, ids: number[], mark: number, now: number): Work<Change[]> {
  yield* forgetWakes(ids, 'snooze');
  const inbox = yield* inboxOf(accountId);
  yield* run(`update message set listed_at = ? where account_id = ? and id in ${list(ids)}`, now, accountId, ...ids);
  const changed = yield* setFlags({ accountId, ids, set: mark, clear: Flag.seen });
  return changed.concat(yield* moveMessages({ accountId, ids, folderId: inbox }));
}

const inboxOf = function* (accountId: number): Work<number> {
  return (yield* mustRow<{ id: number }>("select id from folder where account_id = ? and role = 'inbox'", accountId))
    .id;
};

/** Mail that came into a conversation: does it end a wait? */
export type Newcome = {
  accountId: number;
  conversation: number;
  contentId: number;
  fromAddress: string;
  /** The account's own address. */
  own: string;
  /** A report or an automatic reply is no answer, though it wakes what sleeps. */
  isAnswer: boolean;
  at: number;
};

/** In the transaction that files an answer: what was snoozed is back with it, and nobody need be reminded. */
export function* mailCame(m: Newcome): Work<Change[]> {
  const waiting = yield* rows<{ id: number; kind: WakeKind; content_id: number }>(
    `select w.message_id as id, w.kind, m.content_id from wake w join message m on m.id = w.message_id
      where w.account_id = ? and w.conversation = ?`,
    m.accountId,
    m.conversation,
  );
  // One's own letter, come back as a copy, says nothing new.
  const ended = waiting.filter(w => w.content_id !== m.contentId);
  if (ended.length === 0 || m.fromAddress.toLowerCase() === m.own) return [];
  const idsOf = (kind: WakeKind) => ended.filter(w => w.kind === kind).map(w => w.id);
  if (m.isAnswer) yield* forgetWakes(idsOf('unanswered'), 'unanswered');
  const asleep = idsOf('snooze');
  return asleep.length === 0 ? [] : yield* bringBack(m.accountId, asleep, Flag.returned, m.at);
}

/** Did somebody else write in its conversation since? What was thrown away as junk is no answer. */
function* isAnswered(m: MessageRow): Work<boolean> {
  if (m.conversation === 0) return false;
  const found = yield* row(
    `select 1 from message a join folder f on f.id = a.folder_id join account o on o.id = a.account_id
      where a.account_id = ? and a.conversation = ? and a.received_at >= ? and a.content_id <> ?
        and (f.role is null or f.role not in ('sent', 'junk')) and lower(a.from_address) <> o.address
        and a.prefix not like 'Return-Path: <>%' limit 1`,
    m.account_id,
    m.conversation,
    m.received_at,
    m.content_id,
  );
  return found !== undefined;
}

function* sent(accountId: number, id: number): Work<MessageRow | undefined> {
  return yield* row<MessageRow>(
    `select m.* from message m join submission s on s.content_id = m.content_id and s.account_id = m.account_id
      where m.id = ? and m.account_id = ?`,
    id,
    accountId,
  );
}

/** Nobody answered: a copy of it comes to the Inbox, or the one that lies there is at its top again. */
function* remindOf(accountId: number, id: number, now: number): Work<Change[]> {
  yield* forgetWakes([id], 'unanswered');
  const m = yield* row<MessageRow & { role: string | null }>(
    'select m.*, f.role from message m join folder f on f.id = m.folder_id where m.id = ? and m.account_id = ?',
    id,
    accountId,
  );
  if (!m || m.role === 'trash' || m.role === 'junk' || (yield* isAnswered(m))) return [];
  const there = yield* row<{ id: number }>(
    `select m.id from message m join folder f on f.id = m.folder_id
      where m.content_id = ? and f.account_id = ? and f.role = 'inbox'`,
    m.content_id,
    accountId,
  );
  if (there) return yield* bringBack(accountId, [there.id], Flag.unanswered, now);
  return [yield* copyToInbox(m, now)];
}

const copied = `content_id, received_at, size, prefix, subject, from_name, from_address, to_text, date_at, snippet,
  message_id, in_reply_to, refs, attachments, conversation`;

function* copyToInbox(m: MessageRow, now: number): Work<Change> {
  const { modseq } = yield* mustRow<{ modseq: number }>(
    'update account set modseq = modseq + 1, used = used + ? where id = ? returning modseq',
    m.size,
    m.account_id,
  );
  const inbox = yield* mustRow<{ id: number; uid: number }>(
    `update folder set next_uid = next_uid + 1, total = total + 1, unread = unread + 1, modseq = ?
      where account_id = ? and role = 'inbox' returning id, next_uid - 1 as uid`,
    modseq,
    m.account_id,
  );
  const { id } = yield* mustRow<{ id: number }>(
    `insert into message (account_id, folder_id, uid, modseq, flags, listed_at, newest, ${copied})
      select account_id, ?, ?, ?, ?, ?, 1, ${copied} from message where id = ? returning id`,
    inbox.id,
    inbox.uid,
    modseq,
    Flag.unanswered,
    now,
    m.id,
  );
  yield* run('insert into to_index (message_id) values (?)', id);
  yield* settleNewest(m.account_id, [m.conversation]);
  return { accountId: m.account_id, folderId: inbox.id, modseq };
}

type Due = { id: number; account_id: number; kind: WakeKind };

export const snoozeVerbs = {
  snooze,
  *remind(a: { accountId: number; id: number; at: number }): Work<'set' | 'answered' | 'gone' | 'full'> {
    const found = yield* sent(a.accountId, a.id);
    if (!found) return 'gone';
    if (yield* isAnswered(found)) return 'answered';
    const count = "select count(*) as n from wake where account_id = ? and kind = 'unanswered' and message_id <> ?";
    if ((yield* mustRow<{ n: number }>(count, a.accountId, a.id)).n >= mostReminders) return 'full';
    yield* wakeAt(a.accountId, [a.id], 'unanswered', a.at);
    return 'set';
  },
  *forgetReminder({ accountId, id }: { accountId: number; id: number }): Work<boolean> {
    const sql = "delete from wake where account_id = ? and message_id = ? and kind = 'unanswered'";
    return (yield* run(sql, accountId, id)) > 0;
  },
  /** A slice of what is due; answers how many, and what changed. */
  *wakeDue({ now, limit }: { now: number; limit: number }): Work<{ done: number; changed: Change[] }> {
    const due = yield* rows<Due>(
      'select message_id as id, account_id, kind from wake where at <= ? order by at, message_id limit ?',
      now,
      limit,
    );
    const changed: Change[] = [];
    for (const [accountId, own] of Map.groupBy(due, d => d.account_id)) {
      const asleep = own.filter(d => d.kind === 'snooze').map(d => d.id);
      if (asleep.length > 0) changed.push(...(yield* bringBack(accountId, asleep, Flag.returned, now)));
      for (const { id } of own.filter(d => d.kind === 'unanswered'))
        changed.push(...(yield* remindOf(accountId, id, now)));
    }
    return { done: due.length, changed };
  },
};

type WaitingRow = MessageRow & { until: number };
const waiting = ({ until, ...m }: WaitingRow): Waiting => ({ message: message(m), until });

function* page(accountId: number, limit: number, whole: boolean, after: WaitingKey | null): Work<SnoozedPage> {
  const found = yield* rows<WaitingRow>(
    `select m.*, w.at as until from wake w join message m on m.id = w.message_id
      where w.account_id = ? and w.kind = 'snooze'${whole ? ' and m.newest = 1' : ''}
        ${after ? 'and (w.at, w.message_id) > (?, ?)' : ''} order by w.at, w.message_id limit ?`,
    accountId,
    ...(after ? [after.until, after.id] : []),
    limit + 1,
  );
  const some = found.slice(0, limit);
  const last = some.at(-1);
  return {
    waiting: some.map(waiting),
    conversations: whole ? yield* conversationsOf(accountId, some) : null,
    next: found.length > limit && last ? { until: last.until, id: last.id } : null,
  };
}

const slice = 500;
const wokenAtOnce = 100;

export function createSnoozes(read: Read, write: Write): Snoozes {
  return {
    async snooze(accountId, ids, until, now) {
      const changed: Change[] = [];
      for (let i = 0; i < ids.length; i += slice)
        changed.push(...(await write('snooze', { accountId, ids: ids.slice(i, i + slice), until, now })));
      return changed;
    },
    page: (accountId, limit, whole, after) => read(page(accountId, limit, whole, after ?? null)),
    async untils(accountId, ids) {
      const sql = `select message_id as id, at from wake where account_id = ? and kind = 'snooze' and message_id in `;
      const found = new Map<number, number>();
      for (let i = 0; i < ids.length; i += slice) {
        const some = ids.slice(i, i + slice);
        const untils = await read(rows<{ id: number; at: number }>(sql + list(some), accountId, ...some));
        for (const { id, at } of untils) found.set(id, at);
      }
      return found;
    },
    remind: (accountId, id, at) => write('remind', { accountId, id, at }),
    forget: (accountId, id) => write('forgetReminder', { accountId, id }),
    async reminders(accountId) {
      const sql = `select m.*, w.at as until from wake w join message m on m.id = w.message_id
        where w.account_id = ? and w.kind = 'unanswered' order by w.at, w.message_id limit ?`;
      return (await read(rows<WaitingRow>(sql, accountId, mostReminders))).map(waiting);
    },
    async reminderOf(accountId, id) {
      const sql = "select at from wake where account_id = ? and message_id = ? and kind = 'unanswered'";
      return (await read(row<{ at: number }>(sql, accountId, id)))?.at ?? null;
    },
    async countReminders(accountId) {
      const sql = "select count(*) as n from wake where account_id = ? and kind = 'unanswered'";
      return (await read(mustRow<{ n: number }>(sql, accountId))).n;
    },
    async wakeDue(now) {
      const changed: Change[] = [];
      // Mostly nothing is due, and a write would take the lock to learn it.
      while (await read(row('select 1 from wake where at <= ? limit 1', now))) {
        const some = await write('wakeDue', { now, limit: wokenAtOnce });
        changed.push(...some.changed);
        if (some.done === 0) break;
      }
      return changed;
    },
  };
}
