import { derived } from '../../config.ts';
import type { Resolver } from '../../wire/dns.ts';
import { type EgressSettings, findHop, type HopAnswer, type HopOptions } from '../hop.ts';
import type { HostMemory } from './memory.ts';
import { type OwnNames, ourselves } from './ourselves.ts';

type Options = {
  settings: EgressSettings & OwnNames;
  resolver: Resolver;
  random: () => number;
  now: () => number;
  exchangers?: Pick<HopOptions, 'port' | 'allowLoopback'>;
};

/** Finds the hops of one domain after another; settings may be exchanged in between. */
export function createFinder(options: Options, memory: HostMemory): (domain: string) => Promise<HopAnswer> {
  const { settings, resolver, random, now, exchangers } = options;
  const ours = derived(
    () => settings.smtp_port,
    () => ourselves(settings),
  );
  return domain => findHop(domain, { settings, memory, now, resolver, random, ours: ours(), ...exchangers });
}
