import { addressKey } from '../mail/address.ts';
import { forgetWords, prefixOf, rememberWords, wordsAsked } from './person-words.ts';
import { list, mustRow, row, rows, run, type Value, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** Somebody the account has written to. */
export type Correspondent = { id: number; name: string; address: string; times: number; lastAt: number };

/** What is offered while a recipient is typed: somebody, or all of a group. */
export type Suggestion =
  | { kind: 'person'; name: string; address: string }
  | { kind: 'group'; id: number; name: string };

export type Correspondents = {
  /** They were written to once more. The name given last stays; an empty one takes none away. */
  wroteTo(accountId: number, people: { name: string; address: string }[], at: number): Promise<void>;
  /** Last written to first. `after`: behind this one. */
  page(accountId: number, after: { lastAt: number; id: number } | null, limit: number): Promise<Correspondent[]>;
  forget(accountId: number, ids: number[]): Promise<number>;
  some(accountId: number, ids: number[]): Promise<Correspondent[]>;
  /** People of the address book and those written to, up to some thousand: whom one would be taken in by. */
  acquaintances(accountId: number): Promise<{ name: string; address: string }[]>;
  /** By beginnings of words of name or address, all of them; whom one writes to most comes first. One query. */
  suggest(accountId: number, text: string, limit: number): Promise<Suggestion[]>;
};

type Row = { id: number; name: string; address: string; times: number; last_at: number };
const correspondent = (r: Row): Correspondent => ({
  id: r.id,
  name: r.name,
  address: r.address,
  times: r.times,
  lastAt: r.last_at,
});

/** So many are kept; those written to longest ago give way. */
const mostKept = 5_000;
/** Of the address book, and of those written to last. */
const mostAcquainted = 2_000;
/** A single letter finds half of a large address book: so many are looked at. */
const mostLookedAt = 2_000;

type Found = { kind: string; id: number; name: string; address: string; address_key: string };

function* suggest(accountId: number, text: string, limit: number): Work<Suggestion[]> {
  const [first, ...others] = wordsAsked(text);
  if (first === undefined) return [];
  const also = others.map(
    () =>
      'and exists (select 1 from person_word o where o.kind = w.kind and o.ref_id = w.ref_id and o.word >= ? and o.word < ?)',
  );
  const params: Value[] = [
    accountId,
    ...prefixOf(first),
    ...others.flatMap(prefixOf),
    mostLookedAt,
    accountId,
    limit * 4,
  ];
  const found = yield* rows<Found>(
    `with found as (select distinct w.kind, w.ref_id from person_word w
        where w.account_id = ? and w.word >= ? and w.word < ? ${also.join(' ')} limit ?)
      select f.kind, f.ref_id as id, coalesce(c.name, h.name, g.name) as name, coalesce(a.address, h.address, '') as address,
        coalesce(a.address_key, h.address_key, '') as address_key
      from found f
      left join contact c on f.kind = 'contact' and c.id = f.ref_id
      left join contact_address a on a.contact_id = c.id
      left join correspondent k on k.account_id = ? and k.address_key = a.address_key
      left join correspondent h on f.kind = 'correspondent' and h.id = f.ref_id
      left join contact_group g on f.kind = 'group' and g.id = f.ref_id
      where f.kind = 'group' or a.address is not null or h.address is not null
      order by coalesce(k.times, h.times, 0) desc, coalesce(k.last_at, h.last_at, 0) desc, c.id is null, a.position, name
      limit ?`,
    ...params,
  );
  const typed = text.trim().toLowerCase();
  const wanted = typed.includes('@') ? found.filter(f => f.address_key.startsWith(typed)) : found;
  return onceEach(wanted.length > 0 ? wanted : found).slice(0, limit);
}

function* acquaintances(accountId: number): Work<{ name: string; address: string }[]> {
  const booked = yield* rows<{ name: string; address: string }>(
    `select c.name, a.address from contact c join contact_address a on a.contact_id = c.id
      where c.account_id = ? and c.removed_at is null limit ?`,
    accountId,
    mostAcquainted,
  );
  const sql = 'select name, address from correspondent where account_id = ? order by last_at desc limit ?';
  return [...booked, ...(yield* rows<{ name: string; address: string }>(sql, accountId, mostAcquainted))];
}

/** An address that is in the address book and was written to is offered once, by its name in the book. */
function onceEach(found: Found[]): Suggestion[] {
  const offered = new Map<string, Suggestion>();
  const booked = new Set(found.filter(f => f.kind === 'contact').map(f => f.address_key));
  for (const { kind, id, name, address, address_key } of found) {
    if (kind === 'group') offered.set(`group ${id}`, { kind, id, name });
    else if (!offered.has(address_key) && (kind === 'contact' || !booked.has(address_key)))
      offered.set(address_key, { kind: 'person', name: name === address ? '' : name, address });
  }
  return [...offered.values()];
}

type Wrote = { accountId: number; people: { name: string; address: string }[]; at: number };

export const correspondentVerbs = {
  *wroteTo({ accountId, people, at }: Wrote): Work<void> {
    for (const { name, address } of people) {
      const { id, name: known } = yield* mustRow<{ id: number; name: string }>(
        `insert into correspondent (account_id, address, address_key, name, times, last_at) values (?,?,?,?,1,?)
          on conflict (account_id, address_key) do update set times = correspondent.times + 1, last_at = excluded.last_at,
            name = case when excluded.name = '' then correspondent.name else excluded.name end returning id, name`,
        accountId,
        address,
        addressKey(address),
        name,
        at,
      );
      yield* forgetWords('correspondent', [id]);
      yield* rememberWords(accountId, 'correspondent', id, [known, address]);
    }
    yield* giveWay(accountId);
  },
  *forgetCorrespondents({ accountId, ids }: { accountId: number; ids: number[] }): Work<number> {
    const own = yield* rows<{ id: number }>(
      `select id from correspondent where account_id = ? and id in ${list(ids)}`,
      accountId,
      ...ids,
    );
    return yield* drop(own.map(r => r.id));
  },
};

function* giveWay(accountId: number): Work<void> {
  const { n } = (yield* row<{ n: number }>('select count(*) as n from correspondent where account_id = ?', accountId))!;
  if (n <= mostKept) return;
  const sql = 'select id from correspondent where account_id = ? order by last_at, id limit ?';
  yield* drop((yield* rows<{ id: number }>(sql, accountId, n - mostKept)).map(r => r.id));
}

function* drop(ids: number[]): Work<number> {
  yield* forgetWords('correspondent', ids);
  return yield* run(`delete from correspondent where id in ${list(ids)}`, ...ids);
}

const columns = 'id, name, address, times, last_at';

export function createCorrespondents(read: Read, write: Write): Correspondents {
  return {
    wroteTo: (accountId, people, at) => write('wroteTo', { accountId, people, at }),
    async page(accountId, after, limit) {
      const { lastAt, id } = after ?? { lastAt: Number.MAX_SAFE_INTEGER, id: 0 };
      const sql = `select ${columns} from correspondent where account_id = ? and (last_at < ? or (last_at = ? and id < ?))
        order by last_at desc, id desc limit ?`;
      return (await read(rows<Row>(sql, accountId, lastAt, lastAt, id, limit))).map(correspondent);
    },
    forget: (accountId, ids) => write('forgetCorrespondents', { accountId, ids }),
    async some(accountId, ids) {
      const sql = `select ${columns} from correspondent where account_id = ? and id in ${list(ids)}`;
      return (await read(rows<Row>(sql, accountId, ...ids))).map(correspondent);
    },
    suggest: (accountId, text, limit) => read(suggest(accountId, text, limit)),
    acquaintances: accountId => read(acquaintances(accountId)),
  };
}
