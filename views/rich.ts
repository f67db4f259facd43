/** Text that may be written with formatting: a field, or an editor in a frame of its own that script puts in its place. */
import { html } from 'hono/html';
import type { ComposeForm } from './compose.ts';
import { icon, type Screen } from './layout.ts';
import { reminderChoice } from './reminders.ts';
import type { Html } from './words.ts';

export type RichField = {
  id: string;
  /** What the text is sent as; its markup is always `html`. */
  name: string;
  label: string;
  text: string;
  /** What it is written in; null: plain text. */
  html: string | null;
  /** Markup to begin with where there is script to write in; null: it begins as plain text. */
  start: string | null;
  rows: number;
  focus: boolean;
  /** The message whose images are quoted; null: none. */
  relatedId: number | null;
  /** May it hold pictures? Then the form belongs to a draft, which keeps them. */
  pictures: boolean;
  /** A page that shows it as it looks; null: there is none. */
  look: string | null;
  /** Where a button leads that goes on without formatting; absent: to where the form does. */
  plainTo: string | null;
};

/**
 * Plain text is the form as it is. A text in markup shows what it says, and goes as it is, or on as plain text; its
 * markup stands in a hidden field, so that no button of the form loses it. Where writing is to begin with formatting
 * the markup waits in a field that is off: without script the text is plain.
 */
export function richField(s: Screen, f: RichField): Html {
  const { t } = s.w;
  const isRich = f.html !== null;
  const related = f.relatedId === null ? '' : html` data-related-href="/messages/${f.relatedId}/parts/"`;
  const draft = f.pictures ? html` data-draft-href="/drafts/"` : '';
  return html`<div class="compose-text" data-rich="${isRich ? 'now' : f.start === null ? 'later' : 'start'}" data-convert-href="/drafts/conversions"${draft}${related}${f.focus ? html` data-focus` : ''} data-failed="${t('rich.failed')}">
${isRich ? written(s, f) : ''}<textarea id="${f.id}" data-field="${f.name}"${isRich ? html` readonly` : html` name="${f.name}"`} aria-label="${f.label}" dir="auto" rows="${f.rows}"${f.focus && !isRich ? html` autofocus` : ''}>
${f.text}</textarea>
<textarea name="html" hidden${isRich ? '' : html` disabled`}>
${f.html ?? f.start ?? ''}</textarea>
<template data-editor><iframe src="/editor" sandbox="allow-scripts" title="${f.label}"></iframe></template>
</div>`;
}

export const richToggle = (s: Screen): Html =>
  html`<button class="button plain only-script" type="button" data-rich-toggle aria-pressed="false">${icon(s, 'letter-text')}${s.w.t('rich.toggle')}</button>`;

function written(s: Screen, f: RichField): Html {
  const { t } = s.w;
  const look =
    f.look === null ? '' : html`<a class="button plain" href="${f.look}" target="_blank">${t('rich.look')}</a>`;
  const to = f.plainTo === null ? '' : html` formaction="${f.plainTo}"`;
  return html`<div class="question" data-unscripted><p>${t('rich.unscripted')}</p><div class="buttons"><button class="button" type="submit"${to} name="plain" value="1">${t('rich.plain')}</button>${look}</div></div>
`;
}

/** The text of a letter, and what helps to write it. */
export function letterText(s: Screen, f: ComposeForm): Html {
  const field = richField(s, {
    ...{ id: `text-${f.key}`, name: 'text', label: s.w.t('compose.text'), rows: 14, pictures: true },
    ...{ text: f.text, html: f.html, start: f.start, relatedId: f.relatedId },
    focus: f.to !== '' && !f.errors.to,
    look: f.draftId === null ? null : `/drafts/${f.draftId}/body`,
    plainTo: '/drafts/uploads',
  });
  return html`${field}
<div class="compose-tools">${richToggle(s)}${replies(s, f)}</div>`;
}

/** Without script a choice and a button; script puts what was chosen where the caret is. */
function replies(s: Screen, f: ComposeForm): Html {
  if (f.replies.length === 0) return html``;
  const { t } = s.w;
  const id = `reply-${f.key}`;
  return html`<div class="canned"><label class="unseen" for="${id}">${t('replies.insert.label')}</label><select id="${id}" name="canned" data-replies-href="/settings/replies/"><option value="">${t('replies.insert.label')}</option>${f.replies.map(r => html`<option value="${r.id}">${r.name}</option>`)}</select><button class="button" type="submit" formaction="/drafts/uploads" name="insert" value="1">${t('replies.insert')}</button></div>`;
}

/** What the readers' programs are told besides. */
export function letterOptions(s: Screen, f: ComposeForm): Html {
  const { t } = s.w;
  const check = (name: string, on: boolean, words: string) =>
    html`<label class="check"><input type="checkbox" name="${name}" value="1"${on ? html` checked` : ''}>${words}</label>`;
  return html`<details class="compose-options"${f.wantsReceipt || f.important || f.remindDays > 0 ? html` open` : ''}><summary>${t('compose.options')}</summary>
${check('receipt', f.wantsReceipt, t('compose.receipt'))}<p class="muted">${t('compose.receipt.hint')}</p>
${check('important', f.important, t('compose.important'))}
${reminderChoice(s, f.key, f.remindDays)}</details>`;
}
