import { addressKey } from '../mail/address.ts';
import { list, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/**
 * images: mail of a sender may load pictures · version: it is read as text · unsubscribed: a list was asked to stop ·
 * invitation: how one was answered · receipt: whether its sender was told that it was read · welcome: mail of a sender is
 * no junk · refused: who of its readers did not get a letter one sent.
 */
export type ChoiceKind = 'images' | 'version' | 'unsubscribed' | 'invitation' | 'receipt' | 'welcome' | 'refused';

/** What a reader decided about a sender, a list or a letter, so that it need not be asked again. */
export type Choice = {
  kind: ChoiceKind;
  /** Whom or what it is about: the key of an address, the name of a list, the uid of an invitation, the id of a letter. */
  key: string;
  value: string;
  at: number;
};

export type Choices = {
  /** Those of the account about any of these keys, of whatever kind. */
  about(accountId: number, keys: string[]): Promise<Choice[]>;
  /** Of these kinds, newest first. */
  list(accountId: number, kinds: ChoiceKind[]): Promise<Choice[]>;
  /** In place of what was decided before. */
  set(accountId: number, choice: Choice): Promise<void>;
  /** False: there was none. */
  remove(accountId: number, kind: ChoiceKind, key: string): Promise<boolean>;
};

/** Of one account, of all kinds; the oldest give way. */
const mostKept = 5_000;
const mostListed = 1_000;
/** A stranger writes these keys: a longer one is no honest list or invitation. */
const longestKey = 1_000;

type Row = { kind: ChoiceKind; about: string; value: string; at: number };
const choice = ({ kind, about, value, at }: Row): Choice => ({ kind, key: about, value, at });

const shortened = (key: string): string => key.slice(0, longestKey).toWellFormed();

/** Did the reader say that mail of this sender is no junk? */
export function* isWelcome(accountId: number, address: string): Work<boolean> {
  const sql = "select 1 from choice where account_id = ? and about = ? and kind = 'welcome'";
  return (yield* row(sql, accountId, shortened(addressKey(address)))) !== undefined;
}

export const choiceVerbs = {
  *setChoice({ accountId, choice: c }: { accountId: number; choice: Choice }): Work<void> {
    yield* run(
      `insert into choice (account_id, about, kind, value, at) values (?,?,?,?,?)
        on conflict (account_id, about, kind) do update set value = excluded.value, at = excluded.at`,
      accountId,
      shortened(c.key),
      c.kind,
      c.value,
      c.at,
    );
    const oldest = yield* row<{ at: number }>(
      'select at from choice where account_id = ? order by at desc limit 1 offset ?',
      accountId,
      mostKept,
    );
    if (oldest) yield* run('delete from choice where account_id = ? and at <= ?', accountId, oldest.at);
  },
  *removeChoice(a: { accountId: number; kind: ChoiceKind; key: string }): Work<boolean> {
    const gone = run(
      'delete from choice where account_id = ? and about = ? and kind = ?',
      a.accountId,
      shortened(a.key),
      a.kind,
    );
    return (yield* gone) > 0;
  },
};

export function createChoices(read: Read, write: Write): Choices {
  return {
    async about(accountId, keys) {
      if (keys.length === 0) return [];
      const wanted = [...new Set(keys.map(shortened))];
      const text = `select kind, about, value, at from choice where account_id = ? and about in ${list(wanted)}`;
      return (await read(rows<Row>(text, accountId, ...wanted))).map(choice);
    },
    async list(accountId, kinds) {
      const text = `select kind, about, value, at from choice where account_id = ? and kind in ${list(kinds)}
        order by at desc, about limit ${mostListed}`;
      return (await read(rows<Row>(text, accountId, ...kinds))).map(choice);
    },
    set: (accountId, made) => write('setChoice', { accountId, choice: made }),
    remove: (accountId, kind, key) => write('removeChoice', { accountId, kind, key }),
  };
}
