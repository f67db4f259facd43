/**
 * One visit by ATRN (RFC 2645): signs in upstream, has the connection turned round, and lays it on to our own relay
 * listener, so that the one door with all its rules answers. It reads no mail and keeps none.
 *
 * It promises that the door is told whose connection it is, never that it is ours, and that what ends early leaves
 * the mail upstream: only our door's 250 takes it from there.
 */
import { isIP, type Socket } from 'node:net';
import type { FetchAccount } from '../daemon/config.ts';
import { isPositive, isTemporary, replyLine } from '../daemon/mail/reply.ts';
import { ConnectError, connectSmtp, type OurSettings } from '../daemon/smtp-client.ts';
import { isLoopback, unknownAddress } from '../daemon/wire/ip.ts';
import { dialBy } from '../daemon/wire/proxy.ts';
import { openRelay } from './odmr/door.ts';
import { createTally, splice } from './odmr/splice.ts';
import { printable } from './pop3-client.ts';
import { type FetchResult, nothing } from './popfetch.ts';

export type OdmrDeps = {
  account: FetchAccount & { to: { kind: 'odmr'; domains: string[] } };
  /** What we call ourselves in EHLO. */
  name: string;
  /** Our own relay listener, and the key by which it knows its services. */
  relay: { settings: OurSettings; serviceKey: string };
  /** Milliseconds for each answer, and of silence once the connection is turned. */
  timeout: number;
  ca?: string;
  /** Aborted: the message under way is given up; the upstream keeps it. */
  signal?: AbortSignal | undefined;
};

/**
 * Whose connection it is. What a proxy or a tunnel on this machine brings is nobody's we know: with its address the
 * provider would have the rights of ours.
 */
function clientOf(socket: Socket, { proxy }: FetchAccount): string {
  const address = socket.remoteAddress ?? '';
  const isHere = isLoopback(address) || address === socket.localAddress;
  return proxy || isHere || isIP(address) === 0 ? unknownAddress : address;
}

/** RFC 2645 §5.2.1: the provider may take that long to find the mail. */
const atrnMs = 10 * 60_000;

export async function fetchByOdmr(deps: OdmrDeps): Promise<FetchResult> {
  const upstream = await call(deps);
  if (!('socket' in upstream)) return upstream;
  const { socket } = upstream;
  const tally = createTally();
  try {
    const door = await openRelay({ ...deps.relay, client: clientOf(socket, deps.account), timeout: deps.timeout });
    await splice(socket, door, tally, deps);
  } catch (error) {
    socket.destroy();
    return { ...nothing(), ...tally.counts(), failure: 'door', error: messageOf(error) };
  }
  const { fetched, bytes, refused, complete } = tally.counts();
  const result = { ...nothing(), fetched, bytes, refused };
  return complete
    ? result
    : { ...result, failure: 'temporary', error: 'the connection broke off; the rest stays upstream' };
}

/** The turned connection; or how the visit ended without one. */
async function call(deps: OdmrDeps): Promise<{ socket: Socket } | FetchResult> {
  const { host, port, user, password, tls, to, proxy } = deps.account;
  const way = { proxy: proxy ?? null, from: { ipv4: null, ipv6: null } };
  try {
    const client = await connectSmtp({
      ...{ host, port, name: deps.name, tls, login: { user, password } },
      ...(deps.ca === undefined ? {} : { ca: deps.ca }),
      dial: () => dialBy(way, { host, port, addresses: null }, deps.timeout),
      timeouts: { connect: deps.timeout, greeting: deps.timeout, command: Math.max(deps.timeout, atrnMs) },
    });
    const { reply, socket } = await client.turn(`ATRN ${to.domains.join(',')}`);
    if (socket) return { socket };
    await client.close();
    if (reply.code === 453) return nothing();
    const failure = reply.code === 530 || !(isTemporary(reply) || isPositive(reply)) ? 'auth' : 'temporary';
    return { ...nothing(), failure, error: `upstream answered: ${printable(replyLine(reply), password)}` };
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return { ...nothing(), failure: failureOf(error), error: `${host}:${port}: ${printable(error.message, password)}` };
  }
}

function failureOf({ kind, permanent, reply }: ConnectError): FetchResult['failure'] {
  if (kind === 'auth') return reply !== null && !permanent ? 'temporary' : 'auth';
  return kind === 'refused' || kind === 'proxy' ? 'temporary' : kind;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
