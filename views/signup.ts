/** Sign-up: one column, the address being built shown large. */
import { html } from 'hono/html';
import { field } from './field.ts';
import { type Door, documentOf, doorBody, icon } from './layout.ts';
import type { Html } from './words.ts';

export type SignupForm = {
  name: string;
  username: string;
  domain: string;
  /** Local domains to choose from; one: no choice is shown. */
  domains: string[];
  errors: { name?: string; username?: string; password?: string; form?: string };
  /** What is known of the address typed so far. */
  address: AddressState;
};

export type AddressState =
  | { kind: 'none'; domain: string }
  | { kind: 'free'; address: string }
  | { kind: 'refused'; address: string; why: string };

export function signupPage(d: Door, form: SignupForm): Html {
  const t = d.w.t;
  return documentOf(
    d,
    d.w.t('app.title', { page: t('signup.title'), name: t('app.name') }),
    doorBody(
      d,
      html`<h1>${t('signup.title')}</h1>
${addressLine(d, form.address)}
${errorSummary(d, form)}
<form class="stack" method="post" action="/signup" novalidate>
${field({ name: 'name', label: t('signup.name'), value: form.name, hint: t('signup.name.hint'), error: form.errors.name, autocomplete: 'name', maxlength: 100, required: true, autofocus: wrong(form) === 'name' || wrong(form) === null })}
${field({ name: 'username', ltr: true, label: t('signup.username'), value: form.username, error: form.errors.username, autocomplete: 'username', maxlength: 64, required: true, autofocus: wrong(form) === 'username', suffix: domainOf(d, form), more: html` autocapitalize="none" spellcheck="false" data-address hx-get="/signup/address" hx-trigger="input changed delay:200ms" hx-target="#address" hx-swap="outerHTML" hx-include="closest form" hx-sync="this:replace"` })}
${field({ name: 'password', ltr: true, label: t('signup.password'), type: 'password', hint: t('signup.password.hint'), error: form.errors.password, autocomplete: 'new-password', maxlength: 256, required: true, autofocus: wrong(form) === 'password' })}
<button class="button primary wide" type="submit">${t('signup.submit')}</button>
</form>
<p class="door-other">${d.w.h('signup.signin', { link: html`<a href="/login">${t('login.title')}</a>` })}</p>`,
    ),
  );
}

/** The first field to mend is where one goes on. */
const wrong = (form: SignupForm) =>
  (['name', 'username', 'password'] as const).find(one => form.errors[one] !== undefined) ?? null;

function domainOf(d: Door, form: SignupForm): Html {
  if (form.domains.length < 2) return html`<span class="suffix">@${form.domain}</span>`;
  return html`<span class="suffix">@</span><select name="domain" aria-label="${d.w.t('signup.domain.label')}">${form.domains.map(one => html`<option${one === form.domain ? html` selected` : ''}>${one}</option>`)}</select>`;
}

/** The big address; also the fragment that answers while one types. */
export function addressLine(d: Door, a: AddressState): Html {
  if (a.kind === 'none')
    return html`<p id="address" class="address" role="status"><bdi class="address-text idle">${d.w.t('signup.preview', { domain: a.domain })}</bdi> <span class="address-state">${d.w.t('signup.pick')}</span></p>`;
  const free = a.kind === 'free';
  return html`<p id="address" class="address" role="status"><bdi class="address-text">${a.address}</bdi> <span class="address-state ${free ? 'ok' : 'danger'}">${stateIcon(d, free)}${free ? d.w.t('signup.free') : a.why}</span></p>`;
}

const stateIcon = (d: Door, free: boolean): Html => icon(d, free ? 'circle-check' : 'circle-alert');

function errorSummary(d: Door, form: SignupForm): Html {
  const fields = [form.errors.name, form.errors.username, form.errors.password].filter(Boolean).length;
  if (form.errors.form) return html`<p class="flash danger" role="alert">${stateIcon(d, false)}${form.errors.form}</p>`;
  if (fields === 0) return html``;
  return html`<p class="flash danger" role="alert">${stateIcon(d, false)}${d.w.t('signup.errors', { n: fields })}</p>`;
}

export const signupClosed = (d: Door, domain: string): Html =>
  documentOf(
    d,
    d.w.t('app.title', { page: d.w.t('signup.closed.title'), name: d.w.t('app.name') }),
    doorBody(
      d,
      html`<h1>${d.w.t('signup.closed.title')}</h1><p>${d.w.t('signup.closed.body', { domain })}</p><p><a class="button primary" href="/login">${d.w.t('login.title')}</a></p>`,
    ),
  );
