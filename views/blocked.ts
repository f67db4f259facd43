/** The list of whom one blocked or muted, and naming others. */
import { html } from 'hono/html';
import type { BlockedSender, MutedConversation } from '../daemon/store.ts';
import { authorOf } from './conversation.ts';
import { field } from './field.ts';
import { emptyState } from './list.ts';
import { icon, type Screen, searchPath } from './screen.ts';
import { unblockKey } from './sender-acts.ts';
import { backToSettings } from './way.ts';
import type { Html } from './words.ts';

export type BlockForm = { address: string; place: BlockedSender['place']; error: string };

export function blockedPage(s: Screen, all: BlockedSender[], muted: MutedConversation[], f: BlockForm): Html {
  const { t } = s.w;
  const one = (b: BlockedSender) =>
    html`<li><span><b><bdi>${b.address}</bdi></b><small>${t(`blocked.to.${b.place}`)} · <time datetime="${s.w.iso(b.at)}">${s.w.stamp(b.at)}</time></small></span>
<form method="post" action="/settings/blocked/${b.id}/removal" hx-boost="false"><button class="button" type="submit">${t(unblockKey(b))}<span class="unseen"> ${b.address}</span></button></form></li>`;
  const option = (value: BlockedSender['place'], words: string) =>
    html`<option value="${value}"${f.place === value ? html` selected` : ''}>${words}</option>`;
  return html`<section class="page">${backToSettings(s)}
<h1>${t('blocked.title')}</h1>
${all.length === 0 ? emptyState(s, 'ban', t('blocked.empty'), t('blocked.empty.body')) : html`<p class="muted">${t('blocked.body')}</p><ul class="decided">${all.map(one)}</ul>`}
${muted.length === 0 ? '' : mutedList(s, muted)}
<h2>${t('blocked.add')}</h2>
<form class="stack" method="post" action="/settings/blocked" hx-boost="false" autocomplete="off">
${field({ name: 'address', label: t('blocked.address'), value: f.address, error: f.error, hint: t('blocked.address.hint'), required: true, maxlength: 320, more: html` inputmode="email" autocapitalize="none" spellcheck="false"` })}
<div class="field"><label for="place">${t('blocked.place')}</label><div class="control"><select id="place" name="place">${option('junk', t('blocked.to.junk'))}${option('trash', t('blocked.to.trash'))}${option('archive', t('blocked.to.archive'))}</select></div></div>
<div><button class="button" type="submit">${t('blocked.go')}</button></div></form></section>`;
}

/** Below them the way to all their mail, should they be more than are listed. */
function mutedList(s: Screen, all: MutedConversation[]): Html {
  const { t } = s.w;
  const one = ({ at, newest: m }: MutedConversation) => {
    const subject = m.subject.trim() || t('list.nosubject');
    return html`<li><span><a href="/conversations/${m.conversation}" hx-boost="false"><b dir="auto">${subject}</b></a><small><bdi>${authorOf(s, m) || t('list.nosender')}</bdi> · ${s.w.h('mute.since', { time: html`<time datetime="${s.w.iso(at)}">${s.w.stamp(at)}</time>` })}</small></span>
<form method="post" action="/conversations/${m.conversation}/mutes/removal" hx-boost="false"><input type="hidden" name="back" value="/settings/blocked"><button class="button" type="submit">${t('mute.sender.undo')}<span class="unseen"> ${subject}</span></button></form></li>`;
  };
  return html`<h2 id="muted">${t('mute.list')}</h2><p class="muted">${t('mute.list.body')}</p><ul class="decided">${all.map(one)}</ul>
<p><a class="quiet-link" href="${searchPath('is:muted')}">${icon(s, 'search')}${t('mute.list.all')}</a></p>`;
}
