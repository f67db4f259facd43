import type { Origin } from './shapes.ts';
import { list, row, rows, run, type Work } from './sql.ts';

/** Who gave a key: what one giver calls a message never hides what another gives. */
export type GivenKey = { origin: Origin; accountId: number | null; key: string };

/** A key as it is kept: with the service that gave it, and the account it acted for. */
const kept = ({ origin, accountId, key }: GivenKey): string => `${origin}:${accountId ?? ''}:${key}`;

/** False: the pair was taken before. */
export function* takeKey(given: GivenKey, recipient: string, at: number): Work<boolean> {
  const sql = 'insert into accepted_key (key, recipient, at) values (?,?,?) on conflict do nothing';
  return (yield* run(sql, kept(given), recipient, at)) > 0;
}

export function* wasAccepted(given: GivenKey): Work<boolean> {
  return (yield* row('select 1 from accepted_key where key = ? limit 1', kept(given))) !== undefined;
}

export const keyVerbs = {
  /** Forgets a slice of the keys that are older than `before`; those of the fetcher, than `fetchedBefore`. */
  *forgetKeys(a: { before: number; fetchedBefore: number; limit: number }): Work<number> {
    const old = yield* rows<{ key: string }>(
      `select key from accepted_key where at < ? and (at < ? or key not like 'fetcher:%') order by at limit ?`,
      a.before,
      a.fetchedBefore,
      a.limit,
    );
    const keys = [...new Set(old.map(o => o.key))];
    return keys.length
      ? yield* run(`delete from accepted_key where at < ? and key in ${list(keys)}`, a.before, ...keys)
      : 0;
  },
};
