import { addressKey } from '../mail/address.ts';
import { rows, run, type Work } from './sql.ts';

/** For a migration, so it is never changed: where mail was sent on to before anybody was asked, it goes on. */
export function* freeOldForwards(): Work<void> {
  const wholes = yield* rows<{ id: number; kept: string }>(
    "select id, forwards as kept from account where forwards <> '[]'",
  );
  for (const { id, kept } of wholes) yield* free(id, jsonOf(kept));
  const ruled = yield* rows<{ id: number; kept: string }>('select account_id as id, rule as kept from mail_rule');
  for (const { id, kept } of ruled) {
    const { deed } = Object(jsonOf(kept));
    yield* free(id, [Object(Object(deed).forward).to]);
  }
}

function* free(accountId: number, addresses: unknown): Work<void> {
  for (const address of Array.isArray(addresses) ? addresses : [])
    if (typeof address === 'string')
      yield* run(
        `insert into forward_consent (account_id, address_key, state, at, letters, letters_at)
          values (?,?,'free',0,0,0) on conflict do nothing`,
        accountId,
        addressKey(address),
      );
}

/** What cannot be read leads nowhere. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
