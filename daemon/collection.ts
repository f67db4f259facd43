/**
 * Parked mail is handed out here: ETRN has it sent (RFC 1985), ATRN takes it over the asking connection (RFC 2645).
 *
 * It promises that only who may gets an answer about a domain, that a domain asked for again too soon is left alone,
 * that each call is in the log with its answer, and that no asker chooses where we connect to. The mail itself is
 * carried by the queue; the verbs are read by the listeners.
 */
import { createInterval } from './collection/interval.ts';
import { type Peers, passOn } from './collection/relay.ts';
import type { Gateway, Settings } from './config.ts';
import { because, type Log } from './log.ts';
import { type Reply, reply, replyLine } from './mail/reply.ts';
import { mayGoOut } from './online.ts';
import {
  type Caller,
  type CallSettings,
  covers,
  isNamed,
  isSuspended,
  isTrusted,
  mayCall,
  mayCallFor,
  odmrDomains,
  type SuspensionSettings,
} from './parking.ts';
import { gatewaysFor, type Queue } from './queue.ts';
import { type Collecting, type Node, nodeText, type Turn } from './smtp-server.ts';
import type { DomainCall, Store } from './store.ts';

export { parkingNotice } from './collection/notice.ts';
export { createParkingWatch, type Old, type ParkingWatch } from './collection/watch.ts';

export type CollectionSettings = CallSettings &
  SuspensionSettings &
  Pick<Settings, 'online' | 'gateway' | 'etrn_interval' | 'etrn_to' | 'etrn_relay' | 'host_domain'>;

export type CollectionOptions = {
  settings: CollectionSettings;
  store: Pick<Store, 'domains'>;
  queue: Pick<Queue, 'flush' | 'collect'>;
  log: Log;
  now: () => number;
  /** Does a relay_to line take mail for the domain? */
  isRelayed: (domain: string) => boolean;
  peers: Peers;
};

/** More are not counted: RFC 1985 has an answer for that too. */
const mostCounted = 1000;

export function createCollection(options: CollectionOptions): Collecting {
  const { settings, store, queue, log, now } = options;
  const interval = createInterval(() => settings.etrn_interval, now);
  /** Accounts whose mail is on its way down a connection. */
  const taking = new Set<string>();

  /** RFC 1985. */
  async function etrn(caller: Caller, node: Node): Promise<Reply> {
    const name = nodeText(node);
    if (!mayAsk(caller, node))
      return reply(459, '7.1', `Node ${name} not allowed: no mail is kept for you under this name`);
    const outing = mayGoOut(settings, now());
    if (!outing.yes) return reply(458, '3.2', `Unable to queue messages for node ${name}: nothing goes out now`);
    const wait = interval.enter(name);
    if (wait > 0) return reply(458, '7.0', `Node ${name} was asked for just now: try again in ${inSeconds(wait)}`);
    const domains = (await domainsOf(node)).filter(d => mayCallFor(caller, d, settings));
    const counted = node.kind === 'queue' ? [] : await count(domains);
    start(caller, domains);
    return started(node, counted);
  }

  /** One after another, and no further than is told: below a domain there may be any number of others. */
  async function count(domains: string[]): Promise<Counted[]> {
    const counted: Counted[] = [];
    for (let left = mostCounted + 1; left > 0 && counted.length < domains.length; ) {
      const one = await store.domains.pending(domains[counted.length]!, left);
      counted.push(one);
      left -= one.pending;
    }
    return counted;
  }

  function mayAsk(caller: Caller, node: Node): boolean {
    if (node.kind !== 'queue') return mayCallFor(caller, node.domain, settings);
    return isTrusted(caller, settings) && isQueue(node.name);
  }

  /** Where it goes is the operator's to say; only who is named for the very domain can be where it goes. */
  function start(caller: Caller, domains: string[]): void {
    const by = `asked for by ETRN from ${caller.account ?? caller.address}`;
    const direct = settings.etrn_to === 'asker' ? domains.filter(d => isNamed(caller, d, settings)) : [];
    const usual = domains.filter(d => !direct.includes(d));
    if (usual.length > 0) queue.flush({ domains: usual, by });
    if (direct.length > 0) void queue.collect({ domains: direct, by }, { host: caller.address, port: 25 });
  }

  /** Domains with mail in the queue; the one asked for also without. */
  async function domainsOf(node: Node): Promise<string[]> {
    if (node.kind === 'domain') return [node.domain];
    const names = await store.domains.names();
    if (node.kind === 'queue')
      return names.filter(d => node.name === 'all' || gatewaysFor(d, settings).some(g => isCalled(g, node.name)));
    return names.filter(d => d === node.domain || covers(`*.${node.domain}`, d));
  }

  /** A queue is called as the host of a gateway line; `all` is everything. */
  const isQueue = (name: string): boolean => name === 'all' || settings.gateway.some(g => isCalled(g, name));
  const isCalled = (g: Gateway, name: string) => g.host === name || `${g.host}:${g.port}` === name;

  /** RFC 2645 §5.2.1. */
  async function atrn(caller: Caller, wanted: string[] | null): Promise<Turn & { domains: string[] }> {
    const account = caller.account ?? '';
    const own = odmrDomains(account, settings);
    const domains = wanted ?? own;
    const no = (why: Reply) => ({ reply: why, take: null, domains });
    if (own.length === 0 || domains.some(d => !own.includes(d)))
      return no(reply(450, '7.1', 'ATRN request refused: that is not kept for you'));
    if (taking.has(account)) return no(reply(450, '7.0', 'ATRN request refused: your mail is being taken already'));
    const counted = await Promise.all(domains.map(d => store.domains.pending(d, 1)));
    if (counted.every(c => c.pending === 0)) return no(reply(453, '0.0', 'You have no mail'));
    const take: Turn['take'] = async socket => {
      taking.add(account);
      try {
        const by = `asked for by ATRN from ${account}`;
        const called = await queue.collect({ domains, by }, { socket, host: account });
        log.info('collected', { account, peer: caller.address, domains: domains.slice(0, 20), ...called });
      } finally {
        taking.delete(account);
      }
    };
    return { reply: reply(250, null, 'OK now reversing the connection'), take, domains };
  }

  /** The audit: every call with its answer; and, for domains that are kept here, who called last. */
  function note(verb: DomainCall['verb'], caller: Caller, domains: string[], asked: string, answer: Reply, id: string) {
    const { address: peer, account } = caller;
    log.info(verb.toLowerCase(), { id, peer, account, node: asked, answer: replyLine(answer) });
    if (answer.code === 459 || answer.code === 450 || answer.code === 451) return;
    for (const domain of domains)
      void store.domains
        .noteCall({ domain, at: now(), verb, caller: account ?? peer, answer: replyLine(answer) })
        .catch(error => log.error('call not noted', because(error)));
  }

  /** An asker from anywhere must not fill the table with domains nobody keeps mail for. */
  const isKept = (domain: string): boolean =>
    isSuspended(settings, domain) ||
    options.isRelayed(domain) ||
    settings.etrn_allow.some(r => covers(r.domain, domain)) ||
    settings.odmr.some(o => o.domains.includes(domain));

  const failed = (error: unknown, id: string): Reply => {
    log.error('call', { id, ...because(error) });
    return reply(451, '3.0', `Something is wrong here; it is noted as ${id}`);
  };

  return {
    offersEtrn: caller => mayCall(caller, settings),
    offersAtrn: caller => caller.account !== null && odmrDomains(caller.account, settings).length > 0,
    async etrn(caller, node, id) {
      const answer = await etrn(caller, node).catch(error => failed(error, id));
      const domains = node.kind === 'domain' && isKept(node.domain) ? [node.domain] : [];
      note('ETRN', caller, domains, nodeText(node), answer, id);
      if (answer.code < 300) void passOn(nodeText(node), caller.address, options);
      return answer;
    },
    async atrn(caller, wanted, id) {
      const turn = await atrn(caller, wanted).catch(error => ({ reply: failed(error, id), take: null, domains: [] }));
      note('ATRN', caller, turn.domains, wanted?.join(',') ?? '', turn.reply, id);
      return turn;
    },
  };
}

type Counted = { pending: number; sending: boolean };

/** RFC 1985: 251 nothing, 252 some, 253 how many; of a named queue only that it was started. */
function started(node: Node, counted: Counted[]): Reply {
  const name = nodeText(node);
  if (node.kind === 'queue') return reply(250, '0.0', `OK, queuing for node ${name} started`);
  const pending = counted.reduce((sum, c) => sum + c.pending, 0);
  if (pending > mostCounted || (pending === 0 && counted.some(c => c.sending)))
    return reply(252, '0.0', `OK, pending messages for node ${name} started`);
  if (pending === 0) return reply(251, '0.0', `OK, no messages waiting for node ${name}`);
  return reply(253, '0.0', `OK, ${pending} pending messages for node ${name} started`);
}

const inSeconds = (ms: number): string => `${Math.ceil(ms / 1000)} seconds`;
