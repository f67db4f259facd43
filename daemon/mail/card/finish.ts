import { addressKey, formatAddress, parseAddress } from '../address.ts';
import type { Card } from '../card.ts';

const longestName = 200;
const longestNote = 4_000;
const mostAddresses = 50;

const unseen = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]+/gu;

/** One line a person can read. */
export const cleaned = (text: string): string =>
  [...text.toWellFormed().replace(unseen, ' ').replace(/ {2,}/g, ' ').trim()].slice(0, longestName).join('');

export const cleanedNote = (text: string): string =>
  [
    ...text
      .toWellFormed()
      .replace(/\r\n?/g, '\n')
      .replace(/[^\P{Cc}\n\t]|\p{Bidi_Control}/gu, '')
      .trim(),
  ]
    .slice(0, longestNote)
    .join('');

/** As the address book keeps it: each address once and only real ones, names of groups as lines. Null: it says nothing. */
export function finished(card: Card): Card | null {
  const addresses = new Map<string, Card['addresses'][number]>();
  const nonsense: string[] = [];
  for (const { label, address } of card.addresses.slice(0, mostAddresses)) {
    const parsed = parseAddress(address);
    if (!parsed) nonsense.push(cleaned(address));
    else if (!addresses.has(addressKey(parsed)))
      addresses.set(addressKey(parsed), { label: cleaned(label).slice(0, 40), address: formatAddress(parsed) });
  }
  const first = [...addresses.values()][0]?.address ?? '';
  const name = cleaned(card.name) || first;
  if (name === '') return null;
  // What was meant for an address and is none is not lost: a person can mend it from the note.
  const note = [card.note, ...nonsense.filter(Boolean)].filter(Boolean).join('\n');
  const groups = [...new Map(card.groups.map(cleaned).map(g => [g.toLowerCase(), g])).values()];
  return {
    ...card,
    name,
    addresses: [...addresses.values()],
    note: cleanedNote(note),
    groups: groups.filter(Boolean).slice(0, 50),
  };
}
