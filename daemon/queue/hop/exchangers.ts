import { isIP } from 'node:net';
import { type Reply, reply } from '../../mail/reply.ts';
import type { Exchange, Resolver } from '../../wire/dns.ts';
import { isLoopback } from '../../wire/ip.ts';

export type Found = { host: string; addresses: string[] };
export type ExchangersAnswer = { kind: 'found'; hosts: Found[] } | { kind: 'failed' | 'later'; reply: Reply };

export type ExchangerOptions = {
  resolver: Resolver;
  random: () => number;
  /** Is this name or address of an exchanger our own? */
  ours: (hostOrAddress: string) => boolean;
  ipv6: 'prefer' | 'avoid' | 'off';
  /** Tests have their exchangers on loopback. */
  allowLoopback?: boolean;
};

/** A domain with a thousand exchangers is a nuisance, not a need. */
const mostHosts = 8;
const mostAddresses = 4;

/** The mail hosts of a domain (RFC 5321 §5.1), best first. */
export async function findExchangers(domain: string, options: ExchangerOptions): Promise<ExchangersAnswer> {
  if (domain.startsWith('[')) return literal(domain, options);
  const mx = await options.resolver.mx(domain);
  if (mx.kind === 'later') return later('4.3', `${domain}: ${mx.reason}`);
  // RFC 7505 §4.
  if (mx.kind === 'null-mx') return failed(556, '1.10', `${domain} takes no mail`);
  if (mx.kind === 'found') return withAddresses(domain, inOrder(mx.exchanges, options.random), options);
  if (!mx.exists) return failed(550, '1.2', `There is no domain ${domain}`);
  // No MX at all: the domain itself, as if it were its own exchanger.
  return withAddresses(domain, [{ host: domain, preference: 0 }], options);
}

const failed = (code: number, status: string, text: string): ExchangersAnswer => ({
  kind: 'failed',
  reply: reply(code, status, text),
});
const later = (status: string, text: string): ExchangersAnswer => ({ kind: 'later', reply: reply(451, status, text) });

/** By preference; those of one preference in random order, to spread the load. */
function inOrder(exchanges: Exchange[], random: () => number): Exchange[] {
  const drawn = exchanges.map(e => ({ ...e, lot: random() }));
  return drawn.sort((a, b) => a.preference - b.preference || a.lot - b.lot);
}

async function withAddresses(
  domain: string,
  ordered: Exchange[],
  options: ExchangerOptions,
): Promise<ExchangersAnswer> {
  const considered = ordered.slice(0, mostHosts);
  const answers = await Promise.all(considered.map(e => options.resolver.addresses(e.host)));
  const looked = considered.map((e, i) => ({ ...e, answer: answers[i] }));
  const ourRank = Math.min(...looked.filter(e => isOurs(e, options)).map(e => e.preference));
  const hosts: Found[] = [];
  let unspoken = false;
  for (const { host, preference, answer } of looked) {
    // RFC 5321 §5.1: where we are an exchanger ourselves, only better ones are asked, or mail would go in a circle.
    if (preference >= ourRank || answer?.kind !== 'found') continue;
    const allowed = answer.addresses.filter(a => mayDial(a, options));
    const addresses = byFamily(allowed, options.ipv6).slice(0, mostAddresses);
    if (addresses.length) hosts.push({ host, addresses });
    else unspoken ||= allowed.length > 0;
  }
  if (hosts.length) return { kind: 'found', hosts };
  const unknown = answers.find(a => a.kind === 'later');
  if (unknown?.kind === 'later') return later('4.3', `${domain}: ${unknown.reason}`);
  if (unspoken) return failed(550, '4.4', `${domain} is reached by IPv6 only, which we do not use`);
  if (answers.some(a => a.kind === 'found')) return failed(550, '4.6', `Mail for ${domain} would come back to us`);
  return failed(550, '4.4', `${domain} has no mail host with an address`);
}

type Looked = { host: string; answer: Awaited<ReturnType<Resolver['addresses']>> | undefined };

const isOurs = ({ host, answer }: Looked, { ours }: ExchangerOptions): boolean =>
  ours(host) || (answer?.kind === 'found' && answer.addresses.some(ours));

/** Families take turns, so that one that does not work costs one attempt before the other has its own. */
export function byFamily(addresses: string[], ipv6: ExchangerOptions['ipv6']): string[] {
  const four = addresses.filter(a => isIP(a) === 4);
  const six = ipv6 === 'off' ? [] : addresses.filter(a => isIP(a) === 6);
  const [first, second] = ipv6 === 'prefer' ? [six, four] : [four, six];
  const turns = Array.from({ length: Math.max(first.length, second.length) }, (_, i) => [first[i], second[i]]);
  return turns.flat().filter(a => a !== undefined);
}

/** RFC 5321 §4.1.3. */
function literal(domain: string, options: ExchangerOptions): ExchangersAnswer {
  const address = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(domain)?.[1] ?? '';
  const version = isIP(address);
  if (version === 0 || (version === 6) !== /^\[IPv6:/i.test(domain))
    return failed(550, '1.2', `${domain} is no address`);
  if (options.ours(address) || !mayDial(address, options))
    return failed(550, '4.6', `Mail for ${domain} would come back to us`);
  if (byFamily([address], options.ipv6).length === 0)
    return failed(550, '4.4', `${domain} is reached by IPv6 only, which we do not use`);
  return { kind: 'found', hosts: [{ host: address, addresses: [address] }] };
}

/** Nobody's MX may make us talk to ourselves or to what listens on loopback here. */
const mayDial = (address: string, { allowLoopback }: ExchangerOptions): boolean =>
  allowLoopback === true || !(isLoopback(address) || /^(0\.|::$)/.test(address));
