import type { Card, Cards } from '../card.ts';
import { type Property, properties, splitValue, unescaped } from '../content-lines.ts';
import { cleaned, cleanedNote, finished } from './finish.ts';

/** Of the file itself, or nothing a list of people needs. */
const dropped = new Set([
  'BEGIN',
  'END',
  'VERSION',
  'PRODID',
  'REV',
  'SOURCE',
  'XML',
  'PHOTO',
  'LOGO',
  'SOUND',
  'KEY',
  'AGENT',
  'MAILER',
  'SORT-STRING',
  'CLASS',
  'CLIENTPIDMAP',
]);
/** Bounds what one card may hold beside what we know: octets of all its lines. */
const mostKept = 8_000;

/** A card under way, and what only all cards together tell. */
type Reading = Card & {
  names: { full: string; parts: string; nick: string; organisation: string };
  labels: Map<string, string>;
  preferred: number;
  isGroup: boolean;
  members: string[];
  grouped: string[];
  octets: number;
};

const blank = (): Reading => ({
  uid: null,
  name: '',
  addresses: [],
  note: '',
  groups: [],
  kept: [],
  names: { full: '', parts: '', nick: '', organisation: '' },
  labels: new Map(),
  preferred: 0,
  isGroup: false,
  members: [],
  grouped: [],
  octets: 0,
});

export function readVCards(text: string): Omit<Cards, 'over'> {
  const all: Reading[] = [];
  let open: Reading | null = null;
  let depth = 0;
  for (const p of properties(text)) {
    const isCard = p.value.trim().toUpperCase() === 'VCARD';
    if (p.name === 'BEGIN' && isCard && ++depth === 1) open = blank();
    else if (p.name === 'END' && isCard && depth > 0) {
      depth--;
      if (depth === 0 && open) all.push(open);
      if (depth === 0) open = null;
    } else if (open && depth === 1) take(open, p);
  }
  return joined(all);
}

const takers: Record<string, (card: Reading, p: Property) => void> = {
  UID: (card, p) => {
    card.uid = uidOf(p.value);
  },
  FN: (card, p) => {
    card.names.full ||= unescaped(p.value);
  },
  N: (card, p) => {
    const [family = '', given = '', middle = '', prefix = '', suffix = ''] = splitValue(p.value, ';').map(unescaped);
    card.names.parts = [prefix, given, middle, family, suffix].filter(part => part.trim() !== '').join(' ');
    keep(card, p);
  },
  NICKNAME: (card, p) => {
    card.names.nick ||= unescaped(p.value);
    keep(card, p);
  },
  ORG: (card, p) => {
    card.names.organisation ||= splitValue(p.value, ';').map(unescaped).filter(Boolean).join(', ');
    keep(card, p);
  },
  EMAIL: (card, p) => {
    const entry = {
      label: labelOf(p),
      address: unescaped(p.value)
        .trim()
        .replace(/^mailto:/i, ''),
    };
    card.grouped.push(p.group);
    card.addresses.push(entry);
    // The one its owner prefers stands first (RFC 6350 §5.3).
    if (isPreferred(p) && card.addresses.length > 1 && card.preferred === 0) card.preferred = card.addresses.length - 1;
  },
  NOTE: (card, p) => {
    // Its end is cut anyway, and a file may have a hundred thousand of them.
    if (card.note.length < mostKept) card.note = [card.note, unescaped(p.value)].filter(Boolean).join('\n');
  },
  CATEGORIES: (card, p) => void card.groups.push(...splitValue(p.value, ',').map(unescaped)),
  KIND: (card, p) => {
    card.isGroup = p.value.trim().toLowerCase() === 'group';
  },
  'X-ADDRESSBOOKSERVER-KIND': (card, p) => takers.KIND!(card, p),
  MEMBER: (card, p) => void card.members.push(uidOf(p.value)),
  'X-ADDRESSBOOKSERVER-MEMBER': (card, p) => takers.MEMBER!(card, p),
  'X-ABLABEL': (card, p) => void card.labels.set(p.group, appleLabel(p.value)),
};

function take(card: Reading, p: Property): void {
  const taker = Object.hasOwn(takers, p.name) ? takers[p.name] : undefined;
  if (taker) taker(card, p);
  else keep(card, p);
}

const uidOf = (value: string): string =>
  unescaped(value)
    .trim()
    .replace(/^urn:uuid:/i, '')
    .slice(0, 200);

/** `_$!<Home>!$_` is Apple's way to write a label of its own. */
const appleLabel = (value: string): string =>
  unescaped(value)
    .replace(/^_\$!<(.*)>!\$_$/, '$1')
    .toLowerCase();

const typesOf = (p: Property): string[] =>
  p.params.filter(([k]) => k === 'TYPE').flatMap(([, v]) => v.toLowerCase().split(','));

const isPreferred = (p: Property): boolean => typesOf(p).includes('pref') || p.params.some(([k]) => k === 'PREF');

const labelOf = (p: Property): string => typesOf(p).find(type => type === 'home' || type === 'work') ?? '';

/** As a line of vCard 4: words of vCard 2.1 become types, what says how the file was written goes. */
function keep(card: Reading, p: Property): void {
  const encoded = p.params.some(([k, v]) => k === 'ENCODING' && /^(b|base64)$/i.test(v));
  if (dropped.has(p.name) || encoded || /^data:/i.test(p.value)) return;
  const params = p.params
    .filter(([k]) => k !== 'ENCODING' && k !== 'CHARSET')
    .map(([k, v]) => (k === 'TYPE' && v.toLowerCase() === 'pref' ? 'PREF=1' : `${k}=${quoted(v)}`));
  const line = [p.name, ...params].join(';') + `:${p.value}`.replace(/[\r\n]+/g, '\\n');
  card.octets += Buffer.byteLength(line);
  if (card.octets <= mostKept) card.kept.push(line);
}

const quoted = (value: string): string => {
  const clean = value.replace(/["\p{Cc}]/gu, '');
  return /[:;]/.test(clean) ? `"${clean}"` : clean;
};

/** Groups that are cards of their own give their name to their members. */
function joined(all: Reading[]): Omit<Cards, 'over'> {
  const groups = all.filter(card => card.isGroup);
  const of = new Map<string, string[]>();
  for (const group of groups)
    for (const uid of group.members) of.set(uid, [...(of.get(uid) ?? []), group.names.full || group.names.parts]);
  const cards: Card[] = [];
  for (const card of all) {
    if (card.isGroup) continue;
    const whole = finished(plain(card, of.get(card.uid ?? '') ?? []));
    if (whole) cards.push(whole);
  }
  return { cards, left: all.length - groups.length - cards.length, unaddressed: [], columns: [] };
}

function plain(card: Reading, more: string[]): Card {
  const { full, parts, nick, organisation } = card.names;
  const labelled = card.addresses.map((a, i) => ({ ...a, label: card.labels.get(card.grouped[i] || '-') ?? a.label }));
  const [first] = card.preferred > 0 ? labelled.splice(card.preferred, 1) : [];
  return {
    uid: card.uid || null,
    name: [full, parts, nick, organisation].map(cleaned).find(Boolean) ?? '',
    addresses: first ? [first, ...labelled] : labelled,
    note: cleanedNote(card.note),
    groups: [...card.groups, ...more],
    kept: card.kept,
  };
}
