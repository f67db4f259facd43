/** Texts one writes often: a list of them, and each by itself. */
import { html } from 'hono/html';
import type { CannedReply } from '../daemon/store.ts';
import { field } from './field.ts';
import { icon, type Screen } from './layout.ts';
import { richField, richToggle } from './rich.ts';
import { backToSettings } from './way.ts';
import type { Html } from './words.ts';

export type ReplyForm = {
  /** Null: a new one. */
  id: number | null;
  name: string;
  text: string;
  html: string | null;
  errors: { name?: string | undefined; text?: string | undefined };
};

export function repliesPage(s: Screen, all: CannedReply[], form: ReplyForm): Html {
  const { t } = s.w;
  const list =
    all.length === 0
      ? html`<p>${t('replies.none')}</p>`
      : html`<ul class="canned-list">${all.map(r => html`<li><a href="/settings/replies/${r.id}"><b dir="auto">${r.name}</b><small dir="auto">${r.text.slice(0, 140)}</small></a></li>`)}</ul>`;
  return html`<link rel="stylesheet" href="${s.asset('writing.css')}"><section class="page replies">${backToSettings(s)}<h1>${t('replies.title')}</h1>
<p class="muted">${t('replies.body')}</p>
${list}
<h2>${t('replies.new')}</h2>
${replyForm(s, form)}
</section>`;
}

export function replyPage(s: Screen, form: ReplyForm): Html {
  const { t } = s.w;
  return html`<link rel="stylesheet" href="${s.asset('writing.css')}"><section class="page replies"><p><a class="button plain" href="/settings/replies">${icon(s, 'arrow-left')}${t('replies.title')}</a></p>
<h1 dir="auto">${form.name}</h1>
${replyForm(s, form)}
</section>`;
}

function replyForm(s: Screen, f: ReplyForm): Html {
  const { t } = s.w;
  const id = f.id ?? 'new';
  const to = f.id === null ? '/settings/replies' : `/settings/replies/${f.id}`;
  const text = richField(s, {
    ...{ id: `text-${id}`, name: 'text', label: t('replies.text'), text: f.text, html: f.html, rows: 8 },
    ...{ start: f.id === null && s.account.writesRich ? '' : null, focus: false, relatedId: null, pictures: false },
    ...{ look: null, plainTo: null },
  });
  const removal =
    f.id === null
      ? ''
      : html`<button class="button danger" type="submit" formaction="/settings/replies/${f.id}/removal" formnovalidate>${t('replies.remove')}</button>`;
  return html`<form class="stack rich-form" method="post" action="${to}" hx-boost="false" autocomplete="off">
${field({ name: 'name', id: `name-${id}`, label: t('replies.name'), value: f.name, hint: t('replies.name.hint'), error: f.errors.name, required: true, maxlength: 100 })}
<div class="field${f.errors.text ? ' wrong' : ''}"><label for="text-${id}">${t('replies.text')}</label>${text}${f.errors.text ? html`<p class="error" role="alert">${f.errors.text}</p>` : ''}</div>
<div>${richToggle(s)}</div>
<div class="buttons"><button class="button primary" type="submit">${f.id === null ? t('replies.add') : t('contacts.save')}</button>${removal}</div>
</form>
<script src="${s.asset('rich.js')}" defer></script>`;
}
