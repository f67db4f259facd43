/** The files of drafts: each is stored once as content, and goes with its draft or by itself. */
import { insertContent, releaseContent } from './content.ts';
import { giveRoom, type NoRoom, takeRoom } from './quota.ts';
import type { NewContent } from './shapes.ts';
import { list, mustRow, row, rows, run, type Work } from './sql.ts';

/** A file attached to a draft, stored once as content. */
export type Upload = {
  id: number;
  name: string;
  type: string;
  size: number;
  contentId: number;
  /** By which the markup of its draft names it (`cid:label`); empty: it is a file beside the text. */
  label: string;
  /** What its sender calls it, so that sent again it is the same one; empty: it has no name. */
  key: string;
};

/** `label`, `key`: see Upload, absent: empty. A second file of the same is not taken. */
export type AttachedFile = {
  name: string;
  type: string;
  content: NewContent;
  at: number;
  label?: string;
  key?: string;
};

type UploadRow = {
  id: number;
  draft_id: number;
  name: string;
  type: string;
  size: number;
  content_id: number;
  label: string;
  upload_key: string;
};

export const uploadOf = (u: UploadRow): Upload => ({
  id: u.id,
  name: u.name,
  type: u.type,
  size: u.size,
  contentId: u.content_id,
  label: u.label,
  key: u.upload_key,
});

/** As they were attached. */
export const uploadsOf = (draftIds: number[]): Work<UploadRow[]> =>
  rows<UploadRow>(`select * from upload where draft_id in ${list(draftIds)} order by id`, ...draftIds);

/** False: it is gone, or waits. */
function* isOpen(accountId: number, draftId: number): Work<boolean> {
  const sql = 'select 1 from draft where id = ? and account_id = ? and held_as is null and discarded_at is null';
  return (yield* row(sql, draftId, accountId)) !== undefined;
}

const isHere = (draftId: number, column: 'label' | 'upload_key', value: string): Work<unknown> =>
  row(`select 1 from upload where draft_id = ? and ${column} = ?`, draftId, value);

type Attach = { accountId: number; id: number; file: AttachedFile };
type Detach = { accountId: number; id: number; uploadId: number };

export const uploadVerbs = {
  *attach({ accountId, id, file }: Attach): Work<Upload | NoRoom | null> {
    if (!(yield* isOpen(accountId, id))) return null;
    const { label = '', key = '' } = file;
    if (label !== '' && (yield* isHere(id, 'label', label))) return null;
    if (key !== '' && (yield* isHere(id, 'upload_key', key))) return null;
    if (!(yield* takeRoom(accountId, file.content.size))) return 'no-room';
    const contentId = yield* insertContent(file.content, null, file.at);
    return uploadOf(
      yield* mustRow<UploadRow>(
        `insert into upload (draft_id, name, type, size, content_id, label, upload_key)
          values (?,?,?,?,?,?,?) returning *`,
        id,
        file.name,
        file.type,
        file.content.size,
        contentId,
        label,
        key,
      ),
    );
  },
  *detach({ accountId, id, uploadId }: Detach): Work<boolean> {
    if (!(yield* isOpen(accountId, id))) return false;
    const found = yield* row<UploadRow>('select * from upload where id = ? and draft_id = ?', uploadId, id);
    if (!found) return false;
    yield* giveRoom(accountId, found.size);
    yield* run('delete from upload where id = ?', uploadId);
    yield* releaseContent(found.content_id);
    return true;
  },
};
