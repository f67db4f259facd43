/** Sending all mail on: the form, what it will do before it does it, and what the owners of the addresses say. */
import { html } from 'hono/html';
import type { ForwardConsent, HeldBack } from '../daemon/store.ts';
import { icon, type Screen } from './screen.ts';
import { backToSettings } from './way.ts';
import type { Html } from './words.ts';

/** An address that mail is sent on to; `consent` null: nobody was asked so far. */
export type Goal = { address: string; byRule: boolean; consent: Pick<ForwardConsent, 'state' | 'at' | 'until'> | null };

export type ForwardingForm = {
  /** One address a line. */
  to: string;
  keep: boolean;
  error: string;
  /** What it would do, to be said yes to; null: nothing is to be decided. */
  sure: { to: string[] /** Those whose owners get a letter first. */; asks: string[] } | null;
  /** Of all forwards and rules. */
  goals: Goal[];
  /** What stayed here lately, being too much; null: nothing did. `perHour`: what is sent on in an hour. */
  tooMuch: (HeldBack & { perHour: number }) | null;
};

export function forwardingPage(s: Screen, f: ForwardingForm): Html {
  const { t } = s.w;
  return html`<section class="page">${backToSettings(s)}
<h1>${t('forwarding.title')}</h1>
${f.sure ? question(s, f, f.sure) : html`${standing(s, f.goals)}${tooMuch(s, f)}${consents(s, f.goals)}${form(s, f)}`}
<p class="muted">${s.w.h('forwarding.rules', { link: html`<a href="/settings/rules" hx-boost="false">${t('forwarding.rules.link')}</a>` })}</p>
</section>`;
}

const goes = ({ consent }: Goal): boolean => consent?.state === 'confirmed' || consent?.state === 'free';

function standing(s: Screen, goals: Goal[]): Html {
  const { t } = s.w;
  const { forwards, keepsCopy } = s.account;
  if (forwards.length === 0) return html`<p>${t('forwarding.none')}</p>`;
  const going = forwards.filter(to => goals.some(g => g.address === to && goes(g)));
  const keeps = keepsCopy || going.length < forwards.length;
  const words =
    going.length === 0
      ? t('forwarding.waits')
      : t(keeps ? 'forwarding.now.copy' : 'forwarding.now', { to: s.w.list(going) });
  return html`<div class="standing"><p>${icon(s, going.length === 0 ? 'clock' : 'forward')}<span>${words}</span></p>
<form method="post" action="/settings/forwarding/removal" hx-boost="false"><button class="button" type="submit">${t('forwarding.stop')}</button></form></div>`;
}

function tooMuch(s: Screen, { tooMuch: held }: ForwardingForm): Html {
  if (!held) return html``;
  const words = s.w.t('forwarding.toomuch', { n: held.count, time: s.w.stamp(held.since), most: held.perHour });
  return html`<p class="flash">${icon(s, 'info')}${words}</p>`;
}

/** What is of the house, or was there before anybody was asked, is nothing to tell. */
function consents(s: Screen, goals: Goal[]): Html {
  const told = goals.filter(g => g.consent?.state !== 'free');
  if (told.length === 0) return html``;
  return html`<ul class="consents" aria-label="${s.w.t('forwarding.consents')}">${told.map(g => consent(s, g))}</ul>`;
}

function consent(s: Screen, { address, byRule, consent: c }: Goal): Html {
  const { t } = s.w;
  const rule = byRule ? html` <em>${t('forwarding.byrule')}</em>` : '';
  const [sign, words] = sentence(s, c);
  const waits = c === null || c.state === 'waiting';
  const again = waits
    ? html`<form method="post" action="/settings/forwarding/letters" hx-boost="false"><input type="hidden" name="to" value="${address}"><button class="button" type="submit">${t(c === null || c.until === null ? 'forwarding.write' : 'forwarding.again')}<span class="unseen">: ${address}</span></button></form>`
    : '';
  return html`<li>${icon(s, sign)}<span><b><bdi>${address}</bdi></b>${rule}<small>${words}</small></span>${again}</li>`;
}

function sentence({ w: { t, stamp, day } }: Screen, c: Goal['consent']): [icon: string, words: string] {
  if (c?.state === 'confirmed') return ['check', t('forwarding.confirmed', { day: day(c.at) })];
  if (c?.state === 'refused') return ['ban', t('forwarding.unwanted', { day: day(c.at) })];
  if (c === null || c.until === null) return ['clock', t('forwarding.unasked')];
  return ['clock', t('forwarding.asked', { time: stamp(c.at), day: day(c.until) })];
}

function form(s: Screen, f: ForwardingForm): Html {
  const { t } = s.w;
  const described = f.error
    ? html` aria-invalid="true" aria-describedby="to-error to-hint"`
    : html` aria-describedby="to-hint"`;
  const choice = (value: string, words: string, hint: string, on: boolean) =>
    html`<label class="choice"><input type="radio" name="keep" value="${value}"${on ? html` checked` : ''}><span>${words}<small>${hint}</small></span></label>`;
  return html`<form class="stack" method="post" action="/settings/forwarding" hx-boost="false" autocomplete="off">
<div class="field${f.error ? ' wrong' : ''}"><label for="to">${t('forwarding.to')}</label><textarea id="to" name="to" rows="2" maxlength="1200" required autocapitalize="none" spellcheck="false"${described}>
${f.to}</textarea>${f.error ? html`<p class="error" id="to-error">${f.error}</p>` : ''}<p class="hint" id="to-hint">${t('forwarding.to.hint')}</p></div>
<fieldset class="choices"><legend>${t('forwarding.copy')}</legend>${choice('1', t('forwarding.copy.yes'), t('forwarding.copy.yes.hint'), f.keep)}${choice('', t('forwarding.copy.no'), t('forwarding.copy.no.hint'), !f.keep)}</fieldset>
<div><button class="button primary" type="submit">${t('forwarding.next')}</button></div></form>`;
}

/** What it will do, before it does. */
function question(s: Screen, f: ForwardingForm, { to, asks }: NonNullable<ForwardingForm['sure']>): Html {
  const { t } = s.w;
  const first = asks.length === 0 ? '' : html`<li>${t('forwarding.sure.ask', { to: s.w.list(asks) })}</li>`;
  return html`<div class="question" role="alertdialog" aria-labelledby="sure"><h2 id="sure" tabindex="-1" autofocus>${t('forwarding.sure', { to: s.w.list(to) })}</h2>
<ul><li>${t('forwarding.sure.all')}</li>${first}<li>${t(f.keep ? 'forwarding.sure.copy' : 'forwarding.sure.nocopy')}</li><li>${t('forwarding.sure.trust')}</li><li>${t('forwarding.sure.stop')}</li></ul>
<form method="post" action="/settings/forwarding" hx-boost="false"><input type="hidden" name="to" value="${to.join('\n')}"><input type="hidden" name="keep" value="${f.keep ? '1' : ''}"><div class="buttons"><button class="button primary" type="submit" name="sure" value="1">${t('forwarding.yes')}</button><button class="button" type="submit" name="sure" value="">${t('forwarding.no')}</button></div></form></div>`;
}
