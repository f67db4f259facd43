import { isIP } from 'node:net';
import type { Gateway } from '../config.ts';
import { type Reply, reply } from '../mail/reply.ts';
import type { Exchange, Resolver } from '../wire/dns.ts';

/** A host that may take the mail; `addresses` null: a configured name, which the system looks up. */
export type Host = { host: string; port: number; addresses: string[] | null };
export type HopAnswer = { kind: 'hosts'; hosts: Host[] } | { kind: 'failed' | 'later'; reply: Reply };

export type HopOptions = {
  gateway: Gateway[];
  resolver: Resolver;
  random: () => number;
  /** Is this name or address of an exchanger our own? */
  ours: (hostOrAddress: string) => boolean;
  /** Of exchangers found by MX. */
  port?: number;
  /** Tests have their exchangers on loopback. */
  allowLoopback?: boolean;
};

/** A domain with a thousand exchangers is a nuisance, not a need. */
const mostHosts = 8;
const mostAddresses = 4;

/** The gateway for a domain: a line of its own before `*`; null: its own exchangers. */
export const gatewayFor = (domain: string, gateways: Gateway[]): Gateway | null =>
  gateways.find(g => g.domain === domain) ?? gateways.find(g => g.domain === '*') ?? null;

/** What shares connections, and fails or works together: a gateway, else a domain. */
export function hopName(domain: string, gateways: Gateway[]): string {
  const gateway = gatewayFor(domain, gateways);
  return gateway ? `${gateway.host}:${gateway.port}` : domain;
}

/** Where mail for a domain goes now (RFC 5321 §5.1). */
export async function findHop(domain: string, options: HopOptions): Promise<HopAnswer> {
  const gateway = gatewayFor(domain, options.gateway);
  if (gateway) return hosts([{ host: gateway.host, port: gateway.port, addresses: null }]);
  if (domain.startsWith('[')) return literal(domain, options);
  const mx = await options.resolver.mx(domain);
  if (mx.kind === 'later') return later('4.3', `${domain}: ${mx.reason}`);
  // RFC 7505 §4.
  if (mx.kind === 'null-mx') return failed(556, '1.10', `${domain} takes no mail`);
  if (mx.kind === 'found') return exchangers(domain, inOrder(mx.exchanges, options.random), options);
  if (!mx.exists) return failed(550, '1.2', `There is no domain ${domain}`);
  // No MX at all: the domain itself, as if it were its own exchanger.
  return exchangers(domain, [{ host: domain, preference: 0 }], options);
}

const hosts = (found: Host[]): HopAnswer => ({ kind: 'hosts', hosts: found });
const failed = (code: number, status: string, text: string): HopAnswer => ({
  kind: 'failed',
  reply: reply(code, status, text),
});
const later = (status: string, text: string): HopAnswer => ({ kind: 'later', reply: reply(451, status, text) });

/** By preference; those of one preference in random order, to spread the load. */
function inOrder(exchanges: Exchange[], random: () => number): Exchange[] {
  const drawn = exchanges.map(e => ({ ...e, lot: random() }));
  return drawn.sort((a, b) => a.preference - b.preference || a.lot - b.lot);
}

async function exchangers(domain: string, ordered: Exchange[], options: HopOptions): Promise<HopAnswer> {
  const considered = ordered.slice(0, mostHosts);
  const answers = await Promise.all(considered.map(e => options.resolver.addresses(e.host)));
  const looked = considered.map((e, i) => ({ ...e, answer: answers[i] }));
  const ourRank = Math.min(...looked.filter(e => isOurs(e, options)).map(e => e.preference));
  const found: Host[] = [];
  for (const { host, preference, answer } of looked) {
    // RFC 5321 §5.1: where we are an exchanger ourselves, only better ones are asked, or mail would go in a circle.
    if (preference >= ourRank || answer?.kind !== 'found') continue;
    const addresses = answer.addresses.filter(a => mayDial(a, options)).slice(0, mostAddresses);
    if (addresses.length) found.push({ host, port: options.port ?? 25, addresses });
  }
  if (found.length) return hosts(found);
  const unknown = answers.find(a => a.kind === 'later');
  if (unknown?.kind === 'later') return later('4.3', `${domain}: ${unknown.reason}`);
  if (answers.some(a => a.kind === 'found')) return failed(550, '4.6', `Mail for ${domain} would come back to us`);
  return failed(550, '4.4', `${domain} has no mail host with an address`);
}

type Looked = { host: string; answer: Awaited<ReturnType<Resolver['addresses']>> | undefined };

const isOurs = ({ host, answer }: Looked, { ours }: HopOptions): boolean =>
  ours(host) || (answer?.kind === 'found' && answer.addresses.some(ours));

/** RFC 5321 §4.1.3. */
function literal(domain: string, options: HopOptions): HopAnswer {
  const address = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(domain)?.[1] ?? '';
  const version = isIP(address);
  if (version === 0 || (version === 6) !== /^\[IPv6:/i.test(domain))
    return failed(550, '1.2', `${domain} is no address`);
  if (options.ours(address) || !mayDial(address, options))
    return failed(550, '4.6', `Mail for ${domain} would come back to us`);
  return hosts([{ host: address, port: options.port ?? 25, addresses: [address] }]);
}

/** Nobody's MX may make us talk to ourselves or to what listens on loopback here. */
const mayDial = (address: string, { allowLoopback }: HopOptions): boolean =>
  allowLoopback === true || !/^(127\.|0\.|::1?$|::ffff:(127|0)\.)/i.test(address);
