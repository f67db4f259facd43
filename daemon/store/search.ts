import type { Query } from '../mail/search-query.ts';
import { type MessageRow, message } from './messages.ts';
import { type Candidates, candidatesOf, planOf, type SearchPlan } from './search-plan.ts';
import type { Found } from './shapes.ts';
import { list, mustRow, rows, type Work } from './sql.ts';
import type { Read } from './verbs.ts';

export type Searches = {
  /** Messages that match, newest arrival first; `before` is the `next` of the page above. */
  find(accountId: number, query: Query, limit: number, before?: number | null): Promise<Found>;
  /** Messages of all accounts that are filed and whose words are not yet found. */
  behind(): Promise<number>;
};

export function createSearches(read: Read): Searches {
  return {
    find: (accountId, query, limit, before = null) => read(find(accountId, query, limit, before)),
    behind: async () => (await read(mustRow<{ n: number }>('select count(*) as n from to_index'))).n,
  };
}

/**
 * Ids rise with arrival, so the newest matches come first without sorting them all. A question whose parts are common
 * and whose answer is rare would have to look at much: mail is looked through from the newest, stretch by stretch, and
 * a page ends when it is full or when it took long enough. Then it says how far it came.
 */
const enoughMs = 40;
const firstStretch = 20_000;
const longestStretch = 500_000;
/** A stretch that took less is followed by a longer one, and one that took more by a shorter one. */
const quickMs = 4;
const slowMs = 15;

type Page = { found: MessageRow[]; next: number | null };

function* find(accountId: number, query: Query, limit: number, before: number | null): Work<Found> {
  const plan = yield* planOf(accountId, query);
  const { crowded } = plan;
  const candidates = yield* candidatesOf(accountId, query, before);
  const page = candidates
    ? yield* throughCandidates(plan, candidates, limit)
    : yield* throughStretches(plan, limit, before ?? (yield* endOfIds()));
  const messages = page.found.slice(0, limit).map(message);
  if (page.found.length > limit) return { messages, next: messages.at(-1)!.id, unfinished: false, crowded };
  return { messages, next: page.next, unfinished: page.next !== null, crowded };
}

function* endOfIds(): Work<number> {
  return ((yield* mustRow<{ id: number | null }>('select max(id) as id from message')).id ?? 0) + 1;
}

function* throughStretches(plan: SearchPlan, limit: number, before: number): Work<Page> {
  const began = performance.now();
  const found: MessageRow[] = [];
  let to = before;
  let stretch = firstStretch;
  while (to > 1) {
    const from = Math.max(1, to - stretch);
    const at = performance.now();
    found.push(...(yield* within(plan, from, to, limit + 1 - found.length)));
    if (found.length > limit) return { found, next: null };
    to = from;
    const took = performance.now() - at;
    if (performance.now() - began > enoughMs) break;
    if (took < quickMs) stretch = Math.min(stretch * 4, longestStretch);
    else if (took > slowMs) stretch = Math.ceil(stretch / 4);
  }
  return { found, next: to > 1 ? to : null };
}

/** The index is asked first, and a row is read only for what it answers: `cross join` keeps the planner from turning it. */
function* within({ index, row, accountId }: SearchPlan, from: number, to: number, limit: number): Work<MessageRow[]> {
  const condition = row(`between ? and ?`, [from, to - 1]);
  return yield* rows<MessageRow>(
    `select m.* from ${index.from} cross join message m on m.id = ${index.id}
      where ${index.where} and ${index.id} >= ? and ${index.id} < ? and m.account_id = ?${condition.text === '' ? '' : ` and ${condition.text}`}
      order by ${index.id} desc limit ?`,
    ...index.params,
    from,
    to,
    accountId,
    ...condition.params,
    limit,
  );
}

/** Few messages can match at all: they are asked for by name. */
function* throughCandidates({ index, row, accountId }: SearchPlan, { ids }: Candidates, limit: number): Work<Page> {
  const began = performance.now();
  const found: MessageRow[] = [];
  for (let i = 0; i < ids.length; i += candidatesAtOnce) {
    const some = ids.slice(i, i + candidatesAtOnce);
    const condition = row(`in ${list(some)}`, some);
    found.push(
      ...(yield* rows<MessageRow>(
        `select m.* from message m where m.account_id = ? and m.id in ${list(some)} and m.id in
          (select ${index.id} from ${index.from} where ${index.where} and ${index.id} in ${list(some)})
          ${condition.text === '' ? '' : ` and ${condition.text}`} order by m.id desc limit ?`,
        accountId,
        ...some,
        ...index.params,
        ...some,
        ...condition.params,
        limit + 1 - found.length,
      )),
    );
    if (found.length > limit) return { found, next: null };
    if (performance.now() - began > enoughMs && i + candidatesAtOnce < ids.length) return { found, next: some.at(-1)! };
  }
  return { found, next: null };
}

const candidatesAtOnce = 50;
