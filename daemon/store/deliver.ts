import { arrivedUpstream, deliveredTo, returnPath } from '../mail/trace.ts';
import type { Filed, Filing } from './accept.ts';
import { kinOf } from './conversations.ts';
import { addErrand, passedBy } from './errands.ts';
import { addMessage, type NewMessage } from './filing.ts';
import type { AcceptedRecipient, Route } from './shapes.ts';
import { type Placement, sortArrival } from './sorting.ts';
import type { Work } from './sql.ts';

/** `named`: addresses of the envelope that lead to this mailbox and to no other. */
type Box = { route: Route & { kind: 'mailbox' }; named: string[] };

/** Several recipients may lead to one mailbox (an alias and its owner): it gets one copy. */
export function mailboxes(recipients: AcceptedRecipient[]): Box[] {
  const byAccount = new Map<number, Box>();
  for (const { address, routes } of recipients) {
    const boxes = routes.filter(route => route.kind === 'mailbox');
    const alone = boxes.every(b => b.accountId === boxes[0]!.accountId);
    for (const route of boxes) {
      const box = byAccount.get(route.accountId) ?? { route, named: [] };
      if (alone) box.named.push(address);
      byAccount.set(route.accountId, box);
    }
  }
  return [...byAccount.values()];
}

type Into = Box & { contentId: number; head: () => Buffer };

/** Into the mailbox, sorted as its owner wants it, with what that gives our mediators to do. */
export function* deliver(a: Filing, { contentId, head, route, named }: Into, filed: Filed): Work<void> {
  const { accountId } = route;
  const { receivedAt, summary, reversePath } = a;
  const prefix = returnPath(reversePath) + deliveredTo(route.address) + (a.passed ?? '') + (a.filing?.fields ?? '');
  const size = Buffer.byteLength(prefix) + a.content.size;
  // Limits and answers go by our clock, the place in lists by when it came to its person's mailbox.
  const cameAt = a.origin === 'fetcher' ? arrivedUpstream(head(), receivedAt) : receivedAt;
  let placement: Placement | null = null;
  let own = '';
  const sort: NewMessage['sort'] = function* ({ sorting, address }) {
    own = address;
    const kin = () => kinOf({ accountId, receivedAt: cameAt, summary });
    const sentOn = { limit: { at: receivedAt, perHour: a.forwardsPerHour }, isFree: a.forwardsFree === true };
    const mail = { contentId, prefix, head: head(), summary, size, receivedAt, reversePath, ...sentOn };
    const arrival = { accountId, address, named, kin, ...mail };
    placement = yield* sortArrival(arrival, sorting);
    return placement;
  };
  const of = { accountId, contentId, contentSize: a.content.size, prefix, summary };
  const message = { ...of, flags: 0, receivedAt: cameAt, filedAt: receivedAt };
  const role = a.filing?.role ?? 'inbox';
  // What the house's own rules put away is no business of a person's.
  // Reports come with the null reverse-path, and so do automatic replies (RFC 3834 §3.3).
  const isAnswer = reversePath !== null;
  filed.changed.push((yield* addMessage({ ...message, role, isAnswer, ...(role === 'inbox' && { sort }) })).change);
  if (placement) yield* followUp(a, contentId, { accountId, own, placement }, filed);
}

type Sorted = { accountId: number; own: string; placement: Placement };

function* followUp(a: Filing, contentId: number, { accountId, own, placement }: Sorted, filed: Filed): Work<void> {
  const { forwards, answer, troubles } = placement;
  if (troubles.length > 0) filed.troubles = [...(filed.troubles ?? []), ...troubles];
  const fields = passedBy(own, a.passed);
  for (const to of new Set(forwards.map(f => f.to)))
    yield* addErrand(a, contentId, {
      kind: 'forward',
      accountId,
      sender: a.reversePath,
      recipient: to,
      fields,
      acceptedAs: own,
    });
  if (answer !== null)
    yield* addErrand(a, contentId, {
      kind: 'answer',
      accountId,
      sender: null,
      recipient: answer,
      fields: '',
      acceptedAs: null,
    });
  filed.queued += forwards.length + Number(answer !== null);
}
