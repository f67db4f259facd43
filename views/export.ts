/** All mail to take along, a folder or everything. */
import { html } from 'hono/html';
import type { Folder } from '../daemon/store.ts';
import { folderName, icon, type Screen } from './screen.ts';
import { backToSettings } from './way.ts';
import type { Html } from './words.ts';

/** Drafts are no messages yet. */
export const hasMail = (f: Folder): boolean => f.total > 0 && f.role !== 'drafts';

/** `error`: why a download did not begin; empty: none was asked for. The two of everything may be refused by a page, which `download` would hide. */
export function exportPage(s: Screen, error: string): Html {
  const { t } = s.w;
  return html`<section class="page">${backToSettings(s)}
<h1>${t('export.title')}</h1>
${
  error === ''
    ? ''
    : html`<p class="error" role="alert">${error}</p>
`
}<p>${t('export.everything.body')}</p>
<p class="buttons"><a class="button primary" href="/settings/export/everything.zip" hx-boost="false">${icon(s, 'download')}${t('export.everything')}</a></p>
<h2>${t('export.mail')}</h2>
<p>${t('export.body')}</p>
<p class="buttons"><a class="button" href="/settings/export/mail.mbox" hx-boost="false">${icon(s, 'download')}${t('export.all')}</a></p>
<h2>${t('export.folders')}</h2>
<ul class="decided">${s.folders
    .filter(hasMail)
    .map(
      f =>
        html`<li><span><b><bdi>${folderName(s.w, f)}</bdi></b><small>${t('list.messages', { n: f.total })}</small></span><a class="button" href="/folders/${f.id}/messages.mbox" download hx-boost="false">${t('export.folder')}<span class="unseen"> ${folderName(s.w, f)}</span></a></li>`,
    )}</ul>
<h2>${t('contacts.title')}</h2>
<p>${s.w.h('export.contacts', { link: html`<a href="/contacts">${t('contacts.title')}</a>` })}</p>
</section>`;
}
