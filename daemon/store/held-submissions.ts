import type { Filing } from './accept.ts';
import { acceptVerb, addStep, fileRecipients } from './accept.ts';
import { releaseContent } from './content.ts';
import { isSending } from './deliveries.ts';
import type { Acceptance, Accepted, AcceptedRecipient } from './shapes.ts';
import { list, row, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** What came of a wish about a held submission: whoever comes first wins, and the other is told. */
export type HeldAnswer =
  | { kind: 'done'; deliveries: number }
  /** Its time has come, or somebody else holds it: it goes its way. */
  | { kind: 'under way' }
  /** There is no such submission of this account in the queue. */
  | { kind: 'gone' };

/** Its time has come: what the chain said of each recipient, and the deliveries they stood for. */
export type Release = { ids: number[]; contentId: number; filing: Filing; recipients: AcceptedRecipient[] };

/** Submissions held for a time (RFC 4865), by their authors: their own only, and as a whole. */
export type HeldSubmissions = {
  /** It is not sent. A copy in Sent stays where it is. */
  withdraw(accountId: number, contentId: number): Promise<HeldAnswer>;
  reschedule(accountId: number, contentId: number, until: number, reason: string): Promise<HeldAnswer>;
  /** Due at once; the queue must be woken. */
  release(accountId: number, contentId: number, now: number): Promise<HeldAnswer>;
  /** When it will be sent; null: it is not held. */
  until(accountId: number, contentId: number): Promise<number | null>;
  /** One transaction: claimed unrouted deliveries become messages and deliveries, with the reports that causes. */
  file(release: Release, reports: Acceptance[]): Promise<Accepted>;
};

type Own = { accountId: number; contentId: number };

/** Of one content: its index finds them, and not that of the state. */
const held = "coalesce(state, '') = 'held' and coalesce(hold_kind, '') = 'future release'";

/** Null: all that is left of the submission is held still, so the wish may be carried out. */
function* lost({ accountId, contentId }: Own): Work<HeldAnswer | null> {
  const found = yield* row<{ n: number; free: number }>(
    `select count(*) as n, coalesce(sum(case when ${held} then 1 else 0 end), 0) as free from delivery
      where content_id = ? and account_id = ?`,
    contentId,
    accountId,
  );
  if (!found || found.n === 0) return { kind: 'gone' };
  return found.free === found.n ? null : { kind: 'under way' };
}

export const heldVerbs = {
  *withdrawHeld(own: Own): Work<HeldAnswer> {
    const no = yield* lost(own);
    if (no) return no;
    const deliveries = yield* run('delete from delivery where content_id = ?', own.contentId);
    yield* releaseContent(own.contentId);
    return { kind: 'done', deliveries };
  },
  *rescheduleHeld(own: Own & { until: number; reason: string }): Work<HeldAnswer> {
    const no = yield* lost(own);
    if (no) return no;
    const sql = 'update delivery set next_at = ?, reason = ? where content_id = ?';
    return { kind: 'done', deliveries: yield* run(sql, own.until, own.reason, own.contentId) };
  },
  *fileReleased({ release, reports }: { release: Release; reports: Acceptance[] }): Work<Accepted> {
    const { ids, contentId, filing, recipients } = release;
    const free = yield* run(`delete from delivery where id in ${list(ids)} and ${isSending}`, ...ids);
    if (free !== ids.length) throw new Error(`a release of content ${contentId} was not claimed`);
    const { changed, queued } = yield* fileRecipients(filing, contentId, recipients);
    for (const r of recipients)
      yield* addStep(contentId, filing.receivedAt, 'routed', r.address, r.routes.map(t => t.address).join(', '));
    for (const report of reports) changed.push(...(yield* acceptVerb(report)).changed);
    yield* releaseContent(contentId);
    return { contentId, size: filing.content.size, changed, queued, duplicate: false };
  },
};

export function createHeldSubmissions(read: Read, write: Write, swept: () => void): HeldSubmissions {
  return {
    async withdraw(accountId, contentId) {
      const answer = await write('withdrawHeld', { accountId, contentId });
      swept();
      return answer;
    },
    reschedule: (accountId, contentId, until, reason) =>
      write('rescheduleHeld', { accountId, contentId, until, reason }),
    release: (accountId, contentId, now) =>
      write('rescheduleHeld', { accountId, contentId, until: now, reason: 'released by its author' }),
    async until(accountId, contentId) {
      const sql = `select min(next_at) as at from delivery where content_id = ? and account_id = ? and ${held}`;
      return (await read(row<{ at: number | null }>(sql, contentId, accountId)))?.at ?? null;
    },
    file: (release, reports) => write('fileReleased', { release, reports }),
  };
}
