/**
 * The resolver: mail exchangers and addresses, as values.
 * It promises to tell "there is none" (an answer) from "we cannot know now" (no answer): the first may fail mail,
 * the second never. It decides no route, keeps no cache and reads no hosts file.
 */
import { promises } from 'node:dns';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** `exists` false: NXDOMAIN, the name itself is unknown; true: it has no record of this kind. */
export type Unresolved = { kind: 'none'; exists: boolean } | { kind: 'later'; reason: string };
export type Exchange = { host: string; preference: number };
export type MxAnswer =
  | { kind: 'found'; exchanges: Exchange[] }
  /** RFC 7505: the domain takes no mail. */
  | { kind: 'null-mx' }
  | Unresolved;
export type AddressAnswer = { kind: 'found'; addresses: string[] } | Unresolved;

export type Resolver = {
  mx(domain: string): Promise<MxAnswer>;
  /** IPv4 before IPv6: where one of them does not work, it is hardly ever the first. */
  addresses(host: string): Promise<AddressAnswer>;
};

/** `servers`: `address` or `address:port`, instead of the system's; `timeout`: milliseconds for each try of two. */
export function createResolver(options: { servers?: string[]; timeout: number }): Resolver {
  const resolver = new promises.Resolver({ timeout: options.timeout, tries: 2 });
  if (options.servers) resolver.setServers(options.servers);

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

  return {
    async mx(domain) {
      const records = await ask(domain, name => resolver.resolveMx(name));
      if (!Array.isArray(records)) return records;
      const named = records.filter(r => r.exchange !== '' && r.exchange !== '.');
      if (named.length === 0) return { kind: 'null-mx' };
      return { kind: 'found', exchanges: named.map(r => ({ host: r.exchange.toLowerCase(), preference: r.priority })) };
    },

    async addresses(host) {
      const answers = await Promise.all([
        ask(host, name => resolver.resolve4(name)),
        ask(host, name => resolver.resolve6(name)),
      ]);
      const addresses = answers.flatMap(a => (Array.isArray(a) ? a : []));
      if (addresses.length > 0) return { kind: 'found', addresses };
      const failures = answers.flatMap(a => (Array.isArray(a) ? [] : [a]));
      const exists = failures.some(a => a.kind === 'none' && a.exists);
      return failures.find(a => a.kind === 'later') ?? { kind: 'none', exists };
    },
  };
}

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
