import { isIPv4, isIPv6 } from 'node:net';
import { ipv6Groups } from '../ip.ts';

/** IPv4 as its four octets, IPv6 as one number. */
export type Address = readonly [number, number, number, number] | bigint;

/** One entry of a list: what it takes of IPv4 and what of IPv6; null: nothing. */
export type IpEntry = {
  text: string;
  /** `!` stood in front: who matches does not pass. */
  negated: boolean;
  v4: OctetWalk | null;
  v6: { first: bigint; last: bigint } | null;
};

/** Reads an IPv4 address octet by octet. A state is a number; 0 is the one that nothing leads out of. */
export type OctetWalk = {
  start: number;
  step(state: number, octet: number, place: number): number;
  accepts(state: number): boolean;
};

type Wrong = { wrong: string };
type Matcher = Pick<IpEntry, 'v4' | 'v6'>;

/** Null: that is no address. */
export function parseAddress(text: string): Address | null {
  if (isIPv4(text)) return text.split('.').map(Number) as unknown as Address;
  // A link-local address comes with a zone, which is the machine's own affair.
  const plain = text.replace(/%.*$/, '');
  if (!isIPv6(plain)) return null;
  const value = asNumber(plain);
  return value >> 32n === 0xffffn ? (octetsOf(value) as unknown as Address) : value;
}

export function matches({ v4, v6 }: IpEntry, address: Address): boolean {
  if (typeof address === 'bigint') return v6 !== null && address >= v6.first && address <= v6.last;
  if (v4 === null) return false;
  let state = v4.start;
  for (let place = 0; place < 4; place++) state = v4.step(state, address[place]!, place);
  return v4.accepts(state);
}

export function parseEntry(text: string): IpEntry | Wrong {
  const negated = text.startsWith('!');
  const rest = (negated ? text.slice(1) : text).trim();
  const matcher = matcherOf(rest, negated);
  return 'wrong' in matcher ? matcher : { text, negated, ...matcher };
}

const form = 'an IP address such as 10.1.2.3, a network such as 10.0.0.0/8, or a pattern such as 10.1.* belongs here';

function matcherOf(text: string, negated: boolean): Matcher | Wrong {
  const wild = /[*?]/.test(text);
  if (text.includes('-') && (wild || negated)) return { wrong: 'an entry has either ! * ? or a range x-y, never both' };
  if (wild && text.includes('/')) return { wrong: 'an entry has either * ? or the length of a network, never both' };
  if (wild && text.includes(':')) return { wrong: 'networks of IPv6 are written as 2001:db8::/32, without * and ?' };
  if (text === '*') return { v4: octets(Array(4).fill([0, 255])), v6: { first: 0n, last: allOnes } };
  if (wild) return wildcards(text);
  if (text.includes('-')) return ranges(text);
  return network(text);
}

const allOnes = (1n << 128n) - 1n;

/** An address, or a network with the length of its prefix. */
function network(text: string): Matcher | Wrong {
  const [, base, length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (base === undefined || !(isIPv4(base) || isIPv6(base))) return { wrong: form };
  const bits = isIPv4(base) ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return { wrong: `the length of a network is at most ${bits} here` };
  const value = isIPv4(base) ? 0xffff_0000_0000n | asNumber(`::ffff:${base}`) : asNumber(base);
  const free = (1n << BigInt(bits - prefix)) - 1n;
  const [first, last] = [value & ~free, value | free];
  if (first >> 32n !== 0xffffn) return { v4: null, v6: { first, last } };
  const [from, to] = [octetsOf(first), octetsOf(last)];
  return { v4: octets(from.map((o, place) => [o, to[place]!])), v6: null };
}

/** `161.29.3-5.24`: each part a number or a range, both ends included. */
function ranges(text: string): Matcher | Wrong {
  const parts = text.split('.').map(part => /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part));
  if (parts.length !== 4 || parts.some(p => p === null))
    return { wrong: 'a range stands for one of the four parts of an address, as in 161.29.3-5.24' };
  const pairs = parts.map(p => [Number(p![1]), Number(p![2] ?? p![1])] as const);
  if (pairs.some(([from, to]) => from > to || to > 255))
    return { wrong: 'a range goes up, and its numbers are 0 to 255' };
  return { v4: octets(pairs), v6: null };
}

function octets(pairs: (readonly [number, number])[]): OctetWalk {
  return {
    start: 1,
    step: (state, octet, place) => (octet >= pairs[place]![0] && octet <= pairs[place]![1] ? state : 0),
    accepts: state => state === 1,
  };
}

/** Bit n of a state: the first n characters of the pattern are met. So it fits a number. */
const longestPattern = 30;

/** The address as text, met character by character: linear, whatever the wildcards. */
function wildcards(given: string): Matcher | Wrong {
  const pattern = given.replace(/\*+/g, '*');
  if (!/^[\d.*?]+$/.test(pattern) || pattern.length > longestPattern) return { wrong: form };
  const passing = (states: number) => {
    for (let n = 0; n < pattern.length; n++) if (states & (1 << n) && pattern[n] === '*') states |= 1 << (n + 1);
    return states;
  };
  const meet = (states: number, character: string) => {
    let next = 0;
    for (let n = 0; n < pattern.length; n++) {
      if (!(states & (1 << n))) continue;
      if (pattern[n] === '*') next |= 1 << n;
      else if (pattern[n] === '?' || pattern[n] === character) next |= 1 << (n + 1);
    }
    return passing(next);
  };
  const step = (state: number, octet: number, place: number) =>
    [...(place === 0 ? `${octet}` : `.${octet}`)].reduce(meet, state);
  return { v4: { start: passing(1), step, accepts: state => (state & (1 << pattern.length)) !== 0 }, v6: null };
}

function asNumber(ipv6: string): bigint {
  return ipv6Groups(ipv6).reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** The last four octets of a number. */
function octetsOf(value: bigint): number[] {
  return [24n, 16n, 8n, 0n].map(shift => Number((value >> shift) & 255n));
}
