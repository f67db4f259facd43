/** The search page before anything is asked: the field, and what it understands. */
import { html } from 'hono/html';
import { icon, type Screen } from './layout.ts';
import type { Html } from './words.ts';

export function searchPage(s: Screen): Html {
  const t = s.w.t;
  return html`<section class="page search-page"><h1>${t('search.title')}</h1>
<form class="search" role="search" action="/search" method="get" aria-label="${t('search.title')}">${icon(s, 'search')}<input type="search" name="q" value="" aria-label="${t('app.search')}" autocomplete="off" spellcheck="false" autofocus><button class="button primary" type="submit">${t('app.search.go')}</button></form>
<p class="muted">${t('search.hint')}</p>
<h2>${t('search.ask')}</h2>
<ul class="examples">${examples.map(one => html`<li><a href="/search?q=${encodeURIComponent(one)}"><code>${one}</code></a></li>`)}</ul>
</section>`;
}

const examples = [
  'is:unread in:inbox',
  'is:starred',
  'has:attachment after:30d',
  'from:ann subject:"annual report"',
  'invoice -reminder before:2024-01-31',
];
