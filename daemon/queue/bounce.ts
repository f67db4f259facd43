import type { Log } from '../log.ts';
import { enhancedCode, replyLine } from '../mail/reply.ts';
import { deliveryReport } from '../mail/report.ts';
import type { Acceptance, Delivery, Store } from '../store.ts';
import type { Result } from './carry.ts';

/** A result no later attempt will change; `expired`: it was put off until the time was over. */
export type Final = Result & { expired: boolean };

export type Reporter = {
  store: Pick<Store, 'content'>;
  /** Our name in the reports. */
  name: string;
  prepareReport: (report: { to: string; bytes: Buffer; key: string }) => Promise<Acceptance | null>;
  now: () => number;
  log: Log;
};

/** Most octets of a message that go back whole; of a longer one its header does. */
const mostReturned = 50_000;
const mostHeader = 64 * 1024;

/**
 * The reports these results owe their senders (RFC 3461 §5.2), ready for the transaction that settles them. One for
 * all recipients of a content that fared alike; its key is that of the first, so that it is made once.
 */
export async function reportsFor(finals: Final[], by: Reporter): Promise<Acceptance[]> {
  const owed = [
    ...Map.groupBy(finals.filter(owes), f => JSON.stringify([f.delivery.contentId, f.delivery.sender, f.verdict])),
  ];
  const reports: Acceptance[] = [];
  for (const [, group] of owed) {
    const report = await reportOf(group, by);
    if (report) reports.push(report);
  }
  for (const { delivery, reply } of finals.filter(f => f.verdict === 'failed' && f.delivery.sender === null))
    by.log.warn('double bounce', { delivery: delivery.id, to: delivery.recipient, reply: replyLine(reply) });
  return reports;
}

/** RFC 3461 §4.1; to `<>` nothing is ever answered (RFC 5321 §4.5.5). */
export function owes({
  delivery,
  verdict,
  reports,
}: Pick<Result, 'verdict' | 'reports'> & { delivery: Delivery }): boolean {
  if (delivery.sender === null) return false;
  if (verdict === 'failed') return delivery.notify === null || delivery.notify.includes('FAILURE');
  // A hop that knows DSN reports itself; of one that does not, we can say that it took the mail.
  return verdict === 'delivered' && !reports && delivery.notify?.includes('SUCCESS') === true;
}

async function reportOf(group: Final[], by: Reporter): Promise<Acceptance | null> {
  const first = group[0] as Final;
  const { sender, contentId, envid, since } = first.delivery;
  const failed = first.verdict === 'failed';
  const to = sender ?? '';
  const bytes = deliveryReport({
    reporter: by.name,
    to,
    action: failed ? 'failed' : 'relayed',
    at: by.now(),
    arrivedAt: since,
    envid,
    retryUntil: null,
    recipients: group.map(f => ({
      recipient: f.delivery.recipient,
      orcpt: f.delivery.orcpt,
      // RFC 3463 §3.5: delivery time expired.
      status: f.expired ? '4.4.7' : (enhancedCode(f.reply) ?? (failed ? '5.0.0' : '2.0.0')),
      diagnostic: replyLine(f.reply),
      host: f.hop,
    })),
    returned: await returnedContent(first.delivery, failed, by),
  });
  const prepared = await by.prepareReport({ to, bytes, key: `bounce:${first.delivery.id}` });
  if (!prepared) by.log.warn('report not taken', { delivery: first.delivery.id, content: contentId, to });
  return prepared;
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
