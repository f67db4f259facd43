/** By which list a message came, and the way out of it; what was asked before is said. */
import { html } from 'hono/html';
import type { ListMail } from '../daemon/mail/list.ts';
import { icon, type Screen } from './screen.ts';
import { type Html, inOrder } from './words.ts';

export type ListCard = {
  messageId: number;
  list: ListMail;
  /** Null: nobody was asked to stop. */
  asked: { at: number; of: string } | null;
};

export function listLine(s: Screen, card: ListCard | null, back: string): Html {
  if (card === null || (card.list.leave === null && card.asked === null)) return html``;
  const { t } = s.w;
  const { list, asked } = card;
  const name = inOrder(list.name || list.id);
  const known = name === '' ? t('list.mail') : t('list.mail.of', { name });
  const said = asked === null ? '' : ` ${t('list.mail.asked', { host: asked.of, time: s.w.stamp(asked.at) })}`;
  return html`<div class="list-line">${icon(s, 'mail-x')}<span dir="auto">${known}${said}</span>${way(s, card, back)}</div>`;
}

function way(s: Screen, { messageId, list: { leave }, asked }: ListCard, back: string): Html {
  const { t } = s.w;
  if (leave === null) return html``;
  const words = t(asked === null ? 'list.mail.leave' : 'list.mail.again');
  if (leave.kind === 'link')
    return html`<a href="${leave.url}" target="_blank" rel="noopener noreferrer nofollow">${words} (${leave.host})</a>`;
  const told =
    leave.kind === 'mail' ? t('list.mail.writes', { to: leave.to }) : t('list.mail.tells', { host: leave.host });
  // Where asking did not help, the page behind the address may.
  const page =
    leave.kind === 'one-click' && asked !== null
      ? html`<a href="${leave.link}" target="_blank" rel="noopener noreferrer nofollow">${leave.host}</a>`
      : '';
  return html`<form method="post" action="/messages/${messageId}/unsubscriptions"><input type="hidden" name="back" value="${back}"><button class="link" type="submit" title="${told}">${words}</button></form>${page}`;
}
