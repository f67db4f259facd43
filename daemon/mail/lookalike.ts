/**
 * Names that are to be taken for others: in the address of a sender, in the name beside it, in the words of a link.
 *
 * It says what is odd, never that something is bad: whoever reads decides. Without a list of public suffixes, what
 * belongs together is guessed by the last labels of a host.
 */
import { domainToUnicode } from 'node:url';
import { addressKey, domainOf, type NamedAddress } from './address.ts';
import { isTwin, skeleton } from './lookalike/skeleton.ts';

export type Oddity =
  /** The name shown is an address, and not the one it is from. */
  | { kind: 'other-address'; named: string }
  /** It has the name of somebody one knows by another address. */
  | { kind: 'other-person'; known: string }
  /** Its domain looks like one that one knows. */
  | { kind: 'like'; known: string }
  /** Its domain has letters of several scripts, or foreign ones that look like Latin ones; as DNS spells it. */
  | { kind: 'letters'; spelled: string }
  /** Answers go to somebody else than the sender. */
  | { kind: 'reply'; to: string };

export type Sender = { from: NamedAddress; replyTo: NamedAddress[]; fromList: boolean };

/** Whom the reader knows, made ready to compare many senders with. */
export type Known = {
  addresses: ReadonlySet<string>;
  /** An address by a name, which is as `plainName` makes it. */
  names: ReadonlyMap<string, string>;
  /** How a domain looks, by the domain. */
  domains: ReadonlyMap<string, string>;
};

/** `people`: of the address book, and those written to; `domains`: the own ones. */
export function acquaint(people: readonly NamedAddress[], domains: readonly string[]): Known {
  const withAddress = people.filter(p => p.address !== '');
  const all = new Set([...domains, ...withAddress.map(p => domainOf(p.address))]);
  all.delete('');
  return {
    addresses: new Set(withAddress.map(p => addressKey(p.address))),
    names: new Map(withAddress.map(p => [plainName(p.name), p.address])),
    domains: new Map([...all].map(domain => [domain, skeleton(domain)])),
  };
}

const plainName = (name: string): string =>
  name.slice(0, 200).normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

const ADDRESS_IN_NAME = /[^\s<>()"',;:@]{1,64}@[^\s<>()"',;:@]{1,255}\.[^\s<>()"',;:@.]{2,63}/u;

export function oddities({ from, replyTo, fromList }: Sender, known: Known): Oddity[] {
  const key = addressKey(from.address);
  const domain = domainOf(from.address);
  const found: Oddity[] = [];
  const named = ADDRESS_IN_NAME.exec(from.name)?.[0];
  if (named !== undefined && addressKey(named) !== key) found.push({ kind: 'other-address', named });
  if (strangeHost(domain)) found.push({ kind: 'letters', spelled: domain });
  const isKnown = known.addresses.has(key);
  const twin = isKnown ? undefined : twinOf(domain, known);
  if (twin !== undefined) found.push({ kind: 'like', known: twin });
  const namesake = isKnown || fromList ? undefined : namesakeOf(from, known);
  if (namesake !== undefined) found.push({ kind: 'other-person', known: namesake });
  const elsewhere = fromList
    ? undefined
    : replyTo.find(r => r.address !== '' && !sameOwner(domainOf(r.address), domain));
  if (elsewhere) found.push({ kind: 'reply', to: elsewhere.address });
  return found;
}

function twinOf(domain: string, { domains }: Known): string | undefined {
  if (domain === '' || domains.has(domain)) return undefined;
  const own = skeleton(domain);
  for (const [other, looks] of domains) if (isTwin(own, looks) && !sameOwner(other, domain)) return other;
  return undefined;
}

function namesakeOf(from: NamedAddress, { names }: Known): string | undefined {
  const name = plainName(from.name);
  // One word is shared by too many.
  const found = name.includes(' ') ? names.get(name) : undefined;
  return found !== undefined && !sameOwner(domainOf(found), domainOf(from.address)) ? found : undefined;
}

/** Does the name of a host mix scripts, or spell Latin in the letters of another? */
export function strangeHost(host: string): boolean {
  if (!host.includes('xn--')) return false;
  return domainToUnicode(host)
    .split('.')
    .some(label => isMixed(label) || (!/[a-z\p{sc=Latin}]/u.test(label) && isLatin(skeleton(label))));
}

const isLatin = (label: string): boolean => /[a-z]/.test(label) && /^[a-z0-9-]+$/.test(label);

const SCRIPTS = [/\p{sc=Latin}/u, /\p{sc=Cyrillic}/u, /\p{sc=Greek}/u, /\p{sc=Armenian}/u, /\p{sc=Cherokee}/u];

/** Japanese mixes three scripts and is not meant; those that look alike are. */
const isMixed = (label: string): boolean => SCRIPTS.filter(script => script.test(label)).length > 1;

/** Ends of file names that are no top-level domain anybody writes in a sentence. */
const FILES = new Set(
  'pdf html htm js ts txt doc docx xls xlsx zip png jpg jpeg gif csv md json xml py mp3 mp4'.split(' '),
);

/** Hosts that words name as a place on the web: behind a scheme or `www.` anywhere, or alone. */
export function hostsIn(words: string): string[] {
  const text = words.slice(0, 2_000).toLowerCase();
  const found = [
    ...text.matchAll(/(?:https?:\/\/|(?<![\w.@-])(?=www\.))([\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+)/gu),
  ].map(m => m[1]!);
  const alone = /^\s*((?:[\p{L}\p{N}_-]+\.)+([\p{L}]{2,24}))(?:[/?#]\S*)?\s*$/u.exec(text);
  if (alone && !FILES.has(alone[2]!)) found.push(alone[1]!);
  return found;
}

/** Is the host that words name the one a link leads to, or one beside, above or below it? */
export const sameHost = (named: string, host: string): boolean =>
  sameOwner((URL.parse(`http://${named}/`)?.hostname ?? named).toLowerCase(), host);

/** `news.shop.example` and `mail.shop.example`; where the last two labels are a country's (`co.uk`), the last three. */
export function sameOwner(one: string, other: string): boolean {
  return ownedBy(one) === ownedBy(other);
}

function ownedBy(host: string): string {
  const labels = host.split('.');
  const [second = '', top = ''] = labels.slice(-2);
  const short = top.length === 2 && second.length <= 3 && labels.length > 2;
  return labels.slice(short ? -3 : -2).join('.');
}
