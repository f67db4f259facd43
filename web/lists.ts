/** Which list an address means, read from the store: a page of a folder, or of a search. */
import {
  parseSearch,
  type Query,
  type SearchContext,
  type SearchWords,
  wordsSought,
} from '../daemon/mail/search-query.ts';
import { type Conversation, type Folder, type Found, type Message, mostSorted } from '../daemon/store.ts';
import { aboveFolder, emptyFolder } from '../views/folder.ts';
import { folderName, folderPath, type Screen } from '../views/layout.ts';
import { emptyState, type ListPane } from '../views/list.ts';
import type { Results } from '../views/search.ts';
import { isUsual, type Sorting, sortNames, sortQuery } from '../views/sort.ts';
import type { Html } from '../views/words.ts';
import { idOf } from './page.ts';
import type { Site } from './site.ts';

export const perPage = 50;

export function folderOf(folders: Folder[], name: string | undefined): Folder | null {
  const id = idOf(name);
  return folders.find(f => (id === null ? f.role !== null && f.role === name : f.id === id)) ?? null;
}

/** `before=1700000000000.42`: the key of the last row above. */
function keyOf(text: string): { value: number; id: number } | null {
  const found = /^(\d{1,15})\.(\d{1,15})$/.exec(text);
  return found ? { value: Number(found[1]), id: Number(found[2]) } : null;
}

export type ListQuery = { before?: string; q?: string; select?: string; sort?: string };

export async function folderList(
  site: Site,
  s: Screen,
  folder: Folder,
  query: ListQuery,
  open: Message | null,
): Promise<ListPane> {
  const path = folderPath(folder);
  const sorting = folder.role === 'snoozed' ? null : sortingOf(query.sort, folder);
  const page = await pageOf(site, s, folder, sorting, query.before ?? '');
  const sort = sorting ? sortQuery(sorting) : '';
  const at = (key: string) => `${sort}${sort === '' ? '?' : '&'}before=${encodeURIComponent(key)}`;
  const here = page.isFirst ? sort : at(query.before ?? '');
  return {
    title: folderName(s.w, folder),
    subtitle: subtitleOf(s, folder),
    folder,
    messages: page.messages,
    conversations: page.conversations,
    untils: page.untils,
    sorting: sorting && folder.total > 1 ? sorting : null,
    total: folder.total,
    keep: here,
    newest: page.isFirst ? null : `${path}${sort}`,
    older: page.next === null ? null : `${path}${at(page.next)}`,
    open: page.messages.find(m => isOpen(m, open, page.conversations !== null))?.id ?? null,
    ticked: query.select === 'all',
    search: null,
    above: aboveFolder(s, folder),
    empty: emptyFolder(s, folder, page.isFirst),
    main: open === null,
  };
}

/** `sort=-size`: by size, turned round. */
function sortingOf(asked: string | undefined, folder: Folder): Sorting {
  const [, turned = '', name = ''] = /^(-?)([a-z]+)$/.exec(asked ?? '') ?? [];
  const by = sortNames.find(n => n === name) ?? 'date';
  const most = by !== 'date' && folder.total > mostSorted ? mostSorted : null;
  const toWhom = folder.role === 'sent';
  return { by, reversed: turned !== '', path: folderPath(folder), toWhom, most };
}

type ListedPage = {
  messages: Message[];
  conversations: Map<number, Conversation> | null;
  untils: Map<number, number> | null;
  isFirst: boolean;
  /** What `before` is for the page below; null: there is none. */
  next: string | null;
};

async function pageOf(
  site: Site,
  s: Screen,
  folder: Folder,
  sorting: Sorting | null,
  before: string,
): Promise<ListedPage> {
  if (folder.role === 'snoozed') return snoozedPage(site, s, before);
  if (sorting && !isUsual(sorting)) return sortedPage(site, s, folder, sorting, before);
  const key = keyOf(before);
  const at = key && { listedAt: key.value, id: key.id };
  const page = s.account.flat
    ? { ...(await site.store.messages.page(s.account.id, folder.id, perPage, at)), conversations: null }
    : await site.store.conversations.page(s.account.id, folder.id, perPage, at);
  const messages = page.conversations ? page.conversations.map(found => found.newest) : page.messages;
  return {
    messages,
    conversations: byMessage(page.conversations),
    untils: null,
    isFirst: at === null,
    next: page.next && keyText(page.next.listedAt, page.next.id),
  };
}

async function snoozedPage(site: Site, s: Screen, before: string): Promise<ListedPage> {
  const key = keyOf(before);
  const after = key && { until: key.value, id: key.id };
  const page = await site.store.snoozes.page(s.account.id, perPage, !s.account.flat, after);
  return {
    messages: page.waiting.map(w => w.message),
    conversations: byMessage(page.conversations),
    untils: new Map(page.waiting.map(w => [w.message.id, w.until])),
    isFirst: after === null,
    next: page.next && keyText(page.next.until, page.next.id),
  };
}

const columns = { subject: 'subject', size: 'size', date: 'date' } as const;

async function sortedPage(site: Site, s: Screen, folder: Folder, o: Sorting, before: string): Promise<ListedPage> {
  const by = o.by === 'sender' ? (o.toWhom ? 'to' : 'from') : columns[o.by];
  const isNumber = by === 'size' || by === 'date';
  const [, value = '', id = ''] = /^(.{0,80})\.(\d{1,15})$/su.exec(before) ?? [];
  const after = id === '' ? null : { value: isNumber ? Number(value) || 0 : value, id: Number(id) };
  // The largest or newest first, unless it is turned round.
  const descending = isNumber !== o.reversed;
  const wish = { by, descending, whole: !s.account.flat, limit: perPage, after } as const;
  const page = await site.store.messages.sorted(s.account.id, folder.id, wish);
  return {
    messages: page.messages,
    conversations: byMessage(page.conversations),
    untils: null,
    isFirst: after === null,
    next: page.next && keyText(page.next.value, page.next.id),
  };
}

const keyText = (value: string | number, id: number): string => `${value}.${id}`;

const byMessage = (some: Conversation[] | null): Map<number, Conversation> | null =>
  some && new Map(some.map(found => [found.newest.id, found]));

const isOpen = (m: Message, open: Message | null, whole: boolean): boolean =>
  m.id === open?.id || (whole && m.conversation > 0 && m.conversation === open?.conversation);

function subtitleOf({ w }: Screen, folder: Folder): string {
  if (folder.unread > 0) return w.t('app.unread', { n: folder.unread });
  return folder.total > 0 ? w.t('list.messages', { n: folder.total }) : '';
}

/** The list of a search; its pages hang on the id of the row above. */
export async function searchList(site: Site, s: Screen, query: ListQuery, open: Message | null): Promise<ListPane> {
  const q = query.q ?? '';
  const beforeId = idOf(query.before);
  const { query: asked, mistakes } = parseSearch(q, contextOf(site, s));
  const found = asked ? await firstFound(site, s.account.id, withoutAway(s, asked), beforeId) : nothing;
  const label = asked?.kind === 'label' ? s.labels.find(l => l.id === asked.id) : undefined;
  s.mistaken = mistakes.length > 0;
  const sought = wordsSought(asked);
  const at = (before: number | null) => `?q=${encodeURIComponent(q)}${before === null ? '' : `&before=${before}`}`;
  const results: Results = {
    sought,
    excerpts: await site.excerpts.around(found.messages, sought),
    mistakes,
    crowded: found.crowded,
    unfinished: found.unfinished,
    saved: s.saved.find(one => one.query === q) ?? null,
  };
  return {
    title: label?.name ?? results.saved?.name ?? s.w.t('search.results', { query: q }),
    subtitle: label ? s.w.t('list.messages', { n: label.total }) : '',
    folder: null,
    messages: found.messages,
    conversations: null,
    untils: null,
    sorting: null,
    total: query.select === 'all' && isOneOfMany(found, beforeId) ? await countFound(site, s, q) : null,
    keep: at(beforeId),
    newest: beforeId === null ? null : `/search${at(null)}`,
    older: found.next === null ? null : `/search${at(found.next)}`,
    open: open?.id ?? null,
    ticked: query.select === 'all',
    search: results,
    above: null,
    empty: emptyOf(s, asked, found),
    main: open === null,
  };
}

function emptyOf(s: Screen, asked: Query | null, { unfinished }: Found): Html {
  const { t } = s.w;
  if (asked === null) return emptyState(s, 'search', t('search.nothing'), t('search.nothing.body'));
  if (unfinished) return emptyState(s, 'search', t('search.unfinished.empty'), t('search.unfinished'));
  return emptyState(s, 'search', t('empty.search.title'), t('empty.search.body'));
}

/** An empty page is worth a longer look; between the looks others get their turn. */
const mostLooks = 5;

async function firstFound(site: Site, accountId: number, asked: Query, beforeId: number | null): Promise<Found> {
  let found = await site.store.search.find(accountId, asked, perPage, beforeId);
  for (let looks = 1; found.unfinished && found.messages.length === 0 && looks < mostLooks; looks++) {
    await new Promise<void>(resolve => setImmediate(resolve));
    found = await site.store.search.find(accountId, asked, perPage, found.next);
  }
  return found;
}

const isOneOfMany = (found: Found, beforeId: number | null): boolean => found.next !== null || beforeId !== null;

/** Of more no number is given. */
const mostCounted = 20_000;
const countedAtOnce = 500;

/** How many messages a search finds; null: too many, or it would take too long to look. */
export async function countFound(site: Site, s: Screen, q: string): Promise<number | null> {
  let [count, looks] = [0, 0];
  for (let before: number | null = null; ; ) {
    const { messages, next, unfinished }: Found = await findPage(site, s, q, before, countedAtOnce);
    count += messages.length;
    looks += Number(unfinished);
    if (next === null) return count;
    if (count > mostCounted || looks > mostLooks) return null;
    before = next;
    await new Promise<void>(resolve => setImmediate(resolve));
  }
}

/** A further page of what the search finds; a short one is not the last. */
export async function findPage(
  site: Site,
  s: Screen,
  q: string,
  beforeId: number | null,
  limit: number,
): Promise<Found> {
  const { query } = parseSearch(q, contextOf(site, s));
  return query === null ? nothing : await site.store.search.find(s.account.id, withoutAway(s, query), limit, beforeId);
}

/** What is thrown away keeps its labels, and is seen under them only where a folder is asked for. */
function withoutAway(s: Screen, query: Query): Query {
  if (!names(query, 'label') || names(query, 'folder')) return query;
  const away = s.folders.filter(f => f.role === 'trash' || f.role === 'junk');
  return { kind: 'and', of: [query, ...away.map((f): Query => ({ kind: 'not', of: { kind: 'folder', id: f.id } }))] };
}

function names(query: Query, kind: 'label' | 'folder'): boolean {
  if (query.kind === 'and' || query.kind === 'or') return query.of.some(part => names(part, kind));
  return query.kind === 'not' ? names(query.of, kind) : query.kind === kind;
}

const nothing: Found = { messages: [], next: null, unfinished: false, crowded: [] };

const contextOf = (site: Site, s: Screen): SearchContext => ({
  now: site.now(),
  me: s.account.address,
  folderId: name => searchedFolder(s, name),
  labelId: name => s.labels.find(l => l.name.toLowerCase() === name.toLowerCase())?.id ?? null,
  startOfDay: s.w.startOfDay,
});

/** Words of the search that a message was opened from. */
export const soughtBy = (site: Site, s: Screen): SearchWords[] =>
  wordsSought(parseSearch(s.query, contextOf(site, s)).query);

/** What Gmail calls folders of ours. */
const otherNames: Record<string, string> = { spam: 'junk', bin: 'trash', draft: 'drafts' };

/** `in:` names a folder by its role or by its name as shown, letter case aside. */
function searchedFolder(s: Screen, name: string): number | 'drafts' | null {
  const wanted = name.toLowerCase();
  const named = (one: string) => s.folders.find(f => f.role === one || folderName(s.w, f).toLowerCase() === one);
  const found = named(wanted) ?? (Object.hasOwn(otherNames, wanted) ? named(otherNames[wanted]!) : undefined);
  return found?.role === 'drafts' ? 'drafts' : (found?.id ?? null);
}
