import { labelsOf } from './label-marks.ts';
import { type MessageRow, message } from './message-row.ts';
import { Flag, type Message, type PageKey } from './shapes.ts';
import { list, row, rows, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** A conversation as a folder lists it; what was thrown away counts only in the folder that is listed. */
export type Conversation = {
  /** Its newest message in the folder. */
  newest: Message;
  /** Messages in all folders. */
  total: number;
  /** Of those in the folder. */
  unread: number;
  flagged: boolean;
  answered: boolean;
  forwarded: boolean;
  attachments: number;
  /** Of those in the folder, why it came back; see Flag. */
  returned: boolean;
  unanswered: boolean;
  /** Ids of labels that any of those in the folder has. */
  labels: number[];
  /** Authors, of all messages, oldest first. */
  people: { name: string; address: string; seen: boolean }[];
};
export type ConversationPage = { conversations: Conversation[]; next: PageKey | null };

export type Conversations = {
  /** A page of a folder by conversations, the one with the newest message of the folder first. */
  page(accountId: number, folderId: number, limit: number, before?: PageKey | null): Promise<ConversationPage>;
  /** All messages of the conversation this one is in, oldest first; the message alone where it is in none. */
  around(message: Message): Promise<Message[]>;
  /** The newest message of a conversation; null: there is none of this number. */
  newest(accountId: number, conversation: number): Promise<Message | null>;
  /** These messages and all that lie in the same folder and conversation as one of them. */
  whole(accountId: number, ids: number[]): Promise<number[]>;
  /** The conversations next to that of a message in its folder, each by its newest message there; null at an end. */
  neighbours(message: Message): Promise<{ newer: number | null; older: number | null }>;
  /** Finds the conversations of mail that came before there were any, in slices. Answers how many messages it did. */
  gatherOld(): Promise<number>;
};

/** A slice of old mail holds the other writers up for some milliseconds. */
const gathered = 100;

export function createConversations(read: Read, write: Write): Conversations {
  return {
    page: (accountId, folderId, limit, before) => read(page(accountId, folderId, limit, before ?? null)),
    around: async m => (m.conversation === 0 ? [m] : (await read(members(m.accountId, [m.conversation]))).map(message)),
    newest: (accountId, conversation) => read(newest(accountId, conversation)),
    whole: (accountId, ids) => read(whole(accountId, ids)),
    neighbours: m => read(neighbours(m)),
    async gatherOld() {
      let done = 0;
      for (let some = gathered; some === gathered; done += some) some = await write('gatherOld', { limit: gathered });
      return done;
    },
  };
}

function* page(accountId: number, folderId: number, limit: number, before: PageKey | null): Work<ConversationPage> {
  const found = yield* rows<MessageRow>(
    `select * from message where folder_id = ? and account_id = ? and newest = 1
      ${before ? 'and (listed_at, id) < (?, ?)' : ''} order by listed_at desc, id desc limit ?`,
    folderId,
    accountId,
    ...(before ? [before.listedAt, before.id] : []),
    limit + 1,
  );
  const heads = found.slice(0, limit);
  const conversations = yield* conversationsOf(accountId, heads);
  const last = heads.at(-1);
  return { conversations, next: found.length > limit && last ? { listedAt: last.listed_at, id: last.id } : null };
}

/** What each of these, messages of one folder, stands for. */
export function* conversationsOf(accountId: number, heads: MessageRow[]): Work<Conversation[]> {
  const larger = yield* largerOf(accountId, heads);
  const all = Map.groupBy(larger.length === 0 ? [] : yield* glances(accountId, heads[0]!, larger), g => g.conversation);
  return heads.map(head => {
    const some = all.get(head.conversation);
    return some ? conversation(head, some) : alone(head);
  });
}

/** Most mail begins a conversation and ends it; which of these have more than one message an index tells. */
function* largerOf(accountId: number, heads: MessageRow[]): Work<number[]> {
  const numbers = heads.map(h => h.conversation).filter(c => c > 0);
  if (numbers.length === 0) return [];
  const found = yield* rows<{ conversation: number }>(
    `select conversation from message where account_id = ? and conversation in ${list(numbers)}
      group by conversation having count(*) > 1`,
    accountId,
    ...numbers,
  );
  return found.map(f => f.conversation);
}

type Glance = Pick<
  MessageRow,
  'conversation' | 'folder_id' | 'flags' | 'from_name' | 'from_address' | 'attachments' | 'labels'
>;

/** What a row tells of each message; what was thrown away counts only where it is listed. One query for the page. */
function* glances(accountId: number, { folder_id }: MessageRow, conversations: number[]): Work<Glance[]> {
  return yield* rows<Glance>(
    `select m.conversation, m.folder_id, m.flags, m.from_name, m.from_address, m.attachments, m.labels
      from message m join folder f on f.id = m.folder_id
      where m.account_id = ? and m.conversation in ${list(conversations)}
        and (m.folder_id = ? or f.role is null or f.role not in ('trash', 'junk'))
      order by m.received_at, m.id`,
    accountId,
    ...conversations,
    folder_id,
  );
}

/** As nearly all of a list are. */
function alone(head: MessageRow): Conversation {
  const newest = message(head);
  const has = (bit: number) => (head.flags & bit) !== 0;
  return {
    newest,
    total: 1,
    unread: has(Flag.seen) ? 0 : 1,
    flagged: has(Flag.flagged),
    answered: has(Flag.answered),
    forwarded: has(Flag.forwarded),
    returned: has(Flag.returned),
    unanswered: has(Flag.unanswered),
    labels: newest.labels,
    attachments: head.attachments,
    people: [{ name: head.from_name, address: head.from_address, seen: has(Flag.seen) }],
  };
}

function conversation(head: MessageRow, all: Glance[]): Conversation {
  const here = all.filter(g => g.folder_id === head.folder_id);
  const flags = here.reduce((some, g) => some | g.flags, 0);
  const flagged = (bit: number) => (flags & bit) !== 0;
  return {
    newest: message(head),
    total: all.length,
    unread: here.filter(g => (g.flags & Flag.seen) === 0).length,
    flagged: flagged(Flag.flagged),
    answered: flagged(Flag.answered),
    forwarded: flagged(Flag.forwarded),
    returned: flagged(Flag.returned),
    unanswered: flagged(Flag.unanswered),
    labels: [...new Set(here.flatMap(g => labelsOf(g.labels)))],
    attachments: here.reduce((sum, g) => sum + g.attachments, 0),
    people: all.map(g => ({ name: g.from_name, address: g.from_address, seen: (g.flags & Flag.seen) !== 0 })),
  };
}

function* members(accountId: number, conversations: number[]): Work<MessageRow[]> {
  return yield* rows<MessageRow>(
    `select * from message where account_id = ? and conversation in ${list(conversations)} order by received_at, id`,
    accountId,
    ...conversations,
  );
}

function* newest(accountId: number, conversation: number): Work<Message | null> {
  const found = conversation > 0 ? yield* members(accountId, [conversation]) : [];
  const last = found.at(-1);
  return last ? message(last) : null;
}

function* whole(accountId: number, ids: number[]): Work<number[]> {
  const found = yield* rows<{ id: number }>(
    `select m.id from message t join message m
        on m.account_id = t.account_id and m.conversation = t.conversation and m.folder_id = t.folder_id
      where t.account_id = ? and t.conversation > 0 and t.id in ${list(ids)}`,
    accountId,
    ...ids,
  );
  return [...new Set([...ids, ...found.map(f => f.id)])];
}

function* neighbours(m: Message): Work<{ newer: number | null; older: number | null }> {
  const own = yield* row<{ id: number; listed_at: number }>(
    'select id, listed_at from message where account_id = ? and conversation = ? and folder_id = ? and newest = 1',
    m.accountId,
    m.conversation || -1,
    m.folderId,
  );
  const at = own ?? { id: m.id, listed_at: m.listedAt };
  const next = (comparison: '<' | '>', order: 'asc' | 'desc') =>
    row<{ id: number }>(
      `select id from message where folder_id = ? and newest = 1 and (listed_at, id) ${comparison} (?, ?)
        order by listed_at ${order}, id ${order} limit 1`,
      m.folderId,
      at.listed_at,
      at.id,
    );
  return { newer: (yield* next('>', 'asc'))?.id ?? null, older: (yield* next('<', 'desc'))?.id ?? null };
}
