/**
 * The daemon: SMTP, submission, POP3 and the queue around one door, with the timers that keep house.
 * Everything it is made of is handed its needs here; what must go up a rank is a function passed down.
 */
import { type Auth, createAuth, createProviderCheck, passwordProblem } from './auth.ts';
import { createAutoreply } from './autoreply.ts';
import { type Context, type Running, runChild, type Start } from './child.ts';
import { createCollection, createParkingWatch, type Old, parkingNotice } from './collection.ts';
import { derived } from './config.ts';
import { createCounters, type Sample } from './counters.ts';
import {
  type ContentFilter,
  createContentFilter,
  createIntake,
  type Intake,
  relayEntry,
  type Visitor,
} from './intake.ts';
import { because } from './log.ts';
import { localOf } from './mail/address.ts';
import { mayGoOut } from './online.ts';
import { createPickup } from './pickup.ts';
import { createPop3Server } from './pop3-server.ts';
import { createAuthorsGateway, createQueue, type Order, type Queue, type QueueStatus } from './queue.ts';
import { connectSmtp } from './smtp-client.ts';
import { createSmtpServer } from './smtp-server.ts';
import { type Change, type Hold, longestEveryDays } from './store.ts';
import { startSweep } from './sweep.ts';
import type { AuthVerbs, ForwardVerbs, SenderVerbs, Tell, Verbs } from './tell.ts';
import { createResolver } from './wire/dns.ts';
import { ipList } from './wire/ip-pattern.ts';
import { createSeal, providerPasswords, secondFactors } from './wire/seal.ts';

const dnsTimeoutMs = 10_000;
const throttleState = 'auth.throttle';
const volumeState = 'intake.volume';
const heardState = 'intake.heard';
const dayMs = 86_400_000;
/** A form is sent again, or a report made again, within days; an upstream may be out of reach for a year (docs/decisions.md). */
const keysKeptMs = 30 * dayMs;
const fetchKeysKeptMs = 400 * dayMs;
/** A contact deleted by mistake can come back for so long. */
const contactsKeptMs = 30 * dayMs;
/** For who threw a letter away, and thinks better of it. */
const draftsKeptMs = dayMs;
/** An address whose owner never answered is forgotten; a letter may be written anew. */
const lettersKeptMs = 30 * dayMs;
const filterState = 'filter.hits';

export const startDaemon: Start = async context => {
  const { settings, store, log, now, tls, serviceKey, listen } = context;
  let tell: Tell | null = null;
  const seal = createSeal(serviceKey, providerPasswords);
  const atProvider = createProviderCheck({
    ...{ store, settings, seal, now, log },
    ask: async (user, password) =>
      (await tell?.ask('fetcher', 'provider.ask', { user, password })) as 'right' | 'wrong',
    renewed: accountId =>
      void queue
        .operate({ command: 'retry', which: { accountId }, by: 'a sign-in' })
        .catch(error => log.warn('waiting mail not woken', because(error))),
  });
  const factors = createSeal(serviceKey, secondFactors);
  const auth = createAuth({ store, settings, now, log, seal: factors, ...(settings.webmail_for && { atProvider }) });
  auth.restore((await store.kept.load(throttleState)) ?? '');
  const changed = (changes: Change[]) => tell?.changed(changes);
  const parked = (): Hold | null => {
    const outing = mayGoOut(settings, now());
    return outing.yes ? null : { kind: 'off line', reason: outing.reason, until: null };
  };
  const counters = createCounters();
  const filter = createContentFilter({ settings, log, now });
  filter.restore((await store.kept.load(filterState)) ?? '[]');
  const door = { store, settings, log, now, counters, parked, changed, check: filter.check };
  const intake = createIntake({ ...door, wake: () => queue.wake() });
  intake.restore((await store.kept.load(volumeState)) ?? '');
  const before = await store.kept.load(heardState);
  if (before) intake.recall(JSON.parse(before));
  const resolver = createResolver({ servers: settings.dns_host, timeout: dnsTimeoutMs });
  const queue: Queue = createQueue({
    store,
    settings,
    log,
    now,
    resolver,
    connect: connectSmtp,
    prepareReport: intake.prepareReport,
    prepareStay: intake.prepareStay,
    prepareRelease: intake.prepareRelease,
    prepareAnswer: createAutoreply({ store, settings, log, now, prepare: intake.prepareReport }),
    counters,
    ...(settings.webmail_smtp && { authorsGateway: createAuthorsGateway({ settings, store, seal }) }),
    random: Math.random,
    changed,
  });
  const isRelayed = (domain: string) => relayEntry(settings.relay_to, domain) !== null;
  const peers = { connect: connectSmtp, resolver };
  const collecting = createCollection({ settings, store, queue, log, now, isRelayed, peers });
  const smtp = { settings, store, auth, intake, log, tls, serviceKey, collecting };
  const relay = createSmtpServer({ ...smtp, role: 'relay' });
  const submission = createSmtpServer({ ...smtp, role: 'submission' });
  const submissions = createSmtpServer({ ...smtp, role: 'submission', implicitTls: true });
  const odmr = createSmtpServer({ ...smtp, role: 'odmr' });
  const mayConnect = derived(
    () => settings.user_ip_address,
    addresses => ipList('restrictive', addresses),
  );
  const pop3 = createPop3Server({ store, auth, log, now, tls: () => tls, changed, mayConnect: a => mayConnect()(a) });
  context.reloaded(async changed => {
    filter.reread();
    relay.refresh();
    submission.refresh();
    submissions.refresh();
    odmr.refresh();
    if (changed.has('forward_confirm')) await waive(context);
    if (changed.has('online') || changed.has('suspend_domain')) await queue.reconsider();
    queue.wake();
  });
  await listen(relay.server, 'smtp');
  await listen(submission.server, 'submission');
  await listen(submissions.server, 'submissions');
  await listen(odmr.server, 'odmr');
  await listen(pop3.server, 'pop3');
  await listen(pop3.tlsServer, 'pop3s');
  await queue.start();
  const keepStates = () =>
    Promise.all([
      store.kept.save(throttleState, auth.snapshot()),
      store.kept.save(volumeState, intake.snapshot()),
      store.kept.save(heardState, JSON.stringify(intake.heard())),
      store.kept.save(filterState, filter.snapshot()),
    ]);
  const pickup = settings.pickup_path === '' ? null : createPickup({ settings, intake, log, now });
  await pickup?.start();
  const notice = async (old: Old[]) => {
    const host = settings.host_domain[0]!;
    const to = `postmaster@${host}`;
    const letter = { to, bytes: parkingNotice(old, { host, to, at: now() }), key: `parking:${now()}` };
    const acceptance = await intake.prepareReport(letter);
    if (acceptance) changed((await store.accept(acceptance)).changed);
    queue.wake();
  };
  const watch = createParkingWatch({ settings, store, log, now, notice, isRelayed });
  const sweep = startSweep({ store, now, log, changed });
  const stopChores = keepHouse(context, keepStates, watch.look);
  const sessions = () => {
    const { pop3: clear, pop3s } = pop3.sessions();
    return {
      smtp: relay.connections(),
      submission: submission.connections(),
      ...(settings.submissions_port > 0 && { submissions: submissions.connections() }),
      ...(settings.odmr_port > 0 && { odmr: odmr.connections() }),
      pop3: clear,
      ...(settings.pops_port > 0 && { pop3s }),
    };
  };
  const status = async () => ({
    sessions: sessions(),
    queue: await queue.status(),
    writes: store.pendingWrites(),
    heard: intake.heard(),
  });
  const counted = async () => [...counters.samples(), ...gauges(await queue.status(), sessions())];
  tell = context.connect({ ...verbs(context, auth, intake, queue, filter), status, 'queue.counters': counted });
  return {
    async stop(graceMs) {
      stopChores();
      sweep.stop();
      await pickup?.stop();
      await Promise.all(
        [relay, submission, submissions, odmr, pop3].map(server => server.close(graceMs)).concat(queue.stop(graceMs)),
      );
      await keepStates();
    },
  } satisfies Running;
};

/** How many there are now, beside what was counted. */
function gauges({ counts, hops }: QueueStatus, listeners: Record<string, number>): Sample[] {
  const sample = (name: Sample['name'], labels: Record<string, string>, value: number) => ({ name, labels, value });
  const { waiting, sending, holds } = counts;
  return [
    ...Object.entries({ waiting, sending }).map(([state, n]) => sample('queue', { state, why: '' }, n)),
    ...Object.entries(holds).map(([why, n]) => sample('queue', { state: 'held', why }, n)),
    ...Object.entries(listeners).map(([listener, n]) => sample('connections', { listener }, n)),
    sample(
      'connections',
      { listener: 'out' },
      hops.reduce((sum, h) => sum + h.connections, 0),
    ),
  ];
}

/** What is done by the clock: what is known of peers is kept over restarts, leftovers of crashes and old keys go, freed pages are given back. */
function keepHouse(context: Context, keepStates: () => Promise<unknown>, look: () => Promise<void>): () => void {
  const { store, log, now } = context;
  const quietly = (what: string, act: () => Promise<unknown>) => () =>
    void act().catch(error => log.error(what, because(error)));
  const keep = setInterval(quietly('keeping the throttle', keepStates), 60_000);
  const tidy = quietly('sweep', async () => {
    // A removal that broke off, whoever began it, is brought to its end.
    for (const { id } of await store.accounts.leaving()) await store.accounts.remove(id, now());
    await store.content.unlinkDoomed();
    await store.content.sweepOrphans(now());
    while ((await store.contacts.forget(now() - contactsKeptMs)) > 0);
    while ((await store.drafts.forget(now() - draftsKeptMs)) > 0);
    while ((await store.vacations.sweep(now(), now() - (longestEveryDays + 1) * dayMs)) > 0);
    await waive(context);
    while ((await store.forwardConsents.sweep(now() - lettersKeptMs)) > 0);
    await store.forgetKeys(now() - keysKeptMs, now() - fetchKeysKeptMs);
    await store.conversations.gatherOld();
    await store.giveBackSpace();
    await look();
  });
  const sweep = setInterval(tidy, 3_600_000);
  // A site that is up for less than an hour at a time is swept too, once it serves.
  const first = setTimeout(tidy, 5_000);
  return () => {
    clearTimeout(first);
    clearInterval(keep);
    clearInterval(sweep);
  };
}

/** A house that asks nobody whether mail may be sent on sends on what still waits for an answer. */
async function waive({ store, settings, log, now }: Context): Promise<void> {
  const freed = settings.forward_confirm ? 0 : await store.forwardConsents.waive(now());
  if (freed > 0) log.info('forwards freed', { freed });
}

/** `as`: who asks for it at the door; `from`: the peer's address. */
type RouteQuestion = { address: string; as?: 'relay' | 'submission'; from?: string };
type AuthArgs<V extends keyof AuthVerbs> = AuthVerbs[V]['args'];

function verbs(
  { store, settings, now }: Context,
  auth: Auth,
  intake: Intake,
  queue: Queue,
  filter: ContentFilter,
): Verbs {
  return {
    health: async () => ({
      ...{ smtp: true, submission: true, pop3: true },
      ...(settings.submissions_port > 0 && { submissions: true }),
      ...(settings.pops_port > 0 && { pop3s: true }),
    }),
    'auth.check': async (a: AuthArgs<'auth.check'>) =>
      auth.check(a.address, a.password, { peer: a.peer, protocol: 'web', trusted: a.trusted }),
    'auth.finish': async (a: AuthArgs<'auth.finish'>) => auth.finish(a.ticket, a.code, a.peer),
    'auth.offer': async (a: AuthArgs<'auth.offer'>) => auth.factor.offer(a),
    'auth.factorOn': async (a: AuthArgs<'auth.factorOn'>) => auth.factor.switchOn(a),
    'auth.factorOff': async (a: AuthArgs<'auth.factorOff'>) => auth.factor.switchOff(a, a.code),
    'auth.recovery': async (a: AuthArgs<'auth.recovery'>) => auth.factor.renewRecovery(a, a.code),
    'auth.appPassword': async (a: AuthArgs<'auth.appPassword'>) => auth.makeAppPassword(a),
    'auth.signup': async (a: AuthArgs<'auth.signup'>) => auth.signup(a, a.peer),
    'auth.available': async (a: AuthArgs<'auth.available'>) => auth.available(a.username, a.domain),
    'auth.password': async (a: AuthArgs<'auth.password'>) => {
      const account = await store.accounts.byId(a.accountId);
      if (!account) return { ok: false };
      if (settings.webmail_for) return { ok: false, reason: 'auth.elsewhere' };
      const verdict = await auth.checkOwner(account.id, a.old, a.peer);
      if (verdict.kind !== 'known') return { ok: false, reason: `auth.${verdict.kind}` };
      const problem = passwordProblem(a.next, localOf(account.address));
      if (problem) return { ok: false, reason: problem };
      await auth.setPassword(account.id, a.next);
      return { ok: true };
    },
    'sender.check': async ({ accountId, address }: SenderVerbs['sender.check']['args']) => {
      const account = await store.accounts.byId(accountId);
      const refusal = account ? await intake.refuseAs(account, address) : null;
      return account === null || refusal ? { ok: false, why: refusal?.text ?? '' } : { ok: true };
    },
    'forward.check': async ({ accountId, address }: ForwardVerbs['forward.check']['args']) => {
      const account = await store.accounts.byId(accountId);
      return account ? intake.checkForward(account, address) : { kind: 'refused', why: '' };
    },
    'forward.ask': async (letter: ForwardVerbs['forward.ask']['args']) => intake.askForward(letter),
    'sender.addresses': async ({ accountId }: SenderVerbs['sender.addresses']['args']) => {
      const account = await store.accounts.byId(accountId);
      return account ? intake.addressesOf(account) : [];
    },
    'queue.status': async () => queue.status(),
    'queue.wake': async () => queue.wake(),
    'queue.operate': async (order: Order) => queue.operate(order),
    'filter.list': async () => filter.list(),
    'filter.reread': async () => filter.reread(),
    route: async ({ address, as, from }: RouteQuestion) => {
      const origin: Visitor['origin'] = as === 'relay' ? 'peer' : 'submitter';
      const routing = await intake.route({ origin, account: null, address: from ?? '127.0.0.1' }, address);
      return { ...routing, online: mayGoOut(settings, now()) };
    },
  };
}

if (import.meta.main) runChild('daemon', startDaemon);
