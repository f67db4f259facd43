import type { Delivery, TimelineStep } from './shapes.ts';
import { row, rows, type Work } from './sql.ts';
import type { Read } from './verbs.ts';

/** What is known of what an account sent: whom the envelope named, what was done, what waits. */
export type SubmissionFacts = {
  recipients: string[];
  at: number;
  steps: TimelineStep[];
  waiting: Pick<Delivery, 'recipient' | 'domain' | 'state' | 'holdKind' | 'attempts' | 'nextAt' | 'lastReply'>[];
};

export type Submissions = {
  /** Null: the content was not submitted by this account, and nobody else is to know. */
  facts(accountId: number, contentId: number): Promise<SubmissionFacts | null>;
  /** Did somebody who had signed in here send this? */
  isOurs(contentId: number): Promise<boolean>;
};

type WaitingRow = {
  recipient: string;
  domain: string;
  state: Delivery['state'];
  hold_kind: Delivery['holdKind'];
  attempts: number;
  next_at: number;
  last_reply: string | null;
};

function* facts(accountId: number, contentId: number): Work<SubmissionFacts | null> {
  const found = yield* row<{ recipients: string; at: number }>(
    'select recipients, at from submission where content_id = ? and account_id = ?',
    contentId,
    accountId,
  );
  if (!found) return null;
  const steps = yield* rows<TimelineStep>(
    'select at, event, recipient, detail from timeline where content_id = ? order by id',
    contentId,
  );
  const waiting = yield* rows<WaitingRow>(
    `select recipient, domain, state, hold_kind, attempts, next_at, last_reply from delivery
      where content_id = ? and account_id = ? order by id`,
    contentId,
    accountId,
  );
  return {
    recipients: JSON.parse(found.recipients) as string[],
    at: found.at,
    steps,
    waiting: waiting.map(({ hold_kind: holdKind, next_at: nextAt, last_reply: lastReply, ...rest }) => ({
      ...rest,
      ...{ holdKind, nextAt, lastReply },
    })),
  };
}

export const createSubmissions = (read: Read): Submissions => ({
  facts: (accountId, contentId) => read(facts(accountId, contentId)),
  isOurs: async contentId =>
    (await read(row('select 1 as one from submission where content_id = ?', contentId))) !== undefined,
});
