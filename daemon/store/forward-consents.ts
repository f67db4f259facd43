import { createHash } from 'node:crypto';
import { addressKey, domainOf, formatAddress, localOf, subaddress } from '../mail/address.ts';
import { acceptVerb } from './accept.ts';
import { grantedTo, refusedBy } from './forward-targets.ts';
import type { Acceptance, Accepted } from './shapes.ts';
import { mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/**
 * waiting: its owner was asked, or is to be · confirmed: they said yes · refused: they said no, and are asked no more ·
 * free: nobody is asked, since it is an address of ours, or the operator wants it so.
 */
export type ConsentState = 'waiting' | 'confirmed' | 'refused' | 'free';

/** What the owner of an address says to mail of an account being sent on there. None: nobody was asked so far. */
export type ForwardConsent = {
  /** As addressKey writes it. */
  address: string;
  state: ConsentState;
  /** Since when; of a waiting one, when its last letter was written. */
  at: number;
  /** The link of the last letter holds so long; null: there is none. */
  until: number | null;
};

/** A letter with a link. Of the secret in it only a hash is kept. */
export type Asking = { accountId: number; address: string; secret: string; at: number; until: number };

/** known: it has an answer, or needs none · often: one more letter is too many for the account, or for the address. */
export type Asked = { kind: 'asked'; accepted: Accepted } | { kind: 'known' } | { kind: 'often' };

/** Whose mail is to go where. */
export type ForwardWish = { accountId: number; account: string; address: string };

export type ForwardConsents = {
  list(accountId: number): Promise<ForwardConsent[]>;
  /** Addresses to which mail of the account may be sent on. */
  granted(accountId: number): Promise<string[]>;
  /** Addresses whose owners said no, which stands where nobody is asked any more, too. */
  refused(accountId: number): Promise<string[]>;
  /** Nobody is asked about these, whatever was said before. */
  free(accountId: number, addresses: string[], at: number): Promise<void>;
  /** One transaction: the letter is in the queue, and its link holds in place of any before. */
  ask(asking: Asking, letter: Acceptance): Promise<Asked>;
  /** What a link is about; null: it is none of ours, was used, or its time is over. */
  find(secret: string, now: number): Promise<ForwardWish | null>;
  /** Uses a link up; null as with `find`. */
  answer(secret: string, says: 'confirmed' | 'refused', now: number): Promise<ForwardWish | null>;
  /** Whom a letter asks is free: the house asks nobody any more. Answers how many. */
  waive(now: number): Promise<number>;
  /** Forgets those that wait, and had no letter since `before`; a slice at a time. Answers how many. */
  sweep(before: number): Promise<number>;
};

const dayMs = 86_400_000;
/** So many strangers can one account bother in a day, and so often is one stranger bothered, by all accounts together. */
const mostLettersADay = { account: 10, reader: 3 };
const slice = 500;

/** Who reads mail for an address, whatever tag it has. */
const readerOf = (key: string): string =>
  formatAddress({ local: subaddress(localOf(key)).user, domain: domainOf(key) });

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

function* isOften({ accountId, address, at }: Asking): Work<boolean> {
  const sum = 'select coalesce(sum(letters), 0) as n from forward_consent where letters_at > ? and';
  const byAccount = yield* mustRow<{ n: number }>(`${sum} account_id = ?`, at - dayMs, accountId);
  const toReader = yield* mustRow<{ n: number }>(`${sum} reader_key = ?`, at - dayMs, readerOf(address));
  return byAccount.n >= mostLettersADay.account || toReader.n >= mostLettersADay.reader;
}

const wish = `select c.account_id as accountId, a.address as account, c.address_key as address
  from forward_consent c join account a on a.id = c.account_id
  where c.token = ? and c.until_at > ? and c.state = 'waiting' and a.disabled = 0`;

type Free = { accountId: number; addresses: string[]; at: number };
type Answer = { secret: string; says: 'confirmed' | 'refused'; now: number };

export const consentVerbs = {
  *freeForwards({ accountId, addresses, at }: Free): Work<void> {
    const sql = `insert into forward_consent (account_id, address_key, state, at, letters, letters_at)
      values (?,?,'free',?,0,0) on conflict (account_id, address_key)
      do update set state = 'free', at = excluded.at, token = null, until_at = null`;
    for (const address of addresses) yield* run(sql, accountId, addressKey(address), at);
  },
  *askForward({ asking, letter }: { asking: Asking; letter: Acceptance }): Work<Asked> {
    const { accountId, at, until } = asking;
    const address = addressKey(asking.address);
    const answered = "select 1 from forward_consent where account_id = ? and address_key = ? and state <> 'waiting'";
    if (yield* row(answered, accountId, address)) return { kind: 'known' };
    if (yield* isOften({ ...asking, address })) return { kind: 'often' };
    const sql = `insert into forward_consent (account_id, address_key, reader_key, state, at, token, until_at, letters,
        letters_at)
      values (?,?,?,'waiting',?,?,?,1,?) on conflict (account_id, address_key) do update set at = excluded.at,
        reader_key = excluded.reader_key, token = excluded.token, until_at = excluded.until_at,
        letters_at = excluded.letters_at,
        letters = case when forward_consent.letters_at > ? then forward_consent.letters + 1 else 1 end`;
    const link = [hashOf(asking.secret), until];
    yield* run(sql, accountId, address, readerOf(address), at, ...link, at, at - dayMs);
    return { kind: 'asked', accepted: yield* acceptVerb(letter) };
  },
  *answerForward({ secret, says, now }: Answer): Work<ForwardWish | null> {
    const token = hashOf(secret);
    const found = yield* row<ForwardWish>(wish, token, now);
    if (!found) return null;
    const sql = 'update forward_consent set state = ?, at = ?, token = null, until_at = null where token = ?';
    yield* run(sql, says, now, token);
    return found;
  },
  *waiveForwards({ now }: { now: number }): Work<number> {
    return yield* run(
      `update forward_consent set state = 'free', at = ?, token = null, until_at = null
        where state = 'waiting' and token is not null`,
      now,
    );
  },
  *sweepForwards({ before }: { before: number }): Work<number> {
    const old = yield* rows<{ account_id: number; address_key: string }>(
      "select account_id, address_key from forward_consent where state = 'waiting' and letters_at < ? limit ?",
      before,
      slice,
    );
    for (const o of old)
      yield* run('delete from forward_consent where account_id = ? and address_key = ?', o.account_id, o.address_key);
    return old.length;
  },
};

export const createForwardConsents = (read: Read, write: Write): ForwardConsents => ({
  list: accountId =>
    read(
      rows<ForwardConsent>(
        `select address_key as address, state, at, until_at as until from forward_consent where account_id = ?
          order by address_key`,
        accountId,
      ),
    ),
  granted: accountId => read(grantedTo(accountId)),
  refused: accountId => read(refusedBy(accountId)),
  free: (accountId, addresses, at) => write('freeForwards', { accountId, addresses, at }),
  ask: (asking, letter) => write('askForward', { asking, letter }),
  find: async (secret, now) => (await read(row<ForwardWish>(wish, hashOf(secret), now))) ?? null,
  answer: (secret, says, now) => write('answerForward', { secret, says, now }),
  waive: now => write('waiveForwards', { now }),
  sweep: before => write('sweepForwards', { before }),
});
