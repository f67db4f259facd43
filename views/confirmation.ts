/** The page behind the link of a letter: is mail of somebody here to be sent on to its reader? For people without an account. */
import { html } from 'hono/html';
import { type Door, documentOf, doorBody, icon } from './layout.ts';
import type { Html } from './words.ts';

/** gone: the link was used, or its time is over. */
export type Confirmation =
  | { kind: 'asked' | 'confirmed' | 'refused'; account: string; address: string }
  | { kind: 'gone' };

export function confirmationPage(d: Door, q: Confirmation): Html {
  const { t } = d.w;
  const title = t(`confirm.title.${q.kind}`);
  return documentOf(
    d,
    t('app.title', { page: title, name: t('app.name') }),
    doorBody(d, html`<h1>${title}</h1>${body(d, q)}`),
  );
}

function body(d: Door, q: Confirmation): Html {
  const { t } = d.w;
  if (q.kind === 'gone') return html`<p>${t('confirm.gone')}</p>`;
  const who = { account: q.account, address: q.address };
  if (q.kind !== 'asked')
    return html`<p class="flash" role="status">${icon(d, q.kind === 'confirmed' ? 'check' : 'ban')}${t(`confirm.${q.kind}`, who)}</p>`;
  return html`<p>${t('confirm.asked', who)}</p><p>${t('confirm.means')}</p>
<form class="stack" method="post" hx-boost="false">
<button class="button primary wide" type="submit" name="say" value="yes">${t('confirm.yes')}</button>
<button class="button wide" type="submit" name="say" value="no">${t('confirm.no')}</button></form>
<p class="hint">${t('confirm.no.hint', who)}</p>`;
}
