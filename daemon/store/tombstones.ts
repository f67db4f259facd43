import { run, type Work } from './sql.ts';

/** So many changes of an account back it is known what is gone; who was away for longer has to look at everything anew. */
const changesKnown = 50_000;

/** The uid is no longer in the folder. */
export function* buried(accountId: number, folderId: number, uid: number, modseq: number): Work<void> {
  yield* run(
    'insert into tombstone (account_id, folder_id, uid, modseq) values (?,?,?,?)',
    accountId,
    folderId,
    uid,
    modseq,
  );
}

/** `modseq`: of the change under way. */
export function* forgetBuried(accountId: number, modseq: number): Work<void> {
  yield* run('delete from tombstone where account_id = ? and modseq < ?', accountId, modseq - changesKnown);
}
