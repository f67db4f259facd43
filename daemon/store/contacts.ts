import type { Card } from '../mail/card.ts';
import { type ContactGroup, contactGroupVerbs, groupsOf } from './contact-groups.ts';
import {
  addressesOf,
  type ContactFields,
  merged,
  sameFields,
  setAddresses,
  setGroups,
  touchContacts,
} from './contact-parts.ts';
import { nextModseq } from './modseq.ts';
import { forgetWords, prefixOf, rememberWords, wordsAsked } from './person-words.ts';
import { list, mustRow, row, rows, run, type Value, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

export type { ContactFields };

export type Contact = ContactFields & {
  id: number;
  /** RFC 6350 §6.7.6; never changes, and is unique in the account. */
  uid: string;
  /** Of the account's last change to it: what CardDAV calls its etag. */
  modseq: number;
  updatedAt: number;
};

export type { ContactGroup };

/** Where a page of contacts ended. */
export type ContactKey = { name: string; id: number };

export type Contacts = {
  /** By name. `text`: beginnings of words of the name or an address, all of them; empty: everybody. */
  page(
    accountId: number,
    asked: { text?: string; groupId?: number | null; after?: ContactKey | null; limit: number },
  ): Promise<{ contacts: Contact[]; next: ContactKey | null }>;
  /** Those of the ids that are there, by name. */
  some(accountId: number, ids: number[]): Promise<Contact[]>;
  count(accountId: number): Promise<number>;
  create(accountId: number, uid: string, fields: ContactFields, at: number): Promise<Contact>;
  /** Null: it is not there, or `modseq` is not the stored one (changed elsewhere since). */
  save(accountId: number, id: number, modseq: number, fields: ContactFields, at: number): Promise<Contact | null>;
  /** Answers how many went. They can be brought back until `forget`. */
  remove(accountId: number, ids: number[], at: number): Promise<number>;
  restore(accountId: number, ids: number[], at: number): Promise<number>;
  /** Cards of a file, at most 500 a call: of a known uid, or of the same name with an address in common, are one with what is there. */
  take(accountId: number, cards: (Card & { uid: string })[], at: number): Promise<{ added: number; updated: number }>;
  groups(accountId: number): Promise<ContactGroup[]>;
  /** Puts them into the group of this name, making it where there is none. */
  join(accountId: number, ids: number[], group: string, at: number): Promise<void>;
  leave(accountId: number, ids: number[], groupId: number, at: number): Promise<void>;
  /** False: another group has the name, or the group is not there. */
  renameGroup(accountId: number, id: number, name: string, at: number): Promise<boolean>;
  /** The group goes, its contacts stay. */
  removeGroup(accountId: number, id: number, at: number): Promise<boolean>;
  /** Those removed before are gone for good; answers how many, at most 500. */
  forget(before: number): Promise<number>;
};

type ContactRow = {
  id: number;
  uid: string;
  modseq: number;
  name: string;
  name_key: string;
  note: string;
  kept: string;
  updated_at: number;
};

const columns = 'c.id, c.uid, c.modseq, c.name, c.name_key, c.note, c.kept, c.updated_at';

/** What names are ordered by: letter case and accents make no difference. */
const nameKey = (name: string): string => name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

function* whole(found: ContactRow[]): Work<Contact[]> {
  const ids = found.map(c => c.id);
  const addresses = yield* addressesOf(ids);
  const groups = yield* rows<{ contact_id: number; name: string }>(
    `select m.contact_id, g.name from contact_member m join contact_group g on g.id = m.group_id
      where m.contact_id in ${list(ids)} order by g.name_key`,
    ...ids,
  );
  const groupsById = Map.groupBy(groups, g => g.contact_id);
  return found.map(c => ({
    id: c.id,
    uid: c.uid,
    modseq: c.modseq,
    name: c.name,
    note: c.note,
    kept: c.kept === '' ? [] : c.kept.split('\n'),
    addresses: addresses.get(c.id) ?? [],
    groups: (groupsById.get(c.id) ?? []).map(g => g.name),
    updatedAt: c.updated_at,
  }));
}

function* some({ accountId, ids }: { accountId: number; ids: number[] }): Work<Contact[]> {
  const sql = `select ${columns} from contact c where c.account_id = ? and c.removed_at is null and c.id in ${list(ids)}
    order by c.name_key, c.id`;
  return yield* whole(yield* rows<ContactRow>(sql, accountId, ...ids));
}

type Asked = Parameters<Contacts['page']>[1];

function* page(
  accountId: number,
  { text = '', groupId, after, limit }: Asked,
): Work<Awaited<ReturnType<Contacts['page']>>> {
  const words = wordsAsked(text);
  if (text.trim() !== '' && words.length === 0) return { contacts: [], next: null };
  const conditions = ['c.account_id = ?', 'c.removed_at is null'];
  const params: Value[] = [accountId];
  for (const word of words) {
    conditions.push(
      "exists (select 1 from person_word w where w.kind = 'contact' and w.ref_id = c.id and w.word >= ? and w.word < ?)",
    );
    params.push(...prefixOf(word));
  }
  if (groupId) {
    conditions.push('exists (select 1 from contact_member m where m.group_id = ? and m.contact_id = c.id)');
    params.push(groupId);
  }
  if (after) {
    conditions.push('(c.name_key > ? or (c.name_key = ? and c.id > ?))');
    params.push(nameKey(after.name), nameKey(after.name), after.id);
  }
  const sql = `select ${columns} from contact c where ${conditions.join(' and ')} order by c.name_key, c.id limit ?`;
  const found = yield* whole(yield* rows<ContactRow>(sql, ...params, limit + 1));
  const contacts = found.slice(0, limit);
  const last = contacts.at(-1);
  return { contacts, next: found.length > limit && last ? { name: last.name, id: last.id } : null };
}

function* insert(accountId: number, uid: string, f: ContactFields, at: number): Work<number> {
  const modseq = yield* nextModseq(accountId);
  const { id } = yield* mustRow<{ id: number }>(
    `insert into contact (account_id, uid, modseq, name, name_key, note, kept, updated_at) values (?,?,?,?,?,?,?,?)
      returning id`,
    accountId,
    uid,
    modseq,
    f.name,
    nameKey(f.name),
    f.note,
    f.kept.join('\n'),
    at,
  );
  yield* setParts(accountId, id, f);
  return id;
}

function* update(accountId: number, id: number, f: ContactFields, at: number): Work<void> {
  yield* run(
    'update contact set modseq = ?, name = ?, name_key = ?, note = ?, kept = ?, updated_at = ?, removed_at = null where id = ?',
    yield* nextModseq(accountId),
    f.name,
    nameKey(f.name),
    f.note,
    f.kept.join('\n'),
    at,
    id,
  );
  yield* setParts(accountId, id, f);
}

function* setParts(accountId: number, id: number, f: ContactFields): Work<void> {
  yield* setAddresses(id, f.addresses);
  yield* setGroups(accountId, id, f.groups);
  yield* forgetWords('contact', [id]);
  yield* rememberWords(accountId, 'contact', id, [f.name, ...f.addresses.map(a => a.address)]);
}

/** The contact a card of a file is one with; null: none. */
function* sameAs(accountId: number, card: Card & { uid: string }): Work<{ id: number; byUid: boolean } | null> {
  const own = yield* row<{ id: number }>(
    'select id from contact where account_id = ? and uid = ?',
    accountId,
    card.uid,
  );
  if (own) return { id: own.id, byUid: true };
  const named = yield* some({
    accountId,
    ids: (yield* rows<{ id: number }>(
      'select id from contact where account_id = ? and removed_at is null and name_key = ? limit 50',
      accountId,
      nameKey(card.name),
    )).map(r => r.id),
  });
  const wanted = new Set(card.addresses.map(a => a.address.toLowerCase()));
  const found = named.find(c =>
    wanted.size === 0 ? c.addresses.length === 0 : c.addresses.some(a => wanted.has(a.address.toLowerCase())),
  );
  return found ? { id: found.id, byUid: false } : null;
}

type Own = { accountId: number; ids: number[]; at: number };

export const contactVerbs = {
  ...contactGroupVerbs,
  *createContact(a: { accountId: number; uid: string; fields: ContactFields; at: number }): Work<Contact> {
    const id = yield* insert(a.accountId, a.uid, a.fields, a.at);
    return (yield* some({ accountId: a.accountId, ids: [id] }))[0]!;
  },
  *saveContact(a: {
    accountId: number;
    id: number;
    modseq: number;
    fields: ContactFields;
    at: number;
  }): Work<Contact | null> {
    const [there] = yield* some({ accountId: a.accountId, ids: [a.id] });
    if (!there || there.modseq !== a.modseq) return null;
    yield* update(a.accountId, a.id, a.fields, a.at);
    return (yield* some({ accountId: a.accountId, ids: [a.id] }))[0]!;
  },
  *takeCards(a: {
    accountId: number;
    cards: (Card & { uid: string })[];
    at: number;
  }): Work<{ added: number; updated: number }> {
    const counts = { added: 0, updated: 0 };
    for (const card of a.cards) {
      const same = yield* sameAs(a.accountId, card);
      if (!same) {
        yield* insert(a.accountId, card.uid, card, a.at);
        counts.added++;
        continue;
      }
      const [there] = yield* some({ accountId: a.accountId, ids: [same.id] });
      const fields = there && !same.byUid ? merged(there, card) : card;
      if (there && sameFields(there, fields)) continue;
      yield* update(a.accountId, same.id, fields, a.at);
      counts.updated++;
    }
    return counts;
  },
  *removeContacts({ accountId, ids, at }: Own): Work<number> {
    const there = (yield* some({ accountId, ids })).map(c => c.id);
    yield* touchContacts(accountId, there, at);
    yield* forgetWords('contact', there);
    return yield* run(`update contact set removed_at = ? where id in ${list(there)}`, at, ...there);
  },
  *restoreContacts({ accountId, ids, at }: Own): Work<number> {
    const sql = `update contact set removed_at = null where account_id = ? and removed_at is not null and id in ${list(ids)}`;
    const restored = yield* run(sql, accountId, ...ids);
    for (const c of yield* some({ accountId, ids })) {
      yield* forgetWords('contact', [c.id]);
      yield* rememberWords(accountId, 'contact', c.id, [c.name, ...c.addresses.map(a => a.address)]);
    }
    yield* touchContacts(accountId, ids, at);
    return restored;
  },
  *forgetContacts({ before, limit }: { before: number; limit: number }): Work<number> {
    const found = yield* rows<{ id: number }>('select id from contact where removed_at < ? limit ?', before, limit);
    return yield* drop(found.map(r => r.id));
  },
  /** A slice of what an account that leaves had; answers how many rows went. */
  *emptyAddressBook({ accountId, limit }: { accountId: number; limit: number }): Work<number> {
    const found = yield* rows<{ id: number }>('select id from contact where account_id = ? limit ?', accountId, limit);
    if (found.length > 0) return yield* drop(found.map(r => r.id));
    let gone = 0;
    for (const table of ['contact_group', 'correspondent', 'person_word', 'identity', 'canned_reply'])
      gone += yield* run(`delete from ${table} where account_id = ?`, accountId);
    return gone;
  },
};

function* drop(ids: number[]): Work<number> {
  yield* forgetWords('contact', ids);
  for (const table of ['contact_address', 'contact_member'])
    yield* run(`delete from ${table} where contact_id in ${list(ids)}`, ...ids);
  return yield* run(`delete from contact where id in ${list(ids)}`, ...ids);
}

export function createContacts(read: Read, write: Write): Contacts {
  return {
    page: (accountId, asked) => read(page(accountId, asked)),
    some: (accountId, ids) => read(some({ accountId, ids })),
    async count(accountId) {
      const sql = 'select count(*) as n from contact where account_id = ? and removed_at is null';
      return (await read(mustRow<{ n: number }>(sql, accountId))).n;
    },
    create: (accountId, uid, fields, at) => write('createContact', { accountId, uid, fields, at }),
    save: (accountId, id, modseq, fields, at) => write('saveContact', { accountId, id, modseq, fields, at }),
    remove: (accountId, ids, at) => write('removeContacts', { accountId, ids, at }),
    restore: (accountId, ids, at) => write('restoreContacts', { accountId, ids, at }),
    take: (accountId, cards, at) => write('takeCards', { accountId, cards, at }),
    groups: accountId => read(groupsOf(accountId)),
    join: (accountId, ids, group, at) => write('joinGroup', { accountId, ids, group, at }),
    leave: (accountId, ids, groupId, at) => write('leaveGroup', { accountId, ids, groupId, at }),
    renameGroup: (accountId, id, name, at) => write('renameGroup', { accountId, id, name, at }),
    removeGroup: (accountId, id, at) => write('removeGroup', { accountId, id, at }),
    forget: before => write('forgetContacts', { before, limit: 500 }),
  };
}
