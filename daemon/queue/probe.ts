import { type Fields, silentLog } from '../log.ts';
import { replyLine } from '../mail/reply.ts';
import type { ClientOptions, SmtpClient } from '../smtp-client.ts';
import type { Resolver } from '../wire/dns.ts';
import { proxyName } from '../wire/proxy.ts';
import { createHostMemory } from './hop/memory.ts';
import { type OwnNames, ourselves } from './hop/ourselves.ts';
import { type EgressSettings, findHop, gatewaysFor, type HopOptions, type Host } from './hop.ts';
import { reach } from './reach.ts';

export type ProbeOptions = {
  settings: EgressSettings & OwnNames;
  resolver: Resolver;
  connect: (options: ClientOptions) => Promise<SmtpClient>;
  /** As the queue's: for tests. */
  exchangers?: Pick<HopOptions, 'port' | 'allowLoopback'>;
};
export type Finding = { /** Does it take mail from us? Null: a statement only. */ good: boolean | null; text: string };

/** Goes the way a mail for the domain would go, as far as EHLO and the sign-in, and says what it met. */
export async function* probe(domain: string, options: ProbeOptions): AsyncIterable<Finding> {
  const { settings } = options;
  const memory = createHostMemory();
  const now = () => 0;
  const from = gatewaysFor(domain, settings).length > 0 ? 'by the gateways of the settings' : 'to its own mail servers';
  yield { good: null, text: `Mail for ${domain} goes ${from}.` };
  const search = { ...options.exchangers, resolver: options.resolver, settings, memory, now };
  const answer = await findHop(domain, { ...search, random: Math.random, ours: ourselves(settings) });
  if (answer.kind !== 'hosts') return yield { good: false, text: replyLine(answer.reply) };
  // What else goes to the log: the words of who refused the sign-in.
  let words = '';
  const hear = (_: string, { error }: Fields = {}) => {
    words = ` (${error})`;
  };
  const by = {
    ...options,
    name: settings.host_domain[0] ?? 'localhost',
    memory,
    now,
    log: { ...silentLog(), error: hear },
  };
  for (const host of answer.hosts) {
    words = '';
    const reached = await reach(host, { ...by, timeouts: { greeting: 30_000, command: 30_000 } });
    yield 'send' in reached
      ? await ready(host, reached)
      : { good: false, text: `${way(host)}: ${replyLine(reached.reply)}${words}` };
  }
}

async function ready(host: Host, client: SmtpClient): Promise<Finding> {
  const trust = host.tls === 'required' ? 'TLS, verified' : 'TLS';
  const safety = client.secure ? trust : 'no TLS';
  await client.close();
  return { good: true, text: `${way(host)}: ready, ${safety}${host.login ? `, signed in as ${host.login.user}` : ''}` };
}

function way({ host, port, addresses, proxy }: Host): string {
  const where = addresses === null || addresses[0] === host ? '' : ` [${addresses.join(', ')}]`;
  return `${host}:${port}${where}${proxy ? ` by ${proxyName(proxy)}` : ''}`;
}
