import { list, run, type Work } from './sql.ts';

/**
 * What comes back to the Inbox at a time. snooze: it was put off, and lies in Snoozed until then · unanswered: it was
 * sent, and comes back unless somebody answers before.
 */
export type WakeKind = 'snooze' | 'unanswered';

/** Asks for messages of the account, whose conversations are looked at when mail comes; in place of an earlier time. */
export function* wakeAt(accountId: number, ids: number[], kind: WakeKind, at: number): Work<void> {
  yield* run(
    `insert into wake (message_id, kind, account_id, conversation, at)
      select id, ?, account_id, conversation, ? from message where account_id = ? and id in ${list(ids)}
      on conflict (message_id, kind) do update set at = excluded.at`,
    kind,
    at,
    accountId,
    ...ids,
  );
}

/** Null: of either kind. */
export function* forgetWakes(ids: number[], kind: WakeKind | null): Work<number> {
  const which = kind === null ? '' : ' and kind = ?';
  return yield* run(
    `delete from wake where message_id in ${list(ids)}${which}`,
    ...ids,
    ...(kind === null ? [] : [kind]),
  );
}
