/** As whom one writes: addresses, names and signatures. */
import { html } from 'hono/html';
import type { Identity } from '../daemon/store.ts';
import { field } from './field.ts';
import type { Screen } from './layout.ts';
import { richField, richToggle } from './rich.ts';
import { backToSettings } from './way.ts';
import type { Html } from './words.ts';

export type IdentityShown = Omit<Identity, 'id'> & {
  /** Null: the own address, of which nothing was set yet. */
  id: number | null;
  isOwn: boolean;
};
export type IdentityForm = {
  fields: Omit<IdentityShown, 'id' | 'isOwn'>;
  errors: { address?: string; name?: string; replyTo?: string; signature?: string };
};

/** `wrong`: what was typed and not taken, of the address it was typed for; of a new one where none has it. */
export function identitiesPage(s: Screen, all: IdentityShown[], free: string[], wrong: IdentityForm | null): Html {
  const t = s.w.t;
  const isKnown = all.some(i => i.address === wrong?.fields.address);
  return html`<link rel="stylesheet" href="${s.asset('writing.css')}"><section class="page identities">${backToSettings(s)}<h1>${t('identities.title')}</h1>
<p class="muted">${t('identities.body')}</p>
${all.map((i, n) => one(s, i, n, wrong?.fields.address === i.address ? wrong : null))}
<h2>${t('identities.new')}</h2>
${fresh(s, free, wrong && !isKnown ? wrong : null)}
</section>
<script src="${s.asset('rich.js')}" defer></script>`;
}

function one(s: Screen, i: IdentityShown, n: number, wrong: IdentityForm | null): Html {
  const t = s.w.t;
  const shown = wrong?.fields ?? i;
  return html`<section class="identity" aria-labelledby="identity-${n}"><h2 id="identity-${n}"><bdi>${i.address}</bdi>${i.isDefault ? html` <small>${t('identities.default.is')}</small>` : ''}</h2>
<form class="stack rich-form" method="post" action="/settings/identities" hx-boost="false" autocomplete="off"><input type="hidden" name="address" value="${i.address}">
${i.isOwn ? '' : field({ name: 'name', id: `name-${n}`, label: t('account.name'), value: shown.name, error: wrong?.errors.name, maxlength: 100 })}
${rest(s, n.toString(), shown, wrong?.errors ?? {})}
<div class="buttons"><button class="button" type="submit">${t('contacts.save')}</button>${i.isOwn || i.id === null ? '' : html`<button class="button danger" type="submit" formaction="/settings/identities/${i.id}/removal" formnovalidate>${t('identities.remove')}</button>`}</div>
</form></section>`;
}

function fresh(s: Screen, free: string[], wrong: IdentityForm | null): Html {
  const t = s.w.t;
  const shown = wrong?.fields ?? {
    address: '',
    name: '',
    replyTo: '',
    signature: '',
    signatureHtml: '',
    isDefault: false,
  };
  const list = html`<datalist id="free-addresses">${free.map(address => html`<option value="${address}"></option>`)}</datalist>`;
  const hint =
    free.length > 0
      ? t('identities.address.free', { addresses: free.slice(0, 10).join(', ') })
      : t('identities.address.hint');
  return html`<form class="stack rich-form" method="post" action="/settings/identities" hx-boost="false" autocomplete="off">
${field({ name: 'address', id: 'address-new', label: t('identities.address'), value: shown.address, error: wrong?.errors.address, hint, required: true, maxlength: 320, more: html` list="free-addresses" inputmode="email" autocapitalize="none" spellcheck="false"` })}${list}
${field({ name: 'name', id: 'name-new', label: t('account.name'), value: shown.name, error: wrong?.errors.name, maxlength: 100 })}
${rest(s, 'new', shown, wrong?.errors ?? {})}
<div><button class="button" type="submit">${t('identities.add')}</button></div></form>`;
}

function rest(s: Screen, id: string, i: IdentityForm['fields'], errors: IdentityForm['errors']): Html {
  const t = s.w.t;
  const signature = richField(s, {
    ...{ id: `signature-${id}`, name: 'signature', label: t('identities.signature'), text: i.signature, rows: 3 },
    ...{ html: i.signatureHtml || null, start: null, focus: false, relatedId: null, pictures: false },
    ...{ look: null, plainTo: null },
  });
  return html`${field({ name: 'replyTo', id: `reply-${id}`, label: t('identities.replyto'), value: i.replyTo, error: errors.replyTo, hint: t('identities.replyto.hint'), maxlength: 320, more: html` inputmode="email" autocapitalize="none" spellcheck="false"` })}
<div class="field${errors.signature ? ' wrong' : ''}"><label for="signature-${id}">${t('identities.signature')}</label>${signature}${errors.signature ? html`<p class="error" role="alert">${errors.signature}</p>` : ''}</div>
<div>${richToggle(s)}</div>
<label class="check"><input type="checkbox" name="default" value="1"${i.isDefault ? html` checked` : ''}>${t('identities.default')}</label>`;
}
