/**
 * Addresses: the Mailbox of RFC 5321 §4.1.2 as a value, and the address lists of header fields.
 *
 * A parsed address is safe to put on a line: no CR, LF, control or bidi character gets in. Its domain is
 * always lower case in A-labels (`xn--…`), whatever was typed, so that one domain has one spelling in
 * look-ups and in DNS; `displayAddress` gives U-labels back for people. It does not know who exists.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';
import addressparser from 'nodemailer/lib/addressparser';
import { cleanText, decodeWords } from './header.ts';

export type Address = {
  /** The local part without its quotes, letter case kept. */
  local: string;
  /** Lower case, A-labels; or an address literal with its brackets, `[192.0.2.1]`, `[ipv6:2001:db8::1]`. */
  domain: string;
};

export type NamedAddress = {
  /** Decoded, on one line, without control characters; empty: none given. */
  name: string;
  /** As written; empty where the field had only a name. It may still be nonsense: `parseAddress` decides. */
  address: string;
};

/** RFC 5321 §4.5.3.1. Senders' VERP addresses do go beyond 64, so MAIL FROM may pass a larger `longestLocal`. */
const LONGEST_LOCAL = 64;
const LONGEST_DOMAIN = 255;

/** More than any person writes to; what is beyond is not looked at, so that a bomb costs no more than a letter. */
const LONGEST_LIST = 100_000;
const MOST_ADDRESSES = 2_000;

const PLAIN = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/** atext of RFC 6531 §3.3: the ASCII one, and every letter beyond it. */
const ATOMS = /^[^\u0000-\u0020"(),.:;<>@[\\\]\u007f]+(?:\.[^\u0000-\u0020"(),.:;<>@[\\\]\u007f]+)*$/;
/** Quoted-string of RFC 5321 §4.1.2: printable ASCII and beyond, no tab, no line end. */
const QUOTED = /^"(?:[ !#-[\]-~\u0080-\u{10ffff}]|\\[ -~])*"$/u;
/** Control, bidi, white space beyond ASCII, and what no terminal or page shows as itself (RFC 6532 leaves it to us). */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]/u;
/** What most From and To fields are, read without a parser: one address in brackets, alone or behind plain words. */
const SIMPLE = /^(?:([A-Za-z0-9]+(?: [A-Za-z0-9]+)*) )?<([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)>$/;
/** RFC 5321 §4.1.2 sub-domain, and the underscore that some hosts have in their names and mail from. */
const DOMAIN = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
/** UTS 46 knows these as dots too. */
const FOREIGN_DOTS = /[\u3002\uff0e\uff61]/g;
/** Only what a name can be made of reaches the URL rules behind domainToASCII: they cut at `/`, `?` and `#`. */
const FOREIGN_DOMAIN = /^[A-Za-z0-9_.\u0080-\u{10ffff}-]+$/u;

/** `user@example.org`, without angle brackets, comments or source route; null: it is not an address. */
export function parseAddress(text: string, longestLocal = LONGEST_LOCAL): Address | null {
  if (text.length > longestLocal + LONGEST_DOMAIN + 1) return null;
  const at = domainAt(text);
  if (at < 1) return null;
  const local = parseLocal(text.slice(0, at), longestLocal);
  const domain = parseDomain(text.slice(at + 1));
  return local === null || domain === null ? null : { local, domain };
}

function parseLocal(text: string, longest: number): string | null {
  if (PLAIN.test(text)) return text.length > longest ? null : text;
  if (UNSEEN.test(text) || Buffer.byteLength(text) > longest) return null;
  if (ATOMS.test(text)) return text.normalize('NFC');
  if (!QUOTED.test(text)) return null;
  return text.slice(1, -1).replace(/\\(.)/g, '$1').normalize('NFC');
}

/** A domain or address literal in its one spelling; null: neither. */
export function parseDomain(text: string): string | null {
  if (text.startsWith('[')) return parseLiteral(text);
  const ascii = toAscii(text);
  return ascii !== null && ascii.length <= LONGEST_DOMAIN && DOMAIN.test(ascii) ? ascii : null;
}

function toAscii(text: string): string | null {
  const lower = text.toLowerCase();
  if (/^[\u0000-\u007f]*$/.test(lower)) return lower;
  if (text.length > LONGEST_DOMAIN || UNSEEN.test(text) || !FOREIGN_DOMAIN.test(text)) return null;
  const ascii = domainToASCII(text.replace(FOREIGN_DOTS, '.'));
  // Wide digits would become an IPv4 address by the URL rules.
  return ascii === '' || isIPv4(ascii) ? null : ascii;
}

/** RFC 5321 §4.1.3. Nobody registered a tag other than IPv6, so a general literal is refused. */
function parseLiteral(text: string): string | null {
  if (!text.endsWith(']')) return null;
  const inner = text.slice(1, -1).toLowerCase();
  if (isIPv4(inner)) return `[${inner}]`;
  const six = inner.startsWith('ipv6:') ? inner.slice(5) : '';
  return isIPv6(six) && !six.includes('%') ? `[ipv6:${six}]` : null;
}

/** As it stands in a path or a header field: quoted only where RFC 5321 wants quotes. */
export function formatAddress(a: Address): string {
  const local = PLAIN.test(a.local) || ATOMS.test(a.local) ? a.local : `"${a.local.replace(/["\\]/g, '\\$&')}"`;
  return `${local}@${a.domain}`;
}

/** For people: U-labels where they say the same thing. */
export function displayAddress(address: string): string {
  const at = domainAt(address);
  if (at < 0 || !address.includes('xn--', at)) return address;
  const domain = domainToUnicode(address.slice(at + 1));
  return domain === '' || UNSEEN.test(domain) ? address : `${address.slice(0, at)}@${domain}`;
}

/** What an address is looked up by: names are the same in upper and lower case here (RFC 5321 §2.4 lets us). */
export function addressKey(address: Address | string): string {
  const parsed = typeof address === 'string' ? parseAddress(address.trim(), LONGEST_DOMAIN) : address;
  if (parsed === null) return String(address).trim().toLowerCase();
  return formatAddress({ local: parsed.local.toLowerCase().normalize('NFC'), domain: parsed.domain });
}

/** The domain of an address in its one spelling; empty: it has none. */
export function domainOf(address: string): string {
  const at = domainAt(address);
  if (at < 0) return '';
  const text = address.slice(at + 1);
  return parseDomain(text) ?? text.toLowerCase();
}

/** The local part of an address without its quotes; the whole text where there is no `@`. */
export function localOf(address: string): string {
  const at = domainAt(address);
  const text = at < 0 ? address : address.slice(0, at);
  return QUOTED.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}

/** `user+tag` apart, at the first plus; a plus at the very start is part of the name. */
export function subaddress(local: string): { user: string; tag: string | null } {
  const plus = local.indexOf('+', 1);
  return plus < 0 ? { user: local, tag: null } : { user: local.slice(0, plus), tag: local.slice(plus + 1) };
}

/** The `@` before the domain: the last one, since a domain has none and a quoted local part may. */
function domainAt(address: string): number {
  return address.endsWith(']') ? address.lastIndexOf('@[') : address.lastIndexOf('@');
}

/** The addresses of a From, To, Cc … value (`Header.get`), groups flattened, names decoded. */
export function parseAddressList(value: string): NamedAddress[] {
  const simple = value.length < 200 ? SIMPLE.exec(value) : null;
  if (simple) return [{ name: simple[1] ?? '', address: simple[2]! }];
  const found: NamedAddress[] = [];
  for (const entry of addressparser(shielded(bounded(value)), { flatten: true })) {
    if (found.length === MOST_ADDRESSES) break;
    const name = cleanText(decodeWords(entry.name)).trim();
    const address = cleanText(entry.address).trim();
    if (name !== '' || address !== '') found.push({ name, address });
  }
  return found;
}

/** Cut behind the last whole entry that fits. */
function bounded(value: string): string {
  if (value.length <= LONGEST_LIST) return value;
  const comma = value.lastIndexOf(',', LONGEST_LIST);
  return value.slice(0, comma > 0 ? comma : LONGEST_LIST);
}

/**
 * Senders leave commas, colons and blanks inside Q words as they are (RFC 2047 §5.3 forbids it): they are no list
 * signs. What holds a quote or an address is left as it is: no reader may see an address that we do not.
 */
function shielded(value: string): string {
  return value.replace(/(=\?[^\s?]{1,60}\?[qQ]\?)([^?@"<>\\]{1,1000})(?=\?=)/g, (_, opening: string, text: string) => {
    return opening + text.replace(/[ ,:;()[\]]/g, c => `=${c.charCodeAt(0).toString(16)}`);
  });
}

/** A display name and address for a header field: the name is quoted, or left to be encoded by who writes it. */
export function formatNamed(a: NamedAddress): string {
  if (a.name === '') return a.address;
  const name = cleanText(a.name);
  return `${/^[\w !#$%&'*+/=?^`{|}~-]+$/.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`} <${a.address}>`;
}
