import { type Filing, fileRecipients } from './accept.ts';
import type { Accepted, AcceptedRecipient } from './shapes.ts';
import { row, type Work } from './sql.ts';

/** What was sent on for an account and not taken there: it goes into its mailbox, the only recipient. */
export type Stay = { contentId: number; accountId: number; filing: Filing; recipients: AcceptedRecipient[] };

/** Nothing where the account has it: a rule left it there, or it was told twice. */
export function* fileStay({ contentId, accountId, filing, recipients }: Stay): Work<Accepted[]> {
  const sql = 'select 1 from message where content_id = ? and account_id = ?';
  if (yield* row(sql, contentId, accountId)) return [];
  const head = () => Buffer.from(filing.header ?? '', 'latin1');
  const filed = yield* fileRecipients(filing, contentId, recipients, head);
  return [{ contentId, size: filing.content.size, ...filed, duplicate: false }];
}
