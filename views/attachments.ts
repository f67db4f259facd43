/** The files of a message as cards: what each is, how large, a look at it where that runs nothing, and all at once. */
import { html } from 'hono/html';
import { icon, type Screen } from './screen.ts';
import { type Html, inOrder } from './words.ts';

export type AttachmentCard = {
  /** Name as shown and saved. */
  name: string;
  type: string;
  /** Octets when decoded, or nearly. */
  size: number;
  href: string;
  /** A picture small enough to be its own preview. */
  preview: boolean;
  /** Where it is shown alone; null: it can only be saved. */
  view: string | null;
};

/** `all`: where they come in one file. */
export function attachments(s: Screen, some: AttachmentCard[], all: string): Html {
  if (some.length === 0) return html``;
  const { t } = s.w;
  const size = some.reduce((sum, a) => sum + a.size, 0);
  const together =
    some.length === 1
      ? ''
      : html` <a class="quiet-link" href="${all}" download hx-boost="false">${icon(s, 'file-archive')}${t('message.download.all', { size: s.w.size(size) })}</a>`;
  return html`<div class="attachments-title"><h2>${t('message.attachments', { n: some.length })}</h2>${together}</div>
<ul class="attachments">${some.map(a => card(s, a))}</ul>`;
}

function card(s: Screen, a: AttachmentCard): Html {
  const { t } = s.w;
  const sign = a.preview ? html`<img src="${a.href}?inline" alt="" loading="lazy">` : icon(s, fileIcon(a.type));
  const words = html`<span><b dir="auto">${inOrder(a.name)}</b><small>${s.w.size(a.size)}</small></span>`;
  const name = inOrder(a.name);
  const save = t('message.download', { name });
  if (a.view === null)
    return html`<li class="attachment"><a class="attachment-main" href="${a.href}" download hx-boost="false">${sign}${words}${icon(s, 'download')}<span class="unseen">${save}</span></a></li>`;
  return html`<li class="attachment"><a class="attachment-main" href="${a.view}" target="_blank" rel="noopener" hx-boost="false">${sign}${words}<span class="unseen">${t('message.view', { name })}</span></a><a class="button plain icon-only" href="${a.href}" download hx-boost="false" title="${save}">${icon(s, 'download')}<span class="unseen">${save}</span></a></li>`;
}

export function fileIcon(type: string): string {
  const [kind = '', what = ''] = type.split('/');
  if (kind === 'image') return 'file-image';
  if (kind === 'audio') return 'file-music';
  if (kind === 'video') return 'file-video';
  if (kind === 'message') return 'mail';
  if (what === 'calendar') return 'calendar';
  if (/zip|tar|compressed|7z|rar/.test(what)) return 'file-archive';
  if (/sheet|excel|csv/.test(what)) return 'file-spreadsheet';
  if (kind === 'text' || /pdf|word|document|rtf/.test(what)) return 'file-text';
  return 'file';
}
