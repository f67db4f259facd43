/** Who all gets a letter, where that is easily overlooked: many, or people of one's own house and others. */
import { html } from 'hono/html';
import { parseAddressList } from '../daemon/mail/address.ts';
import type { ComposeForm } from './compose.ts';
import { icon, type Screen } from './layout.ts';
import type { Html } from './words.ts';

/** So many are told of. */
export const crowd = 10;
/** So many are named. */
const MOST_NAMED = 3;

/** Script keeps it true while recipients come and go. */
export function crowdLine(s: Screen, f: Pick<ComposeForm, 'to' | 'cc' | 'bcc' | 'from'>): Html {
  const { t } = s.w;
  const domain = domainOf(f.from);
  const people = [f.to, f.cc, f.bcc]
    .flatMap(parseAddressList)
    .flatMap(a => (a.address.includes('@') ? [a.address] : []));
  const outside = people.filter(address => domainOf(address) !== domain);
  const told: string[] = [];
  if (people.length >= crowd) told.push(t('compose.crowd', { n: people.length }));
  if (outside.length > 0 && outside.length < people.length)
    told.push(t('compose.outside', { domain, who: named(outside) }));
  return html`<p class="crowd" role="status" data-domain="${domain}" data-least="${crowd}" data-named="${MOST_NAMED}" data-crowd="${t('compose.crowd', { n: '{n}' })}" data-outside="${t('compose.outside', { domain, who: '{who}' })}"${told.length === 0 ? html` hidden` : ''}>${icon(s, 'users')}<span>${told.join(' ')}</span></p>`;
}

const named = (addresses: string[]): string =>
  addresses.slice(0, MOST_NAMED).join(', ') + (addresses.length > MOST_NAMED ? ', …' : '');

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase();
