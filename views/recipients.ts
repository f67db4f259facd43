/** Finding recipients: what is offered while one types, and the page where they are chosen without script. */
import { html } from 'hono/html';
import { formatNamed } from '../daemon/mail/address.ts';
import type { Contact, Draft } from '../daemon/store.ts';
import { field } from './field.ts';
import { icon, type Screen } from './layout.ts';
import { emptyState } from './list.ts';
import { type Html, inOrder } from './words.ts';

export type Offer = { name: string; address: string } | { group: string; addresses: string[] };

/** The options of a listbox; each says what it puts into the field. */
export function offersList(s: Pick<Screen, 'w' | 'asset'>, id: string, offers: Offer[]): Html {
  return html`<ul role="listbox" id="${id}" aria-label="${s.w.t('contacts.offers')}" data-said="${s.w.t('contacts.offers.n', { n: offers.length })}">${offers.map((o, i) => offer(s, `${id}-${i}`, o))}</ul>`;
}

function offer(s: Pick<Screen, 'w' | 'asset'>, id: string, o: Offer): Html {
  if ('group' in o)
    return html`<li role="option" id="${id}" aria-selected="false" data-value="${o.addresses.join(', ')}"><b dir="auto">${inOrder(o.group)}</b><small>${s.w.t('contacts.people', { n: o.addresses.length })}</small></li>`;
  return html`<li role="option" id="${id}" aria-selected="false" data-value="${formatNamed(o)}"><b dir="auto">${inOrder(o.name || o.address)}</b>${o.name === '' ? '' : html`<small><bdi>${o.address}</bdi></small>`}</li>`;
}

/** What a script makes the recipients from; a page without script never shows it. */
export const chipTemplate = (s: Screen): Html =>
  html`<template id="chip"><li class="chip"><button class="chip-text" type="button" title="${s.w.t('compose.chip.edit')}"></button><button class="chip-remove" type="button" data-label="${s.w.t('compose.detach', { name: '{name}' })}">${icon(s, 'x')}</button></li></template>`;

export type Choosing = { draft: Draft; contacts: Contact[]; text: string; next: string | null; total: number };

export function choosePage(s: Screen, p: Choosing): Html {
  const t = s.w.t;
  const here = `/drafts/${p.draft.id}/recipients`;
  const into = (['to', 'cc', 'bcc'] as const).map(
    name =>
      html`<button class="button${name === 'to' ? ' primary' : ''}" type="submit" name="field" value="${name}">${t('contacts.choose.into', { field: t(`compose.${name}`) })}</button>`,
  );
  return html`<section class="page people" aria-labelledby="people-title">
<header class="page-head"><a class="button plain icon-only back" href="/drafts/${p.draft.id}" hx-boost="false" title="${t('contacts.choose.back')}">${icon(s, 'arrow-left')}<span class="unseen">${t('contacts.choose.back')}</span></a><h1 id="people-title">${t('contacts.choose.title')}</h1></header>
<p class="muted">${t('contacts.choose.now', { who: [p.draft.to, p.draft.cc, p.draft.bcc].filter(Boolean).join(', ') || t('list.norecipient') })}</p>
${p.total === 0 ? '' : html`<form class="inline people-search" method="get" action="${here}">${field({ name: 'q', id: 'people-q', label: t('contacts.search'), value: p.text, type: 'search', autocomplete: 'off' })}<button class="button" type="submit">${t('app.search.go')}</button></form>`}
${
  p.contacts.length === 0
    ? emptyState(
        s,
        'user',
        t(p.text === '' ? 'contacts.none' : 'contacts.none.found'),
        t(p.text === '' ? 'contacts.none.body' : 'contacts.none.found.body'),
      )
    : html`<form class="people-form" method="post" action="${here}" hx-boost="false"><ol class="people-rows" aria-label="${t('contacts.title')}">${p.contacts.flatMap(c => c.addresses.map(a => choice(c, a.address)))}</ol><div class="bulk">${into}</div></form>`
}
${p.next ? html`<nav class="pages" aria-label="${t('list.pages')}"><a class="button" href="${p.next}">${t('contacts.next')}${icon(s, 'chevron-right')}</a></nav>` : ''}
</section>`;
}

const choice = (c: Contact, address: string): Html =>
  html`<li class="person"><label class="person-choice"><input type="checkbox" name="person" value="${formatNamed({ name: c.name === address ? '' : c.name, address })}"><span class="person-link"><b dir="auto">${inOrder(c.name)}</b><small><bdi>${address}</bdi></small></span></label><small class="person-groups">${c.groups.join(', ')}</small></li>`;
