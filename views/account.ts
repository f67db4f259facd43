/** Settings of one's own account: name, password, storage. */
import { html } from 'hono/html';
import { field } from './field.ts';
import { incomingLinks } from './incoming.ts';
import type { Screen } from './layout.ts';
import { sendingSettings } from './sending.ts';
import { ways } from './way.ts';
import type { Html } from './words.ts';

/** Seconds after which what is opened may count as read. */
export const readChoices = [0, 2, 5, 10];

/** What a mail program connects to. */
export type MailDoors = { host: string; pop: MailPort; submission: MailPort };

export type AccountForm = {
  name: string;
  /** The mailbox is a provider's, and so is the password. */
  elsewhere: boolean;
  errors: { name?: string; old?: string; next?: string };
  /** May a mail program have a password of its own, must it, or is none made yet? */
  appPasswords: 'none' | 'some' | 'needed';
  /** A code is asked for at sign-in. */
  secondFactor: boolean;
  /** Seconds of undo for who chose nothing; null: this site holds no mail. */
  undo: number | null;
};

/** `security` as mail programs name it. */
export type MailPort = { port: number; security: 'SSL/TLS' | 'STARTTLS' };

/** Of no use where the mailbox is a provider's. */
function ownPassword(s: Screen, f: AccountForm): Html {
  const t = s.w.t;
  const { account } = s;
  return html`<h2>${t('account.password')}</h2>
<form class="stack" method="post" action="/settings/password" hx-boost="false">
<input type="text" name="username" value="${account.address}" autocomplete="username" hidden aria-hidden="true" tabindex="-1">
${field({ name: 'old', ltr: true, label: t('account.password.old'), type: 'password', error: f.errors.old, autocomplete: 'current-password', required: true, maxlength: 256 })}
${field({ name: 'next', ltr: true, label: t('account.password.new'), type: 'password', hint: t('signup.password.hint'), error: f.errors.next, autocomplete: 'new-password', required: true, maxlength: 256 })}
${f.appPasswords === 'none' ? '' : html`<p class="hint">${t('account.password.apps')}</p>`}
<div><button class="button" type="submit">${t('account.password.save')}</button></div></form>
`;
}

export function accountPage(s: Screen, f: AccountForm): Html {
  const t = s.w.t;
  const { account } = s;
  const choice = (value: 'conversations' | 'messages', on: boolean) =>
    html`<label class="choice"><input type="radio" name="list" value="${value}"${on ? html` checked` : ''}><span>${t(`account.reading.${value}`)}<small>${t(`account.reading.${value}.hint`)}</small></span></label>`;
  return html`<section class="page"><h1>${t('account.title')}</h1>
<dl class="facts"><dt>${t('account.address')}</dt><dd><b>${account.address}</b></dd>
<dt>${t('account.storage')}</dt><dd>${account.quota === 0 ? t('app.quota.none', { used: s.w.size(account.used) }) : t('app.quota', { used: s.w.size(account.used), quota: s.w.size(account.quota) })} · <a href="/settings/storage">${t('storage.link')}</a></dd></dl>
<h2>${t('account.profile')}</h2>
<form class="stack" method="post" action="/settings/name" hx-boost="false">
${field({ name: 'name', label: t('account.name'), value: f.name, hint: t('account.name.hint'), error: f.errors.name, autocomplete: 'name', maxlength: 100 })}
<div><button class="button" type="submit">${t('account.name.save')}</button></div></form>
<h2>${t('account.letters')}</h2>${ways(s, [
    { to: 'identities', icon: 'user', title: t('identities.title'), hint: t('identities.hint') },
    { to: 'replies', icon: 'letter-text', title: t('replies.title'), hint: t('replies.hint') },
  ])}
${writing(s)}
${sendingSettings(s, f.undo)}
${incomingLinks(s)}
<h2>${t('account.reading')}</h2>
<form class="stack" method="post" action="/settings/reading" hx-boost="false">
<fieldset class="choices"><legend class="unseen">${t('account.reading')}</legend>${choice('conversations', !account.flat)}${choice('messages', account.flat)}</fieldset>
<div class="field"><label for="after">${t('account.after')}</label><div class="control"><select id="after" name="after">${(['list', 'next', 'previous'] as const).map(a => html`<option value="${a}"${a === account.afterAct ? html` selected` : ''}>${t(`account.after.${a}`)}</option>`)}</select></div></div>
<div class="field"><label for="read">${t('account.read')}</label><div class="control"><select id="read" name="read" aria-describedby="read-hint">${readChoices.map(n => html`<option value="${n}"${n === account.readAfter ? html` selected` : ''}>${n === 0 ? t('account.read.now') : t('account.read.after', { n })}</option>`)}<option value="never"${account.readAfter === null ? html` selected` : ''}>${t('account.read.never')}</option></select></div><p class="hint" id="read-hint">${t('account.read.hint')}</p></div>
<label class="choice"><input type="checkbox" name="swipes" value="1"${account.swipes ? html` checked` : ''}><span>${t('account.swipes')}<small>${t('account.swipes.hint')}</small></span></label>
<div><button class="button" type="submit">${t('account.reading.save')}</button></div></form>
<h2>${t('account.site')}</h2>${ways(s, [
    { to: 'appearance', icon: 'sun', title: t('appearance.title'), hint: t('appearance.hint') },
    { to: 'keys', icon: 'keyboard', title: t('keys.title'), hint: t('keys.hint') },
    { to: 'notifications', icon: 'mail', title: t('push.title'), hint: t('push.hint') },
  ])}
<h2>${t('account.yours')}</h2>${ways(s, [
    { to: 'second-factor', icon: 'lock', title: t('factor.title'), hint: t('factor.hint'), on: f.secondFactor },
    { to: 'devices', icon: 'shield-check', title: t('devices.title'), hint: t('devices.hint') },
    ...(f.elsewhere
      ? []
      : [{ to: 'mail-programs', icon: 'mail', title: t('programs.title'), hint: t('programs.hint') }]),
    ...(f.elsewhere ? [] : [{ to: 'app-passwords', icon: 'mail', title: t('apps.title'), hint: t('apps.hint') }]),
    { to: 'export', icon: 'download', title: t('export.title'), hint: t('export.hint') },
  ])}
${
  f.elsewhere
    ? html`<h2>${t('account.password')}</h2>
<p>${t('auth.elsewhere')}</p>`
    : ownPassword(s, f)
}<form class="only-narrow signout" method="post" action="/logout" hx-boost="false"><button class="button wide" type="submit">${t('app.signout')}</button></form>
</section>`;
}

function writing(s: Screen): Html {
  const t = s.w.t;
  const choice = (value: 'plain' | 'formatted', on: boolean) =>
    html`<label class="choice"><input type="radio" name="begin" value="${value}"${on ? html` checked` : ''}><span>${t(`account.writing.${value}`)}<small>${t(`account.writing.${value}.hint`)}</small></span></label>`;
  const { writesRich } = s.account;
  return html`<h2>${t('account.writing')}</h2>
<form class="stack" method="post" action="/settings/writing" hx-boost="false">
<fieldset class="choices"><legend class="unseen">${t('account.writing')}</legend>${choice('plain', !writesRich)}${choice('formatted', writesRich)}</fieldset>
<div><button class="button" type="submit">${t('account.writing.save')}</button></div></form>`;
}
