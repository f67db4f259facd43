import { intoMailbox, sendersOn, sentOnBy } from './errands.ts';
import type { AcceptedRecipient } from './shapes.ts';
import { row, run, type Work } from './sql.ts';
import type { Read } from './verbs.ts';

/** What was to be sent on for an account, and stayed because it was too much. */
export type HeldBack = { since: number; last: number; count: number };

export type ForwardVolume = {
  /** The latest run of them, with less than a day between two; null: there never was one. */
  heldBack(accountId: number): Promise<HeldBack | null>;
  /** Would one more copy stay? */
  isSpent(accountId: number, limit: Limit): Promise<boolean>;
};

/** `perHour`: copies sent on for one account, over its forwards and rules; none or 0: no limit. */
export type Limit = { at: number; perHour: number | undefined };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

type Kept = { drained: number; since: number | null; last: number | null; count: number };

/**
 * Counts one copy more, or says that it stays; first: and that none has stayed for an hour. A bucket that drains
 * evenly over an hour, of which the time is kept when it is empty.
 */
export function* takeForward(accountId: number, { at, perHour = 0 }: Limit): Work<'goes' | 'stays' | 'first'> {
  if (perHour === 0) return 'goes';
  const sql = `select drained_at as drained, held_since as since, held_at as last, held as count
    from forward_volume where account_id = ?`;
  const kept = (yield* row<Kept>(sql, accountId)) ?? { drained: 0, since: null, last: null, count: 0 };
  const { known, next } = drainedBy(kept.drained, at, perHour);
  if (isWithin(next, at)) {
    // Rounded down, the last of those an hour has room for fits too.
    yield* keep(accountId, { ...kept, drained: Math.floor(next) });
    return 'goes';
  }
  // Backwards too, or of what came before the clock was set back nothing more would be told until it is there again.
  const quiet = kept.last === null ? Number.POSITIVE_INFINITY : Math.abs(at - kept.last);
  const run = quiet < dayMs ? { since: kept.since, count: kept.count + 1 } : { since: at, count: 1 };
  yield* keep(accountId, { drained: known, ...run, last: at });
  return quiet >= hourMs ? 'first' : 'stays';
}

/** When what was sent on will have drained, and when with one more. */
function drainedBy(drained: number, at: number, perHour: number): { known: number; next: number } {
  // What would take far longer to drain than an hour was written before the clock was set back.
  const known = drained > at + 2 * hourMs ? at : drained;
  return { known, next: Math.max(known, at) + hourMs / perHour };
}

const isWithin = (next: number, at: number): boolean => next <= at + hourMs + 1;

function* keep(accountId: number, { drained, since, last, count }: Kept): Work<number> {
  return yield* run(
    `insert into forward_volume (account_id, drained_at, held_since, held_at, held) values (?,?,?,?,?)
      on conflict (account_id) do update set drained_at = excluded.drained_at, held_since = excluded.held_since,
        held_at = excluded.held_at, held = excluded.held`,
    accountId,
    drained,
    since,
    last,
    count,
  );
}

export const tooMuch = (address: string, perHour: number | undefined): string =>
  `mail of ${address} stays here: more than ${perHour} an hour is to be sent on`;

type Routes = AcceptedRecipient['routes'];

/** What a mailbox would send on beyond its limit goes into it instead, so that nothing is lost. Told in `troubles`, once an hour. */
export function* withinVolume(
  recipients: AcceptedRecipient[],
  limit: Limit,
  troubles: string[],
): Work<AcceptedRecipient[]> {
  const all: AcceptedRecipient[] = [];
  for (const r of recipients) {
    const routes: Routes = [];
    for (const route of r.routes) routes.push(...(yield* limited(route, limit, troubles)));
    all.push({ ...r, routes });
  }
  return all;
}

/** As what the first sends on who may; it stays with those before them. */
function* limited(route: Routes[number], limit: Limit, troubles: string[]): Work<Routes> {
  const stays: Routes = [];
  for (const via of sendersOn(route)) {
    const taken = yield* takeForward(via.accountId, limit);
    if (taken === 'goes') return [...stays, sentOnBy(route, [via])];
    if (taken === 'first') troubles.push(tooMuch(via.address, limit.perHour));
    stays.push(intoMailbox(via));
  }
  return stays.length > 0 ? stays : [route];
}

export const createForwardVolume = (read: Read): ForwardVolume => ({
  isSpent: async (accountId, { at, perHour = 0 }) => {
    const sql = 'select drained_at as drained from forward_volume where account_id = ?';
    const kept = await read(row<{ drained: number }>(sql, accountId));
    return perHour > 0 && kept !== undefined && !isWithin(drainedBy(kept.drained, at, perHour).next, at);
  },
  heldBack: async accountId => {
    const sql = `select held_since as since, held_at as last, held as count from forward_volume
      where account_id = ? and held_at is not null`;
    return (await read(row<HeldBack>(sql, accountId))) ?? null;
  },
});
