import { isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isLoopback, sameAddress } from '../wire/ip.ts';
import type { Settings } from './settings.ts';

/** The port of each listener, and the addresses it has for itself. */
const listenOfPort = {
  smtp_port: 'smtp_listen',
  submission_port: 'submission_listen',
  submissions_port: 'submissions_listen',
  odmr_port: 'odmr_listen',
  pop_port: 'pop_listen',
  pops_port: 'pops_listen',
  http_port: 'http_listen',
  https_port: 'https_listen',
} as const;

export type PortSetting = keyof typeof listenOfPort;
type ListenSetting = (typeof listenOfPort)[PortSetting] | 'listen';
export type ListenSettings = Pick<Settings, ListenSetting>;

const ports = Object.keys(listenOfPort) as PortSetting[];

/** Which setting says where this listener binds: its own, or that of all. */
export const listenSettingOf = (s: ListenSettings, port: PortSetting): ListenSetting =>
  s[listenOfPort[port]].length > 0 ? listenOfPort[port] : 'listen';

/** Where a listener binds, one address at least. */
export const addressesOf = (s: ListenSettings, port: PortSetting): string[] => s[listenSettingOf(s, port)];

/** Every address some listener binds to, once. */
export const allAddresses = (s: ListenSettings): string[] => [...new Set(ports.flatMap(port => addressesOf(s, port)))];

/** `::` by itself takes IPv4 too, as it always did; beside an IPv4 address it is IPv6 alone. */
export const isIpv6Only = (addresses: readonly string[]): boolean => addresses.some(isIPv4);

/** Where a listener is reached from this machine: by loopback where it can be. */
export function fromHere(s: ListenSettings, port: PortSetting): string {
  const addresses = addressesOf(s, port);
  if (addresses.includes('0.0.0.0')) return '127.0.0.1';
  if (addresses.includes('::')) return '::1';
  return addresses.find(isLoopback) ?? addresses[0]!;
}

/** Does one of these addresses take what is sent to `address`, as far as the addresses tell? */
export function isListening(addresses: readonly string[], address: string): boolean {
  if (addresses.some(a => sameAddress(a, address))) return true;
  if (isIP(address) === 6) return addresses.includes('::');
  return addresses.includes('0.0.0.0') || (addresses.includes('::') && !isIpv6Only(addresses));
}

/** Could both be bound on one port, or would they meet on some address? */
export const meet = (a: readonly string[], b: readonly string[]): boolean =>
  a.some(address => isListening(b, address)) ||
  b.some(address => isListening(a, address)) ||
  // 0.0.0.0 beside a :: that takes IPv4 too.
  [a, b].every(list => list.some(isEvery));

const isEvery = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** What cannot be bound as it is written. */
export function listenMistakes(s: ListenSettings & Pick<Settings, PortSetting>): string[] {
  const lists = ['listen' as const, ...Object.values(listenOfPort)];
  return [...lists.flatMap(setting => tooMuch(s[setting]).map(what => `${setting}: ${what}`)), ...clashes(s)];
}

function tooMuch(addresses: readonly string[]): string[] {
  return addresses.flatMap((address, i) => {
    const others = addresses.filter((_, j) => j !== i);
    if (addresses.findIndex(a => sameAddress(a, address)) < i) return [`${address} is named twice`];
    if (isEvery(address)) return [];
    const every = isIP(address) === 4 ? '0.0.0.0' : '::';
    return others.includes(every)
      ? [`${every} has every address of its kind, so ${address} cannot stand beside it`]
      : [];
  });
}

function clashes(s: ListenSettings & Pick<Settings, PortSetting>): string[] {
  const open = ports.filter(p => s[p] !== 0);
  return open.flatMap((p, i) =>
    open
      .slice(i + 1)
      .filter(q => s[p] === s[q] && meet(addressesOf(s, p), addressesOf(s, q)))
      .map(q => `${p} and ${q} are both ${s[p]}: each listener needs its own port, or its own address`),
  );
}

/** Addresses this machine has not, or not now: who binds them decides. And those of domains that nobody can dial. */
export function listenWarnings(s: ListenSettings & Pick<Settings, PortSetting | 'vdomain'>): string[] {
  const own = ownAddresses();
  const used = new Set(ports.map(port => listenSettingOf(s, port)));
  const absent = [...used].flatMap(setting =>
    s[setting]
      .filter(address => !isOwnAddress(address))
      .map(address => `${setting}: ${address} is no address of this machine, which has ${own.join(', ')}`),
  );
  const dialled = (['pop_port', 'pops_port', 'submission_port', 'submissions_port'] as const)
    .filter(port => s[port] !== 0)
    .flatMap(port => addressesOf(s, port));
  const deaf = s.vdomain.flatMap(({ by }) => (by.kind === 'ip' && !isListening(dialled, by.ip) ? [by.ip] : []));
  return [...absent, ...deaf.map(ip => `vdomain: neither POP3 nor submission listens on ${ip}, so nobody can dial it`)];
}

type SiteAddress = ListenSettings & Pick<Settings, PortSetting | 'site_url' | 'base_path'>;

/**
 * Where the site is, without a slash at its end. Over TLS where it is served so: passwords are not asked for otherwise,
 * but on this machine. `name`: how readers elsewhere know the machine, where site_url does not tell; none: for one here.
 */
export function siteUrl(s: SiteAddress, name?: string): string {
  const [scheme, setting, usual] =
    s.https_port > 0 ? (['https', 'https_port', 443] as const) : (['http', 'http_port', 80] as const);
  const addresses = addressesOf(s, setting);
  const near = ['127.0.0.1', '::1'].some(a => isListening(addresses, a)) ? 'localhost' : written(addresses[0]!);
  const host = name !== undefined && !addresses.every(isLoopback) ? name : near;
  return `${s.site_url || `${scheme}://${host}${s[setting] === usual ? '' : `:${s[setting]}`}`}${s.base_path}`;
}

/** As a URL has it. */
export const written = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** Loopback first. */
export function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap(i => (i ?? []).map(({ address }) => address));
  return [...all.filter(isLoopback), ...all.filter(a => !isLoopback(a))];
}

/** All of 127.0.0.0/8 is the machine's, though one address of it is listed. */
export const isOwnAddress = (ip: string): boolean =>
  isEvery(ip) || ip.startsWith('127.') || ownAddresses().some(own => sameAddress(own, ip));
