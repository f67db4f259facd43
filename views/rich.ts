/** The text of a letter while it is written: a field, or an editor in a frame of its own that script puts in its place. */
import { html } from 'hono/html';
import type { ComposeForm } from './compose.ts';
import { icon, type Screen } from './layout.ts';
import type { Html } from './words.ts';

/**
 * Plain text is the form as it is. A letter in markup shows what it says, and goes as it is, or on as plain text;
 * its markup stands in a hidden field, so that no button of the form loses it. Where writing is to begin with
 * formatting the markup waits in a field that is off: without script the letter is plain.
 */
export function letterText(s: Screen, f: ComposeForm): Html {
  const { t } = s.w;
  const id = `text-${f.key}`;
  const focus = f.to !== '' && !f.errors.to;
  const isRich = f.html !== null;
  const related = f.relatedId === null ? '' : html` data-related-href="/messages/${f.relatedId}/parts/"`;
  return html`<div class="compose-text" data-rich="${isRich ? 'now' : f.start === null ? 'later' : 'start'}" data-convert-href="/drafts/conversions" data-draft-href="/drafts/"${related}${focus ? html` data-focus` : ''} data-failed="${t('rich.failed')}">
${isRich ? written(s, f) : ''}<textarea id="${id}"${isRich ? html` readonly data-field="text"` : html` name="text"`} aria-label="${t('compose.text')}" dir="auto" rows="14"${focus && !isRich ? html` autofocus` : ''}>
${f.text}</textarea>
<textarea name="html" hidden${isRich ? '' : html` disabled`}>
${f.html ?? f.start ?? ''}</textarea>
<template data-editor><iframe src="/editor" sandbox="allow-scripts" title="${t('compose.text')}"></iframe></template>
</div>
<div class="compose-tools"><button class="button plain only-script" type="button" data-rich-toggle aria-pressed="false">${icon(s, 'letter-text')}${t('rich.toggle')}</button></div>`;
}

function written(s: Screen, f: ComposeForm): Html {
  const { t } = s.w;
  const look =
    f.draftId === null
      ? ''
      : html`<a class="button plain" href="/drafts/${f.draftId}/body" target="_blank">${t('rich.look')}</a>`;
  return html`<div class="question" data-unscripted><p>${t('rich.unscripted')}</p><div class="buttons"><button class="button" type="submit" formaction="/drafts/uploads" name="plain" value="1">${t('rich.plain')}</button>${look}</div></div>
`;
}

/** What the readers' programs are told besides. */
export function letterOptions(s: Screen, f: ComposeForm): Html {
  const { t } = s.w;
  const check = (name: string, on: boolean, words: string) =>
    html`<label class="check"><input type="checkbox" name="${name}" value="1"${on ? html` checked` : ''}>${words}</label>`;
  return html`<details class="compose-options"${f.wantsReceipt || f.important ? html` open` : ''}><summary>${t('compose.options')}</summary>
${check('receipt', f.wantsReceipt, t('compose.receipt'))}<p class="muted">${t('compose.receipt.hint')}</p>
${check('important', f.important, t('compose.important'))}</details>`;
}
