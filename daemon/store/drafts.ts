import { releaseContent } from './content.ts';
import { countDrafts, draftOctets, giveRoom, type NoRoom, octetsOfDraft, takeRoom } from './quota.ts';
import { mustRow, row, rows, run, type Work } from './sql.ts';
import { type AttachedFile, type Upload, uploadOf, uploadsOf } from './uploads.ts';
import type { Read, Write } from './verbs.ts';

export type Draft = {
  id: number;
  accountId: number;
  /** Raised at each save; a save that names an older one is refused. */
  version: number;
  /** The address it is written as; empty: the one new letters begin with. */
  from: string;
  to: string;
  cc: string;
  bcc: string;
  subject: string;
  text: string;
  /** Markup the letter is written in, safe; `text` is what it says. Null: plain text. */
  html: string | null;
  /** Its readers' programs are asked to tell when it was opened (RFC 8098). */
  wantsReceipt: boolean;
  important: boolean;
  /** Days after it went until one is reminded that nobody answered; 0: never. */
  remindDays: number;
  /** The message answered or forwarded; null: none. */
  relatedId: number | null;
  relation: 'reply' | 'forward' | null;
  updatedAt: number;
  uploads: Upload[];
  /** The content it was sent as, which is held still: it is not to be changed; null: it is being written. */
  heldAs: number | null;
  /** How often it came back after it was sent. */
  round: number;
};

export type DraftFields = Pick<Draft, 'to' | 'cc' | 'bcc' | 'subject' | 'text' | 'relatedId' | 'relation'> &
  Partial<Pick<Draft, 'from' | 'html' | 'wantsReceipt' | 'important' | 'remindDays'>>;

/** One that waits as a held submission is not in the list, and is neither changed nor removed: all of that is refused as if it were gone. */
export type Drafts = {
  /** Newest save first. */
  list(accountId: number): Promise<Draft[]>;
  /** Also one that waits. */
  get(accountId: number, id: number): Promise<Draft | null>;
  create(accountId: number, fields: DraftFields, at: number): Promise<Draft | NoRoom>;
  /** Null: the draft is gone, or `version` is not the stored one (saved elsewhere in between); null version: whatever is stored. */
  save(
    accountId: number,
    id: number,
    version: number | null,
    fields: DraftFields,
    at: number,
  ): Promise<Draft | NoRoom | null>;
  remove(accountId: number, id: number): Promise<boolean>;
  /** Out of sight, and may be brought back. */
  discard(accountId: number, id: number, at: number): Promise<boolean>;
  restore(accountId: number, id: number): Promise<'restored' | 'no-room' | 'gone'>;
  /** For good what was discarded before; answers how many, and there may be more. */
  forget(before: number): Promise<number>;
  /** Those that wait, too: their account is on its way out. */
  removeAll(accountId: number): Promise<void>;
  /** Null: the draft is gone, or has a file of that label or key. Then, and where there is no room, the content is the caller's to discard. */
  attach(accountId: number, id: number, file: AttachedFile): Promise<Upload | NoRoom | null>;
  detach(accountId: number, id: number, uploadId: number): Promise<boolean>;
};

type DraftRow = {
  id: number;
  account_id: number;
  version: number;
  to_text: string;
  cc_text: string;
  bcc_text: string;
  subject: string;
  body: string;
  html: string | null;
  wants_receipt: number;
  important: number;
  remind_days: number;
  from_address: string;
  related_id: number | null;
  relation: 'reply' | 'forward' | null;
  updated_at: number;
  held_as: number | null;
  round: number;
  discarded_at: number | null;
};

function* withUploads(found: DraftRow[]): Work<Draft[]> {
  const ids = found.map(d => d.id);
  const uploads = yield* uploadsOf(ids);
  return found.map(d => ({
    id: d.id,
    accountId: d.account_id,
    version: d.version,
    from: d.from_address,
    to: d.to_text,
    cc: d.cc_text,
    bcc: d.bcc_text,
    subject: d.subject,
    text: d.body,
    html: d.html,
    wantsReceipt: d.wants_receipt !== 0,
    important: d.important !== 0,
    remindDays: d.remind_days,
    relatedId: d.related_id,
    relation: d.relation,
    updatedAt: d.updated_at,
    uploads: uploads.filter(u => u.draft_id === d.id).map(uploadOf),
    heldAs: d.held_as,
    round: d.round,
  }));
}

function* one(accountId: number, id: number): Work<Draft | null> {
  const sql = 'select * from draft where id = ? and account_id = ? and discarded_at is null';
  const found = yield* row<DraftRow>(sql, id, accountId);
  return found ? (yield* withUploads([found]))[0]! : null;
}

function* open(accountId: number, id: number): Work<Draft | null> {
  const found = yield* one(accountId, id);
  return found?.heldAs === null ? found : null;
}

export function* removeDraft({ accountId, id }: { accountId: number; id: number }): Work<boolean> {
  const found = yield* row<DraftRow>('select * from draft where id = ? and account_id = ?', id, accountId);
  if (!found) return false;
  if (found.discarded_at === null) yield* giveRoom(accountId, yield* octetsOfDraft(id));
  const uploads = yield* uploadsOf([id]);
  yield* run('delete from upload where draft_id = ?', id);
  yield* run('delete from draft where id = ?', id);
  for (const u of uploads) yield* releaseContent(u.content_id);
  yield* countDrafts(accountId);
  return true;
}

type Create = { accountId: number; fields: DraftFields; at: number };
type Save = { accountId: number; id: number; version: number | null; fields: DraftFields; at: number };

/** In the order of the columns of both statements below. */
const values = (f: DraftFields) => [
  f.from ?? '',
  f.to,
  f.cc,
  f.bcc,
  f.subject,
  f.text,
  f.html ?? null,
  Number(f.wantsReceipt ?? false),
  Number(f.important ?? false),
  f.remindDays ?? 0,
  f.relatedId,
  f.relation,
];

const octetsOf = (f: DraftFields): number =>
  [f.to, f.cc, f.bcc, f.subject, f.text, f.html ?? ''].reduce((sum, text) => sum + Buffer.byteLength(text), 0);

export const draftVerbs = {
  removeDraft,
  *discardDraft(a: { accountId: number; id: number }): Work<boolean> {
    return (yield* open(a.accountId, a.id)) !== null && (yield* removeDraft(a));
  },
  *createDraft({ accountId, fields, at }: Create): Work<Draft | NoRoom> {
    if (!(yield* takeRoom(accountId, octetsOf(fields)))) return 'no-room';
    const { id } = yield* mustRow<{ id: number }>(
      `insert into draft (account_id, version, from_address, to_text, cc_text, bcc_text, subject, body, html,
          wants_receipt, important, remind_days, related_id, relation, updated_at)
        values (?,1,?,?,?,?,?,?,?,?,?,?,?,?,?) returning id`,
      accountId,
      ...values(fields),
      at,
    );
    yield* countDrafts(accountId);
    return (yield* one(accountId, id))!;
  },
  *saveDraft({ accountId, id, version, fields, at }: Save): Work<Draft | NoRoom | null> {
    const stored = yield* row<{ version: number; octets: number }>(
      `select version, ${draftOctets} as octets from draft where id = ? and account_id = ? and held_as is null
        and discarded_at is null`,
      id,
      accountId,
    );
    if (!stored || (version !== null && stored.version !== version)) return null;
    if (!(yield* takeRoom(accountId, octetsOf(fields) - stored.octets))) return 'no-room';
    yield* run(
      `update draft set version = version + 1, from_address = ?, to_text = ?, cc_text = ?, bcc_text = ?, subject = ?, body = ?,
        html = ?, wants_receipt = ?, important = ?, remind_days = ?, related_id = ?, relation = ?, updated_at = ? where id = ?`,
      ...values(fields),
      at,
      id,
    );
    return yield* one(accountId, id);
  },
};

export function createDrafts(read: Read, write: Write, swept: () => void): Drafts {
  return {
    async list(accountId) {
      const sql =
        'select * from draft where account_id = ? and held_as is null and discarded_at is null order by updated_at desc, id desc';
      return await read(
        (function* () {
          return yield* withUploads(yield* rows<DraftRow>(sql, accountId));
        })(),
      );
    },
    get: (accountId, id) => read(one(accountId, id)),
    create: (accountId, fields, at) => write('createDraft', { accountId, fields, at }),
    save: (accountId, id, version, fields, at) => write('saveDraft', { accountId, id, version, fields, at }),
    async remove(accountId, id) {
      const removed = await write('discardDraft', { accountId, id });
      swept();
      return removed;
    },
    discard: (accountId, id, at) => write('putDraftAside', { accountId, id, at }),
    restore: (accountId, id) => write('bringDraftBack', { accountId, id }),
    async forget(before) {
      const gone = await write('forgetDrafts', { before, limit: 100 });
      if (gone > 0) swept();
      return gone;
    },
    async removeAll(accountId) {
      const all = await read(rows<{ id: number }>('select id from draft where account_id = ?', accountId));
      for (const { id } of all) await write('removeDraft', { accountId, id });
      swept();
    },
    attach: (accountId, id, file) => write('attach', { accountId, id, file }, file.content.bytes?.length),
    async detach(accountId, id, uploadId) {
      const removed = await write('detach', { accountId, id, uploadId });
      swept();
      return removed;
    },
  };
}
