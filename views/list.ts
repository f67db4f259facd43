/** A list of messages: the pane of a folder, of a search, and beside an open message. */
import { html } from 'hono/html';
import { soughtIn } from '../daemon/mail/search-hits.ts';
import type { SearchField } from '../daemon/mail/search-query.ts';
import { type Conversation, Flag, type Folder, type Message } from '../daemon/store.ts';
import { type Action, act, actions, choices, forOne, toolButton } from './actions.ts';
import { authorOf } from './conversation.ts';
import { chips } from './labels.ts';
import { folderName, folderPath, icon, type Screen } from './layout.ts';
import { marked } from './marked.ts';
import { aboveResults, keepForm, keeping, type Results } from './search.ts';
import { type Sorting, sortedNote, sortMenu } from './sort.ts';
import { type Html, inOrder, type Key, type Words } from './words.ts';

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
    ? html`<h1 id="list-title">${p.title}</h1>`
    : html`<h2 id="list-title" class="h1">${p.title}</h2>`;
  return html`<section id="list" class="list" aria-labelledby="list-title" data-folder="${p.folder?.id ?? ''}" data-modseq="${s.account.modseq}" data-here="${s.here}">
${p.search && p.main ? keepForm(s, p.search) : ''}<form id="list-form" method="post" action="/messages/moves" data-selection="${s.w.forms('list.selected')}">
<input type="hidden" name="back" value="${s.here}">${p.conversations ? html`<input type="hidden" name="whole" value="1">` : ''}
<header class="list-head"><div class="list-title">${heading}<small>${p.subtitle}</small>${p.search && p.main ? keeping(s, p.search) : ''}</div>${p.sorting ? sortMenu(s, p.sorting) : ''}${tools(s, p)}</header>
${p.search ? aboveResults(s, p.search) : ''}${p.sorting ? sortedNote(s, p.sorting) : ''}${p.above ?? ''}${every(s, p)}${p.messages.length === 0 ? p.empty : html`<ol class="rows" aria-label="${s.w.t('list.rows')}">${p.messages.map(m => row(s, p, m))}</ol>`}
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
      ? s.w.t('list.every.search')
      : s.w.t('list.every', { n: p.total, folder: p.title });
  return html`<p class="every"><input type="hidden" name="rows" value="${p.messages.length}">${p.folder === null ? html`<input type="hidden" name="q" value="${s.query}">` : html`<input type="hidden" name="in" value="${p.folder.id}">`}<label><input type="checkbox" name="every" value="1" data-every data-chosen="${p.total === null ? s.w.t('list.all.selected') : s.w.t('list.selected', { n: p.total })}"><span>${words}</span></label></p>`;
}

const withAll = (here: string, all: boolean): string => {
  const url = new URL(here, 'http://local');
  if (all) url.searchParams.set('select', 'all');
  else url.searchParams.delete('select');
  return url.pathname + url.search;
};

function bulk(s: Screen, p: ListPane): Html {
  return html`${[...actions(p.folder), ...choices(p.folder)].map(a => toolButton(s, a))}`;
}

type Marks = 'flagged' | 'answered' | 'forwarded' | 'attachments' | 'returned' | 'unanswered' | 'labels';

/** A row as it is drawn: of a message, or of a conversation by its newest one. */
type Row = Pick<Conversation, Marks> & {
  message: Message;
  /** Whose it is: a name, or the few to name of a conversation, `…` for those left out. */
  who: string[];
  /** Messages of the conversation; 1: only this one. */
  count: number;
  unread: boolean;
};

function rowOf(s: Screen, p: ListPane, m: Message): Row {
  const c = p.conversations?.get(m.id);
  if (c && c.total > 1)
    return { ...c, message: m, who: peopleOf(s, p.folder, c), count: c.total, unread: c.unread > 0 };
  const has = (bit: number) => (m.flags & bit) !== 0;
  return {
    message: m,
    who: [whoOf(s.w, p.folder, m)],
    count: 1,
    unread: !has(Flag.seen),
    flagged: has(Flag.flagged),
    answered: has(Flag.answered),
    forwarded: has(Flag.forwarded),
    attachments: m.attachments,
    returned: has(Flag.returned),
    unanswered: has(Flag.unanswered),
    labels: m.labels,
  };
}

function row(s: Screen, p: ListPane, m: Message): Html {
  const r = rowOf(s, p, m);
  const subject = m.subject.trim() || s.w.t('list.nosubject');
  const snippet = p.search?.excerpts.get(m.id) ?? m.snippet;
  const mark = (text: string, ...fields: SearchField[]) =>
    p.search ? marked(text, soughtIn(p.search.sought, ...fields)) : inOrder(text);
  const place = p.search && s.folders.find(f => f.id === m.folderId);
  return html`<li id="m${m.id}" class="row${r.unread ? ' unread' : ''}${m.id === p.open ? ' open' : ''}">
<label class="tick"><input type="checkbox" name="message" value="${m.id}"${p.ticked ? html` checked` : ''} aria-label="${s.w.t('list.select', { subject, who: together(s.w, r.who) })}"></label>
<a class="row-link" href="${messagePath(s, m)}${p.keep}"${m.id === p.open ? html` aria-current="true"` : ''}>
${r.unread ? html`<span class="dot"><span class="unseen">${s.w.t('list.unread')}</span></span>` : ''}<span class="who">${names(s.w, r.who, who => mark(who, 'from', 'people'))}${r.count > 1 ? html` <span class="of" title="${s.w.t('list.messages', { n: r.count })}">${s.w.number(r.count)}<span class="unseen"> ${s.w.t('list.count', { n: r.count })}</span></span>` : ''}</span>
<span class="what" dir="auto">${chips(s, r.labels)}<span class="subject">${mark(subject, 'subject')}</span>${snippet === '' ? '' : html` <span class="snippet"><bdi>${mark(snippet)}</bdi></span>`}</span>
<span class="marks">${place ? html`<span class="place">${folderName(s.w, place)}</span>` : ''}${marks(s, r)}</span>
${timeOf(s, p, m)}
</a>
${star(s, r)}
<span class="quick">${quick(s, p.folder, r)}</span>
</li>`;
}

/** When it came; of a snoozed one, when it comes back. */
function timeOf(s: Screen, p: ListPane, m: Message): Html {
  const until = p.untils?.get(m.id);
  if (until === undefined)
    return html`<time datetime="${s.w.iso(m.receivedAt)}" title="${s.w.full(m.receivedAt)}">${s.w.when(m.receivedAt)}</time>`;
  return html`<time class="until" datetime="${s.w.iso(until)}" title="${s.w.full(until)}">${icon(s, 'clock')}<span class="unseen">${s.w.t('list.until')} </span>${s.w.soon(until)}</time>`;
}

/** At most three: who began, and who wrote last. */
function peopleOf(s: Screen, folder: Folder | null, c: Conversation): string[] {
  if (folder?.role === 'sent') return [whoOf(s.w, folder, c.newest)];
  const authors = c.people.map(p => firstName(authorOf(s, { fromName: p.name, fromAddress: p.address })));
  if (new Set(authors).size === 1) return [whoOf(s.w, folder, c.newest)];
  const [first = '', ...others] = [...new Set(authors)];
  // The last to write come last, also those who had written before.
  const last = [...new Set(authors.toReversed())]
    .filter(who => who !== first)
    .slice(0, 2)
    .toReversed();
  return [first, ...(others.length > 2 ? ['…'] : []), ...last];
}

const between = (w: Words, before: string | undefined, name: string): string => {
  if (before === undefined) return '';
  return before === '…' || name === '…' ? ' ' : w.comma;
};

const together = (w: Words, some: string[]): string =>
  some.map((name, i) => between(w, some[i - 1], name) + name).join('');

/** Several names stand in the order of the page, each in its own. */
function names(w: Words, some: string[], shown: (name: string) => Html | string): Html {
  const each = some.map((name, i) => html`${between(w, some[i - 1], name)}<bdi>${shown(name)}</bdi>`);
  return some.length === 1 ? html`${each}` : html`<span class="names">${each}</span>`;
}

/** Among several the first name will do; an address, and a name that begins with a sign, stay whole. */
const firstName = (name: string): string =>
  (/^[\p{L}\p{M}\p{N}.'’-]+(?=[ ,])/u.exec(name)?.[0] ?? name).replace(/,$/, '');

/** One click, always in sight. */
function star(s: Screen, { message: m, flagged }: Row): Html {
  const label = s.w.t(flagged ? 'act.unflag' : 'act.flag');
  return html`<button class="star${flagged ? ' mark-star-on' : ''}" type="submit" formaction="/messages/${m.id}/flags" name="${flagged ? 'clear' : 'set'}" value="flagged" title="${label}">${icon(s, flagged ? 'star-on' : 'star')}<span class="unseen">${label}</span></button>`;
}

export function messagePath(s: Screen, m: Message): string {
  const folder = s.folders.find(f => f.id === m.folderId);
  return `${folder ? folderPath(folder) : `/mail/${m.folderId}`}/${m.id}`;
}

/** In folders of what one wrote oneself the other side is of interest. */
function whoOf(w: Words, folder: Folder | null, m: Message): string {
  if (folder?.role === 'sent' || folder?.role === 'drafts')
    return w.t('list.to', { who: m.to || w.t('list.norecipient') });
  return m.fromName || m.fromAddress || w.t('list.nosender');
}

function marks(s: Screen, r: Row): Html {
  const mark = (name: string, key: Key, n = 0) =>
    html`<span class="mark-${name}" title="${s.w.t(key, { n })}">${icon(s, name)}<span class="unseen">${s.w.t(key, { n })}</span></span>`;
  return html`${r.returned ? mark('clock', 'list.returned') : ''}${r.unanswered ? mark('bell', 'list.unanswered') : ''}${r.answered ? mark('reply', 'list.answered') : ''}${r.forwarded ? mark('forward', 'list.forwarded') : ''}${r.attachments > 0 ? mark('paperclip', 'list.attachments', r.attachments) : ''}`;
}

function quick(s: Screen, folder: Folder | null, { message: m, unread }: Row): Html {
  const some: Action[] = [
    act(
      unread ? 'act.read' : 'act.unread',
      unread ? 'mail-open' : 'mail',
      'flags',
      'seen',
      '',
      unread ? 'set' : 'clear',
    ),
    ...actions(folder).slice(0, folder?.role === 'archive' || folder?.role === 'sent' ? 1 : 2),
    ...choices(folder).filter(a => a.shortcut === 'snooze'),
  ];
  return html`${some.map(a => toolButton(s, { ...forOne(a, m.id), shortcut: '' }))}`;
}

function pages(s: Screen, p: ListPane): Html {
  if (p.newest === null && p.older === null) return html``;
  const older = s.w.t(p.search?.unfinished ? 'search.go.on' : 'list.older');
  return html`${p.search?.unfinished && p.messages.length > 0 ? html`<p class="unfinished">${s.w.t('search.unfinished')}</p>` : ''}<nav class="pages" aria-label="${s.w.t('list.pages')}">${p.newest === null ? html`<span></span>` : html`<a class="button" href="${p.newest}">${icon(s, 'chevron-left')}${s.w.t('list.newest')}</a>`}${p.older === null ? html`<small>${s.w.t('list.end')}</small>` : html`<a class="button" href="${p.older}" rel="next">${older}${icon(s, 'chevron-right')}</a>`}</nav>`;
}

/** Says what to do next, where there is nothing to show. */
export const emptyState = (s: Screen, sign: string, title: string, body: string | Html, next: Html = html``): Html =>
  html`<div class="empty">${icon(s, sign)}<p class="empty-title">${title}</p><p>${body}</p>${next}</div>`;
