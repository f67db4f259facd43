import { type Rule, readRule, ruleText } from '../mail/rules.ts';
import { lapse } from './forward-targets.ts';
import { type MessageRow, message } from './message-row.ts';
import { type Message, Sorting } from './shapes.ts';
import { setSorting } from './sorting-bits.ts';
import { list, mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** A rule of a person, for mail that comes. */
export type KeptRule = {
  id: number;
  name: string;
  active: boolean;
  /** Null: it cannot be read, and is not applied. */
  rule: Rule | null;
};

export type RuleFields = { name: string; active: boolean; rule: Rule };

export type MailRules = {
  /** In the order they are looked at. */
  list(accountId: number): Promise<KeptRule[]>;
  /** A new one (`id` null) comes last. Answers its id; null: there is none of this id, or there are as many as there may be. */
  save(accountId: number, id: number | null, fields: RuleFields): Promise<number | null>;
  /** False: there is none of this id. */
  setActive(accountId: number, id: number, active: boolean): Promise<boolean>;
  /** Before the one above it, or behind the one below it; at an end nothing happens. False: there is none of this id. */
  shift(accountId: number, id: number, way: 'up' | 'down'): Promise<boolean>;
  remove(accountId: number, id: number): Promise<boolean>;
  /** What rules can be held against, of messages that are there; others are missing. */
  heads(accountId: number, ids: number[]): Promise<MessageHead[]>;
};

export type MessageHead = {
  message: Message;
  /** The beginning of the content, with its header; null: the content lies in a file. */
  head: Buffer | null;
};

/** More than the header of any honest message. */
const mostHead = 64 * 1024;

/** Every message for the account is held against all of them. */
export const mostRules = 100;

type RuleRow = { id: number; name: string; active: number; rule: string };

const kept = (r: RuleRow): KeptRule => ({ id: r.id, name: r.name, active: r.active !== 0, rule: readRule(r.rule) });

export function* rulesOf(accountId: number): Work<KeptRule[]> {
  const sql = 'select id, name, active, rule from mail_rule where account_id = ? order by position, id';
  return (yield* rows<RuleRow>(sql, accountId)).map(kept);
}

function* heads(accountId: number, ids: number[]): Work<MessageHead[]> {
  const found = yield* rows<MessageRow & { head: Uint8Array | null }>(
    `select m.*, substr(c.body, 1, ?) as head from message m join content c on c.id = m.content_id
      where m.account_id = ? and m.id in ${list(ids)}`,
    mostHead,
    accountId,
    ...ids,
  );
  return found.map(r => ({ message: message(r), head: r.head && Buffer.from(r.head) }));
}

/** There is something to look at as long as one of them is on; and where they send on to, has their owner's word. */
function* settle(accountId: number): Work<void> {
  const on = yield* row('select 1 from mail_rule where account_id = ? and active = 1 limit 1', accountId);
  yield* setSorting(accountId, Sorting.rules, on !== undefined);
  yield* lapse(accountId);
}

type Own = { accountId: number; id: number };

export const ruleVerbs = {
  *saveRule({
    accountId,
    id,
    fields,
  }: {
    accountId: number;
    id: number | null;
    fields: RuleFields;
  }): Work<number | null> {
    const values = [fields.name, Number(fields.active), ruleText(fields.rule)];
    if (id !== null) {
      const sql = 'update mail_rule set name = ?, active = ?, rule = ? where account_id = ? and id = ?';
      if ((yield* run(sql, ...values, accountId, id)) === 0) return null;
      yield* settle(accountId);
      return id;
    }
    const { n, last } = yield* mustRow<{ n: number; last: number }>(
      'select count(*) as n, coalesce(max(position), 0) as last from mail_rule where account_id = ?',
      accountId,
    );
    if (n >= mostRules) return null;
    const made = yield* mustRow<{ id: number }>(
      'insert into mail_rule (name, active, rule, account_id, position) values (?,?,?,?,?) returning id',
      ...values,
      accountId,
      last + 1,
    );
    yield* settle(accountId);
    return made.id;
  },
  *setRuleActive({ accountId, id, active }: Own & { active: boolean }): Work<boolean> {
    const sql = 'update mail_rule set active = ? where account_id = ? and id = ?';
    const changed = yield* run(sql, Number(active), accountId, id);
    yield* settle(accountId);
    return changed > 0;
  },
  *shiftRule({ accountId, id, way }: Own & { way: 'up' | 'down' }): Work<boolean> {
    const all = (yield* rulesOf(accountId)).map(r => r.id);
    const at = all.indexOf(id);
    if (at < 0) return false;
    const goal = Math.min(Math.max(at + (way === 'up' ? -1 : 1), 0), all.length - 1);
    all.splice(at, 1);
    all.splice(goal, 0, id);
    for (const [i, one] of all.entries()) yield* run('update mail_rule set position = ? where id = ?', i + 1, one);
    return true;
  },
  *removeRule({ accountId, id }: Own): Work<boolean> {
    const gone = yield* run('delete from mail_rule where account_id = ? and id = ?', accountId, id);
    yield* settle(accountId);
    return gone > 0;
  },
};

export const createMailRules = (read: Read, write: Write): MailRules => ({
  list: accountId => read(rulesOf(accountId)),
  save: (accountId, id, fields) => write('saveRule', { accountId, id, fields }),
  setActive: (accountId, id, active) => write('setRuleActive', { accountId, id, active }),
  shift: (accountId, id, way) => write('shiftRule', { accountId, id, way }),
  remove: (accountId, id) => write('removeRule', { accountId, id }),
  heads: (accountId, ids) => read(heads(accountId, ids)),
});
