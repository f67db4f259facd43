import { addressKey } from '../mail/address.ts';
import { Sorting } from './shapes.ts';
import { setSorting } from './sorting-bits.ts';
import { mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** The answer to those who write to somebody who is away. */
export type Vacation = {
  active: boolean;
  /** From this moment on; null: from now on. */
  from: number | null;
  /** Up to, but without, this moment; null: until it is switched off. */
  until: number | null;
  /** The days they were computed from, `YYYY-MM-DD` in `zone`; empty: none was named. */
  firstDay: string;
  lastDay: string;
  zone: string;
  /** Empty: that of the message, marked as an automatic answer. */
  subject: string;
  text: string;
  /** For senders of our own domains; empty: the same for all. */
  ownText: string;
  /** A sender gets it once in so many days. */
  everyDays: number;
};

export type Vacations = {
  /** Null: it was never written. */
  get(accountId: number): Promise<Vacation | null>;
  /** What it said before is forgotten, and so is who has had it. */
  save(accountId: number, vacation: Vacation): Promise<void>;
  /** Switches off; the text stays. */
  end(accountId: number): Promise<void>;
  /** Switches off those that are over, and forgets answers of before `before`. Answers how many rows that were; a slice at a time. */
  sweep(now: number, before: number): Promise<number>;
};

export const longestEveryDays = 60;
/** A flood of made-up senders is not answered with a flood. */
const mostAnswersADay = 500;
const dayMs = 86_400_000;
const slice = 500;

type VacationRow = {
  active: number;
  from_at: number | null;
  until_at: number | null;
  first_day: string;
  last_day: string;
  zone: string;
  subject: string;
  body: string;
  own_body: string;
  every_days: number;
};

export function* vacationOf(accountId: number): Work<Vacation | null> {
  const r = yield* row<VacationRow>('select * from vacation where account_id = ?', accountId);
  if (!r) return null;
  return {
    ...{ active: r.active !== 0, from: r.from_at, until: r.until_at, firstDay: r.first_day, lastDay: r.last_day },
    ...{ zone: r.zone, subject: r.subject, text: r.body, ownText: r.own_body, everyDays: r.every_days },
  };
}

/** Is it to be sent at this moment? */
export const isAway = (v: Pick<Vacation, 'active' | 'from' | 'until'>, at: number): boolean =>
  v.active && (v.from === null || at >= v.from) && (v.until === null || at < v.until);

/** True: the sender has not had it lately, and counts as having it now. */
export function* takeTurn(accountId: number, v: Vacation, sender: string, at: number): Work<boolean> {
  const count = 'select count(*) as n from vacation_answer where account_id = ? and at > ?';
  if ((yield* mustRow<{ n: number }>(count, accountId, at - dayMs)).n >= mostAnswersADay) return false;
  const sql = `insert into vacation_answer (account_id, address_key, at) values (?,?,?)
    on conflict (account_id, address_key) do update set at = excluded.at where vacation_answer.at <= ?`;
  return (yield* run(sql, accountId, addressKey(sender), at, at - v.everyDays * dayMs)) > 0;
}

function* switchOff(accountId: number): Work<void> {
  yield* run('update vacation set active = 0 where account_id = ?', accountId);
  yield* setSorting(accountId, Sorting.vacation, false);
}

export const vacationVerbs = {
  *saveVacation({ accountId, v }: { accountId: number; v: Vacation }): Work<void> {
    yield* run('delete from vacation where account_id = ?', accountId);
    yield* run('delete from vacation_answer where account_id = ?', accountId);
    yield* run(
      `insert into vacation (account_id, active, from_at, until_at, first_day, last_day, zone, subject, body, own_body,
        every_days) values (?,?,?,?,?,?,?,?,?,?,?)`,
      accountId,
      Number(v.active),
      v.from,
      v.until,
      v.firstDay,
      v.lastDay,
      v.zone,
      v.subject,
      v.text,
      v.ownText,
      v.everyDays,
    );
    yield* setSorting(accountId, Sorting.vacation, v.active);
  },
  *endVacation({ accountId }: { accountId: number }): Work<void> {
    yield* switchOff(accountId);
  },
  *sweepVacations({ now, before }: { now: number; before: number }): Work<number> {
    const sql = 'select account_id from vacation where active = 1 and until_at is not null and until_at <= ? limit ?';
    const over = yield* rows<{ account_id: number }>(sql, now, slice);
    for (const { account_id } of over) yield* switchOff(account_id);
    const old = yield* rows<{ account_id: number; address_key: string }>(
      'select account_id, address_key from vacation_answer where at < ? limit ?',
      before,
      slice,
    );
    for (const o of old)
      yield* run('delete from vacation_answer where account_id = ? and address_key = ?', o.account_id, o.address_key);
    return over.length + old.length;
  },
};

export const createVacations = (read: Read, write: Write): Vacations => ({
  get: accountId => read(vacationOf(accountId)),
  save: (accountId, v) => write('saveVacation', { accountId, v }),
  end: accountId => write('endVacation', { accountId }),
  sweep: (now, before) => write('sweepVacations', { now, before }),
});
