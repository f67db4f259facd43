import type { IndexText } from '../mail/index-text.ts';

/**
 * Store verbs are generators of statements: SQLite runs them in one synchronous go, a server engine awaits
 * each, and the verb reads the same. The text is the SQL both share, with `?` for parameters.
 */
export type Value = string | number | null | Uint8Array;
export type Statement = { text: string; params: Value[]; want: 'row' | 'rows' | 'count' };
export type Work<T> = Generator<Statement, T, unknown>;

export function* row<R>(text: string, ...params: Value[]): Work<R | undefined> {
  return (yield { text, params, want: 'row' }) as R | undefined;
}

export function* rows<R>(text: string, ...params: Value[]): Work<R[]> {
  return (yield { text, params, want: 'rows' }) as R[];
}

/** Answers how many rows it changed. */
export function* run(text: string, ...params: Value[]): Work<number> {
  return (yield { text, params, want: 'count' }) as number;
}

/** The one row that must be there, such as that of `returning`. */
export function* mustRow<R>(text: string, ...params: Value[]): Work<R> {
  const found = yield* row<R>(text, ...params);
  if (found === undefined) throw new Error(`no row from: ${text}`);
  return found;
}

/** `(?,?,?)` for `in`; an empty list matches nothing. */
export const list = (values: readonly unknown[]): string =>
  values.length ? `(${values.map(() => '?').join(',')})` : '(null)';

/** What the engines do differently. */
export type Dialect = {
  /** Puts a message into the full-text index, owned by the account, in place of what it had there. */
  index(id: number, accountId: number, text: IndexText, facts: string[]): Work<void>;
  unindex(ids: number[]): Work<void>;
  /**
   * The account's messages of a stretch in the index: what to select from, their id there, and a condition. Newest
   * first comes free, and what lies outside of the stretch costs nothing.
   */
  match(
    accountId: number,
    query: IndexQuery,
    stretch: Stretch,
  ): { from: string; id: string; where: string; params: Value[] };
  /** The last stretch of a level with ids below `id`; those of level 0 are short, and there are so many levels. */
  stretchBefore(id: number, level: number): Stretch;
  levels: number;
  /** Words of the index that begin so, however many messages have them; at most so many. */
  beginnings(start: string, most: number): Work<string[]>;
  /** Gives up to so many free pages back to the disk; answers how many are left. */
  giveBackSpace(pages: number): Work<number>;
};

/** Ids from `from` up to, but without, `to`. */
export type Stretch = { from: number; to: number; level: number };

/** What the full-text index can answer by itself. */
export type IndexQuery =
  | { all: IndexQuery[] }
  | { any: IndexQuery[] }
  | { not: IndexQuery }
  /** Next to each other, in one of the texts. */
  | { words: string[]; in: (keyof IndexText)[] }
  /** A mark that the store put there: see facts.ts. */
  | { fact: string };
