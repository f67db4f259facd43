/** Devices that are told of new mail; asking for it needs a script, since only the browser can. */
import { html } from 'hono/html';
import type { PushSubscription } from '../daemon/store.ts';
import { icon, type Screen } from './layout.ts';
import { backToSettings } from './way.ts';
import type { Html } from './words.ts';

export type NotificationsShown = {
  devices: PushSubscription[];
  /** The session this page is shown to. */
  here: number;
  /** Our public key, which the browser hands to its push service. */
  key: string;
};

export function notificationsPage(s: Screen, p: NotificationsShown): Html {
  const { t } = s.w;
  const choice = (value: PushSubscription['shows'], on: boolean) =>
    html`<label class="choice"><input type="radio" name="shows" value="${value}"${on ? html` checked` : ''}><span>${t(`push.shows.${value}`)}<small>${t(`push.shows.${value}.hint`)}</small></span></label>`;
  return html`<section class="page">${backToSettings(s)}<h1>${t('push.title')}</h1>
<p class="muted">${t('push.body')}</p>
<p class="only-plain">${t('push.script')}</p>
<form class="stack only-script" method="post" action="/settings/notifications" hx-boost="false" data-push="${p.key}" data-denied="${t('push.denied')}" data-failed="${t('push.failed')}" data-unknown="${t('push.unknown')}">
<fieldset class="choices"><legend>${t('push.shows')}</legend>${choice('sender', false)}${choice('arrival', true)}</fieldset>
<input type="hidden" name="endpoint"><input type="hidden" name="p256dh"><input type="hidden" name="auth">
<p class="error" role="alert" data-wrong hidden></p>
<div><button class="button primary" type="submit">${t('push.on')}</button></div>
</form>
<h2>${t('push.devices')}</h2>
${p.devices.length === 0 ? html`<p class="muted">${t('push.none')}</p>` : html`<ul class="devices">${p.devices.map(d => device(s, d, d.sessionId === p.here))}</ul>`}
<script src="${s.asset('push.js')}" defer></script>
</section>`;
}

/** The name of the push service is all one knows of a device; this one is known by its session. */
function device(s: Screen, d: PushSubscription, here: boolean): Html {
  const { t } = s.w;
  const name = here ? t('push.here') : t('push.device', { service: URL.parse(d.endpoint)?.hostname ?? '' });
  return html`<li>${icon(s, 'mail')}<span><b>${name}</b><small>${t(`push.shows.${d.shows}`)} · ${t('push.since', { date: s.w.stamp(d.at) })}</small></span><form method="post" action="/settings/notifications/${d.id}/removal" hx-boost="false"><button class="button" type="submit" aria-label="${t('push.off.of', { device: name })}">${t('push.off')}</button></form></li>`;
}
