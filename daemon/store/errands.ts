import { addressKey, domainOf } from '../mail/address.ts';
import { readHeader } from '../mail/header.ts';
import { deliveredTo } from '../mail/trace.ts';
import type { Filing } from './accept.ts';
import type { AcceptedRecipient, Errand, Via } from './shapes.ts';
import { run, type Work } from './sql.ts';

/**
 * What mail gives our own mediators to do: deliveries like others, but unrouted and due at once. The queue brings them
 * back to the door, so that none is lost by a crash and none is done twice.
 */
export type NewErrand = Errand & {
  /** Null: `<>`. */
  sender: string | null;
  recipient: string;
  fields: string;
  /** What its sender is told of instead of `recipient`; null: there is nobody to be told. */
  acceptedAs: string | null;
};

const reasons = { forward: 'to be sent on by a rule', answer: 'to be answered: its reader is away' };

export function* addErrand(a: Filing, contentId: number, e: NewErrand): Work<void> {
  yield* run(
    `insert into delivery (content_id, account_id, sender, recipient, domain, state, hold_kind, reason, routed, origin,
      next_at, since, notify, orcpt, accepted_as, ret, envid, eight_bit, smtp_utf8, octets, fields, errand, errand_for)
      values (?,null,?,?,?,'held','future release',?,0,?,?,?,?,null,?,?,null,?,?,?,?,?,?)`,
    contentId,
    e.sender,
    e.recipient,
    domainOf(e.recipient),
    reasons[e.kind],
    // A report that is sent on has arrived: where that fails, another would be sent on too, and so for ever.
    a.origin === 'ourselves' ? 'mediator' : a.origin,
    a.receivedAt,
    a.receivedAt,
    // Of an answer nobody is told anything. SUCCESS was for the mailbox, and has been said.
    e.kind === 'answer' ? 'NEVER' : null,
    e.acceptedAs,
    a.ret,
    Number(a.eightBit),
    Number(a.smtpUtf8),
    a.content.size,
    e.fields,
    e.kind,
    e.accountId,
  );
}

/** Fields that tell that mail was in this mailbox, before those that say so of others. */
export const passedBy = (address: string, passed = ''): string =>
  // In an address beyond ASCII they would make any mail one for SMTPUTF8; such a circle ends by its Received fields.
  (/^[\x20-\x7e]*$/.test(address) ? deliveredTo(address) : '') + passed;

/** The mailboxes a message says it has been in. */
function beenIn(head: Buffer, passed: string): Set<string> {
  const fields = readHeader(Buffer.concat([Buffer.from(passed), head]));
  return new Set(fields.all('delivered-to').map(addressKey));
}

/** Where a mailbox would send on what it has sent on before, the mail goes into it instead: so the circle ends, and nothing is lost. */
export function withoutCircles(recipients: AcceptedRecipient[], head: () => Buffer, passed = ''): AcceptedRecipient[] {
  const sentOn = (r: AcceptedRecipient) => r.routes.some(route => route.kind === 'relay' && route.via);
  if (!recipients.some(sentOn)) return recipients;
  const been = beenIn(head(), passed);
  const turned = (route: AnyRoute): AnyRoute[] => {
    const all = sendersOn(route);
    const free = all.filter(via => !been.has(via.address));
    if (free.length === all.length) return [route];
    const stuck = all.filter(via => been.has(via.address)).map(intoMailbox);
    return free.length === 0 ? stuck : [...stuck, sentOnBy(route, free)];
  };
  return recipients.map(r => ({ ...r, routes: r.routes.flatMap(turned) }));
}

type AnyRoute = AcceptedRecipient['routes'][number];

/** Mailboxes whose owners send it on there; none: nobody's. */
export const sendersOn = (route: AnyRoute): Via[] =>
  route.kind === 'relay' && route.via ? [route.via, ...(route.also ?? [])] : [];

export const intoMailbox = (via: Via): AnyRoute => ({ kind: 'mailbox', ...via });

/** The same, as what the first of these sends on. */
export const sentOnBy = (route: AnyRoute, [via, ...also]: Via[]): AnyRoute =>
  route.kind === 'relay' && via ? { ...route, via, also, ...(route.author && { author: via }) } : route;
