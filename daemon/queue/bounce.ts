import type { Log } from '../log.ts';
import { addressKey } from '../mail/address.ts';
import { readHeader } from '../mail/header.ts';
import { enhancedCode, replyLine } from '../mail/reply.ts';
import { deliveryReport, type Report, type ReportAction } from '../mail/report.ts';
import type { Acceptance, Delivery, Store } from '../store.ts';
import type { Result } from './carry.ts';

/** What became of a delivery as far as its sender may be told of it. */
export type Event = {
  result: Result;
  /** relayed: a host took it that does not report itself. */
  action: Extract<ReportAction, 'failed' | 'relayed' | 'delayed'>;
  /** It was put off until its time was over. */
  expired: boolean;
};

/** `passed`: fields of mailboxes that do not send it on. */
export type OwnReport = { to: string; bytes: Buffer; key: string; passed?: string };

export type Reporter = {
  store: Pick<Store, 'content'>;
  settings: { max_retrytime: number };
  /** Our name in the reports. */
  readonly name: string;
  /** A report as an acceptance for the transaction that settles; null: nobody takes it. */
  prepareReport: (report: OwnReport) => Promise<Acceptance | null>;
  now: () => number;
  log: Log;
};

/** A report ready for the transaction that settles. */
export type Prepared = { action: Event['action']; acceptance: Acceptance };

/** Most octets of a message that go back whole; of a longer one its header does. */
const mostReturned = 50_000;
const mostHeader = 64 * 1024;

/**
 * The reports these events owe (RFC 3461 §5.2). One for all recipients of a content that fared alike; its key is that
 * of the first, so that it is made once.
 */
export async function reportsFor(events: Event[], by: Reporter): Promise<Prepared[]> {
  const alike = ({ result: { delivery: d }, action }: Event) => JSON.stringify([d.contentId, d.sender, action]);
  const prepared: (Prepared | null)[] = [];
  for (const [, group] of Map.groupBy(events.filter(owes), alike)) prepared.push(await toSender(group, by));
  for (const event of events) if (isDoubleBounce(event)) prepared.push(await doubleBounce(event, by));
  return prepared.filter(p => p !== null);
}

/** RFC 3461 §4.1; to `<>` nothing is ever answered (RFC 5321 §4.5.5). */
function owes({ result: { delivery: d, reports }, action }: Event): boolean {
  if (d.sender === null) return false;
  // No word of NOTIFY may be taken as FAILURE and DELAY: people want to know that a letter is stuck.
  if (action === 'failed') return d.notify === null || d.notify.includes('FAILURE');
  if (action === 'delayed') return d.notify === null || d.notify.includes('DELAY');
  // A hop that knows DSN reports itself; of one that does not, we can say that it took the mail.
  return !reports && d.notify?.includes('SUCCESS') === true;
}

/** Is a delay to be told of now? Once for each delivery. */
export const isDelayed = (d: Delivery, at: number, notice: number): boolean =>
  notice > 0 && d.routed && d.sender !== null && d.delayedAt === null && at - d.since >= notice;

const isDoubleBounce = ({ result, action }: Event): boolean => action === 'failed' && result.delivery.sender === null;

async function toSender(group: Event[], by: Reporter): Promise<Prepared | null> {
  const [{ result, action }] = group as [Event];
  const to = result.delivery.sender ?? '';
  const key = `${action === 'delayed' ? 'delay' : 'bounce'}:${result.delivery.id}`;
  return await prepare(group, { to, key, reader: 'sender' }, by);
}

/**
 * A report of ours nobody takes goes to the postmaster, once: one that was for the postmaster ends in the log. So does
 * what came from elsewhere with `<>` and was sent on: it is not ours to explain, and strangers could fill that mailbox.
 */
async function doubleBounce(event: Event, by: Reporter): Promise<Prepared | null> {
  const { delivery: d, reply } = event.result;
  const to = `postmaster@${by.name}`;
  const wasFor = [d.recipient, d.acceptedAs ?? ''].map(addressKey);
  by.log.warn('double bounce', { delivery: d.id, to: d.recipient, reply: replyLine(reply) });
  if (d.origin !== 'ourselves' || wasFor.includes(to)) return null;
  return await prepare([event], { to, key: `double:${d.id}`, reader: 'postmaster' }, by);
}

type Letter = { to: string; key: string; reader: Report['reader'] };

async function prepare(group: Event[], { to, key, reader }: Letter, by: Reporter): Promise<Prepared | null> {
  const [{ result, action }] = group as [Event];
  const { id, contentId, envid, since } = result.delivery;
  const bytes = deliveryReport({
    reporter: by.name,
    to,
    reader,
    action,
    at: by.now(),
    arrivedAt: since,
    envid,
    retryUntil: action === 'delayed' ? since + by.settings.max_retrytime : null,
    recipients: oneEach(group.map(reader === 'sender' ? asAccepted : asCarried)),
    returned: await returnedContent(result.delivery, action === 'failed', by),
  });
  const { fields: passed } = result.delivery;
  const acceptance = await by.prepareReport({ to, bytes, key, ...(isSentOnBy(to, passed) && { passed }) });
  if (!acceptance) by.log.warn('report not taken', { delivery: id, content: contentId, to });
  return acceptance && { action, acceptance };
}

/** Whoever had it sent on is told of it in their own mailbox: where the mail did not go, its report would not go either. */
export const isSentOnBy = (to: string, fields: string): boolean =>
  readHeader(Buffer.from(fields)).all('delivered-to').map(addressKey).includes(addressKey(to));

type Told = Report['recipients'][number];

/** Several of those that an address leads to are one to its sender. */
const oneEach = (all: Told[]): Told[] => all.filter((r, i) => all.findIndex(o => o.recipient === r.recipient) === i);

/**
 * To the sender a recipient is what it was when we took it (RFC 3464 §2.3.2). Where it leads from here is its owner's
 * business (§4.2), and so is what the host there said, which mostly repeats the address.
 */
function asAccepted(event: Event): Told {
  const { result, action, expired } = event;
  const { acceptedAs, orcpt } = result.delivery;
  if (acceptedAs === null) return asCarried(event);
  const { status, diagnostic } = sentOn[action];
  const shown = { recipient: acceptedAs, orcpt, status: expired ? expiredStatus : status };
  return { ...shown, diagnostic, host: null, sentOn: true };
}

/** RFC 3463 §3.3: x.2.0 is a mailbox that is there, whatever ails it. */
const sentOn: Record<Event['action'], { status: string; diagnostic: string }> = {
  failed: { status: '5.2.0', diagnostic: '550 5.2.0 Mail for it is sent on from here, and was not taken there' },
  delayed: { status: '4.2.0', diagnostic: '451 4.2.0 Mail for it is sent on from here, and is not taken there yet' },
  relayed: { status: '2.0.0', diagnostic: '250 2.0.0 Mail for it is sent on from here, and was taken there' },
};

/** RFC 3463 §3.5: delivery time expired. */
const expiredStatus = '4.4.7';

function asCarried({ result: { delivery, reply, hop }, action, expired }: Event): Told {
  const { recipient, orcpt } = delivery;
  const unknown = { failed: '5.0.0', delayed: '4.0.0', relayed: '2.0.0' }[action];
  const status = expired ? expiredStatus : (enhancedCode(reply) ?? unknown);
  return { recipient, orcpt, status, diagnostic: replyLine(reply), host: hop };
}

/** RFC 3461 §4.3: RET speaks of failures only; of what went well the header is enough, which the report cuts out. */
async function returnedContent(d: Delivery, failed: boolean, { store, log }: Reporter) {
  try {
    const whole = failed && d.ret !== 'HDRS' && d.size <= mostReturned;
    const bytes = await store.content.read(d.contentId, 0, whole ? d.size : Math.min(d.size, mostHeader));
    return { whole, bytes };
  } catch (error) {
    // A report without the message is better than none.
    log.error('content unreadable', { content: d.contentId, error: String(error) });
    return null;
  }
}
