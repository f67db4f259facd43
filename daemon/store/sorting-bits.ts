import { run, type Work } from './sql.ts';

/** Tables of what is looked at when mail comes, by account. */
export const sortingTables = [
  ...['mail_rule', 'blocked_sender', 'muted_conversation', 'vacation', 'vacation_answer', 'forward_consent'],
  'forward_volume',
];

/** Sets or clears a bit of the account's `sorting`. */
export function* setSorting(accountId: number, bit: number, on: boolean): Work<void> {
  const sql = `update account set sorting = ${on ? 'sorting | ?' : 'sorting & ~?'} where id = ?`;
  yield* run(sql, bit, accountId);
}
