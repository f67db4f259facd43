import { formatAddress, parseAddress, parseAddressList } from '../mail/address.ts';
import { acceptVerb, addStep, type Filing, fileRecipients, fileSent } from './accept.ts';
import { releaseContent, replaceContent } from './content.ts';
import { correspondentVerbs } from './correspondents.ts';
import { isSending } from './deliveries.ts';
import { type Draft, removeDraft } from './drafts.ts';
import { messageVerbs } from './messages.ts';
import {
  type Acceptance,
  type Accepted,
  type AcceptedRecipient,
  type Change,
  Flag,
  type NewContent,
} from './shapes.ts';
import { list, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** What came of a wish about a held submission: whoever comes first wins, and the other is told. */
export type HeldAnswer =
  | { kind: 'done'; deliveries: number }
  /** Its time has come, or somebody else holds it: it goes its way. */
  | { kind: 'under way' }
  /** There is no such submission of this account in the queue. */
  | { kind: 'gone' };

/** Its time has come: what the chain said of each recipient, and the deliveries they stood for. */
export type Release = {
  ids: number[];
  contentId: number;
  filing: Filing;
  recipients: AcceptedRecipient[];
  /** What takes the place of the content; none: it stays. */
  content?: NewContent;
};

/** What an author has sent and the queue holds still. */
export type HeldSubmission = {
  contentId: number;
  /** When it goes by itself. */
  at: number;
  submittedAt: number;
  /** As the envelope named them. */
  recipients: string[];
  /** held: by who runs the house, until they let it go. */
  state: 'waits' | 'under way' | 'held';
  /** What it was written as, and becomes again when it is withdrawn; null: it came from a mail program. */
  draft: { id: number; subject: string } | null;
};

/** Submissions held for a time (RFC 4865), by their authors: their own only, and as a whole. */
export type HeldSubmissions = {
  /** Soonest first; at most so many. */
  list(accountId: number, limit: number): Promise<HeldSubmission[]>;
  get(accountId: number, contentId: number): Promise<HeldSubmission | null>;
  count(accountId: number): Promise<number>;
  /** It is not sent; the draft it was comes back. */
  withdraw(accountId: number, contentId: number): Promise<HeldAnswer>;
  reschedule(accountId: number, contentId: number, until: number, reason: string): Promise<HeldAnswer>;
  /** Due at once; the queue must be woken. */
  release(accountId: number, contentId: number, now: number): Promise<HeldAnswer>;
  /** When it will be sent; null: it is not held. */
  until(accountId: number, contentId: number): Promise<number | null>;
  /** One transaction: a claimed errand is answered by this acceptance; null: given up. Answers null when it was not claimed. */
  answer(id: number, acceptance: Acceptance | null): Promise<Accepted | null>;
  /**
   * One transaction: claimed unrouted deliveries become messages and deliveries, with the reports that causes. Of
   * what the webmail submitted the copy for Sent is filed now, and its draft goes.
   */
  file(release: Release, reports: Acceptance[]): Promise<Accepted>;
};

type Own = { accountId: number; contentId: number };

/** Of one content: its index finds them, and not that of the state. */
const held = "coalesce(state, '') = 'held' and coalesce(hold_kind, '') = 'future release'";

/** Null: all of the submission is held still, so the wish may be carried out. */
function* lost({ accountId, contentId }: Own): Work<HeldAnswer | null> {
  const found = yield* row<{ n: number; free: number }>(
    `select count(*) as n, coalesce(sum(case when ${held} then 1 else 0 end), 0) as free from delivery
      where content_id = ? and account_id = ?`,
    contentId,
    accountId,
  );
  if (!found || found.n === 0) return { kind: 'gone' };
  const whole = yield* row('select 1 from submission where content_id = ? and waits = 1', contentId);
  return whole && found.free === found.n ? null : { kind: 'under way' };
}

export const heldVerbs = {
  *withdrawHeld(own: Own): Work<HeldAnswer> {
    const no = yield* lost(own);
    if (no) return no;
    const sql = 'delete from delivery where content_id = ? and account_id = ?';
    const deliveries = yield* run(sql, own.contentId, own.accountId);
    yield* releaseContent(own.contentId);
    return { kind: 'done', deliveries };
  },
  *rescheduleHeld(own: Own & { until: number; reason: string }): Work<HeldAnswer> {
    const no = yield* lost(own);
    if (no) return no;
    const sql = 'update delivery set next_at = ?, reason = ? where content_id = ? and account_id = ?';
    return { kind: 'done', deliveries: yield* run(sql, own.until, own.reason, own.contentId, own.accountId) };
  },
  *fileReleased({ release, reports }: { release: Release; reports: Acceptance[] }): Work<Accepted> {
    const { ids, contentId, filing, recipients, content } = release;
    const free = yield* run(`delete from delivery where id in ${list(ids)} and ${isSending}`, ...ids);
    if (free !== ids.length) throw new Error(`a release of content ${contentId} was not claimed`);
    if (content) yield* replaceContent(contentId, content);
    const head = () => Buffer.from(filing.header ?? '', 'latin1');
    const filed = yield* fileRecipients(filing, contentId, recipients, head);
    for (const r of recipients)
      yield* addStep(contentId, filing.receivedAt, 'routed', r.address, r.routes.map(t => t.address).join(', '));
    filed.changed.push(...(yield* leaves(contentId, filing)));
    for (const report of reports) filed.changed.push(...(yield* acceptVerb(report)).changed);
    yield* releaseContent(contentId);
    return { contentId, size: filing.content.size, ...filed, duplicate: false };
  },
  /** The errand goes and the answer comes, in one transaction. Null: it was not claimed. */
  *fileAnswer({ id, acceptance }: { id: number; acceptance: Acceptance | null }): Work<Accepted | null> {
    const errand = yield* row<{ content_id: number }>(
      `select content_id from delivery where id = ? and ${isSending} and errand = 'answer'`,
      id,
    );
    if (!errand) return null;
    const accepted = acceptance && (yield* acceptVerb(acceptance));
    yield* run('delete from delivery where id = ?', id);
    yield* releaseContent(errand.content_id);
    return accepted ?? { contentId: 0, size: 0, changed: [], queued: 0, duplicate: false };
  },
};

/** The first of it goes: from now on it cannot be taken back, and has been sent. */
function* leaves(contentId: number, filing: Filing): Work<Change[]> {
  const first = yield* run('update submission set waits = 0 where content_id = ? and waits = 1', contentId);
  if (first === 0 || filing.origin !== 'webmail' || filing.accountId === null) return [];
  // Its author may have left the house meanwhile.
  if (!(yield* row('select 1 from account where id = ?', filing.accountId))) return [];
  const draft = yield* row<SentDraft>(
    'select id, to_text, cc_text, bcc_text, related_id, relation from draft where held_as = ?',
    contentId,
  );
  const changed = [yield* fileSent(filing, contentId, filing.accountId, draft?.id ?? null)];
  if (draft) changed.push(...(yield* draftIsSent(filing.accountId, draft, filing.receivedAt)));
  return changed;
}

type SentDraft = { id: number; to_text: string; cc_text: string; bcc_text: string } & {
  related_id: number | null;
  relation: Draft['relation'];
};

/** A letter to more is a circular: its readers are nobody's correspondents. */
const mostRemembered = 50;

/** What it answers is marked so, whom it was written to is remembered, and it is a draft no more. */
function* draftIsSent(accountId: number, d: SentDraft, at: number): Work<Change[]> {
  const set = d.relation === 'reply' ? Flag.answered : Flag.forwarded;
  const ids = d.relation === null || d.related_id === null ? [] : [d.related_id];
  const changed = yield* messageVerbs.setFlags({ accountId, ids, set, clear: 0 });
  const people = [d.to_text, d.cc_text, d.bcc_text].flatMap(parseAddressList).flatMap(({ name, address }) => {
    const parsed = parseAddress(address);
    return parsed ? [{ name, address: formatAddress(parsed) }] : [];
  });
  yield* correspondentVerbs.wroteTo({ accountId, people: people.slice(0, mostRemembered), at });
  yield* removeDraft({ accountId, id: d.id });
  return changed;
}

type HeldRow = {
  content_id: number;
  at: number;
  submitted_at: number;
  recipients: string;
  free: number;
  sending: number;
  n: number;
  draft_id: number | null;
  subject: string | null;
};

function* waiting(accountId: number, limit: number, contentId: number | null): Work<HeldSubmission[]> {
  const found = yield* rows<HeldRow>(
    `select s.content_id, s.at as submitted_at, s.recipients, w.id as draft_id, w.subject, min(d.next_at) as at,
        count(*) as n, sum(case when ${held} then 1 else 0 end) as free,
        sum(case when coalesce(d.state, '') = 'sending' then 1 else 0 end) as sending
      from submission s join delivery d on d.content_id = s.content_id left join draft w on w.held_as = s.content_id
      where s.account_id = ? and s.waits = 1 ${contentId === null ? '' : 'and s.content_id = ?'}
      group by s.content_id, s.at, s.recipients, w.id, w.subject order by min(d.next_at), s.content_id limit ?`,
    accountId,
    ...(contentId === null ? [] : [contentId]),
    limit,
  );
  return found.map(r => ({
    contentId: r.content_id,
    at: r.at,
    submittedAt: r.submitted_at,
    recipients: JSON.parse(r.recipients) as string[],
    state: r.free === r.n ? 'waits' : r.sending > 0 ? 'under way' : 'held',
    draft: r.draft_id === null ? null : { id: r.draft_id, subject: r.subject ?? '' },
  }));
}

export function createHeldSubmissions(read: Read, write: Write, swept: () => void): HeldSubmissions {
  return {
    list: (accountId, limit) => read(waiting(accountId, limit, null)),
    get: async (accountId, contentId) => (await read(waiting(accountId, 1, contentId)))[0] ?? null,
    async count(accountId) {
      const sql = 'select count(*) as n from submission where account_id = ? and waits = 1';
      return (await read(row<{ n: number }>(sql, accountId)))?.n ?? 0;
    },
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
    async answer(id, acceptance) {
      const accepted = await write('fileAnswer', { id, acceptance });
      swept();
      return accepted;
    },
    async file(release, reports) {
      const accepted = await write('fileReleased', { release, reports }, release.content?.bytes?.length);
      if (release.content) swept();
      return accepted;
    },
  };
}
