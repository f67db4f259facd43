import { addressKey } from '../mail/address.ts';
import { refusesAnswer } from '../mail/auto-reply.ts';
import { type Deed, type Judgement, judge, type Place, type Rule, type Traits, traitsOf } from '../mail/rules.ts';
import { isWelcome } from './choices.ts';
import { grantedTo, refusedBy } from './forward-targets.ts';
import { type Limit, takeForward, tooMuch } from './forward-volume.ts';
import { rulesOf } from './mail-rules.ts';
import { Flag, Sorting, type Summary } from './shapes.ts';
import { row, rows, type Work } from './sql.ts';
import { type BlockedSender, blockOf, mutedAmong } from './unwanted.ts';
import { isAway, takeTurn, vacationOf } from './vacation.ts';

/** A message on its way into an account that has something to say about it. */
export type Arrival = {
  accountId: number;
  contentId: number;
  /** The account's. */
  address: string;
  /** Fields of ours in front; the first Delivered-To is that of this mailbox. */
  prefix: string;
  /** The header block of the content. */
  head: Buffer;
  summary: Summary;
  size: number;
  receivedAt: number;
  reversePath: string | null;
  /** Addresses of the envelope that lead to this account and to no other. */
  named: string[];
  /** Of what is sent on. */
  limit: Limit;
  /** Nobody is asked whether they want it. */
  isFree: boolean;
  /** The conversation it is about to join; null: it begins one. */
  kin: () => Work<number | null>;
};

/** Where it goes, and what comes of it. */
export type Placement = {
  to: { folder: number } | { role: 'inbox' | 'junk' | 'trash' | 'archive' };
  flags: number;
  labels: number[];
  forwards: NonNullable<Deed['forward']>[];
  /** Who is told that nobody is there; null: nobody is. */
  answer: string | null;
  /** The muted conversation it belongs to; null: it is not muted. */
  muted: number | null;
  /** Its conversation or its sender is muted: it wakes nobody. */
  quiet: boolean;
  /** Why it was not done as its owner wants it, for the log. */
  troubles: string[];
};

/** One message is sent on by rules to so many at most. */
const mostForwards = 10;
/** Older mail, that somebody's old mailbox brings, is not answered. */
const answeredMs = 3 * 86_400_000;

/** What the owner of the mailbox has said about such a message: blocked senders first, then rules, then who and what is muted. */
export function* sortArrival(a: Arrival, sorting: number): Work<Placement> {
  const p = unsorted();
  const block = sorting & Sorting.blocks ? yield* blockOf(a.accountId, a.summary.fromAddress) : null;
  const isMeant = block !== null && !(isOfDomain(block) && (yield* isWelcome(a.accountId, a.summary.fromAddress)));
  const place = block && isMeant ? block.place : null;
  if (place === 'junk') return { ...p, to: { role: 'junk' } };
  if (place === 'trash') return { ...p, to: { role: 'trash' }, flags: Flag.seen };
  const traits = traitsOf(Buffer.concat([Buffer.from(a.prefix), a.head]), {
    size: a.size,
    attachments: a.summary.attachments,
  });
  if (sorting & Sorting.rules) yield* applyRules(a, traits, p);
  if ('role' in p.to && p.to.role === 'junk' && (yield* isWelcome(a.accountId, a.summary.fromAddress)))
    p.to = { role: 'inbox' };
  if ('role' in p.to && p.to.role === 'inbox') {
    if (sorting & Sorting.mutes) p.muted = yield* mutedKin(a);
    if (p.muted !== null || place === 'archive') keepQuiet(p);
  }
  if (sorting & Sorting.vacation && !isUnwanted(p)) p.answer = yield* answerTo(a, traits);
  return p;
}

const unsorted = (): Placement => ({
  ...{
    to: { role: 'inbox' },
    flags: 0,
    labels: [],
    forwards: [],
    answer: null,
    muted: null,
    quiet: false,
    troubles: [],
  },
});

/** Everybody there; a word about one of them comes before it. */
const isOfDomain = ({ address }: BlockedSender): boolean => address.startsWith('@');

const isUnwanted = ({ to }: Placement): boolean => 'role' in to && (to.role === 'junk' || to.role === 'trash');

function* applyRules(a: Arrival, traits: Traits, p: Placement): Work<void> {
  const active: (Rule & { id: number })[] = [];
  for (const { id, rule, active: on } of yield* rulesOf(a.accountId)) {
    if (on && rule) active.push({ ...rule, id });
    else if (on) p.troubles.push(`rule ${id} of ${a.address} cannot be read`);
  }
  const j = judgement(active, traits, p, a);
  if (!j) return;
  if (j.spentAt !== null) p.troubles.push(`rules of ${a.address} ask for too much, from rule ${j.spentAt} on`);
  p.flags = (j.read ? Flag.seen : 0) | (j.star ? Flag.flagged : 0);
  p.labels = j.labels;
  const wanted = (yield* hasBeenHere(a, traits)) ? [] : j.forwards.slice(0, mostForwards);
  p.forwards = yield* withinLimit(a, yield* agreedTo(a, wanted), p);
  const place = yield* placeOf(a, j.place, p);
  if (place) p.to = place;
  else if (isSentOn(wanted, p.forwards) && j.place === null && wanted.every(f => !f.keep)) {
    p.to = { role: 'trash' };
    p.flags |= Flag.seen;
  }
}

type Forwards = Placement['forwards'];

/** Those whose owners want it, or need not be asked. */
function* agreedTo({ accountId, isFree }: Arrival, wanted: Forwards): Work<Forwards> {
  if (wanted.length === 0) return wanted;
  if (isFree) {
    const refused = yield* refusedBy(accountId);
    return wanted.filter(f => !refused.includes(addressKey(f.to)));
  }
  const granted = yield* grantedTo(accountId);
  return wanted.filter(f => granted.includes(addressKey(f.to)));
}

/** One that is named twice goes once. */
function* withinLimit({ accountId, address, limit }: Arrival, agreed: Forwards, p: Placement): Work<Forwards> {
  const going: Forwards = [];
  for (const f of agreed) {
    const taken = going.some(g => g.to === f.to) ? 'goes' : yield* takeForward(accountId, limit);
    if (taken === 'first') p.troubles.push(tooMuch(address, limit.perHour));
    if (taken === 'goes') going.push(f);
  }
  return going;
}

/** To all it was to be sent on to: else it stays. */
const isSentOn = (wanted: Forwards, sent: Forwards): boolean => sent.length > 0 && sent.length === wanted.length;

/** A mistake of ours must not cost the message: it stays in the Inbox. */
function judgement(rules: (Rule & { id: number })[], traits: Traits, p: Placement, a: Arrival): Judgement | null {
  try {
    return judge(rules, traits);
  } catch (error) {
    p.troubles.push(`rules of ${a.address} failed: ${String(error)}`);
    return null;
  }
}

/**
 * What this mailbox has sent on already comes back to it: it is in a circle, and stays. So does what comes once more by
 * another way: people who all send on to each other would else make of one message as many as there are ways.
 */
function* hasBeenHere({ accountId, contentId, address }: Arrival, { header }: Traits): Work<boolean> {
  const before = header.all('delivered-to').slice(1);
  if (before.some(to => addressKey(to) === address)) return true;
  const sql = 'select 1 from message where content_id = ? and account_id = ?';
  return (yield* row(sql, contentId, accountId)) !== undefined;
}

/** Null: it stays where it would be, as also where its folder is gone. */
function* placeOf(a: Arrival, place: Place | null, p: Placement): Work<Placement['to'] | null> {
  if (place === null) return null;
  if (typeof place === 'string') return { role: place };
  const sql = `select id from folder where id = ? and account_id = ? and coalesce(role, '') not in ('drafts', 'snoozed')`;
  if (yield* row(sql, place.folder, a.accountId)) return place;
  p.troubles.push(`folder ${place.folder} of a rule of ${a.address} is gone`);
  return null;
}

function* mutedKin(a: Arrival): Work<number | null> {
  const kin = yield* a.kin();
  return kin !== null && (yield* mutedAmong(a.accountId, kin)) ? kin : null;
}

function keepQuiet(p: Placement): void {
  p.quiet = true;
  p.to = { role: 'archive' };
  p.flags |= Flag.seen;
}

function* answerTo(a: Arrival, { header }: Traits): Work<string | null> {
  const v = yield* vacationOf(a.accountId);
  if (!v || a.reversePath === null || !isAway(v, a.receivedAt)) return null;
  if (a.summary.date !== null && a.receivedAt - a.summary.date > answeredMs) return null;
  const identities = yield* rows<{ address_key: string }>(
    'select address_key from identity where account_id = ?',
    a.accountId,
  );
  const own = new Set([a.address, ...a.named.map(addressKey), ...identities.map(i => i.address_key)]);
  if (refusesAnswer(header, a.reversePath, own) !== null) return null;
  return (yield* takeTurn(a.accountId, v, a.reversePath, a.receivedAt)) ? a.reversePath : null;
}
