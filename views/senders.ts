/** Senders about whom the reader decided something, each with the way back. */
import { html } from 'hono/html';
import type { Choice } from '../daemon/store.ts';
import { emptyState } from './list.ts';
import { icon, type Screen } from './screen.ts';
import type { Html } from './words.ts';

export function sendersPage(s: Screen, choices: Choice[]): Html {
  const { t } = s.w;
  return html`<section class="page"><p><a class="quiet-link up" href="/settings">${icon(s, 'arrow-left')}${t('account.title')}</a></p>
<h1>${t('senders.title')}</h1>
${choices.length === 0 ? emptyState(s, 'image', t('senders.empty'), t('senders.empty.body')) : html`<p>${t('senders.body')}</p><ul class="decided">${choices.map(choice => decided(s, choice))}</ul>`}
</section>`;
}

function decided(s: Screen, { kind, key, value, at }: Choice): Html {
  const { t } = s.w;
  const images = value === 'checked' ? 'senders.images.checked' : 'senders.images';
  const what = t(kind === 'version' ? 'senders.text' : kind === 'welcome' ? 'senders.welcome' : images);
  return html`<li><span><b><bdi>${key}</bdi></b><small>${what} · <time datetime="${s.w.iso(at)}">${s.w.stamp(at)}</time></small></span>
<form method="post" action="/settings/senders/removals" hx-boost="false"><input type="hidden" name="kind" value="${kind}"><input type="hidden" name="key" value="${key}"><button class="button" type="submit">${t('senders.remove')}<span class="unseen"> ${key}</span></button></form></li>`;
}
