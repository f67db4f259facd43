import { Flag } from './shapes.ts';
import { list, row, rows, run, type Work } from './sql.ts';

/**
 * Labels as a message's row keeps them: ids in rising order with blanks between; empty: none. So a list needs no
 * query for them. `message_label` is the way from a label to its messages; both are written here and nowhere else.
 */
export const labelsOf = (text: string): number[] => (text === '' ? [] : text.split(' ').map(Number));
export const labelText = (ids: Iterable<number>): string => [...new Set(ids)].sort((a, b) => a - b).join(' ');

/** What the counts of labels ask of a message. */
export type Labelled = { folder_id: number; flags: number; labels: string };

/** What lies in Trash or Junk is counted there only. */
function* awayFolders(accountId: number): Work<Set<number>> {
  const sql = "select id from folder where account_id = ? and role in ('trash', 'junk')";
  return new Set((yield* rows<{ id: number }>(sql, accountId)).map(f => f.id));
}

/** Brings the counts of labels from what these messages were to what they are; gone ones are not among `after`. */
export function* countLabels(accountId: number, before: Labelled[], after: Labelled[]): Work<void> {
  if (![...before, ...after].some(m => m.labels !== '')) return;
  const away = yield* awayFolders(accountId);
  const changes = new Map<number, { total: number; unread: number }>();
  const count = (some: Labelled[], by: 1 | -1) => {
    for (const m of some.filter(one => one.labels !== '' && !away.has(one.folder_id)))
      for (const id of labelsOf(m.labels)) {
        const { total, unread } = changes.get(id) ?? { total: 0, unread: 0 };
        changes.set(id, { total: total + by, unread: m.flags & Flag.seen ? unread : unread + by });
      }
  };
  count(before, -1);
  count(after, 1);
  for (const [id, { total, unread }] of changes)
    if (total !== 0 || unread !== 0)
      yield* run('update label set total = total + ?, unread = unread + ? where id = ?', total, unread, id);
}

/** From a label to messages, that have it in their rows. */
export function* pointAt(labelId: number, messages: number[]): Work<void> {
  if (messages.length === 0) return;
  yield* run(
    `insert into message_label (label_id, message_id) values ${messages.map(() => '(?,?)').join(',')} on conflict do nothing`,
    ...messages.flatMap(id => [labelId, id]),
  );
}

export function* pointNoMoreAt(labelId: number, messages: number[]): Work<void> {
  yield* run(`delete from message_label where label_id = ? and message_id in ${list(messages)}`, labelId, ...messages);
}

/** For messages that go for good. */
export function* forgetLabelled(gone: { id: number; labels: string }[]): Work<void> {
  const labelled = gone.filter(m => m.labels !== '');
  for (const label of new Set(labelled.flatMap(m => labelsOf(m.labels))))
    yield* pointNoMoreAt(
      label,
      labelled.filter(m => labelsOf(m.labels).includes(label)).map(m => m.id),
    );
}

/** Those of the labels that the account has. */
export function* ownLabels(accountId: number, ids: number[]): Work<number[]> {
  if (ids.length === 0) return [];
  const sql = `select id from label where account_id = ? and id in ${list(ids)}`;
  return (yield* rows<{ id: number }>(sql, accountId, ...ids)).map(l => l.id);
}

/** Counts anew, from the messages. */
export function* recountLabels(accountId: number): Work<void> {
  const labels = yield* rows<{ id: number }>('select id from label where account_id = ?', accountId);
  for (const { id } of labels) {
    const counted = yield* row<{ total: number; unread: number }>(
      `select count(*) as total, coalesce(sum(case when m.flags & 1 = 0 then 1 else 0 end), 0) as unread
        from message_label l join message m on m.id = l.message_id join folder f on f.id = m.folder_id
        where l.label_id = ? and (f.role is null or f.role not in ('trash', 'junk'))`,
      id,
    );
    yield* run('update label set total = ?, unread = ? where id = ?', counted!.total, counted!.unread, id);
  }
}
