/** Which list an address means, read from the store: a page of a folder, or of a search. */
import {
  parseSearch,
  type Query,
  type SearchContext,
  type SearchWords,
  wordsSought,
} from '../daemon/mail/search-query.ts';
import type { Conversation, Folder, Found, Message, PageKey } from '../daemon/store.ts';
import { emptyFolder } from '../views/folder.ts';
import { folderName, folderPath, type Screen } from '../views/layout.ts';
import { emptyState, type ListPane } from '../views/list.ts';
import type { Results } from '../views/search.ts';
import { hitExcerpts } from './excerpts.ts';
import { idOf } from './page.ts';
import type { Site } from './site.ts';

export const perPage = 50;

export function folderOf(folders: Folder[], name: string | undefined): Folder | null {
  const id = idOf(name);
  return folders.find(f => (id === null ? f.role !== null && f.role === name : f.id === id)) ?? null;
}

/** `before=1700000000000.42`: the key of the last row above. */
function keyOf(text: string | undefined): PageKey | null {
  const found = /^(\d{1,15})\.(\d{1,15})$/.exec(text ?? '');
  return found ? { listedAt: Number(found[1]), id: Number(found[2]) } : null;
}

export type ListQuery = { before?: string; q?: string; select?: string };

export async function folderList(
  site: Site,
  s: Screen,
  folder: Folder,
  query: ListQuery,
  open: Message | null,
): Promise<ListPane> {
  const before = keyOf(query.before);
  const page = await pageOf(site, s, folder, before);
  const path = folderPath(folder);
  return {
    title: folderName(s.w, folder),
    subtitle: subtitleOf(s, folder),
    folder,
    messages: page.messages,
    conversations: page.conversations,
    total: folder.total,
    keep: before ? `?before=${before.listedAt}.${before.id}` : '',
    newest: before ? path : null,
    older: page.next ? `${path}?before=${page.next.listedAt}.${page.next.id}` : null,
    open: page.messages.find(m => isOpen(m, open, page.conversations !== null))?.id ?? null,
    ticked: query.select === 'all',
    search: null,
    empty: emptyFolder(s, folder, before === null),
    main: open === null,
  };
}

type ListedPage = { messages: Message[]; conversations: Map<number, Conversation> | null; next: PageKey | null };

async function pageOf(site: Site, s: Screen, folder: Folder, before: PageKey | null): Promise<ListedPage> {
  if (s.account.flat)
    return { ...(await site.store.messages.page(s.account.id, folder.id, perPage, before)), conversations: null };
  const { conversations, next } = await site.store.conversations.page(s.account.id, folder.id, perPage, before);
  const messages = conversations.map(found => found.newest);
  return { messages, conversations: new Map(conversations.map(found => [found.newest.id, found])), next };
}

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
  const found = asked ? await firstFound(site, s.account.id, asked, beforeId) : nothing;
  s.mistaken = mistakes.length > 0;
  const sought = wordsSought(asked);
  const at = (before: number | null) => `?q=${encodeURIComponent(q)}${before === null ? '' : `&before=${before}`}`;
  const results: Results = {
    sought,
    excerpts: await hitExcerpts(site.store, found.messages, sought),
    mistakes,
    crowded: found.crowded,
    unfinished: found.unfinished,
    saved: s.saved.find(one => one.query === q) ?? null,
  };
  return {
    title: results.saved?.name ?? s.w.t('search.results', { query: q }),
    subtitle: '',
    folder: null,
    messages: found.messages,
    conversations: null,
    total: null,
    keep: at(beforeId),
    newest: beforeId === null ? null : `/search${at(null)}`,
    older: found.next === null ? null : `/search${at(found.next)}`,
    open: open?.id ?? null,
    ticked: query.select === 'all',
    search: results,
    empty: found.unfinished
      ? emptyState(s, 'search', s.w.t('search.unfinished.empty'), s.w.t('search.unfinished'))
      : emptyState(s, 'search', s.w.t('empty.search.title'), s.w.t('empty.search.body')),
    main: open === null,
  };
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

/** A further page of what the search finds; a short one is not the last. */
export async function findPage(
  site: Site,
  s: Screen,
  q: string,
  beforeId: number | null,
  limit: number,
): Promise<Found> {
  const { query } = parseSearch(q, contextOf(site, s));
  return query === null ? nothing : await site.store.search.find(s.account.id, query, limit, beforeId);
}

const nothing: Found = { messages: [], next: null, unfinished: false, crowded: [] };

const contextOf = (site: Site, s: Screen): SearchContext => ({
  now: site.now(),
  folderId: name => searchedFolder(s, name),
  labelId: name => s.labels.find(l => l.name.toLowerCase() === name.toLowerCase())?.id ?? null,
  startOfDay: s.w.startOfDay,
});

/** Words of the search that a message was opened from. */
export const soughtBy = (site: Site, s: Screen): SearchWords[] =>
  wordsSought(parseSearch(s.query, contextOf(site, s)).query);

/** `in:` names a folder by its role or by its name as shown, letter case aside. */
function searchedFolder(s: Screen, name: string): number | null {
  const wanted = name.toLowerCase();
  return s.folders.find(f => f.role === wanted || folderName(s.w, f).toLowerCase() === wanted)?.id ?? null;
}
