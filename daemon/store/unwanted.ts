import { addressKey, domainOf } from '../mail/address.ts';
import { type MessageRow, message } from './message-row.ts';
import { type Message, Sorting } from './shapes.ts';
import { setSorting } from './sorting-bits.ts';
import { mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/**
 * A sender whose mail a person does not want to see; an address that begins with `@` is everybody there. One whose
 * mail goes to the Archive is muted: rules are for it as for other mail.
 */
export type BlockedSender = { id: number; address: string; place: 'junk' | 'trash' | 'archive'; at: number };

export type MutedConversation = { at: number; newest: Message };

/** Whose mail, and which conversations, do not come into the Inbox. */
export type Unwanted = {
  /** By address. */
  blocked(accountId: number): Promise<BlockedSender[]>;
  /** The one that stands for this sender, by address or by domain; null: none does. */
  blocks(accountId: number, address: string): Promise<BlockedSender | null>;
  /** In place of what stood for the address. Null: there are as many as there may be. */
  block(accountId: number, address: string, place: BlockedSender['place'], at: number): Promise<BlockedSender | null>;
  unblock(accountId: number, id: number): Promise<boolean>;
  /** Those of which there is mail, the one muted last first. */
  muted(accountId: number, limit: number): Promise<MutedConversation[]>;
  isMuted(accountId: number, conversation: number): Promise<boolean>;
  /** Of very many the one that was muted first is forgotten. */
  mute(accountId: number, conversation: number, at: number): Promise<void>;
  unmute(accountId: number, conversation: number): Promise<boolean>;
};

const mostBlocked = 1_000;
const mostMuted = 2_000;

const columns = 'id, address, place, at';

/** The names a sender may be blocked by. */
export const blockKeys = (address: string): [string, string] => [addressKey(address), `@${domainOf(address)}`];

export function* blockOf(accountId: number, address: string): Work<BlockedSender | null> {
  const sql = `select ${columns} from blocked_sender where account_id = ? and address_key in (?,?)
    order by length(address_key) desc limit 1`;
  return (yield* row<BlockedSender>(sql, accountId, ...blockKeys(address))) ?? null;
}

export function* mutedAmong(accountId: number, conversation: number): Work<boolean> {
  const sql = 'select 1 from muted_conversation where account_id = ? and conversation = ?';
  return (yield* row(sql, accountId, conversation)) !== undefined;
}

function* muted(accountId: number, limit: number): Work<MutedConversation[]> {
  const found = yield* rows<MessageRow & { muted_at: number }>(
    `select m.*, u.at as muted_at from muted_conversation u join message m on m.id =
        (select max(c.id) from message c where c.account_id = u.account_id and c.conversation = u.conversation)
      where u.account_id = ? order by u.at desc, u.conversation desc limit ?`,
    accountId,
    limit,
  );
  return found.map(m => ({ at: m.muted_at, newest: message(m) }));
}

type Mute = { accountId: number; conversation: number; at: number };

export function* mute({ accountId, conversation, at }: Mute): Work<void> {
  yield* run(
    'insert into muted_conversation (account_id, conversation, at) values (?,?,?) on conflict do nothing',
    accountId,
    conversation,
    at,
  );
  yield* run(
    `delete from muted_conversation where account_id = ? and conversation in
      (select conversation from muted_conversation where account_id = ? order by at desc, conversation desc
        limit 500 offset ?)`,
    accountId,
    accountId,
    mostMuted,
  );
  yield* setSorting(accountId, Sorting.mutes, true);
}

function* settle(accountId: number, table: 'blocked_sender' | 'muted_conversation', bit: number): Work<void> {
  const some = yield* row(`select 1 from ${table} where account_id = ? limit 1`, accountId);
  yield* setSorting(accountId, bit, some !== undefined);
}

export const unwantedVerbs = {
  *blockSender(a: { accountId: number } & Omit<BlockedSender, 'id'>): Work<BlockedSender | null> {
    const key = a.address.startsWith('@') ? `@${domainOf(a.address)}` : addressKey(a.address);
    const known = yield* row('select 1 from blocked_sender where account_id = ? and address_key = ?', a.accountId, key);
    const count = 'select count(*) as n from blocked_sender where account_id = ?';
    if (!known && (yield* mustRow<{ n: number }>(count, a.accountId)).n >= mostBlocked) return null;
    yield* setSorting(a.accountId, Sorting.blocks, true);
    return yield* mustRow<BlockedSender>(
      `insert into blocked_sender (account_id, address, address_key, place, at) values (?,?,?,?,?)
        on conflict (account_id, address_key) do update set place = excluded.place, at = excluded.at
        returning ${columns}`,
      a.accountId,
      a.address,
      key,
      a.place,
      a.at,
    );
  },
  *unblockSender({ accountId, id }: { accountId: number; id: number }): Work<boolean> {
    const gone = yield* run('delete from blocked_sender where account_id = ? and id = ?', accountId, id);
    yield* settle(accountId, 'blocked_sender', Sorting.blocks);
    return gone > 0;
  },
  muteConversation: mute,
  *unmuteConversation({ accountId, conversation }: Omit<Mute, 'at'>): Work<boolean> {
    const sql = 'delete from muted_conversation where account_id = ? and conversation = ?';
    const gone = yield* run(sql, accountId, conversation);
    yield* settle(accountId, 'muted_conversation', Sorting.mutes);
    return gone > 0;
  },
};

export const createUnwanted = (read: Read, write: Write): Unwanted => ({
  blocked: accountId =>
    read(
      rows<BlockedSender>(`select ${columns} from blocked_sender where account_id = ? order by address_key`, accountId),
    ),
  blocks: (accountId, address) => read(blockOf(accountId, address)),
  block: (accountId, address, place, at) => write('blockSender', { accountId, address, place, at }),
  unblock: (accountId, id) => write('unblockSender', { accountId, id }),
  muted: (accountId, limit) => read(muted(accountId, limit)),
  isMuted: (accountId, conversation) => read(mutedAmong(accountId, conversation)),
  mute: (accountId, conversation, at) => write('muteConversation', { accountId, conversation, at }),
  unmute: (accountId, conversation) => write('unmuteConversation', { accountId, conversation }),
});
