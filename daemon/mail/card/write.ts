import type { Card } from '../card.ts';
import { escaped, unescaped } from '../content-lines.ts';

/** vCard 4 (RFC 6350), one after the other, to be sent piece by piece. */
export function* writeCards(cards: Iterable<Card>): Generator<string> {
  for (const card of cards) yield linesOf(card).map(folded).join('');
}

function linesOf(card: Card): string[] {
  return [
    'BEGIN:VCARD',
    'VERSION:4.0',
    ...(card.uid === null ? [] : [`UID:${uidOf(card.uid)}`]),
    `FN:${escaped(card.name)}`,
    ...card.addresses.map(
      ({ label, address }, i) =>
        `EMAIL${typeOf(label)}${i === 0 && card.addresses.length > 1 ? ';PREF=1' : ''}:${escaped(address)}`,
    ),
    ...(card.groups.length > 0 ? [`CATEGORIES:${card.groups.map(escaped).join(',')}`] : []),
    ...(card.note === '' ? [] : [`NOTE:${escaped(card.note)}`]),
    ...card.kept,
    'END:VCARD',
  ];
}

const uidOf = (uid: string): string =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uid) ? `urn:uuid:${uid}` : escaped(uid);

const typeOf = (label: string): string => {
  if (label === '') return '';
  const clean = label.replace(/["\p{Cc}]/gu, '');
  return `;TYPE=${/^[\w-]+$/.test(clean) ? clean : `"${clean}"`}`;
};

/** RFC 6350 §3.2: 75 octets a line, and no character cut apart. */
function folded(line: string): string {
  if (Buffer.byteLength(line) <= 75) return `${line}\r\n`;
  const lines: string[] = [];
  let piece = '';
  let octets = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (octets + size > 75) {
      lines.push(piece);
      piece = ' ';
      octets = 1;
    }
    piece += character;
    octets += size;
  }
  return `${[...lines, piece].join('\r\n')}\r\n`;
}

/** What people look for among the kept lines, as words: the telephone numbers, the firm, the day of birth. */
export function factsOf(kept: string[]): { name: string; value: string }[] {
  return kept.flatMap(line => {
    const [, name = '', value = ''] = /^([A-Z-]+)(?:;[^:"]*(?:"[^"]*"[^:"]*)*)?:(.*)$/s.exec(line) ?? [];
    const text = unescaped(value.replace(/;+/g, name === 'ADR' || name === 'ORG' ? ', ' : ';'))
      .replace(/^tel:/i, '')
      .replace(/^[, ]+|[, ]+$/g, '');
    return ['TEL', 'ORG', 'TITLE', 'ADR', 'BDAY', 'URL'].includes(name) && text !== '' ? [{ name, value: text }] : [];
  });
}
