import type { Settings } from '../config.ts';
import type { Log } from '../log.ts';
import { replyLine } from '../mail/reply.ts';
import type { Accepted, Outcome, Store } from '../store.ts';
import { type Final, type Reporter, reportsFor } from './bounce.ts';
import type { Result } from './carry.ts';
import { nextAttempt } from './schedule.ts';

export type Settler = Reporter & {
  store: Pick<Store, 'content' | 'deliveries'>;
  settings: Pick<Settings, 'retry_interval' | 'max_retrytime'>;
  random: () => number;
};

/** Writes what became of deliveries, with the reports that causes, in one transaction. */
export async function settle(results: Result[], by: Settler): Promise<Accepted[]> {
  const at = by.now();
  const judged = results.map(r => judge(r, at, by));
  const reports = await reportsFor(
    judged.flatMap(j => (j.final ? [j.final] : [])),
    by,
  );
  const accepted = await by.store.deliveries.settle(
    judged.map(j => j.outcome),
    reports,
  );
  for (const [i, { outcome }] of judged.entries()) tell(by.log, results[i] as Result, outcome);
  return accepted;
}

function judge(r: Result, at: number, by: Settler): { outcome: Outcome; final: Final | null } {
  const { id, since, attempts } = r.delivery;
  const said = replyLine(r.reply);
  const outcome = { id, at, reply: said, hop: r.hop };
  if (r.verdict === 'delivered')
    return { outcome: { ...outcome, kind: 'delivered', hop: r.hop ?? '' }, final: { ...r, expired: false } };
  if (r.verdict === 'failed') return { outcome: { ...outcome, kind: 'failed' }, final: { ...r, expired: false } };
  const next = nextAttempt({ since, attempts: attempts + 1 }, at, by.settings, by.random());
  if (next.kind === 'expired')
    return { outcome: { ...outcome, kind: 'failed' }, final: { ...r, verdict: 'failed', expired: true } };
  const reason = r.hop === null ? r.reply.text : `${r.hop} answered: ${said}`;
  return { outcome: { ...outcome, kind: 'later', nextAt: next.at, reason }, final: null };
}

function tell(log: Log, { delivery, reply, hop }: Result, { kind }: Outcome): void {
  log[kind === 'delivered' ? 'info' : 'warn'](kind === 'later' ? 'put off' : kind, {
    delivery: delivery.id,
    content: delivery.contentId,
    from: delivery.sender ?? '<>',
    to: delivery.recipient,
    hop,
    reply: replyLine(reply),
  });
}
