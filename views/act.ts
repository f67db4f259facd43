/** How far it is with many messages: a bar and words, which renew themselves by script, else by a link. */
import { html } from 'hono/html';
import { icon, type Screen } from './layout.ts';
import type { Html } from './words.ts';

export type ActPage = {
  id: string;
  /** What is done, as a sentence: "Moving 3,214 messages to Archive". */
  title: string;
  done: number;
  total: number;
  state: 'running' | 'done' | 'stopped' | 'failed';
  canUndo: boolean;
  back: string;
};

export function actPage(s: Screen, a: ActPage): Html {
  const { t } = s.w;
  const running = a.state === 'running';
  const path = `/acts/${a.id}`;
  const renew = html` hx-get="${path}" hx-trigger="load delay:1s" hx-select="#act" hx-swap="outerHTML"`;
  const button = (to: string, words: string, sign: string) =>
    html`<form method="post" action="${path}/${to}" hx-boost="false"><button class="button" type="submit">${icon(s, sign)}${words}</button></form>`;
  return html`<section id="act" class="page act"${running ? renew : ''}><h1>${a.title}</h1>
<progress max="${Math.max(a.total, 1)}" value="${a.done}" aria-label="${a.title}"></progress>
<p role="status">${a.state === 'done' ? t('acts.done') : t(`acts.${a.state}`, { n: a.total, done: a.done })}</p>
<div class="act-next">${running ? html`<a class="button only-plain" href="${path}" hx-boost="false">${icon(s, 'rotate-cw')}${t('acts.reload')}</a>${button('stop', t('acts.stop'), 'x')}` : ''}${a.canUndo ? button('undo', t('act.undo'), 'undo-2') : ''}<a class="button${running ? '' : ' primary'}" href="${a.back}" hx-boost="false">${t('acts.back')}</a></div>
${running ? html`<p class="muted">${t('acts.goon')}</p>` : ''}
</section>`;
}
