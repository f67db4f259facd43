import type { IndexText } from '../mail/index-text.ts';
import { nameKey } from '../mail/kinship.ts';
import type { Query, SearchField, SearchWords } from '../mail/search-query.ts';
import { attached, largerThan, receivedBefore, receivedSince, smallerThan } from './facts.ts';
import { Flag } from './shapes.ts';
import { type IndexQuery, row, rows, type Stretch, type Value, type Work } from './sql.ts';
import { sqliteDialect } from './sqlite.ts';

/** Which part of a search the index answers, and what is asked of the rows it names. */
export type SearchPlan = {
  accountId: number;
  index(stretch: Stretch): Matching;
  /** The index says nothing of it: rows alone decide. */
  rowsOnly: boolean;
  /** The condition on `message m` of a stretch; an empty text: none. */
  row(stretch: Stretch): Condition;
  crowded: string[];
};

type Matching = ReturnType<typeof sqliteDialect.match>;
type Condition = { text: string; params: Value[] };

/** More words than this begin so: it is no beginning that says anything. */
const mostBeginnings = 64;
/** A character of a script without spaces begins many pairs. */
const mostPairs = 256;

/** Words of the tree with all their continuations, `not` only around what is no `and`, `or` or `not`. */
type Tree =
  | { kind: 'and' | 'or'; of: Tree[] }
  | { kind: 'words'; in: SearchField; ways: string[][]; not: boolean }
  | { kind: 'leaf'; leaf: Exclude<Query, { kind: 'and' | 'or' | 'not' | 'words' }>; not: boolean };

export function* planOf(accountId: number, query: Query): Work<SearchPlan> {
  const crowded: string[] = [];
  const tree = yield* treeOf(query, false, crowded);
  const part = indexPart(tree);
  const asked = part ?? { all: [] };
  const match = (stretch: Stretch) => (q: IndexQuery) => sqliteDialect.match(accountId, q, stretch);
  return {
    accountId,
    index: stretch => match(stretch)(asked),
    rowsOnly: part === null,
    row: stretch => (isExact(tree) ? { text: '', params: [] } : rowPart(tree, match(stretch))),
    crowded,
  };
}

function* treeOf(query: Query, not: boolean, crowded: string[]): Work<Tree> {
  if (query.kind === 'not') return yield* treeOf(query.of, !not, crowded);
  if (query.kind === 'words') {
    return { kind: 'words', in: query.in, ways: yield* waysOf(query, crowded), not };
  }
  if (query.kind !== 'and' && query.kind !== 'or') return { kind: 'leaf', leaf: query, not };
  const of: Tree[] = [];
  for (const part of query.of) of.push(yield* treeOf(part, not, crowded));
  const other = query.kind === 'and' ? 'or' : 'and';
  return { kind: not ? other : query.kind, of };
}

/** The words, and those with longer words at their end. */
function* waysOf({ words, begins }: SearchWords, crowded: string[]): Work<string[][]> {
  if (!begins) return [words];
  const last = words.at(-1)!;
  const most = [...last].length === 1 ? mostPairs : mostBeginnings;
  const longer = yield* sqliteDialect.beginnings(last, most + 1);
  if (longer.length <= most) return [words, ...longer.map(word => [...words.slice(0, -1), word])];
  if (!crowded.includes(last)) crowded.push(last);
  return [words];
}

const columns: Record<SearchField, (keyof IndexText)[]> = {
  any: ['subject', 'from', 'to', 'cc', 'files', 'body'],
  people: ['from', 'to', 'cc'],
  subject: ['subject'],
  from: ['from'],
  to: ['to', 'cc'],
  cc: ['cc'],
  files: ['files'],
};

/** What the index says of it: everything that matches, and perhaps more. Null: it says nothing. */
function indexPart(tree: Tree): IndexQuery | null {
  if (tree.kind === 'words') {
    const any = tree.ways.map(words => ({ words, in: columns[tree.in] }));
    return negated(any.length === 1 ? any[0]! : { any }, tree.not);
  }
  if (tree.kind === 'leaf') return leafIndex(tree.leaf, tree.not);
  const parts = tree.of.map(indexPart);
  const known = parts.filter(part => part !== null);
  if (tree.kind === 'or') return known.length === parts.length ? { any: known } : null;
  return known.length > 0 || parts.length === 0 ? { all: known } : null;
}

const negated = (query: IndexQuery, not: boolean): IndexQuery => (not ? { not: query } : query);

function leafIndex(leaf: (Tree & { kind: 'leaf' })['leaf'], not: boolean): IndexQuery | null {
  switch (leaf.kind) {
    case 'attachment':
      return negated({ fact: attached }, not);
    case 'larger':
    case 'smaller':
      return (leaf.kind === 'larger') === not ? smallerThan(leaf.octets) : largerThan(leaf.octets);
    case 'before':
    case 'since':
      return (leaf.kind === 'before') === not ? receivedSince(leaf.at) : receivedBefore(leaf.at);
    default:
      return null;
  }
}

/** Does the index say neither more nor less? */
function isExact(tree: Tree): boolean {
  if (tree.kind === 'words') return true;
  return tree.kind === 'leaf' ? tree.leaf.kind === 'attachment' : tree.of.every(isExact);
}

type Asking = (query: IndexQuery) => Matching;

/** For an inexact tree. In an `and` the exact parts are left to the index; in an `or` it must be asked again. */
function rowPart(tree: Tree, asking: Asking): Condition {
  if (tree.kind === 'leaf') return leafRow(tree.leaf, tree.not);
  if (tree.kind === 'words') return askedAgain(tree, asking);
  const parts = tree.kind === 'and' ? tree.of.filter(part => !isExact(part)) : tree.of;
  const conditions = parts.map(part => (isExact(part) ? askedAgain(part, asking) : rowPart(part, asking)));
  return {
    text: `(${conditions.map(c => c.text).join(tree.kind === 'and' ? ' and ' : ' or ')})`,
    params: conditions.flatMap(c => c.params),
  };
}

function askedAgain(tree: Tree, asking: Asking): Condition {
  const { from, id, where, params } = asking(indexPart(tree) ?? { all: [] });
  return { text: `m.id in (select ${id} from ${from} where ${where})`, params };
}

const carries = 'select 1 from message_label l where l.label_id = ?';
const mutes =
  'select 1 from muted_conversation u where u.account_id = m.account_id and u.conversation = m.conversation';
const sleeps = "select 1 from wake w where w.message_id = m.id and w.kind = 'snooze'";
const sentTo = `select 1 from submission s where s.content_id = m.content_id and s.account_id = m.account_id
  and lower(s.recipients) like ? escape '\\'`;
const markBits = { seen: Flag.seen, flagged: Flag.flagged, answered: Flag.answered, forwarded: Flag.forwarded };

function leafRow(leaf: (Tree & { kind: 'leaf' })['leaf'], not: boolean): Condition {
  switch (leaf.kind) {
    case 'folder':
      return { text: `m.folder_id ${not ? '<>' : '='} ?`, params: [leaf.id] };
    case 'label':
      return { text: `${not ? 'not ' : ''}exists (${carries} and l.message_id = m.id)`, params: [leaf.id] };
    case 'mark':
      return { text: `(m.flags & ${markBits[leaf.mark]}) ${not ? '=' : '<>'} 0`, params: [] };
    case 'attachment':
      return { text: `m.attachments ${not ? '=' : '>'} 0`, params: [] };
    case 'muted':
      return { text: `${not ? 'not ' : ''}exists (${mutes})`, params: [] };
    case 'snoozed':
      return { text: `${not ? 'not ' : ''}exists (${sleeps})`, params: [] };
    case 'messageId':
      return { text: `coalesce(m.message_id, '') ${not ? '<>' : '='} ?`, params: [leaf.id] };
    case 'recipient':
      return { text: `${not ? 'not ' : ''}exists (${sentTo})`, params: [`%${leaf.part.replace(/[\\%_]/g, '\\$&')}%`] };
    case 'larger':
      return { text: `m.size ${not ? '<=' : '>'} ?`, params: [leaf.octets] };
    case 'smaller':
      return { text: `m.size ${not ? '>=' : '<'} ?`, params: [leaf.octets] };
    case 'before':
      return { text: `m.received_at ${not ? '>=' : '<'} ?`, params: [leaf.at] };
    case 'since':
      return { text: `m.received_at ${not ? '<' : '>='} ?`, params: [leaf.at] };
  }
}

/** All that can match, newest first, where a condition alone leaves only a few. `more`: older ones are not named yet. */
export type Candidates = { ids: number[]; more: boolean };
const mostCandidates = 500;

/**
 * What changes of a message is not in the full-text index: few in a folder, or few starred, are found this way. A label
 * names its messages from the newest on, so it leads however many they are.
 */
export function* candidatesOf(accountId: number, query: Query, before: number | null): Work<Candidates | null> {
  let led: Candidates | null = null;
  for (const part of query.kind === 'and' ? query.of : [query]) {
    const source = part.kind === 'label' ? labelled(accountId, part.id) : yield* sourceOf(accountId, part);
    if (!source) continue;
    const found = yield* rows<{ id: number }>(
      `select ${source.id} as id from ${source.from} where ${source.text}${before === null ? '' : ` and ${source.id} < ?`}
        order by ${source.id} desc limit ?`,
      ...source.params,
      ...(before === null ? [] : [before]),
      mostCandidates + 1,
    );
    const ids = found.map(m => m.id);
    if (ids.length <= mostCandidates) return { ids, more: false };
    if (part.kind === 'label') led ??= { ids: ids.slice(0, mostCandidates), more: true };
  }
  return led;
}

/** Where ids are read from, newest first. */
type Source = Condition & { from: string; id: string };
const ofMessages = { from: 'message m', id: 'm.id' };

const labelled = (accountId: number, id: number): Source => ({
  from: 'message_label l',
  id: 'l.message_id',
  text: 'l.label_id = ? and exists (select 1 from label where id = l.label_id and account_id = ?)',
  params: [id, accountId],
});

/** A condition that an index of the table answers in the order of ids; null: there is none for this. */
function* sourceOf(accountId: number, part: Query): Work<Source | null> {
  if (part.kind === 'folder') return yield* smallFolder(accountId, part.id);
  if (part.kind === 'snoozed')
    return { from: 'wake w', id: 'w.message_id', text: "w.account_id = ? and w.kind = 'snooze'", params: [accountId] };
  if (part.kind === 'muted') return { ...ofMuted, text: 'u.account_id = ?', params: [accountId] };
  if (part.kind === 'messageId') return yield* ofName(accountId, part.id);
  const unread = part.kind === 'not' && part.of.kind === 'mark' && part.of.mark === 'seen';
  if (unread) return { ...ofMessages, text: 'm.account_id = ? and (m.flags & 1) = 0', params: [accountId] };
  if (part.kind !== 'mark' || part.mark === 'seen') return null;
  // The first condition is that of the index, word for word.
  return {
    ...ofMessages,
    text: `m.account_id = ? and (m.flags & 22) <> 0 and (m.flags & ${markBits[part.mark]}) <> 0`,
    params: [accountId],
  };
}

const ofMuted = {
  from: `muted_conversation u cross join message m on m.conversation = u.conversation and m.account_id = u.account_id`,
  id: 'm.id',
};

/** Names lead to conversations, and where one was full, to the next: who is not there is looked for everywhere. */
function* ofName(accountId: number, id: string): Work<Source | null> {
  const source: Source = {
    ...ofMessages,
    text: `m.conversation = (select conversation from message_name where account_id = ? and name = ?)
      and m.account_id = ? and m.message_id = ?`,
    params: [accountId, nameKey(id), accountId, id],
  };
  const there = yield* row(`select 1 from ${source.from} where ${source.text} limit 1`, ...source.params);
  return there === undefined ? null : source;
}

/** Its list is in the order of arrival, so all of it is read to be sorted: only when that is little. */
function* smallFolder(accountId: number, id: number): Work<Source | null> {
  const total = (yield* row<{ total: number }>(
    'select total from folder where id = ? and account_id = ?',
    id,
    accountId,
  ))?.total;
  if (total !== undefined && total > mostCandidates) return null;
  return { ...ofMessages, text: 'm.folder_id = ? and m.account_id = ?', params: [id, accountId] };
}
