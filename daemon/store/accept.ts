import { addressKey, domainOf } from '../mail/address.ts';
import { type HeaderRules, type Limits, type Objection, objectionTo, readContent } from '../mail/reading.ts';
import { insertContent } from './content.ts';
import { deliver, mailboxes } from './deliver.ts';
import { removeDraft } from './drafts.ts';
import { passedBy, withoutCircles } from './errands.ts';
import { addMessage } from './filing.ts';
import { withinVolume } from './forward-volume.ts';
import { draftWaits } from './held-drafts.ts';
import { takeKey } from './keys.ts';
import {
  type Acceptance,
  type Accepted,
  type AcceptedRecipient,
  type Change,
  Flag,
  type NewContent,
  type Summary,
  type Terms,
  type Unread,
} from './shapes.ts';
import { row, run, type Work } from './sql.ts';
import { wakeAt } from './wakes.ts';

/** The commit behind every 250: messages, deliveries, keys, Sent copy and timeline, or nothing of them. */
export function* acceptVerb(a: Acceptance): Work<Accepted> {
  const recipients = yield* unknownYet(a);
  // Given twice (a crash between our 250 and the giver's note of it): it is ours already, and its draft is gone, waits,
  // or has come back to be written on.
  if (recipients.length === 0 && a.recipients.length > 0)
    return { contentId: 0, size: a.content.size, changed: [], queued: 0, duplicate: true };
  const contentId = yield* insertContent(a.content, a.tree, a.receivedAt);
  const filed = yield* fileRecipients(a, contentId, recipients, () => headOf(a));
  const { changed } = filed;
  const waits = recipients.some(r => r.routes.some(route => route.kind === 'held'));
  if (a.fileSent && a.accountId !== null && !waits) {
    changed.push(yield* fileSent(a, contentId, a.accountId, a.draftId));
    if (a.draftId !== null) yield* removeDraft({ accountId: a.accountId, id: a.draftId });
  }
  yield* remember(a, contentId, recipients, waits);
  if (waits && a.draftId !== null && a.accountId !== null) yield* draftWaits(a.accountId, a.draftId, contentId);
  return { contentId, size: a.content.size, ...filed, duplicate: false };
}

/** The header block as it is kept. */
function headOf({ content: { bytes }, tree, header }: Acceptance): Buffer {
  if (!bytes) return Buffer.from(header ?? '', 'latin1');
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(tree?.bodyFrom ?? bytes.length, bytes.length));
}

/** What filing for recipients needs of an acceptance; content that is there already may be filed again. */
export type Filing = Omit<Terms, 'key' | 'draftId' | 'fileSent' | 'recipients'> & {
  summary: Summary;
  content: { size: number };
  /** The header block as latin1. */
  header?: string;
};

export type Filed = Pick<Accepted, 'changed' | 'queued' | 'troubles'>;

/** A message for each mailbox, a delivery for each route away. */
export function* fileRecipients(
  a: Filing,
  contentId: number,
  recipients: AcceptedRecipient[],
  head: () => Buffer,
): Work<Filed> {
  const filed: Filed = { changed: [], queued: 0 };
  const limit = { at: a.receivedAt, perHour: a.forwardsPerHour };
  const troubles: string[] = [];
  const straight = yield* withinVolume(withoutCircles(recipients, head, a.passed), limit, troubles);
  if (troubles.length > 0) filed.troubles = troubles;
  for (const box of mailboxes(straight)) yield* deliver(a, { contentId, head, ...box }, filed);
  for (const recipient of straight)
    for (const route of recipient.routes)
      if (route.kind !== 'mailbox') filed.queued += yield* queue(a, contentId, recipient, route);
  return filed;
}

/** An acceptance with the reports it owes at once, such as that of a delivery its sender asked to hear of. */
export function* acceptReporting(given: { mail: Packed; reports: Acceptance[] }): Work<Accepted | Refused> {
  const accepted = yield* acceptRead(readPacked(given.mail));
  if ('objection' in accepted || accepted.duplicate) return accepted;
  for (const report of given.reports) {
    const { changed, queued, troubles = [] } = yield* acceptVerb(report);
    accepted.changed.push(...changed);
    accepted.queued += queued;
    if (troubles.length > 0) accepted.troubles = [...(accepted.troubles ?? []), ...troubles];
  }
  return accepted;
}

/**
 * An acceptance as it travels to the writer's thread: JSON is copied several times faster than an object, and the
 * octets go beside it.
 */
export type Packed = { json: string; bytes: Uint8Array | null };

export const packed = (a: Acceptance): Packed => ({
  json: JSON.stringify({ ...a, content: { ...a.content, bytes: null } }),
  bytes: a.content.bytes,
});

export const packedUnread = (terms: Terms, { bytes, rules, limits }: Unread): Packed => ({
  json: JSON.stringify({ terms, rules, limits }),
  bytes,
});

type Refused = { objection: Objection };
type Given = Acceptance | { terms: Terms; rules: HeaderRules; limits: Limits };

export function readPacked({ json, bytes }: Packed): Acceptance | Refused {
  const given = JSON.parse(json) as Given;
  const octets = bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!('rules' in given)) return { ...given, content: { ...given.content, bytes: octets } as NewContent };
  const { bytes: kept, tree, summary, ...found } = readContent(octets!, given.rules);
  const objection = objectionTo(found, given.limits);
  return objection
    ? { objection }
    : { ...given.terms, content: { bytes: kept, file: null, size: kept.length }, tree, summary };
}

export function* acceptRead(read: Acceptance | Refused): Work<Accepted | Refused> {
  return 'objection' in read ? read : yield* acceptVerb(read);
}

/** The recipients whose (key, recipient) pair is new; all of them where there is no key. */
function* unknownYet(a: Acceptance): Work<AcceptedRecipient[]> {
  if (a.key === null) return a.recipients;
  const fresh: AcceptedRecipient[] = [];
  for (const r of a.recipients) {
    if (yield* takeKey({ origin: a.origin, accountId: a.accountId, key: a.key }, r.address, a.receivedAt))
      fresh.push(r);
  }
  return fresh;
}

export function* fileSent(a: Filing, contentId: number, accountId: number, draftId: number | null): Work<Change> {
  const { id, change } = yield* addMessage({
    accountId,
    role: 'sent',
    contentId,
    contentSize: a.content.size,
    prefix: '',
    flags: Flag.seen,
    receivedAt: a.receivedAt,
    filedAt: a.receivedAt,
    summary: a.summary,
  });
  if (draftId !== null) yield* remindOfSent(a, draftId, accountId, id);
  return change;
}

const dayMs = 86_400_000;

/** As its draft wished. */
function* remindOfSent(a: Filing, draftId: number, accountId: number, id: number): Work<void> {
  const sql = 'select remind_days as days from draft where id = ? and account_id = ?';
  const days = (yield* row<{ days: number }>(sql, draftId, accountId))?.days ?? 0;
  if (days > 0) yield* wakeAt(accountId, [id], 'unanswered', a.receivedAt + days * dayMs);
}

function* queue(
  a: Filing,
  contentId: number,
  r: AcceptedRecipient,
  route: AcceptedRecipient['routes'][number],
): Work<number> {
  const parked = route.kind === 'relay' ? route.hold : null;
  // What a rule put away waits for a person, and no call for mail is one.
  const hold = a.hold?.kind === 'operator' ? a.hold : (parked ?? a.hold);
  // An answer to nobody stays one, or two such reports would call each other up.
  const author = route.kind === 'relay' ? route.author : undefined;
  return yield* run(
    `insert into delivery (content_id, account_id, sender, recipient, domain, state, hold_kind, reason, routed, origin,
      next_at, since, notify, orcpt, accepted_as, ret, envid, eight_bit, smtp_utf8, octets, fields)
      values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
    contentId,
    author?.accountId ?? a.accountId,
    a.reversePath === null ? null : (author?.address ?? a.reversePath),
    route.address,
    domainOf(route.address),
    hold === null ? 'waiting' : 'held',
    hold?.kind ?? null,
    hold?.reason ?? '',
    Number(route.kind !== 'held'),
    a.origin,
    hold?.until ?? a.receivedAt,
    a.receivedAt,
    notifyOf(r)?.join(',') ?? null,
    r.orcpt,
    r.acceptedAs ?? (addressKey(r.address) === addressKey(route.address) ? null : r.address),
    a.ret,
    a.envid,
    Number(a.eightBit),
    Number(a.smtpUtf8),
    a.content.size,
    route.kind === 'relay' && route.via ? passedBy(route.via.address, a.passed) : (a.passed ?? ''),
  );
}

/**
 * RFC 3461 §5.2.7.3: where one recipient became several, SUCCESS was answered by `expanded`, and only the rest of
 * the wish goes on; a wish for nothing else is one for no report.
 */
function notifyOf({ notify, routes }: AcceptedRecipient): AcceptedRecipient['notify'] {
  if (notify === null || routes.length < 2) return notify;
  const rest = notify.filter(n => n !== 'SUCCESS');
  return rest.length ? rest : ['NEVER'];
}

function* remember(a: Acceptance, contentId: number, recipients: AcceptedRecipient[], waits: boolean): Work<void> {
  if (a.accountId !== null)
    yield* run(
      'insert into submission (content_id, account_id, at, sender, recipients, waits) values (?,?,?,?,?,?)',
      contentId,
      a.accountId,
      a.receivedAt,
      a.reversePath,
      JSON.stringify(a.recipients.map(r => r.address)),
      Number(waits),
    );
  const detail = recipients.map(r => `${r.address} -> ${r.routes.map(route => route.address).join(', ')}`).join('; ');
  yield* addStep(contentId, a.receivedAt, 'accepted', null, detail);
  if (a.hold?.kind === 'future release') yield* addStep(contentId, a.receivedAt, 'held', null, a.hold.reason);
}

export function* addStep(
  contentId: number,
  at: number,
  event: string,
  recipient: string | null,
  detail: string,
): Work<void> {
  yield* run(
    'insert into timeline (content_id, at, event, recipient, detail) values (?,?,?,?,?)',
    contentId,
    at,
    event,
    recipient,
    detail,
  );
}
