import { perList, type Settings } from '../config.ts';
import { domainList, isWild, namePattern } from '../mail/pattern.ts';
import { ipList } from '../wire/ip-pattern.ts';

type Rule = { from: string; to: string };
type Rules = {
  /** Targets and the places of their lines, by exact address. */
  exact: Map<string, { to: string; at: number }[]>;
  wild: { matches(key: string): boolean; to: string; at: number }[];
};

/** Lines of FROM and TO: most name an address, and are found without looking at the others. */
const rulesOf = perList((lines: readonly Rule[]): Rules => {
  const rules: Rules = { exact: new Map(), wild: [] };
  for (const [at, { from, to }] of lines.entries())
    if (isWild(from)) rules.wild.push({ matches: namePattern(from), to, at });
    else rules.exact.set(from, [...(rules.exact.get(from) ?? []), { to, at }]);
  return rules;
});

/** The targets of all lines that match one of the addresses, in the order of the lines, each once. */
export function targetsOf(lines: readonly Rule[], keys: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const { exact, wild } = rulesOf(lines);
  const found = keys.flatMap(key => [...(exact.get(key) ?? []), ...wild.filter(w => w.matches(key))]);
  if (found.length > 1) found.sort((a, b) => a.at - b.at);
  return [...new Set(found.map(f => f.to))];
}

/** Is there a line for this very address? */
export const names = (lines: readonly Rule[], key: string): boolean => rulesOf(lines).exact.has(key);

const setOf = perList((domains: readonly string[]) => new Set(domains));
const vdomainSet = perList((lines: Settings['vdomain']) => new Set(lines.map(v => v.domain)));

export type DomainSettings = Pick<Settings, 'host_domain' | 'vdomain'>;

/** Domains whose users are ours. */
export const isLocal = (domain: string, s: DomainSettings): boolean =>
  setOf(s.host_domain).has(domain) || vdomainSet(s.vdomain).has(domain);

/** The further names of host_domain are other names of the first; a vdomain has users of its own. */
export const isSynonym = (domain: string, s: DomainSettings): boolean =>
  domain !== s.host_domain[0] && setOf(s.host_domain).has(domain) && !vdomainSet(s.vdomain).has(domain);

const relayed = perList((patterns: readonly string[]) => domainList(patterns));

/** The relay_to entry that takes mail for the domain; null: none does. */
export const relayEntry = (patterns: readonly string[], domain: string): string | null =>
  patterns.length === 0 ? null : relayed(patterns)(domain);

const fallbacks = perList((lines: Settings['fallback_address']) => new Map(lines.map(f => [f.domain, f.to])));

export const fallbackOf = (lines: Settings['fallback_address'], domain: string): string | null =>
  fallbacks(lines).get(domain) ?? null;

/** Is the address one of a selecting list? */
const selected = perList((entries: readonly string[]) => ipList('selecting', entries));

export const isListed = (entries: readonly string[], address: string): boolean =>
  entries.length > 0 && selected(entries)(address);

type SendAs = Settings['send_as'];
const sendAsTable = perList((lines: SendAs) => {
  const byAccount = new Map<string, ((key: string) => boolean)[]>();
  for (const { account, address } of lines)
    byAccount.set(account, [...(byAccount.get(account) ?? []), namePattern(address)]);
  return byAccount;
});

/** What an administrator let an account send as. */
export const maySendAs = (lines: SendAs, account: string, key: string): boolean =>
  lines.length > 0 &&
  (sendAsTable(lines)
    .get(account)
    ?.some(matches => matches(key)) ??
    false);
