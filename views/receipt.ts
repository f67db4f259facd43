/** A sender wants to be told that a message was read: the question, and what was decided. */
import { html } from 'hono/html';
import { icon, type Screen } from './screen.ts';
import type { Html } from './words.ts';

export type ReceiptCard = {
  messageId: number;
  /** Who would be told. */
  to: string;
  decided: { sent: boolean; at: number } | null;
};

export function receiptLine(s: Screen, card: ReceiptCard | null, back: string): Html {
  if (card === null) return html``;
  const { t } = s.w;
  const { decided, to } = card;
  if (decided)
    return html`<p class="banner">${icon(s, 'check')}<span>${t(decided.sent ? 'receipt.sent' : 'receipt.refused', { who: to, time: s.w.stamp(decided.at) })}</span></p>`;
  const button = (value: string, words: string) =>
    html`<button class="link" type="submit" name="receipt" value="${value}">${words}</button>`;
  return html`<div class="banner">${icon(s, 'eye')}<span>${t('receipt.wanted', { who: to })}</span><form method="post" action="/messages/${card.messageId}/receipts"><input type="hidden" name="back" value="${back}">${button('send', t('receipt.send'))}${button('no', t('receipt.no'))}</form></div>`;
}
