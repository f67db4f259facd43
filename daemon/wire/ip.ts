import { BlockList, isIP, isIPv6 } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** An IPv4 address that came through an IPv6 socket is that IPv4 address. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  return family !== 0 && loopback.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

const near = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  // RFC 6598: behind a provider's NAT.
  ['100.64.0.0', 10],
] as const)
  near.addSubnet(network, bits, 'ipv4');
near.addSubnet('fc00::', 7, 'ipv6');
near.addSubnet('fe80::', 10, 'ipv6');

/** Of a network that the rest of the world does not see (RFC 1918, 3927, 4193, 6598), loopback not counted. */
export function isPrivate(address: string): boolean {
  const plain = plainAddress(address.replace(/%.*$/, ''));
  const family = isIP(plain);
  return family !== 0 && near.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

/** Nobody has it: that of who comes from who knows where, so that no list of addresses takes it for somebody. */
export const unknownAddress = '0.0.0.0';

/** What one budget is for: an IPv4 address, or an IPv6 /64, which one customer has for the asking. */
export function networkOf(peer: string): string {
  // A link-local peer comes with a zone, which is the machine's own affair.
  const plain = plainAddress(peer.replace(/%.*$/, '').toLowerCase());
  return isIPv6(plain) ? `${ipv6Groups(plain).slice(0, 4).join(':')}::/64` : plain;
}

/** The eight groups of an IPv6 address, without leading zeros. */
export function ipv6Groups(address: string): string[] {
  const whole = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map(n => n.toString(16)).join(':'),
  );
  const [head = '', tail = ''] = whole.split('::');
  const split = (text: string) => (text === '' ? [] : text.split(':'));
  const missing = 8 - split(head).length - split(tail).length;
  return [...split(head), ...Array(missing).fill('0'), ...split(tail)].map(g => Number.parseInt(g, 16).toString(16));
}

/** The 4 or 16 octets of an address, in network order. */
export function addressOctets(address: string): number[] {
  if (isIP(address) === 4) return address.split('.').map(Number);
  return ipv6Groups(address).flatMap(group => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
}

/** Two ways to write one address. */
export function sameAddress(a: string, b: string): boolean {
  const [one, other] = [a, b].map(t => plainAddress(t.replace(/%.*$/, '').toLowerCase())) as [string, string];
  if (one === other) return true;
  return isIPv6(one) && isIPv6(other) && ipv6Groups(one).join() === ipv6Groups(other).join();
}

/** What no host of the net has (IANA special-purpose registries); for IPv6 all beyond 2000::/3 besides. */
const special = new BlockList();
for (const net of `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
  224.0.0.0/4 240.0.0.0/4`.split(/\s+/)) {
  const [address = '', length] = net.split('/');
  special.addSubnet(address, Number(length), 'ipv4');
}
// 6to4 and Teredo carry an IPv4 address within.
for (const net of ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']) {
  const [address = '', length] = net.split('/');
  special.addSubnet(address, Number(length), 'ipv6');
}
const global = new BlockList();
global.addSubnet('2000::', 3, 'ipv6');

/** May it be somebody else's host out on the net? Not this machine, its networks, nor a group. */
export function isGlobal(address: string): boolean {
  const plain = plainAddress(address.toLowerCase());
  const family = isIP(plain);
  if (family === 4) return !special.check(plain, 'ipv4');
  return family === 6 && !plain.includes('%') && global.check(plain, 'ipv6') && !special.check(plain, 'ipv6');
}
