/** One contact: what is known of a person, as a form. */
import { html } from 'hono/html';
import { factsOf } from '../daemon/mail/card.ts';
import type { ContactFields } from '../daemon/store.ts';
import { composeTo } from './contacts.ts';
import { field } from './field.ts';
import { icon, type Screen } from './layout.ts';
import type { Html, Key } from './words.ts';

export type ContactForm = ContactFields & {
  /** Null: it is being made. */
  id: number | null;
  modseq: number;
  /** Why it was not saved. `addresses`: by row. */
  errors: { name?: string; addresses?: (string | undefined)[]; form?: string };
};

/** Rows for addresses that may be added at once; after saving there are as many again. */
const spareRows = 2;

export function contactPage(s: Screen, f: ContactForm): Html {
  const t = s.w.t;
  const title = f.id === null ? t('contacts.new') : f.name || t('contacts.title');
  const write = f.addresses
    .map(a => a.address)
    .filter(Boolean)
    .slice(0, 1);
  const facts = factsOf(f.kept);
  return html`<section class="page contact" aria-labelledby="contact-title">
<header class="page-head"><a class="button plain icon-only back" href="/contacts" title="${t('contacts.back')}">${icon(s, 'arrow-left')}<span class="unseen">${t('contacts.back')}</span></a><h1 id="contact-title"><bdi>${title}</bdi></h1>${f.id !== null && write.length > 0 ? html`<a class="button" href="${composeTo(write)}" hx-boost="false">${icon(s, 'mail')}${t('contacts.write')}</a>` : ''}</header>
${f.errors.form ? html`<p class="flash danger" role="alert">${icon(s, 'circle-alert')}${f.errors.form}</p>` : ''}
<form class="stack contact-form" method="post" action="${f.id === null ? '/contacts' : `/contacts/${f.id}`}" hx-boost="false" autocomplete="off">
<input type="hidden" name="modseq" value="${f.modseq}">
${field({ name: 'name', label: t('contacts.name'), value: f.name, error: f.errors.name, maxlength: 200, autofocus: f.id === null })}
<fieldset class="address-rows"><legend>${t('contacts.addresses')}</legend>
<datalist id="address-labels"><option value="${t('contacts.label.home')}"></option><option value="${t('contacts.label.work')}"></option></datalist>
${[...f.addresses, ...Array.from({ length: spareRows }, () => ({ label: '', address: '' }))].map((a, i) => addressRow(s, f, a, i))}</fieldset>
${field({ name: 'groups', label: t('contacts.groups'), value: f.groups.join(', '), hint: t('contacts.groups.hint'), maxlength: 1000 })}
<div class="field"><label for="note">${t('contacts.note')}</label><textarea id="note" name="note" rows="4" maxlength="4000" dir="auto">
${f.note}</textarea></div>
${facts.length === 0 ? '' : html`<dl class="facts">${facts.map(fact => html`<dt>${t(`contacts.fact.${fact.name.toLowerCase()}` as Key)}</dt><dd><bdi>${fact.value}</bdi></dd>`)}</dl>`}
<div class="buttons"><button class="button primary" type="submit">${t('contacts.save')}</button>${f.id === null ? html`<a class="button plain" href="/contacts">${t('contacts.cancel')}</a>` : html`<button class="button danger" type="submit" formaction="/contacts/removals" formnovalidate name="contact" value="${f.id}">${icon(s, 'trash-2')}${t('contacts.remove')}</button>`}</div>
</form></section>`;
}

function addressRow(s: Screen, f: ContactForm, a: ContactFields['addresses'][number], i: number): Html {
  const t = s.w.t;
  const label = t('contacts.address.n', { n: i + 1 });
  const known = a.label === 'home' || a.label === 'work' ? t(`contacts.label.${a.label}`) : a.label;
  return html`<div class="address-row">${field({ name: 'address', id: `address-${i}`, label, value: a.address, error: f.errors.addresses?.[i], maxlength: 320, more: html` inputmode="email" autocapitalize="none" spellcheck="false"` })}${field({ name: 'label', id: `label-${i}`, label: t('contacts.label.n', { n: i + 1 }), value: known, maxlength: 40, more: html` list="address-labels"` })}</div>`;
}
