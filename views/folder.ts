/** A folder's page, its empty states, the drafts, and the page where folders are made and mended. */
import { html } from 'hono/html';
import type { Draft, Folder } from '../daemon/store.ts';
import { field } from './field.ts';
import { folderName, folderPath, icon, iconOf, type Screen } from './layout.ts';
import { emptyState } from './list.ts';
import { type Html, inOrder } from './words.ts';

/** The right pane while nothing is open. */
export const nothingOpen = (s: Screen, anything: boolean): Html =>
  html`<section id="reader" class="reader idle">${anything ? emptyState(s, 'mail-open', s.w.t('empty.reader.title'), s.w.t('empty.reader.body')) : ''}</section>`;

/** Says what a folder is for and what to do next; behind the last page it says only that. */
export function emptyFolder(s: Screen, folder: Folder, firstPage: boolean): Html {
  if (!firstPage) return emptyState(s, 'check', s.w.t('empty.page.title'), s.w.t('empty.page.body'));
  const role = folder.role ?? 'own';
  const title = s.w.t(`empty.${role}.title`);
  if (role !== 'inbox') return emptyState(s, role === 'own' ? 'folder' : 'check', title, s.w.t(`empty.${role}.body`));
  const address = html`<b class="copyable" data-copy>${s.account.address}</b>`;
  const write = html`<p><a class="button" href="/compose" hx-boost="false">${icon(s, 'square-pen')}${s.w.t('app.compose')}</a></p>`;
  return emptyState(s, 'inbox', title, s.w.h('empty.inbox.body', { address }), write);
}

/** What is done with all that lies there, or lies elsewhere. */
export function aboveFolder(s: Screen, folder: Folder): Html | null {
  const t = s.w.t;
  if (folder.role === 'snoozed')
    return html`<p class="above"><a class="quiet-link" href="/reminders">${icon(s, 'bell')}${t('reminders.title')}</a></p>`;
  if ((folder.role !== 'trash' && folder.role !== 'junk') || folder.total === 0) return null;
  return html`<p class="above"><a class="quiet-link" href="/mail/${folder.role}/emptying">${icon(s, 'trash-2')}${t(`emptying.${folder.role}`)}</a></p>`;
}

/** Asked before all of it goes for good. */
export function emptyingPage(s: Screen, folder: Folder): Html {
  const t = s.w.t;
  const path = folderPath(folder);
  return html`<section class="page"><h1>${t(`emptying.${folder.role === 'junk' ? 'junk' : 'trash'}`)}</h1>
<p>${t('emptying.body', { n: folder.total, folder: folderName(s.w, folder) })}</p>
<form class="buttons" method="post" action="${path}/emptying"><button class="button danger" type="submit">${t('emptying.sure', { n: folder.total })}</button><a class="button" href="${path}">${t('emptying.keep')}</a></form></section>`;
}

export function draftsPane(s: Screen, folder: Folder, drafts: Draft[]): Html {
  const title = folderName(s.w, folder);
  return html`<section id="list" class="list" aria-labelledby="list-title" data-folder="${folder.id}" data-here="${s.here}">
<header class="list-head"><div class="list-title"><h1 id="list-title">${title}</h1></div></header>
${drafts.length === 0 ? emptyFolder(s, folder, true) : html`<ol class="rows drafts" aria-label="${s.w.t('list.rows')}">${drafts.map(d => draftRow(s, d))}</ol>`}
</section>`;
}

function draftRow(s: Screen, d: Draft): Html {
  const who = s.w.t('list.to', { who: d.to.trim() || s.w.t('list.norecipient') });
  return html`<li id="d${d.id}" class="row"><a class="row-link" href="/drafts/${d.id}" hx-boost="false">
<span class="who"><bdi>${inOrder(who)}</bdi></span>
<span class="what" dir="auto"><span class="subject">${inOrder(d.subject.trim()) || s.w.t('list.nosubject')}</span> <span class="snippet"><bdi>${inOrder(d.text.slice(0, 160))}</bdi></span></span>
<span class="marks">${d.uploads.length > 0 ? html`<span title="${s.w.t('list.attachments', { n: d.uploads.length })}">${icon(s, 'paperclip')}<span class="unseen">${s.w.t('list.attachments', { n: d.uploads.length })}</span></span>` : ''}</span>
<time datetime="${s.w.iso(d.updatedAt)}" title="${s.w.full(d.updatedAt)}">${s.w.when(d.updatedAt)}</time></a>${discard(s, d)}</li>`;
}

/** It can be taken back. */
function discard(s: Screen, d: Draft): Html {
  const label = `${s.w.t('compose.discard')}: ${d.subject.trim() || s.w.t('list.nosubject')}`;
  return html`<form class="row-discard" method="post" action="/drafts/removals"><input type="hidden" name="draft" value="${d.id}"><input type="hidden" name="back" value="${s.here}"><button class="button plain icon-only" type="submit" title="${s.w.t('compose.discard')}" aria-label="${label}">${icon(s, 'trash-2')}</button></form>`;
}

export type FoldersForm = {
  /** What was typed for a new folder, and why it was refused. */
  fresh: { name: string; error: string };
  /** The folder whose change was refused, what was typed and why; null: none. */
  wrong: { id: number; name: string; error: string } | null;
};

export function foldersPage(s: Screen, form: FoldersForm): Html {
  const t = s.w.t;
  const own = s.folders.filter(f => f.role === null);
  return html`<section class="page folders"><h1>${t('folders.title')}</h1>
<ul class="folder-links">${s.folders.map(f => html`<li><a href="${folderPath(f)}">${icon(s, iconOf(f))}<span dir="auto">${folderName(s.w, f)}</span><small>${t('list.messages', { n: f.total })}</small></a></li>`)}
<li><a href="/outbox">${icon(s, 'clock')}<span>${t('outbox.title')}</span><small>${t('list.messages', { n: s.waiting })}</small></a></li>
<li><a href="/reminders">${icon(s, 'bell')}<span>${t('reminders.title')}</span>${s.reminders > 0 ? html`<small>${s.w.number(s.reminders)}</small>` : ''}</a></li>
<li><a href="/labels">${icon(s, 'tag')}<span>${t('labels.title')}</span></a></li>
<li class="only-narrow"><a href="/contacts">${icon(s, 'users')}<span>${t('contacts.title')}</span></a></li>
<li class="only-narrow"><a href="/settings" hx-boost="false">${icon(s, 'settings')}<span>${t('app.settings')}</span></a></li></ul>
<h2>${t('folders.own')}</h2>
${own.length === 0 ? html`<p class="muted">${t('folders.none')}</p>` : html`<ul class="own-folders">${own.map(f => ownFolder(s, f, form))}</ul>`}
<form class="inline" method="post" action="/folders" hx-boost="false">${field({ name: 'name', id: 'folder-new', label: t('folders.new'), value: form.fresh.name, error: form.fresh.error, maxlength: 80, required: true })}<button class="button" type="submit">${icon(s, 'folder-plus')}${t('folders.create')}</button></form>
</section>`;
}

function ownFolder(s: Screen, f: Folder, form: FoldersForm): Html {
  const wrong = form.wrong?.id === f.id ? form.wrong : null;
  const t = s.w.t;
  return html`<li><form class="inline" method="post" action="/folders/${f.id}" hx-boost="false">${field({ name: 'name', id: `folder-${f.id}`, label: t('folders.of', { folder: f.name }), value: wrong?.name ?? f.name, error: wrong?.error, maxlength: 80, required: true })}<button class="button" type="submit" aria-label="${t('folders.rename.of', { folder: f.name })}">${t('folders.rename')}</button></form><form method="post" action="/folders/${f.id}/removal" hx-boost="false"><button class="button danger" type="submit" aria-label="${t('folders.remove.of', { folder: f.name })}">${t('folders.remove')}</button></form></li>`;
}
