import { removeMessages } from './messages.ts';
import type { Change, Content } from './shapes.ts';
import { list, rows, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** What POP3 needs to know of an Inbox message; the id is the UIDL. */
export type DropEntry = { id: number; size: number };
/** What POP3 sends of a message: prefix, then content. */
export type DropMessage = { id: number; prefix: string; content: Content };

/** The Inbox as POP3 sees it. */
export type Maildrop = {
  /** The Inbox as POP3 locks it, oldest first. */
  maildrop(accountId: number): Promise<DropEntry[]>;
  /** Null: it left the Inbox since, by removal or move. */
  drop(accountId: number, id: number): Promise<DropMessage | null>;
  /** Several at one go; those that left the Inbox are missing, and the order is any. */
  drops(accountId: number, ids: number[]): Promise<DropMessage[]>;
  /** POP3's UPDATE: removes, all in one transaction, those still in the Inbox: what was filed elsewhere meanwhile stays. */
  removeDrops(accountId: number, ids: number[]): Promise<Change[]>;
};

export function createMaildrop(read: Read, write: Write, swept: () => void): Maildrop {
  return {
    maildrop: accountId => read(maildrop(accountId)),
    drop: async (accountId, id) => (await read(drops(accountId, [id])))[0] ?? null,
    drops: (accountId, ids) => read(drops(accountId, ids)),
    async removeDrops(accountId, ids) {
      if (ids.length === 0) return [];
      const changed = await write('removeDrops', { accountId, ids });
      swept();
      return changed;
    },
  };
}

function* maildrop(accountId: number): Work<DropEntry[]> {
  return yield* rows<DropEntry>(
    `select m.id, m.size from folder f join message m on m.folder_id = f.id
      where f.account_id = ? and f.role = 'inbox' order by m.listed_at, m.id`,
    accountId,
  );
}

function* drops(accountId: number, ids: number[]): Work<DropMessage[]> {
  type Row = { message: number; prefix: string; id: number; size: number; body: Uint8Array | null };
  const found = yield* rows<Row>(
    `select m.id as message, m.prefix, c.id, c.size, c.body from message m
      join folder f on f.id = m.folder_id join content c on c.id = m.content_id
      where m.id in ${list(ids)} and m.account_id = ? and f.role = 'inbox'`,
    ...ids,
    accountId,
  );
  return found.map(r => {
    const bytes = r.body && Buffer.from(r.body.buffer, r.body.byteOffset, r.body.byteLength);
    return { id: r.message, prefix: r.prefix, content: { id: r.id, size: r.size, tree: null, bytes } };
  });
}

const slice = 500;

export const maildropVerbs = {
  *removeDrops({ accountId, ids }: { accountId: number; ids: number[] }): Work<Change[]> {
    const changed: Change[] = [];
    for (let i = 0; i < ids.length; i += slice) {
      const some = ids.slice(i, i + slice);
      const still = yield* rows<{ id: number }>(
        `select m.id from message m join folder f on f.id = m.folder_id
        where m.account_id = ? and f.role = 'inbox' and m.id in ${list(some)}`,
        accountId,
        ...some,
      );
      changed.push(...(yield* removeMessages({ accountId, ids: still.map(m => m.id) })));
    }
    return changed.slice(-1);
  },
};
