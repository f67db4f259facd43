/**
 * Parked mail: the domains whose mail waits until somebody calls for it, and who may call.
 * Pure: it is given settings and an address, and answers. It promises that a right to one domain is none to another,
 * and that nobody may call for anything unless a line of the settings says so.
 */
import { perList, type Settings } from './config.ts';
import { domainList } from './mail/pattern.ts';
import type { Hold } from './store.ts';
import { ipList } from './wire/ip-pattern.ts';

export type SuspensionSettings = Pick<Settings, 'suspend_domain'>;
export type CallSettings = Pick<Settings, 'etrn_ip' | 'etrn_allow' | 'odmr'>;

/** Who calls for mail. */
export type Caller = {
  /** Where the connection comes from. */
  address: string;
  /** The account that signed in; null: none did. */
  account: string | null;
};

/** What mail for the domain is held for from the start; null: it is not suspended. */
export function suspendedHold(settings: SuspensionSettings, domain: string): Hold | null {
  if (!isSuspended(settings, domain)) return null;
  return { kind: 'suspended domain', reason: `parked until ${domain} asks for it`, until: null };
}

export const isSuspended = ({ suspend_domain }: SuspensionSettings, domain: string): boolean =>
  suspend_domain.length > 0 && suspended(suspend_domain)(domain) !== null;

/** `*.example.org` is every name below example.org, but not example.org itself. */
export const covers = (pattern: string, domain: string): boolean =>
  pattern.startsWith('*.') ? domain.endsWith(pattern.slice(1)) && domain.length >= pattern.length : pattern === domain;

/** May the caller ask for the mail of any domain at all? Only such are told that there is ETRN. */
export const mayCall = (caller: Caller, settings: CallSettings): boolean =>
  isTrusted(caller, settings) || settings.etrn_allow.some(rule => isFor(rule, caller));

/** May the caller ask for the mail of this domain by ETRN? */
export const mayCallFor = (caller: Caller, domain: string, settings: CallSettings): boolean =>
  isTrusted(caller, settings) || isNamed(caller, domain, settings);

/** Does a line name the caller for this very domain, rather than for all? */
export const isNamed = (caller: Caller, domain: string, settings: CallSettings): boolean =>
  settings.etrn_allow.some(rule => covers(rule.domain, domain) && isFor(rule, caller));

/** Of etrn_ip: it may ask for any domain. */
export const isTrusted = ({ address }: Caller, { etrn_ip }: CallSettings): boolean => ipsOf(etrn_ip)(address);

/** The domains whose mail the account may take by ATRN. */
export const odmrDomains = (account: string, { odmr }: CallSettings): string[] => [
  ...new Set(odmr.filter(rule => rule.account === account).flatMap(rule => rule.domains)),
];

function isFor({ by }: CallSettings['etrn_allow'][number], caller: Caller): boolean {
  return by.kind === 'account' ? by.account === caller.account : ipsOf(by.ips)(caller.address);
}

const ipsOf = perList((entries: readonly string[]) => ipList('selecting', entries));
const suspended = perList((patterns: readonly string[]) => domainList(patterns));
