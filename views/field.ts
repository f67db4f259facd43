/** One labelled field of a form, with its hint and its error beside it. */
import { html } from 'hono/html';
import type { Html } from './words.ts';

export type Field = {
  name: string;
  /** Unique in the page; default: the name. */
  id?: string;
  label: string;
  value?: string;
  type?: string;
  hint?: string;
  /** Why it was not accepted; empty or absent: nothing wrong. */
  error?: string;
  autocomplete?: string;
  required?: boolean;
  maxlength?: number;
  /** One with an error has it anyhow: of several the first, which is the one to mend first. */
  autofocus?: boolean;
  /** Shown inside the frame of the field, after what is typed. */
  suffix?: Html;
  /** Written from left to right in every language: an address, a password. */
  ltr?: boolean;
  /** More attributes, ready made. */
  more?: Html;
};

export function field(f: Field): Html {
  const id = f.id ?? f.name;
  const described = [f.error ? `${id}-error` : '', f.hint ? `${id}-hint` : ''].filter(Boolean).join(' ');
  return html`<div class="field${f.error ? ' wrong' : ''}">
<label for="${id}">${f.label}</label>
<div class="control"${f.ltr ? html` dir="ltr"` : ''}><input id="${id}" name="${f.name}" type="${f.type ?? 'text'}" value="${f.value ?? ''}"${f.autocomplete ? html` autocomplete="${f.autocomplete}"` : ''}${f.required ? html` required` : ''}${f.maxlength ? html` maxlength="${f.maxlength}"` : ''}${f.autofocus || f.error ? html` autofocus` : ''}${f.error ? html` aria-invalid="true"` : ''}${described ? html` aria-describedby="${described}"` : ''}${f.more ?? ''}>${f.suffix ?? ''}</div>
${f.error ? html`<p class="error" id="${id}-error">${f.error}</p>` : ''}
${f.hint ? html`<p class="hint" id="${id}-hint">${f.hint}</p>` : ''}
</div>`;
}
