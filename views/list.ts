/** A list of messages: the pane of a folder, of a search, and beside an open message. */
import { html } from 'hono/html';
import type { Conversation, Folder, Message } from '../daemon/store.ts';
import { actions, choices, toolButton } from './actions.ts';
import { icon, type Screen } from './layout.ts';
import { narrow } from './narrow.ts';
import { rowsOf } from './row.ts';
import { aboveResults, keepForm, keeping, type Results } from './search.ts';
import { isUsual, type Sorting, sortedNote, sortMenu } from './sort.ts';
import type { Html } from './words.ts';

export type ListPane = {
  title: string;
  /** A short line beside the title; empty: none. */
  subtitle: string;
  /** The folder listed; null: a search, whose rows may lie in any. */
  folder: Folder | null;
  messages: Message[];
  /** What each row stands for, by the id of its message; null: each for itself. */
  conversations: Map<number, Conversation> | null;
  /** All messages listed, on all pages; null: it was not counted. */
  total: number | null;
  /** Appended to each row's link, so that the list stays beside an open message: `?before=…`; empty: none. */
  keep: string;
  /** Address of the first page, and of the next; null: there is none. */
  newest: string | null;
  older: string | null;
  /** The open message; null: none. */
  open: number | null;
  /** Rows come ticked (select all without script). */
  ticked: boolean;
  /** Until when each row is snoozed, by the id of its message; null: it is no list of snoozed ones. */
  untils: Map<number, number> | null;
  /** How it is sorted, and may be; null: by date only. */
  sorting: Sorting | null;
  /** What a search adds to its list; null: it is a folder's. */
  search: Results | null;
  /** Stands above the rows; null: nothing. */
  above: Html | null;
  /** What to say when there are no rows. */
  empty: Html;
  /** Is this list the page's subject, or does it stand beside a message? */
  main: boolean;
};

export function listPane(s: Screen, p: ListPane): Html {
  const heading = p.main
    ? html`<h1 id="list-title">${narrow(p.title)}</h1>`
    : html`<h2 id="list-title" class="h1">${narrow(p.title)}</h2>`;
  return html`<section id="list" class="list" aria-labelledby="list-title" data-folder="${p.folder?.id ?? ''}" data-modseq="${s.account.modseq}" data-here="${s.here}">
${p.search && p.main ? keepForm(s, p.search) : ''}<form id="list-form" method="post" action="/messages/moves" data-selection="${s.w.forms('list.selected')}">
<input type="hidden" name="back" value="${s.here}">${p.conversations ? html`<input type="hidden" name="whole" value="1">` : ''}
<header class="list-head"><div class="list-title">${heading}<small>${p.subtitle}</small>${p.search && p.main ? keeping(s, p.search) : ''}</div>${p.sorting ? sortMenu(s, p.sorting) : ''}${tools(s, p)}</header>
${p.search ? aboveResults(s, p.search) : ''}${p.sorting ? sortedNote(s, p.sorting) : ''}${p.above ?? ''}${every(s, p)}${p.messages.length === 0 ? p.empty : html`<ol class="rows" aria-label="${s.w.t('list.rows')}">${rowsOf(s, p)}</ol>`}
${pages(s, p)}
</form>
</section>`;
}

function tools(s: Screen, p: ListPane): Html {
  if (p.messages.length === 0) return html``;
  return html`<div class="tools" role="group" aria-label="${s.w.t('list.tools')}">
<a class="button plain icon-only tick-all" href="${withAll(s.here, !p.ticked)}" role="button" data-all aria-label="${s.w.t(p.ticked ? 'list.none' : 'list.all')}" title="${s.w.t(p.ticked ? 'list.none' : 'list.all')}"><span class="box" aria-hidden="true"></span></a>
<span class="selected-count" data-count></span>
<span class="on-select">${bulk(s, p)}</span>
</div>`;
}

/** Once all rows are ticked: whether the pages below and above are meant, too. The server counts the rows itself. */
function every(s: Screen, p: ListPane): Html {
  if (p.newest === null && p.older === null) return html``;
  const words =
    p.folder === null || p.total === null
      ? everyFound(s, p.total)
      : everyWords(s, s.w.t('list.every', { n: p.total, folder: p.title }), p.total);
  return html`<p class="every"><input type="hidden" name="rows" value="${p.messages.length}">${p.folder === null ? html`<input type="hidden" name="q" value="${s.query}">` : html`<input type="hidden" name="in" value="${p.folder.id}">`}<label><input type="checkbox" name="every" value="1" data-every>${words}</label></p>`;
}

/** What a search finds is counted when all of it is to be selected. `total`: null: not yet, or it is too much to count. */
export function everyFound(s: Screen, total: number | null): Html {
  if (total !== null) return everyWords(s, s.w.t('list.every.found', { n: total }), total);
  return everyWords(s, s.w.t('list.every.search'), null, `/search/total?q=${encodeURIComponent(s.query)}`);
}

/** `counting`: where script asks for the number. */
const everyWords = (s: Screen, words: string, total: number | null, counting = ''): Html =>
  html`<span data-chosen="${total === null ? s.w.t('list.all.selected') : s.w.t('list.selected', { n: total })}"${counting === '' ? '' : html` data-href="${counting}"`}>${words}</span>`;

const withAll = (here: string, all: boolean): string => {
  if (all && !here.includes('select=')) return `${here}${here.includes('?') ? '&' : '?'}select=all`;
  const url = new URL(here, 'http://local');
  if (all) url.searchParams.set('select', 'all');
  else url.searchParams.delete('select');
  return url.pathname + url.search;
};

function bulk(s: Screen, p: ListPane): Html {
  return html`${[...actions(p.folder), ...choices(p.folder)].map(a => toolButton(s, a))}`;
}

function pages(s: Screen, p: ListPane): Html {
  if (p.newest === null && p.older === null) return html``;
  const usual = p.sorting === null || isUsual(p.sorting);
  const older = s.w.t(p.search?.unfinished ? 'search.go.on' : usual ? 'list.older' : 'list.next');
  return html`${p.search?.unfinished && p.messages.length > 0 ? html`<p class="unfinished">${s.w.t('search.unfinished')}</p>` : ''}<nav class="pages" aria-label="${s.w.t('list.pages')}">${p.newest === null ? html`<span></span>` : html`<a class="button" href="${p.newest}">${icon(s, 'chevron-left')}${s.w.t(usual ? 'list.newest' : 'list.first')}</a>`}${p.older === null ? html`<small>${s.w.t('list.end')}</small>` : html`<a class="button" href="${p.older}" rel="next">${older}${icon(s, 'chevron-right')}</a>`}</nav>`;
}

/** Says what to do next, where there is nothing to show. */
export const emptyState = (s: Screen, sign: string, title: string, body: string | Html, next: Html = html``): Html =>
  html`<div class="empty">${icon(s, sign)}<p class="empty-title">${title}</p><p>${body}</p>${next}</div>`;
