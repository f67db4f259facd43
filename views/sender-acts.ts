/** What a reader has done with all mail like this one: its sender blocked, its conversation muted, a rule made of it. And the list of whom one blocked. */
import { html } from 'hono/html';
import { searchFields, writeSearch } from '../daemon/mail/search-query.ts';
import type { BlockedSender, Message } from '../daemon/store.ts';
import { field } from './field.ts';
import { emptyState } from './list.ts';
import { icon, type Screen, searchPath } from './screen.ts';
import { backToSettings } from './way.ts';
import type { Html } from './words.ts';

/** What was said already about the message shown. */
export type Standing = {
  /** The message it is said of; others of its conversation may be from others. */
  of: number;
  muted: boolean;
  /** Null: its sender is not blocked. */
  blocked: BlockedSender | null;
};

export function senderActs(s: Screen, m: Message): Html {
  const { t } = s.w;
  const who = m.fromAddress;
  const isOwn = who === '' || who.toLowerCase() === s.account.address;
  const back = html`<input type="hidden" name="back" value="${s.here}">`;
  const muted = s.standing?.muted === true;
  const isIt = s.standing?.of === m.id;
  const blocked = isIt && !isOwn ? (s.standing?.blocked ?? null) : null;
  const mute = html`<form method="post" action="/conversations/${m.conversation}/mutes${muted ? '/removal' : ''}">${back}<button type="submit">${icon(s, 'bell-off')}${t(muted ? 'mute.undo' : 'mute.do')}</button></form>`;
  const block = html`<form method="post" action="/messages/${m.id}/blocks">${back}<button type="submit" name="place" value="archive">${icon(s, 'bell-off')}${t('mute.sender', { who })}</button><p class="menu-who"><span>${t('blocked.do', { who })}</span></p><button type="submit" name="place" value="junk">${icon(s, 'octagon-alert')}${t('blocked.junk')}</button><button type="submit" name="place" value="trash">${icon(s, 'trash-2')}${t('blocked.trash')}</button></form>`;
  const rule = html`<a href="/settings/rules/new?from=${m.id}" hx-boost="false">${icon(s, 'list-filter')}${t('rules.frommessage')}</a>`;
  const person = html`<a href="/contacts/new?from=${m.id}" hx-boost="false">${icon(s, 'users')}${t('sender.contact')}</a><a href="${searchPath(writeSearch({ ...searchFields(''), from: who }))}">${icon(s, 'search')}${t('sender.mail', { who })}</a>`;
  const more = t('sender.more');
  return html`<div class="sender-acts">${muted && isIt ? html`<p class="muted">${icon(s, 'bell-off')}${t('mute.is')}</p>` : ''}${blocked ? blockedLine(s, blocked) : ''}<details class="menu"><summary class="button plain">${icon(s, 'ellipsis')}${more}</summary><div class="menu-card">${isOwn ? '' : person}${rule}${m.conversation > 0 ? mute : ''}${isOwn || blocked ? '' : block}</div></details></div>`;
}

function blockedLine(s: Screen, b: BlockedSender): Html {
  return html`<form method="post" action="/settings/blocked/${b.id}/removal" class="muted"><input type="hidden" name="back" value="${s.here}">${icon(s, b.place === 'archive' ? 'bell-off' : 'ban')}<span>${s.w.t(b.place === 'archive' ? 'mute.sender.is' : 'blocked.is', { who: b.address })}</span><button class="link" type="submit">${s.w.t(undo(b))}</button></form>`;
}

const undo = (b: BlockedSender) => (b.place === 'archive' ? 'mute.sender.undo' : 'blocked.undo');

export type BlockForm = { address: string; place: BlockedSender['place']; error: string };

export function blockedPage(s: Screen, all: BlockedSender[], f: BlockForm): Html {
  const { t } = s.w;
  const one = (b: BlockedSender) =>
    html`<li><span><b><bdi>${b.address}</bdi></b><small>${t(`blocked.to.${b.place}`)} · <time datetime="${s.w.iso(b.at)}">${s.w.stamp(b.at)}</time></small></span>
<form method="post" action="/settings/blocked/${b.id}/removal" hx-boost="false"><button class="button" type="submit">${t(undo(b))}<span class="unseen"> ${b.address}</span></button></form></li>`;
  const option = (value: BlockedSender['place'], words: string) =>
    html`<option value="${value}"${f.place === value ? html` selected` : ''}>${words}</option>`;
  return html`<section class="page">${backToSettings(s)}
<h1>${t('blocked.title')}</h1>
${all.length === 0 ? emptyState(s, 'ban', t('blocked.empty'), t('blocked.empty.body')) : html`<p class="muted">${t('blocked.body')}</p><ul class="decided">${all.map(one)}</ul>`}
<h2>${t('blocked.add')}</h2>
<form class="stack" method="post" action="/settings/blocked" hx-boost="false" autocomplete="off">
${field({ name: 'address', label: t('blocked.address'), value: f.address, error: f.error, hint: t('blocked.address.hint'), required: true, maxlength: 320, more: html` inputmode="email" autocapitalize="none" spellcheck="false"` })}
<div class="field"><label for="place">${t('blocked.place')}</label><div class="control"><select id="place" name="place">${option('junk', t('blocked.to.junk'))}${option('trash', t('blocked.to.trash'))}${option('archive', t('blocked.to.archive'))}</select></div></div>
<div><button class="button" type="submit">${t('blocked.go')}</button></div></form></section>`;
}
