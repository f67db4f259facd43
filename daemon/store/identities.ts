import { addressKey } from '../mail/address.ts';
import { row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** As whom an account writes: an address that leads to it, with the name and the last lines that go with it. */
export type Identity = {
  id: number;
  address: string;
  /** Empty: the account's. */
  name: string;
  /** Where answers go; empty: to the address. */
  replyTo: string;
  /** Lines of text; empty: none. */
  signature: string;
  /** The signature of a letter in markup, safe; empty: the lines of text, as they are. */
  signatureHtml: string;
  /** The one a new letter begins with; of none it is so where the own address is meant. */
  isDefault: boolean;
};

export type IdentityFields = Omit<Identity, 'id' | 'signatureHtml'> & Partial<Pick<Identity, 'signatureHtml'>>;

export type Identities = {
  /** In the order they were made. The own address need not be among them. */
  list(accountId: number): Promise<Identity[]>;
  /** Makes it, or changes that of the same address. Null: there are as many as there may be. */
  save(accountId: number, fields: IdentityFields): Promise<Identity | null>;
  remove(accountId: number, id: number): Promise<boolean>;
};

const mostIdentities = 100;

type IdentityRow = {
  id: number;
  address: string;
  name: string;
  reply_to: string;
  signature: string;
  signature_html: string;
  is_default: number;
};

const identity = (r: IdentityRow): Identity => ({
  id: r.id,
  address: r.address,
  name: r.name,
  replyTo: r.reply_to,
  signature: r.signature,
  signatureHtml: r.signature_html,
  isDefault: r.is_default !== 0,
});

const columns = 'id, address, name, reply_to, signature, signature_html, is_default';

export const identityVerbs = {
  *saveIdentity({ accountId, fields: f }: { accountId: number; fields: IdentityFields }): Work<Identity | null> {
    const key = addressKey(f.address);
    const there = yield* row('select 1 from identity where account_id = ? and address_key = ?', accountId, key);
    const all = yield* rows('select 1 from identity where account_id = ?', accountId);
    if (!there && all.length >= mostIdentities) return null;
    if (f.isDefault) yield* run('update identity set is_default = 0 where account_id = ?', accountId);
    const saved = yield* row<IdentityRow>(
      `insert into identity (account_id, address, address_key, name, reply_to, signature, signature_html, is_default)
        values (?,?,?,?,?,?,?,?)
        on conflict (account_id, address_key) do update set address = excluded.address, name = excluded.name,
          reply_to = excluded.reply_to, signature = excluded.signature,
          signature_html = excluded.signature_html, is_default = excluded.is_default
        returning ${columns}`,
      accountId,
      f.address,
      key,
      f.name,
      f.replyTo,
      f.signature,
      f.signatureHtml ?? '',
      Number(f.isDefault),
    );
    return identity(saved!);
  },
  *removeIdentity({ accountId, id }: { accountId: number; id: number }): Work<boolean> {
    return (yield* run('delete from identity where account_id = ? and id = ?', accountId, id)) > 0;
  },
};

export function createIdentities(read: Read, write: Write): Identities {
  return {
    async list(accountId) {
      const sql = `select ${columns} from identity where account_id = ? order by id`;
      return (await read(rows<IdentityRow>(sql, accountId))).map(identity);
    },
    save: (accountId, fields) => write('saveIdentity', { accountId, fields }),
    remove: (accountId, id) => write('removeIdentity', { accountId, id }),
  };
}
