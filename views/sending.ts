/** For how long one may undo after sending: a choice among one's settings. */
import { html } from 'hono/html';
import type { Screen } from './layout.ts';
import type { Html } from './words.ts';

/** Seconds a person may choose; 0: mail goes at once. */
export const undoChoices = [0, 5, 10, 20, 30];

/** `house`: what holds for who chose nothing; null: this site holds no mail. */
export function sendingSettings(s: Screen, house: number | null): Html {
  const t = s.w.t;
  if (house === null) return html``;
  const chosen = s.account.undoSend;
  const words = (seconds: number) =>
    seconds === 0 ? t('account.undo.off') : t('account.undo.seconds', { n: seconds });
  const choices = [...new Set([...undoChoices, ...(chosen === null ? [] : [chosen])])].toSorted((a, b) => a - b);
  const option = (value: string, label: string, on: boolean) =>
    html`<option value="${value}"${on ? html` selected` : ''}>${label}</option>`;
  return html`<h2>${t('account.sending')}</h2>
<form class="stack" method="post" action="/settings/sending" hx-boost="false">
<div class="field"><label for="undo">${t('account.undo')}</label><div class="control"><select id="undo" name="undo" aria-describedby="undo-hint">${option('', t('account.undo.house', { time: words(house) }), chosen === null)}${choices.map(n => option(String(n), words(n), n === chosen))}</select></div><p class="hint" id="undo-hint">${t('account.undo.hint')}</p></div>
<div><button class="button" type="submit">${t('account.undo.save')}</button></div></form>`;
}
