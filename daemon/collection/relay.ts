import { isIP } from 'node:net';
import type { Settings } from '../config.ts';
import { because, type Log } from '../log.ts';
import { replyLine } from '../mail/reply.ts';
import type { ClientOptions, ClientTimeouts, SmtpClient } from '../smtp-client.ts';
import type { Resolver } from '../wire/dns.ts';
import { plainAddress } from '../wire/ip.ts';

/** How the servers of the farm are reached. */
export type Peers = {
  connect: (options: ClientOptions) => Promise<SmtpClient>;
  resolver: Pick<Resolver, 'addresses'>;
  timeouts?: Partial<ClientTimeouts>;
};

type Options = {
  settings: Pick<Settings, 'etrn_relay' | 'host_domain'>;
  log: Log;
  peers: Peers;
};

const timeouts: Partial<ClientTimeouts> = { connect: 10_000, greeting: 30_000, command: 30_000 };

/**
 * An ETRN that was heard is told to the other servers of the farm, which may have mail for the same domain. What came
 * from one of them goes no further, or it would go in circles. Never rejects.
 */
export async function passOn(node: string, from: string, options: Options): Promise<void> {
  const { settings, log } = options;
  if (settings.etrn_relay.length === 0) return;
  try {
    const addresses = await Promise.all(settings.etrn_relay.map(p => addressesOf(p.host, options.peers)));
    if (addresses.flat().includes(plainAddress(from))) return;
    await Promise.all(settings.etrn_relay.map(peer => tell(peer, node, options)));
  } catch (error) {
    log.error('etrn not passed on', { node, ...because(error) });
  }
}

async function addressesOf(host: string, { resolver }: Peers): Promise<string[]> {
  if (isIP(host)) return [host];
  const answer = await resolver.addresses(host);
  return answer.kind === 'found' ? answer.addresses : [];
}

async function tell({ host, port }: { host: string; port: number }, node: string, { settings, log, peers }: Options) {
  const fields = { peer: `${host}:${port}`, node };
  try {
    const name = settings.host_domain[0] ?? 'localhost';
    const client = await peers.connect({ host, port, name, tls: 'try', timeouts: { ...timeouts, ...peers.timeouts } });
    const answer = await client.ask(`ETRN ${node}`);
    await client.close();
    log[answer.code < 300 ? 'info' : 'warn']('etrn passed on', { ...fields, answer: replyLine(answer) });
  } catch (error) {
    log.warn('etrn not passed on', { ...fields, error: error instanceof Error ? error.message : String(error) });
  }
}
