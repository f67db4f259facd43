/** The page of a search: what it did not understand, keeping it; and before anything is asked, the form and help. */
import { html } from 'hono/html';
import type { Mistake, SearchWords } from '../daemon/mail/search-query.ts';
import type { SavedSearch } from '../daemon/store.ts';
import { icon, type Screen, searchPath } from './screen.ts';
import { searchOptions } from './search-options.ts';
import type { Html, Key } from './words.ts';

/** What a list knows of the search it shows. */
export type Results = {
  sought: SearchWords[];
  /** Text around a hit, by message, where the snippet has none. */
  excerpts: Map<number, string>;
  mistakes: Mistake[];
  /** Beginnings of words that were not followed: see store. */
  crowded: string[];
  /** There may be more behind this page, which is not full. */
  unfinished: boolean;
  /** What was typed is kept under this name; null: it is not. */
  saved: SavedSearch | null;
};

/** Above the rows: what was left out and why, and keeping the search by a name. */
export function aboveResults(s: Screen, r: Results): Html {
  const notes = [
    ...r.mistakes.map(m => mistakeWords(s, m)),
    ...r.crowded.map(start => s.w.t('search.crowded', { start })),
  ];
  if (notes.length === 0) return html``;
  const help = r.mistakes.length === 0 ? '' : html` <a href="/search#help">${s.w.t('search.help')}</a>`;
  return html`<ul id="search-mistakes" class="search-notes">${notes.map((note, i) => html`<li>${icon(s, 'info')}<span>${note}${i === notes.length - 1 ? help : ''}</span></li>`)}</ul>`;
}

export const mistakeWords = (s: Screen, { why, typed, operator }: Mistake): string =>
  s.w.t(`search.wrong.${why}`, { typed, operator });

/** Beside the title, inside the list's form; what it sends belongs to `keepForm`, which stands before that. */
export function keeping(s: Screen, r: Results): Html {
  return html`${keepingButton(s, r)}${ruleLink(s, s.query)}`;
}

/** A form of a rule that asks for the same. */
function ruleLink(s: Screen, query: string): Html {
  const { t } = s.w;
  return html`<a class="rule-link" href="/settings/rules/new?search=${encodeURIComponent(query)}" hx-boost="false" title="${t('rules.fromsearch')}">${icon(s, 'list-filter')}<span class="unseen">${t('rules.fromsearch')}</span></a>`;
}

function keepingButton(s: Screen, r: Results): Html {
  const { t } = s.w;
  const what = t(r.saved ? 'search.saved.change' : 'search.save');
  const name = r.saved?.name ?? s.query.slice(0, 60);
  return html`<details class="keeping"><summary title="${what}">${icon(s, 'bookmark')}<span class="unseen">${what}</span></summary><div class="keeping-name"><label for="search-name">${t('search.save.name')}</label><input id="search-name" form="keep-search" name="name" maxlength="60" autocomplete="off" required value="${name}"><button class="button primary" type="submit" form="keep-search">${t(r.saved ? 'search.saved.rename' : 'search.save.go')}</button>${r.saved ? html`<button class="button danger" type="submit" form="keep-search" formnovalidate formaction="/searches/${r.saved.id}/removal" aria-label="${t('search.saved.remove.of', { name })}">${t('search.saved.remove')}</button>` : ''}</div></details>`;
}

export const keepForm = (s: Screen, r: Results): Html =>
  r.saved
    ? html`<form id="keep-search" method="post" action="/searches/${r.saved.id}"></form>`
    : html`<form id="keep-search" method="post" action="/searches"><input type="hidden" name="query" value="${s.query}"></form>`;

export function searchPage(s: Screen, error = ''): Html {
  const t = s.w.t;
  return html`<section class="page search-page"><h1>${t('search.title')}</h1>
${error === '' ? '' : html`<p class="flash danger" role="alert">${error}</p>`}
<form class="search" role="search" action="/search" method="get" aria-label="${t('search.by.words')}">${icon(s, 'search')}<input type="search" name="q" value="${s.query}" placeholder="${t('app.search')}" aria-label="${t('app.search')}" autocomplete="off" autocapitalize="none" spellcheck="false" autofocus><button class="unseen-until-focus" type="submit">${t('app.search.go')}</button></form>
<details class="options-fold"><summary>${icon(s, 'sliders-horizontal')}${t('search.options')}</summary>${searchOptions(s, s.query, 'p')}</details>
${s.saved.length === 0 ? '' : savedList(s)}
<h2 id="help">${t('search.help')}</h2>
<p>${t('search.hint')}</p>
<dl class="search-help">${help.map(([typed, key]) => html`<div><dt><a href="${searchPath(typed)}"><code>${typed}</code></a></dt><dd>${t(key)}</dd></div>`)}</dl>
</section>`;
}

function savedList(s: Screen): Html {
  const t = s.w.t;
  return html`<h2>${t('search.saved')}</h2>
<ul class="saved-searches">${s.saved.map(one => html`<li><a href="${searchPath(one.query)}"><b dir="auto">${one.name}</b> <small><bdi>${one.query}</bdi></small></a><form method="post" action="/searches/${one.id}/removal" hx-boost="false"><button class="button danger" type="submit" aria-label="${t('search.saved.remove.of', { name: one.name })}">${t('search.saved.remove')}</button></form></li>`)}</ul>`;
}

const help: [string, Key][] = [
  ['from:ann', 'search.help.from'],
  ['to:bo@example.org', 'search.help.to'],
  ['cc:bo', 'search.help.cc'],
  ['bcc:bo@example.org', 'search.help.bcc'],
  ['list:garden@lists.example.org', 'search.help.list'],
  ['subject:"annual report"', 'search.help.subject'],
  ['invoice -reminder', 'search.help.not'],
  ['from:ann OR from:bo', 'search.help.or'],
  ['garden (spade OR rake)', 'search.help.group'],
  ['in:inbox is:unread', 'search.help.is'],
  ['is:muted OR is:snoozed', 'search.help.away'],
  ['label:work', 'search.help.label'],
  ['has:attachment', 'search.help.has'],
  ['filename:pdf', 'search.help.filename'],
  ['larger:5M', 'search.help.larger'],
  ['after:2026-01-01 before:2026-02-01', 'search.help.dates'],
  ['newer_than:7d', 'search.help.ages'],
  ['rfc822msgid:abc123@example.org', 'search.help.messageid'],
];
