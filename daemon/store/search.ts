import type { Query } from '../mail/search-query.ts';
import { type MessageRow, message } from './message-row.ts';
import { type Candidates, candidatesOf, planOf, type SearchPlan } from './search-plan.ts';
import type { Message } from './shapes.ts';
import { list, mustRow, rows, type Stretch, type Value, type Work } from './sql.ts';
import { sqliteDialect } from './sqlite.ts';
import type { Read } from './verbs.ts';

/** A page of what a search found, newest arrival first. */
export type Found = {
  messages: Message[];
  /** Messages of a smaller id than this have not been looked at; null: all have. */
  next: number | null;
  /** There was too much to look at for one page: it is not full, and further matches may lie behind `next`. */
  unfinished: boolean;
  /** Beginnings that too many words have: only the whole word was looked for. */
  crowded: string[];
};

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
 * a page ends when it is full or when it took long enough of the processor. Then it says how far it came.
 */
const enoughMs = 40;
/** And of the clock, which also counts a slow disk; a busy machine alone shall not make pages short. */
const enoughWaitedMs = 200;
/** A stretch that took less is followed by a longer one, and one that took more by a shorter one. */
const quickMs = 3;
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

/** Says whether a page that began now has taken long enough. */
function watch(): () => boolean {
  const began = performance.now();
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000 > enoughMs || performance.now() - began > enoughWaitedMs;
  };
}

function* throughStretches(plan: SearchPlan, limit: number, before: number): Work<Page> {
  const isLong = watch();
  const found: MessageRow[] = [];
  let level = 0;
  for (let stretch = sqliteDialect.stretchBefore(before, level); ; ) {
    const at = performance.now();
    found.push(...(yield* within(plan, stretch, limit + 1 - found.length)));
    if (found.length > limit || stretch.from <= 0) return { found, next: null };
    const ended = performance.now();
    if (isLong()) return { found, next: stretch.from };
    if (ended - at < quickMs) level = Math.min(level + 1, sqliteDialect.levels - 1);
    else if (ended - at > slowMs) level = Math.max(level - 1, 0);
    stretch = sqliteDialect.stretchBefore(stretch.from, level);
  }
}

/** The index is asked first, and a row is read only for what it answers: `cross join` keeps the planner from turning it. */
function* within(plan: SearchPlan, stretch: Stretch, limit: number): Work<MessageRow[]> {
  const index = plan.index(stretch);
  const condition = plan.row(stretch);
  return yield* rows<MessageRow>(
    `select m.* from ${index.from} cross join message m on m.id = ${index.id}
      where ${index.where} and ${index.id} < ? and m.account_id = ?${and(condition.text)}
      order by ${index.id} desc limit ?`,
    ...index.params,
    stretch.to,
    plan.accountId,
    ...condition.params,
    limit,
  );
}

const and = (condition: string): string => (condition === '' ? '' : ` and ${condition}`);

/** Few messages can match at all: the index is asked for them by name, stretch by stretch. */
function* throughCandidates(plan: SearchPlan, { ids, more }: Candidates, limit: number): Work<Page> {
  const isLong = watch();
  const found: MessageRow[] = [];
  const stretches = [...Map.groupBy(ids, id => sqliteDialect.stretchBefore(id + 1, 0).from).values()];
  for (const [i, some] of stretches.entries()) {
    found.push(...(yield* among(plan, some, limit + 1 - found.length)));
    if (found.length > limit) return { found, next: null };
    if (i + 1 < stretches.length && isLong()) return { found, next: some.at(-1)! };
  }
  return { found, next: more ? ids.at(-1)! : null };
}

function* among(plan: SearchPlan, ids: number[], limit: number): Work<MessageRow[]> {
  const stretch = sqliteDialect.stretchBefore(ids[0]! + 1, 0);
  const condition = plan.row(stretch);
  const index = plan.rowsOnly ? { text: '', params: [] } : named(plan, stretch, ids);
  return yield* rows<MessageRow>(
    `select m.* from message m where m.account_id = ? and m.id in ${list(ids)}${index.text}${and(condition.text)}
      order by m.id desc limit ?`,
    plan.accountId,
    ...ids,
    ...index.params,
    ...condition.params,
    limit,
  );
}

/** Above so many, going through what the index has between them is quicker than asking it anew for each. */
const askedOneByOne = 5;

function named(plan: SearchPlan, stretch: Stretch, ids: number[]): { text: string; params: Value[] } {
  const index = plan.index(stretch);
  const each = ids.length <= askedOneByOne;
  const which = each ? `${index.id} in ${list(ids)}` : `${index.id} <= ? and ${index.id} >= ?`;
  return {
    text: ` and m.id in (select ${index.id} from ${index.from} where ${index.where} and ${which})`,
    params: [...index.params, ...(each ? ids : [ids[0]!, ids.at(-1)!])],
  };
}
