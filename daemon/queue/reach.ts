import type { Settings } from '../config.ts';
import type { Log } from '../log.ts';
import { reply } from '../mail/reply.ts';
import { type ClientOptions, type ClientTimeouts, ConnectError, type SmtpClient } from '../smtp-client.ts';
import { localAddresses } from '../wire/dial.ts';
import { dialBy, proxyName } from '../wire/proxy.ts';
import type { Failure } from './carry.ts';
import type { HostMemory } from './hop/memory.ts';
import { type Host, hostKey } from './hop.ts';

export type Reacher = {
  connect: (options: ClientOptions) => Promise<SmtpClient>;
  /** What we call ourselves in EHLO. */
  name: string;
  settings: Pick<Settings, 'outgoing_ip'>;
  memory: HostMemory;
  now: () => number;
  log: Log;
  timeouts?: Partial<ClientTimeouts>;
};

/** A session with a host, or why there is none. What is found out about the host is remembered. */
export async function reach(host: Host, by: Reacher): Promise<SmtpClient | Failure> {
  const { proxy } = host;
  // All of its hosts would wait for it, one after another.
  if (proxy && by.memory.isDead(proxyName(proxy), by.now()))
    return unreachable(host, `${proxyName(proxy)} does not work`);
  try {
    const client = await by.connect(clientOptions(host, by));
    by.memory.works(hostKey(host));
    if (proxy) by.memory.works(proxyName(proxy));
    return client;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return failureOf(host, error, by);
  }
}

function clientOptions(host: Host, by: Reacher): ClientOptions {
  const connect = by.timeouts?.connect ?? 30_000;
  const { proxy, login, ca } = host;
  return {
    host: host.host,
    port: host.port,
    name: by.name,
    tls: host.tls,
    implicitTls: host.implicitTls,
    timeouts: { ...by.timeouts, connect },
    dial: () => dialBy({ proxy, from: localAddresses(by.settings.outgoing_ip) }, host, connect),
    ...(login && { login }),
    ...(ca !== null && { ca }),
  };
}

function failureOf(host: Host, error: ConnectError, by: Reacher): Failure {
  if (error.kind === 'auth' && (error.permanent || error.reply === null)) return signInRefused(host, error, by);
  by.log.info('no connection', { hop: host.host, kind: error.kind, error: error.message });
  if (error.kind === 'proxy' && host.proxy) by.memory.dead(proxyName(host.proxy), by.now());
  else if (error.stage === 'dial' || error.stage === 'greeting') by.memory.dead(hostKey(host), by.now());
  if (error.reply === null) return unreachable(host, error.message);
  return { host: host.host, reply: error.reply, permanent: isFinal(error) };
}

/** Ours to mend, so no mail ever fails for it; and said once, not with every attempt. */
function signInRefused(host: Host, error: ConnectError, by: Reacher): Failure {
  const news = by.memory.refused(hostKey(host), by.now());
  const told = { hop: `${host.host}:${host.port}`, user: host.login?.user, error: error.message };
  if (news) by.log.error('no sign-in at a gateway: mail for it waits until that is mended', told);
  else by.log.debug('no sign-in at a gateway', told);
  return { host: host.host, reply: reply(451, '7.0', `${host.host} does not let us sign in`), permanent: false };
}

/** The words are ours: who was not reached has said nothing. */
const unreachable = (host: Host, why: string): Failure => ({
  host: null,
  reply: reply(451, '4.1', `${host.host}: ${why}`),
  permanent: false,
});

/**
 * A greeting of 5xx is mostly a host that is full or mends itself, and Postfix waits for it too; 521 says never
 * (RFC 7504 §3), and so does a host that takes neither EHLO nor HELO from us.
 */
const isFinal = (error: ConnectError): boolean =>
  error.permanent && (error.stage === 'ehlo' || error.reply?.code === 521);
