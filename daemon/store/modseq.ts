import { mustRow, type Work } from './sql.ts';

/** The account's next modseq: every change takes one, in its own transaction. */
export function* nextModseq(accountId: number): Work<number> {
  const sql = 'update account set modseq = modseq + 1 where id = ? returning modseq';
  return (yield* mustRow<{ modseq: number }>(sql, accountId)).modseq;
}
