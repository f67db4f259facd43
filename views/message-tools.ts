/** The tools above an open message or conversation, those beside each message of one, and behind both a menu of more. */
import { html } from 'hono/html';
import { Flag, type Message } from '../daemon/store.ts';
import { type Action, actions, choices, forOne, toolButton } from './actions.ts';
import { folderName, icon, type Screen } from './layout.ts';
import type { OpenMessage, OpenPane } from './message.ts';
import { muteAct, senderActs } from './sender-acts.ts';
import type { Html } from './words.ts';

/** On a phone these stand in the menu, so that the others are as wide as a thumb (app.css has the same). */
const isBehindMore = (a: Action): boolean => a.value === 'junk' || a.shortcut === 'label' || a.shortcut === 'move';

export function toolbar(s: Screen, o: OpenPane): Html {
  const t = s.w.t;
  const id = o.message.id;
  const answered = o.letters.findLast(m => 'body' in m)?.message.id ?? id;
  const link = (href: string, name: string, label: string, key: string) =>
    html`<a class="button plain icon-only top-only" href="${href}" hx-boost="false" title="${label}" data-key="${key}">${icon(s, name)}<span class="unseen">${label}</span></a>`;
  const own = actions(o.folder).filter(a => a.shortcut !== 'read' && a.shortcut !== 'star');
  return html`<div class="message-tools" role="group" aria-label="${t(o.letters.length > 1 ? 'conversation.actions' : 'message.actions')}">
<a class="button plain icon-only back" href="${o.back}" data-key="back" title="${t('act.back', { folder: folderName(s.w, o.folder) })}">${icon(s, 'arrow-left')}<span class="unseen">${t('act.back', { folder: folderName(s.w, o.folder) })}</span></a>
${link(`/compose?reply=${answered}`, 'reply', t('act.reply'), 'reply')}
${link(`/compose?reply=${answered}&all`, 'reply-all', t('act.replyall'), 'replyall')}
${link(`/compose?forward=${answered}`, 'forward', t('act.forward'), 'forward')}
<form class="tool-form" method="post" action="/messages/${id}/moves">${moved(s, o)}${[...own, ...choices(o.folder)].map(a => toolButton(s, forOne(a, id), a.shortcut === 'unread' && o.unread !== null))}</form>
${o.letters.length > 1 ? '' : star(s, o.message)}${readForm(s, o.unread)}
${more(s, o)}
<span class="sep"></span>
${step(s, o.newer, 'chevron-up', t('act.newer'), 'newer')}${step(s, o.older, 'chevron-down', t('act.older'), 'older')}
</div>`;
}

/** What is moved leads on; what is labelled stays on the page. */
const moved = (s: Screen, o: OpenPane): Html =>
  html`<input type="hidden" name="back" value="${o.after}"><input type="hidden" name="stay" value="${s.here}">${o.whole ? html`<input type="hidden" name="whole" value="1">` : ''}`;

const step = (s: Screen, href: string | null, name: string, label: string, key: string): Html =>
  href === null
    ? html``
    : html`<a class="button plain icon-only top-only" href="${href}" data-key="${key}" title="${label}">${icon(s, name)}<span class="unseen">${label}</span></a>`;

/** What is done seldom: with the conversation, and with all mail of who wrote to the reader last. */
function more(s: Screen, o: OpenPane): Html {
  const { id } = o.message;
  const some = [...actions(o.folder), ...choices(o.folder)].filter(isBehindMore);
  const narrow = html`<form class="only-narrow" method="post" action="/messages/${id}/moves">${moved(s, o)}${some.map(a => menuButton(s, forOne(a, id)))}</form>`;
  const mute = muteAct(s, o.message, o.muted);
  const paper = o.letters.length > 1 ? '' : papers(s, o.message);
  return menu(s, s.w.t('sender.more'), html`${narrow}${mute}${senderActs(s, o.about)}${paper}`);
}

function menu(s: Screen, label: string, content: Html): Html {
  return html`<details class="menu more"><summary class="button plain icon-only" title="${label}">${icon(s, 'ellipsis')}<span class="unseen">${label}</span></summary><div class="menu-card">${content}</div></details>`;
}

const menuButton = (s: Screen, a: Action): Html =>
  html`<button type="submit" formaction="${a.action}" name="${a.name}" value="${a.value}"${a.name === 'for' ? html` data-choose` : ''}>${icon(s, a.icon)}${s.w.t(a.key)}</button>`;

/** The message as it was sent, and on paper. */
function papers(s: Screen, { id }: Message): Html {
  const { t } = s.w;
  const out = (href: string, sign: string, words: string) =>
    html`<a href="${href}" target="_blank" rel="noopener">${icon(s, sign)}${words}</a>`;
  return html`<div>${out(`/messages/${id}/print`, 'printer', t('act.print'))}<a href="/messages/${id}/headers">${icon(s, 'info')}${t('headers.title')}</a>${out(`/messages/${id}/source`, 'code', t('act.source'))}</div>`;
}

/** What is not read yet has this in place of its opposite; app.js presses it when it is time. */
function readForm(s: Screen, unread: OpenPane['unread']): Html {
  if (!unread) return html``;
  const label = s.w.t('act.read');
  return html`<form class="star-form" method="post" action="/messages/flags"${unread.seconds === null ? '' : html` data-read-after="${unread.seconds}"`}><input type="hidden" name="back" value="${s.here}">${unread.ids.map(id => html`<input type="hidden" name="message" value="${id}">`)}<button class="button plain icon-only" type="submit" name="set" value="seen" title="${label}" data-key="read">${icon(s, 'mail-open')}<span class="unseen">${label}</span></button></form>`;
}

/** Starring stays on the page; the other actions go back to the list. */
function star(s: Screen, m: Message): Html {
  const on = (m.flags & Flag.flagged) !== 0;
  const label = s.w.t(on ? 'act.unflag' : 'act.flag');
  return html`<form class="star-form" method="post" action="/messages/${m.id}/flags"><input type="hidden" name="back" value="${s.here}"><button class="button plain icon-only${on ? ' mark-star-on' : ''}" type="submit" name="${on ? 'clear' : 'set'}" value="flagged" title="${label}" data-key="star">${icon(s, on ? 'star-on' : 'star')}<span class="unseen">${label}</span></button></form>`;
}

/** What is done with one message of a conversation. */
export function ownTools(s: Screen, o: OpenMessage, pane: OpenPane): Html {
  const { id } = o.message;
  const elsewhere =
    o.folder.id === pane.folder.id
      ? ''
      : html`<p class="menu-who"><span>${s.w.t('conversation.in', { folder: folderName(s.w, o.folder) })}</span></p>`;
  const some = actions(o.folder).filter(a => a.shortcut !== 'read' && a.shortcut !== 'star');
  const moves = html`<form method="post" action="/messages/${id}/moves"><input type="hidden" name="back" value="${pane.back}">${elsewhere}${some.map(a => menuButton(s, forOne(a, id)))}</form>`;
  const content = html`${moves}${senderActs(s, o)}${papers(s, o.message)}`;
  return html`<div class="own-tools">${star(s, o.message)}${menu(s, s.w.t('conversation.act'), content)}</div>`;
}
