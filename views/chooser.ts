/**
 * Where to move, what to label with, until when to snooze: a page of buttons with a field to type in, which a script
 * shows as a dialogue. What was chosen in the list travels along as hidden fields.
 */
import { html } from 'hono/html';
import type { Folder, Label } from '../daemon/store.ts';
import { labelPath } from './labels.ts';
import { folderName, icon, iconOf, type Screen } from './screen.ts';
import type { Html } from './words.ts';

export type Wish = 'move' | 'label' | 'snooze';

/** What the form of a list said, to be said again by the one that is chosen. */
export type Chosen = {
  /** `/messages` or `/messages/7`. */
  path: string;
  fields: [name: string, value: string][];
  /** How many; null: all of a list, which was not counted. */
  count: number | null;
};

export type Typed = {
  text: string;
  /** Why nothing was done with it; empty: nothing was typed. */
  error: string;
};

const title = (s: Screen, wish: Wish, { count }: Chosen): string =>
  count === null ? s.w.t(`choose.${wish}.all`) : s.w.t(`choose.${wish}`, { n: count });

function frame(s: Screen, wish: Wish, chosen: Chosen, action: string, content: Html): Html {
  return html`<section class="page" id="choices" aria-labelledby="choices-title"><h1 id="choices-title">${title(s, wish, chosen)}</h1>
<form class="choices" method="post" action="${chosen.path}/${action}">${chosen.fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${content}
</form></section>`;
}

/** `go`: what Enter does. It stands first, since browsers take the first button of a form for that. */
function typing(s: Screen, typed: Typed, label: string, go: string, action: string): Html {
  const wrong = typed.error ? html` aria-invalid="true" aria-describedby="choices-error"` : '';
  return html`<div class="choices-type"><label class="unseen" for="choices-name">${label}</label><span class="control">${icon(s, 'search')}<input id="choices-name" name="name" value="${typed.text}" placeholder="${label}" maxlength="80" autocomplete="off" autocapitalize="none" spellcheck="false" autofocus data-filter${wrong}></span><button class="button" type="submit" formaction="${action}">${go}</button></div>
${typed.error ? html`<p class="error" id="choices-error" role="alert">${typed.error}</p>` : ''}`;
}

/** Makes what was typed. A script shows it only for names there are not, and with the name in it. */
function creating(s: Screen, wish: 'folder' | 'label', { text }: Typed, isNew: boolean, action: string): Html {
  const named = (name: string) =>
    wish === 'folder' ? s.w.t('choose.folder.create', { folder: name }) : s.w.t('choose.label.create', { label: name });
  return html`<p><button class="button" type="submit" name="create" value="1" formaction="${action}" data-create="${named('{name}')}">${icon(s, 'plus')}<span>${isNew ? named(text) : s.w.t(`choose.${wish}.fresh`)}</span></button></p>`;
}

export function moveChooser(s: Screen, chosen: Chosen, goals: Folder[], typed: Typed, isNew: boolean): Html {
  const t = s.w.t;
  const content = html`${typing(s, typed, t('choose.folder'), t('act.move'), `${chosen.path}/moves`)}
<ul class="choice-list" aria-label="${t('folders.title')}">${goals.map(f => html`<li data-name="${folderName(s.w, f)}"><button type="submit" name="to" value="${f.role ?? f.id}">${icon(s, iconOf(f))}<span dir="auto">${folderName(s.w, f)}</span></button></li>`)}</ul>
<p class="none-fits" hidden>${t('choose.none')}</p>
${creating(s, 'folder', typed, isNew, `${chosen.path}/moves`)}
<p><a class="quiet-link" href="/folders">${t('folders.manage')}</a></p>`;
  return frame(s, 'move', chosen, 'moves', content);
}

/** How many of the chosen messages have a label: all, some or none; unknown where they were not counted. */
export type Having = 'all' | 'some' | 'none' | 'unknown';

export function labelChooser(
  s: Screen,
  chosen: Chosen,
  labels: { label: Label; having: Having }[],
  typed: Typed,
  isNew: boolean,
): Html {
  const t = s.w.t;
  const content = html`${typing(s, typed, t('choose.label.name'), t('choose.label.go'), `${chosen.path}/labels`)}
${labels.length === 0 ? html`<p class="muted">${t('labels.none')}</p>` : ''}
<ul class="choice-list" aria-label="${t('labels.title')}">${labels.map(one => labelChoice(s, one))}</ul>
<p class="none-fits" hidden>${t('choose.label.none')}</p>
${creating(s, 'label', typed, isNew, `${chosen.path}/labels`)}
<p><a class="quiet-link" href="/labels">${t('labels.manage')}</a></p>`;
  return frame(s, 'label', chosen, 'labels', content);
}

function labelChoice(s: Screen, { label: l, having }: { label: Label; having: Having }): Html {
  const t = s.w.t;
  const has =
    having === 'all' || having === 'some'
      ? html`<small>${t(having === 'all' ? 'choose.label.has' : 'choose.label.some')}</small>`
      : '';
  const take = html`<button class="take" type="submit" name="take" value="${l.id}">${t('choose.label.take')}<span class="unseen"> ${l.name}</span></button>`;
  const put = html`<button type="submit" name="put" value="${l.id}"><span class="tint tint-${l.colour}" aria-hidden="true"></span><span dir="auto">${l.name}</span>${has}</button>`;
  const shown = html`<a class="has" href="${labelPath(l)}"><span class="tint tint-${l.colour}" aria-hidden="true"></span><span dir="auto">${l.name}</span>${has}</a>`;
  return html`<li data-name="${l.name}">${having === 'all' ? shown : put}${having === 'none' ? '' : take}</li>`;
}

export type SnoozeTime = { name: 'later' | 'tomorrow' | 'weekend' | 'week'; at: number };
export type SnoozeForm = {
  quick: SnoozeTime[];
  /** What the fields hold, as browsers have it: `2026-11-30`, `08:00`. */
  day: string;
  time: string;
  /** Today, before which nothing can be chosen. */
  from: string;
  error: string;
};

export function snoozeChooser(s: Screen, chosen: Chosen, f: SnoozeForm): Html {
  const t = s.w.t;
  const wrong = f.error ? html` aria-invalid="true" aria-describedby="choices-error"` : '';
  // Browsers take the first button for Enter: in a field of a day it must not mean another time.
  const enter = html`<button type="submit" name="own" value="1" hidden></button>`;
  const content = html`${enter}<ul class="choice-list" aria-label="${t('choose.times')}">${f.quick.map(q => html`<li><button type="submit" name="until" value="${q.at}">${icon(s, 'clock')}<span>${t(`snooze.${q.name}`)}</span><small title="${s.w.full(q.at)}">${s.w.soon(q.at)}</small></button></li>`)}</ul>
<fieldset class="choices-at"><legend>${t('snooze.own')}</legend><label>${t('snooze.day')}<input type="date" name="day" value="${f.day}" min="${f.from}"${wrong}></label><label>${t('snooze.time')}<input type="time" name="time" value="${f.time}"${wrong}></label><button class="button" type="submit" name="own" value="1">${t('snooze.go')}</button></fieldset>
${f.error ? html`<p class="error" id="choices-error" role="alert">${f.error}</p>` : ''}
<p class="hint">${t('snooze.hint')}</p>`;
  return frame(s, 'snooze', chosen, 'snoozes', content);
}
