import { releaseContent } from './content.ts';
import type { DeliveryState, QueueChange, TimelineStep, Which } from './shapes.ts';
import { list, rows, run, type Value, type Work } from './sql.ts';

/** One step of a change to many deliveries, short enough that others get in between. */
export type Slice = {
  which: Which;
  /** In which states they may be; `sending` is never one of them. */
  from: Exclude<DeliveryState, 'sending'>[];
  change: QueueChange;
  at: number;
  /** Said in the timeline, with who asked; null: nothing is. */
  note: { event: TimelineStep['event']; detail: string } | null;
  /** Ids beyond this one, in their order. */
  after: number;
  limit: number;
};

export type Changed = {
  changed: number[];
  /** Chosen and under way: nothing was done to them. */
  sending: number[];
  /** Where the next slice begins; null: this was the last. */
  next: number | null;
};

/** How a delivery lies whose hold is lifted: unrouted ones are held for their time, which may be now. */
const goesOn = `state = case when routed = 1 then 'waiting' else 'held' end,
  hold_kind = case when routed = 1 then null else 'future release' end`;

/** How what was under way comes to lie: what a person held was taken to be bounced, and must not go instead. */
export const goesBack = `state = case when routed = 1 and coalesce(hold_kind, '') <> 'operator' then 'waiting' else 'held' end,
  hold_kind = case when hold_kind = 'operator' then 'operator' when routed = 1 then null else 'future release' end`;

/**
 * Conditions as `and …`; `{}` is none. Read in the order of ids, so that a slice costs what is in it: by ids, by the
 * index of domains, else by that of holds. Senders, recipients and accounts have none: for them the whole queue is read, once.
 */
export function whereOf(which: Which, table = ''): { where: string; params: Value[] } {
  const conditions: string[] = [];
  const params: Value[] = [];
  const say = (condition: string, ...values: Value[]) => {
    conditions.push(`and ${condition}`);
    params.push(...values);
  };
  if (which.ids) say(`${table}id in ${list(which.ids)}`, ...which.ids);
  if (which.domain !== undefined) say(`${table}domain = ?`, which.domain);
  if (which.sender === null) say(`${table}sender is null`);
  else if (which.sender !== undefined) say(`lower(${table}sender) = lower(?)`, which.sender);
  if (which.recipient !== undefined) say(`lower(${table}recipient) = lower(?)`, which.recipient);
  if (which.accountId !== undefined) say(`${table}account_id = ?`, which.accountId);
  const few = which.ids !== undefined || which.domain !== undefined;
  const kind = few ? `coalesce(${table}hold_kind, '')` : `${table}hold_kind`;
  if (which.holdKind !== undefined) say(`${kind} = ?`, which.holdKind);
  return { where: conditions.join(' '), params };
}

type Chosen = { id: number; state: DeliveryState; content_id: number };

export function* changeDeliveries(s: Slice): Work<Changed> {
  const { where, params } = whereOf(s.which);
  const states = [...s.from, 'sending'];
  // An expression around the state keeps its index out of it, by which each slice would read and sort the whole queue.
  const chosen = yield* rows<Chosen>(
    `select id, state, content_id from delivery where id > ? ${where} and coalesce(state, '') in ${list(states)}
      order by id limit ?`,
    s.after,
    ...params,
    ...states,
    s.limit,
  );
  const free = chosen.filter(c => c.state !== 'sending');
  const ids = free.map(c => c.id);
  if (ids.length) {
    if (s.note) yield* note(ids, s.at, s.note);
    yield* carryOut(s.change, s.at, ids);
    if (s.change.kind === 'remove') for (const id of new Set(free.map(c => c.content_id))) yield* releaseContent(id);
  }
  return {
    changed: ids,
    sending: chosen.filter(c => c.state === 'sending').map(c => c.id),
    next: chosen.length === s.limit ? chosen.at(-1)!.id : null,
  };
}

function* carryOut(change: QueueChange, at: number, ids: number[]): Work<number> {
  const these = `where id in ${list(ids)}`;
  switch (change.kind) {
    case 'hold': {
      const { kind, reason, until } = change.hold;
      // Of an unrouted one its author's time stays.
      const sql = `update delivery set state = 'held', hold_kind = ?, reason = ?,
        next_at = case when routed = 1 then ? else next_at end ${these}`;
      return yield* run(sql, kind, reason, until ?? at, ...ids);
    }
    case 'go on': {
      // A person who lets go what a person held does not thereby send before its time what its author put off.
      const sql = `update delivery set ${goesOn},
        reason = case when routed = 1 then '' else 'held for its time, as its author asked' end,
        next_at = case when routed = 0 and hold_kind = 'operator' and next_at > ? then next_at else ? end ${these}`;
      return yield* run(sql, change.at, change.at, ...ids);
    }
    case 'take':
      return yield* run(`update delivery set state = 'sending' ${these}`, ...ids);
    case 'remove':
      return yield* run(`delete from delivery ${these}`, ...ids);
  }
}

function* note(ids: number[], at: number, { event, detail }: NonNullable<Slice['note']>): Work<void> {
  yield* run(
    `insert into timeline (content_id, at, event, recipient, detail)
      select content_id, ?, ?, recipient, ? from delivery where id in ${list(ids)}`,
    at,
    event,
    detail,
    ...ids,
  );
}
