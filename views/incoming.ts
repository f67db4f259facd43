/** What is done with mail that comes: the way to each of its pages, and the answer of who is away. */
import { html } from 'hono/html';
import { Sorting } from '../daemon/store.ts';
import { field } from './field.ts';
import { icon, type Screen } from './screen.ts';
import { backToSettings, ways } from './way.ts';
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
    {
      to: 'blocked',
      icon: 'ban',
      title: t('blocked.title'),
      hint: t('blocked.hint'),
      on: uses(Sorting.blocks | Sorting.mutes),
    },
    { to: 'senders', icon: 'image', title: t('senders.title'), hint: t('senders.hint') },
  ])}`;
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
  /** The mailboxes are a provider's, and mail is fetched for who is signed in. */
  fetched: boolean;
};

export function awayPage(s: Screen, { fields: f, errors: e, now, fetched }: AwayForm): Html {
  const { t } = s.w;
  const choice = (value: string, words: string, on: boolean) =>
    html`<label class="choice"><input type="radio" name="active" value="${value}"${on ? html` checked` : ''}><span>${words}</span></label>`;
  const day = (name: 'firstDay' | 'lastDay') =>
    field({ name, type: 'date', label: t(`away.${name}`), value: f[name], error: e[name] });
  return html`<section class="page">${backToSettings(s)}
<h1>${t('away.title')}</h1><p class="muted">${t('away.body')}${fetched ? ` ${t('away.provider')}` : ''}</p>
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
