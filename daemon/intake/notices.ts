import { deliveryReport, type ReportAction } from '../mail/report.ts';
import type { AcceptedRecipient } from '../store.ts';

/** What is known of a message whose recipients are filed now. */
export type Filed = {
  /** Our own name. */
  reporter: string;
  /** Null: `<>`, which is told nothing. */
  reversePath: string | null;
  envid: string | null;
  at: number;
  /** When it was accepted. */
  arrivedAt: number;
  recipients: AcceptedRecipient[];
  /** Its first octets, to the end of the header at least. */
  header: () => Promise<Buffer>;
};

export type Notice = { to: string; bytes: Buffer; action: ReportAction };

/**
 * What SUCCESS is answered with at once (RFC 3461 §5.2): delivered here; or, where one recipient became several,
 * expanded, and they are asked for no report of success (§5.2.7.3). One route away takes the wish along.
 */
export async function noticesFor(filed: Filed): Promise<Notice[]> {
  const { reversePath: to } = filed;
  if (to === null) return [];
  const owed = filed.recipients.map(r => ({ r, action: actionFor(r) })).filter(o => o.action !== null);
  const notices: Notice[] = [];
  for (const [action, group] of Map.groupBy(owed, o => o.action)) {
    if (action === null) continue;
    const recipients = group.map(({ r }) => ({
      recipient: r.address,
      orcpt: r.orcpt,
      status: action === 'delivered' ? '2.1.5' : '2.0.0',
      diagnostic: action === 'delivered' ? '250 2.1.5 Delivered to the mailbox' : '250 2.0.0 Passed on to several',
      host: null,
    }));
    const { reporter, envid, at, arrivedAt } = filed;
    const returned = { whole: false, bytes: await filed.header() };
    const about = { reporter, to, reader: 'sender' as const, action, at, arrivedAt, envid, retryUntil: null };
    notices.push({ to, action, bytes: deliveryReport({ ...about, recipients, returned }) });
  }
  return notices;
}

function actionFor({ notify, routes }: AcceptedRecipient): 'delivered' | 'expanded' | null {
  if (!notify?.includes('SUCCESS')) return null;
  if (routes.length > 1) return 'expanded';
  return routes[0]?.kind === 'mailbox' ? 'delivered' : null;
}
