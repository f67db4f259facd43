import type { Settings } from '../config.ts';
import { addressKey, domainOf, localOf, subaddress } from '../mail/address.ts';
import { type Reply, reply } from '../mail/reply.ts';
import type { Account, Route, Store } from '../store.ts';

/** One line of the chain's trace: who was looked at, what took it, and what came of it. */
export type ChainStep = { depth: number; address: string; step: string; result: string };

export type Routing = {
  routes: Route[];
  trace: ChainStep[];
  /** Why nothing takes the recipient; null when something does. */
  refusal: Reply | null;
};

/** `overQuota`: a full mailbox takes it too, such as the report of a failure, which is small and comes once. */
export type Chain = (address: string, may?: { overQuota: boolean }) => Promise<Routing>;

/** Deep enough for any honest chain; a longer one is a loop that changes its addresses as it goes. */
const maxDepth = 20;
/** One recipient must not become a flood. */
const maxRoutes = 1000;

export type ChainSettings = Pick<Settings, 'host_domain' | 'forward' | 'alias' | 'fallback_address' | 'user_quota'>;

type Walk = { routes: Route[]; trace: ChainStep[]; seen: Set<string>; refusal: Reply | null; overQuota: boolean };
/** A step takes the recipient (true) or passes it on. */
type Step = { name: string; take(at: Visit): Promise<boolean> };
type Visit = { address: string; key: string; depth: number; walk: Walk };

const unknownUser = reply(550, '1.1', 'No such user here');

/**
 * The recipient chain (Postfix calls its like local recipient): a list of steps, each taking the address or passing
 * on; what a step leads to runs through the chain in its turn. It ends by depth and by the set of addresses seen.
 */
export function createChain({
  store,
  settings,
  now,
}: {
  store: Store;
  settings: ChainSettings;
  now: () => number;
}): Chain {
  const steps: Step[] = [
    { name: 'relay', take: relay },
    { name: 'forward', take: forward },
    { name: 'alias', take: alias },
    { name: 'mailbox', take: at => mailbox(at, at.key) },
    { name: 'subaddress', take: subaddressed },
    { name: 'synonym', take: synonym },
    { name: 'postmaster', take: postmaster },
    { name: 'fallback', take: fallback },
    { name: 'nobody', take: nobody },
  ];

  return async (address, { overQuota } = { overQuota: false }) => {
    const walk: Walk = { routes: [], trace: [], seen: new Set(), refusal: null, overQuota };
    await visit(address, 0, walk);
    const refusal = walk.routes.length ? null : (walk.refusal ?? reply(550, '4.6', 'The address leads in a circle'));
    return { routes: walk.routes, trace: walk.trace, refusal };
  };

  async function visit(address: string, depth: number, walk: Walk): Promise<void> {
    const at: Visit = { address, key: addressKey(address), depth, walk };
    if (walk.seen.has(at.key)) return note(at, 'seen', 'looked at before');
    if (depth > maxDepth || walk.routes.length >= maxRoutes) return note(at, 'loop', 'too deep: the chain ends here');
    walk.seen.add(at.key);
    await takeFrom(0, at);
  }

  async function takeFrom(first: number, at: Visit): Promise<void> {
    for (const step of steps.slice(first)) if (await step.take(at)) return;
  }

  async function relay(at: Visit): Promise<boolean> {
    if (settings.host_domain.includes(domainOf(at.key))) return false;
    at.walk.routes.push({ kind: 'relay', address: at.address });
    note(at, 'relay', 'another domain');
    return true;
  }

  /** All lines that match apply and replace the original; a line that leads to itself keeps a copy. */
  async function forward(at: Visit): Promise<boolean> {
    const everyone = `*@${domainOf(at.key)}`;
    const targets = settings.forward.filter(f => f.from === at.key || f.from === everyone).map(f => f.to);
    return await lead(at, 'forward', targets);
  }

  async function alias(at: Visit): Promise<boolean> {
    return await lead(
      at,
      'alias',
      settings.alias.filter(a => a.from === at.key).map(a => a.to),
    );
  }

  async function lead(at: Visit, name: string, targets: string[]): Promise<boolean> {
    if (targets.length === 0) return false;
    note(at, name, targets.join(', '));
    for (const target of targets) {
      if (target === at.key) await takeFrom(steps.findIndex(s => s.name === name) + 1, at);
      else await visit(target, at.depth + 1, at.walk);
    }
    return true;
  }

  async function mailbox(at: Visit, key: string): Promise<boolean> {
    const account = await store.accounts.byAddress(key);
    if (!account) return false;
    const refusal = closed(account, at.walk.overQuota);
    if (refusal) {
      at.walk.refusal ??= refusal;
      note(at, 'mailbox', refusal.text);
      return true;
    }
    at.walk.routes.push({ kind: 'mailbox', accountId: account.id, address: at.address });
    note(at, 'mailbox', account.address);
    return true;
  }

  /** `user+tag` is `user`, when no one is called `user+tag`. */
  async function subaddressed(at: Visit): Promise<boolean> {
    const { user, tag } = subaddress(localOf(at.key));
    if (tag === null) return false;
    const base = `${user}@${domainOf(at.key)}`;
    note(at, 'subaddress', base);
    if (at.walk.seen.has(base)) return true;
    at.walk.seen.add(base);
    // The tag stays visible in Delivered-To, where people's rules look for it.
    await takeFrom(1, { ...at, key: base });
    return true;
  }

  /** The further names of host_domain are other names of the first. */
  async function synonym(at: Visit): Promise<boolean> {
    const main = settings.host_domain[0]!;
    if (domainOf(at.key) === main || fallbackOf(domainOf(at.key))) return false;
    note(at, 'synonym', main);
    await visit(`${localOf(at.key)}@${main}`, at.depth + 1, at.walk);
    return true;
  }

  /** RFC 5321 §4.5.1: mail for postmaster is always taken; its mailbox is made when the first comes. */
  async function postmaster(at: Visit): Promise<boolean> {
    if (localOf(at.key) !== 'postmaster') return false;
    const made = { address: at.key, name: 'Postmaster', passwordHash: null, quota: 0, at: now() };
    await store.accounts.create(made);
    note(at, 'postmaster', 'its mailbox is made');
    return await mailbox(at, at.key);
  }

  async function fallback(at: Visit): Promise<boolean> {
    const target = fallbackOf(domainOf(at.key));
    return target !== null && (await lead(at, 'fallback', [target]));
  }

  function fallbackOf(domain: string): string | null {
    return settings.fallback_address.find(f => f.domain === domain)?.to ?? null;
  }

  async function nobody(at: Visit): Promise<boolean> {
    at.walk.refusal ??= unknownUser;
    note(at, 'nobody', unknownUser.text);
    return true;
  }

  function note({ address, depth, walk }: Visit, step: string, result: string): void {
    walk.trace.push({ depth, address, step, result });
  }
}

/** A mailbox that takes nothing now, or never again. */
function closed(account: Account, overQuota: boolean): Reply | null {
  if (account.disabled) return reply(550, '2.1', 'This mailbox is disabled');
  if (!overQuota && account.quota > 0 && account.used >= account.quota)
    return reply(452, '2.2', 'This mailbox is full');
  return null;
}

/** The trace as one log field: `ann@a -> forward: bob@b | bob@b -> mailbox: bob@b`. */
export function traceLine(trace: ChainStep[]): string {
  return trace.map(t => `${t.address} -> ${t.step}: ${t.result}`).join(' | ');
}
