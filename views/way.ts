/** The ways from the settings to the pages of their own, and back. */
import { html } from 'hono/html';
import { icon, type Screen } from './screen.ts';
import type { Html } from './words.ts';

export type Way = {
  /** Behind `/settings/`. */
  to: string;
  icon: string;
  title: string;
  hint: string;
  /** It is in use. */
  on?: boolean;
};

export const ways = (s: Screen, all: Way[]): Html => html`<ul class="ways">${all.map(one => way(s, one))}</ul>`;

const way = (s: Screen, w: Way): Html =>
  html`<li><a href="/settings/${w.to}" hx-boost="false">${icon(s, w.icon)}<span><b>${w.title}</b>${w.on ? html` <em>${s.w.t('incoming.on')}</em>` : ''}<small>${w.hint}</small></span>${icon(s, 'chevron-right')}</a></li>`;

export const backToSettings = (s: Screen): Html =>
  html`<p><a class="quiet-link" href="/settings">${icon(s, 'arrow-left')}${s.w.t('account.title')}</a></p>`;
