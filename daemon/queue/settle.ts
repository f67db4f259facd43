import type { Settings } from '../config.ts';
import type { Counters } from '../counters.ts';
import { because, type Log } from '../log.ts';
import { replyLine } from '../mail/reply.ts';
import { suspendedHold } from '../parking.ts';
import type { Accepted, Delivery, Hold, Outcome, Stay, Store } from '../store.ts';
import { type Event, isDelayed, isSentOnBy, type Reporter, reportsFor } from './bounce.ts';
import type { Result } from './carry.ts';
import { nextAttempt, nextLook } from './schedule.ts';

export type Settler = Reporter & {
  store: Pick<Store, 'content' | 'deliveries'>;
  settings: Pick<Settings, 'retry_interval' | 'max_retrytime' | 'delay_notice' | 'suspend_domain'>;
  counters: Counters;
  random: () => number;
  /** What was sent on for an account and not taken there, to be filed with it; none: nothing stays. */
  prepareStay?: ((delivery: Delivery) => Promise<Stay | null>) | undefined;
};

type Judged = { outcome: Outcome; event: Event | null };

/** Writes what became of deliveries, with the reports that causes, in one transaction. */
export async function settle(results: Result[], by: Settler): Promise<Accepted[]> {
  const at = by.now();
  const judged = results.map(r => judge(r, at, by));
  const stays = await staysOf(judged, by);
  const events = judged.flatMap(j => (j.event && !(isUntold(j.event) && stays.has(j.event)) ? [j.event] : []));
  const reports = await reportsFor(events, by);
  const accepted = await by.store.deliveries.settle(
    judged.map(j => j.outcome),
    reports.map(r => r.acceptance),
    [...stays.values()],
  );
  for (const { action } of reports) by.counters.add('bounced', { action });
  for (const [i, j] of judged.entries()) tell(results[i] as Result, j, by);
  return accepted;
}

/** Of its failure nobody is told. */
const isUntold = ({ result }: Event): boolean => result.delivery.sender === null;

/** What was sent on and fails stays with who sent it on, unless its sender, who has it, is told. */
async function staysOf(judged: Judged[], by: Settler): Promise<Map<Event, Stay>> {
  const stays = new Map<Event, Stay>();
  for (const { event } of judged) {
    if (event?.action !== 'failed' || !by.prepareStay) continue;
    const { delivery: d } = event.result;
    if (d.fields === '' || (d.sender !== null && !isSentOnBy(d.sender, d.fields))) continue;
    const stay = await by.prepareStay(d).catch(error => {
      by.log.error('cannot stay', { delivery: d.id, content: d.contentId, ...because(error) });
      return null;
    });
    if (stay) stays.set(event, stay);
  }
  return stays;
}

const second = 1_000;

/** Again and again: a host has said 250, and that must be written, or the mail would be sent twice. */
export async function settleSurely(results: Result[], by: Settler): Promise<Accepted[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await settle(results, by);
    } catch (error) {
      by.log.error('outcome not written', { tries, ...because(error) });
      if (tries === 5) throw error;
      await new Promise(resolve => setTimeout(resolve, tries * second));
    }
  }
}

function judge(result: Result, at: number, by: Settler): Judged {
  const { delivery: d, reply, hop } = result;
  const outcome = { id: d.id, at, reply: replyLine(reply), hop };
  const event = (action: Event['action'], expired = false): Event => ({ result, action, expired });
  if (result.verdict === 'delivered')
    return { outcome: { ...outcome, kind: 'delivered', hop: hop ?? '' }, event: event('relayed') };
  if (result.fault !== undefined) return setAside(result, result.fault, at, by);
  if (result.verdict === 'failed') return { outcome: { ...outcome, kind: 'failed' }, event: event('failed') };
  const reason = hop === null ? reply.text : `${hop} answered: ${outcome.reply}`;
  // A parked domain was tried because somebody asked: once, and never to its end.
  // An unrouted one is not for its domain yet: the chain may lead it elsewhere.
  const hold = d.routed ? suspendedHold(by.settings, d.domain) : null;
  if (hold) return { outcome: { ...outcome, kind: 'later', nextAt: at, reason, delayed: false, hold }, event: null };
  const next = nextAttempt({ since: d.since, attempts: d.attempts + 1 }, at, by.settings, by.random());
  if (next.kind === 'expired') return { outcome: { ...outcome, kind: 'failed' }, event: event('failed', true) };
  const delayed = isDelayed(d, at, by.settings.delay_notice);
  return {
    outcome: { ...outcome, kind: 'later', nextAt: next.at, reason, delayed },
    event: delayed ? event('delayed') : null,
  };
}

/** It never expires, for what is lost by our fault must not be lost without a person: it ends by waiting for one. */
function setAside(result: Result, fault: string, at: number, by: Settler): Judged {
  const { delivery: d, reply } = result;
  const line = replyLine(reply);
  const next = nextLook({ attempts: d.attempts + 1, before: d.lastReply === line }, at, by.settings);
  const parked = d.routed ? suspendedHold(by.settings, d.domain) : null;
  const last: Hold | null =
    next === null ? { kind: 'operator', reason: `${fault}: mend it and release it`, until: null } : null;
  const hold = last ?? parked;
  const delayed = parked === null && isDelayed(d, at, by.settings.delay_notice);
  const reason = last?.reason ?? `${fault}: ${parked?.reason ?? 'tried again'}`;
  return {
    outcome: { id: d.id, at, reply: line, hop: null, kind: 'later', nextAt: next ?? at, reason, delayed, hold },
    event: delayed ? { result, action: 'delayed', expired: false } : null,
  };
}

const words = { delivered: 'delivered', failed: 'failed', later: 'put off' } as const;
const counted = { delivered: 'delivered', failed: 'failed', later: 'deferred' } as const;

function tell(
  { delivery, reply, hop, fault }: Result,
  { outcome, event }: Judged,
  by: { log: Log; counters: Counters },
) {
  by.counters.add(counted[outcome.kind]);
  if (event?.expired) by.counters.add('expired');
  if (fault !== undefined && outcome.kind === 'later' && outcome.hold?.kind === 'operator')
    by.log.error('waits for a person', {
      delivery: delivery.id,
      content: delivery.contentId,
      why: outcome.hold.reason,
    });
  by.log[outcome.kind === 'delivered' ? 'info' : 'warn'](words[outcome.kind], {
    delivery: delivery.id,
    content: delivery.contentId,
    from: delivery.sender ?? '<>',
    to: delivery.recipient,
    hop,
    reply: replyLine(reply),
  });
}
