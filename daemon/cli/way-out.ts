import type { Settings } from '../config.ts';
import { isWild } from '../mail/pattern.ts';
import { isSuspended } from '../parking.ts';
import { gatewaysFor, type ProbeOptions, probe, wayTo } from '../queue.ts';
import { type Finding, fact, good, mend, open } from './findings.ts';

export type Outward = ProbeOptions & {
  settings: Settings;
  /** Domains that mail waits for or has been written to; they are tried. */
  samples: string[];
};

const mostSamples = 3;

/** How mail leaves: name servers, the way of each domain the settings name, and whether servers are reached. */
export async function* outgoing(o: Outward): AsyncIterable<Finding> {
  const namesWork = yield* nameServers(o);
  for (const domain of named(o.settings)) yield fact(`${shown(domain)}: ${wayOf(domain, o.settings)}`);
  for (const domain of gatewaySamples(o.settings)) yield await triedOnce(domain, o);
  // The way of every other domain decides which case this is.
  const others = othersOf(o);
  let reached = 0;
  for (const domain of others) {
    const found = await triedOnce(domain, o);
    if (found.verdict === 'good') reached++;
    yield found;
  }
  yield conclusion({ namesWork, tried: others.length, reached }, o.settings);
}

export async function* nameServers({
  resolver,
  settings,
}: Pick<Outward, 'resolver' | 'settings'>): AsyncGenerator<Finding, boolean> {
  const which = settings.dns_host.length > 0 ? `the name servers of dns_host` : `the system's name servers`;
  const answer = await resolver.mx(settings.host_domain.find(d => d.includes('.')) ?? 'example.org');
  if (answer.kind !== 'later') {
    yield good(`${which} answer`);
    return true;
  }
  yield mend(
    `${which} do not answer: ${answer.reason}`,
    'Name one that can be asked with dns_host, or a proxy that looks names up.',
  );
  return false;
}

/** Domains that have a line of their own, and all others. */
function named(s: Settings): string[] {
  const own = [...s.gateway, ...s.proxy_domain].map(rule => rule.domain);
  return [...new Set([...own, ...s.suspend_domain, ...s.relay_to].filter(d => d !== '*')), '*'];
}

const shown = (domain: string): string => (domain === '*' ? 'every other domain' : domain);

/** Of a pattern, some name that it fits. */
const instance = (domain: string): string =>
  domain === '*' ? 'any.example' : isWild(domain) ? domain.replace(/\*/g, 'any').replace(/\?/g, 'x') : domain;

function wayOf(domain: string, settings: Settings): string {
  const way = wayTo(instance(domain), settings);
  return isSuspended(settings, instance(domain)) ? `parked until it is asked for, then ${way}` : way;
}

/** Gateways serve many domains: each line is tried once. */
const gatewaySamples = ({ gateway }: Settings): string[] =>
  [...new Set(gateway.map(g => g.domain))].filter(d => d !== '*').map(instance);

/** Domains that take the way of all those without a line of their own. */
function othersOf({ settings, samples }: Outward): string[] {
  if (settings.gateway.some(g => g.domain === '*')) return [instance('*')];
  const plain = samples.filter(d => !isSuspended(settings, d) && gatewaysFor(d, settings).length === 0);
  return plain.slice(0, mostSamples);
}

async function triedOnce(domain: string, o: Outward): Promise<Finding> {
  let last = '';
  for await (const { good: isGood, text } of probe(domain, o)) {
    if (isGood === true) return good(`for ${domain}: ${text}`);
    if (isGood === false) last = text;
  }
  return mend(`for ${domain}: ${last}`, `cwmail reach ${domain} shows every host that was tried.`);
}

type Tally = { namesWork: boolean; tried: number; reached: number };

/** Which case of the manual's table this is. */
function conclusion({ namesWork, tried, reached }: Tally, { gateway, proxy_domain }: Settings): Finding {
  const isHelped = [...gateway, ...proxy_domain].some(rule => rule.domain === '*');
  if (tried === 0)
    return open(
      'no mail server was tried: nothing waits for one, and nobody was written to',
      'cwmail reach DOMAIN tries one: name the domain of somebody you know.',
    );
  if (reached > 0) return good(isHelped ? 'mail gets out by these settings' : 'mail gets out; no gateway is needed');
  if (isHelped) return mend('mail does not get out by these settings', 'The lines above say what each host answered.');
  if (!namesWork) return mend('mail does not get out: names cannot be looked up');
  return mend(
    'mail does not get out: port 25 seems to be shut on the way',
    'Write gateway * with the server of your provider, or proxy_domain where there is a proxy.',
  );
}
