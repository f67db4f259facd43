import { row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

export type SignInWay = 'web' | 'pop3' | 'smtp';

/** in: signed in · wrong: by a wrong password · half: the password was right, and what else is asked for was missing. */
export type SignInResult = 'in' | 'wrong' | 'half';

/** By the number that the column `good` has for it. */
const results: SignInResult[] = ['wrong', 'in', 'half'];

/** Sign-ins of one kind from one address, told as one. */
export type SignIn = {
  way: SignInWay;
  /** IP address of the client. */
  address: string;
  result: SignInResult;
  firstAt: number;
  lastAt: number;
  times: number;
};

export type SignIns = {
  /** Those of the last time first. */
  list(accountId: number): Promise<SignIn[]>;
  note(
    accountId: number,
    one: Pick<SignIn, 'way' | 'address' | 'result'> & { times: number },
    at: number,
  ): Promise<void>;
};

/** What is kept of an account, of each result, so that guesses push no good one out; of more the oldest go. */
export const mostSignIns = 100;

export const signInVerbs = {
  *noteSignIn({
    accountId,
    one,
    at,
  }: {
    accountId: number;
    one: Parameters<SignIns['note']>[1];
    at: number;
  }): Work<void> {
    const good = results.indexOf(one.result);
    const key = [accountId, one.way, one.address, good] as const;
    yield* run(
      `insert into sign_in (account_id, way, address, good, first_at, last_at, times) values (?,?,?,?,?,?,?)
        on conflict (account_id, way, address, good)
        do update set last_at = excluded.last_at, times = sign_in.times + excluded.times`,
      ...[...key, at, at, one.times],
    );
    const limit = yield* row<{ last_at: number }>(
      'select last_at from sign_in where account_id = ? and good = ? order by last_at desc limit 1 offset ?',
      accountId,
      good,
      mostSignIns - 1,
    );
    if (limit)
      yield* run(
        'delete from sign_in where account_id = ? and good = ? and last_at < ?',
        accountId,
        good,
        limit.last_at,
      );
  },
};

export function createSignIns(read: Read, write: Write): SignIns {
  return {
    async list(accountId) {
      const found = await read(
        rows<Omit<SignIn, 'result'> & { good: number }>(
          `select way, address, good, first_at as "firstAt", last_at as "lastAt", times from sign_in
            where account_id = ? order by last_at desc, way, address`,
          accountId,
        ),
      );
      return found.map(({ good, ...one }) => ({ ...one, result: results[good]! }));
    },
    note: (accountId, one, at) => write('noteSignIn', { accountId, one, at }),
  };
}
