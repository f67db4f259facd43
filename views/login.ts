/** Sign-in, and the page that refuses a password over a connection others can read. */
import { html } from 'hono/html';
import { field } from './field.ts';
import { type Door, documentOf, doorBody, icon } from './layout.ts';
import type { Html } from './words.ts';

export type LoginForm = {
  username: string;
  /** Where to go afterwards; a path of this site. */
  next: string;
  /** Why the last try failed; empty: it did not. */
  error: string;
  /** A plain message, such as after signing out; empty: none. */
  notice: string;
  signup: boolean;
  /** A letter that was sent or saved when its writer was signed out, and goes on after; null: none. */
  typed: { fields: Record<string, string>; files: boolean } | null;
};

export function loginPage(d: Door, form: LoginForm): Html {
  const t = d.w.t;
  return documentOf(
    d,
    t('app.title', { page: t('login.title'), name: t('app.name') }),
    doorBody(
      d,
      html`<h1>${t('login.title')}</h1>
${form.notice ? html`<p class="flash" role="status">${icon(d, 'info')}${form.notice}</p>` : ''}
${form.error ? html`<p class="flash danger" role="alert">${icon(d, 'circle-alert')}${form.error}</p>` : ''}
${form.typed ? html`<p class="flash" role="status">${icon(d, 'info')}${t(form.typed.files ? 'login.typed.files' : 'login.typed')}</p>` : ''}
<form class="stack" method="post" action="/login"${form.typed ? html` enctype="multipart/form-data"` : ''}>
${form.typed ? typedFields(form.typed) : ''}<input type="hidden" name="next" value="${form.next}">
${field({ name: 'username', ltr: true, label: t('login.username'), value: form.username, autocomplete: 'username', required: true, maxlength: 320, autofocus: form.username === '', more: html` autocapitalize="none" spellcheck="false" inputmode="email"` })}
${field({ name: 'password', ltr: true, label: t('login.password'), type: 'password', autocomplete: 'current-password', required: true, maxlength: 256, autofocus: form.username !== '' })}
<button class="button primary wide" type="submit">${t('login.submit')}</button>
</form>
${form.signup ? html`<p class="door-other">${d.w.h('login.signup', { link: html`<a href="/signup">${t('signup.title')}</a>` })}</p>` : ''}`,
      form.typed === null,
    ),
  );
}

export const typedFields = ({ fields, files }: NonNullable<LoginForm['typed']>): Html =>
  html`${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="typed-${name}" value="${value}">`)}${files ? html`<input type="hidden" name="typed-files" value="1">` : ''}`;

export function plainRefusal(d: Door): Html {
  const t = d.w.t;
  return documentOf(
    d,
    t('app.title', { page: t('plain.title'), name: t('app.name') }),
    doorBody(d, html`<h1>${t('plain.title')}</h1><p>${t('plain.body')}</p><p class="hint">${t('plain.operator')}</p>`),
  );
}
