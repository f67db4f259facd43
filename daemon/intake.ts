/**
 * The door: all mail comes in here, from peers, users, the webmail, the fetcher and ourselves.
 *
 * refuseSender, routeRecipient, receive, accept. It promises that `accept` answers 250 only after the one durable
 * transaction, that unknown recipients are refused before content comes, and that the same key is taken once.
 * It speaks no protocol: those who do call it and pass its Replies on.
 */
import type { Settings } from './config.ts';
import { type Counters, createCounters } from './counters.ts';
import { freeRoom } from './intake/disk.ts';
import type { ContentCheck, Verdict } from './intake/filter.ts';
import { createForwardCheck, type ForwardCheck } from './intake/forward-check.ts';
import { createForwardLetters, type ForwardLetter, type LetterSent } from './intake/forward-letter.ts';
import type { Handover, Submitted } from './intake/handover.ts';
import { headerRules } from './intake/header-rules.ts';
import { createHeard, type Heard } from './intake/heard.ts';
import { Incoming, type Received } from './intake/incoming.ts';
import { type Filed, noticesFor } from './intake/notices.ts';
import { createOwnMail, type OwnMail } from './intake/own-mail.ts';
import { createLimits, type PolicySettings, refuseSize, relayRight, tooLarge, type Visitor } from './intake/policy.ts';
import { createAliasFiles } from './intake/recipient/alias-files.ts';
import { type ChainStep, chainEvents, isRedirected, traceLine } from './intake/recipient/trace.ts';
import { type ChainOptions, type ChainSettings, createChain, type Routing } from './intake/recipient.ts';
import { type Routed, routeHeld } from './intake/release.ts';
import { objections, temporary } from './intake/replies.ts';
import { createSenders, type SenderSettings, type Senders } from './intake/sender.ts';
import { createStays } from './intake/stays.ts';
import { isListed, relayEntry } from './intake/tables.ts';
import { forwardTerms, heldUntil, owesReports, quarantined, termsOf, unrouted } from './intake/terms.ts';
import { because, type Fields, type Log } from './log.ts';
import type { Recipient } from './mail/envelope.ts';
import { type Limits, objectionTo } from './mail/reading.ts';
import { type Reply, reply } from './mail/reply.ts';
import type { Acceptance, Accepted, Account, Change, Delivery, Hold, Objection, Store, Terms } from './store.ts';
import { StoreError } from './store.ts';

export { type ContentCheck, type ContentFilter, createContentFilter } from './intake/filter.ts';
export type { Handover, Submitted } from './intake/handover.ts';
export type { Heard } from './intake/heard.ts';
export { type ChainStep, Incoming, isListed, isRedirected, type Received, type Routing, relayEntry, type Visitor };

export type Intake = Pick<Senders, 'refuseAs' | 'addressesOf'> & {
  refuseSender(visitor: Visitor, reversePath: string | null, declaredSize: number | null): Promise<Reply | null>;
  /** The chain for one recipient, with the permission to use it; `refusal` null: it is taken. `id`: the session's, for the log. */
  routeRecipient(visitor: Visitor, address: string, id: string): Promise<Routing>;
  /** The same, for somebody who only wants to know: it counts for nobody's limits and is not logged. */
  route(visitor: Visitor, address: string): Promise<Routing>;
  /** Where mail of the account would come if it were sent on to an address. */
  checkForward(account: Account, address: string): Promise<ForwardCheck>;
  /** Asks the owner of an address whether mail may be sent on there. */
  askForward(letter: ForwardLetter): Promise<LetterSent>;
  /** May this visitor ask who is here? Each question counts as a recipient. */
  refuseInquiry(visitor: Visitor): Reply | null;
  /** Where an alias leads, one step; null: it is none. */
  expand(address: string): Promise<string[] | null>;
  /** A place for the content; call `accept` with it, or `discard` it. */
  receive(handover: Handover, recipients: Recipient[]): Incoming;
  /** Takes the content for its recipients: 250 after the commit, else why not. Never throws. */
  accept(handover: Handover, incoming: Incoming, submitted: Submitted): Promise<Reply>;
  /** A report of our own, or a mediator's answer, as an acceptance for the queue's transaction; null: nobody takes it. */
  prepareReport(report: OwnMail): Promise<Acceptance | null>;
  /** A held submission whose time has come: where it goes, whom it is refused for, and the reports it owes at once. */
  prepareStay: ReturnType<typeof createStays>;
  prepareRelease(held: Delivery[]): Promise<Routed & { reports: Acceptance[] }>;
  /** Who came in from elsewhere; kept over a restart by `recall`. */
  heard(): Heard;
  recall(before: Heard): void;
  /** What is known of everybody's volume, as text, to be kept over a restart. */
  snapshot(): string;
  restore(saved: string): void;
};

export type IntakeSettings = PolicySettings &
  ChainSettings &
  SenderSettings &
  Pick<Settings, 'data_path' | 'bare_newline' | 'log_chain' | 'msg_filter' | 'webmail_smtp'>;

export type IntakeOptions = {
  store: Store;
  settings: IntakeSettings;
  log: Log;
  now: () => number;
  /** Of what is accepted; none: of nobody's interest. */
  counters?: Counters;
  /** What remote mail is held for from the start; null: it may go. */
  parked: () => Hold | null;
  /** Told after each commit: the queue has work; folders changed. */
  wake: () => void;
  changed: (changes: Change[]) => void;
  /** Looks at content that is about to come in, while msg_filter is set; never at our own reports. */
  check?: ContentCheck;
};

/** RFC 5321 §6.3 asks for at least 100. */
const maxHops = 100;
/** Octets of a message that a report of success is shown, for its header. */
const mostHeader = 64 * 1024;

export function createIntake(options: IntakeOptions): Intake {
  const { store, settings, log, now, counters = createCounters(), parked, wake, changed, check } = options;
  const aliasFiles = createAliasFiles({ settings, log, now });
  const chain = createChain({ store, settings, aliasFiles, now });
  const senders = createSenders({ store, settings, aliasFiles });
  const limits = createLimits(settings, now);
  const room = freeRoom(options);
  const prepareReport = createOwnMail({ store, settings, now, parked, chain: logged });
  const { note, heard, recall } = createHeard(now);
  // What programs of this machine send is nobody's there: their reports to the postmaster are read here.
  const leaves = ({ origin, errand = null }: Pick<Visitor, 'origin'> & Partial<Pick<Delivery, 'errand'>>) =>
    settings.webmail_smtp !== null && (['submitter', 'webmail'].includes(origin) || errand !== null);
  const rights = (visitor: Visitor): ChainOptions => ({
    relay: relayRight(visitor, settings),
    leaves: leaves(visitor),
  });
  const ofContent = (): Limits => ({ hops: maxHops, bareNewlines: settings.bare_newline !== 'refuse' });

  return {
    heard,
    recall,
    async refuseSender(visitor, reversePath, declaredSize) {
      note(visitor);
      return (
        refuseSize(declaredSize, await room(), settings) ??
        (await senders.refuseReversePath(visitor, reversePath)) ??
        limits.refuseMessage(visitor)
      );
    },
    async routeRecipient(visitor, address, id) {
      const refusal = limits.refuseRecipient(visitor);
      if (refusal) return { routes: [], trace: [], refusal };
      return await logged({ id }, address, rights(visitor));
    },
    route: (visitor, address) => chain(address, rights(visitor)),
    refuseAs: senders.refuseAs,
    addressesOf: senders.addressesOf,
    checkForward: createForwardCheck({ chain, settings }),
    askForward: createForwardLetters({ store, settings, now, prepare: prepareReport, filed }),
    refuseInquiry: visitor => limits.refuseRecipient(visitor),
    async expand(address) {
      const { trace } = await chain(address);
      return trace.find(t => t.depth === 0 && t.step === 'alias')?.adds ?? null;
    },
    snapshot: limits.snapshot,
    restore: limits.restore,
    receive(handover, recipients) {
      return new Incoming(store, headerRules(handover, recipients, settings, now()), settings.max_message_size);
    },
    async accept(handover, incoming, submitted) {
      try {
        return await takeIn(handover, incoming, submitted);
      } catch (error) {
        // After a failed sync nobody knows whether the commit stands: its file is left to the sweep, which looks.
        if (!(error instanceof StoreError && error.kind === 'io')) await incoming.discard().catch(() => {});
        log.error('not accepted', { id: handover.id, ...because(error) });
        return temporary(error);
      }
    },
    prepareReport,
    prepareStay: createStays({ store, now }),
    async prepareRelease(held) {
      const routed = await routeHeld(held, {
        ...{ store, chain, leaves, now, parked, judge },
        sentOn: forwardTerms(settings),
      });
      if (!routed.release) return { ...routed, reports: [] };
      const { filing, recipients, contentId } = routed.release;
      const header = () => store.content.read(contentId, 0, mostHeader);
      const reports = await reportsOwed({
        ...{ reversePath: filing.reversePath, envid: filing.envid, recipients, header },
        arrivedAt: held[0]?.since ?? now(),
        key: `release:${held[0]?.id}`,
      });
      return { ...routed, reports };
    },
  };

  /** The chain, with its steps in the log as the settings want them. */
  async function logged(of: Fields, address: string, options: ChainOptions): Promise<Routing> {
    const routing = await chain(address, options);
    const { trace } = routing;
    if (settings.log_chain)
      for (const { event, step } of chainEvents(address, trace)) log.always(event, { ...of, step });
    // The plain case, straight into a mailbox or away, is told by the line of acceptance.
    const tell = trace.length > 1 ? log.info : log.debug;
    if (!settings.log_chain) tell('chain', { ...of, recipient: address, trace: traceLine(trace) });
    return routing;
  }

  /** For the transaction that files the recipients. A sender nobody knows here is not told, and that stops no mail. */
  async function reportsOwed(filed: Omit<Filed, 'reporter' | 'at'> & { key: string }): Promise<Acceptance[]> {
    if (!owesReports(filed.recipients)) return [];
    const reports: Acceptance[] = [];
    for (const { to, bytes, action } of await noticesFor({ ...filed, reporter: settings.host_domain[0]!, at: now() })) {
      const report = await prepareReport({ to, bytes, key: `${action}:${filed.key}` });
      if (report) counters.add('bounced', { action });
      if (report) reports.push(report);
    }
    return reports;
  }

  function filed(accepted: Accepted): void {
    if (accepted.queued) wake();
    if (accepted.changed.length) changed(accepted.changed);
  }

  async function takeIn(handover: Handover, incoming: Incoming, submitted: Submitted): Promise<Reply> {
    // By the limit that held when it began: what came beyond that was not kept, whatever the settings say by now.
    if (incoming.cutAt !== null) return await refused(incoming, tooLarge(incoming.cutAt));
    const { visitor, id } = handover;
    const falseAuthor = await senders.refuseHeader(visitor, incoming.head);
    if (falseAuthor) return await refused(incoming, falseAuthor);
    const { releaseAt, key } = submitted;
    const mine: Terms = {
      ...termsOf(submitted.envelope, now(), releaseAt === null ? parked() : heldUntil(releaseAt)),
      origin: visitor.origin,
      accountId: visitor.account?.id ?? null,
      key,
      draftId: submitted.draftId,
      fileSent: visitor.origin === 'webmail',
      ...forwardTerms(settings),
      recipients: releaseAt === null ? submitted.recipients : submitted.recipients.map(unrouted),
    };
    // Content that is checked, or of which a report is due, is read here.
    const unread = isChecked() || owesReports(mine.recipients) ? null : incoming.unread();
    const accepted = unread
      ? await store.acceptUnread(mine, { ...unread, limits: ofContent() })
      : await acceptRead(handover, incoming, mine);
    if ('objection' in accepted) return await refused(incoming, objections[accepted.objection]);
    if ('refusal' in accepted) return await refused(incoming, accepted.refusal);
    if (accepted.duplicate) await incoming.discard();
    else counters.add('accepted', { origin: visitor.origin });
    filed(accepted);
    for (const why of accepted.troubles ?? []) log.warn('sorting', { id, why });
    log.info('accepted', {
      id,
      from: submitted.envelope.reversePath ?? '<>',
      to: submitted.recipients.map(r => r.address).slice(0, 20),
      size: accepted.size,
      origin: visitor.origin,
      content: accepted.contentId,
      duplicate: accepted.duplicate,
    });
    return reply(250, '0.0', accepted.duplicate ? `OK: ${id} was here already` : `OK: accepted as ${id}`);
  }

  /** `refusal`: what is said to content that goes nowhere, which a discarded one is not to know. */
  async function acceptRead(
    handover: Handover,
    incoming: Incoming,
    mine: Terms,
  ): Promise<Accepted | { objection: Objection } | { refusal: Reply }> {
    const received = await incoming.finish();
    const objection = objectionTo(received, ofContent());
    if (objection) return { objection };
    const {
      header: head,
      tree: root,
      content: { size },
    } = received;
    const read = (start: number, end: number) => incoming.read(start, end);
    const verdict = await judge({ header: head, root, size, read }, handover);
    if (verdict?.refusal) return { refusal: verdict.refusal };
    // A draft has been sent as far as its author knows: its Sent copy is filed, once by its key, and nobody gets it.
    if (verdict?.discard && mine.origin !== 'webmail')
      return { refusal: reply(250, '0.0', `OK: accepted as ${handover.id}`) };
    const judged: Terms = {
      ...mine,
      ...(verdict?.discard && { recipients: mine.recipients.map(r => ({ ...r, routes: [] })) }),
      ...(verdict?.filing && { filing: verdict.filing }),
      // What its author put off keeps its time; a person lets it go, and then it waits for that.
      ...(verdict?.hold && { hold: quarantined(verdict.hold, mine.hold?.until ?? null) }),
    };
    const { reversePath, envid, recipients, key } = judged;
    const header = () => incoming.read(0, mostHeader);
    const owed = { reversePath, envid, recipients, header, arrivedAt: now(), key: key ?? handover.id };
    const { content, tree, summary } = received;
    // Of what lies in memory the store sees the header itself.
    const header8 = content.file === null ? {} : { header: head.toString('latin1', 0, mostHeader) };
    return await store.accept({ ...judged, content, tree, summary, ...header8 }, await reportsOwed(owed));
  }

  function isChecked(): boolean {
    return check !== undefined && settings.msg_filter !== '';
  }

  /** What the rules of msg_filter say; null: there are none. */
  async function judge(...[content, from]: Parameters<ContentCheck>): Promise<Verdict | null> {
    return check && isChecked() ? await check(content, from) : null;
  }
}

async function refused(incoming: Incoming, why: Reply): Promise<Reply> {
  await incoming.discard();
  return why;
}
