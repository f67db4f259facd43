/**
 * The frame around every page: document, door (signed out) and shell (signed in), and the icons.
 * A signed-in page is its shell inside `#app`; htmx is answered with the shell alone.
 */
import { html } from 'hono/html';
import type { Folder, SavedSearch } from '../daemon/store.ts';
import { divider } from './divider.ts';
import { awayBanner } from './incoming.ts';
import { keysForScript } from './keys.ts';
import { railLabels } from './labels.ts';
import { narrow } from './narrow.ts';
import { type Door, folderName, folderPath, icon, iconOf, type Notice, type Screen, searchPath } from './screen.ts';
import { optionsAbove } from './search-options.ts';
import { type Html, languages } from './words.ts';

export { type Door, folderName, folderPath, icon, iconOf, type Notice, type Screen } from './screen.ts';

/** A whole document; `body` is a door or an `#app`. */
export function documentOf(d: Door, title: string, body: Html, unread = 0): Html {
  return html`<!doctype html>
<html lang="${d.w.lang}" dir="${d.w.dir}"${d.look.density === 'compact' ? html` data-density="compact"` : ''}${d.listWidth === null ? '' : html` data-list="${d.listWidth}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${d.look.scheme === 'auto' ? 'light dark' : d.look.scheme}">
<meta name="htmx-config" content='{"includeIndicatorCSS":false}'>
<title>${narrow(title)}</title>
<link rel="icon" href="${unread > 0 ? countedIcon(unread) : d.asset('icon.svg')}" data-none-href="${d.asset('icon.svg')}" data-some-href="${countedIcon(0)}" type="image/svg+xml">
<link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials">
<link rel="apple-touch-icon" href="/icon-192.png">
<link rel="stylesheet" href="${d.asset('app.css')}">
${overlays(d)}
${
  d.look.scripts === 'off'
    ? ''
    : ['htmx.js', 'app.js', 'tidy.js'].map(
        name => html`<script src="${d.asset(name)}" defer></script>
`,
      )
}</head>
${body}
</html>`;
}

/** What lies over the light colours: where the device asks for it, always, or never, as the account has it. */
function overlays({ asset, look }: Door): Html {
  const sheet = (name: string, media: string) =>
    html`<link rel="stylesheet" href="${asset(name)}"${media === '' ? '' : html` media="${media}"`}>`;
  // Paper is white whatever was chosen.
  const night = look.scheme === 'dark' ? 'screen' : 'screen and (prefers-color-scheme: dark)';
  const dark = look.scheme === 'light' ? '' : sheet('dark.css', night);
  return html`${dark}${sheet('contrast.css', look.contrast === 'more' ? '' : '(prefers-contrast: more)')}`;
}

/** The window's icon with so many unread on it; app.js puts the number of the moment in place of the one here. */
const countedIcon = (unread: number): string => `/icon/${Math.min(unread, 100)}.svg`;

/** What pages look like that are no list and no message: the first page does not wait for it. */
const pagesSheet = ({ asset }: Door): Html => html`<link rel="stylesheet" href="${asset('pages.css')}">`;

/** Pages before signing in: one column, the mark above it. */
/** `leads`: elsewhere, too; not from a page that holds what somebody wrote. */
export function doorBody(d: Door, content: Html, leads = true): Html {
  return html`<body class="door">
${pagesSheet(d)}<header class="door-head"><a class="brand" href="/">${mark(d)}<span>${d.w.t('app.name')}</span></a></header>
<main class="door-main">${content}</main>
${leads ? tongues(d) : ''}
</body>`;
}

/** Each language by its own name, so that who reads only that one finds it. */
function tongues(d: Door): Html {
  const one = ([code, { name, dir }]: [string, { name: string; dir: string }]) =>
    html`<li><button class="link" type="submit" name="language" value="${code}" lang="${code}" dir="${dir}"${code === d.w.language ? html` aria-current="true"` : ''}>${name}</button></li>`;
  return html`<footer class="tongues"><form method="post" action="/language" hx-boost="false" aria-label="${d.w.t('language.title')}"><input type="hidden" name="back" value="${d.here}"><ul>${Object.entries(languages).map(one)}</ul></form></footer>`;
}

const mark = (d: Door): Html => html`<img class="mark" src="${d.asset('icon.svg')}" alt="" width="28" height="28">`;

/** What the title and the window's icon count. */
export const unreadOf = (s: Screen): number => s.folders.find(f => f.role === 'inbox')?.unread ?? 0;

export function pageTitle(s: Screen, page: string): string {
  const unread = unreadOf(s);
  const name = s.w.t('app.name');
  return unread > 0 ? s.w.t('app.title.unread', { n: unread, page, name }) : s.w.t('app.title', { page, name });
}

/** Where keys lead to. */
const goals = html`data-inbox-href="/mail/inbox" data-starred-href="/search?q=is%3Astarred" data-sent-href="/mail/sent" data-drafts-href="/mail/drafts"`;

export function appBody(s: Screen, shell: Html): Html {
  const keys = keysForScript(s.account);
  return html`<body class="app" data-account="${s.account.address}" data-modseq="${s.account.modseq}" data-events-href="/events" data-pages-href="${s.asset('pages.css')}"${s.scripted ? '' : html` data-scripted-href="${s.asset('scripted.css')}"`}${s.account.swipes ? html` data-swipes` : ''} ${goals}${keys === null ? '' : html` data-shortcuts="${keys}"`}>
${s.scripted ? html`<link rel="stylesheet" href="${s.asset('scripted.css')}">` : ''}<a class="skip" href="#content">${s.w.t('app.skip')}</a>
<div id="app" hx-boost:inherited='{"target":"#app","swap":"innerMorph"}'>${shell}</div>
<p id="announce" class="unseen" role="status"></p>
<p id="unreachable" role="alert" hidden>${s.w.t('app.unreachable')}</p>
<dialog id="chooser" class="chooser" aria-labelledby="choices-title" hx-boost:inherited='{"target":"#app","swap":"innerMorph"}'></dialog>
<dialog id="keys" aria-labelledby="keys-title" data-help-href="/settings/keys/help"></dialog>
</body>`;
}

export type Panes = {
  /** Which pane a narrow screen shows. */
  view: 'list' | 'message' | 'page' | 'compose';
  list?: Html;
  content: Html;
};

export function shellOf(s: Screen, panes: Panes): Html {
  const more = panes.view === 'page' || panes.view === 'compose' ? pagesSheet(s) : '';
  return html`<div class="shell" data-view="${panes.view}">
${more}${topBar(s, panes.view !== 'compose')}
${awayBanner(s)}
${rail(s)}
<main id="content" class="panes${panes.list ? '' : ' wide'}" tabindex="-1">${panes.list ? html`${panes.list}${divider(s)}` : ''}${panes.content}</main>
${bottomBar(s, panes.view)}
${s.notice && !isInPage(s.notice, panes.view) ? toast(s, s.notice) : ''}
</div>`;
}

function topBar(s: Screen, withOptions: boolean): Html {
  return html`<header class="top">
<a class="brand" href="/mail/inbox">${mark(s)}<span>${s.w.t('app.name')}</span></a>
${searchBox(s, withOptions)}
<details class="menu me">
<summary aria-label="${s.w.t('app.account', { address: s.account.address })}"><span class="avatar" aria-hidden="true">${initial(s.account)}</span></summary>
<div class="menu-card">
<p class="menu-who">${s.account.name === '' ? '' : html`<b>${s.account.name}</b>`}<span>${s.account.address}</span></p>
<a href="/settings" hx-boost="false">${icon(s, 'settings')}${s.w.t('app.settings')}</a>
<button class="only-script" type="button" data-keys>${icon(s, 'keyboard')}${s.w.t('app.help')}</button>
<form method="post" action="/logout" hx-boost="false"><button type="submit">${icon(s, 'log-out')}${s.w.t('app.signout')}</button></form>
</div>
</details>
</header>`;
}

/** Whoever writes has fields enough. */
function searchBox(s: Screen, withOptions: boolean): Html {
  const t = s.w.t;
  return html`<div class="search-box"><form class="search" role="search" action="/search" method="get" aria-label="${t('search.title')}">
${icon(s, 'search')}
<input id="q" type="search" name="q" value="${s.query}" placeholder="${t('app.search')}" aria-label="${t('app.search')}" autocomplete="off" autocapitalize="none" spellcheck="false"${s.mistaken ? html` aria-describedby="search-mistakes"` : ''}>
<button class="unseen-until-focus" type="submit">${t('app.search.go')}</button>
</form>
${
  withOptions
    ? html`<details class="menu search-options"><summary title="${t('search.options')}">${icon(s, 'sliders-horizontal')}<span class="unseen">${t('search.options')}</span></summary>
<div class="options-card">${optionsAbove(s)}</div></details>`
    : ''
}</div>`;
}

export const initial = (a: { name: string; address: string }): string =>
  [...(a.name.trim() || a.address)][0]?.toLocaleUpperCase() ?? '?';

function rail(s: Screen): Html {
  const own = s.folders.filter(f => f.role === null);
  return html`<nav id="rail" class="rail" aria-label="${s.w.t('app.folders')}">
<a class="button primary compose" href="/compose" hx-boost="false" title="${s.w.t('app.compose')}">${icon(s, 'square-pen')}<span>${s.w.t('app.compose')}</span></a>
<ul>${s.folders.filter(f => f.role !== null && (f.role !== 'snoozed' || f.total > 0 || f.id === s.folderId)).map(f => railItem(s, f))}${outboxItem(s)}</ul>
${s.saved.length === 0 ? '' : html`<h2 class="unseen">${s.w.t('search.saved')}</h2><ul class="own">${s.saved.map(one => savedItem(s, one))}</ul>`}
${railLabels(s)}<ul class="own">${own.map(f => railItem(s, f))}
${s.reminders === 0 ? '' : html`<li><a class="quiet" href="/reminders" title="${s.w.t('reminders.title')}"${s.here.startsWith('/reminders') ? html` aria-current="page"` : ''}>${icon(s, 'bell')}<span>${s.w.t('reminders.title')}</span><b class="count">${s.w.number(s.reminders)}</b></a></li>`}<li><a class="quiet" href="/contacts" title="${s.w.t('contacts.title')}"${s.here.startsWith('/contacts') ? html` aria-current="page"` : ''}>${icon(s, 'users')}<span>${s.w.t('contacts.title')}</span></a></li>
<li><a class="quiet" href="/folders" title="${s.w.t('folders.manage')}">${icon(s, 'folder-plus')}<span>${s.w.t('folders.manage')}</span></a></li></ul>
${quota(s)}
</nav>`;
}

function railItem(s: Screen, f: Folder): Html {
  const name = folderName(s.w, f);
  const counted = f.unread > 0 && f.role !== 'trash' && f.role !== 'sent';
  const drop =
    f.role === 'drafts' || f.role === 'snoozed' || f.id === s.folderId
      ? ''
      : html` data-drop data-drop-href="/messages/moves" data-field="to" data-value="${f.role ?? f.id}"`;
  return html`<li${drop}><a href="${folderPath(f)}" title="${name}"${f.id === s.folderId ? html` aria-current="page"` : ''}${counted ? html` class="unread"` : ''}${f.role === 'inbox' ? html` data-unread="${f.unread}"` : ''}>${icon(s, iconOf(f))}<span dir="auto">${name}</span>${
    counted
      ? html`<b class="count">${s.w.number(f.unread)}<span class="unseen"> ${s.w.t('list.unread')}</span></b>`
      : ''
  }</a></li>`;
}

/** Only while something waits, or is looked at. */
function outboxItem(s: Screen): Html {
  const here = s.here.startsWith('/outbox');
  if (s.waiting === 0 && !here) return html``;
  const title = s.w.t('outbox.title');
  return html`<li><a href="/outbox" title="${title}"${here ? html` aria-current="page"` : ''}>${icon(s, 'clock')}<span>${title}</span>${s.waiting === 0 ? '' : html`<b class="count">${s.w.number(s.waiting)}<span class="unseen"> ${s.w.t('outbox.count')}</span></b>`}</a></li>`;
}

function savedItem(s: Screen, { name, query }: SavedSearch): Html {
  const here = s.query === query && s.here.startsWith('/search');
  return html`<li><a href="${searchPath(query)}" title="${name}"${here ? html` aria-current="page"` : ''}>${icon(s, 'search')}<span dir="auto">${name}</span></a></li>`;
}

function quota(s: Screen): Html {
  const { used, quota: limit } = s.account;
  if (limit === 0) return html``;
  const words = s.w.t('app.quota', { used: s.w.size(used), quota: s.w.size(limit) });
  return html`<div class="quota"><meter min="0" max="${limit}" high="${Math.round(limit * 0.9)}" value="${Math.min(used, limit)}" aria-label="${words}"></meter><a class="quiet-link" href="/settings/storage">${words}</a></div>`;
}

function bottomBar(s: Screen, view: Panes['view']): Html {
  const item = (href: string, name: string, sign: string, on: boolean, boost = true) =>
    html`<li><a href="${href}"${on ? html` aria-current="page"` : ''}${boost ? '' : html` hx-boost="false"`}>${icon(s, sign)}<span>${name}</span></a></li>`;
  const inbox = s.folders.find(f => f.role === 'inbox');
  return html`<nav class="bottom" aria-label="${s.w.t('app.more')}"><ul>
${item('/mail/inbox', s.w.t('folder.inbox'), 'inbox', view === 'list' && s.folderId === inbox?.id)}
${item('/search', s.w.t('search.title'), 'search', s.here.startsWith('/search'))}
${item('/compose', s.w.t('app.compose'), 'square-pen', false, false)}
${item('/folders', s.w.t('app.more'), 'menu', s.here.startsWith('/folders'))}
</ul></nav>`;
}

/** Over a letter a toast would lie on its buttons: there it stands in the page. */
export const isInPage = (notice: Notice, view: Panes['view']): boolean => view === 'compose' && notice.undo === null;

function toast(s: Screen, notice: Notice): Html {
  return html`<section class="toast" aria-label="${s.w.t('app.notice')}"${notice.seconds > 0 ? html` data-seconds="${notice.seconds}"` : ''}><span>${notice.text}</span>${
    notice.undo === null
      ? ''
      : html`<form method="post" action="${notice.undo.action}"${notice.undo.leaves ? html` hx-boost="false"` : ''}>${notice.undo.fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<input type="hidden" name="back" value="${s.here}"><button class="link" type="submit" data-key="undo">${s.w.t('act.undo')}</button></form>`
  }<button class="only-script plain" type="button" data-dismiss aria-label="${s.w.t('act.dismiss')}">${icon(s, 'x')}</button></section>`;
}

/** What htmx puts into `#app`, with the title it gives the window. */
export const fragmentOf = (title: string, shell: Html): Html => html`<title>${narrow(title)}</title>${shell}`;

/** The list and the folders, each into its place. */
export const listFragment = (s: Screen, title: string, list: Html): Html =>
  html`<title>${narrow(title)}</title>${list}<hx-partial hx-target="#rail" hx-swap="outerMorph">${rail(s)}</hx-partial>`;
