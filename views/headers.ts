/** Every field of a message's header, in order, as words; and the way to the message as it came. */
import { html } from 'hono/html';
import type { Message } from '../daemon/store.ts';
import { icon, type Screen } from './screen.ts';
import type { Html } from './words.ts';

export type HeaderField = { name: string; value: string };

export function headersPage(s: Screen, m: Message, back: string, fields: HeaderField[]): Html {
  const { t } = s.w;
  return html`<section class="page headers-page"><p><a class="quiet-link up" href="${back}">${icon(s, 'arrow-left')}<bdi>${m.subject.trim() || t('list.nosubject')}</bdi></a></p>
<h1>${t('headers.title')}</h1>
<p><a href="/messages/${m.id}/source" target="_blank" rel="noopener">${t('act.source')}</a></p>
<div class="wide-table" tabindex="0" role="region" aria-label="${t('headers.title')}"><table class="fields"><thead><tr><th scope="col">${t('headers.name')}</th><th scope="col">${t('headers.value')}</th></tr></thead>
<tbody>${fields.map(f => html`<tr><th scope="row"><bdi>${spelled(f.name)}</bdi></th><td><bdi>${f.value}</bdi></td></tr>`)}</tbody></table></div>
</section>`;
}

/** As people know them; a header does not say (RFC 5322 §1.2.2). */
const spelled = (name: string): string => name.replace(/(?<![a-z])[a-z]/g, letter => letter.toUpperCase());
