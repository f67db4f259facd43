/** The code behind the password: what it changes, how it is set up, and the codes for when the phone is lost. */
import { html } from 'hono/html';
import type { SecondFactor } from '../daemon/store.ts';
import { ownPassword } from './app-passwords.ts';
import { type Field, field } from './field.ts';
import { qrPicture } from './qr.ts';
import { icon, type Screen } from './screen.ts';
import { backToSettings, ways } from './way.ts';
import { type Html, inOrder } from './words.ts';

export type FactorForm = {
  /** The form that was sent; null: none was. */
  of: 'begin' | 'renew' | 'off' | null;
  errors: { password?: string; code?: string; form?: string };
};

const home = '/settings/second-factor';

export function offPage(s: Screen, elsewhere: boolean, f: FactorForm): Html {
  const { t, h } = s.w;
  const apps = html`<a href="/settings/app-passwords">${t('factor.changes.apps.link')}</a>`;
  return html`<section class="page">${backToSettings(s)}
<h1>${t('factor.title')}</h1>
<p>${t('factor.body')}</p>
${problem(s, f.errors.form)}
<h2>${t('factor.changes')}</h2>
<ul class="said"><li><p>${t('factor.changes.code')}</p></li><li><p>${elsewhere ? t('factor.changes.elsewhere') : h('factor.changes.apps', { link: apps })}</p></li><li><p>${t('factor.changes.devices')}</p></li></ul>
<form class="stack" method="post" action="${home}/offers" hx-boost="false">
${ownPassword(s, f.errors.password)}
<div><button class="button primary" type="submit">${t('factor.begin')}</button></div></form>
</section>`;
}

export function onPage(s: Screen, factor: SecondFactor, elsewhere: boolean, f: FactorForm): Html {
  const { t, h } = s.w;
  const since = html`<time datetime="${s.w.iso(factor.since)}">${s.w.stamp(factor.since)}</time>`;
  const errors = (of: FactorForm['of']) => (f.of === of ? f.errors : {});
  return html`<section class="page">${backToSettings(s)}
<h1>${t('factor.title')}</h1>
<p>${h('factor.since', { time: since })}</p>
${ways(s, [
  ...(elsewhere ? [] : [{ to: 'app-passwords', icon: 'mail', title: t('apps.title'), hint: t('apps.hint') }]),
  { to: 'devices', icon: 'shield-check', title: t('devices.title'), hint: t('devices.trusted.hint') },
])}
${problem(s, f.errors.form)}
<h2>${t('factor.recovery')}</h2>
<p>${t('factor.recovery.left', { n: factor.recoveryCodes })} ${t('factor.recovery.renew.hint')}</p>
${proving(s, 'renew', errors('renew'), html`<button class="button" type="submit">${t('factor.recovery.renew')}</button>`)}
<h2>${t('factor.off')}</h2>
<p>${t('factor.off.hint')}</p>
${proving(s, 'off', errors('off'), html`<button class="button danger" type="submit">${t('factor.off')}</button>`)}
</section>`;
}

export type Setup = { key: string; uri: string; token: string; error: string };

export function setupPage(s: Screen, { key, uri, token, error }: Setup): Html {
  const { t } = s.w;
  return html`<section class="page">${backToSettings(s)}
<h1>${t('factor.title')}</h1>
<p>${t('factor.scan')}</p>
${qrPicture(uri, t('factor.scan.alt')) ?? ''}
<dl class="facts"><dt>${t('factor.key')}</dt><dd class="secret" dir="ltr" translate="no">${key.match(/.{1,4}/g)?.join(' ')}</dd></dl>
<p><a class="quiet-link" href="${uri}" hx-boost="false">${t('factor.link')}</a></p>
<form class="stack" method="post" action="${home}" hx-boost="false"><input type="hidden" name="token" value="${token}">
<p>${t('factor.confirm')}</p>
${codeField(s, { id: 'code', hint: t('login.code.hint'), error, autofocus: true })}
<div><button class="button primary" type="submit">${t('factor.confirm.submit')}</button></div></form>
</section>`;
}

/** The file is the page's own: its codes are asked of nobody a second time. */
export function recoveryPage(s: Screen, codes: string[], justOn: boolean, now: number): Html {
  const { t } = s.w;
  const whose = { address: s.account.address, day: s.w.day(now) };
  const file = `${inOrder(t('factor.recovery.whose', whose))}\r\n\r\n${codes.join('\r\n')}\r\n`;
  return html`<section class="page"><h1>${t('factor.recovery')}</h1>
${justOn ? html`<p class="flash" role="status">${icon(s, 'circle-check')}${t('factor.on')}</p>` : ''}
<p>${t('factor.recovery.body')}</p>
<p>${t('factor.recovery.whose', whose)}</p>
<ul class="codes" dir="ltr" translate="no">${codes.map(code => html`<li class="secret">${code}</li>`)}</ul>
<p class="buttons"><a class="button primary" href="${home}">${t('factor.recovery.done')}</a><button class="button only-script" type="button" data-print>${icon(s, 'printer')}${t('act.print')}</button><a class="button" href="data:text/plain;charset=utf-8,${encodeURIComponent(file)}" download="recovery-codes.txt" hx-boost="false">${icon(s, 'download')}${t('factor.recovery.file')}</a></p>
<script src="${s.asset('print.js')}" defer></script>
</section>`;
}

const problem = (s: Screen, text: string | undefined): Html | '' =>
  text ? html`<p class="flash danger" role="alert">${icon(s, 'circle-alert')}${text}</p>` : '';

/** Password and code once more. */
function proving(s: Screen, of: 'renew' | 'off', errors: FactorForm['errors'], button: Html): Html {
  const action = of === 'off' ? `${home}/removal` : `${home}/recovery`;
  const code = { id: `${of}-code`, hint: s.w.t('factor.code.hint'), error: errors.code };
  return html`<form class="stack" method="post" action="${action}" hx-boost="false">
${ownPassword(s, errors.password, `${of}-password`)}
${codeField(s, code)}
<div>${button}</div></form>`;
}

const codeField = (s: Screen, more: Pick<Field, 'id' | 'hint' | 'error' | 'autofocus'>): Html =>
  field({
    ...{ name: 'code', ltr: true, label: s.w.t('login.code'), autocomplete: 'one-time-code', required: true },
    ...{ maxlength: 40, more: html` inputmode="numeric" autocapitalize="none" spellcheck="false"` },
    ...more,
  });
