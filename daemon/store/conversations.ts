import { answeredSubject, bareSubject, nameKey, namesOf, sameCorrespondents } from '../mail/kinship.ts';
import type { MessageRow } from './message-row.ts';
import type { Summary } from './shapes.ts';
import { list, mustRow, row, rows, run, type Work } from './sql.ts';

/**
 * Messages of one account that belong together, whatever folders they lie in. A conversation is a number on its
 * messages, given at delivery; `message_name` keeps which ids lead to it, also ids of messages that never came or have
 * not come yet. In each folder one message, the newest, stands for it in the list.
 */

/** What comes later begins a new one: a page, and each look at a conversation, stays bounded. */
export const longestConversation = 100;

/** For mail without any references: how far back, in time and in messages of a folder, an answered subject is sought. */
const subjectKeptMs = 21 * 86_400_000;
const subjectsLookedAt = 100;

const slice = 500;

export type Newcomer = {
  accountId: number;
  folderId: number;
  receivedAt: number;
  summary: Pick<Summary, 'subject' | 'fromName' | 'fromAddress' | 'to' | 'messageId' | 'inReplyTo' | 'references'>;
};
/** `newest`: it stands for the conversation in its folder. */
export type Place = { conversation: number; newest: boolean };

/** Finds the conversation a message joins, else begins `fresh`; to be asked before the message is in its folder. */
export function* joinConversation(m: Newcomer, fresh: number): Work<Place> {
  const names = namesOf(m.summary);
  const keys = names.map(nameKey);
  const known = yield* knownNames(m.accountId, keys);
  const kin = firstKnown(keys, known) ?? (yield* bySubject(m));
  const joins = kin !== null && (yield* hasRoom(m.accountId, kin));
  const conversation = joins ? kin : fresh;
  // Where the old one is full, its names lead on to the new one.
  const led = joins ? keys.filter(key => !known.has(key)) : keys;
  yield* nameConversation(m.accountId, led, conversation);
  return { conversation, newest: !joins || (yield* comesLast(m, conversation)) };
}

/** The one a message belongs to, whether it has room or not; null: none is known. */
export function* kinOf(m: Omit<Newcomer, 'folderId'>): Work<number | null> {
  const keys = namesOf(m.summary).map(nameKey);
  return firstKnown(keys, yield* knownNames(m.accountId, keys)) ?? (yield* bySubject(m));
}

const firstKnown = (keys: number[], known: Map<number, number>): number | undefined =>
  keys.map(key => known.get(key)).find(found => found !== undefined);

function* knownNames(accountId: number, keys: number[]): Work<Map<number, number>> {
  if (keys.length === 0) return new Map();
  const found = yield* rows<{ name: number; conversation: number }>(
    `select name, conversation from message_name where account_id = ? and name in ${list(keys)}`,
    accountId,
    ...keys,
  );
  return new Map(found.map(f => [f.name, f.conversation]));
}

function* hasRoom(accountId: number, conversation: number): Work<boolean> {
  const sql = 'select count(*) as n from message where account_id = ? and conversation = ?';
  return (yield* mustRow<{ n: number }>(sql, accountId, conversation)).n < longestConversation;
}

function* nameConversation(accountId: number, keys: number[], conversation: number): Work<void> {
  if (keys.length === 0) return;
  yield* run(
    `insert into message_name (account_id, name, conversation) values ${keys.map(() => '(?,?,?)').join(',')}
      on conflict (account_id, name) do update set conversation = excluded.conversation`,
    ...keys.flatMap(key => [accountId, key, conversation]),
  );
}

/** Takes the place of the one before it; false: it is older than what is there. */
function* comesLast(m: Newcomer, conversation: number): Work<boolean> {
  const head = yield* row<{ id: number; listed_at: number }>(
    `select id, listed_at from message where account_id = ? and conversation = ? and folder_id = ? and newest = 1`,
    m.accountId,
    conversation,
    m.folderId,
  );
  if (!head) return true;
  if (head.listed_at > m.receivedAt) return false;
  yield* run('update message set newest = 0 where id = ?', head.id);
  return true;
}

/** An answer that names nothing joins what has its subject, if it is recent and between the same people. */
function* bySubject({ accountId, receivedAt, summary }: Omit<Newcomer, 'folderId'>): Work<number | null> {
  const subject = summary.inReplyTo || summary.references.length > 0 ? null : answeredSubject(summary.subject);
  if (subject === null) return null;
  type Candidate = Pick<
    MessageRow,
    'conversation' | 'subject' | 'from_name' | 'from_address' | 'to_text' | 'received_at'
  >;
  const recent: Candidate[] = [];
  for (const role of ['inbox', 'sent', 'archive'])
    recent.push(
      ...(yield* rows<Candidate>(
        `select m.conversation, m.subject, m.from_name, m.from_address, m.to_text, m.received_at
          from message m join folder f on f.id = m.folder_id
          where f.account_id = ? and f.role = ? and m.listed_at between ? and ? and m.conversation > 0
          order by m.listed_at desc, m.id desc limit ?`,
        accountId,
        role,
        receivedAt - subjectKeptMs,
        receivedAt,
        subjectsLookedAt,
      )),
    );
  const kin = recent
    .filter(r => bareSubject(r.subject) === subject && sameCorrespondents(summary, correspondentsOf(r)))
    .sort((a, b) => b.received_at - a.received_at)[0];
  return kin?.conversation ?? null;
}

const correspondentsOf = (r: Pick<MessageRow, 'from_name' | 'from_address' | 'to_text'>) => ({
  fromName: r.from_name,
  fromAddress: r.from_address,
  to: r.to_text,
});

type Standing = Pick<MessageRow, 'id' | 'conversation' | 'folder_id' | 'newest'>;

/** Sets anew who stands for these conversations in each folder, after some left or moved; answers which are left. */
export function* settleNewest(accountId: number, conversations: Iterable<number>): Work<Set<number>> {
  const wanted = [...new Set(conversations)].filter(c => c > 0);
  const left = new Set<number>();
  for (let i = 0; i < wanted.length; i += slice) {
    const some = wanted.slice(i, i + slice);
    const standing = yield* rows<Standing>(
      `select id, conversation, folder_id, newest from message
        where account_id = ? and conversation in ${list(some)} order by listed_at, id`,
      accountId,
      ...some,
    );
    const last = new Map(standing.map(s => [`${s.conversation} ${s.folder_id}`, s.id]));
    const stands = (s: Standing) => last.get(`${s.conversation} ${s.folder_id}`) === s.id;
    yield* mark(
      standing.filter(s => stands(s) && s.newest === 0),
      1,
    );
    yield* mark(
      standing.filter(s => !stands(s) && s.newest === 1),
      0,
    );
    for (const s of standing) left.add(s.conversation);
  }
  return left;
}

function* mark(some: Standing[], newest: 0 | 1): Work<void> {
  for (let i = 0; i < some.length; i += slice) {
    const ids = some.slice(i, i + slice).map(s => s.id);
    yield* run(`update message set newest = ${newest} where id in ${list(ids)}`, ...ids);
  }
}

export type Named = Pick<MessageRow, 'conversation' | 'message_id' | 'in_reply_to' | 'refs'>;

/** The names go with the last message that had them; ids are as they stand in the rows of what was removed. */
export function* forgetNames(accountId: number, gone: Named[], left: Set<number>): Work<void> {
  const keys = new Set<number>();
  for (const m of gone) if (!left.has(m.conversation)) for (const name of namesOf(namesIn(m))) keys.add(nameKey(name));
  const all = [...keys];
  for (let i = 0; i < all.length; i += slice) {
    const some = all.slice(i, i + slice);
    yield* run(`delete from message_name where account_id = ? and name in ${list(some)}`, accountId, ...some);
  }
}

const namesIn = (m: Named) => ({
  messageId: m.message_id,
  inReplyTo: m.in_reply_to,
  references: m.refs === '' ? [] : m.refs.split(' '),
});

export const conversationVerbs = {
  /** Gives conversations to mail of before there were any, oldest first; answers how many messages it looked at. */
  *gatherOld({ limit }: { limit: number }): Work<number> {
    const noted = yield* rows<{ id: number }>(
      'select message_id as id from to_gather order by message_id limit ?',
      limit,
    );
    const ids = noted.map(n => n.id);
    const loose = yield* rows<MessageRow>(`select * from message where id in ${list(ids)} order by id`, ...ids);
    for (const m of loose) {
      const { number } = yield* nextConversation(m.account_id);
      const place = yield* joinConversation(
        {
          accountId: m.account_id,
          folderId: m.folder_id,
          receivedAt: m.received_at,
          summary: { subject: m.subject, ...correspondentsOf(m), ...namesIn(m) },
        },
        number,
      );
      yield* run(
        'update message set conversation = ?, newest = ? where id = ?',
        place.conversation,
        Number(place.newest),
        m.id,
      );
      yield* run('update wake set conversation = ? where message_id = ?', place.conversation, m.id);
    }
    yield* run(`delete from to_gather where message_id in ${list(ids)}`, ...ids);
    return noted.length;
  },
};

function* nextConversation(accountId: number): Work<{ number: number }> {
  const sql = 'update account set conversations = conversations + 1 where id = ? returning conversations as number';
  return yield* mustRow<{ number: number }>(sql, accountId);
}
