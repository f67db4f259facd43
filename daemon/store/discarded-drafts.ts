import { removeDraft } from './drafts.ts';
import { countDrafts, giveRoom, octetsOfDraft, takeRoom } from './quota.ts';
import { row, rows, run, type Work } from './sql.ts';

type Own = { accountId: number; id: number };

/** What its writer threw away lies aside for a while: it takes no room, and nobody finds it. */
export const discardedDraftVerbs = {
  *putDraftAside({ accountId, id, at }: Own & { at: number }): Work<boolean> {
    const sql = 'select id from draft where id = ? and account_id = ? and held_as is null and discarded_at is null';
    if (!(yield* row(sql, id, accountId))) return false;
    yield* giveRoom(accountId, yield* octetsOfDraft(id));
    yield* run('update draft set discarded_at = ? where id = ?', at, id);
    yield* countDrafts(accountId);
    return true;
  },
  *bringDraftBack({ accountId, id }: Own): Work<'restored' | 'no-room' | 'gone'> {
    const sql = 'select id from draft where id = ? and account_id = ? and discarded_at is not null';
    if (!(yield* row(sql, id, accountId))) return 'gone';
    if (!(yield* takeRoom(accountId, yield* octetsOfDraft(id)))) return 'no-room';
    yield* run('update draft set discarded_at = null where id = ?', id);
    yield* countDrafts(accountId);
    return 'restored';
  },
  /** A slice of them; answers how many. */
  *forgetDrafts({ before, limit }: { before: number; limit: number }): Work<number> {
    const sql = 'select id, account_id from draft where discarded_at < ? order by discarded_at limit ?';
    const old = yield* rows<{ id: number; account_id: number }>(sql, before, limit);
    for (const { id, account_id } of old) yield* removeDraft({ accountId: account_id, id });
    return old.length;
  },
};
