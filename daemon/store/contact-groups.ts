import { setGroups, touchContacts } from './contact-parts.ts';
import { forgetWords, rememberWords } from './person-words.ts';
import { list, row, rows, run, type Work } from './sql.ts';

export type ContactGroup = { id: number; name: string /** Contacts in it. */; total: number };

export function* groupsOf(accountId: number): Work<ContactGroup[]> {
  return yield* rows<ContactGroup>(
    `select g.id, g.name, count(c.id) as total from contact_group g
      left join contact_member m on m.group_id = g.id
      left join contact c on c.id = m.contact_id and c.removed_at is null
      where g.account_id = ? group by g.id, g.name, g.name_key order by g.name_key`,
    accountId,
  );
}

function* isOwn(accountId: number, id: number): Work<boolean> {
  return (yield* row('select 1 from contact_group where id = ? and account_id = ?', id, accountId)) !== undefined;
}

type Own = { accountId: number; id: number };
type Members = { accountId: number; ids: number[]; at: number };

export const contactGroupVerbs = {
  *joinGroup({ accountId, ids, at, group }: Members & { group: string }): Work<void> {
    const own = yield* rows<{ id: number }>(
      `select id from contact where account_id = ? and removed_at is null and id in ${list(ids)}`,
      accountId,
      ...ids,
    );
    for (const { id } of own) {
      const sql =
        'select g.name from contact_member m join contact_group g on g.id = m.group_id where m.contact_id = ?';
      const names = (yield* rows<{ name: string }>(sql, id)).map(g => g.name);
      yield* setGroups(accountId, id, [group, ...names]);
    }
    yield* touchContacts(accountId, ids, at);
  },
  *leaveGroup({ accountId, ids, at, groupId }: Members & { groupId: number }): Work<void> {
    if (!(yield* isOwn(accountId, groupId))) return;
    yield* run(`delete from contact_member where group_id = ? and contact_id in ${list(ids)}`, groupId, ...ids);
    yield* touchContacts(accountId, ids, at);
  },
  *renameGroup({ accountId, id, name, at }: Own & { name: string; at: number }): Work<boolean> {
    const key = name.toLowerCase();
    const sql = 'select id from contact_group where account_id = ? and name_key = ?';
    const taken = yield* row<{ id: number }>(sql, accountId, key);
    if ((taken && taken.id !== id) || !(yield* isOwn(accountId, id))) return false;
    yield* run('update contact_group set name = ?, name_key = ? where id = ?', name, key, id);
    yield* forgetWords('group', [id]);
    yield* rememberWords(accountId, 'group', id, [name]);
    yield* touchContacts(accountId, yield* membersOf(id), at);
    return true;
  },
  *removeGroup({ accountId, id, at }: Own & { at: number }): Work<boolean> {
    if (!(yield* isOwn(accountId, id))) return false;
    yield* touchContacts(accountId, yield* membersOf(id), at);
    yield* run('delete from contact_member where group_id = ?', id);
    yield* run('delete from contact_group where id = ?', id);
    yield* forgetWords('group', [id]);
    return true;
  },
};

function* membersOf(id: number): Work<number[]> {
  const sql = 'select contact_id as id from contact_member where group_id = ?';
  return (yield* rows<{ id: number }>(sql, id)).map(m => m.id);
}
