import type { Settings } from '../config.ts';
import { addressKey, domainOf, formatAddress, localOf, subaddress } from '../mail/address.ts';
import { isPermanent, isTemporary, type Reply, reply } from '../mail/reply.ts';
import { suspendedHold } from '../parking.ts';
import type { Account, Route, Store } from '../store.ts';
import type { AliasFileSettings, AliasFiles } from './recipient/alias-files.ts';
import { sentOn } from './recipient/sent-on.ts';
import type { ChainStep } from './recipient/trace.ts';
import { createUnconfirmed } from './recipient/unconfirmed.ts';
import { type DomainSettings, fallbackOf, isLocal, isSynonym, names, relayEntry, targetsOf } from './tables.ts';

export type Routing = {
  routes: Route[];
  trace: ChainStep[];
  /** Why nothing takes the recipient; null when something does. */
  refusal: Reply | null;
};

export type ChainOptions = {
  /** A full mailbox takes it too, such as the report of a failure, which is small and comes once. */
  overQuota?: boolean;
  /** Why the address itself may not be sent on to another domain; null: it may, and what `why` says of it. */
  relay?: { refusal: Reply | null; why: string };
  /** It leaves the house whosever it is: the mailboxes are a provider's, and here is a view of them. */
  leaves?: boolean;
};

export type Chain = (address: string, options?: ChainOptions) => Promise<Routing>;

/** Deep enough for any honest chain; a longer one is a loop that changes its addresses as it goes. */
const maxDepth = 20;
/** One recipient must not become a flood. */
const maxRoutes = 1000;
const maxAddresses = 2 * maxRoutes;

type LineSettings = Pick<Settings, 'forward' | 'forward_cc' | 'forward_confirm' | 'alias' | 'fallback_address'>;
type WaySettings = Pick<Settings, 'relay_to' | 'suspend_domain' | 'webmail_smtp' | 'user_max_forwards'>;
export type ChainSettings = DomainSettings & LineSettings & WaySettings & AliasFileSettings;

type Walk = {
  routes: Route[];
  trace: ChainStep[];
  seen: Set<string>;
  /** Why some of it goes nowhere, a temporary reason before a permanent one; and how often that was so. */
  refusal: Reply | null;
  refusals: number;
  /** Mailboxes over their quota. */
  full: Route[];
  /** Ways on of mailboxes that are full and would keep a copy: alone they take no mail. */
  beside: Set<Route>;
  /** Why nothing of it may be used: half a list would leave people out unseen. */
  broken: Reply | null;
  options: ChainOptions;
};
/** A step takes the recipient (true) or passes it on. */
type Step = { name: string; take(at: Visit): Promise<boolean> };
type Visit = { address: string; key: string; depth: number; walk: Walk };

const unknownUser = reply(550, '1.1', 'No such user here');
const disabled = reply(550, '2.1', 'This mailbox is disabled');
const mailboxFull = reply(452, '2.2', 'This mailbox is full');
const circle = reply(550, '4.6', 'The address leads in a circle');
/** RFC 3463 §3.3: an expansion problem. Temporary, since it is ours to mend and nothing was lost so far. */
const expansion = reply(451, '2.4', 'The address leads to too many others just now, try again later');
const unreadable = reply(451, '3.5', 'The aliases of this domain cannot be read just now, try again later');

/** Addresses somebody must read (RFC 5321 §4.5.1, RFC 2142 §4), whoever else there is. */
const housePeople = new Set(['postmaster', 'abuse']);

/**
 * The recipient chain (Postfix calls its like local recipient): a list of steps, each taking the address or passing
 * on; what a step leads to runs through the chain in its turn. It ends by depth and by the set of addresses seen.
 */
export function createChain({
  store,
  settings,
  aliasFiles,
  now,
}: {
  store: Store;
  settings: ChainSettings;
  aliasFiles: AliasFiles;
  now: () => number;
}): Chain {
  const steps: Step[] = [
    { name: 'provider', take: provider },
    { name: 'forward', take: forward },
    { name: 'relay', take: relay },
    { name: 'alias', take: alias },
    { name: 'mailbox', take: at => mailbox(at, at.key) },
    { name: 'subaddress', take: subaddressed },
    { name: 'synonym', take: synonym },
    { name: 'postmaster', take: postmaster },
    { name: 'fallback', take: fallback },
    { name: 'nobody', take: async at => refuse(at, 'nobody', unknownUser) },
  ];
  const unconfirmed = createUnconfirmed({ store, settings });
  const { isSpent } = store.forwardVolume;
  const behind = (name: string): number => steps.findIndex(s => s.name === name) + 1;

  return async (address, options = {}) => {
    const walk = newWalk(options);
    await visit(address, 0, walk);
    const { routes, full, beside, trace, broken, refusal } = walk;
    if (broken) return { routes: [], trace, refusal: broken };
    // A full member neither stops the mail of a whole group nor is left out of it.
    if (routes.some(r => !beside.has(r))) return { routes: [...routes, ...full], trace, refusal: null };
    return { routes: [], trace, refusal: refusal ?? circle };
  };

  async function visit(address: string, depth: number, walk: Walk): Promise<void> {
    const at: Visit = { address, key: addressKey(address), depth, walk };
    if (walk.broken) return;
    if (walk.seen.has(at.key)) return note(at, 'seen', 'looked at before');
    if (depth > maxDepth || walk.routes.length >= maxRoutes || walk.seen.size >= maxAddresses) {
      walk.broken = expansion;
      return note(at, 'loop', depth > maxDepth ? 'too deep: the chain ends here' : 'too many: the chain ends here');
    }
    walk.seen.add(at.key);
    await takeFrom(0, at);
  }

  async function takeFrom(first: number, at: Visit): Promise<void> {
    for (let i = first; i < steps.length; i++) if (await steps[i]!.take(at)) return;
  }

  async function provider(at: Visit): Promise<boolean> {
    if (at.walk.options.leaves !== true) return false;
    at.walk.routes.push({ kind: 'relay', address: at.address });
    note(at, 'provider', 'webmail_smtp takes it', [at.address]);
    return true;
  }

  /**
   * All lines that match apply, and those of `forward` replace the original; a line that leads to itself keeps a
   * copy. Lines of `forward_cc` alone leave the original as it is: where nobody is, nothing is copied either.
   */
  async function forward(at: Visit): Promise<boolean> {
    const keys = await namesOf(at);
    const targets = targetsOf(settings.forward, keys);
    const copies = targetsOf(settings.forward_cc, keys);
    if (targets.length > 0) return await lead(at, 'forward', [...targets, ...copies], keys);
    if (copies.length === 0) return false;
    const { refusals, routes } = { refusals: at.walk.refusals, routes: at.walk.routes.length };
    await takeFrom(behind('forward'), at);
    if (at.walk.refusals > refusals && at.walk.routes.length === routes) return true;
    return await lead(
      at,
      'forward_cc',
      copies.filter(c => !keys.includes(c)),
    );
  }

  /** Rules for `bob` are for `bob+tag` too, unless a line names that very address. */
  async function namesOf({ key }: Visit): Promise<string[]> {
    if (settings.forward.length + settings.forward_cc.length === 0) return [key];
    const base = untagged(key);
    if (base === null || !isLocal(domainOf(key), settings) || (await isNamed(key))) return [key];
    return [key, base];
  }

  async function isNamed(key: string): Promise<boolean> {
    if ([settings.forward, settings.forward_cc, settings.alias].some(lines => names(lines, key))) return true;
    return settings.alias_file.length > 0 && (await aliasFiles.targets(key))?.length !== 0;
  }

  async function relay(at: Visit): Promise<boolean> {
    const domain = domainOf(at.key);
    if (isLocal(domain, settings)) return false;
    const entry = relayEntry(settings.relay_to, domain);
    const given = at.depth === 0 ? at.walk.options.relay : undefined;
    if (entry === null && given?.refusal) return refuse(at, 'relay', given.refusal);
    const hold = suspendedHold(settings, domain);
    at.walk.routes.push({ kind: 'relay', address: at.address, ...(hold && { hold }) });
    const why = entry === null ? (given?.why ?? 'another domain') : `relay_to ${entry}`;
    note(at, 'relay', hold ? `${why}, parked` : why, [at.address]);
    return true;
  }

  async function alias(at: Visit): Promise<boolean> {
    const inFiles = settings.alias_file.length > 0 ? await aliasFiles.targets(at.key) : [];
    if (inFiles === null) {
      at.walk.broken = unreadable;
      return refuse(at, 'alias', unreadable);
    }
    return await lead(at, 'alias', [...targetsOf(settings.alias, [at.key]), ...inFiles]);
  }

  /** What leads to one of `own` goes on behind this step. */
  async function lead(at: Visit, name: string, targets: string[], own: string[] = [at.key]): Promise<boolean> {
    if (targets.length === 0) return false;
    note(at, name, targets.join(', '), targets);
    if (targets.some(t => own.includes(t))) await takeFrom(behind(name), at);
    for (const target of targets) if (!own.includes(target)) await visit(target, at.depth + 1, at.walk);
    return true;
  }

  async function mailbox(at: Visit, key: string): Promise<boolean> {
    const account = await store.accounts.byAddress(key);
    if (!account) return false;
    const others = account.forwards.filter(f => f !== key && untagged(f) !== key);
    const waiting = await unconfirmed(account, others);
    const goals = others.filter(f => !waiting.includes(f));
    const full = account.quota > 0 && account.used >= account.quota && at.walk.options.overQuota !== true;
    // What is not sent on everywhere it should go stays, whatever else its owner wants: so nothing is lost.
    const stays = account.keepsCopy || goals.length < account.forwards.length || goals.length === 0;
    const keeps = stays || (full && (await isSpent(account.id, { at: now(), perHour: settings.user_max_forwards })));
    if (account.disabled) return refuse(at, 'mailbox', disabled);
    if (keeps) keep(at, account, full);
    const before = at.walk.routes.length;
    if (waiting.length > 0) note(at, 'own forward', `waits for the word of ${waiting.join(', ')}`);
    await lead(at, 'own forward', goals, []);
    const { routes, beside } = at.walk;
    if (keeps && full) for (const route of routes.slice(before)) beside.add(route);
    else for (const route of beside) if (goals.includes(route.address)) beside.delete(route);
    const via = { accountId: account.id, address: account.address };
    sentOn(routes, before, { via, goals, isAuthor: settings.webmail_smtp !== null });
    return true;
  }

  function keep(at: Visit, account: Account, full: boolean): void {
    const route: Route = { kind: 'mailbox', accountId: account.id, address: at.address };
    if (full) refuse(at, 'mailbox', mailboxFull);
    else note(at, 'mailbox', account.address, [account.address]);
    (full ? at.walk.full : at.walk.routes).push(route);
  }

  /** `user+tag` is `user`, when no one is called `user+tag`. */
  async function subaddressed(at: Visit): Promise<boolean> {
    const base = untagged(at.key);
    if (base === null) return false;
    note(at, 'subaddress', base, [base]);
    // Whoever leads `user` to `user+tag` means the mailbox of both.
    if (at.walk.seen.has(base) && (await mailbox(at, base))) return true;
    at.walk.seen.add(base);
    // The tag stays visible in Delivered-To, where people's rules look for it. The forwards were asked for both.
    await takeFrom(behind('relay'), { ...at, key: base });
    return true;
  }

  async function synonym(at: Visit): Promise<boolean> {
    const domain = domainOf(at.key);
    if (!isSynonym(domain, settings) || fallbackOf(settings.fallback_address, domain)) return false;
    // As it was written: what is behind a plus stays there.
    return await lead(at, 'synonym', [inMainDomain(localOf(at.address))]);
  }

  /** Both are read by one person: whoever has postmaster in the main domain, a mailbox made when its first mail comes. */
  async function postmaster(at: Visit): Promise<boolean> {
    if (!housePeople.has(localOf(at.key))) return false;
    const reader = inMainDomain('postmaster');
    if (reader !== at.key) return await lead(at, 'postmaster', [reader]);
    await store.accounts.create({ address: reader, name: 'Postmaster', passwordHash: null, quota: 0, at: now() });
    note(at, 'postmaster', 'its mailbox is made');
    return await mailbox(at, reader);
  }

  async function fallback(at: Visit): Promise<boolean> {
    const target = fallbackOf(settings.fallback_address, domainOf(at.key));
    return target !== null && (await lead(at, 'fallback', [target]));
  }

  function inMainDomain(local: string): string {
    return formatAddress({ local, domain: settings.host_domain[0]! });
  }
}

/** The address without its tag; null: it has none. */
function untagged(key: string): string | null {
  if (!key.includes('+')) return null;
  const { user, tag } = subaddress(localOf(key));
  return tag === null ? null : formatAddress({ local: user, domain: domainOf(key) });
}

const newWalk = (options: ChainOptions): Walk => ({
  routes: [],
  trace: [],
  seen: new Set(),
  refusal: null,
  refusals: 0,
  full: [],
  beside: new Set(),
  broken: null,
  options,
});

function note({ address, depth, walk }: Visit, step: string, result: string, adds: string[] = []): void {
  walk.trace.push({ depth, address, step, result, adds });
}

function refuse(at: Visit, step: string, why: Reply): true {
  if (at.walk.refusal === null || (isPermanent(at.walk.refusal) && isTemporary(why))) at.walk.refusal = why;
  at.walk.refusals++;
  note(at, step, why.text);
  return true;
}
