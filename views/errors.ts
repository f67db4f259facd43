/** What went wrong, why, and where to go: the same words whether a thing is missing or somebody else's. */
import { html } from 'hono/html';
import { type Door, documentOf, doorBody } from './layout.ts';
import type { Html } from './words.ts';

export const statuses = [400, 403, 404, 409, 413, 429, 503] as const;
export type ErrorStatus = (typeof statuses)[number];

export type Trouble = {
  status: ErrorStatus;
  /** The id under which the log tells more; only with 503. */
  id?: string;
  /** Most octets of a message, said with 413. */
  limit?: number;
};

export const errorTitle = (d: Door, e: Trouble): string => d.w.t(`error.title.${e.status}`);

export function errorPane(d: Door, e: Trouble): Html {
  const body = d.w.t(`error.body.${e.status}`, { id: e.id ?? '', size: d.w.size(e.limit ?? 0) });
  return html`<section class="page trouble"><h1>${errorTitle(d, e)}</h1><p>${body}</p><p><a class="button" href="/">${d.w.t('error.home')}</a></p></section>`;
}

/** Kept by the device, for when there is no way to the site. */
export function offlinePage(d: Door): Html {
  const { t } = d.w;
  const body = html`<section class="page trouble"><h1>${t('offline.title')}</h1><p>${t('offline.body')}</p><p><a class="button" href="/mail/inbox">${t('offline.again')}</a></p></section>`;
  return documentOf(d, t('app.title', { page: t('offline.title'), name: t('app.name') }), doorBody(d, body));
}

export const errorPage = (d: Door, e: Trouble): Html =>
  documentOf(d, d.w.t('app.title', { page: errorTitle(d, e), name: d.w.t('app.name') }), doorBody(d, errorPane(d, e)));
