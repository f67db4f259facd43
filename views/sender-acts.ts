/** What is done with all mail like a message: its sender blocked, its conversation muted, a rule made of it. And what was. */
import { html } from 'hono/html';
import { searchFields, writeSearch } from '../daemon/mail/search-query.ts';
import type { BlockedSender, Message } from '../daemon/store.ts';
import { icon, type Screen, searchPath } from './screen.ts';
import type { Html } from './words.ts';

/** The sender of a message, and what its reader has said of them; null: nothing. */
export type Writer = { message: Message; blocked: BlockedSender | null };

const backHere = (s: Screen): Html => html`<input type="hidden" name="back" value="${s.here}">`;

const mutePath = ({ conversation }: Message, muted: boolean): string =>
  `/conversations/${conversation}/mutes${muted ? '/removal' : ''}`;

export function muteAct(s: Screen, m: Message, muted: boolean): Html {
  if (m.conversation === 0) return html``;
  return html`<form method="post" action="${mutePath(m, muted)}">${backHere(s)}<button type="submit" data-key="mute">${icon(s, 'bell-off')}${s.w.t(muted ? 'mute.undo' : 'mute.do')}</button></form>`;
}

export const isOwn = (s: Screen, { fromAddress }: Message): boolean =>
  fromAddress === '' || fromAddress.toLowerCase() === s.account.address;

/** In a menu: what is done with all mail of its sender. */
export function senderActs(s: Screen, { message: m, blocked }: Writer): Html {
  const { t } = s.w;
  const who = m.fromAddress;
  const rule = html`<a href="/settings/rules/new?from=${m.id}" hx-boost="false">${icon(s, 'list-filter')}${t('rules.frommessage')}</a>`;
  if (isOwn(s, m)) return html`<div>${rule}</div>`;
  const person = html`<a href="${searchPath(writeSearch({ ...searchFields(''), from: who }))}">${icon(s, 'search')}<span>${t('sender.mail', { who })}</span></a><a href="/contacts/new?from=${m.id}" hx-boost="false">${icon(s, 'users')}${t('sender.contact')}</a>`;
  const block = html`<form method="post" action="/messages/${m.id}/blocks">${backHere(s)}<button type="submit" name="place" value="archive">${icon(s, 'bell-off')}<span>${t('mute.sender', { who })}</span></button><p class="menu-who"><span>${t('blocked.do', { who })}</span></p><button type="submit" name="place" value="junk">${icon(s, 'octagon-alert')}${t('blocked.junk')}</button><button type="submit" name="place" value="trash">${icon(s, 'trash-2')}${t('blocked.trash')}</button></form>`;
  return html`<div>${rule}${person}</div>${blocked ? '' : block}`;
}

/** What was said of the conversation, and of a sender, with the way to take it back. */
export function mutedLine(s: Screen, m: Message, muted: boolean): Html {
  return muted ? line(s, 'bell-off', s.w.t('mute.is'), mutePath(m, true), s.w.t('mute.sender.undo')) : html``;
}

export function blockedLine(s: Screen, b: BlockedSender | null): Html {
  if (!b) return html``;
  const [sign, key] =
    b.place === 'archive' ? (['bell-off', 'mute.sender.is'] as const) : (['ban', 'blocked.is'] as const);
  return line(s, sign, s.w.t(key, { who: b.address }), `/settings/blocked/${b.id}/removal`, s.w.t(unblockKey(b)));
}

const line = (s: Screen, sign: string, words: string, action: string, undo: string): Html =>
  html`<form class="banner" method="post" action="${action}">${backHere(s)}${icon(s, sign)}<span>${words}</span><button class="link" type="submit">${undo}</button></form>`;

export const unblockKey = (b: BlockedSender) => (b.place === 'archive' ? 'mute.sender.undo' : 'blocked.undo');
