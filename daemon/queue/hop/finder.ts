import { derived } from '../../config.ts';
import type { Resolver } from '../../wire/dns.ts';
import { type EgressSettings, findHop, type HopAnswer, type HopOptions } from '../hop.ts';
import type { AuthorsGateway } from './author.ts';
import type { HostMemory } from './memory.ts';
import { type OwnNames, ourselves } from './ourselves.ts';

export type Ways = {
  /** Where exchangers listen, and whether they may be on loopback: for tests. */
  exchangers?: Pick<HopOptions, 'port' | 'allowLoopback'>;
  /** Where each author has a way of their own (`webmail_smtp`). */
  authorsGateway?: AuthorsGateway;
};

type Options = Ways & {
  settings: EgressSettings & OwnNames;
  resolver: Resolver;
  random: () => number;
  now: () => number;
};

/** Where mail of an author goes to a domain. */
export type Finder = (domain: string, author: number | null) => Promise<HopAnswer>;

/** Finds the hops of one domain after another; settings may be exchanged in between. */
export function createFinder(options: Options, memory: HostMemory): Finder {
  const { settings, resolver, random, now, exchangers } = options;
  const ours = derived(
    () => settings.smtp_port,
    () => ourselves(settings),
  );
  return async (domain, author) => {
    const search = { settings, memory, now, resolver, random, ours: ours(), ...exchangers };
    const gateway = await options.authorsGateway?.(author);
    if (!gateway) return findHop(domain, search);
    if ('why' in gateway) return { kind: gateway.kind, reply: gateway.why };
    return findHop(domain, { ...search, gateways: [gateway] });
  };
}
