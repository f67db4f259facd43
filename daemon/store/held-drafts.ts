import { countDrafts } from './quota.ts';
import { row, run, type Work } from './sql.ts';

/**
 * A draft whose submission is held stays until that is released, and waits as its content: so it can come back as it
 * was. It is not to be changed meanwhile, since what is sent is the content.
 */
export function* draftWaits(accountId: number, draftId: number, contentId: number): Work<void> {
  const sql = 'update draft set held_as = ? where id = ? and account_id = ? and held_as is null';
  if ((yield* run(sql, contentId, draftId, accountId)) > 0) yield* countDrafts(accountId);
}

/**
 * The content is gone before it was released, whoever took it back: its author, who runs the house, or everybody's
 * refusal. The version tells forms opened before; the round makes the next submission another one.
 */
export function* draftReturns(contentId: number): Work<void> {
  const sql =
    'update draft set held_as = null, round = round + 1, version = version + 1 where held_as = ? returning account_id';
  const found = yield* row<{ account_id: number }>(sql, contentId);
  if (found) yield* countDrafts(found.account_id);
}
