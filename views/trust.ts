/** Who a message is from, in words: checked or not, and what is odd about it. It warns, and never stands in the way. */
import { html } from 'hono/html';
import { displayAddress } from '../daemon/mail/address.ts';
import type { Authenticity } from '../daemon/mail/authentication.ts';
import type { Oddity } from '../daemon/mail/lookalike.ts';
import { icon, type Screen } from './screen.ts';
import type { Html } from './words.ts';

export type Trust = {
  authenticity: Authenticity;
  /** Was its last way to us encrypted? Null: that is not known, or there was none. */
  encrypted: boolean | null;
  oddities: Oddity[];
};

/** One quiet line beside the sender; of what one wrote oneself there is nothing to say. */
export function verdict(s: Screen, { authenticity: a }: Trust, address: string): Html {
  if (a.kind === 'checked' && a.by === null && address === s.account.address) return html``;
  if (a.kind === 'failed')
    return html`<span class="verdict danger">${icon(s, 'shield-alert')}${s.w.t('trust.failed', { domain: a.domain })}</span>`;
  if (a.kind === 'unknown') return html`<span class="verdict">${s.w.t('trust.unknown')}</span>`;
  return html`<span class="verdict ok">${icon(s, 'shield-check')}${s.w.t('trust.checked', { domain: a.domain })}</span>`;
}

/** For the details of the head. */
export function verdictDetails(s: Screen, { authenticity: a, encrypted }: Trust): Html {
  const rows: string[] = [];
  if (a.kind === 'checked' && a.by === null) rows.push(s.w.t('trust.by.us', { domain: a.domain }));
  else if (a.kind === 'checked') rows.push(s.w.t('trust.by', { domain: a.domain, host: a.by ?? '' }));
  else if (a.kind === 'failed') rows.push(s.w.t('trust.failed.by', { domain: a.domain, host: a.by }));
  else rows.push(s.w.t('trust.unknown.why'));
  if (encrypted !== null) rows.push(s.w.t(encrypted ? 'trust.tls' : 'trust.notls'));
  return html`<dt>${s.w.t('trust.title')}</dt><dd>${rows.map(row => html`<div>${row}</div>`)}</dd>`;
}

/** What a reader should know before believing the name above. */
export function warnings(s: Screen, { oddities }: Trust, address: string): Html {
  if (oddities.length === 0) return html``;
  return html`<ul class="oddities" aria-label="${s.w.t('trust.odd')}">${oddities.map(o => html`<li>${icon(s, 'triangle-alert')}<span><bdi>${said(s, o, address)}</bdi></span></li>`)}</ul>`;
}

function said(s: Screen, o: Oddity, address: string): string {
  const t = s.w.t;
  switch (o.kind) {
    case 'other-address':
      return t('trust.odd.address', { named: o.named, address });
    case 'other-person':
      return t('trust.odd.person', { known: o.known });
    case 'like':
      return t('trust.odd.like', { domain: domainShown(address), known: o.known });
    case 'letters':
      return t('trust.odd.letters', { domain: domainShown(address), spelled: o.spelled });
    case 'reply':
      return t('trust.odd.reply', { to: o.to });
  }
}

function domainShown(address: string): string {
  const shown = displayAddress(address);
  return shown.slice(shown.lastIndexOf('@') + 1);
}
