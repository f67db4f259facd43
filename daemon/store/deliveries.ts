import type { Notify } from '../mail/envelope.ts';
import { acceptVerb, addStep } from './accept.ts';
import { releaseContent } from './content.ts';
import { type Changed, changeDeliveries, goesBack, type Slice, whereOf } from './queue-changes.ts';
import type {
  Acceptance,
  Accepted,
  Delivery,
  DeliveryState,
  Errand,
  Hold,
  HoldKind,
  Origin,
  Outcome,
  TimelineStep,
  Which,
} from './shapes.ts';
import { list, row, rows, run, type Work } from './sql.ts';
import { fileStay, type Stay } from './stays.ts';
import type { Read, Write } from './verbs.ts';

export type Deliveries = {
  /** Waiting deliveries due at `now`, oldest due first, marked `sending` in the same step; none of the named domains. */
  claim(now: number, limit: number, exceptDomains: string[]): Promise<Delivery[]>;
  /** Held for a time that has come, unrouted, marked `sending` in the same step: all of so many submissions. */
  claimReleased(now: number, submissions: number): Promise<Delivery[]>;
  /** At start: what was `sending` when we died is as it was before, due at once. */
  recover(now: number): Promise<number>;
  /** Earliest time something waiting is due; null: nothing waits. */
  nextDue(): Promise<number | null>;
  /** Earliest time something held is released by itself; null: nothing is. */
  nextRelease(): Promise<number | null>;
  /** One transaction: outcomes, the reports they cause, what stays here, the timeline. A second call is harmless, by the reports' keys. */
  settle(outcomes: Outcome[], reports: Acceptance[], stays?: Stay[]): Promise<Accepted[]>;
  /** Gives claimed deliveries back untried, due at `nextAt`; with a hold, they are held as before. */
  release(ids: number[], nextAt: number, reason: string, hold?: Hold | null): Promise<void>;
  /** One slice of a change; what is under way is left alone: it would go twice, or go though it was stopped. */
  change(slice: Slice): Promise<Changed>;
  /** Waiting ones due after `beyond` are due at `at`; so many at most. Answers how many. */
  bringForward(beyond: number, at: number, limit: number): Promise<number>;
  /** By id, oldest first, from after `afterId`. */
  list(limit: number, afterId?: number, which?: Which): Promise<Delivery[]>;
  get(id: number): Promise<Delivery | null>;
  count(): Promise<QueueCounts>;
  /** What happened to a content, oldest first. */
  timeline(contentId: number): Promise<TimelineStep[]>;
  /** The envelope recipients of a submitted content, as given; null: it was not submitted here. */
  submittedTo(contentId: number): Promise<string[] | null>;
};

export type QueueCounts = { waiting: number; sending: number; held: number /** Of the held, by kind. */; holds: Holds };
export type Holds = Partial<Record<HoldKind, number>>;

type DeliveryRow = {
  id: number;
  content_id: number;
  size: number;
  account_id: number | null;
  sender: string | null;
  recipient: string;
  domain: string;
  state: DeliveryState;
  hold_kind: HoldKind | null;
  reason: string;
  routed: number;
  origin: Origin;
  attempts: number;
  next_at: number;
  last_reply: string | null;
  since: number;
  notify: string | null;
  orcpt: string | null;
  accepted_as: string | null;
  ret: 'FULL' | 'HDRS' | null;
  envid: string | null;
  eight_bit: number;
  smtp_utf8: number;
  delayed_at: number | null;
  fields: string;
  errand: Errand['kind'] | null;
  errand_for: number | null;
};

const delivery = (r: DeliveryRow): Delivery => ({
  id: r.id,
  contentId: r.content_id,
  size: r.size,
  sender: r.sender,
  recipient: r.recipient,
  domain: r.domain,
  state: r.state,
  holdKind: r.hold_kind,
  reason: r.reason,
  routed: r.routed !== 0,
  origin: r.origin,
  attempts: r.attempts,
  nextAt: r.next_at,
  lastReply: r.last_reply,
  since: r.since,
  notify: r.notify === null ? null : (r.notify.split(',') as Notify[]),
  orcpt: r.orcpt,
  acceptedAs: r.accepted_as,
  ret: r.ret,
  envid: r.envid,
  eightBit: r.eight_bit !== 0,
  smtpUtf8: r.smtp_utf8 !== 0,
  accountId: r.account_id,
  delayedAt: r.delayed_at,
  fields: r.fields,
  errand: r.errand && { kind: r.errand, accountId: r.errand_for ?? 0 },
});

const selected = 'select d.*, c.size from delivery d join content c on c.id = d.content_id';

function* takeUp(found: DeliveryRow[]): Work<Delivery[]> {
  const ids = found.map(d => d.id);
  if (ids.length) yield* run(`update delivery set state = 'sending' where id in ${list(ids)}`, ...ids);
  return found.map(d => ({ ...delivery(d), state: 'sending' }));
}

/** Of some ids; an expression around the state keeps its index out of it. */
export const isSending = "coalesce(state, '') = 'sending'";

type Returned = { ids: number[]; nextAt: number; reason: string; hold: Hold | null };

export const deliveryVerbs = {
  *claim(a: { now: number; limit: number; exceptDomains: string[] }): Work<Delivery[]> {
    // The index alone finds them; the rows of those passed over are not looked at.
    const due = yield* rows<{ id: number }>(
      `select id from delivery where state = 'waiting' and next_at <= ?
        ${a.exceptDomains.length ? `and domain not in ${list(a.exceptDomains)}` : ''} order by next_at, id limit ?`,
      a.now,
      ...a.exceptDomains,
      a.limit,
    );
    if (due.length === 0) return [];
    const ids = due.map(d => d.id);
    const sql = `${selected} where d.id in ${list(ids)} order by d.next_at, d.id`;
    return yield* takeUp(yield* rows<DeliveryRow>(sql, ...ids));
  },
  *claimReleased(a: { now: number; submissions: number }): Work<Delivery[]> {
    // Of one submission all or none: its author may still withdraw it as a whole.
    const due = "state = 'held' and hold_kind = 'future release' and next_at <= ?";
    const contents = yield* rows<{ content_id: number }>(
      `select distinct content_id from delivery where ${due} limit ?`,
      a.now,
      a.submissions,
    );
    if (contents.length === 0) return [];
    const ids = contents.map(c => c.content_id);
    // Found by their contents: by their time, all that is due would be read for each few.
    const sql = `${selected} where d.content_id in ${list(ids)} and coalesce(d.state, '') = 'held'
      and coalesce(d.hold_kind, '') = 'future release' and d.next_at <= ? order by d.id`;
    return yield* takeUp(yield* rows<DeliveryRow>(sql, ...ids, a.now));
  },
  *recover({ now }: { now: number }): Work<number> {
    return yield* run(`update delivery set ${goesBack}, next_at = ? where state = 'sending'`, now);
  },
  *settle(a: { outcomes: Outcome[]; reports: Acceptance[]; stays: Stay[] }): Work<Accepted[]> {
    const accepted: Accepted[] = [];
    for (const stay of a.stays) accepted.push(...(yield* fileStay(stay)));
    // Reports come first: they may quote content that the outcomes let go.
    for (const report of a.reports) accepted.push(yield* acceptVerb(report));
    for (const outcome of a.outcomes) yield* settleOne(outcome);
    return accepted;
  },
  *giveBack({ ids, nextAt, reason, hold }: Returned): Work<number> {
    if (hold) {
      const sql = `update delivery set state = 'held', hold_kind = ?, reason = ?, next_at = ? where id in ${list(ids)} and ${isSending}`;
      return yield* run(sql, hold.kind, reason || hold.reason, nextAt, ...ids);
    }
    const sql = `update delivery set ${goesBack}, reason = case when hold_kind = 'operator' then reason else ? end,
      next_at = ? where id in ${list(ids)} and ${isSending}`;
    return yield* run(sql, reason, nextAt, ...ids);
  },
  *bringForward(a: { beyond: number; at: number; limit: number }): Work<number> {
    const far = "select id from delivery where state = 'waiting' and next_at > ? limit ?";
    return yield* run(`update delivery set next_at = ? where id in (${far})`, a.at, a.beyond, a.limit);
  },
  changeDeliveries,
};

const isHeld = "state = 'held', hold_kind = ?";

type Settled = { content_id: number; recipient: string };

function* settleOne(o: Outcome): Work<void> {
  if (o.kind === 'later') return yield* putOff(o);
  const sql = 'delete from delivery where id = ? returning content_id, recipient';
  const found = yield* row<Settled>(sql, o.id);
  // What happened to a content goes when the content does, with its last delivery mostly.
  if (found && !(yield* releaseContent(found.content_id))) yield* addOutcome(found, o);
}

function* putOff(o: Outcome & { kind: 'later' }): Work<void> {
  const found = yield* row<Settled>(
    `update delivery set ${o.hold ? isHeld : goesBack}, attempts = attempts + 1, next_at = ?, last_reply = ?, reason = ?,
      delayed_at = coalesce(delayed_at, ?) where id = ? returning content_id, recipient`,
    ...(o.hold ? [o.hold.kind] : []),
    o.nextAt,
    o.reply,
    o.reason,
    o.delayed ? o.at : null,
    o.id,
  );
  if (found) yield* addOutcome(found, o);
}

function* addOutcome({ content_id, recipient }: Settled, o: Outcome): Work<void> {
  const hop = o.hop === null ? '' : `${o.hop}: `;
  yield* addStep(content_id, o.at, o.kind === 'later' ? 'tried' : o.kind, recipient, `${hop}${o.reply}`);
}

export function createDeliveries(read: Read, write: Write, swept: () => void): Deliveries {
  const earliest = async (sql: string) => (await read(row<{ at: number | null }>(sql)))?.at ?? null;
  return {
    claim: (now, limit, exceptDomains) => write('claim', { now, limit, exceptDomains }),
    claimReleased: (now, submissions) => write('claimReleased', { now, submissions }),
    recover: now => write('recover', { now }),
    nextDue: () => earliest("select min(next_at) as at from delivery where state = 'waiting'"),
    nextRelease: () =>
      earliest("select min(next_at) as at from delivery where state = 'held' and hold_kind = 'future release'"),
    async settle(outcomes, reports, stays = []) {
      const accepted = await write('settle', { outcomes, reports, stays });
      swept();
      return accepted;
    },
    async release(ids, nextAt, reason, hold = null) {
      await write('giveBack', { ids, nextAt, reason, hold });
    },
    async change(slice) {
      const changed = await write('changeDeliveries', slice);
      if (slice.change.kind === 'remove') swept();
      return changed;
    },
    bringForward: (beyond, at, limit) => write('bringForward', { beyond, at, limit }),
    async list(limit, afterId = 0, which = {}) {
      const { where, params } = whereOf(which, 'd.');
      const sql = `${selected} where d.id > ? ${where} order by d.id limit ?`;
      return (await read(rows<DeliveryRow>(sql, afterId, ...params, limit))).map(delivery);
    },
    async get(id) {
      const found = await read(row<DeliveryRow>(`${selected} where d.id = ?`, id));
      return found ? delivery(found) : null;
    },
    async count() {
      const counts: QueueCounts = { waiting: 0, sending: 0, held: 0, holds: {} };
      const sql = 'select state, hold_kind as kind, count(*) as n from delivery group by state, hold_kind';
      for (const { state, kind, n } of await read(
        rows<{ state: DeliveryState; kind: HoldKind | null; n: number }>(sql),
      )) {
        counts[state] += n;
        if (state === 'held' && kind !== null) counts.holds[kind] = n;
      }
      return counts;
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
