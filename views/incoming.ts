/** What is done with mail that comes: the way to each of its pages, sending on, and the answer of who is away. */
import { html } from 'hono/html';
import { Sorting } from '../daemon/store.ts';
import { field } from './field.ts';
import { icon, type Screen } from './screen.ts';
import { ways } from './way.ts';
import type { Html } from './words.ts';

/** A section of the settings. */
export function incomingLinks(s: Screen): Html {
  const { t } = s.w;
  const { sorting, forwards } = s.account;
  const uses = (bit: number) => (sorting & bit) !== 0;
  return html`<h2>${t('incoming.title')}</h2>${ways(s, [
    { to: 'rules', icon: 'list-filter', title: t('rules.title'), hint: t('rules.hint'), on: uses(Sorting.rules) },
    {
      to: 'forwarding',
      icon: 'forward',
      title: t('forwarding.title'),
      hint: t('forwarding.hint'),
      on: forwards.length > 0,
    },
    { to: 'away', icon: 'tree-palm', title: t('away.title'), hint: t('away.hint'), on: uses(Sorting.vacation) },
    { to: 'blocked', icon: 'ban', title: t('blocked.title'), hint: t('blocked.hint'), on: uses(Sorting.blocks) },
    { to: 'senders', icon: 'image', title: t('senders.title'), hint: t('senders.hint') },
  ])}`;
}

export const backToSettings = (s: Screen): Html =>
  html`<p><a class="quiet-link" href="/settings">${icon(s, 'arrow-left')}${s.w.t('account.title')}</a></p>`;

export type ForwardingForm = {
  /** One address a line. */
  to: string;
  keep: boolean;
  error: string;
  /** The addresses it would go to, to be said yes to; null: nothing is to be decided. */
  sure: string[] | null;
};

export function forwardingPage(s: Screen, f: ForwardingForm): Html {
  const { t } = s.w;
  const { forwards, keepsCopy } = s.account;
  return html`<section class="page">${backToSettings(s)}
<h1>${t('forwarding.title')}</h1>
${f.sure ? confirm(s, f, f.sure) : html`${forwards.length === 0 ? html`<p>${t('forwarding.none')}</p>` : standing(s, forwards, keepsCopy)}${form(s, f)}`}
<p class="muted">${s.w.h('forwarding.rules', { link: html`<a href="/settings/rules" hx-boost="false">${t('forwarding.rules.link')}</a>` })}</p>
</section>`;
}

function standing(s: Screen, forwards: string[], keeps: boolean): Html {
  const { t } = s.w;
  return html`<div class="standing"><p>${icon(s, 'forward')}<span>${t(keeps ? 'forwarding.now.copy' : 'forwarding.now', { to: s.w.list(forwards) })}</span></p>
<form method="post" action="/settings/forwarding/removal" hx-boost="false"><button class="button" type="submit">${t('forwarding.stop')}</button></form></div>`;
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
function confirm(s: Screen, f: ForwardingForm, to: string[]): Html {
  const { t } = s.w;
  const all = s.w.list(to);
  return html`<div class="question" role="alertdialog" aria-labelledby="sure"><h2 id="sure" tabindex="-1" autofocus>${t('forwarding.sure', { to: all })}</h2>
<ul><li>${t('forwarding.sure.all')}</li><li>${t(f.keep ? 'forwarding.sure.copy' : 'forwarding.sure.nocopy')}</li><li>${t('forwarding.sure.trust')}</li><li>${t('forwarding.sure.stop')}</li></ul>
<form method="post" action="/settings/forwarding" hx-boost="false"><input type="hidden" name="to" value="${to.join('\n')}"><input type="hidden" name="keep" value="${f.keep ? '1' : ''}"><div class="buttons"><button class="button primary" type="submit" name="sure" value="1">${t('forwarding.yes')}</button><button class="button" type="submit" name="sure" value="">${t('forwarding.no')}</button></div></form></div>`;
}

export type AwayFields = {
  active: boolean;
  firstDay: string;
  lastDay: string;
  subject: string;
  text: string;
  ownText: string;
  everyDays: string;
};
export type AwayForm = {
  fields: AwayFields;
  errors: Partial<Record<Exclude<keyof AwayFields, 'active'>, string>>;
  /** The answer is sent just now. */
  now: boolean;
};

export function awayPage(s: Screen, { fields: f, errors: e, now }: AwayForm): Html {
  const { t } = s.w;
  const choice = (value: string, words: string, on: boolean) =>
    html`<label class="choice"><input type="radio" name="active" value="${value}"${on ? html` checked` : ''}><span>${words}</span></label>`;
  const day = (name: 'firstDay' | 'lastDay') =>
    field({ name, type: 'date', label: t(`away.${name}`), value: f[name], error: e[name] });
  return html`<section class="page">${backToSettings(s)}
<h1>${t('away.title')}</h1><p class="muted">${t('away.body')}</p>
${now ? html`<p class="standing">${icon(s, 'tree-palm')}<span>${t('away.now')}</span></p>` : ''}
<form class="stack away-form" method="post" action="/settings/away" hx-boost="false" autocomplete="off">
<fieldset class="choices"><legend>${t('away.active')}</legend>${choice('', t('away.off'), !f.active)}${choice('1', t('away.on'), f.active)}</fieldset>
<div class="days">${day('firstDay')}${day('lastDay')}</div><p class="hint">${t('away.days.hint')}</p>
${field({ name: 'subject', label: t('away.subject'), value: f.subject, error: e.subject, hint: t('away.subject.hint'), maxlength: 200 })}
${area('text', f.text, e.text, t('away.text'), 6)}
<details class="options-fold"${f.ownText !== '' || e.ownText ? html` open` : ''}><summary>${icon(s, 'chevron-down')}${t('away.own')}</summary>
${area('ownText', f.ownText, e.ownText, t('away.ownText'), 4)}</details>
${field({ name: 'everyDays', label: t('away.every'), value: f.everyDays, error: e.everyDays, hint: t('away.every.hint'), maxlength: 2, more: html` inputmode="numeric"` })}
<p class="hint">${t('away.never')}</p>
<div><button class="button primary" type="submit">${t('away.save')}</button></div></form></section>`;
}

function area(name: string, value: string, error: string | undefined, label: string, rows: number): Html {
  return html`<div class="field${error ? ' wrong' : ''}"><label for="${name}">${label}</label><textarea id="${name}" name="${name}" rows="${rows}" maxlength="5000" dir="auto"${error ? html` aria-invalid="true" aria-describedby="${name}-error"` : ''}>
${value}</textarea>${error ? html`<p class="error" id="${name}-error">${error}</p>` : ''}</div>`;
}

/** On every page while the answer is sent. */
export function awayBanner(s: Screen): Html {
  if (!s.away) return html``;
  const { t } = s.w;
  const { until } = s.away;
  const words = until === null ? t('away.banner') : t('away.banner.until', { day: s.w.when(until - 1) });
  return html`<aside class="away-banner" aria-label="${t('away.title')}">${icon(s, 'tree-palm')}<span>${words}</span><form method="post" action="/settings/away/end"><input type="hidden" name="back" value="${s.here}"><button class="link" type="submit">${t('away.end')}</button></form></aside>`;
}
