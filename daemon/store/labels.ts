import { countLabels, labelsOf, labelText, ownLabels, pointAt, pointNoMoreAt } from './label-marks.ts';
import { nextModseq } from './modseq.ts';
import type { Change } from './shapes.ts';
import { list, mustRow, row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** A mark of the user's own; a message has any number of them, wherever it lies. */
export type Label = {
  id: number;
  name: string;
  colour: LabelColour;
  /** Messages that have it, and those of them not read yet; what lies in Trash or Junk is not counted. */
  total: number;
  unread: number;
};

/** Names of colours; what they look like is the site's to say. */
export const labelColours = ['grey', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'violet', 'pink'] as const;
export type LabelColour = (typeof labelColours)[number];

/** Of one account. */
export const mostLabels = 100;

export type Labels = {
  /** By name. */
  list(accountId: number): Promise<Label[]>;
  /** taken: there is one of this name, letter case aside · full: there are as many as there may be (`mostLabels`). */
  create(accountId: number, label: LabelFields): Promise<Label | 'taken' | 'full'>;
  /** gone: there is no such label. */
  change(accountId: number, id: number, label: LabelFields): Promise<'changed' | 'taken' | 'gone'>;
  /** Messages keep their place and lose the label, in slices. False: there is none. */
  remove(accountId: number, id: number): Promise<boolean>;
  /** How many of these messages have each label; a label that none has is missing. */
  among(accountId: number, ids: number[]): Promise<Map<number, number>>;
  /** Gives a label to messages, or takes it from them; a label or message that is not the account's is passed over. */
  put(accountId: number, ids: number[], labelId: number): Promise<Labelling>;
  take(accountId: number, ids: number[], labelId: number): Promise<Labelling>;
};

export type LabelFields = { name: string; colour: LabelColour };

/** `ids`: the messages that were not so before. */
export type Labelling = { changed: Change[]; ids: number[] };

const columns = 'id, name, colour, total, unread';

function* taken(accountId: number, name: string, id: number): Work<boolean> {
  const sql = 'select 1 from label where account_id = ? and name_key = ? and id <> ?';
  return (yield* row(sql, accountId, name.toLowerCase(), id)) !== undefined;
}

type Put = { accountId: number; ids: number[]; labelId: number; on: boolean };
type LabelledRow = { id: number; folder_id: number; flags: number; labels: string };

/** One label on many messages, or off them. */
export function* labelMessages({ accountId, ids, labelId, on }: Put): Work<Labelling> {
  if ((yield* ownLabels(accountId, [labelId])).length === 0) return { changed: [], ids: [] };
  const found = yield* rows<LabelledRow>(
    `select id, folder_id, flags, labels from message where account_id = ? and id in ${list(ids)}`,
    accountId,
    ...ids,
  );
  const before = found.filter(m => labelsOf(m.labels).includes(labelId) !== on);
  if (before.length === 0) return { changed: [], ids: [] };
  const modseq = yield* nextModseq(accountId);
  const after = before.map(m => {
    const others = labelsOf(m.labels).filter(id => id !== labelId);
    return { ...m, labels: labelText(on ? [...others, labelId] : others) };
  });
  for (const [labels, alike] of Map.groupBy(after, m => m.labels)) {
    const some = alike.map(m => m.id);
    yield* run(`update message set labels = ?, modseq = ? where id in ${list(some)}`, labels, modseq, ...some);
  }
  const changedIds = before.map(m => m.id);
  yield* on ? pointAt(labelId, changedIds) : pointNoMoreAt(labelId, changedIds);
  yield* countLabels(accountId, before, after);
  const folders = [...new Set(before.map(m => m.folder_id))];
  yield* run(`update folder set modseq = ? where id in ${list(folders)}`, modseq, ...folders);
  return { changed: folders.map(folderId => ({ accountId, folderId, modseq })), ids: changedIds };
}

export const labelVerbs = {
  labelMessages,
  *createLabel({ accountId, label }: { accountId: number; label: LabelFields }): Work<Label | 'taken' | 'full'> {
    if (yield* taken(accountId, label.name, 0)) return 'taken';
    const count = 'select count(*) as n from label where account_id = ?';
    if ((yield* mustRow<{ n: number }>(count, accountId)).n >= mostLabels) return 'full';
    return yield* mustRow<Label>(
      `insert into label (account_id, name, name_key, colour) values (?,?,?,?) returning ${columns}`,
      accountId,
      label.name,
      label.name.toLowerCase(),
      label.colour,
    );
  },
  *changeLabel(a: { accountId: number; id: number; label: LabelFields }): Work<'changed' | 'taken' | 'gone'> {
    if (yield* taken(a.accountId, a.label.name, a.id)) return 'taken';
    const { name, colour } = a.label;
    const changed = yield* run(
      'update label set name = ?, name_key = ?, colour = ? where account_id = ? and id = ?',
      name,
      name.toLowerCase(),
      colour,
      a.accountId,
      a.id,
    );
    return changed > 0 ? 'changed' : 'gone';
  },
  /** Takes the label from some of its messages; answers how many. */
  *emptyLabel(a: { accountId: number; id: number; limit: number }): Work<number> {
    if ((yield* ownLabels(a.accountId, [a.id])).length === 0) return 0;
    const sql = 'select message_id as id from message_label where label_id = ? order by message_id limit ?';
    const ids = (yield* rows<{ id: number }>(sql, a.id, a.limit)).map(m => m.id);
    yield* labelMessages({ accountId: a.accountId, ids, labelId: a.id, on: false });
    // Should a message not know of it, the way to it goes all the same.
    yield* pointNoMoreAt(a.id, ids);
    return ids.length;
  },
  *dropLabel({ accountId, id }: { accountId: number; id: number }): Work<boolean> {
    const empty = 'not exists (select 1 from message_label where label_id = label.id)';
    return (yield* run(`delete from label where account_id = ? and id = ? and ${empty}`, accountId, id)) > 0;
  },
};

const slice = 500;

export function createLabels(read: Read, write: Write): Labels {
  const labelled = async (accountId: number, ids: number[], labelId: number, on: boolean): Promise<Labelling> => {
    const all: Labelling = { changed: [], ids: [] };
    for (let i = 0; i < ids.length; i += slice) {
      const some = await write('labelMessages', { accountId, ids: ids.slice(i, i + slice), labelId, on });
      all.changed.push(...some.changed);
      all.ids.push(...some.ids);
    }
    return all;
  };
  return {
    list: accountId =>
      read(rows<Label>(`select ${columns} from label where account_id = ? order by name_key`, accountId)),
    async among(accountId, ids) {
      const counts = new Map<number, number>();
      for (let i = 0; i < ids.length; i += slice) {
        const some = ids.slice(i, i + slice);
        const sql = `select labels from message where account_id = ? and labels <> '' and id in ${list(some)}`;
        for (const { labels } of await read(rows<{ labels: string }>(sql, accountId, ...some)))
          for (const id of labelsOf(labels)) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      return counts;
    },
    create: (accountId, label) => write('createLabel', { accountId, label }),
    change: (accountId, id, label) => write('changeLabel', { accountId, id, label }),
    async remove(accountId, id) {
      while ((await write('emptyLabel', { accountId, id, limit: slice })) > 0);
      return write('dropLabel', { accountId, id });
    },
    put: (accountId, ids, labelId) => labelled(accountId, ids, labelId, true),
    take: (accountId, ids, labelId) => labelled(accountId, ids, labelId, false),
  };
}
