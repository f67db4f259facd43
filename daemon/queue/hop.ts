import type { Gateway, Settings } from '../config.ts';
import { type Reply, reply } from '../mail/reply.ts';
import { type Login, type ProxyServer, proxyName } from '../wire/proxy.ts';
import { byFamily, type ExchangerOptions, findExchangers } from './hop/exchangers.ts';
import type { HostMemory } from './hop/memory.ts';
import { rulesFor } from './hop/rules.ts';

/** A host that may take the mail, and the way to it. */
export type Host = {
  host: string;
  port: number;
  /** Null: the proxy looks the name up. */
  addresses: string[] | null;
  tls: 'off' | 'try' | 'required';
  implicitTls: boolean;
  login: Login | null;
  /** PEM trusted besides the system's. */
  ca: string | null;
  /** Null: directly. */
  proxy: ProxyServer | null;
};
export type HopAnswer = { kind: 'hosts'; hosts: Host[] } | { kind: 'failed' | 'later'; reply: Reply };

export type EgressSettings = Pick<Settings, 'gateway' | 'proxy_domain' | 'outgoing_ip' | 'outgoing_ipv6'>;
export type HopNaming = EgressSettings & Partial<Pick<Settings, 'webmail_smtp'>>;
export type HopOptions = Omit<ExchangerOptions, 'ipv6'> & {
  settings: EgressSettings;
  memory: HostMemory;
  now: () => number;
  /** In place of those of the settings. */
  gateways?: Gateway[];
  /** Of exchangers found by MX. */
  port?: number;
};

/** The gateways for a domain, first choice first; none: it goes to its own exchangers. */
export const gatewaysFor = (domain: string, { gateway }: Pick<EgressSettings, 'gateway'>): Gateway[] =>
  rulesFor(domain, gateway);

const proxyFor = (domain: string, { proxy_domain }: EgressSettings): ProxyServer | null =>
  rulesFor(domain, proxy_domain)[0]?.proxy ?? null;

/**
 * What shares connections, and fails or works together: the gateways of a domain and the way to them, else the domain.
 * Where each author signs in for themselves, one author's mail.
 */
export function hopName(domain: string, settings: HopNaming, author: number | null = null): string {
  const each = settings.webmail_smtp;
  if (each) return `account ${author ?? 'of nobody'} at ${each.host}:${each.port}`;
  const gateways = gatewaysFor(domain, settings);
  if (gateways.length === 0) return domain;
  const names = gateways.map(g => `${g.login ? `${g.login.user}@` : ''}${g.mx ? 'mx:' : ''}${g.host}:${g.port}`);
  const proxy = proxyFor(domain, settings);
  return `${names.join(',')}${proxy ? ` by ${proxyName(proxy)}` : ''}`;
}

/** The way to a domain, in words. */
export function wayTo(domain: string, settings: EgressSettings): string {
  const gateways = gatewaysFor(domain, settings).map(g => `${g.mx ? 'mx:' : ''}${g.host}:${g.port}`);
  const proxy = proxyFor(domain, settings);
  const to = gateways.length > 0 ? `by the gateway ${gateways.join(', then ')}` : 'to its own mail servers';
  return `${to}${proxy ? `, through ${proxyName(proxy)}` : ''}`;
}

/** What is remembered of a host hangs on whom it knows us as, and on the way to it. */
export const hostKey = ({ host, port, login, proxy }: Host): string =>
  `${login ? `${login.user}@` : ''}${host}:${port}${proxy ? ` by ${proxyName(proxy)}` : ''}`;

/** Where mail for a domain goes now. */
export async function findHop(domain: string, options: HopOptions): Promise<HopAnswer> {
  options.memory.under(options.settings.gateway);
  const gateways = options.gateways ?? gatewaysFor(domain, options.settings);
  const proxy = proxyFor(domain, options.settings);
  const answer = gateways.length > 0 ? await gatewayHosts(gateways, proxy, options) : await own(domain, proxy, options);
  if (answer.kind !== 'hosts') return answer;
  const hosts = options.memory.inOrder(answer.hosts, hostKey, options.now());
  if (hosts.length > 0) return { kind: 'hosts', hosts };
  const names = answer.hosts.map(h => h.host).join(', ');
  return later('7.0', `${names} did not let us sign in a while ago and is left alone for now`);
}

const later = (status: string, text: string): HopAnswer => ({ kind: 'later', reply: reply(451, status, text) });

const plain = { tls: 'try', implicitTls: false, login: null, ca: null } as const;

async function own(domain: string, proxy: ProxyServer | null, options: HopOptions): Promise<HopAnswer> {
  const answer = await findExchangers(domain, { ...options, ipv6: options.settings.outgoing_ipv6 });
  if (answer.kind !== 'found') return answer;
  return { kind: 'hosts', hosts: answer.hosts.map(h => ({ ...h, port: options.port ?? 25, ...plain, proxy })) };
}

/** A gateway that cannot be found is our operator's business: never a reason to return anybody's mail. */
async function gatewayHosts(gateways: Gateway[], proxy: ProxyServer | null, options: HopOptions): Promise<HopAnswer> {
  const found = await Promise.all(gateways.map(g => hostsOf(g, proxy, options)));
  const hosts = found.flat();
  if (hosts.length > 0) return { kind: 'hosts', hosts };
  return later('4.3', `${gateways.map(g => g.host).join(', ')}: no address is known`);
}

async function hostsOf(gateway: Gateway, proxy: ProxyServer | null, options: HopOptions): Promise<Host[]> {
  const { host, port } = gateway;
  const manner = { port, ...mannerOf(gateway, proxy), proxy };
  const ipv6 = options.settings.outgoing_ipv6;
  if (gateway.mx) {
    const answer = await findExchangers(host, { ...options, ipv6 });
    return answer.kind === 'found' ? answer.hosts.map(h => ({ ...h, ...manner })) : [];
  }
  if (proxy && proxy.kind !== 'telnet' && proxy.remoteNames) return [{ host, addresses: null, ...manner }];
  const addresses = byFamily(await options.resolver.configured(host), ipv6);
  return addresses.length > 0 ? [{ host, addresses, ...manner }] : [];
}

function mannerOf({ tls = 'try', login, ca }: Gateway, proxy: ProxyServer | null) {
  const implicitTls = tls === 'implicit';
  // What is trusted for being on this very machine is elsewhere when a proxy connects us.
  const strict = implicitTls || (login !== undefined && proxy !== null && tls === 'try');
  return { tls: strict ? ('required' as const) : tls, implicitTls, login: login ?? null, ca: ca ?? null };
}
