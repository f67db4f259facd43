/** Reminders of letters that nobody answered: their page, and the choice of days beside a letter. */
import { html } from 'hono/html';
import type { Message, Waiting } from '../daemon/store.ts';
import { emptyState } from './list.ts';
import { messagePath } from './row.ts';
import { icon, type Screen } from './screen.ts';
import type { Html } from './words.ts';

/** Days after which one may be reminded. */
export const reminderDays = [1, 2, 3, 5, 7, 14, 30];

/** `chosen` 0: none. */
export const dayChoices = (s: Screen, chosen: number): Html =>
  html`${[...new Set([...reminderDays, ...(chosen > 0 ? [chosen] : [])])].toSorted((a, b) => a - b).map(n => html`<option value="${n}"${n === chosen ? html` selected` : ''}>${s.w.t('reminders.days', { n })}</option>`)}`;

/** In a letter's form; `id` is what tells it from those of other letters. */
export function reminderChoice(s: Screen, id: string, chosen: number): Html {
  const t = s.w.t;
  return html`<div class="remind"><label for="remind-${id}">${icon(s, 'bell')}${t('reminders.ask')}</label><select id="remind-${id}" name="remind"><option value="0">${t('reminders.never')}</option>${dayChoices(s, chosen)}</select></div>`;
}

export function remindersPage(s: Screen, all: Waiting[]): Html {
  const t = s.w.t;
  const empty = emptyState(s, 'bell', t('reminders.empty.title'), t('reminders.empty.body'));
  return html`<section class="page reminders"><h1>${t('reminders.title')}</h1>
${all.length === 0 ? empty : html`<p class="muted">${t('reminders.body')}</p><ul class="decided">${all.map(one => reminder(s, one))}</ul>`}</section>`;
}

function reminder(s: Screen, { message: m, until }: Waiting): Html {
  const t = s.w.t;
  const subject = m.subject.trim() || t('list.nosubject');
  return html`<li><span><a href="${messagePath(s, m)}"><b><bdi>${subject}</bdi></b></a><small><bdi>${t('list.to', { who: m.to || t('list.norecipient') })}</bdi> · ${s.w.h('reminders.at', { time: html`<time datetime="${s.w.iso(until)}">${s.w.stamp(until)}</time>` })}</small></span>
<form method="post" action="/messages/${m.id}/reminders" hx-boost="false"><input type="hidden" name="back" value="/reminders"><button class="button" type="submit">${t('reminders.off')}<span class="unseen"> ${subject}</span></button></form></li>`;
}

/** Beside what one has sent; `at`: when one is reminded, null: not. */
export function reminderForm(s: Screen, m: Message, at: number | null): Html {
  const t = s.w.t;
  const hidden = html`<input type="hidden" name="back" value="${s.here}">`;
  if (at !== null)
    return html`<form class="banner" method="post" action="/messages/${m.id}/reminders">${hidden}${icon(s, 'bell')}<span>${t('reminders.is', { time: s.w.stamp(at) })}</span><button class="link" type="submit">${t('reminders.off')}</button></form>`;
  const id = `remind-${m.id}`;
  return html`<form class="remind" method="post" action="/messages/${m.id}/reminders">${hidden}<label for="${id}">${icon(s, 'bell')}${t('reminders.ask')}</label><select id="${id}" name="days">${dayChoices(s, 3)}</select><button class="button" type="submit">${t('reminders.set')}</button></form>`;
}
