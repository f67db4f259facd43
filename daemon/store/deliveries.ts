import type { Notify } from '../mail/envelope.ts';
import { acceptVerb, addStep } from './accept.ts';
import { releaseContent } from './content.ts';
import type { Acceptance, Accepted, Delivery, DeliveryState, Outcome, TimelineStep } from './shapes.ts';
import { list, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

export type Deliveries = {
  /** Waiting deliveries due at `now`, oldest due first, marked `sending` in the same step; none of the named domains. */
  claim(now: number, limit: number, exceptDomains: string[]): Promise<Delivery[]>;
  /** At start: what was `sending` when we died is waiting again, due at once. */
  recover(now: number): Promise<number>;
  /** Earliest time something waiting is due; null: nothing waits. */
  nextDue(): Promise<number | null>;
  /** One transaction: outcomes, the reports they cause, the timeline. The reports' keys make a second call harmless. */
  settle(outcomes: Outcome[], reports: Acceptance[]): Promise<Accepted[]>;
  /** Gives claimed deliveries back untried, due at `nextAt`. */
  release(ids: number[], nextAt: number, reason: string): Promise<void>;
  /** Waiting and held ones are due at `at`. What was claimed meanwhile is under way and left alone: it would go twice. */
  reschedule(ids: number[], at: number): Promise<number>;
  /** Waiting ones are held; what was claimed meanwhile is not. */
  hold(ids: number[], reason: string, at: number): Promise<void>;
  /** Held ones of a domain (`*`: all) are waiting again, due at once. Answers how many. */
  unhold(domain: string, at: number): Promise<number>;
  /** By id, oldest first, from after `afterId`. */
  list(limit: number, afterId?: number): Promise<Delivery[]>;
  count(): Promise<{ waiting: number; sending: number; held: number }>;
  remove(ids: number[]): Promise<number>;
  /** What happened to a content, oldest first. */
  timeline(contentId: number): Promise<TimelineStep[]>;
  /** The envelope recipients of a submitted content, as given; null: it was not submitted here. */
  submittedTo(contentId: number): Promise<string[] | null>;
};

type DeliveryRow = {
  id: number;
  content_id: number;
  size: number;
  account_id: number | null;
  sender: string | null;
  recipient: string;
  domain: string;
  state: DeliveryState;
  reason: string;
  attempts: number;
  next_at: number;
  last_reply: string | null;
  since: number;
  notify: string | null;
  orcpt: string | null;
  ret: 'FULL' | 'HDRS' | null;
  envid: string | null;
  eight_bit: number;
  smtp_utf8: number;
};

const delivery = (r: DeliveryRow): Delivery => ({
  id: r.id,
  contentId: r.content_id,
  size: r.size,
  sender: r.sender,
  recipient: r.recipient,
  domain: r.domain,
  state: r.state,
  reason: r.reason,
  attempts: r.attempts,
  nextAt: r.next_at,
  lastReply: r.last_reply,
  since: r.since,
  notify: r.notify === null ? null : (r.notify.split(',') as Notify[]),
  orcpt: r.orcpt,
  ret: r.ret,
  envid: r.envid,
  eightBit: r.eight_bit !== 0,
  smtpUtf8: r.smtp_utf8 !== 0,
  accountId: r.account_id,
});

const selected = 'select d.*, c.size from delivery d join content c on c.id = d.content_id';

type SetState = { ids: number[]; from: DeliveryState[]; state: DeliveryState; reason: string; at: number };

export const deliveryVerbs = {
  *claim(a: { now: number; limit: number; exceptDomains: string[] }): Work<Delivery[]> {
    const due = yield* rows<DeliveryRow>(
      `${selected} where d.state = 'waiting' and d.next_at <= ?
        ${a.exceptDomains.length ? `and d.domain not in ${list(a.exceptDomains)}` : ''} order by d.next_at, d.id limit ?`,
      a.now,
      ...a.exceptDomains,
      a.limit,
    );
    const ids = due.map(d => d.id);
    if (ids.length) yield* run(`update delivery set state = 'sending' where id in ${list(ids)}`, ...ids);
    return due.map(d => ({ ...delivery(d), state: 'sending' }));
  },
  *recover({ now }: { now: number }): Work<number> {
    return yield* run("update delivery set state = 'waiting', next_at = ? where state = 'sending'", now);
  },
  *settle(a: { outcomes: Outcome[]; reports: Acceptance[] }): Work<Accepted[]> {
    const accepted: Accepted[] = [];
    // Reports come first: they may quote content that the outcomes let go.
    for (const report of a.reports) accepted.push(yield* acceptVerb(report));
    for (const outcome of a.outcomes) yield* settleOne(outcome);
    return accepted;
  },
  *setState({ ids, from, state, reason, at }: SetState): Work<number> {
    return yield* run(
      `update delivery set state = ?, reason = ?, next_at = ? where id in ${list(ids)} and state in ${list(from)}`,
      state,
      reason,
      at,
      ...ids,
      ...from,
    );
  },
  *unhold({ domain, at }: { domain: string; at: number }): Work<number> {
    const which = domain === '*' ? '' : 'and domain = ?';
    const sql = `update delivery set state = 'waiting', reason = '', next_at = ? where state = 'held' ${which}`;
    return yield* run(sql, at, ...(domain === '*' ? [] : [domain]));
  },
  *removeDeliveries({ ids }: { ids: number[] }): Work<number> {
    let removed = 0;
    for (const id of ids) {
      const found = yield* row<{ content_id: number }>('select content_id from delivery where id = ?', id);
      if (!found) continue;
      removed += yield* run('delete from delivery where id = ?', id);
      yield* releaseContent(found.content_id);
    }
    return removed;
  },
};

function* settleOne(o: Outcome): Work<void> {
  const found = yield* row<{ content_id: number; recipient: string }>(
    'select content_id, recipient from delivery where id = ?',
    o.id,
  );
  if (!found) return;
  const hop = o.hop === null ? '' : `${o.hop}: `;
  const event = o.kind === 'later' ? 'tried' : o.kind;
  yield* addStep(found.content_id, o.at, event, found.recipient, `${hop}${o.reply}`);
  if (o.kind === 'later') {
    yield* run(
      `update delivery set state = 'waiting', attempts = attempts + 1, next_at = ?, last_reply = ?, reason = ?
        where id = ?`,
      o.nextAt,
      o.reply,
      o.reason,
      o.id,
    );
    return;
  }
  yield* run('delete from delivery where id = ?', o.id);
  yield* releaseContent(found.content_id);
}

export function createDeliveries(read: Read, write: Write, swept: () => void): Deliveries {
  return {
    claim: (now, limit, exceptDomains) => write('claim', { now, limit, exceptDomains }),
    recover: now => write('recover', { now }),
    async nextDue() {
      const sql = "select min(next_at) as at from delivery where state = 'waiting'";
      return (await read(row<{ at: number | null }>(sql)))?.at ?? null;
    },
    async settle(outcomes, reports) {
      const accepted = await write('settle', { outcomes, reports });
      swept();
      return accepted;
    },
    async release(ids, nextAt, reason) {
      await write('setState', { ids, from: ['sending'], state: 'waiting', reason, at: nextAt });
    },
    reschedule: (ids, at) => write('setState', { ids, from: ['waiting', 'held'], state: 'waiting', reason: '', at }),
    async hold(ids, reason, at) {
      await write('setState', { ids, from: ['waiting'], state: 'held', reason, at });
    },
    unhold: (domain, at) => write('unhold', { domain, at }),
    async list(limit, afterId = 0) {
      return (await read(rows<DeliveryRow>(`${selected} where d.id > ? order by d.id limit ?`, afterId, limit))).map(
        delivery,
      );
    },
    async count() {
      const counts = { waiting: 0, sending: 0, held: 0 };
      const sql = 'select state, count(*) as n from delivery group by state';
      for (const { state, n } of await read(rows<{ state: DeliveryState; n: number }>(sql))) counts[state] = n;
      return counts;
    },
    async remove(ids) {
      const removed = await write('removeDeliveries', { ids });
      swept();
      return removed;
    },
    timeline: contentId =>
      read(
        rows<TimelineStep>(
          'select at, event, recipient, detail from timeline where content_id = ? order by id',
          contentId,
        ),
      ),
    async submittedTo(contentId) {
      const sql = 'select recipients from submission where content_id = ?';
      const found = await read(row<{ recipients: string }>(sql, contentId));
      return found ? (JSON.parse(found.recipients) as string[]) : null;
    },
  };
}
