/** Labels: the chips of rows and messages, their place beside the folders, and the page where they are made and mended. */
import { html } from 'hono/html';
import { type Label, type LabelColour, labelColours } from '../daemon/store.ts';
import { field } from './field.ts';
import { icon, type Screen, searchPath } from './screen.ts';
import type { Html } from './words.ts';

/** What has a label is found like anything else. */
export const labelPath = (label: Label): string =>
  searchPath(/^[\p{L}\p{N}_-]+$/u.test(label.name) ? `label:${label.name}` : `label:"${label.name}"`);

const mostChips = 3;

export function chips(s: Screen, ids: number[]): Html {
  const some = s.labels.filter(l => ids.includes(l.id));
  if (some.length === 0) return html``;
  const more = some.slice(mostChips);
  const names = more.map(l => l.name);
  return html`<span class="label-chips">${some.slice(0, mostChips).map(chip)}${more.length === 0 ? '' : html`<span class="label-more" title="${s.w.list(names)}">+${s.w.number(more.length)}<span class="unseen"> ${s.w.list(names)}</span></span>`}</span>`;
}

export const chip = (l: Label): Html =>
  html`<span class="label-chip tint-${l.colour}" title="${l.name}"><bdi>${l.name}</bdi></span>`;

/** On an open message, each with the way to take it off. */
export function ownChips(s: Screen, ids: number[], message: number, whole: boolean): Html {
  const some = s.labels.filter(l => ids.includes(l.id));
  if (some.length === 0) return html``;
  return html`<form class="own-label-chips" method="post" action="/messages/${message}/labels"><input type="hidden" name="back" value="${s.here}">${whole ? html`<input type="hidden" name="whole" value="1">` : ''}${some.map(l => html`<span class="label-chip tint-${l.colour}"><a href="${labelPath(l)}" dir="auto">${l.name}</a><button type="submit" name="take" value="${l.id}" title="${s.w.t('labels.take', { label: l.name })}">${icon(s, 'x')}<span class="unseen">${s.w.t('labels.take', { label: l.name })}</span></button></span>`)}</form>`;
}

/** Beside the folders. */
export function railLabels(s: Screen): Html {
  if (s.labels.length === 0) return html``;
  return html`<h2 class="unseen">${s.w.t('labels.title')}</h2><ul class="own">${s.labels.map(l => railLabel(s, l))}</ul>`;
}

function railLabel(s: Screen, l: Label): Html {
  const path = labelPath(l);
  return html`<li data-drop data-drop-href="/messages/labels" data-field="put" data-value="${l.id}"><a href="${path}" title="${l.name}"${s.here.startsWith(path) ? html` aria-current="page"` : ''}${l.unread > 0 ? html` class="unread"` : ''}><span class="tint tint-${l.colour}" aria-hidden="true"></span><span dir="auto">${l.name}</span>${
    l.unread > 0
      ? html`<b class="count">${s.w.number(l.unread)}<span class="unseen"> ${s.w.t('list.unread')}</span></b>`
      : ''
  }</a></li>`;
}

export type LabelsForm = {
  /** What was typed for a new label, and why it was refused. */
  fresh: { name: string; colour: LabelColour; error: string };
  /** The label whose change was refused, what was typed and why; null: none. */
  wrong: { id: number; name: string; error: string } | null;
};

export function labelsPage(s: Screen, form: LabelsForm): Html {
  const t = s.w.t;
  return html`<section class="page labels"><h1>${t('labels.title')}</h1><p class="muted">${t('labels.body')}</p>
${s.labels.length === 0 ? html`<p class="muted">${t('labels.none')}</p>` : html`<ul class="own-labels">${s.labels.map(l => ownLabel(s, l, form))}</ul>`}
<h2>${t('labels.new')}</h2>
<form class="inline" method="post" action="/labels" hx-boost="false">${field({ name: 'name', id: 'label-new', label: t('labels.name'), value: form.fresh.name, error: form.fresh.error, maxlength: 60, required: true })}${colours(s, 'colour-new', form.fresh.colour)}<button class="button" type="submit">${icon(s, 'tag')}${t('labels.create')}</button></form>
<p><a class="quiet-link" href="/folders">${t('folders.manage')}</a></p>
</section>`;
}

function ownLabel(s: Screen, l: Label, form: LabelsForm): Html {
  const t = s.w.t;
  const wrong = form.wrong?.id === l.id ? form.wrong : null;
  return html`<li><a class="label-link" href="${labelPath(l)}">${chip(l)}<small>${t('list.messages', { n: l.total })}</small></a><form class="inline" method="post" action="/labels/${l.id}" hx-boost="false">${field({ name: 'name', id: `label-${l.id}`, label: t('labels.of', { label: l.name }), value: wrong?.name ?? l.name, error: wrong?.error, maxlength: 60, required: true })}${colours(s, `colour-${l.id}`, l.colour)}<button class="button" type="submit" aria-label="${t('labels.change.of', { label: l.name })}">${t('labels.change')}</button></form><a class="button danger" href="/labels/${l.id}/removal" aria-label="${t('labels.remove.of', { label: l.name })}">${t('labels.remove')}</a></li>`;
}

function colours(s: Screen, id: string, chosen: LabelColour): Html {
  const t = s.w.t;
  return html`<div class="field"><label for="${id}">${t('labels.colour')}</label><div class="control"><select id="${id}" name="colour">${labelColours.map(c => html`<option value="${c}"${c === chosen ? html` selected` : ''}>${t(`labels.colour.${c}`)}</option>`)}</select></div></div>`;
}

/** Asked before a label goes, since that cannot be undone. */
export function labelRemovalPage(s: Screen, l: Label): Html {
  const t = s.w.t;
  return html`<section class="page"><h1>${t('labels.remove.of', { label: l.name })}</h1><p>${t('labels.remove.body', { n: l.total })}</p>
<form class="buttons" method="post" action="/labels/${l.id}/removal" hx-boost="false"><button class="button danger" type="submit">${t('labels.remove.sure')}</button><a class="button" href="/labels">${t('labels.keep')}</a></form></section>`;
}
