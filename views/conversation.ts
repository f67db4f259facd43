/** Messages of a conversation that are folded to a line each; between the first and the last, to a line for all. */
import { html } from 'hono/html';
import { Flag, type Message } from '../daemon/store.ts';
import { icon, type Screen } from './layout.ts';
import { type Html, inOrder } from './words.ts';

/** `href`: this page with the message open. */
export type Folded = { message: Message; href: string };

/** A run of more than this becomes its first, its last, and a line for those between. */
const longestRun = 3;

export function foldedRun(s: Screen, run: Folded[]): Html {
  if (run.length <= longestRun) return html`${run.map(f => foldedLine(s, f))}`;
  const between = run.slice(1, -1);
  return html`${foldedLine(s, run[0]!)}<details class="folded-more"><summary>${icon(s, 'chevron-down')}${s.w.t('conversation.more', { n: between.length })}</summary>${between.map(f => foldedLine(s, f))}</details>${foldedLine(s, run.at(-1)!)}`;
}

function foldedLine(s: Screen, { message: m, href }: Folded): Html {
  const who = authorOf(s, m);
  const unread = (m.flags & Flag.seen) === 0;
  return html`<a id="message-${m.id}" class="folded${unread ? ' unread' : ''}" href="${href}" hx-get="${href}" hx-boost="false" hx-select="#message-${m.id}" hx-target="#message-${m.id}" hx-swap="outerHTML">${unread ? html`<span class="dot"><span class="unseen">${s.w.t('list.unread')}</span></span>` : ''}<span class="who"><bdi>${inOrder(who)}</bdi></span><span class="snippet" dir="auto">${inOrder(m.snippet) || s.w.t('message.empty')}</span><span class="marks">${m.attachments > 0 ? html`<span title="${s.w.t('list.attachments', { n: m.attachments })}">${icon(s, 'paperclip')}<span class="unseen">${s.w.t('list.attachments', { n: m.attachments })}</span></span>` : ''}${m.flags & Flag.flagged ? html`<span class="mark-star-on" title="${s.w.t('list.flagged')}">${icon(s, 'star-on')}<span class="unseen">${s.w.t('list.flagged')}</span></span>` : ''}</span><time datetime="${s.w.iso(m.receivedAt)}" title="${s.w.full(m.receivedAt)}">${s.w.when(m.receivedAt)}</time></a>`;
}

export const authorOf = (s: Screen, m: Pick<Message, 'fromName' | 'fromAddress'>): string =>
  m.fromAddress.toLowerCase() === s.account.address
    ? s.w.t('list.me')
    : m.fromName || m.fromAddress || s.w.t('list.nosender');
