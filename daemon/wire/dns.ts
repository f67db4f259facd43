/**
 * The resolver: mail exchangers and addresses, as values.
 * It promises to tell "there is none" (an answer) from "we cannot know now" (no answer): the first may fail mail,
 * the second never. It asks by UDP and goes over to TCP where an answer is too long for UDP or none comes at all.
 * It decides no route and keeps no cache.
 */
import { promises } from 'node:dns';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { DnsError, type RecordType } from './dns/message.ts';
import { askByTcp, type ServerAddress } from './dns/tcp.ts';
import { addressOctets } from './ip.ts';

/** `exists` false: NXDOMAIN, the name itself is unknown; true: it has no record of this kind. */
export type Unresolved = { kind: 'none'; exists: boolean } | { kind: 'later'; reason: string };
export type Exchange = { host: string; preference: number };
export type MxAnswer =
  | { kind: 'found'; exchanges: Exchange[] }
  /** RFC 7505: the domain takes no mail. */
  | { kind: 'null-mx' }
  | Unresolved;
export type NameAnswer = { kind: 'found'; names: string[] } | Unresolved;
/** `host` empty: the domain says that there is no such service (RFC 2782). */
export type Service = { host: string; port: number };
export type ServiceAnswer = { kind: 'found'; services: Service[] } | Unresolved;
export type AddressAnswer = { kind: 'found'; addresses: string[] } | Unresolved;

export type Resolver = {
  mx(domain: string): Promise<MxAnswer>;
  /** IPv4 before IPv6: where one of them does not work, it is hardly ever the first. */
  addresses(host: string): Promise<AddressAnswer>;
  /** Of a host that the settings name: the system's hosts file counts too. Empty: they cannot be found now. */
  configured(host: string): Promise<string[]>;
  /** What an address is called (PTR). Asked by UDP only: no mail hangs on it. */
  reverse(address: string): Promise<NameAnswer>;
  /** Where a service such as `_pop3s._tcp.example.org` is (SRV), the first choice first. Asked by UDP only, as above. */
  services(name: string): Promise<ServiceAnswer>;
};

/** `tcp`: never asked by UDP. */
type NameServer = ServerAddress & { tcp: boolean };

/** `IP`, `IP:PORT`, `[IPV6]:PORT`, each with `tcp:` in front or not; null: none of these. */
export function readNameServer(text: string): NameServer | null {
  const tcp = /^tcp:/i.test(text);
  const rest = tcp ? text.slice(4) : text;
  if (isIP(rest)) return { address: rest, port: 53, tcp };
  const m = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(rest);
  const [address, port] = [m?.[1] ?? m?.[2] ?? '', Number(m?.[3] ?? 53)];
  const family = m?.[1] === undefined ? 4 : 6;
  return isIP(address) === family && port > 0 && port < 65536 ? { address, port, tcp } : null;
}

/** The addresses of a name as the system sees it, its hosts file included; rejects when there are none. */
export async function systemAddresses(host: string): Promise<string[]> {
  const found = await promises.lookup(host, { all: true, order: 'ipv4first' });
  return found.map(a => a.address);
}

const written = ({ address, port }: ServerAddress): string =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;

/**
 * `servers`: as readNameServer takes them, instead of the system's; empty: the system's.
 * `timeout`: milliseconds for each try of two.
 */
export function createResolver(options: { servers?: string[]; timeout: number }): Resolver {
  const servers = (options.servers ?? []).map(readNameServer).filter(s => s !== null);
  const records = createLookups(servers, options.timeout);

  async function addresses(host: string): Promise<AddressAnswer> {
    const answers = await Promise.all([
      ask(host, name => records.addresses(name, 'A')),
      ask(host, name => records.addresses(name, 'AAAA')),
    ]);
    const found = answers.flatMap(a => (Array.isArray(a) ? a : []));
    if (found.length > 0) return { kind: 'found', addresses: found };
    const failures = answers.flatMap(a => (Array.isArray(a) ? [] : [a]));
    const exists = failures.some(a => a.kind === 'none' && a.exists);
    return failures.find(a => a.kind === 'later') ?? { kind: 'none', exists };
  }

  return {
    addresses,
    async mx(domain) {
      const answer = await ask(domain, records.exchanges);
      if (!Array.isArray(answer)) return answer;
      const named = answer.filter(r => r.exchange !== '' && r.exchange !== '.');
      if (named.length === 0) return { kind: 'null-mx' };
      return { kind: 'found', exchanges: named.map(r => ({ host: r.exchange.toLowerCase(), preference: r.priority })) };
    },
    async configured(host) {
      if (isIP(host)) return [host];
      // RFC 6761 §6.3: localhost is nobody else's to look up.
      const own = servers.length > 0 && host !== 'localhost' ? await addresses(host) : null;
      return own?.kind === 'found' ? own.addresses : systemAddresses(host).catch(() => []);
    },
    reverse: address =>
      records
        .names(address)
        .then(names => (names.length > 0 ? { kind: 'found', names } : { kind: 'none', exists: true }), unresolved),
    async services(name) {
      const answer = await ask(name, records.services);
      if (!Array.isArray(answer)) return answer;
      const sorted = answer.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
      const host = (target: string) => target.toLowerCase().replace(/\.$/, '');
      return { kind: 'found', services: sorted.map(r => ({ host: host(r.name), port: r.port })) };
    },
  };
}

/** RFC 1035 §3.5, RFC 3596 §2.5. */
function arpaName(address: string): string {
  const octets = addressOctets(address).toReversed();
  if (isIP(address) === 4) return `${octets.join('.')}.in-addr.arpa`;
  return `${octets.map(o => `${(o & 15).toString(16)}.${(o >> 4).toString(16)}`).join('.')}.ip6.arpa`;
}

/** Records by whatever way brings an answer; rejects with the codes of node:dns. */
function createLookups(servers: NameServer[], timeout: number) {
  const byUdp = servers.filter(s => !s.tcp);
  const resolver = new promises.Resolver({ timeout, tries: 2 });
  if (byUdp.length > 0) resolver.setServers(byUdp.map(written));
  const either = createRoad(servers.length > 0 && byUdp.length === 0);
  const ofTheSystem = () =>
    resolver
      .getServers()
      .map(readNameServer)
      .filter(s => s !== null);
  const byTcp = (name: string, type: RecordType) =>
    askByTcp(servers.length > 0 ? servers : ofTheSystem(), name, type, timeout);

  const udpOnly = async <T>(act: () => Promise<T>): Promise<T> => {
    if (servers.length > 0 && byUdp.length === 0) throw new DnsError('ETIMEOUT', 'no UDP');
    return await act();
  };

  return {
    names: (address: string) => udpOnly(() => resolver.resolvePtr(arpaName(address))),
    services: (name: string) => udpOnly(() => resolver.resolveSrv(name)),
    addresses: (name: string, type: 'A' | 'AAAA') =>
      either(
        () => (type === 'A' ? resolver.resolve4(name) : resolver.resolve6(name)),
        async () => {
          const answer = await byTcp(name, type);
          return answer.kind === 'addresses' ? answer.addresses : [];
        },
      ),
    exchanges: (name: string) =>
      either(
        () => resolver.resolveMx(name),
        async () => {
          const answer = await byTcp(name, 'MX');
          return answer.kind === 'exchanges' ? answer.exchanges : [];
        },
      ),
  };
}

async function ask<T>(name: string, query: (name: string) => Promise<T[]>): Promise<T[] | Unresolved> {
  const ascii = domainToASCII(name.replace(/\.$/, ''));
  if (ascii === '' || isIP(ascii)) return { kind: 'none', exists: false };
  try {
    const records = await query(ascii);
    return records.length > 0 ? records : { kind: 'none', exists: true };
  } catch (error) {
    return unresolved(error);
  }
}

/** So long TCP is asked first after it answered where UDP had not. */
const tcpFirstMs = 600_000;

/** Asks by UDP, and by TCP where UDP brings no answer: some proxies pass on nothing but TCP port 53. */
function createRoad(tcpOnly: boolean) {
  let tcpUntil = tcpOnly ? Number.POSITIVE_INFINITY : 0;
  return async <T>(udp: () => Promise<T>, tcp: () => Promise<T>): Promise<T> => {
    if (performance.now() < tcpUntil) return tcp();
    try {
      return await udp();
    } catch (error) {
      if (!/^(ETIMEOUT|ECONNREFUSED)$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
      const answer = await tcp().catch(second => {
        if (isAnswer(second)) tcpUntil = performance.now() + tcpFirstMs;
        throw isAnswer(second) ? second : error;
      });
      tcpUntil = performance.now() + tcpFirstMs;
      return answer;
    }
  };
}

const isAnswer = (error: unknown): boolean =>
  /^E(NOTFOUND|NODATA|SERVFAIL|REFUSED)$/.test((error as NodeJS.ErrnoException).code ?? '');

const absent: Record<string, Unresolved> = {
  ENOTFOUND: { kind: 'none', exists: false },
  ENODATA: { kind: 'none', exists: true },
  // A name that cannot be written into a question exists nowhere.
  EBADNAME: { kind: 'none', exists: false },
};

const words: Record<string, string> = {
  ETIMEOUT: 'no name server answered',
  ESERVFAIL: 'the name server could not answer',
  EREFUSED: 'the name server refused to answer',
  ECONNREFUSED: 'no name server can be reached',
};

function unresolved(error: unknown): Unresolved {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return absent[code] ?? { kind: 'later', reason: words[code] ?? `name lookup failed (${code})` };
}
