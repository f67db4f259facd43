import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Belongings } from './belongings.ts';
import type { TestSite } from './site.ts';

/** Tables of what is nobody's own. */
const common = ['store_version', 'sqlite_sequence', 'retired_address', 'doomed_file', 'accepted_key', 'fetched'].concat(
  ['kept_state', 'to_index', 'domain_call', 'to_gather'],
);
/** How rows without an account hang on one: their column, and the table it points to. */
const parents: Record<string, [column: string, table: string][]> = {
  content: [
    ['id', 'message.content_id'],
    ['id', 'submission.content_id'],
  ],
  timeline: [
    ['content_id', 'message.content_id'],
    ['content_id', 'submission.content_id'],
  ],
  upload: [['draft_id', 'draft.id']],
  contact_address: [['contact_id', 'contact.id']],
  contact_member: [
    ['contact_id', 'contact.id'],
    ['group_id', 'contact_group.id'],
  ],
  message_label: [
    ['label_id', 'label.id'],
    ['message_id', 'message.id'],
  ],
};

/** Every row of hers in the store, the letters sent in her name, and what can be undone. */
export function rowsOf(site: TestSite, { account, ids }: Belongings): Record<string, unknown> {
  const db = new DatabaseSync(join(site.path, 'cwmail.db'), { readOnly: true });
  const named = db
    .prepare("select name from sqlite_master where type = 'table' and name not like 'message_%words%'")
    .all();
  const tables = named.map(t => String(t.name)).filter(t => t !== 'message_vocabulary' && !common.includes(t));
  const all: [string, unknown][] = tables.map(table => {
    const columns = db
      .prepare(`select name from pragma_table_info('${table}')`)
      .all()
      .map(c => String(c.name));
    const own = table === 'account' ? 'id = :a' : columns.includes('account_id') ? 'account_id = :a' : null;
    const hung = (parents[table] ?? []).map(([column, to]) => {
      const [parent, key] = to.split('.');
      return `${column} in (select ${key} from ${parent} where account_id = :a)`;
    });
    if (own === null && hung.length === 0) throw new Error(`nobody has said yet whose the rows of ${table} are`);
    return [table, db.prepare(`select * from ${table} where ${own ?? hung.join(' or ')}`).all({ a: account.id })];
  });
  db.close();
  const act = site.acts.get(account.id, ids.act);
  return {
    ...Object.fromEntries(all),
    sent: site.sent.filter(s => s.account.id === account.id).length,
    act: act && { state: act.state, done: act.done, put: [...(act.way?.put ?? [])] },
  };
}
