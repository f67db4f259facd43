import { addressKey } from '../mail/address.ts';
import { readRule } from '../mail/rules.ts';
import { row, rows, run, type Work } from './sql.ts';

/** Addresses to which mail of the account may be sent on. */
export function* grantedTo(accountId: number): Work<string[]> {
  const sql = `select address_key as address from forward_consent
    where account_id = ? and state in ('confirmed', 'free') order by address_key`;
  return (yield* rows<{ address: string }>(sql, accountId)).map(r => r.address);
}

/** Addresses that want no mail of the account. */
export function* refusedBy(accountId: number): Work<string[]> {
  const sql = "select address_key as address from forward_consent where account_id = ? and state = 'refused'";
  return (yield* rows<{ address: string }>(sql, accountId)).map(r => r.address);
}

/** Addresses that the account's forwards and rules name; of rules that are switched off too. */
function* namedBy(accountId: number): Work<Set<string>> {
  const found = yield* row<{ forwards: string }>('select forwards from account where id = ?', accountId);
  const named = new Set((JSON.parse(found?.forwards ?? '[]') as string[]).map(addressKey));
  const sql = 'select rule from mail_rule where account_id = ?';
  for (const { rule } of yield* rows<{ rule: string }>(sql, accountId)) {
    const to = readRule(rule)?.deed.forward?.to;
    if (to !== undefined) named.add(addressKey(to));
  }
  return named;
}

/** Where nothing leads any more, a yes is over, and so is a link. How many letters were written lately stays known. */
export function* lapse(accountId: number): Work<void> {
  const sql = "select address_key as address from forward_consent where account_id = ? and state <> 'refused'";
  const kept = yield* rows<{ address: string }>(sql, accountId);
  if (kept.length === 0) return;
  const named = yield* namedBy(accountId);
  const end = `update forward_consent set state = 'waiting', token = null, until_at = null
    where account_id = ? and address_key = ?`;
  for (const { address } of kept) if (!named.has(address)) yield* run(end, accountId, address);
}
