import { parseAddress } from '../../daemon/mail/address.ts';
import { cleaned, finished } from '../../daemon/mail/card.ts';
import type { ContactFields } from '../../daemon/store.ts';
import type { ContactForm } from '../../views/contact.ts';
import type { Words } from '../../views/words.ts';
import type { Form } from '../form.ts';

export const blankContact: ContactFields = { name: '', addresses: [], note: '', groups: [], kept: [] };

export const goodGroup = (name: string): boolean =>
  name !== '' && [...name].length <= 80 && !name.includes(',') && cleaned(name) === name;

type Read = { fields: ContactFields; errors: ContactForm['errors'] | null };

/** What was typed, as the book keeps it; `there`: what was there before, for what the form does not show. */
export function readContact(form: Form, there: ContactFields, w: Words): Read {
  const typed = typedContact(form, there, w);
  const addresses = typed.addresses.map(({ address }) =>
    parseAddress(address) ? undefined : w.t('compose.error.address', { address }),
  );
  if (addresses.some(Boolean)) return { fields: typed, errors: { addresses } };
  const fields = finished({ uid: null, ...typed });
  if (!fields) return { fields: typed, errors: { name: w.t('contacts.error.nobody') } };
  return { fields, errors: null };
}

export function typedContact(form: Form, there: ContactFields, w?: Words): ContactFields {
  const labels = form.all('label');
  const name = form.get('name').trim();
  return {
    name,
    addresses: form
      .all('address')
      .map((address, i) => ({ address: address.trim(), label: labelOf(labels[i] ?? '', w) }))
      .filter(({ address }) => address !== ''),
    note: form.get('note'),
    groups: form
      .get('groups')
      .split(',')
      .map(g => g.trim())
      .filter(Boolean),
    // The parts of a name say what it was before.
    kept: cleaned(name) === there.name ? there.kept : there.kept.filter(line => !/^N[:;]/.test(line)),
  };
}

/** The kinds every program knows are kept by the names the format has for them. */
function labelOf(typed: string, w: Words | undefined): string {
  const text = typed.trim();
  const known =
    w && (['home', 'work'] as const).find(kind => w.t(`contacts.label.${kind}`).toLowerCase() === text.toLowerCase());
  return known ?? text;
}
