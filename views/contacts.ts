/** The address book: everybody in it, one's groups, whom one has written to, and bringing cards in and out. */
import { html } from 'hono/html';
import type { Contact, ContactGroup, Correspondent } from '../daemon/store.ts';
import { field } from './field.ts';
import { icon, initial, type Screen } from './layout.ts';
import { emptyState } from './list.ts';
import { type Html, inOrder } from './words.ts';

export type ContactsShown = {
  contacts: Contact[];
  groups: ContactGroup[];
  /** All there are. */
  total: number;
  /** The group shown; null: everybody. */
  group: ContactGroup | null;
  /** What was searched for. */
  text: string;
  /** Address of the next page; null: this is the last. */
  next: string | null;
  /** Why the group was not renamed; empty: nothing wrong. */
  error: string;
};

export const composeTo = (addresses: string[]): string => `/compose?to=${encodeURIComponent(addresses.join(', '))}`;

export function contactsPage(s: Screen, p: ContactsShown): Html {
  const t = s.w.t;
  return html`<section class="page people" aria-labelledby="people-title">
<header class="page-head"><h1 id="people-title">${p.group ? p.group.name : t('contacts.title')}</h1>
<a class="button primary" href="/contacts/new${p.group ? `?group=${p.group.id}` : ''}">${icon(s, 'plus')}${t('contacts.new')}</a>
<a class="button" href="/contacts/imports">${t('contacts.import')}</a>${p.total > 0 ? html`<a class="button plain" href="/contacts/cards.vcf${p.group ? `?group=${p.group.id}` : ''}" hx-boost="false" download>${icon(s, 'download')}${t('contacts.export')}</a>` : ''}</header>
${p.total === 0 ? '' : html`<form class="inline people-search" method="get" action="/contacts">${p.group ? html`<input type="hidden" name="group" value="${p.group.id}">` : ''}${field({ name: 'q', id: 'people-q', label: t('contacts.search'), value: p.text, type: 'search', autocomplete: 'off' })}<button class="button" type="submit">${t('app.search.go')}</button></form>`}
${tabs(s, p.groups, p.group?.id ?? (p.text === '' ? 'all' : null))}
${p.contacts.length > 0 ? rows(s, p) : nobody(s, p)}
${p.next ? html`<nav class="pages" aria-label="${t('list.pages')}"><a class="button" href="${p.next}">${t('contacts.next')}${icon(s, 'chevron-right')}</a></nav>` : ''}
${p.group ? groupForms(s, p.group, p.error) : ''}
</section>`;
}

function tabs(s: Screen, groups: ContactGroup[], on: number | 'all' | 'written' | null): Html {
  const t = s.w.t;
  const tab = (href: string, name: string, here: boolean, n?: number) =>
    html`<li><a href="${href}"${here ? html` aria-current="page"` : ''}><bdi>${name}</bdi>${n === undefined ? '' : html` <small>${s.w.number(n)}</small>`}</a></li>`;
  return html`<nav class="tabs" aria-label="${t('contacts.groups')}"><ul>${tab('/contacts', t('contacts.all'), on === 'all')}${groups.map(g => tab(`/contacts?group=${g.id}`, g.name, on === g.id, g.total))}${tab('/correspondents', t('contacts.written'), on === 'written')}</ul></nav>`;
}

function nobody(s: Screen, p: ContactsShown): Html {
  const t = s.w.t;
  if (p.text !== '') return emptyState(s, 'search', t('contacts.none.found'), t('contacts.none.found.body'));
  if (p.group) return emptyState(s, 'user', t('contacts.none.group'), t('contacts.none.group.body'));
  return emptyState(s, 'user', t('contacts.none'), t('contacts.none.body'));
}

function rows(s: Screen, p: ContactsShown): Html {
  const t = s.w.t;
  return html`<form class="people-form" method="post" action="/contacts/memberships" hx-boost="false">
<input type="hidden" name="back" value="${s.here}">
<ol class="people-rows" aria-label="${t('contacts.title')}">${p.contacts.map(c => contactRow(s, c))}</ol>
<fieldset class="bulk"><legend>${t('contacts.chosen')}</legend>
<button class="button" type="submit" formaction="/contacts/letters">${icon(s, 'mail')}${t('contacts.write')}</button>
<span class="bulk-group"><input name="group" list="group-names" maxlength="80" aria-label="${t('contacts.group.name')}" placeholder="${t('contacts.group.name')}"><datalist id="group-names">${p.groups.map(g => html`<option value="${g.name}"></option>`)}</datalist><button class="button" type="submit">${t('contacts.group.add')}</button></span>
${p.group ? html`<button class="button" type="submit" name="leave" value="${p.group.id}">${t('contacts.group.leave')}</button>` : ''}
<button class="button danger" type="submit" formaction="/contacts/removals">${icon(s, 'trash-2')}${t('contacts.remove')}</button>
</fieldset></form>`;
}

function contactRow(s: Screen, c: Contact): Html {
  const first = c.addresses[0]?.address ?? '';
  const more = c.addresses.length - 1;
  return html`<li class="person"><label class="tick"><input type="checkbox" name="contact" value="${c.id}"><span class="unseen">${s.w.t('contacts.choose', { who: c.name })}</span></label><span class="avatar" aria-hidden="true">${initial({ name: c.name, address: first })}</span>
<a class="person-link" href="/contacts/${c.id}"><b dir="auto">${inOrder(c.name)}</b><small>${first === c.name ? '' : html`<bdi>${first}</bdi>`}${more > 0 ? ` ${s.w.t('contacts.more', { n: more })}` : ''}</small></a>
<small class="person-groups">${c.groups.join(', ')}</small>${first === '' ? '' : html`<a class="button plain icon-only" href="${composeTo([first])}" hx-boost="false" title="${s.w.t('contacts.write.to', { who: c.name })}">${icon(s, 'mail')}<span class="unseen">${s.w.t('contacts.write.to', { who: c.name })}</span></a>`}</li>`;
}

function groupForms(s: Screen, group: ContactGroup, error: string): Html {
  const t = s.w.t;
  return html`<h2>${t('contacts.group')}</h2>
<div class="own-folders"><form class="inline" method="post" action="/contact-groups/${group.id}" hx-boost="false">${field({ name: 'name', id: 'group-rename', label: t('contacts.group.name'), value: group.name, error, maxlength: 80, required: true })}<button class="button" type="submit">${t('folders.rename')}</button></form>
<form class="group-removal" method="post" action="/contact-groups/${group.id}/removal" hx-boost="false"><button class="button danger" type="submit">${t('contacts.group.remove')}</button> <small>${t('contacts.group.remove.hint')}</small></form></div>`;
}

/** Whom one has written to; what is offered while a recipient is typed. */
export function correspondentsPage(
  s: Screen,
  found: Correspondent[],
  groups: ContactGroup[],
  next: string | null,
): Html {
  const t = s.w.t;
  return html`<section class="page people" aria-labelledby="people-title">
<header class="page-head"><h1 id="people-title">${t('contacts.written')}</h1></header>
<p class="muted">${t('contacts.written.body')}</p>
${tabs(s, groups, 'written')}
${
  found.length === 0
    ? emptyState(s, 'user', t('contacts.written.none'), t('contacts.written.none.body'))
    : html`<form class="people-form" method="post" action="/correspondents/cards" hx-boost="false">
<ol class="people-rows" aria-label="${t('contacts.written')}">${found.map(p => writtenRow(s, p))}</ol>
<fieldset class="bulk"><legend>${t('contacts.chosen')}</legend><button class="button" type="submit">${icon(s, 'plus')}${t('contacts.written.keep')}</button>
<button class="button danger" type="submit" formaction="/correspondents/removals">${t('contacts.written.forget')}</button></fieldset></form>`
}
${next ? html`<nav class="pages" aria-label="${t('list.pages')}"><a class="button" href="${next}">${t('contacts.next')}${icon(s, 'chevron-right')}</a></nav>` : ''}
</section>`;
}

function writtenRow(s: Screen, p: Correspondent): Html {
  const who = p.name || p.address;
  return html`<li class="person"><label class="tick"><input type="checkbox" name="person" value="${p.id}"><span class="unseen">${s.w.t('contacts.choose', { who })}</span></label><span class="avatar" aria-hidden="true">${initial(p)}</span>
<span class="person-link"><b dir="auto">${inOrder(who)}</b><small>${p.name === '' ? '' : html`<bdi>${p.address}</bdi> · `}${s.w.t('contacts.written.times', { n: p.times })}</small></span>
<time datetime="${s.w.iso(p.lastAt)}" title="${s.w.full(p.lastAt)}">${s.w.when(p.lastAt)}</time><a class="button plain icon-only" href="${composeTo([p.address])}" hx-boost="false" title="${s.w.t('contacts.write.to', { who })}">${icon(s, 'mail')}<span class="unseen">${s.w.t('contacts.write.to', { who })}</span></a></li>`;
}

export function importPage(s: Screen, error: string, limit: number): Html {
  const t = s.w.t;
  const size = s.w.size(limit);
  return html`<section class="page"><h1>${t('contacts.import.title')}</h1>
<p>${t('contacts.import.body')}</p>
<form class="stack" method="post" action="/contacts/imports" enctype="multipart/form-data" hx-boost="false">
${field({ name: 'file', label: t('contacts.import.file'), type: 'file', hint: t('contacts.import.hint', { size }), error, required: true, more: html` accept=".vcf,.csv,text/vcard,text/csv"` })}
<div class="buttons"><button class="button primary" type="submit">${t('contacts.import.go')}</button><a class="button plain" href="/contacts">${t('contacts.cancel')}</a></div></form>
</section>`;
}
