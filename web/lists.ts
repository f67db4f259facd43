/** Which list an address means, read from the store: a page of a folder, or of a search. */
import type { Conversation, Folder, Message, PageKey } from '../daemon/store.ts';
import { emptyFolder } from '../views/folder.ts';
import { folderName, folderPath, type Screen } from '../views/layout.ts';
import { emptyState, type ListPane } from '../views/list.ts';
import { idOf } from './page.ts';
import { parseQuery } from './query.ts';
import type { Site } from './site.ts';

export const perPage = 50;

export function folderOf(folders: Folder[], name: string | undefined): Folder | null {
  const id = idOf(name);
  return folders.find(f => (id === null ? f.role !== null && f.role === name : f.id === id)) ?? null;
}

/** `before=1700000000000.42`: the key of the last row above. */
function keyOf(text: string | undefined): PageKey | null {
  const found = /^(\d{1,15})\.(\d{1,15})$/.exec(text ?? '');
  return found ? { receivedAt: Number(found[1]), id: Number(found[2]) } : null;
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
    keep: before ? `?before=${before.receivedAt}.${before.id}` : '',
    newest: before ? path : null,
    older: page.next ? `${path}?before=${page.next.receivedAt}.${page.next.id}` : null,
    open: page.messages.find(m => isOpen(m, open, page.conversations !== null))?.id ?? null,
    ticked: query.select === 'all',
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
  const found = await findPage(site, s, q, beforeId);
  const messages = found.slice(0, perPage);
  const at = (before: number | null) => `?q=${encodeURIComponent(q)}${before === null ? '' : `&before=${before}`}`;
  return {
    title: s.w.t('search.results', { query: q }),
    subtitle: '',
    folder: null,
    messages,
    conversations: null,
    total: null,
    keep: at(beforeId),
    newest: beforeId === null ? null : `/search${at(null)}`,
    older: found.length > perPage ? `/search${at(messages.at(-1)?.id ?? null)}` : null,
    open: open?.id ?? null,
    ticked: query.select === 'all',
    empty: emptyState(s, 'search', s.w.t('empty.search.title'), s.w.t('empty.search.body')),
    main: open === null,
  };
}

export async function findPage(
  site: Site,
  s: Screen,
  q: string,
  beforeId: number | null,
  limit = perPage + 1,
): Promise<Message[]> {
  const search = parseQuery(q, name => searchedFolder(s, name), site.now());
  return search === null ? [] : site.store.search.find(s.account.id, search, limit, beforeId);
}

/** `in:` names a folder by its role or by its name as shown, letter case aside. */
function searchedFolder(s: Screen, name: string): number | null {
  const wanted = name.toLowerCase();
  return s.folders.find(f => f.role === wanted || folderName(s.w, f).toLowerCase() === wanted)?.id ?? null;
}
