import { type Address, type IpEntry, matches, parseAddress, parseEntry } from './ip-pattern/entry.ts';
import { canPass } from './ip-pattern/witness.ts';

/**
 * Lists of IP addresses, as every setting that takes one reads them.
 *
 * An entry is an address, a network (`10.0.0.0/8`, `2001:db8::/32`), an IPv4 address with ranges (`161.29.3-5.0-255`),
 * or an IPv4 text with wildcards (`161.29.*`; `*` is any run of characters, dots too, `?` exactly one). `*` alone is every
 * address, IPv6 too. `!` in front: the rest must not match. Wildcards or `!` never stand in one entry with a range.
 * An IPv4 address that came through an IPv6 socket is that IPv4 address.
 */
export type IpList = {
  (address: string): boolean;
  /** What each entry says of the address, in the order of the list. */
  explain(address: string): { entry: string; passes: boolean }[];
};

/**
 * `restrictive`: an address must pass every entry; the empty list restricts nobody.
 * `selecting`: one entry that takes the address is enough, unless an entry with `!` excludes it; the empty list is nobody.
 */
export type IpListKind = 'restrictive' | 'selecting';

/** What is wrong with an entry, as a sentence; null: nothing. */
export function ipEntryProblem(text: string): string | null {
  const entry = parseEntry(text);
  return 'wrong' in entry ? entry.wrong : null;
}

/** Entries that were checked before, compiled once. */
export function ipList(kind: IpListKind, entries: readonly string[]): IpList {
  const compiled = entries.map(checked);
  const passes = kind === 'restrictive' ? restrictive(compiled) : selecting(compiled);
  const list = (text: string) => passes(parseAddress(text));
  const explain = (text: string) => {
    const address = parseAddress(text);
    return compiled.map(e => ({ entry: e.text, passes: address !== null && passesEntry(e, address) }));
  };
  return Object.assign(list, { explain });
}

/** Is there an address at all that the list takes? */
export function ipListTakesAny(kind: IpListKind, entries: readonly string[]): boolean {
  const compiled = entries.map(checked);
  if (kind === 'restrictive') return canPass(compiled);
  const excluding = compiled.filter(e => e.negated);
  return compiled.some(e => !e.negated && canPass([e, ...excluding]));
}

function checked(text: string): IpEntry {
  const entry = parseEntry(text);
  if ('wrong' in entry) throw new Error(`${text}: ${entry.wrong}`);
  return entry;
}

const passesEntry = (entry: IpEntry, address: Address): boolean => matches(entry, address) !== entry.negated;

function restrictive(entries: IpEntry[]): (address: Address | null) => boolean {
  if (entries.length === 0) return () => true;
  return address => address !== null && entries.every(e => passesEntry(e, address));
}

function selecting(entries: IpEntry[]): (address: Address | null) => boolean {
  const excluding = entries.filter(e => e.negated);
  const taking = entries.filter(e => !e.negated);
  return address =>
    address !== null && taking.some(e => matches(e, address)) && !excluding.some(e => matches(e, address));
}
