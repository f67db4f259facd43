/** The files of a letter while it is written: those that are here, those on their way, and how many more fit. */
import { html } from 'hono/html';
import { fileIcon } from './attachments.ts';
import type { ComposeForm } from './compose.ts';
import { icon, type Screen } from './layout.ts';
import { filesOf } from './letter.ts';
import { type Html, inOrder } from './words.ts';

/** Without script a form with a file input; script sends each file by itself, and puts the rows of those on their way. */
export function filesArea(s: Screen, f: ComposeForm): Html {
  const { t } = s.w;
  const id = `files-${f.key}`;
  return html`<div class="compose-files" data-files-href="/drafts/files" data-sent="${t('compose.upload.sent', { sent: '{sent}', size: '{size}' })}" data-large="${t('compose.upload.large', { size: '{size}', room: '{room}' })}" data-broken="${t('compose.upload.broken')}" data-failed="${t('compose.upload.failed')}" data-signin="${t('compose.signin')}" data-done="${t('compose.upload.done', { name: '{name}' })}" data-waiting="${t('compose.upload.waiting')}" data-drop="${t('compose.upload.drop')}">
${filesKept(s, f)}
<ul class="on-their-way" aria-label="${t('compose.upload.title')}" hidden></ul>
${f.errors.files ? html`<p class="error" role="alert">${f.errors.files}</p>` : ''}
<div class="attach"><label class="button plain" for="${id}">${icon(s, 'paperclip')}${t('compose.files')}</label><input id="${id}" type="file" name="files" multiple><button class="button" id="attach-${f.key}" type="submit" formaction="/drafts/uploads">${t('compose.attach')}</button></div>
<template data-upload><li class="attachment uploading">${icon(s, 'file')}<span><b dir="auto"></b><small></small><progress max="1" value="0"></progress></span><button class="button plain" type="button" data-again hidden>${t('compose.upload.again')}</button><button class="button plain icon-only" type="button" data-cancel data-label="${t('compose.upload.cancel', { name: '{name}' })}">${icon(s, 'x')}</button></li></template>
</div>`;
}

/** Also the answer to each file that arrives. `data-room`: octets of files that still fit. */
export function filesKept(s: Screen, f: Pick<ComposeForm, 'html' | 'uploads' | 'pending' | 'limit'>): Html {
  const { t } = s.w;
  const { within, beside } = filesOf(f.html, f.uploads);
  const used = [...within, ...beside, ...f.pending].reduce((sum, u) => sum + u.size, 0);
  const kept = beside.map(
    u =>
      html`<li class="attachment">${icon(s, fileIcon(u.type))}<span><b dir="auto">${inOrder(u.name)}</b><small>${s.w.size(u.size)}</small></span><button class="button plain icon-only" type="submit" formaction="/drafts/uploads" name="detach" value="${u.id}" title="${t('compose.detach', { name: u.name })}">${icon(s, 'x')}<span class="unseen">${t('compose.detach', { name: u.name })}</span></button></li>`,
  );
  const pending = f.pending.map(
    p =>
      html`<li class="attachment">${icon(s, 'paperclip')}<span><b dir="auto">${inOrder(p.name)}</b><small>${s.w.size(p.size)}</small></span></li>`,
  );
  const limit = s.w.size(f.limit);
  return html`<div class="files-kept" data-room="${Math.max(0, f.limit - used)}">${kept.length + pending.length > 0 ? html`<ul aria-label="${t('compose.attachments')}">${kept}${pending}</ul>` : ''}<small>${used > 0 ? t('compose.used', { used: s.w.size(used), size: limit }) : t('compose.limit', { size: limit })}</small></div>`;
}
