import { addressKey } from '../mail/address.ts';
import type { Card } from '../mail/card.ts';
import { nextModseq } from './modseq.ts';
import { rememberWords } from './person-words.ts';
import { list, mustRow, row, rows, run, type Work } from './sql.ts';

export type ContactFields = Omit<Card, 'uid'>;

type AddressRow = { contact_id: number; label: string; address: string };

export function* addressesOf(ids: number[]): Work<Map<number, Card['addresses']>> {
  const sql = `select contact_id, label, address from contact_address where contact_id in ${list(ids)}
    order by contact_id, position`;
  const found = Map.groupBy(yield* rows<AddressRow>(sql, ...ids), a => a.contact_id);
  return new Map([...found].map(([id, all]) => [id, all.map(({ label, address }) => ({ label, address }))]));
}

export function* setAddresses(id: number, addresses: Card['addresses']): Work<void> {
  yield* run('delete from contact_address where contact_id = ?', id);
  for (const [position, { label, address }] of addresses.entries())
    yield* run(
      'insert into contact_address (contact_id, position, label, address, address_key) values (?,?,?,?,?)',
      id,
      position,
      label,
      address,
      addressKey(address),
    );
}

/** The contact is in the groups of these names and in no others; a group that is not there is made. */
export function* setGroups(accountId: number, id: number, names: string[]): Work<void> {
  yield* run('delete from contact_member where contact_id = ?', id);
  for (const [key, name] of new Map(names.map(name => [name.toLowerCase(), name])))
    yield* run(
      'insert into contact_member (group_id, contact_id) values (?,?)',
      yield* groupOf(accountId, key, name),
      id,
    );
}

function* groupOf(accountId: number, key: string, name: string): Work<number> {
  const found = yield* row<{ id: number }>(
    'select id from contact_group where account_id = ? and name_key = ?',
    accountId,
    key,
  );
  if (found) return found.id;
  const { id } = yield* mustRow<{ id: number }>(
    'insert into contact_group (account_id, name, name_key) values (?,?,?) returning id',
    accountId,
    name,
    key,
  );
  yield* rememberWords(accountId, 'group', id, [name]);
  return id;
}

/** They changed, so that who syncs hears of it. */
export function* touchContacts(accountId: number, ids: number[], at: number): Work<void> {
  if (ids.length === 0) return;
  const sql = `update contact set modseq = ?, updated_at = ? where account_id = ? and removed_at is null and id in ${list(ids)}`;
  yield* run(sql, yield* nextModseq(accountId), at, accountId, ...ids);
}

/** Nothing a person wrote here is lost to a card that says less. */
export function merged(there: ContactFields, card: Card): ContactFields {
  const known = new Set(there.addresses.map(a => a.address.toLowerCase()));
  return {
    name: there.name,
    addresses: [...there.addresses, ...card.addresses.filter(a => !known.has(a.address.toLowerCase()))],
    note: there.note.includes(card.note) ? there.note : [there.note, card.note].filter(Boolean).join('\n'),
    groups: [...new Set([...there.groups, ...card.groups])],
    kept: [...new Set([...there.kept, ...card.kept])],
  };
}

export const sameFields = (a: ContactFields, b: ContactFields): boolean => {
  const plain = ({ name, addresses, note, groups, kept }: ContactFields) =>
    JSON.stringify([name, addresses, note, [...groups].sort(), kept]);
  return plain(a) === plain(b);
};
