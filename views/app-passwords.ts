/** Passwords for single mail programs: a list of them, and a new one, which is shown once. */
import { html } from 'hono/html';
import type { AppPassword } from '../daemon/store.ts';
import type { MailDoors, MailPort } from './account.ts';
import { field } from './field.ts';
import { icon, type Screen } from './screen.ts';
import { backToSettings } from './way.ts';
import type { Html } from './words.ts';

export type AppPasswordForm = {
  name: string;
  /** Of this form, so that sent twice it makes one. */
  key: string;
  errors: { name?: string; password?: string; form?: string };
};

/** `needed`: the account's own password opens no mail program. */
export function appPasswordsPage(s: Screen, all: AppPassword[], needed: boolean, f: AppPasswordForm): Html {
  const { t } = s.w;
  return html`<section class="page">${backToSettings(s)}
<h1>${t('apps.title')}</h1>
<p>${t('apps.body')}</p>
${needed ? html`<p>${t('apps.body.needed')}</p>` : ''}
${all.length === 0 ? html`<p class="muted">${t('apps.none')}</p>` : html`<ul class="decided">${all.map(one => shown(s, one))}</ul>`}
<h2>${t('apps.new')}</h2>
${f.errors.form ? html`<p class="flash danger" role="alert">${icon(s, 'circle-alert')}${f.errors.form}</p>` : ''}
<form class="stack" method="post" action="/settings/app-passwords" hx-boost="false"><input type="hidden" name="key" value="${f.key}">
${field({ name: 'name', label: t('apps.name'), value: f.name, hint: t('apps.name.hint'), error: f.errors.name, autocomplete: 'off', required: true, maxlength: 100 })}
${ownPassword(s, f.errors.password)}
<div><button class="button primary" type="submit">${t('apps.make')}</button></div></form>
</section>`;
}

/** The password once more, for what changes how one signs in. */
export const ownPassword = (s: Screen, error: string | undefined, id = 'password'): Html =>
  html`<input type="text" name="username" value="${s.account.address}" autocomplete="username" hidden aria-hidden="true" tabindex="-1">
${field({ name: 'password', id, ltr: true, label: s.w.t('account.password.old'), type: 'password', error, autocomplete: 'current-password', required: true, maxlength: 256 })}`;

function shown(s: Screen, one: AppPassword): Html {
  const { t, h } = s.w;
  const time = (at: number) => html`<time datetime="${s.w.iso(at)}">${s.w.stamp(at)}</time>`;
  const use =
    one.usedAt === null || one.usedWay === null || one.usedWay === 'web'
      ? t('apps.never')
      : h(`apps.used.${one.usedWay}`, { time: time(one.usedAt), address: one.usedFrom });
  return html`<li><span><b><bdi>${one.name}</bdi></b><small>${use} · ${h('apps.since', { time: time(one.madeAt) })}</small></span><form method="post" action="/settings/app-passwords/${one.id}/removal" hx-boost="false"><button class="button" type="submit">${t('apps.revoke')}<span class="unseen"> ${one.name}</span></button></form></li>`;
}

export type Made = { name: string; secret: string; doors: MailDoors };

export function madePage(s: Screen, { name, secret, doors }: Made): Html {
  const { t } = s.w;
  return html`<section class="page"><h1>${t('apps.made.title', { name })}</h1>
<p>${t('apps.made.body')}</p>
<p class="secret" dir="ltr" translate="no">${secret}</p>
<dl class="facts"><dt>${t('apps.username')}</dt><dd>${s.account.address}</dd>${mailDoors(s, doors)}</dl>
<p class="buttons"><a class="button primary" href="/settings/app-passwords">${t('apps.made.done')}</a></p>
</section>`;
}

/** Items of a list of facts. */
function mailDoors({ w: { t } }: Screen, { host, pop, submission }: MailDoors): Html {
  const place = ({ port, security }: MailPort) => t('account.port', { host, port: String(port), security });
  return html`<dt>${t('account.pop')}</dt><dd>${place(pop)}</dd><dt>${t('account.smtp')}</dt><dd>${place(submission)}</dd>`;
}
